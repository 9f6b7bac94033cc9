"""The cycles of a block: when its bursts are read, and when the chip is refreshed in between."""

from dataclasses import dataclass

from .chip import BURST_WORDS, SdramCycles
from .controller import MOST_REFRESHES_AHEAD, SdramController


@dataclass(frozen=True)
class BlockTiming:
    """How a block's bursts are read: in stretches, each after the refreshes that fall due in it.

    ::

        start | refreshes | bursts ... | rest | refreshes | bursts ...
                           stretch 1                       stretch 2

    Refreshes before a stretch instead of within it save cycles, because the banks come to rest once
    a stretch instead of once a refresh.
    """

    bursts: int
    """Of a block."""

    cycles: SdramCycles

    @property
    def stretches(self) -> int:
        """The least number of stretches that `MOST_REFRESHES_AHEAD` refreshes before each allow."""
        return -(-self.bursts // self._most_bursts(MOST_REFRESHES_AHEAD))

    @property
    def stretch_bursts(self) -> int:
        """Bursts of each stretch; the last one may be shorter."""
        return -(-self.bursts // self.stretches)

    @property
    def stretch_refreshes(self) -> int:
        """Refreshes before each stretch."""
        numbers = range(1, MOST_REFRESHES_AHEAD + 1)
        return next(n for n in numbers if self.stretch_bursts <= self._most_bursts(n))

    @property
    def start_cycles(self) -> int:
        """Cycles in which a burst or a refresh that is under way ends."""
        return max(self.cycles.rest, self.cycles.rfc)

    @property
    def flush_cycles(self) -> int:
        """Cycles after which every earlier request has ended: two bursts and a refresh at most."""
        return 2 * self.cycles.rest + self.cycles.rfc + self._read_latency + BURST_WORDS + 1

    @property
    def block_cycles(self) -> int:
        """Cycles from the request of a block, of an idle reader, to its last word, both included.

        The next block can be requested in the cycle after that.
        """
        cycles = self.cycles
        before = self.start_cycles + 1
        refreshing = self.stretches * self.stretch_refreshes * cycles.rfc
        resting = (self.stretches - 1) * (cycles.rest - BURST_WORDS)
        return before + refreshing + resting + self.bursts * BURST_WORDS + self._read_latency

    @property
    def words_per_cycle(self) -> float:
        """The throughput of blocks back to back."""
        return self.bursts * BURST_WORDS / self.block_cycles

    @property
    def _read_latency(self) -> int:
        """From the request of a burst to its first word."""
        return 1 + self.cycles.rcd + SdramController.READ_LATENCY

    def _most_bursts(self, refreshes: int) -> int:
        """The most bursts of a stretch that ends before one more refresh than these falls due."""
        free = refreshes * (self.cycles.interval - self.cycles.rfc)
        return (free - self.start_cycles - 1 - self._read_latency) // BURST_WORDS
