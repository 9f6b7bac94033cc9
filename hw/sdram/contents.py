"""What lies in the SDRAM: weights in blocks, and their check."""

from dataclasses import dataclass

from .chip import BURST_WORDS, WORD_BITS


@dataclass(frozen=True)
class SdramContents:
    """What lies in the SDRAM from its first word on: blocks of equal length, and their check.

    `block_words` counts words of 16 bits and is a multiple of 8; `check` is the CRC-32 (as in
    Ethernet) of the bytes, of each word the lower one first.
    """

    blocks: int
    block_words: int
    check: int

    def __post_init__(self):
        if self.blocks < 1 or self.block_words < 1 or self.block_words % BURST_WORDS:
            raise ValueError(f"blocks of {self.block_words} words: give a multiple of 8")

    @property
    def block_bursts(self) -> int:
        return self.block_words // BURST_WORDS

    @property
    def bursts(self) -> int:
        return self.blocks * self.block_bursts

    @property
    def bytes(self) -> int:
        return self.blocks * self.block_words * WORD_BITS // 8
