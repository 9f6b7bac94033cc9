"""Row operations in, runs out: the order in which the shared array works through a row."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.countdown import Countdown
from ..lib.skid_buffer import SkidBuffer
from ..tables import Tables
from .expand import NeighbourhoodRuns
from .run import run_layout
from .squeeze import PointwiseRuns


class RowWalker(wiring.Component):
    """Pixel by pixel: first the pointwise groups, then the 3x3 groups if the layer has any.

    One run a cycle. An operation is taken the cycle after the last run of the one before, at the
    earliest, and its first run made two cycles later, for what decides when it ends is worked out a
    cycle ahead; every run waits one cycle in the buffer. Operations of a streamed classifier take
    their weights from the slots in turn.
    """

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
        m.submodules.squeeze = squeeze = PointwiseRuns(tables)
        m.submodules.expand = expand = NeighbourhoodRuns(tables)

        m.submodules.buffer = buffer = SkidBuffer(run_layout(tables))
        run = buffer.i.payload
        wiring.connect(m, buffer.o, wiring.flipped(self.o))

        taken, busy, wide = Signal(), Signal(), Signal()
        operation = Signal(tables.operation, reset_less=True)
        layer = operation.layer
        columns = Countdown(layer.last_column.shape(), reset_less=True)
        offset, left_offset = (Signal(tables.activation_bits, reset_less=True) for _ in range(2))
        opening, first_column = (Signal(reset_less=True) for _ in range(2))
        step, pixel_done, row_done = Signal(), Signal(), Signal()

        slot = self._build_slots(m, step & row_done & layer.streamed)
        m.d.comb += [
            step.eq(busy & buffer.i.ready),
            buffer.i.valid.eq(busy),
            run.eq(Mux(wide, expand.run, squeeze.run)),
            run.opening.eq(opening),
            run.gate.eq(
                opening & layer.scores & operation.row.first & (operation.row.write_address == 0)
            ),
            run.wait.eq(operation.row.wait),
            run.window.eq(layer.window),
            run.streamed.eq(layer.streamed),
            run.release.eq((layer.window & squeeze.done) | (layer.streamed & row_done)),
            pixel_done.eq(Mux(wide, expand.done, squeeze.done & ~layer.has_expand3x3)),
            row_done.eq(pixel_done & columns.last),
            self.i.ready.eq(~(busy | taken)),
            squeeze.start.eq(taken),
            squeeze.operation.eq(operation),
            squeeze.column.eq(Mux(layer.window, 0, offset)),
            squeeze.rom.eq(Mux(layer.streamed, slot, layer.pointwise_rom)),
            squeeze.step.eq(step & ~wide),
            expand.start.eq(taken),
            expand.operation.eq(operation),
            expand.left_column.eq(left_offset),
            expand.first_column.eq(first_column),
            expand.last_column.eq(columns.last),
            expand.step.eq(step & wide),
        ]

        with m.If(step):
            m.d.sync += opening.eq(0)
            with m.If(squeeze.done & ~wide & layer.has_expand3x3):
                m.d.sync += wide.eq(1)
            with m.If(pixel_done):
                m.d.sync += [
                    wide.eq(0),
                    columns.step(),
                    first_column.eq(0),
                    left_offset.eq(offset),
                    offset.eq(offset + layer.words),
                ]
        m.d.sync += [
            busy.eq(taken | (busy & ~(step & row_done))),
            taken.eq(self.i.ready & self.i.valid),
        ]
        with m.If(taken):
            m.d.sync += [
                columns.load(layer.last_column),
                first_column.eq(1),
                left_offset.eq(0),
                offset.eq(0),
            ]
        with m.If(self.i.ready & self.i.valid):
            m.d.sync += [operation.eq(self.i.payload), opening.eq(1)]
        return m

    def _build_slots(self, m, taken):
        """The address of the slot that is next; `taken` moves on to the one after it."""
        if not (head := self._tables.head):
            return 0
        address = Signal(self._tables.rom_bits, init=head.base)
        with m.If(taken):
            m.d.sync += address.eq(address + head.words)
            with m.If(address == head.end - head.words):
                m.d.sync += address.eq(head.base)
        return address
