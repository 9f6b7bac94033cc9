"""The cycles of a block: when its bursts are read, and when refreshes are done in between."""

from dataclasses import dataclass

from .chip import BURST_WORDS, SdramCycles
from .controller import MOST_AHEAD, SdramController


@dataclass(frozen=True)
class BlockTiming:
    """When a block's words come: `stretches` of bursts, each after as many refreshes as it needs.

    Refreshing before every stretch, not amid it, saves the time in which all banks come to rest.
    """

    bursts: int
    cycles: SdramCycles

    @property
    def stretches(self) -> int:
        """As few as possible: a stretch lives on the refreshes before it."""
        return -(-self.bursts // self._longest(MOST_AHEAD))

    @property
    def stretch_bursts(self) -> int:
        """Of every stretch but the last, which may be shorter."""
        return -(-self.bursts // self.stretches)

    @property
    def refreshes(self) -> int:
        """Before each stretch."""
        numbers = range(1, MOST_AHEAD + 1)
        return next(number for number in numbers if self.stretch_bursts <= self._longest(number))

    @property
    def start(self) -> int:
        """Cycles in which a burst or refresh that is under way comes to an end."""
        return max(self.cycles.rest, self.cycles.rfc)

    @property
    def flush(self) -> int:
        """Cycles after which all that was asked for is over: two bursts, and a refresh if due."""
        return 2 * self.cycles.rest + self.cycles.rfc + self._latency + BURST_WORDS + 1

    @property
    def block_cycles(self) -> int:
        """From the cycle in which a block is asked for, of an idle reader, to its last word's.

        Both are counted. In the cycle after that the next block can be asked for.
        """
        cycles = self.cycles
        before = self.start + 1
        refreshing = self.stretches * self.refreshes * cycles.rfc
        resting = (self.stretches - 1) * (cycles.rest - BURST_WORDS)
        return before + refreshing + resting + self.bursts * BURST_WORDS + self._latency

    @property
    def words_per_cycle(self) -> float:
        """Of blocks one right behind the other."""
        return self.bursts * BURST_WORDS / self.block_cycles

    @property
    def _latency(self) -> int:
        """From the request of a burst to its first word."""
        return 1 + self.cycles.rcd + SdramController.READ_LATENCY

    def _longest(self, refreshes: int) -> int:
        """The most bursts after so many refreshes: all takes no more cycles than these buy."""
        free = refreshes * (self.cycles.interval - self.cycles.rfc)
        return (free - self.start - 1 - self._latency) // BURST_WORDS
