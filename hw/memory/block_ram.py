"""Block RAM: its shapes, and a memory of it with one write port and one read port."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..lib.delay import delay

BLOCK_RAM_MODES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
"""The shapes of an ECP5 block RAM, widest first: words, bits per word."""

BANK_WORDS = BLOCK_RAM_MODES[0][0]
"""Words of a block RAM in its widest shape."""

WRITE_BITS = 9
"""Bits of a block RAM that share a write enable."""


def memory_ports(layout, words: int) -> dict[str, wiring.Member]:
    """The members of every memory of `words` words of `layout`."""
    return {
        "address": In(range(words)),
        "data": Out(layout),
        "write": In(1),
        "write_address": In(range(words)),
        "write_data": In(layout),
    }


class BlockRam(wiring.Component):
    """`data` = the word at `address`, from block RAM with output registers.

    A read in the cycle of a write to the same word returns undefined data.

    Members
        address: in, the word to read
        data: out, the word
        write: in, writes `write_data` to `write_address`
    Latency
        `LATENCY` cycles from `address` to `data`;
        `WRITE_LATENCY` cycles from a `write` to the first `address` that reads it
    Throughput
        one read and one write a cycle
    """

    LATENCY = 2
    WRITE_LATENCY = 1

    def __init__(self, layout, words: int):
        self._layout, self._words = layout, words
        super().__init__(memory_ports(layout, words))

    def latency(self) -> int:
        """Cycles from `address` to `data`."""
        return self.LATENCY

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank = memory = Memory(shape=self._layout, depth=self._words, init=[])
        read, port = memory.read_port(), memory.write_port()
        m.d.comb += [
            read.addr.eq(self.address),
            self.data.eq(delay(m, read.data, 1)),
            port.en.eq(self.write),
            port.addr.eq(self.write_address),
            port.data.eq(self.write_data),
        ]
        return m
