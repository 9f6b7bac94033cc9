"""Reads every block RAM of the die at the core's clock and checks its initial contents."""

from functools import reduce

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..lib.delay import delay
from ..memory.block_ram import BLOCK_RAM_MODES
from .duty import LEVELS, duty
from .saturating import count_up

WORDS, WORD_BITS = BLOCK_RAM_MODES[0]
MASK = (1 << WORD_BITS) - 1
TAP = 25
"""The signature register's polynomial is x^36 + x^25 + 1, which is primitive."""

GOLDEN = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio."""


def contents(number: int) -> list[int]:
    """The initial words of block RAM `number`: no two are equal in all of them."""
    return [(number * WORDS + row + 1) * GOLDEN >> 27 & MASK for row in range(WORDS)]


def signature(words: list[int]) -> int:
    """What a signature register holds after these words."""
    return reduce(lambda state, word: _rotated(state) ^ word, words, 0)


def _rotated(state: int) -> int:
    top = state >> WORD_BITS - 1
    return (state << 1 & MASK) ^ top ^ top << TAP


class Reading(data.Struct):
    """What each block RAM gets a cycle after the one before."""

    address: range(WORDS)
    valid: 1  # the word at `address` counts
    first: 1  # it is the first of a pass
    last: 1  # it is the last of a pass
    clear: 1  # a new round begins


class BlockRams(wiring.Component):
    """Compares the signatures of all block RAMs with those of their contents, pass after pass.

    Each is read in its widest shape, through its output register, into a signature register of its
    own. The addresses go from block RAM to block RAM along a chain of registers.

    Parameters
        count: the number of block RAMs
    Members
        level: in, quarters of the time for which words are read, see `duty`
        stop: in, ends the passes
        done: out, all passes have ended
        wrong: out, a bit for each block RAM: a signature was wrong since reset
        reads: out, passes, at most 65,535
    Throughput
        a pass in `WORDS` cycles
    """

    def __init__(self, count: int):
        self.count = count
        super().__init__(
            {
                "level": In(range(LEVELS)),
                "stop": In(1),
                "done": Out(1),
                "wrong": Out(count),
                "reads": Out(16),
            }
        )

    def elaborate(self, platform):
        m = Module()
        address, reading = Signal(range(WORDS)), Signal(Reading)
        fresh, running = Signal(init=1), Signal()
        waiting = Signal(range(self.count + WORDS), init=self.count + WORDS - 1)
        last = address == WORDS - 1
        runs = duty(m, self.level, last)
        m.d.sync += address.eq(address + 1)
        with m.If(last):
            m.d.sync += [running.eq(runs & ~self.stop), fresh.eq(0)]
        count_up(m, self.reads, last & running)
        with m.If(~self.stop | running | fresh):
            m.d.sync += waiting.eq(self.count + WORDS - 1)
        with m.Elif(waiting != 0):
            m.d.sync += waiting.eq(waiting - 1)
        m.d.comb += self.done.eq(waiting == 0)
        with m.If(running):
            m.d.sync += reading.address.eq(address)
        m.d.sync += [
            reading.valid.eq(running),
            reading.first.eq(running & (address == 0)),
            reading.last.eq(running & last),
            reading.clear.eq(fresh),
        ]
        for number in range(self.count):
            m.submodules[f"ram{number}"] = tester = BlockRamTester(number)
            m.d.comb += [tester.before.eq(reading), self.wrong[number].eq(tester.wrong)]
            reading = tester.after
        return m


class BlockRamTester(wiring.Component):
    """One block RAM and its signature.

    Parameters
        number: of the block RAM, selects its contents
    Members
        before, after: in and out, the chain
        wrong: out, a signature was wrong since `clear`
    Latency
        5 cycles from a pass's last address to `wrong`
    """

    before: In(Reading)
    after: Out(Reading)
    wrong: Out(1)

    def __init__(self, number: int):
        self.number = number
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        init = contents(self.number)
        m.submodules.bank = memory = Memory(shape=WORD_BITS, depth=WORDS, init=init)
        read = memory.read_port()
        m.d.comb += [read.addr.eq(self.before.address), self.after.eq(delay(m, self.before, 1))]
        word = delay(m, read.data, 1)
        now = data.View(Reading, delay(m, self.before, 2))
        state, wrong = (Signal(bits, reset_less=True) for bits in (WORD_BITS, 1))
        rotated = Cat(state[-1], state[:-1]) ^ Cat(Const(0, TAP), state[-1])
        with m.If(now.valid):
            m.d.sync += state.eq(word ^ Mux(now.first, 0, rotated))
        complete, mismatch = delay(m, now.last, 2), delay(m, state != signature(init), 1)
        with m.If(now.clear):
            m.d.sync += wrong.eq(0)
        with m.Elif(complete & mismatch):
            m.d.sync += wrong.eq(1)
        m.d.comb += self.wrong.eq(wrong)
        return m
