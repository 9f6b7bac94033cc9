"""The check of a packet: its last four bytes, a CRC-32 as in Ethernet."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from .cobs import Piece, Symbol

CHECK_BYTES = 4


class PacketChecker(wiring.Component):
    """Removes each packet's check and marks the packet broken if the check does not match.

    Members
        i: in stream of the packets' bytes, check included, and their end symbols
        o: out stream of the same packets without the check; an end symbol's `broken` is set if
           `i` says so, if the packet is shorter than its check, or if the check does not match
    Latency
        a byte leaves in the cycle in which the fourth byte after it arrives; an end symbol leaves
        in the cycle in which it arrives
    Throughput
        one byte a cycle
    """

    i: In(stream.Signature(Symbol))
    o: Out(stream.Signature(Symbol))

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = CRC32_ISO_HDLC().create()
        tail = Signal(data.ArrayLayout(8, CHECK_BYTES))  # the newest bytes, the oldest first
        held = Signal(range(CHECK_BYTES + 1))
        full = held == CHECK_BYTES
        i, o = self.i, self.o

        m.d.comb += [
            o.p.byte.eq(tail[0]),
            o.p.end.eq(i.p.end),
            o.p.broken.eq(i.p.broken | ~full | ~crc.match_detected),
            o.valid.eq(i.valid & (full | i.p.end)),
            i.ready.eq(o.ready | ~o.valid),
            crc.data.eq(i.p.byte),
        ]
        with m.If(i.valid & i.ready):
            with m.If(i.p.end):
                m.d.comb += crc.start.eq(1)
                m.d.sync += held.eq(0)
            with m.Else():
                m.d.comb += crc.valid.eq(1)
                m.d.sync += [tail[place].eq(tail[place + 1]) for place in range(CHECK_BYTES - 1)]
                m.d.sync += tail[CHECK_BYTES - 1].eq(i.p.byte)
                with m.If(~full):
                    m.d.sync += held.eq(held + 1)
        return m


class CheckAppender(wiring.Component):
    """Appends its check to each packet.

    Members
        i: in stream of the packets' bytes
        o: out stream of the packets' bytes, each packet followed by its check
    Latency
        1 cycle
    Throughput
        a packet of n bytes in n + 4 cycles
    """

    i: In(stream.Signature(Piece))
    o: Out(stream.Signature(Piece))

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = CRC32_ISO_HDLC().create()
        check = data.View(data.ArrayLayout(8, CHECK_BYTES), crc.crc)
        place = Signal(range(CHECK_BYTES))
        i, o = self.i, self.o
        free = ~o.valid | o.ready

        m.d.comb += crc.data.eq(i.p.byte)
        with m.If(o.ready):
            m.d.sync += o.valid.eq(0)
        with m.FSM():
            with m.State("PACKET"):
                m.d.comb += i.ready.eq(free)
                with m.If(i.valid & i.ready):
                    m.d.comb += crc.valid.eq(1)
                    m.d.sync += [o.valid.eq(1), o.p.byte.eq(i.p.byte), o.p.last.eq(0)]
                    with m.If(i.p.last):
                        m.next = "CHECK"
            with m.State("CHECK"), m.If(free):
                m.d.sync += [o.valid.eq(1), o.p.byte.eq(check[place]), place.eq(place + 1)]
                with m.If(place == CHECK_BYTES - 1):
                    m.d.comb += crc.start.eq(1)
                    m.d.sync += o.p.last.eq(1)
                    m.next = "PACKET"
        return m
