"""What stands around the accelerator in simulation, so that Python acts once a row and a score."""

from amaranth.back import verilog
from amaranth.hdl import ClockSignal, Instance, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..hw import verilog as accelerator
from ..hw.geometry import Program

NAME = "harness"
"""The top module."""


class Harness(wiring.Component):
    """Sends rows of pixels to the Verilog module `fireline` and counts its scores.

    A row on `row` (uint8 pixel after pixel, the first one lowest) is taken when `more` is set and
    the row before is sent; then `rows` counts up. `scores` counts up with every score, which stays
    on `score` and `last` until the next one, with the `cycle` in which it was taken. Pixels wait
    in `pixel_stall` of 256 cycles, scores in `score_stall` of 256, drawn at random from `seed`
    (not 0, read after reset). `abort` also drops the row that is being sent.

    With `watched` the accelerator's `watch_valid` and `watch_values` come out, too.
    """

    def __init__(self, program: Program, *, watched: bool = False):
        self.watched, self.columns = watched, program.window.width
        self.pixel_bits = 8 * program.window.channels
        ports = {
            "row": In(self.columns * self.pixel_bits),
            "more": In(1),
            "rows": Out(32),
            "score": Out(32),
            "last": Out(1),
            "cycle": Out(48),
            "scores": Out(32),
            "pixel_stall": In(8),
            "score_stall": In(8),
            "seed": In(32),
            "abort": In(1),
        }
        if watched:
            ports |= {"watch_valid": Out(1), "watch_values": Out(16 * program.lanes)}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        pixel_ready, score_valid, score_ready = Signal(), Signal(), Signal()
        score, last_score = Signal(32), Signal()
        random, now = Signal(32), Signal(48)

        # Pixels: what is left of the row that is sent, and the column of its first pixel.
        sent = Signal.like(self.row)
        column, full, offered, offer = Signal(range(self.columns)), Signal(), Signal(), Signal()
        last = column == self.columns - 1
        m.d.comb += offer.eq(full & (offered | (random[:8] >= self.pixel_stall)))
        m.d.sync += offered.eq(offer & ~pixel_ready)
        with m.If(offer & pixel_ready):
            m.d.sync += [column.eq(Mux(last, 0, column + 1)), sent.eq(sent >> self.pixel_bits)]
        with m.If(~full | (offer & pixel_ready & last)):
            m.d.sync += [full.eq(self.more), self.rows.eq(self.rows + self.more)]
            with m.If(self.more):
                m.d.sync += sent.eq(self.row)
        with m.If(self.abort):
            m.d.sync += [full.eq(0), column.eq(0), offered.eq(0)]

        # Scores: the last one taken, and when.
        m.d.comb += score_ready.eq(random[16:24] >= self.score_stall)
        m.d.sync += now.eq(now + 1)
        with m.If(score_valid & score_ready & ~self.abort):
            m.d.sync += [
                self.score.eq(score),
                self.last.eq(last_score),
                self.cycle.eq(now),
                self.scores.eq(self.scores + 1),
            ]

        # Marsaglia's xorshift generator.
        first, second, third = Signal(32), Signal(32), Signal(32)
        m.d.comb += [
            first.eq(random ^ (random << 13)),
            second.eq(first ^ (first >> 17)),
            third.eq(second ^ (second << 5)),
        ]
        m.d.sync += random.eq(Mux(random == 0, self.seed, third))

        watch = {}
        if self.watched:
            watch = {"o_watch_valid": self.watch_valid, "o_watch_values": self.watch_values}
        m.submodules.accelerator = Instance(
            accelerator.NAME,
            i_clk=ClockSignal(),
            i_rst=ResetSignal(),
            i_abort=self.abort,
            i_pixel_data=sent[: self.pixel_bits],
            i_pixel_valid=offer,
            o_pixel_ready=pixel_ready,
            o_score_data=score,
            o_score_last=last_score,
            o_score_valid=score_valid,
            i_score_ready=score_ready,
            **watch,
        )
        return m


def to_verilog(harness: Harness) -> str:
    """The module `harness`, which needs the module `fireline` beside it."""
    return verilog.convert(harness, name=NAME, emit_src=False, strip_internal_attrs=True)


def ports(harness: Harness) -> tuple[str, ...]:
    """The names of the ports, clock and reset included."""
    return ("clk", "rst", *harness.signature.members)
