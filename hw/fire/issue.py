"""Runs become words, one a cycle: the only block that waits."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.countdown import Countdown
from ..program import QUEUE_DEPTH
from ..tables import Tables
from .run import run_layout

ADDRESS_CYCLES = 3
"""Routing registers from `Issue.activation_address` to the activation memory's block RAMs."""

OPERAND_CYCLES = 1
"""Routing registers from the activation memory's output to the array."""

CREDIT_CYCLES = 1
"""Routing registers from the result queue to `Issue.credit`."""


def word_control() -> data.StructLayout:
    """The control bits of a word: `window` selects its activations, the others go to `MacArray`."""
    return data.StructLayout({"valid": 1, "first": 1, "last": 1, "low": 1, "shift": 1, "window": 1})


class Issue(wiring.Component):
    """The words of runs, back to back, each with its two addresses.

    Everything behind the issuer has a fixed latency and never stalls. So the issuer waits for

    - a window of pixels;
    - the idle cycles that the program asks for;
    - the scores of the last frame, before the first scores of the next one;
    - the weights of a streamed classifier's class block;
    - room in the result queue: the last word of an output group takes one of `QUEUE_DEPTH` credits.

    Every condition except `window_valid` is sampled one cycle ahead. So weights can be used from
    the cycle after `block_valid` on, or after `next_block_valid` if the previous block is released
    in that cycle.

    Parameters
        tables: of the program
    Members
        i: in, runs
        word: out, control bits of the word
        activation_address, rom_address: out, addresses of the word (words)
        window_valid: in, there is a window
        window_taken: out, the word is the last one to use the window
        block_valid, next_block_valid: in, there are one or two class blocks
        block_taken: out, the word is the last one to use the class block
        scores_free: in, the scores of the last frame are sent
        credit: in, a result has left the result queue
    Latency
        `LATENCY` cycles from a run on `i` to its first word;
        `CREDIT_LATENCY` cycles from `credit` to a last word that takes it
    Throughput
        one word a cycle
    """

    LATENCY = 1
    CREDIT_LATENCY = 1

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
        run, incoming = Signal(run_layout(self._tables), reset_less=True), self.i.payload
        words = Countdown(run.length.shape(), end=1)
        busy, start, load, ended = Signal(), Signal(), Signal(), Signal()
        # Registers that are set one cycle ahead. `able`: the word may be issued, once its window is
        # there. `ending`: the same, and it is the run's last word. `window_end`, `block_end`: the
        # word releases its window, its class block.
        able, ending, window_end, block_end = Signal(), Signal(), Signal(), Signal()
        has_window = ~run.window | self.window_valid

        m.d.comb += [
            self.word.valid.eq(able & has_window),
            self.window_taken.eq(able & self.window_valid & window_end),
            self.block_taken.eq(able & block_end),
            ended.eq(ending & has_window),
            self.i.ready.eq(~busy | ended),
            load.eq(self.i.ready & self.i.valid),
        ]

        def releases(run, last):
            return [
                window_end.eq(last & run.release & run.window),
                block_end.eq(last & run.release & run.streamed),
            ]

        with m.If(self.word.valid):
            m.d.sync += [
                run.offset.eq(run.offset + 1),
                run.rom.eq(run.rom + 1),
                words.step(),
                releases(run, words.next_is_last),
                start.eq(0),
                run.opening.eq(0),
                busy.eq(~words.last),
            ]
        with m.If(load):
            m.d.sync += [
                run.eq(incoming),
                run.offset.eq(incoming.row + incoming.offset),
                run.rom.eq(incoming.rom + incoming.rom_offset),
                words.load(incoming.length),
                releases(incoming, incoming.length == 1),
                start.eq(1),
                busy.eq(1),
            ]

        self._build_word(m, run, start, words.last)
        may_issue = self._build_conditions(m)

        def next_word(run, opening, last):
            can = may_issue(run, opening, last)
            return Cat(can, can & last)

        loaded = next_word(incoming, incoming.opening, incoming.length == 1)
        next_is_last = Mux(self.word.valid, words.next_is_last, words.last)
        kept = next_word(run, run.opening & ~self.word.valid, next_is_last)
        m.d.sync += Cat(able, ending).eq(Mux(load, loaded, Mux(busy & ~ended, kept, 0)))
        return m

    def _build_word(self, m, run, start, last):
        """The current word of `run`; `start` and `last` mark the run's first and last word."""
        m.d.comb += [
            self.activation_address.eq(run.offset),
            self.rom_address.eq(run.rom),
            self.word.first.eq(run.first & start),
            self.word.shift.eq(run.shift & start),
            self.word.last.eq(run.last & last),
            self.word.low.eq(run.low),
            self.word.window.eq(run.window),
        ]

    def _build_conditions(self, m):
        """Counts credits and idle cycles.

        Returns a function: whether the next word may be issued, if it belongs to `run`, opens an
        operation (`opening`) and is its run's last one (`last`).
        """
        valid = self.word.valid
        credits = Signal(range(QUEUE_DEPTH + 1), init=QUEUE_DEPTH)
        taken = valid & self.word.last
        room = self.credit | (credits > taken)
        m.d.sync += credits.eq(credits + self.credit - taken)

        # Idle cycles so far if this cycle has no word; saturates beyond the longest wait.
        wait = self.i.payload.wait
        idle = Signal(wait.shape(), init=-1)
        m.d.sync += idle.eq(Mux(valid, 1, Mux(idle.all(), idle, idle + 1)))
        has_block = Mux(self.block_taken, self.next_block_valid, self.block_valid)

        def may_issue(run, opening, last):
            waited = Mux(valid, run.wait == 0, idle >= run.wait)
            scored = ~run.gate | self.scores_free
            opened = waited & scored & (~run.streamed | has_block)
            return (~opening | opened) & (~(run.last & last) | room)

        return may_issue
