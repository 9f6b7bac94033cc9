"""Weight words in the order in which the array consumes them."""

from amaranth.hdl import Module, Shape
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .delay import delay


class WeightRom(wiring.Component):
    """`word` = the weight word at `address`, `LATENCY` cycles later; one word a cycle.

    The second cycle is an output register: a block RAM's own clock-to-output time and the
    multiplexer between banks get a cycle each.
    """

    LATENCY = 2

    def __init__(self, layout, words: tuple[int, ...]):
        self._words = words
        super().__init__({"address": In(range(len(words))), "word": Out(layout)})

    def elaborate(self, platform):
        m = Module()
        bits = Shape.cast(self.word.shape()).width
        m.submodules.words = words = Memory(shape=bits, depth=len(self._words), init=self._words)
        port = words.read_port()
        m.d.comb += [port.addr.eq(self.address), self.word.eq(delay(m, port.data, 1))]
        return m
