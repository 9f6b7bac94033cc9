"""Weight words in the order in which the array consumes them."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from .mac_lanes import WeightWord
from .rom import Rom
from .spread import SPREAD_CYCLES, spread


class WeightRom(wiring.Component):
    """`pairs[n]` = lane pair n's part of the word at `address`, `LATENCY` cycles later.

    One word a cycle. Each lane pair has a memory of its own, to stand beside its multipliers; the
    address is spread over them.
    """

    LATENCY = SPREAD_CYCLES + Rom.LATENCY

    def __init__(self, layout: WeightWord, words: tuple[int, ...]):
        self.slices = layout.split(words)
        super().__init__(
            {
                "address": In(range(len(words))),
                "pairs": Out(ArrayLayout(layout.pair, len(self.slices))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        addresses = spread(m, self.address, len(self.slices))
        for n, (address, words) in enumerate(zip(addresses, self.slices, strict=True)):
            m.submodules[f"pair{n}"] = rom = Rom(self.pairs[n].shape(), words)
            m.d.comb += [rom.address.eq(address), self.pairs[n].eq(rom.word)]
        return m
