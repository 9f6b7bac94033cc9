"""Runs in, one word a cycle out: the clock of the whole array."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.countdown import Countdown
from ..program import QUEUE_DEPTH
from ..tables import Tables
from .run import run_layout

ADDRESS_CYCLES = 3
"""From the issuer to the activations: they are all over the die, so registers stand between."""

ROM_ADDRESS_CYCLES = ADDRESS_CYCLES - 1
"""From the issuer to the weights, which take so much longer to be read and must come together with
the activations."""


def word_control() -> data.StructLayout:
    """What the array must know of a word; see `MacArray`."""
    return data.StructLayout({"valid": 1, "first": 1, "last": 1, "low": 1, "shift": 1, "window": 1})


class Issue(wiring.Component):
    """Issues the words of runs, back to back, each with its two addresses.

    Everything behind it has a fixed latency and never waits, so this is the one place that does:
    for a window of pixels (`window_valid`), for the idle cycles that the program asks for, for the
    scores of the last frame (`scores_free`), for the weights of a streamed classifier's group, and
    for room in the result queue: a group's last word takes one of `QUEUE_DEPTH` credits, `credit`
    gives one back. A run is first issued the cycle after it was taken. `window_taken` lets the line
    buffer move on, `block_taken` the weights of the next group come in.

    All but windows is looked at the cycle before. So weights are there from the cycle after
    `block_valid` on, or after `next_block_valid` if the group before is given back in that cycle.
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
                "block_valid": In(1),
                "next_block_valid": In(1),
                "block_taken": Out(1),
                "scores_free": In(1),
                "credit": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        run = Signal(run_layout(self._tables), reset_less=True)
        incoming = self.i.payload
        busy, start, load, ended = Signal(), Signal(), Signal(), Signal()
        words = Countdown(run.length.shape(), end=1)
        idle = Signal(run.wait.shape(), init=-1)  # cycles without a word, if this one has none
        credits = Signal(range(QUEUE_DEPTH + 1), init=QUEUE_DEPTH)
        # What `valid` hangs on, windows aside, is worked out one cycle ahead, and so is what ends
        # with a run's last word.
        able, ending = Signal(), Signal()  # ending: able, and the last word
        window_end, group_end = Signal(), Signal()
        valid, closing = self.word.valid, Signal()

        m.d.comb += [
            closing.eq(run.last & words.last),
            valid.eq(able & (~run.window | self.window_valid)),
            self.word.first.eq(run.first & start),
            self.word.shift.eq(run.shift & start),
            self.word.last.eq(closing),
            self.word.low.eq(run.low),
            self.word.window.eq(run.window),
            self.activation_address.eq(run.offset),
            self.rom_address.eq(run.rom),
            self.window_taken.eq(able & self.window_valid & window_end),
            self.block_taken.eq(able & group_end),
            ended.eq(ending & (~run.window | self.window_valid)),
            self.i.ready.eq(~busy | ended),
            load.eq(self.i.ready & self.i.valid),
        ]

        def note(last, of):
            """Notes whether the next word is the last one of its run, and what ends with it."""
            return [
                window_end.eq(last & of.release & of.window),
                group_end.eq(last & of.release & of.streamed),
            ]

        with m.If(valid):
            m.d.sync += [
                run.offset.eq(run.offset + 1),
                run.rom.eq(run.rom + 1),
                words.step(),
                *note(words.next_is_last, run),
                start.eq(0),
                run.opening.eq(0),
                busy.eq(~words.last),
            ]
        with m.If(load):
            m.d.sync += [
                run.eq(incoming),
                run.offset.eq(incoming.row + incoming.offset),
                run.rom.eq(incoming.rom + incoming.tap),
                words.load(incoming.length),
                *note(incoming.length == 1, incoming),
                start.eq(1),
                busy.eq(1),
            ]

        # One credit goes with each group's last word, one comes back with `credit`.
        taken = valid & closing
        room = self.credit | (credits > taken)
        m.d.sync += credits.eq(credits + self.credit - taken)

        # Counted as far as any operation waits, anew after each word.
        m.d.sync += idle.eq(Mux(valid, 1, Mux(idle.all(), idle, idle + 1)))

        # Whether there can be a next word: of the run that comes in, or of the one that is here.
        there = Mux(self.block_taken, self.next_block_valid, self.block_valid)
        one_left = Mux(valid, words.next_is_last, words.last)
        choices = []
        for following, opening, end in (
            (incoming, incoming.opening, incoming.length == 1),
            (run, run.opening & ~valid, one_left),
        ):
            waited = Mux(valid, following.wait == 0, idle >= following.wait)
            scored = ~following.gate | self.scores_free
            opened = waited & scored & (~following.streamed | there)
            can = (~opening | opened) & (~(following.last & end) | room)
            choices.append(Cat(can, can & end))
        m.d.sync += Cat(able, ending).eq(Mux(load, choices[0], Mux(busy & ~ended, choices[1], 0)))
        return m
