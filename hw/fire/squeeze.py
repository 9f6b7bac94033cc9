"""Pointwise sums: squeeze, expand 1x1, 1x1 bypass, classifier, and conv1 over its window."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..tables import Tables
from .run import run_layout


class PointwiseRuns(wiring.Component):
    """The runs of one pixel over all groups of output channels of a 1x1 convolution.

    A run a pass: `words` activation words of the pixel at `centre` + `column`, and as many weight
    words from `rom` on, pass after pass, group after group. `step` moves on to
    the next run, `done` marks the pixel's last one, after which the walk stands at its start again.
    Combinational from state: one run a cycle, the first one a cycle after `operation` is there.
    """

    def __init__(self, tables: Tables):
        self._tables = tables
        super().__init__(
            {
                "operation": In(tables.operation),
                "column": In(tables.activation_bits),
                "rom": In(tables.rom_bits),
                "step": In(1),
                "run": Out(run_layout(tables)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layer = self.operation.layer
        group = Signal(layer.last_point_group.shape())
        low = Signal()
        block = Signal(self._tables.rom_bits)
        last_pass, last_group = Signal(), Signal()
        following = Signal.like(group)

        m.d.comb += [
            last_pass.eq(low | ~layer.point_two_passes),
            self.done.eq(last_pass & last_group),
            following.eq(group),
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
            m.d.comb += following.eq(Mux(self.done, 0, group + last_pass))
            m.d.sync += [low.eq(~last_pass), block.eq(Mux(self.done, 0, block + layer.words))]
        m.d.sync += [group.eq(following), last_group.eq(following == layer.last_point_group)]
        return m
