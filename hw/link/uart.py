"""Asynchronous serial line, 8 data bits, no parity, 1 stop bit: pin in, bytes out, and back."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

MIN_DIVISOR = 4


class Character(data.Struct):
    """The ten bits of a byte on the line, the first to be sent lowest."""

    start: 1
    byte: 8
    stop: 1


class UARTReceiver(wiring.Component):
    """A serial line in, its bytes out.

    The pin is synchronised, and a majority of three samples takes out glitches of one cycle; each
    bit is then sampled at its centre, ``divisor`` cycles apart. A byte whose stop bit is low is
    dropped and ``error`` pulses, as it does when a byte arrives before the last one was taken.

    Formula:    divisor = clock / baud, at least 4; both ends' clocks together may be off by 4 %
    Latency:    9.5 bits and 4 cycles from the falling edge of the start bit
    Throughput: one byte each 10 bits
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
            with m.If((bits_left == 10) & line):  # the start bit was only a spike
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
    """Bytes in, a serial line out, high while there is nothing to send.

    Formula:    divisor = clock / baud
    Latency:    1 cycle from a byte to the falling edge of its start bit
    Throughput: one byte each 10 bits and 1 cycle
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
