"""Weight words in the order in which the array consumes them."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from .mac_lanes import WeightWord
from .rom import Rom
from .spread import SPREAD_CYCLES, spread


def fill_layout(layout: WeightWord, depth: int) -> StructLayout:
    """A lane pair's part of the weight word at an address."""
    pairs = len(layout.split(()))
    return StructLayout(
        {"valid": 1, "address": range(depth), "pair": range(pairs), "weights": layout.pair}
    )


class WeightRom(wiring.Component):
    """`pairs[n]` = lane pair n's part of the word at `address`, `LATENCY` cycles later.

    One word a cycle. Each lane pair has a memory of its own, to stand beside its multipliers; the
    address is spread over them.

    With a `depth` beyond the constant words `fill` writes the others, a lane pair's part of one a
    cycle, spread likewise: an `address` that comes a cycle later or more sees it.
    """

    LATENCY = SPREAD_CYCLES + Rom.LATENCY

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
        addresses = spread(m, self.address, len(self.slices))
        fills = spread(m, self.fill, len(self.slices), reset_less=False) if self._filled else []
        for n, (address, words) in enumerate(zip(addresses, self.slices, strict=True)):
            m.submodules[f"pair{n}"] = rom = Rom(self.pairs[n].shape(), words, self._depth)
            m.d.comb += [rom.address.eq(address), self.pairs[n].eq(rom.word)]
            if self._filled:
                m.d.comb += [
                    rom.write.enable.eq(fills[n].valid & (fills[n].pair == n)),
                    rom.write.address.eq(fills[n].address),
                    rom.write.word.eq(fills[n].weights),
                ]
        return m
