"""Reads the temperature of the die."""

from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from .times import Times

CODE_BITS = 8


class Die(wiring.Component):
    """Starts a conversion of the die's temperature sensor (DTR) each time that `run` rises.

    Amaranth's simulator has no model of the cell.

    Parameters
        times: the wait for the result
    Members
        run: in; `done`: out, until `run` falls
        code: out, DTROUT7 to DTROUT0: bit 7 is 1 if the code in bits 5 to 0 is valid
    Latency
        `times.window` cycles
    Source
        Yosys' declaration of the cell, techlibs/ecp5; the meaning of the bits as reported by
        Lattice's FPGA-TN-02210, which was not at hand
    """

    def __init__(self, times: Times):
        self.times = times
        super().__init__({"run": In(1), "done": Out(1), "code": Out(CODE_BITS)})

    def elaborate(self, platform):
        m = Module()
        time, code = Signal(range(self.times.window + 1)), Signal(CODE_BITS)
        m.d.comb += self.done.eq(time == self.times.window)
        with m.If(~self.run):
            m.d.sync += time.eq(0)
        with m.Elif(~self.done):
            m.d.sync += time.eq(time + 1)
        start = Signal()  # a register, because the sensor sees glitches
        m.d.sync += start.eq(self.run & (time < self.times.window // 2))
        m.submodules.sensor = Instance(
            "DTR", i_STARTPULSE=start, **{f"o_DTROUT{n}": code[n] for n in range(CODE_BITS)}
        )
        m.submodules.crossing = FFSynchronizer(code, self.code)
        return m
