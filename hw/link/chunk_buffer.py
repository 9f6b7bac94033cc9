"""Bytes held back until the frame that brought them is known to be whole."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..lib.delay import delay


class ChunkBuffer(wiring.Component):
    """A queue whose newest bytes can still be taken back.

    Bytes come in and wait. ``keep`` hands all that wait to the output, ``drop`` forgets them.
    ``roomy`` says that half the depth, which is a power of two, is free of kept bytes. The last
    `ON_THEIR_WAY` places may stay free: the block RAM may be far, so there are registers on the way
    there and on the way back.

    Latency:    3 cycles from ``keep`` to the first byte, and to ``roomy``
    Throughput: one byte a cycle in, one each `READ_CYCLES` out, several times a serial line's rate
    """

    ON_THEIR_WAY = 4
    READ_CYCLES = 3

    i: In(stream.Signature(8))
    keep: In(1)
    drop: In(1)
    o: Out(stream.Signature(8))
    roomy: Out(1)

    def __init__(self, depth: int):
        self.depth = depth
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        # What is read in the cycle of a write is never used: it is not kept yet.
        m.submodules.bytes = memory = Memory(shape=8, depth=self.depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        counter = range(2 * self.depth)  # one bit more than an address: full is not empty
        newest, kept, taken = Signal(counter), Signal(counter), Signal(counter)
        held = Signal(counter)
        kept_left = Signal(counter)
        i, o = self.i, self.o
        keep, drop = (delay(m, pulse, 1, reset_less=False) for pulse in (self.keep, self.drop))

        m.d.sync += [
            self.roomy.eq(kept_left <= self.depth // 2),
            i.ready.eq(delay(m, held <= self.depth - self.ON_THEIR_WAY, 1, reset_less=False)),
        ]
        m.d.comb += [
            held.eq(newest - taken),
            kept_left.eq(kept - taken),
            write.addr.eq(newest),
            write.data.eq(delay(m, i.payload, 1)),
            write.en.eq(delay(m, i.valid & i.ready, 1, reset_less=False)),
            read.addr.eq(taken),
            o.payload.eq(delay(m, read.data, 1)),
        ]
        with m.If(write.en):
            m.d.sync += newest.eq(newest + 1)
        with m.If(keep):
            m.d.sync += kept.eq(newest)
        with m.Elif(drop):
            m.d.sync += newest.eq(kept)
        reading = Signal(range(self.READ_CYCLES))  # cycles until the next byte has been read
        with m.If(o.valid & o.ready):
            m.d.sync += [o.valid.eq(0), taken.eq(taken + 1), reading.eq(self.READ_CYCLES - 2)]
        with m.Elif(reading != 0):
            m.d.sync += reading.eq(reading - 1)
        with m.Else():
            m.d.sync += o.valid.eq(kept != taken)
        return m
