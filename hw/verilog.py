"""The accelerator as one Verilog file with flat port names."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .accelerator import Accelerator
from .lib.verilog import convert
from .program import STREAM_WORD_BITS, Program

NAME = "fireline"
"""The top module."""

HEADER = """\
/* Fireline accelerator {identifier:08x}, array {array}. Generated: change the generator.

   The lint warnings below are harmless: several modules share the file; a struct has a name for the
   whole and one for each field; constants are as narrow as their values allow; registers have
   initial values; signals without bits are declared but not used; a case without a default follows
   a default assignment. */
{waivers}"""

WAIVERS = (
    "ASCRANGE",
    "CASEINCOMPLETE",
    "DECLFILENAME",
    "PROCASSINIT",
    "SYMRSVDWORD",
    "UNUSEDSIGNAL",
    "VARHIDDEN",
    "WIDTHEXPAND",
    "WIDTHTRUNC",
)


class Top(wiring.Component):
    """The accelerator with the port names of the Verilog file, which adds `clk` and `rst`.

    Parameters
        program: what the accelerator computes
        watched: whether there are the `watch` ports, for tests
    Members (see `Accelerator`)
        abort: in, resets the core
        pixel_data, pixel_valid, pixel_ready: the pixel stream; 8 bits a channel, the first lowest
        score_data, score_last, score_valid, score_ready: the score stream
        block_wanted, weight_valid, weight_data: a streamed classifier's weights
        watch_valid, watch_values: out, the values of each beat that leaves the requantizer; 16 bits
            a lane, the first lowest
        watch_pool_valid, watch_pool_word: out, each word that leaves the pool; 8 bits a channel
    """

    def __init__(self, program: Program, *, watched: bool = False):
        self.program, self.watched = program, watched
        ports = {
            "abort": In(1),
            "pixel_data": In(8 * program.window.channels),
            "pixel_valid": In(1),
            "pixel_ready": Out(1),
            "score_data": Out(32),
            "score_last": Out(1),
            "score_valid": Out(1),
            "score_ready": In(1),
        }
        if program.head:
            ports |= {
                "block_wanted": Out(1),
                "weight_valid": In(1),
                "weight_data": In(STREAM_WORD_BITS),
            }
        if watched:
            ports |= watch_ports(program)
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        m.submodules.accelerator = core = Accelerator(self.program)
        m.d.comb += [
            core.abort.eq(self.abort),
            core.pixel.payload.eq(self.pixel_data),
            core.pixel.valid.eq(self.pixel_valid),
            self.pixel_ready.eq(core.pixel.ready),
            self.score_data.eq(core.score.payload.score),
            self.score_last.eq(core.score.payload.last),
            self.score_valid.eq(core.score.valid),
            core.score.ready.eq(self.score_ready),
        ]
        if self.program.head:
            m.d.comb += [
                self.block_wanted.eq(core.block_wanted),
                core.head.valid.eq(self.weight_valid),
                core.head.payload.eq(self.weight_data),
            ]
        if self.watched:
            m.d.comb += [
                self.watch_valid.eq(core.watch.valid),
                self.watch_values.eq(core.watch.values),
                self.watch_pool_valid.eq(core.watch_pool.valid),
                self.watch_pool_word.eq(core.watch_pool.word),
            ]
        return m


def watch_ports(program: Program) -> dict[str, wiring.Member]:
    """The ports that show what leaves the requantizer and the pool."""
    return {
        "watch_valid": Out(1),
        "watch_values": Out(16 * program.requantizer_lanes),
        "watch_pool_valid": Out(1),
        "watch_pool_word": Out(8 * program.array.ci),
    }


def to_verilog(program: Program, *, watched: bool = False) -> str:
    """The text of a self-contained Verilog-2005 file whose top module is `NAME`; see `Top`.

    The text depends on the program alone and contains no paths.
    """
    header = HEADER.format(
        identifier=program.identifier,
        array=program.array,
        waivers="".join(f"/* verilator lint_off {name} */\n" for name in WAIVERS),
    )
    top = Top(program, watched=watched)
    return header + convert(top, NAME)
