"""Weight words in the order in which the array consumes them."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from ..memory.rom import Rom
from ..program import STREAM_WORD_BITS
from .mac_lanes import WeightWord


def fill_layout(layout: WeightWord, depth: int) -> StructLayout:
    """Some nibbles of a lane pair, lowest first, each with all that goes with them."""
    pair = layout.pair
    return StructLayout(
        {
            "valid": 1,
            "nibbles": STREAM_WORD_BITS,
            "last": 1,
            "exponents": pair.size - pair["nibbles"].width,
            "pair": range(layout.pairs),
            "address": range(depth),
        }
    )


class WeightRom(wiring.Component):
    """`pairs[n]` = lane pair n's part of the word at `address`, `LATENCY` cycles later.

    One word a cycle. Each lane pair has a memory of its own, to stand beside its multipliers; the
    address is spread over them.

    With a `depth` beyond the constant words `fill` writes the others, a lane pair's part of one
    after the other, at least two nibbles each, never twice the same pair's in a row: an `address`
    that comes `FILL_CYCLES` after the last of them or later sees it. It is spread likewise, and put
    together beside each memory, for that takes fewer long wires.
    """

    LATENCY = routing.TREE_CYCLES + Rom.LATENCY
    FILL_CYCLES = 2

    def __init__(self, layout: WeightWord, words: tuple[int, ...], depth: int | None = None):
        self.slices, self._depth = layout.split(words), depth or len(words)
        self._filled = self._depth > len(words)
        ports = {
            "address": In(range(self._depth)),
            "pairs": Out(ArrayLayout(layout.pair, len(self.slices))),
        }
        if self._filled:
            ports["fill"] = In(fill_layout(layout, self._depth))
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        addresses = routing.tree(m, self.address, len(self.slices))
        fills = routing.tree(m, self.fill, len(self.slices)) if self._filled else []
        for n, (address, words) in enumerate(zip(addresses, self.slices, strict=True)):
            m.submodules[f"pair{n}"] = rom = Rom(self.pairs[n].shape(), words, self._depth)
            m.d.comb += [rom.address.eq(address), self.pairs[n].eq(rom.word)]
            if self._filled:
                self._build_write(m, rom, fills[n], n)
        return m

    def _build_write(self, m, rom, fill, pair: int):
        """What comes for this pair stays until more does: long enough to be written."""
        kept = Signal(rom.word.shape(), reset_less=True)
        address = Signal.like(fill.address, reset_less=True)
        nibbles = Value.cast(kept["nibbles"])
        exponents = Value.cast(kept)[len(nibbles) :]
        own = delay(m, fill.valid & (fill.pair == pair), 1)
        fill = delay(m, fill, 1)
        with m.If(own):
            m.d.sync += [
                nibbles.eq(Cat(nibbles, fill.nibbles)[STREAM_WORD_BITS:]),
                exponents.eq(fill.exponents),
                address.eq(fill.address),
            ]
        m.d.comb += [
            rom.write.enable.eq(delay(m, own & fill.last, 1)),
            rom.write.address.eq(address),
            rom.write.word.eq(kept),
        ]
