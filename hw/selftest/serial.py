"""The self-test's serial line, whose bit rate changes while it runs.

The oscillator's frequency need not be a multiple of the bit rate: a phase accumulator makes each
bit's edge late by less than a cycle, and no error adds up. `hw/link/uart.py` has a fixed divisor.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

FASTEST = 3
"""Mbaud that the self-test uses at most."""


class BitTimer:
    """Ticks `rate` times in `cycles` cycles.

    Members
        tick: 1 in the last cycle of a bit
    """

    def __init__(self, m: Module, rate, cycles: int, restart, phase: int):
        """While `restart` is 1, the next bit is `phase` cycles of its `cycles` old."""
        position = Signal(range(cycles + FASTEST))
        after = position + rate
        self.tick = Signal()
        m.d.comb += self.tick.eq(after >= cycles)
        m.d.sync += position.eq(Mux(restart, phase, Mux(self.tick, after - cycles, after)))


class Receiver(wiring.Component):
    """Receives the bytes of a serial line.

    Parameters
        cycles: clock cycles in a microsecond, at least 4 times `FASTEST`
    Members
        rate: in, Mbaud, 1 to `FASTEST`; changes only while the line is idle
        rx: in, the line, asynchronous, high while idle
        o: out stream of bytes without back pressure
        error: out pulse, instead of a byte whose stop bit is low
    Latency
        9.5 bits and 3 cycles from the falling edge of the start bit to the byte
    """

    def __init__(self, cycles: int):
        self.cycles = cycles
        super().__init__(
            {
                "rate": In(range(FASTEST + 1), init=1),
                "rx": In(1, init=1),
                "o": Out(stream.Signature(8, always_ready=True)),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        line, bits_left, character = Signal(init=1), Signal(range(11)), Signal(10)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        timer = BitTimer(m, self.rate, self.cycles, bits_left == 0, self.cycles // 2)
        m.d.comb += self.o.payload.eq(character[1:9])
        m.d.sync += [self.o.valid.eq(0), self.error.eq(0)]
        with m.If(bits_left == 0), m.If(~line):
            m.d.sync += bits_left.eq(10)
        with m.Elif(timer.tick):
            m.d.sync += [character.eq(Cat(character[1:], line)), bits_left.eq(bits_left - 1)]
            with m.If((bits_left == 10) & line):  # a spike, not a start bit
                m.d.sync += bits_left.eq(0)
            with m.If(bits_left == 1):
                m.d.sync += [self.o.valid.eq(line), self.error.eq(~line)]
        return m


class Transmitter(wiring.Component):
    """Sends bytes on a serial line.

    Parameters
        cycles: clock cycles in a microsecond
    Members
        rate: in, Mbaud, 1 to `FASTEST`; changes only while not `busy`
        i: in stream of bytes
        tx: out, the line, high while idle
        busy: out, a byte is being sent
    Latency
        1 cycle from a byte to the falling edge of its start bit
    Throughput
        one byte in 10 bits
    """

    def __init__(self, cycles: int):
        self.cycles = cycles
        super().__init__(
            {
                "rate": In(range(FASTEST + 1), init=1),
                "i": In(stream.Signature(8)),
                "tx": Out(1, init=1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        character, bits_left = Signal(10, init=0x3FF), Signal(range(11))
        timer = BitTimer(m, self.rate, self.cycles, bits_left == 0, 0)
        m.d.comb += [
            self.tx.eq(character[0]),
            self.busy.eq(bits_left != 0),
            self.i.ready.eq((bits_left == 0) | ((bits_left == 1) & timer.tick)),
        ]
        with m.If(timer.tick & self.busy):
            m.d.sync += [character.eq(Cat(character[1:], 1)), bits_left.eq(bits_left - 1)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [character.eq(Cat(0, self.i.payload, 1)), bits_left.eq(10)]
        return m
