"""Fetches the row operations of a frame."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Out

from ..lib.delay import delay
from ..tables import Tables

FETCH_CYCLES = 4
"""Least cycles between two transfers: row table, its register, layer table, transfer."""


class Sequencer(wiring.Component):
    """The row operations of a frame in order, frame after frame.

    The sequencer fetches the next operation while the current one runs::

        counter -> row table -> register -+----------------> o.payload.row
                                          +-> layer table -> o.payload.layer

    Parameters
        tables: of the program
    Members
        o: out, row operations; the payload stays for one more cycle after its transfer
    Latency
        `FETCH_CYCLES` cycles from a transfer to the next operation on `o`
    Throughput
        one operation every `FETCH_CYCLES` cycles
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
        age = Signal(range(FETCH_CYCLES))  # cycles since the last transfer

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
