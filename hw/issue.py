"""Runs in, one word a cycle out: the clock of the whole array."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .fire.run import run_layout
from .geometry import QUEUE_DEPTH
from .tables import Tables

ADDRESS_CYCLES = 1
"""From the issuer to the memories: they are all over the die, so a register stands between."""


def word_control() -> data.StructLayout:
    """What the array must know of a word; see `MacArray`."""
    return data.StructLayout({"valid": 1, "first": 1, "last": 1, "low": 1, "shift": 1, "window": 1})


class Issue(wiring.Component):
    """Issues the words of runs, back to back, each with its two addresses.

    Everything behind it has a fixed latency and never waits, so this is the one place that does:
    for a window of pixels (`window_valid`), for the idle cycles that the program asks for, for the
    scores of the last frame (`scores_free`), for the weights of a streamed classifier's group
    (`group_valid`), and for room in the result queue: a group's last word takes one of
    `QUEUE_DEPTH` credits, `credit` gives one back. A run is first issued the cycle after it was
    taken. `window_taken` lets the line buffer move on, `group_taken` the weights of the next group
    come in.
    """

    def __init__(self, tables: Tables):
        self._tables = tables
        super().__init__(
            {
                "i": In(stream.Signature(run_layout(tables))),
                "word": Out(word_control()),
                "activation_address": Out(tables.activation_bits),
                "rom_address": Out(tables.rom_bits),
                "window_valid": In(1),
                "window_taken": Out(1),
                "group_valid": In(1),
                "group_taken": Out(1),
                "scores_free": In(1),
                "credit": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        run = Signal(run_layout(self._tables), reset_less=True)
        busy, start = Signal(), Signal()
        left = Signal(run.length.shape())
        idle = Signal(run.wait.shape(), init=-1)
        credits = Signal(range(QUEUE_DEPTH + 1), init=QUEUE_DEPTH)
        # What `valid` hangs on is worked out one cycle ahead.
        final, room, opened = Signal(), Signal(init=1), Signal()
        valid, closing, load = self.word.valid, Signal(), Signal()

        m.d.comb += [
            closing.eq(run.last & final),
            valid.eq(
                busy
                & (~run.window | self.window_valid)
                & (~run.opening | (opened & (~run.streamed | self.group_valid)))
                & (~closing | room)
            ),
            self.word.first.eq(run.first & start),
            self.word.shift.eq(run.shift & start),
            self.word.last.eq(closing),
            self.word.low.eq(run.low),
            self.word.window.eq(run.window),
            self.activation_address.eq(run.offset),
            self.rom_address.eq(run.rom),
            self.window_taken.eq(valid & final & run.release & run.window),
            self.group_taken.eq(valid & final & run.release & run.streamed),
            self.i.ready.eq(~busy | (valid & final)),
            load.eq(self.i.ready & self.i.valid),
        ]
        with m.If(valid):
            m.d.sync += [
                run.offset.eq(run.offset + 1),
                run.rom.eq(run.rom + 1),
                left.eq(left - 1),
                final.eq(left == 2),
                start.eq(0),
                run.opening.eq(0),
                busy.eq(~final),
            ]
        with m.If(load):
            m.d.sync += [
                run.eq(self.i.payload),
                run.offset.eq(self.i.payload.row + self.i.payload.offset),
                run.rom.eq(self.i.payload.rom + self.i.payload.tap),
                left.eq(self.i.payload.length),
                final.eq(self.i.payload.length == 1),
                start.eq(1),
                busy.eq(1),
            ]

        # Idle cycles so far, as many as any wait; they begin anew with each word.
        longer = Signal.like(idle)
        m.d.comb += longer.eq(Mux(idle.all(), idle, idle + 1))
        m.d.sync += idle.eq(Mux(valid, 0, longer))
        for next_run, chosen in ((self.i.payload, load), (run, ~load)):
            waited = Mux(valid, next_run.wait == 0, longer >= next_run.wait)
            with m.If(chosen):
                m.d.sync += opened.eq(waited & (~next_run.gate | self.scores_free))

        # One credit goes with each group's last word, one comes back with `credit`.
        taken = valid & closing
        m.d.sync += [
            credits.eq(credits + self.credit - taken),
            room.eq(self.credit | (credits > taken)),
        ]
        return m
