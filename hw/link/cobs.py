"""Consistent overhead byte stuffing (COBS): packets of any bytes, separated by zero bytes.

The code replaces each zero of a packet by the distance to the next one. A zero in the stuffed
stream therefore always ends a packet, and a receiver that lost its place resumes at the next zero.

Source: S. Cheshire, M. Baker, Consistent Overhead Byte Stuffing, IEEE/ACM Transactions on
Networking 7(2), 1999.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..memory.distributed_ram import ShallowRam


class Symbol(data.Struct):
    """A received byte; or, if `end`, the end of a packet and whether it was `broken`."""

    byte: 8
    end: 1
    broken: 1


class Piece(data.Struct):
    """A byte to be sent; `last` marks the last one of its packet."""

    byte: 8
    last: 1


class COBSDecoder(wiring.Component):
    """Restores the packets' bytes from the stuffed stream.

    Members
        i: in stream of stuffed bytes
        o: out stream of the packets' bytes, with an end symbol after each packet. An empty packet
           (zeros in a row) yields nothing; a packet that ends within a block ends as broken.
    Latency
        none, combinational
    Throughput
        one byte a cycle
    """

    i: In(stream.Signature(8))
    o: Out(stream.Signature(Symbol))

    def elaborate(self, platform):
        m = Module()
        inside = Signal()  # in a packet
        block_left = Signal(8)  # bytes of the block that have yet to arrive
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
    """Stuffs packets and closes each with a zero.

    A memory holds the packet while it arrives. At each zero, and at the end, the encoder writes the
    distance to the place where the decoder expects it.

    Parameters
        depth: bytes of the memory, at most 254, so that no block is full
    Members
        i: in stream of the packets' bytes, 1 to `depth` - 1 a packet
        o: out stream of stuffed bytes
    Latency
        4 cycles from a packet's last byte to its first stuffed byte
    Throughput
        a packet of n bytes in 4 n + 7 cycles
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
