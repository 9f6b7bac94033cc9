"""3x3 sums over the squeezed rows: only taps inside the map, none on its zero border."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..lib.countdown import Countdown
from ..tables import Tables
from .run import run_layout


class NeighbourhoodRuns(wiring.Component):
    """The runs of one pixel over all groups of output channels of a 3x3 convolution, padding 1.

    A run a pass and kernel row that lies inside the map: the words of the pixel and its neighbours
    follow each other in memory, and so do their weights, (kernel row, kernel column, word) in
    order. `left_column` is the address offset of the left neighbour (of the pixel itself in the
    first column). `start`, `step` and `done` as in `PointwiseRuns`. Combinational
    from state: one run a cycle.
    """

    def __init__(self, tables: Tables):
        self._tables = tables
        super().__init__(
            {
                "operation": In(tables.operation),
                "left_column": In(tables.activation_bits),
                "first_column": In(1),
                "last_column": In(1),
                "start": In(1),
                "step": In(1),
                "run": Out(run_layout(tables)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        row, layer = self.operation.row, self.operation.layer
        groups = Countdown(layer.last_expand3x3_group.shape(), reset_less=True)
        low = Signal()
        block = Signal(self._tables.rom_bits, reset_less=True)  # the weights of this pass
        middle, bottom = Signal(), Signal()  # the kernel row; neither: the top one
        first_row, last_row, last_pass = Signal(), Signal(), Signal()
        at_middle = Signal()
        next_middle, next_bottom = Signal(), Signal()

        # Worked out while the pointwise groups run: where the other two rows lie, the weights of a
        # pass, and those in front of a row's second tap, which is the first column's first.
        above, below = (Signal.like(row.centre, reset_less=True) for _ in range(2))
        taps = layer.words3
        pass_taps, middle_second, bottom_second = (
            Signal(self._tables.rom_bits, reset_less=True) for _ in range(3)
        )
        m.d.sync += [
            above.eq(row.centre + Mux(row.above_wraps, layer.row_wrap, -layer.row_words)),
            below.eq(row.centre + Mux(row.below_wraps, -layer.row_wrap, layer.row_words)),
            pass_taps.eq((taps << 1) + taps),
            middle_second.eq(taps + layer.words),
            bottom_second.eq((taps << 1) + layer.words),
        ]

        def of_kernel_row(top, centre, lowest):
            return Mux(bottom, lowest, Mux(at_middle, centre, top))

        # At the ends of a row the taps beyond it are left out; a single column has but one.
        at_end = self.first_column | self.last_column
        alone = self.first_column & self.last_column

        # A pass over a map's first row starts at the middle kernel row.
        m.d.comb += [
            at_middle.eq(middle | (row.top & ~bottom)),
            first_row.eq(Mux(row.top, at_middle, ~middle & ~bottom)),
            last_pass.eq(low | ~layer.expand3x3_two_passes),
            self.done.eq(last_row & last_pass & groups.last),
            next_middle.eq(middle),
            next_bottom.eq(bottom),
            self.run.row.eq(of_kernel_row(above, row.centre, below)),
            self.run.offset.eq(self.left_column),
            self.run.rom.eq(block),
            self.run.tap.eq(
                Mux(
                    self.first_column,
                    of_kernel_row(layer.words, middle_second, bottom_second),
                    of_kernel_row(0, taps, taps << 1),
                )
            ),
            self.run.length.eq(Mux(at_end, Mux(alone, layer.words, layer.words << 1), taps)),
            self.run.first.eq(first_row & ~low),
            self.run.last.eq(last_row & last_pass),
            self.run.low.eq(low),
            self.run.shift.eq(first_row & low),
        ]
        with m.If(self.step):
            m.d.comb += [
                next_middle.eq(~last_row & ~at_middle),
                next_bottom.eq(~last_row & at_middle),
            ]
            with m.If(last_row):
                m.d.sync += [low.eq(~last_pass), block.eq(block + pass_taps)]
                with m.If(last_pass):
                    m.d.sync += groups.step()
        with m.If(self.start | (self.step & self.done)):
            m.d.sync += [
                block.eq(layer.expand3x3_rom),
                groups.load(layer.last_expand3x3_group),
            ]
        next_at_middle = next_middle | (row.top & ~next_bottom)
        m.d.sync += [
            middle.eq(next_middle),
            bottom.eq(next_bottom),
            last_row.eq(Mux(row.bottom, next_at_middle, next_bottom)),
        ]
        return m
