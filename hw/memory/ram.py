"""A memory of any size, of block RAM and distributed RAM."""

from amaranth.hdl import Module, Shape, Signal, Value
from amaranth.lib import wiring

from ..lib import routing
from ..lib.delay import delay
from .block_ram import BANK_WORDS, BlockRam, memory_ports
from .distributed_ram import ShallowRam, cells, is_distributed

DEEP_WORDS = 2048
"""Words of a deep bank: block RAMs of 9 bits waste the fewest bits of a word of 128 bits."""

REST_CELLS = 320
"""The words beyond the last whole bank go to distributed RAM of at most this many cells."""


class Ram(wiring.Component):
    """`data` = the word at `address`.

    A read before `WRITE_LATENCY` cycles after a write to the same word have passed returns
    undefined data.

    Parameters
        layout, words: shape and number of the words
        gather: whether `data` comes one cycle later; see `ShallowRam`
    Members
        address: in, the word to read
        data: out, the word
        write: in, writes `write_data` to `write_address`
    Latency
        `latency()` cycles from `address` to `data`, `LATENCY` without `gather`;
        `WRITE_LATENCY` cycles from a `write` to the first `address` that reads it
    Throughput
        one read and one write a cycle
    """

    LATENCY = 2
    WRITE_LATENCY = 2

    def __init__(self, layout, words: int, gather: bool = False):
        self._words, self._bits, self._gather = words, Shape.cast(layout).width, gather
        super().__init__(memory_ports(layout, words))

    def latency(self) -> int:
        """Cycles from `address` to `data`."""
        return self.LATENCY + self._gather

    def elaborate(self, platform):
        m = Module()
        outputs, start = [], 0
        number = Signal(range(len(self._banks)))  # of the bank that is read
        address = delay(m, self.address, self.LATENCY - 1)
        for n, (depth, shallow) in enumerate(self._banks):
            outputs.append(self._build_bank(m, n, start, depth, shallow))
            with m.If(_within(address, start, depth)):
                m.d.comb += number.eq(n)
            start += depth
        m.d.comb += self.data.eq(routing.choose(m, outputs, delay(m, number, self._gather)))
        return m

    def _build_bank(self, m, n: int, start: int, depth: int, shallow: bool):
        """The bank of the words from `start` on; returns its output."""
        memory = (
            ShallowRam(self._bits, depth, self._gather) if shallow else BlockRam(self._bits, depth)
        )
        m.submodules[f"{'shallow' if shallow else 'bank'}{n}"] = memory
        write = self.write & _within(self.write_address, start, depth)
        distance = 0 if shallow else 1  # distributed RAM has input registers of its own
        m.d.comb += [
            memory.address.eq(self.address),
            memory.write.eq(routing.delay(m, write, distance, reset_less=False)),
            memory.write_address.eq(routing.delay(m, self.write_address, distance)),
            memory.write_data.eq(routing.delay(m, Value.cast(self.write_data), distance)),
        ]
        return delay(m, memory.data, self.latency() - memory.latency())

    @property
    def _banks(self) -> list[tuple[int, bool]]:
        return banks(self._words, self._bits)


def banks(words: int, bits: int) -> list[tuple[int, bool]]:
    """For each bank its number of words, and whether it is distributed RAM.

    A small memory is one bank of distributed RAM. Otherwise there are as many banks of
    `DEEP_WORDS`, then of `BANK_WORDS` words as fit; the last bank holds the rest.
    """
    if is_distributed(words, bits):
        return [(words, True)] * (words > 0)
    found = []
    for size in (DEEP_WORDS, BANK_WORDS):
        whole, words = divmod(words, size)
        found += [(size, False)] * whole
        if found and words and cells(words, bits) <= REST_CELLS:
            return [*found, (words, True)]
    return found + [(words, False)] * (words > 0)


def _within(address, start: int, depth: int):
    """Whether `address` lies in the bank of `depth` words from `start` on.

    All banks but the last have whole `BANK_WORDS`, so only the high bits are compared.
    """
    first, bank = start // BANK_WORDS, address // BANK_WORDS
    below_end = bank < first + -(-depth // BANK_WORDS)
    return (bank >= first) & below_end if first else below_end
