"""The SDRAM's image as a stream, a block at a time, checked from end to end each time."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from .block_timing import BlockTiming
from .chip import WORD_BITS, SdramCycles, SdramGeometry
from .contents import SdramContents
from .controller import Action, request_layout


class BlockReader(wiring.Component):
    """The words of an image in SDRAM, from the first to the last, again and again.

    `block_wanted`, seen while the reader is idle, makes it send exactly one block on `o`, whose
    consumer is always ready; the last word of the block
    comes `schedule.block_cycles - 1` cycles later, always, and one cycle after that the reader is
    idle again. After the last block comes the first. `restart`, for as many cycles as one likes,
    ends all that is under way and begins with the first word of the image.

    `CHECK_LATENCY` cycles after the last word of each pass through the image `passed` pulses, and
    `intact` says whether the CRC-32 of its words was the image's.

    The controller must be the reader's alone from the first `block_wanted` after a restart on.

    Latency:    `schedule.block_cycles` from request to last word
    Throughput: `schedule.words_per_cycle`, for blocks of some thousand words 0.98 a cycle
    """

    CHECK_LATENCY = 3

    def __init__(self, geometry: SdramGeometry, cycles: SdramCycles, contents: SdramContents):
        self.contents, self.cycles = contents, cycles
        self.schedule = BlockTiming(contents.block_bursts, cycles)
        super().__init__(
            {
                "block_wanted": In(1),
                "restart": In(1),
                "o": Out(stream.Signature(WORD_BITS, always_ready=True)),
                "passed": Out(1),
                "intact": Out(1),
                "request": Out(stream.Signature(request_layout(geometry))),
                "hold": Out(1),
                "read_valid": In(1),
                "read_data": In(WORD_BITS),
            }
        )

    def elaborate(self, platform):
        m, outer = Module(), Module()
        contents, schedule, request = self.contents, self.schedule, self.request
        wait = Signal(range(schedule.flush), init=schedule.flush - 1)
        burst = Signal(range(contents.bursts))
        unread = Signal(range(contents.block_bursts + 1))  # bursts of the block to be asked for
        stretch = Signal(range(schedule.stretch_bursts + 1))  # of them, of this stretch
        refreshes = Signal(range(schedule.refreshes + 1))
        words = Signal(range(contents.block_words))  # of the block, to come after the next one
        last_word = Signal()

        with m.If(self.o.valid):
            m.d.sync += words.eq(words - 1)
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.FSM() as steps:
            with m.State("FLUSH"), m.If(wait == 0):
                m.next = "IDLE"
            with m.State("IDLE"), m.If(self.block_wanted):
                m.d.sync += [
                    wait.eq(schedule.start - 1),
                    unread.eq(contents.block_bursts),
                    words.eq(contents.block_words - 1),
                ]
                m.next = "START"
            with m.State("START"), m.If(wait == 0):
                m.d.sync += refreshes.eq(schedule.refreshes)
                m.next = "REFRESH"
            with m.State("REFRESH"):
                m.d.comb += [request.valid.eq(1), request.p.action.eq(Action.REFRESH)]
                m.d.sync += stretch.eq(schedule.stretch_bursts)
                with m.If(request.ready):
                    m.d.sync += refreshes.eq(refreshes - 1)
                    with m.If(refreshes == 1):
                        m.next = "READ"
            with m.State("READ"):
                m.d.comb += [request.valid.eq(1), request.p.action.eq(Action.READ)]
                m.d.sync += refreshes.eq(schedule.refreshes)
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
        flushing = steps.ongoing("FLUSH")
        m.d.comb += [
            self.o.payload.eq(self.read_data),
            self.o.valid.eq(self.read_valid & ~flushing),
            last_word.eq(self.o.valid & (words == 0)),
            request.p.burst.eq(burst),
            self.hold.eq(~flushing & ~steps.ongoing("IDLE")),
        ]
        self._build_check(m, last_word & (burst == 0))
        outer.submodules.core = ResetInserter(self.restart)(m)
        return outer

    def _build_check(self, m, last):
        """The words of a pass, a cycle late; `last`, with the last one, ends it."""
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=WORD_BITS).create()
        last_taken, last_counted = Signal(), Signal()
        m.d.sync += [
            crc.data.eq(self.o.payload),
            crc.valid.eq(self.o.valid),
            last_taken.eq(last),
            last_counted.eq(last_taken),
            self.passed.eq(last_counted),
            self.intact.eq(crc.crc == self.contents.check),
        ]
        m.d.comb += crc.start.eq(last_counted)
