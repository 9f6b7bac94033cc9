"""What stands around the accelerator in simulation: its clock, pixels for it, and its scores."""

from amaranth.back import verilog
from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..host.compiler.buffers import StreamedHead
from ..hw import verilog as accelerator
from ..hw.program import Program
from ..hw.sdram.chip import SdramCycles, SdramGeometry, SdramTiming
from ..hw.sdram.controller import SdramController
from ..hw.sdram.reader import BlockReader
from ..hw.system import contents_of
from .sdram import SimulatedSdram

NAME = "harness"
"""The top module."""

TIMING = SdramTiming(power_up=1000.0)
"""Of the simulated SDRAM: it has long been powered when it holds weights."""

CHUNK = 32
"""Pixels that Python hands over at a time: what is wider costs more in every cycle."""

CLOCK = """
module clock(output reg clk);
  initial clk = 0;
  always #1 clk = ~clk;
endmodule
"""


class Harness(wiring.Component):
    """Sends pixels to the Verilog module `fireline`, makes its clock and counts its scores.

    Chunks of `CHUNK` pixels on `pixels` (uint8, pixel after pixel, the first one lowest) are sent
    one after the other while `more` is set; `chunks` counts up when the last pixel of one is taken
    over, and the next chunk must be there before the next rising edge of `clk`. `scores` counts up
    with every score, which stays on `score` and `last` until the next one, with the `cycle` since
    reset in which it was taken. Pixels wait in `pixel_stall` of 256 cycles, scores in `score_stall`
    of 256, drawn at random from `seed` (not 0, read at the first edge). `reset` and `abort` act a
    cycle later; `abort` also drops the chunk that is being sent.

    All inputs go into registers first, for what hangs on an input is worked out twice a cycle.
    The weights of a streamed classifier come from a simulated SDRAM that holds them from the
    beginning (`sim/sdram.py`), by a controller and a reader for `memory`'s clock.

    With `watched` the accelerator's watch ports come out, too.
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

        pixel_ready, score_valid, score_ready = Signal(), Signal(), Signal()
        score, last_score = Signal(32), Signal()
        random, now = Signal(32), Signal(48)
        reset, abort = Signal(), Signal()
        m.d.sync += [reset.eq(self.reset), abort.eq(self.abort)]

        # Pixels: the one that is offered, and where in its chunk the next one is.
        pixel, offered, place = Signal(self.pixel_bits), Signal(), Signal(range(CHUNK))
        with m.If(~offered | pixel_ready):
            m.d.sync += offered.eq(0)
            with m.If(self.more & (random[:8] >= self.pixel_stall)):
                m.d.sync += [
                    offered.eq(1),
                    pixel.eq(self.pixels.word_select(place, self.pixel_bits)),
                    place.eq(place + 1),
                    self.chunks.eq(self.chunks + (place == CHUNK - 1)),
                ]
        with m.If(self.abort):
            m.d.sync += [offered.eq(0), place.eq(0)]

        # Scores: the last one taken, and when.
        m.d.sync += [score_ready.eq(random[16:24] >= self.score_stall), now.eq(now + 1)]
        with m.If(score_valid & score_ready & ~abort):
            m.d.sync += [
                self.score.eq(score),
                self.last.eq(last_score),
                self.cycle.eq(now),
                self.scores.eq(self.scores + 1),
            ]
        with m.If(reset):
            m.d.sync += now.eq(0)

        # Marsaglia's xorshift generator.
        first, second, third = Signal(32), Signal(32), Signal(32)
        m.d.comb += [
            first.eq(random ^ (random << 13)),
            second.eq(first ^ (first >> 17)),
            third.eq(second ^ (second << 5)),
        ]
        m.d.sync += random.eq(Mux(random == 0, self.seed, third))

        streamed = self._build_memory(m, reset | abort) if self.head else {}
        m.submodules.accelerator = Instance(
            accelerator.NAME,
            i_clk=ClockSignal(),
            i_rst=reset,
            i_abort=abort,
            i_pixel_data=pixel,
            i_pixel_valid=offered,
            o_pixel_ready=pixel_ready,
            o_score_data=score,
            o_score_last=last_score,
            o_score_valid=score_valid,
            i_score_ready=score_ready,
            **streamed,
            **{f"o_{name}": getattr(self, name) for name in self.watch_ports},
        )
        return m

    def _build_memory(self, m, restart):
        """The SDRAM, its controller and its reader; the accelerator's ports to them."""
        geometry, cycles = SdramGeometry(), SdramCycles.of(TIMING, self.head.clock_mhz)
        m.submodules.chip = chip = SimulatedSdram(geometry, TIMING, self.head.clock_mhz)
        m.submodules.controller = controller = SdramController(geometry, cycles)
        m.submodules.reader = reader = BlockReader(geometry, cycles, self.contents)
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
    """The module `harness`, which needs the module `fireline` beside it."""
    return verilog.convert(harness, name=NAME, emit_src=False, strip_internal_attrs=True) + CLOCK


def ports(harness: Harness) -> tuple[str, ...]:
    """The names of the ports."""
    return tuple(harness.signature.members)
