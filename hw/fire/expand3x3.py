"""Runs of the expand3x3 part: only taps inside the map, none on its zero padding."""

from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..lib.countdown import Countdown
from ..tables import Tables
from .run import run_layout


@dataclass(frozen=True)
class _KernelRow:
    """The kernel row of the current run: the top one unless `middle` or `bottom` is set."""

    middle: Signal
    bottom: Signal
    first: Signal
    """It is the first one inside the map."""
    last: Signal
    """It is the last one inside the map."""

    def choose(self, top, middle, bottom):
        return Mux(self.bottom, bottom, Mux(self.middle, middle, top))


class Expand3x3Runs(wiring.Component):
    """The runs of one pixel over all output groups of a 3x3 convolution with padding 1.

    Every pass has one run for each kernel row that lies inside the map. The words of the pixel and
    of its neighbours in a row follow each other in memory, and so do their weights, in the order
    (kernel row, kernel column, word). In the first and the last column the run leaves out the taps
    beyond the map. After the pixel's last run the walk is back at its first one.

    Parameters
        tables: of the program
    Members
        operation: in, the current row operation, constant from `start` on
        left_column: in, address offset in a row of the left neighbour, of the pixel itself in the
            first column (words)
        first_column, last_column: in, the pixel is the first or the last one of its row
        start: in, a new operation; `run` is valid from the next cycle on
        step: in, moves on to the next run
        run: out, the current run
        done: out, the current run is the pixel's last one
    Latency
        1 cycle from `start` and `step` to `run` and `done`
    Throughput
        one run a cycle
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
        layer = self.operation.layer
        groups = Countdown(layer.last_expand3x3_group.shape(), reset_less=True)
        low, last_pass = Signal(), Signal()
        weights = Signal(self._tables.rom_bits, reset_less=True)  # first weight word of this pass
        pass_words = Signal(self._tables.rom_bits, reset_less=True)
        m.d.sync += pass_words.eq((layer.words3 << 1) + layer.words3)

        kernel_row = self._build_kernel_row(m)
        self._build_addresses(m, kernel_row, weights)
        m.d.comb += [
            last_pass.eq(low | ~layer.expand3x3_two_passes),
            self.done.eq(kernel_row.last & last_pass & groups.last),
            self.run.first.eq(kernel_row.first & ~low),
            self.run.last.eq(kernel_row.last & last_pass),
            self.run.low.eq(low),
            self.run.shift.eq(kernel_row.first & low),
        ]
        with m.If(self.step & kernel_row.last):
            m.d.sync += [low.eq(~last_pass), weights.eq(weights + pass_words)]
            with m.If(last_pass):
                m.d.sync += groups.step()
        with m.If(self.start | (self.step & self.done)):
            m.d.sync += [
                weights.eq(layer.expand3x3_rom),
                groups.load(layer.last_expand3x3_group),
            ]
        return m

    def _build_kernel_row(self, m) -> _KernelRow:
        """Walks the kernel rows inside the map, pass after pass, one a `step`.

        A map's first row has no top kernel row, its last one no bottom kernel row.
        """
        row = self.operation.row
        middle, bottom = Signal(), Signal()
        next_middle, next_bottom = Signal(), Signal()
        at_middle, first_row, last_row = Signal(), Signal(), Signal()
        m.d.comb += [
            at_middle.eq(middle | (row.top & ~bottom)),
            first_row.eq(Mux(row.top, at_middle, ~middle & ~bottom)),
            next_middle.eq(middle),
            next_bottom.eq(bottom),
        ]
        with m.If(self.step):
            m.d.comb += [
                next_middle.eq(~last_row & ~at_middle),
                next_bottom.eq(~last_row & at_middle),
            ]
        next_at_middle = next_middle | (row.top & ~next_bottom)
        m.d.sync += [
            middle.eq(next_middle),
            bottom.eq(next_bottom),
            last_row.eq(Mux(row.bottom, next_at_middle, next_bottom)),
        ]
        return _KernelRow(at_middle, bottom, first_row, last_row)

    def _build_addresses(self, m, kernel_row: _KernelRow, weights):
        """The words of a run; `weights` is the first weight word of its pass.

        All sums of the operation's constants are registered, while the pointwise part runs.
        """
        row, layer = self.operation.row, self.operation.layer
        above, below = (Signal.like(row.centre, reset_less=True) for _ in range(2))
        # In the first column a kernel row starts with its second tap: the offsets of those taps in
        # the lower two kernel rows.
        middle_second, bottom_second = (
            Signal(self._tables.rom_bits, reset_less=True) for _ in range(2)
        )
        taps = layer.words3  # of a kernel row
        m.d.sync += [
            above.eq(row.centre + Mux(row.above_wraps, layer.row_wrap, -layer.row_words)),
            below.eq(row.centre + Mux(row.below_wraps, -layer.row_wrap, layer.row_words)),
            middle_second.eq(taps + layer.words),
            bottom_second.eq((taps << 1) + layer.words),
        ]
        at_end = self.first_column | self.last_column
        alone = self.first_column & self.last_column
        first_tap = kernel_row.choose(0, taps, taps << 1)
        second_tap = kernel_row.choose(layer.words, middle_second, bottom_second)
        m.d.comb += [
            self.run.row.eq(kernel_row.choose(above, row.centre, below)),
            self.run.offset.eq(self.left_column),
            self.run.rom.eq(weights),
            self.run.rom_offset.eq(Mux(self.first_column, second_tap, first_tap)),
            self.run.length.eq(Mux(at_end, Mux(alone, layer.words, layer.words << 1), taps)),
        ]
