"""Row operations become runs: the order in which the shared array computes a row."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.countdown import Countdown
from ..lib.skid_buffer import SkidBuffer
from ..tables import Tables
from .expand3x3 import Expand3x3Runs
from .pointwise import PointwiseRuns
from .run import run_layout


class RowWalker(wiring.Component):
    """The runs of each row operation: pixel by pixel, the pointwise part, then the expand3x3 part.

    The operations of a streamed classifier take their weights from the slots in turn. The parts::

        i -> operation -+-> pointwise part -+-> skid buffer -> o
                        +-> expand3x3 part -+

    Parameters
        tables: of the program
    Members
        i: in, row operations; the transfer of one follows the last run of the previous one by at
            least a cycle
        o: out, runs
    Latency
        `LATENCY` cycles from an operation on `i` to its first run on `o`
    Throughput
        one run a cycle
    """

    RUN_CYCLES = 2
    """From an operation on `i` to its first run, which enters the skid buffer."""

    LATENCY = RUN_CYCLES + SkidBuffer.LATENCY

    def __init__(self, tables: Tables):
        self._tables = tables
        super().__init__(
            {
                "i": In(stream.Signature(tables.operation)),
                "o": Out(stream.Signature(run_layout(tables))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        tables = self._tables
        m.submodules.pointwise = pointwise = PointwiseRuns(tables)
        m.submodules.expand3x3 = expand3x3 = Expand3x3Runs(tables)
        m.submodules.buffer = buffer = SkidBuffer(run_layout(tables))
        wiring.connect(m, buffer.o, wiring.flipped(self.o))

        # Cycle 0: transfer on `i`. Cycle 1: `taken`. Cycle 2: the first run enters the buffer.
        operation = Signal(tables.operation, reset_less=True)
        opening = Signal(reset_less=True)
        taken, busy, step, row_done = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(~(busy | taken)),
            buffer.i.valid.eq(busy),
            step.eq(busy & buffer.i.ready),
        ]
        m.d.sync += [
            taken.eq(self.i.ready & self.i.valid),
            busy.eq(taken | (busy & ~(step & row_done))),
        ]
        with m.If(step):
            m.d.sync += opening.eq(0)
        with m.If(self.i.ready & self.i.valid):
            m.d.sync += [operation.eq(self.i.payload), opening.eq(1)]

        in_expand3x3 = self._build_pixels(m, pointwise, expand3x3, operation, taken, step, row_done)
        layer, row = operation.layer, operation.row
        run = buffer.i.payload
        slot = self._build_slots(m, step & row_done & layer.streamed)
        m.d.comb += [
            pointwise.rom.eq(Mux(layer.streamed, slot, layer.pointwise_rom)),
            run.eq(Mux(in_expand3x3, expand3x3.run, pointwise.run)),
            run.opening.eq(opening),
            run.gate.eq(opening & layer.scores & row.first & (row.write_address == 0)),
            run.wait.eq(row.wait),
            run.window.eq(layer.window),
            run.streamed.eq(layer.streamed),
            run.release.eq((layer.window & pointwise.done) | (layer.streamed & row_done)),
        ]
        return m

    def _build_pixels(self, m, pointwise, expand3x3, operation, taken, step, row_done):
        """Walks the pixels of a row and, at each, both parts.

        Returns whether the expand3x3 part is at work. `taken` starts a row, `step` moves on to the
        next run, `row_done` marks the row's last run.
        """
        layer = operation.layer
        columns = Countdown(layer.last_column.shape(), reset_less=True)
        first_column = Signal(reset_less=True)
        offset, left_offset = (Signal(self._tables.activation_bits, reset_less=True) for _ in "01")
        in_expand3x3, pixel_done = Signal(), Signal()
        m.d.comb += [
            pixel_done.eq(Mux(in_expand3x3, expand3x3.done, pointwise.done & ~layer.has_expand3x3)),
            row_done.eq(pixel_done & columns.last),
            pointwise.operation.eq(operation),
            pointwise.column.eq(Mux(layer.window, 0, offset)),
            pointwise.start.eq(taken),
            pointwise.step.eq(step & ~in_expand3x3),
            expand3x3.operation.eq(operation),
            expand3x3.left_column.eq(left_offset),
            expand3x3.first_column.eq(first_column),
            expand3x3.last_column.eq(columns.last),
            expand3x3.start.eq(taken),
            expand3x3.step.eq(step & in_expand3x3),
        ]
        with m.If(step & pointwise.done & ~in_expand3x3 & layer.has_expand3x3):
            m.d.sync += in_expand3x3.eq(1)
        with m.If(step & pixel_done):
            m.d.sync += [
                in_expand3x3.eq(0),
                columns.step(),
                first_column.eq(0),
                left_offset.eq(offset),
                offset.eq(offset + layer.words),
            ]
        with m.If(taken):
            m.d.sync += [
                columns.load(layer.last_column),
                first_column.eq(1),
                left_offset.eq(0),
                offset.eq(0),
            ]
        return in_expand3x3

    def _build_slots(self, m, release):
        """The address of the current slot; `release` moves on to the next one."""
        if not (head := self._tables.head):
            return 0
        address = Signal(self._tables.rom_bits, init=head.base)
        with m.If(release):
            m.d.sync += address.eq(address + head.words)
            with m.If(address == head.end - head.words):
                m.d.sync += address.eq(head.base)
        return address
