"""Words that are written while others are read."""

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .delay import delay
from .rom import BANK_WORDS

SHALLOW_WORDS = 160
"""So few words, left over from whole banks, are worth distributed RAM instead of a bank."""

DEEP_WORDS = 2048
"""In a bank of so many, nine bits wide, a word of 128 bits wastes least."""

CELLS_PER_BLOCK = 128
"""So many cells of distributed RAM, 16 words of 4 bits each, are cheaper than a block RAM."""


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
        chosen = Signal(range(len(banks(self._words))))
        start = 0
        for n, (depth, shallow) in enumerate(banks(self._words)):
            style = {"ram_style": "distributed"} if shallow else {}
            memory = Memory(shape=self.data.shape(), depth=depth, init=[], attrs=style)
            m.submodules["shallow" if shallow else f"bank{n}"] = memory
            write = memory.write_port()
            m.d.comb += [
                write.addr.eq(self.write_address),
                write.data.eq(self.write_data),
                write.en.eq(self.write & _within(self.write_address, start, depth)),
            ]
            if shallow:  # its way out is no longer than from a register
                read = memory.read_port(domain="comb")
                m.d.comb += read.addr.eq(delay(m, self.address[: len(read.addr)], 1))
            else:
                read = memory.read_port()
                m.d.comb += read.addr.eq(self.address)
            outputs.append(delay(m, read.data, 1))
            with m.If(delay(m, _within(self.address, start, depth), self.LATENCY)):
                m.d.comb += chosen.eq(n)
            start += depth
        m.d.comb += self.data.eq(Array(outputs)[chosen])
        return m


def _within(address, start: int, depth: int):
    """Whether the address lies in a bank; all but the last one are multiples of `BANK_WORDS`."""
    first, bank = start // BANK_WORDS, address // BANK_WORDS
    below_end = bank < first + -(-depth // BANK_WORDS)
    return (bank >= first) & below_end if first else below_end


def banks(words: int) -> list[tuple[int, bool]]:
    """The words of each bank, and whether it is shallow."""
    deep, rest = divmod(words, DEEP_WORDS)
    whole, left = divmod(rest, BANK_WORDS)
    shallow = deep + whole > 0 and left <= SHALLOW_WORDS
    banks = [(DEEP_WORDS, False)] * deep + [(BANK_WORDS, False)] * whole
    return banks + ([(left, shallow)] if left else [])


def is_distributed(words: int, bits: int) -> bool:
    """Whether a memory by itself is put into distributed RAM for the block RAMs that it spares."""
    cells = -(-words // 16) * -(-bits // 4)
    return cells <= CELLS_PER_BLOCK * -(-words // BANK_WORDS) * -(-bits // 36)


def style(words: int, bits: int) -> dict[str, str]:
    """The attributes of such a memory."""
    return {"ram_style": "distributed"} if is_distributed(words, bits) else {}
