"""Runs of the pointwise part: squeeze, expand1x1, bypass, classifier, and conv1 over its window."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..lib.countdown import Countdown
from ..tables import Tables
from .run import run_layout


class PointwiseRuns(wiring.Component):
    """The runs of one pixel over all output groups of a 1x1 convolution, one run a pass.

    Every run has the `words` activation words of the pixel and the next `words` weight words. After
    the pixel's last run the walk is back at its first one.

    Parameters
        tables: of the program
    Members
        operation: in, the current row operation, constant from `start` on
        column: in, address offset of the pixel in its row (words)
        rom: in, address of the layer's first weight word
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
        rom_offset = Signal(self._tables.rom_bits)  # weight words of the passes so far
        last_pass = Signal()

        m.d.comb += [
            last_pass.eq(low | ~layer.pointwise_two_passes),
            self.done.eq(last_pass & groups.last),
            self.run.row.eq(self.operation.row.centre),
            self.run.offset.eq(self.column),
            self.run.rom.eq(self.rom),
            self.run.rom_offset.eq(rom_offset),
            self.run.length.eq(layer.words),
            self.run.first.eq(~low),
            self.run.last.eq(last_pass),
            self.run.low.eq(low),
            self.run.shift.eq(low),
        ]
        with m.If(self.step):
            m.d.sync += [
                low.eq(~last_pass),
                rom_offset.eq(Mux(self.done, 0, rom_offset + layer.words)),
            ]
            with m.If(last_pass):
                m.d.sync += groups.step()
        with m.If(self.start | (self.step & self.done)):
            m.d.sync += groups.load(layer.last_pointwise_group)
        return m
