"""Writes nine bits of a block RAM's row while the row is read."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..lib.delay import delay
from ..memory.block_ram import BLOCK_RAM_MODES, WRITE_BITS
from .saturating import count_up

WORDS, WORD_BITS = BLOCK_RAM_MODES[0]
LANES = WORD_BITS // WRITE_BITS
STEPS = 7
"""Cycles of a write: it and the first read, the second read 3 cycles later, and its latency."""

FIRST, SECOND = 3, 6
"""The steps in which it is known whether the reads were right."""


class Lanes(wiring.Component):
    """Counts wrong reads of a block RAM of which one lane of nine bits is written.

    Every row and lane in turn is written while the row is read; the three other lanes must be read
    right. Then the row is read again, and all four must be. Each pass over the block RAM writes the
    complement of what the pass before wrote.

    Members
        stop: in, ends the passes after the present one
        done: out, they have ended
        errors: out, wrong reads, at most 65,535
        tests: out, passes, at most 65,535
    Throughput
        a pass in 512 x 4 x `STEPS` cycles
    """

    stop: In(1)
    done: Out(1)
    errors: Out(16)
    tests: Out(16)

    def elaborate(self, platform):
        m = Module()
        # Synthesis recognizes the name: a read beside a write to its row is undefined by itself.
        m.submodules.bank = memory = Memory(shape=WORD_BITS, depth=WORDS, init=[])
        read, write = memory.read_port(), memory.write_port(granularity=WRITE_BITS)
        row, lane, step = Signal(range(WORDS)), Signal(range(LANES)), Signal(range(STEPS))
        complement, filled, passed = Signal(init=1), Signal(), Signal()
        # A register cuts the path from row to comparison; the row stays for `STEPS` cycles.
        expected = delay(m, _row(row, complement, lane + 1), 1)
        m.d.comb += [
            read.addr.eq(row),
            write.addr.eq(row),
            write.data.eq(_row(row, filled & complement, Const(LANES))),
        ]
        word = delay(m, read.data, 1)
        with m.If(~filled):  # as if by a pass before
            m.d.comb += write.en.eq(-1)
            m.d.sync += [row.eq(row + 1), filled.eq(row == WORDS - 1)]
        with m.Elif(~self.done):
            m.d.comb += write.en.eq(Mux(step == 0, 1 << lane, 0))
            m.d.sync += step.eq(step + 1)
            with m.If(step == STEPS - 1):
                m.d.sync += [step.eq(0), lane.eq(lane + 1)]
                with m.If(lane == LANES - 1):
                    m.d.sync += row.eq(row + 1)
                    with m.If(row == WORDS - 1):
                        m.d.comb += passed.eq(1)
                        m.d.sync += [complement.eq(~complement), self.done.eq(self.stop)]
        count_up(m, self.tests, passed)
        wrong = Cat(
            delay(m, word[n : n + WRITE_BITS] != expected[n : n + WRITE_BITS], 1)
            for n in range(0, WORD_BITS, WRITE_BITS)
        )
        others = Cat(lane != n for n in range(LANES))
        error = (step == FIRST) & (wrong & others).any() | (step == SECOND) & wrong.any()
        count_up(m, self.errors, filled & ~self.done & error)
        return m


def _row(row, complement, lanes):
    """A row of which the first `lanes` lanes are written in this pass, the others in the pass
    before."""
    return Cat(
        *(
            row
            ^ Const(0x155 * n & 0x1FF, WRITE_BITS)
            ^ (complement ^ (n >= lanes)).replicate(WRITE_BITS)
            for n in range(LANES)
        )
    )
