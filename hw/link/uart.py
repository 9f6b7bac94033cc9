"""A carrier of bytes: an asynchronous serial line of 8 data bits, no parity and 1 stop bit.

`baud` derives the divisor, the clock cycles a bit, from the clock and the bit rate.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out


class Character(data.Struct):
    """The ten bits of a byte on the line; the lowest is sent first."""

    start: 1
    byte: 8
    stop: 1


class UARTReceiver(wiring.Component):
    """Receives the bytes of a serial line.

    The majority of three synchronized samples removes glitches of one cycle. Each bit is sampled at
    its centre. The two ends' bit rates may differ by 4 %.

    Parameters
        divisor: clock cycles a bit, at least `baud.MIN_DIVISOR`
    Members
        rx: in, the line, asynchronous, high while idle
        o: out stream of bytes
        error: out pulse, a byte is lost: its stop bit is low, or the byte before it still waits
    Latency
        9.5 bits and 4 cycles from the falling edge of the start bit to the byte
    Throughput
        one byte in 10 bits
    """

    rx: In(1, init=1)
    o: Out(stream.Signature(8))
    error: Out(1)

    def __init__(self, divisor: int):
        self.divisor = divisor
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        sample = Signal(init=1)
        history = Signal(2, init=0b11)
        line, before = Signal(init=1), Signal(init=1)
        character = Signal(Character)
        bits_left = Signal(range(11))
        countdown = Signal(range(self.divisor))

        m.submodules.synchronizer = FFSynchronizer(self.rx, sample, init=1)
        m.d.comb += line.eq((sample & history[0]) | (sample & history[1]) | history.all())
        m.d.sync += [history.eq(Cat(sample, history[0])), before.eq(line)]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)

        with m.If(bits_left == 0):
            m.d.sync += countdown.eq(self.divisor // 2 - 1)
            with m.If(before & ~line):
                m.d.sync += bits_left.eq(10)
        with m.Elif(countdown != 0):
            m.d.sync += countdown.eq(countdown - 1)
        with m.Else():
            m.d.sync += [
                character.eq(Cat(character.as_value()[1:], line)),
                bits_left.eq(bits_left - 1),
                countdown.eq(self.divisor - 1),
            ]
            with m.If((bits_left == 10) & line):  # a spike, not a start bit
                m.d.sync += bits_left.eq(0)
            with m.If(bits_left == 1):
                m.d.comb += self.error.eq(~line | (self.o.valid & ~self.o.ready))
                with m.If(~self.error):
                    m.d.sync += [
                        self.o.payload.eq(Character(Cat(character.as_value()[1:], line)).byte),
                        self.o.valid.eq(1),
                    ]
        return m


class UARTTransmitter(wiring.Component):
    """Sends bytes on a serial line.

    Parameters
        divisor: clock cycles a bit
    Members
        i: in stream of bytes
        tx: out, the line, high while idle
    Latency
        1 cycle from a byte to the falling edge of its start bit
    Throughput
        one byte in 10 bits and 1 cycle
    """

    i: In(stream.Signature(8))
    tx: Out(1, init=1)

    def __init__(self, divisor: int):
        self.divisor = divisor
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        character = Signal(Character, init={"start": 1, "byte": 0xFF, "stop": 1})
        bits_left = Signal(range(11))
        countdown = Signal(range(self.divisor))

        m.d.comb += [self.tx.eq(character.start), self.i.ready.eq(bits_left == 0)]
        with m.If(bits_left == 0):
            m.d.sync += countdown.eq(self.divisor - 1)
            with m.If(self.i.valid):
                m.d.sync += [
                    character.start.eq(0),
                    character.byte.eq(self.i.payload),
                    character.stop.eq(1),
                    bits_left.eq(10),
                ]
        with m.Elif(countdown != 0):
            m.d.sync += countdown.eq(countdown - 1)
        with m.Else():
            m.d.sync += [
                character.eq(Cat(character.as_value()[1:], 1)),
                bits_left.eq(bits_left - 1),
                countdown.eq(self.divisor - 1),
            ]
        return m
