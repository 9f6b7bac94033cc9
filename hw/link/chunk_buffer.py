"""The buffer that holds a chunk's bytes back until its packet is known to be whole."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay


class ChunkBuffer(wiring.Component):
    """A queue of bytes whose newest ones can be taken back.

    A byte from `i` waits until `keep` releases all that wait to `o`, or `drop` removes them. The
    last `IN_FLIGHT` places may stay free, because `i.ready` counts the bytes that are on their way
    to the block RAM.

    Parameters
        depth: bytes, a power of two
    Members
        i: in stream of bytes
        keep: in pulse, releases every byte taken from `i` so far
        drop: in pulse, removes every byte taken from `i` since the last `keep`
        o: out stream of the kept bytes
        roomy: out, at least half the depth is free of kept bytes
    Latency
        3 cycles from `keep` to the first byte, and to `roomy`
    Throughput
        one byte a cycle in, one byte in `READ_CYCLES` out
    """

    IN_FLIGHT = 4
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
        # A read in the cycle of a write to the same address is never used: that byte is not kept.
        m.submodules.bytes = memory = Memory(shape=8, depth=self.depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        counter = range(2 * self.depth)  # one bit more than an address: full is not empty
        newest, kept, taken = Signal(counter), Signal(counter), Signal(counter)
        held, kept_left = Signal(counter), Signal(counter)
        i, o = self.i, self.o

        m.d.sync += [
            self.roomy.eq(kept_left <= self.depth // 2),
            i.ready.eq(routing.delay(m, held <= self.depth - self.IN_FLIGHT, 1, reset_less=False)),
        ]
        # The block RAM may be far: registers on the wires to it, and its own output register.
        m.d.comb += [
            held.eq(newest - taken),
            kept_left.eq(kept - taken),
            write.addr.eq(newest),
            write.data.eq(routing.delay(m, i.payload, 1)),
            write.en.eq(routing.delay(m, i.valid & i.ready, 1, reset_less=False)),
            read.addr.eq(taken),
            o.payload.eq(routing.delay(m, read.data, 1)),
        ]
        with m.If(write.en):
            m.d.sync += newest.eq(newest + 1)
        keep, drop = (delay(m, pulse, 1, reset_less=False) for pulse in (self.keep, self.drop))
        with m.If(keep):
            m.d.sync += kept.eq(newest)
        with m.Elif(drop):
            m.d.sync += newest.eq(kept)
        self._build_output(m, kept != taken, taken)
        return m

    def _build_output(self, m, any_kept, taken):
        """Offers a byte once its read is complete."""
        o = self.o
        reading = Signal(range(self.READ_CYCLES))  # cycles until the next byte has been read
        with m.If(o.valid & o.ready):
            m.d.sync += [o.valid.eq(0), taken.eq(taken + 1), reading.eq(self.READ_CYCLES - 2)]
        with m.Elif(reading != 0):
            m.d.sync += reading.eq(reading - 1)
        with m.Else():
            m.d.sync += o.valid.eq(any_kept)
