"""The hardware around the accelerator in simulation: its clock, its pixels and its scores."""

from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..host.compiler.buffers import StreamedHead
from ..hw import verilog as accelerator
from ..hw.lib.verilog import convert
from ..hw.program import Program
from ..hw.sdram.chip import SdramCycles, SdramGeometry, SdramTiming
from ..hw.sdram.contents import SdramContents
from ..hw.sdram.controller import SdramController
from ..hw.sdram.reader import BlockReader
from ..hw.system import contents_of
from .job import CHUNK
from .sdram import SimulatedSdram

NAME = "harness"
"""The top module."""

TIMING = SdramTiming(power_up=1000.0)
"""The simulated SDRAM's; a short power-up, because the chip holds its contents from the start."""

CLOCK = """
module clock(output reg clk);
  initial clk = 0;
  always #1 clk = ~clk;
endmodule
"""


class Harness(wiring.Component):
    """Sends pixels to the Verilog module `fireline`, makes its clock and collects its scores.

    Pixels arrive in chunks of `CHUNK`, while `more` is 1. `chunks` counts up when the last pixel of
    a chunk is accepted; the testbench must set the next chunk before the next rising edge of `clk`.

    All inputs are registered first, because Verilator evaluates logic that depends on an input
    twice per cycle.

    Parameters
        program: the accelerator's program
        watched: whether to bring out the accelerator's watch ports
        head: a streamed classifier, whose weights come from a simulated SDRAM that holds them from
            the start; None if they are on the chip
    Members
        clk: Out, the clock that the harness makes
        reset, abort: In, act one cycle later; `abort` also drops the chunk that is being sent
        pixels: In, a chunk (uint8, pixel after pixel, the first one lowest)
        more: In, `pixels` holds a chunk
        chunks: Out, accepted chunks, modulo 2^32
        score, last: Out, the most recent score, until the next one
        cycle: Out, the cycle since reset in which that score was accepted
        scores: Out, accepted scores, modulo 2^32
        pixel_stall, score_stall: In, share of cycles, in 1/256, in which pixels and scores wait
        seed: In, of the random stalls (uint32, not 0), sampled at the first rising edge
    """

    def __init__(
        self, program: Program, *, watched: bool = False, head: StreamedHead | None = None
    ):
        self.pixel_bits = 8 * program.window.channels
        self.watch_ports = accelerator.watch_ports(program) if watched else {}
        self.contents, self.head = contents_of(program), head
        ports = {
            "clk": Out(1),
            "reset": In(1),
            "abort": In(1),
            "pixels": In(CHUNK * self.pixel_bits),
            "more": In(1),
            "chunks": Out(32),
            "score": Out(32),
            "last": Out(1),
            "cycle": Out(48),
            "scores": Out(32),
            "pixel_stall": In(8),
            "score_stall": In(8),
            "seed": In(32),
        }
        super().__init__(ports | self.watch_ports)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(reset_less=True)
        m.submodules.clock = Instance("clock", o_clk=ClockSignal())
        m.d.comb += self.clk.eq(ClockSignal())
        reset, abort = Signal(), Signal()
        m.d.sync += [reset.eq(self.reset), abort.eq(self.abort)]

        random = self._build_random(m)
        pixel_ports = self._build_pixels(m, random[:8])
        score_ports = self._build_scores(m, random[16:24], reset, abort)
        memory_ports = {}
        if self.head and self.contents:
            memory_ports = self._build_memory(m, self.head, self.contents, reset | abort)
        m.submodules.accelerator = Instance(
            accelerator.NAME,
            i_clk=ClockSignal(),
            i_rst=reset,
            i_abort=abort,
            **pixel_ports,
            **score_ports,
            **memory_ports,
            **{f"o_{name}": getattr(self, name) for name in self.watch_ports},
        )
        return m

    def _build_random(self, m):
        """32 random bits each cycle, by xorshift.

        Source: Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (14), 2003.
        """
        random = Signal(32)
        first, second, third = Signal(32), Signal(32), Signal(32)
        m.d.comb += [
            first.eq(random ^ (random << 13)),
            second.eq(first ^ (first >> 17)),
            third.eq(second ^ (second << 5)),
        ]
        m.d.sync += random.eq(Mux(random == 0, self.seed, third))
        return random

    def _build_pixels(self, m, random):
        """Offers the pixels of a chunk one by one; returns the accelerator's ports for them."""
        pixel, offered, ready = Signal(self.pixel_bits), Signal(), Signal()
        place = Signal(range(CHUNK))  # of the next pixel in its chunk
        with m.If(~offered | ready):
            m.d.sync += offered.eq(0)
            with m.If(self.more & (random >= self.pixel_stall)):
                m.d.sync += [
                    offered.eq(1),
                    pixel.eq(self.pixels.word_select(place, self.pixel_bits)),
                    place.eq(place + 1),
                    self.chunks.eq(self.chunks + (place == CHUNK - 1)),
                ]
        with m.If(self.abort):
            m.d.sync += [offered.eq(0), place.eq(0)]
        return {"i_pixel_data": pixel, "i_pixel_valid": offered, "o_pixel_ready": ready}

    def _build_scores(self, m, random, reset, abort):
        """Keeps the last score and its cycle; returns the accelerator's ports for scores."""
        score, last, valid, ready = Signal(32), Signal(), Signal(), Signal()
        now = Signal(48)
        m.d.sync += [ready.eq(random >= self.score_stall), now.eq(now + 1)]
        with m.If(valid & ready & ~abort):
            m.d.sync += [
                self.score.eq(score),
                self.last.eq(last),
                self.cycle.eq(now),
                self.scores.eq(self.scores + 1),
            ]
        with m.If(reset):
            m.d.sync += now.eq(0)
        return {
            "o_score_data": score,
            "o_score_last": last,
            "o_score_valid": valid,
            "i_score_ready": ready,
        }

    def _build_memory(self, m, head: StreamedHead, contents: SdramContents, restart):
        """An SDRAM, its controller and a reader; returns the accelerator's ports for weights."""
        geometry, cycles = SdramGeometry(), SdramCycles.of(TIMING, head.clock_mhz)
        m.submodules.chip = chip = SimulatedSdram(geometry, TIMING, head.clock_mhz)
        m.submodules.controller = controller = SdramController(geometry, cycles)
        m.submodules.reader = reader = BlockReader(geometry, cycles, contents)
        wiring.connect(m, controller.pins, chip.pins)
        wiring.connect(m, reader.request, controller.request)
        m.d.comb += [
            reader.restart.eq(restart),
            controller.hold.eq(reader.hold),
            reader.read_valid.eq(controller.read_valid),
            reader.read_data.eq(controller.read_data),
        ]
        return {
            "o_block_wanted": reader.block_wanted,
            "i_weight_valid": reader.o.valid,
            "i_weight_data": reader.o.payload,
        }


def to_verilog(harness: Harness) -> str:
    """The Verilog of the module `harness`, without the module `fireline` that it instantiates."""
    return convert(harness, NAME) + CLOCK


def ports(harness: Harness) -> tuple[str, ...]:
    """The names of its ports."""
    return tuple(harness.signature.members)
