"""What the board answers: requests in, the bytes of their answers out."""

from itertools import pairwise

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .cobs import Piece
from .protocol import IDENTITY_BYTES, SCORE_BYTES, SCORES_PER_PART, Identity, Kind, MemoryState
from .requests import Header
from .score_store import ScorePlace


class Replier(wiring.Component):
    """Requests in, the bytes of their answers out; a newer request takes an unanswered one's place.

    ``roomy`` allows the answer to a chunk. If there are weights to be loaded, the state of their
    ``memory`` is the answer to what needs them, until it is READY.

    Latency:    2 cycles to the first byte
    Throughput: one byte each 6 cycles
    """

    request: In(Header)
    arrived: In(1)
    wanted: In(8)
    roomy: In(1)
    done: In(1)
    memory: In(MemoryState)
    part: Out(8)
    place: Out(ScorePlace)
    byte: In(8)
    o: Out(stream.Signature(Piece))

    def __init__(self, identity: Identity):
        self.identity = identity
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        waiting, byte, last = Signal(), Signal(8, reset_less=True), Signal(reset_less=True)
        newest, current = Signal(Header), Signal(Header)
        left = Signal(range(SCORE_BYTES * SCORES_PER_PART + 1))  # data bytes still to come
        identity = Array(self.identity.to_bytes())
        o = self.o

        m.d.comb += [self.part.eq(current.argument), o.p.byte.eq(byte), o.p.last.eq(last)]
        with m.FSM():
            with m.State("WAIT"):
                m.d.sync += [current.eq(newest), self.place.eq(0), left.eq(0)]
                with m.If(newest.kind == Kind.HELLO):
                    m.d.sync += left.eq(IDENTITY_BYTES)
                with m.If((newest.kind == Kind.RESULT) & self.done):
                    m.d.sync += left.eq(SCORE_BYTES * SCORES_PER_PART)
                if self.identity.weight_bytes:
                    needs = (newest.kind == Kind.START) | (newest.kind == Kind.RESULT)
                    refused = needs & (self.memory != MemoryState.READY)
                    with m.If(refused | (newest.kind == Kind.MEMORY)):
                        m.d.sync += [current.kind.eq(Kind.MEMORY), left.eq(1)]
                with m.If(waiting & (self.roomy | (newest.kind != Kind.CHUNK))):
                    m.d.sync += waiting.eq(0)
                    m.next = "KIND"
            with m.State("KIND"):
                m.d.sync += [byte.eq(current.kind | Kind.ANSWER), last.eq(0)]
                m.next = "SEND KIND"
            with m.State("SEND KIND"):
                m.d.comb += o.valid.eq(1)
                with m.If(o.ready):
                    m.next = "SEQUENCE"
            with m.State("SEQUENCE"):
                m.d.sync += [byte.eq(current.sequence), last.eq(left == 0)]
                with m.If((current.kind == Kind.CHUNK) | (current.kind == Kind.BROKEN)):
                    m.d.sync += byte.eq(self.wanted)
                m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += o.valid.eq(1)
                with m.If(o.ready):
                    m.next = "READ"
                    with m.If(last):
                        m.next = "WAIT"
            for step, following in pairwise(("READ", "GATHER", "SCORE", "BYTE", "DATA")):
                with m.State(step):
                    m.next = following
            with m.State("DATA"):
                m.d.sync += [byte.eq(self.byte), last.eq(left == 1)]
                with m.If(current.kind == Kind.HELLO):
                    m.d.sync += byte.eq(identity[self.place.as_value()])
                with m.Elif(current.kind == Kind.MEMORY):
                    m.d.sync += byte.eq(self.memory)
                m.d.sync += [left.eq(left - 1), self.place.eq(self.place.as_value() + 1)]
                m.next = "SEND"
        with m.If(self.arrived):
            m.d.sync += [newest.eq(self.request), waiting.eq(1)]
        return m
