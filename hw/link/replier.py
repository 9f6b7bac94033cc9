"""Answers the host's requests: requests in, the bytes of their answers out."""

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .cobs import Piece
from .protocol import (
    FRAME_CHECK_BYTES,
    IDENTITY_BYTES,
    SCORE_BYTES,
    SCORES_PER_PART,
    Identity,
    Kind,
    MemoryState,
)
from .requests import Header
from .score_store import ScorePlace, ScoreStore

SCORES_BYTES = SCORE_BYTES * SCORES_PER_PART + FRAME_CHECK_BYTES + 1


class Replier(wiring.Component):
    """Turns requests into the bytes of their answers.

    A newer request replaces one whose answer has not begun. If the board takes weights, the state
    of their memory is the answer to START and RESULT until it is READY.

    Parameters
        identity: what the board runs
    Members
        request: in, valid while `arrived`
        arrived: in pulse, a request
        wanted: in, number of the chunk wanted next (8 bits)
        roomy: in, allows the answer to a chunk
        done: in, the scores are stored
        memory: in, state of the external memory
        part, place: out, which byte of the scores to read
        byte: in, that byte, `ScoreStore.LATENCY` cycles later
        check: in, CRC-32 of the frame's bytes
        o: out stream of the answers' bytes
    Latency
        3 cycles from the request to the first byte
    Throughput
        one byte in 6 cycles
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
    check: In(8 * FRAME_CHECK_BYTES)
    o: Out(stream.Signature(Piece))

    def __init__(self, identity: Identity):
        self.identity = identity
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        waiting, byte, last = Signal(), Signal(8, reset_less=True), Signal(reset_less=True)
        newest, current = Signal(Header), Signal(Header)
        left = Signal(range(SCORES_BYTES + 1))  # data bytes still to send
        o = self.o

        m.d.comb += [self.part.eq(current.argument), o.p.byte.eq(byte), o.p.last.eq(last)]
        with m.FSM():
            with m.State("WAIT"):
                m.d.sync += [current.eq(newest), self.place.eq(0)]
                self._choose_answer(m, newest, current, left)
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
                    m.next = "READ 1"
                    with m.If(last):
                        m.next = "WAIT"
            # `place` changes as SEND begins, so SEND is the first cycle of the store's latency.
            for cycle in range(1, ScoreStore.LATENCY):
                with m.State(f"READ {cycle}"):
                    m.next = f"READ {cycle + 1}" if cycle + 1 < ScoreStore.LATENCY else "DATA"
            with m.State("DATA"):
                self._choose_data(m, current, byte, left)
                m.d.sync += [last.eq(left == 1), left.eq(left - 1)]
                m.d.sync += self.place.eq(self.place.as_value() + 1)
                m.next = "SEND"
        with m.If(self.arrived):
            m.d.sync += [newest.eq(self.request), waiting.eq(1)]
        return m

    def _choose_answer(self, m, newest, current, left):
        """Chooses the answer's number of data bytes; replaces a refused request by MEMORY."""
        m.d.sync += left.eq(0)
        with m.If(newest.kind == Kind.HELLO):
            m.d.sync += left.eq(IDENTITY_BYTES)
        with m.If((newest.kind == Kind.RESULT) & self.done):
            m.d.sync += left.eq(SCORES_BYTES)
        if self.identity.weight_bytes:
            needs = (newest.kind == Kind.START) | (newest.kind == Kind.RESULT)
            refused = needs & (self.memory != MemoryState.READY)
            with m.If(refused | (newest.kind == Kind.MEMORY)):
                m.d.sync += [current.kind.eq(Kind.MEMORY), left.eq(1)]

    def _choose_data(self, m, current, byte, left):
        """Chooses the next byte of data: of the identity, the memory's state or the scores."""
        identity = Array(self.identity.to_bytes())
        m.d.sync += byte.eq(self.byte)
        with m.If(left == 1):
            m.d.sync += byte.eq(current.argument)
        with m.Elif(left <= 1 + FRAME_CHECK_BYTES):  # `place` starts over after the last score
            m.d.sync += byte.eq(self.check.word_select(self.place.byte, 8))
        with m.If(current.kind == Kind.HELLO):
            m.d.sync += byte.eq(identity[self.place.as_value()])
        with m.Elif(current.kind == Kind.MEMORY):
            m.d.sync += byte.eq(self.memory)
