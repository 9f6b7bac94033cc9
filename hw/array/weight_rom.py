"""The weight ROM: weight words, a slice of each beside every lane pair."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from ..memory.rom import Rom
from ..program import STREAM_WORD_BITS
from .weight_word import WeightWord


def fill_layout(layout: WeightWord, depth: int) -> StructLayout:
    """One stream word of nibbles for a lane pair, and where it goes.

    The nibbles of a lane pair arrive lowest first; with the `last` ones, `exponents` complete the
    lane pair's part of the word at `address`.
    """
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
    """`pairs[n]` = lane pair n's part of the word at `address`.

    Each lane pair has a memory of its own, which stands beside its multipliers.

    With a `depth` beyond the constant words, `fill` writes the words behind them, one lane pair's
    part after the other. A part takes at least two stream words, and two parts in a row never go to
    the same lane pair. Each memory collects the stream words for itself, because this takes fewer
    long wires than a bus of whole parts.

    Parameters
        layout: the weight word
        words: the constant words, as integers
        depth: number of addresses, by default that of the constant words
    Members
        address: in
        pairs: out, one part per lane pair
        fill: in (with spare words only), see `fill_layout`
    Latency
        `LATENCY` cycles from `address` to `pairs`;
        `FILL_CYCLES` cycles from the `last` stream word of a part to the first `address` that reads
        it
    Throughput
        one word a cycle
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
        """Collects the part of this pair. It stays until the pair's next stream word, long enough
        to be written."""
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
