"""One axis of the padded raster that the line buffer walks."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class RasterAxis(wiring.Component):
    """Walks the positions 0..`size + 2 * padding - 1`, round and round, one position per `step`.

    Parameters
        size: positions inside the padding
        kernel, stride, padding: of the convolution
    Members
        step: in, moves on to the next position
        position: out
        border: out, the position is padding
        last: out, the position is the last one
        wanted: out, a window ends at the position: at `kernel - 1`, then at every `stride`-th
    Latency
        1 cycle from `step` to the outputs
    """

    def __init__(self, size: int, kernel: int, stride: int, padding: int):
        self._size, self._kernel, self._stride, self._padding = size, kernel, stride, padding
        self.length = size + 2 * padding
        super().__init__(
            {
                "step": In(1),
                "position": Out(range(self.length)),
                "border": Out(1, init=padding > 0),
                "last": Out(1, init=self.length == 1),
                "wanted": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        to_go = Signal(range(max(self._kernel, self._stride)), init=self._kernel - 1)
        ahead = self.position + 1
        inside = (ahead >= self._padding) & (ahead < self._padding + self._size)
        m.d.comb += self.wanted.eq(to_go == 0)
        with m.If(self.step):
            m.d.sync += [
                self.position.eq(Mux(self.last, 0, ahead)),
                self.border.eq(Mux(self.last, self._padding > 0, ~inside)),
                self.last.eq(Mux(self.last, self.length == 1, ahead == self.length - 1)),
                to_go.eq(Mux(self.wanted, self._stride - 1, to_go - 1)),
            ]
            with m.If(self.last):
                m.d.sync += to_go.eq(self._kernel - 1)
        return m
