"""Reads the SDRAM's contents block by block, and checks each round through them."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from .block_timing import BlockTiming
from .chip import WORD_BITS, SdramCycles, SdramGeometry
from .contents import SdramContents
from .controller import Action, request_layout


class BlockReader(wiring.Component):
    """Reads the blocks in their order, again and again, one for each request.

    An idle reader accepts `block_wanted` and sends exactly one block. The cycles that this takes
    are always the same, so a consumer may rely on them; one cycle after the block's last word the
    reader is idle again. The first block follows the last one. The reader must be the controller's
    only client from the first `block_wanted` after a restart on.

    Parameters
        geometry: of the chip
        cycles: the chip's times at this clock
        contents: the blocks and their check
    Members
        block_wanted: in, requests a block, sampled while the reader is idle
        restart: in, ends all requests and continues with the first block
        o: out stream of words, without back pressure
        round_end: out pulse, `CHECK_LATENCY` cycles after the last word of the last block
        intact: out, valid with `round_end`: the CRC-32 of this round's words matches
        request, hold, read_valid, read_data: the controller's
    Latency
        `timing.block_cycles` from a block's request to its last word, both included
    Throughput
        `timing.words_per_cycle`, 0.98 words a cycle for blocks of some thousand words
    """

    CHECK_LATENCY = 3

    def __init__(self, geometry: SdramGeometry, cycles: SdramCycles, contents: SdramContents):
        self.contents, self.cycles = contents, cycles
        self.timing = BlockTiming(contents.block_bursts, cycles)
        super().__init__(
            {
                "block_wanted": In(1),
                "restart": In(1),
                "o": Out(stream.Signature(WORD_BITS, always_ready=True)),
                "round_end": Out(1),
                "intact": Out(1),
                "request": Out(stream.Signature(request_layout(geometry))),
                "hold": Out(1),
                "read_valid": In(1),
                "read_data": In(WORD_BITS),
            }
        )

    def elaborate(self, platform):
        m, outer = Module(), Module()
        contents = self.contents
        last_word = Signal()
        burst = Signal(range(contents.bursts))  # the next one
        words = Signal(range(contents.block_words))  # of the block, after the next one

        with m.If(self.o.valid):
            m.d.sync += words.eq(words - 1)
        flushing, idle = self._build_requests(m, burst, words, last_word)
        m.d.comb += [
            self.o.payload.eq(self.read_data),
            self.o.valid.eq(self.read_valid & ~flushing),
            last_word.eq(self.o.valid & (words == 0)),
            self.hold.eq(~flushing & ~idle),
        ]
        self._build_check(m, last_word & (burst == 0))
        outer.submodules.core = ResetInserter(self.restart)(m)
        return outer

    def _build_requests(self, m, burst, words, last_word):
        """Requests a block's refreshes and bursts. Returns whether it flushes, and is idle."""
        contents, timing, request = self.contents, self.timing, self.request
        wait = Signal(range(timing.flush_cycles), init=timing.flush_cycles - 1)
        unread = Signal(range(contents.block_bursts + 1))  # bursts of the block to request
        stretch = Signal(range(timing.stretch_bursts + 1))  # bursts of the stretch to request
        refreshes = Signal(range(timing.stretch_refreshes + 1))
        m.d.comb += request.p.burst.eq(burst)
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.FSM() as steps:
            with m.State("FLUSH"), m.If(wait == 0):
                m.next = "IDLE"
            with m.State("IDLE"), m.If(self.block_wanted):
                m.d.sync += [
                    wait.eq(timing.start_cycles - 1),
                    unread.eq(contents.block_bursts),
                    words.eq(contents.block_words - 1),
                ]
                m.next = "START"
            with m.State("START"), m.If(wait == 0):
                m.d.sync += refreshes.eq(timing.stretch_refreshes)
                m.next = "REFRESH"
            with m.State("REFRESH"):
                m.d.comb += [request.valid.eq(1), request.p.action.eq(Action.REFRESH)]
                m.d.sync += stretch.eq(timing.stretch_bursts)
                with m.If(request.ready):
                    m.d.sync += refreshes.eq(refreshes - 1)
                    with m.If(refreshes == 1):
                        m.next = "READ"
            with m.State("READ"):
                m.d.comb += [request.valid.eq(1), request.p.action.eq(Action.READ)]
                m.d.sync += refreshes.eq(timing.stretch_refreshes)
                with m.If(request.ready):
                    m.d.sync += [
                        burst.eq(Mux(burst == contents.bursts - 1, 0, burst + 1)),
                        unread.eq(unread - 1),
                        stretch.eq(stretch - 1),
                    ]
                    with m.If(unread == 1):
                        m.next = "FINISH"
                    with m.Elif(stretch == 1):
                        m.next = "REFRESH"
            with m.State("FINISH"), m.If(last_word):
                m.next = "IDLE"
        return steps.ongoing("FLUSH"), steps.ongoing("IDLE")

    def _build_check(self, m, last):
        """Computes the CRC-32 of a round, one cycle late; `last` marks the round's last word."""
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=WORD_BITS).create()
        last_taken, last_counted = Signal(), Signal()
        m.d.sync += [
            crc.data.eq(self.o.payload),
            crc.valid.eq(self.o.valid),
            last_taken.eq(last),
            last_counted.eq(last_taken),
            self.round_end.eq(last_counted),
            self.intact.eq(crc.crc == self.contents.check),
        ]
        m.d.comb += crc.start.eq(last_counted)
