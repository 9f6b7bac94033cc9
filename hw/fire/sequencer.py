"""Walks the row program."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Out

from ..lib.delay import delay
from ..tables import Tables

FETCH_CYCLES = 4
"""The least number of cycles between two operations: program memory and its register, layer table,
hand-over."""


class Sequencer(wiring.Component):
    """Hands out the row operations of a frame in order, frame after frame.

    The next operation is fetched while the last one runs; `o` offers it `FETCH_CYCLES` after the
    one before was taken, and still shows it the cycle after. The compiler decides everything else.
    """

    def __init__(self, tables: Tables):
        self._tables = tables
        super().__init__({"o": Out(stream.Signature(tables.operation))})

    def elaborate(self, platform):
        m = Module()
        tables = self._tables
        m.submodules.rows = rows = Memory(
            shape=tables.row, depth=len(tables.rows), init=tables.rows
        )
        m.submodules.layers = layers = Memory(
            shape=tables.layer, depth=len(tables.layers), init=tables.layers
        )
        port, layer = rows.read_port(), layers.read_port()
        row = delay(m, port.data, 1)
        counter = Signal(range(len(tables.rows)))
        age = Signal(range(FETCH_CYCLES))

        m.d.comb += [
            port.addr.eq(counter),
            layer.addr.eq(row.layer),
            self.o.payload.row.eq(row),
            self.o.payload.layer.eq(layer.data),
            self.o.valid.eq(age == FETCH_CYCLES - 1),
        ]
        with m.If(~self.o.valid):
            m.d.sync += age.eq(age + 1)
        with m.Elif(self.o.ready):
            m.d.sync += age.eq(0)
            with m.If(counter == len(tables.rows) - 1):
                m.d.sync += counter.eq(0)
            with m.Else():
                m.d.sync += counter.eq(counter + 1)
        return m
