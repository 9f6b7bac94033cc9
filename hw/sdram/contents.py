"""The contents of the SDRAM: blocks of weights, and their check."""

from dataclasses import dataclass

from .chip import BURST_WORDS, WORD_BITS


@dataclass(frozen=True)
class SdramContents:
    """Blocks of equal length, consecutive from the SDRAM's first word on.

    `block_words` counts words of 16 bits and is a multiple of 8. `check` is the CRC-32 (as in
    Ethernet) of all bytes, the lower one of each word first.
    """

    blocks: int
    block_words: int
    check: int

    def __post_init__(self):
        if self.blocks < 1 or self.block_words < 1 or self.block_words % BURST_WORDS:
            raise ValueError(
                f"{self.blocks} blocks of {self.block_words} words: "
                f"give at least one block of a multiple of {BURST_WORDS}"
            )

    @property
    def block_bursts(self) -> int:
        return self.block_words // BURST_WORDS

    @property
    def bursts(self) -> int:
        return self.blocks * self.block_bursts

    @property
    def bytes(self) -> int:
        return self.blocks * self.block_words * WORD_BITS // 8
