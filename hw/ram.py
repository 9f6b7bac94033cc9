"""Words that are written while others are read."""

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .delay import delay
from .rom import BANK_WORDS

SHALLOW_WORDS = 160
"""So few words, left over from whole banks, are worth distributed RAM instead of a bank."""


class Ram(wiring.Component):
    """`data` = the word at `address`, `LATENCY` cycles later; one word a cycle in, one out.

    A word can be read from the cycle after its `write` on. What is read of a word in the cycle in
    which it is written must not matter.

    Banks of block RAM, each with a register at its way out, and distributed RAM for a few words
    beyond the last whole bank; see `banks`.
    """

    LATENCY = 2

    def __init__(self, layout, words: int):
        self._words = words
        super().__init__(
            {
                "address": In(range(words)),
                "data": Out(layout),
                "write": In(1),
                "write_address": In(range(words)),
                "write_data": In(layout),
            }
        )

    def elaborate(self, platform):
        m = Module()
        outputs = []
        for n, (depth, shallow) in enumerate(banks(self._words)):
            style = {"ram_style": "distributed"} if shallow else {}
            memory = Memory(shape=self.data.shape(), depth=depth, init=[], attrs=style)
            m.submodules["shallow" if shallow else f"bank{n}"] = memory
            write = memory.write_port()
            m.d.comb += [
                write.addr.eq(self.write_address),
                write.data.eq(self.write_data),
                write.en.eq(self.write & (self.write_address // BANK_WORDS == n)),
            ]
            if shallow:  # its way out is no longer than from a register
                read = memory.read_port(domain="comb")
                m.d.comb += read.addr.eq(delay(m, self.address[: len(read.addr)], 1))
            else:
                read = memory.read_port()
                m.d.comb += read.addr.eq(self.address)
            outputs.append(delay(m, read.data, 1))
        chosen = Signal(range(len(outputs)))
        m.d.comb += [
            chosen.eq(delay(m, self.address // BANK_WORDS, self.LATENCY)),
            self.data.eq(Array(outputs)[chosen]),
        ]
        return m


def banks(words: int) -> list[tuple[int, bool]]:
    """The words of each bank, and whether it is shallow."""
    whole, left = divmod(words, BANK_WORDS)
    shallow = whole > 0 and left <= SHALLOW_WORDS
    return [(BANK_WORDS, False)] * whole + ([(left, shallow)] if left else [])
