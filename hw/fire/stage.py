"""Row operations in, runs out: the order in which the shared array works through a row."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..tables import Tables
from .expand import NeighbourhoodRuns
from .run import run_layout
from .squeeze import PointwiseRuns


class FireStage(wiring.Component):
    """Pixel by pixel: first the pointwise groups, then the 3x3 groups if the layer has any.

    One run a cycle, and no gap between one row operation and the next. A run leaves the cycle after
    its operation was taken at the earliest, and waits one cycle in the output register. Operations
    of a streamed classifier take their weights from the slots in turn.
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

        busy, wide, opening = Signal(), Signal(), Signal()
        operation = Signal(tables.operation)
        layer = operation.layer
        column = Signal(layer.last_column.shape())
        offset = Signal(tables.activation_bits)
        left_offset = Signal(tables.activation_bits)
        step, pixel_done, row_done = Signal(), Signal(), Signal()
        first_column, last_column = Signal(), Signal()

        slot = self._build_slots(m, step & row_done & layer.streamed)
        m.d.comb += [
            first_column.eq(column == 0),
            last_column.eq(column == layer.last_column),
            step.eq(busy & (~self.o.valid | self.o.ready)),
            pixel_done.eq(Mux(wide, expand.done, squeeze.done & ~layer.has_wide)),
            row_done.eq(pixel_done & last_column),
            self.i.ready.eq(~busy | (step & row_done)),
            squeeze.operation.eq(operation),
            squeeze.column.eq(Mux(layer.window, 0, offset)),
            squeeze.rom.eq(Mux(layer.streamed, slot, layer.rom_point)),
            squeeze.step.eq(step & ~wide),
            expand.operation.eq(operation),
            expand.left_column.eq(left_offset),
            expand.first_column.eq(first_column),
            expand.last_column.eq(last_column),
            expand.step.eq(step & wide),
        ]

        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(step):
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.payload.eq(Mux(wide, expand.run, squeeze.run)),
                self.o.payload.opening.eq(opening),
                self.o.payload.gate.eq(
                    opening
                    & layer.scores
                    & operation.row.first
                    & (operation.row.write_address == 0)
                ),
                self.o.payload.wait.eq(operation.row.wait),
                self.o.payload.window.eq(layer.window),
                self.o.payload.streamed.eq(layer.streamed),
                self.o.payload.release.eq(
                    (layer.window & squeeze.done) | (layer.streamed & row_done)
                ),
                opening.eq(0),
            ]
            with m.If(squeeze.done & ~wide & layer.has_wide):
                m.d.sync += wide.eq(1)
            with m.If(pixel_done):
                m.d.sync += [
                    wide.eq(0),
                    column.eq(column + 1),
                    left_offset.eq(offset),
                    offset.eq(offset + layer.words),
                ]
            with m.If(row_done):
                m.d.sync += busy.eq(0)
        with m.If(self.i.ready & self.i.valid):
            m.d.sync += [
                busy.eq(1),
                operation.eq(self.i.payload),
                opening.eq(1),
                column.eq(0),
                offset.eq(0),
                left_offset.eq(0),
            ]
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
