"""What lies in the SDRAM: weights in groups, and their check."""

from dataclasses import dataclass

from .chip import BURST_WORDS, WORD_BITS


@dataclass(frozen=True)
class ImageGeometry:
    """What lies in the SDRAM from its first word on: groups of equal length, and their check.

    `group_words` counts words of 16 bits and is a multiple of 8; `check` is the CRC-32 (as in
    Ethernet) of the bytes, of each word the lower one first.
    """

    groups: int
    group_words: int
    check: int

    def __post_init__(self):
        if self.groups < 1 or self.group_words < 1 or self.group_words % BURST_WORDS:
            raise ValueError(f"groups of {self.group_words} words: give a multiple of 8")

    @property
    def group_bursts(self) -> int:
        return self.group_words // BURST_WORDS

    @property
    def bursts(self) -> int:
        return self.groups * self.group_bursts

    @property
    def bytes(self) -> int:
        return self.groups * self.group_words * WORD_BITS // 8
