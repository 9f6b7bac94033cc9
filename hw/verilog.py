"""The accelerator as one Verilog file with flat port names."""

from amaranth.back import verilog
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .accelerator import Accelerator
from .program import STREAM_WORD_BITS, Program

NAME = "fireline"
"""The top module."""

HEADER = """\
/* Fireline accelerator {identifier:08x}, array {array}; generated, so change the generator.

   What lint finds in netlists of this kind, and why it does no harm: several modules share the
   file, structs are named as a whole and field by field, constants are as wide as they must be,
   registers have initial values, a signal without bits is declared but not used, and a case
   without a default follows a default assignment. */
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
    """The accelerator with the port names of the Verilog file; beside them are `clk` and `rst`.

    The weights of a streamed classifier come in by `weight_data` and `weight_valid`, a group at a
    time as long as `block_wanted` is set; see `Accelerator`.

    With `watched`, `watch_valid` and `watch_values` (16 bits a lane, the first one lowest) show
    the values that leave the requantizer, `watch_pool_valid` and `watch_pool_word` (8 bits a
    channel) the words that leave the pool.
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
    """The ports that show what leaves requantizer and pool."""
    return {
        "watch_valid": Out(1),
        "watch_values": Out(16 * program.requantizer_lanes),
        "watch_pool_valid": Out(1),
        "watch_pool_word": Out(8 * program.array.ci),
    }


def to_verilog(program: Program, *, watched: bool = False) -> str:
    """One self-contained Verilog-2005 file whose top module is `fireline`; see `Top`.

    Equal programs make equal text, which names no file and no folder.
    """
    header = HEADER.format(
        identifier=program.identifier,
        array=program.array,
        waivers="".join(f"/* verilator lint_off {name} */\n" for name in WAIVERS),
    )
    top = Top(program, watched=watched)
    return header + verilog.convert(top, name=NAME, emit_src=False, strip_internal_attrs=True)
