"""Consistent overhead byte stuffing: frames of any bytes, kept apart by zero bytes.

A frame's zeros are replaced by the distance to the next one, so a zero on the line always ends a
frame, and a receiver that was lost finds its way back at the next zero.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..memory.ram import ShallowRam


class Symbol(data.Struct):
    """A received byte, or the end of a frame and whether the frame was broken."""

    byte: 8
    end: 1
    broken: 1


class Piece(data.Struct):
    """A byte to be sent, and whether it is the last one of its frame."""

    byte: 8
    last: 1


class COBSDecoder(wiring.Component):
    """Stuffed bytes in, the frames' bytes out, an end symbol after each frame.

    Empty frames (zeros in a row) give nothing. A frame cut off within a block ends as broken.

    Latency:    none, combinational
    Throughput: one byte a cycle
    """

    i: In(stream.Signature(8))
    o: Out(stream.Signature(Symbol))

    def elaborate(self, platform):
        m = Module()
        inside = Signal()  # a frame has begun
        block_left = Signal(8)  # bytes of the block still to come
        full_block = Signal()  # a block of 254 bytes has no zero after it
        i, o = self.i, self.o

        m.d.comb += [o.p.byte.eq(i.payload), i.ready.eq(~o.valid | o.ready)]
        with m.If(i.payload == 0):
            m.d.comb += [o.valid.eq(i.valid & inside), o.p.end.eq(1)]
            m.d.comb += o.p.broken.eq(block_left != 0)
        with m.Elif(block_left != 0):
            m.d.comb += o.valid.eq(i.valid)
        with m.Else():
            m.d.comb += [o.valid.eq(i.valid & inside & ~full_block), o.p.byte.eq(0)]

        with m.If(i.valid & i.ready):
            m.d.sync += inside.eq(i.payload != 0)
            with m.If(i.payload == 0):
                m.d.sync += block_left.eq(0)
            with m.Elif(block_left != 0):
                m.d.sync += block_left.eq(block_left - 1)
            with m.Else():
                m.d.sync += [block_left.eq(i.payload - 1), full_block.eq(i.payload == 255)]
        return m


class COBSEncoder(wiring.Component):
    """A frame's bytes in, the stuffed frame and its closing zero out.

    The frame is kept in a memory while it comes in: at each zero, and at the end, the distance is
    written back to the place where the decoder looks for it. Frames hold 1 to ``depth - 1``
    bytes, and ``depth`` is at most 254, so that no block is full.

    Latency:    the frame, and 4 cycles
    Throughput: one frame of n bytes in 4 n + 7 cycles
    """

    i: In(stream.Signature(Piece))
    o: Out(stream.Signature(8))

    def __init__(self, depth: int):
        self.depth = depth
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = ShallowRam(8, self.depth)
        code = Signal(range(self.depth + 1))  # where the open block's distance goes
        end = Signal(range(self.depth + 1), init=1)  # where the next byte goes
        place = Signal(range(self.depth + 1))  # the byte being sent

        m.d.comb += memory.address.eq(place)
        with m.FSM():
            with m.State("FILL"):
                m.d.comb += [self.i.ready.eq(1), memory.write.eq(self.i.valid)]
                with m.If(self.i.p.byte == 0):
                    m.d.comb += [memory.write_address.eq(code), memory.write_data.eq(end - code)]
                with m.Else():
                    m.d.comb += [memory.write_address.eq(end), memory.write_data.eq(self.i.p.byte)]
                with m.If(self.i.valid):
                    m.d.sync += end.eq(end + 1)
                    with m.If(self.i.p.byte == 0):
                        m.d.sync += code.eq(end)
                    with m.If(self.i.p.last):
                        m.next = "CLOSE"
            with m.State("CLOSE"):
                m.d.comb += [
                    memory.write.eq(1),
                    memory.write_address.eq(code),
                    memory.write_data.eq(end - code),
                ]
                m.d.sync += place.eq(0)
                m.next = "FETCH"
            with m.State("FETCH"):
                m.next = "READ"
            with m.State("READ"):
                m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(place != end):
                    m.d.comb += self.o.payload.eq(memory.data)
                with m.If(self.o.ready):
                    m.d.sync += place.eq(place + 1)
                    m.next = "FETCH"
                    with m.If(place == end):
                        m.d.sync += [code.eq(0), end.eq(1)]
                        m.next = "FILL"
        return m
