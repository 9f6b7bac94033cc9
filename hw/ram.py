"""Words that are written while others are read."""

from amaranth.hdl import Cat, Module, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .delay import delay
from .rom import BANK_WORDS
from .spread import choose_near, near_parts, own_register

SHALLOW_WORDS = 160
"""So few words, left over from whole banks, are worth distributed RAM instead of a bank."""

DEEP_WORDS = 2048
"""In a bank of so many, nine bits wide, a word of 128 bits wastes least."""

CELLS_PER_BLOCK = 128
"""So many cells of distributed RAM, 16 words of 4 bits each, are cheaper than a block RAM."""


class Ram(wiring.Component):
    """`data` = the word at `address`, `LATENCY` cycles later; one word a cycle in, one out.

    A word can be read from `WRITE_LATENCY` cycles after its `write` on. What is read of a word in
    the cycle before that must not matter.

    Banks of block RAM, each with a register at its way out, and distributed RAM for a few words
    beyond the last whole bank; see `banks`.
    """

    LATENCY = 2
    WRITE_LATENCY = 2

    def __init__(self, layout, words: int):
        self._words, self._bits = words, Shape.cast(layout).width
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
        outputs, start, bank = [], 0, Signal(range(len(banks(self._words))))
        address = delay(m, self.address, self.LATENCY - 1)
        # To be written a cycle later: the banks may be far.
        self._write_address = delay(m, self.write_address, 1)
        self._write_data = delay(m, Value.cast(self.write_data), 1)
        for n, (depth, shallow) in enumerate(banks(self._words)):
            within = _within(self.write_address, start, depth)
            write = delay(m, self.write & within, 1, reset_less=False)
            if shallow:
                data = self._build_shallow(m, depth, write)
            else:
                data = self._build_bank(m, f"bank{n}", depth, write)
            outputs.append(delay(m, data, 1))
            with m.If(_within(address, start, depth)):
                m.d.comb += bank.eq(n)
            start += depth
        m.d.comb += self.data.eq(choose_near(m, outputs, bank))
        return m

    def _build_bank(self, m, name: str, depth: int, write):
        m.submodules[name] = memory = Memory(shape=self._bits, depth=depth, init=[])
        read = memory.read_port()
        m.d.comb += read.addr.eq(self.address)
        self._build_write(m, memory, write, slice(None))
        return read.data

    def _build_shallow(self, m, depth: int, write):
        """Its way out is no longer than from a register."""
        read_data = []
        for part in near_parts(self._bits):
            style = {"ram_style": "distributed"}
            memory = Memory(shape=part.stop - part.start, depth=depth, init=[], attrs=style)
            m.submodules[f"shallow{part.start}"] = memory
            read = memory.read_port(domain="comb")
            m.d.comb += read.addr.eq(own_register(m, self.address[: len(read.addr)]))
            self._build_write(m, memory, write, part)
            read_data.append(read.data)
        return Cat(read_data)

    def _build_write(self, m, memory, write, part: slice):
        port = memory.write_port()
        m.d.comb += [
            port.addr.eq(self._write_address),
            port.data.eq(self._write_data[part]),
            port.en.eq(write),
        ]


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
