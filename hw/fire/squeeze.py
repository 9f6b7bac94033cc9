"""Pointwise sums: squeeze, expand 1x1, 1x1 bypass, classifier, and conv1 over its window."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..lib.countdown import Countdown
from ..tables import Tables
from .run import run_layout


class PointwiseRuns(wiring.Component):
    """The runs of one pixel over all groups of output channels of a 1x1 convolution.

    A run a pass: `words` activation words of the pixel at `centre` + `column`, and as many weight
    words from `rom` on, pass after pass, group after group. `start` in the cycle in which another
    `operation` is there; `step`, from the next cycle on, moves on to the next run, and `done` marks
    the pixel's last one, after which the walk stands at its start again. Combinational from state:
    one run a cycle.
    """

    def __init__(self, tables: Tables):
        self._tables = tables
        super().__init__(
            {
                "operation": In(tables.operation),
                "column": In(tables.activation_bits),
                "rom": In(tables.rom_bits),
                "start": In(1),
                "step": In(1),
                "run": Out(run_layout(tables)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layer = self.operation.layer
        groups = Countdown(layer.last_pointwise_group.shape(), reset_less=True)
        low = Signal()
        block = Signal(self._tables.rom_bits)
        last_pass = Signal()

        m.d.comb += [
            last_pass.eq(low | ~layer.pointwise_two_passes),
            self.done.eq(last_pass & groups.last),
            self.run.row.eq(self.operation.row.centre),
            self.run.offset.eq(self.column),
            self.run.rom.eq(self.rom),
            self.run.tap.eq(block),
            self.run.length.eq(layer.words),
            self.run.first.eq(~low),
            self.run.last.eq(last_pass),
            self.run.low.eq(low),
            self.run.shift.eq(low),
        ]
        with m.If(self.step):
            m.d.sync += [
                low.eq(~last_pass),
                block.eq(Mux(self.done, 0, block + layer.words)),
            ]
            with m.If(last_pass):
                m.d.sync += groups.step()
        with m.If(self.start | (self.step & self.done)):
            m.d.sync += groups.load(layer.last_pointwise_group)
        return m
