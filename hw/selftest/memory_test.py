"""Tests of the SDRAM: which data lines fail, and how large it is."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from ..sdram.chip import BURST_WORDS, WORD_BITS, SdramCycles, SdramGeometry
from ..sdram.controller import PINS, Action, SdramController, request_layout

BURSTS = 4096
"""Bursts that are written and read at each phase; consecutive ones lie in consecutive banks."""

SEED = 0xACE1


def client_ports(geometry: SdramGeometry) -> dict[str, wiring.Member]:
    """The members of a test that reads and writes bursts: the controller's, seen from it."""
    return {
        "request": Out(stream.Signature(request_layout(geometry))),
        "write_next": In(1),
        "write_data": Out(WORD_BITS),
        "read_valid": In(1),
        "read_data": In(WORD_BITS),
        "done": Out(1),
    }


class LineTest(wiring.Component):
    """Writes `bursts` bursts of random words, then reads and compares them, once after reset.

    Parameters
        geometry: of the chip
        bursts: their number, a power of two
    Members
        request, write_next, write_data, read_valid, read_data: the controller's
        done: out, the test is over
        bad: out, a bit for each data line: it was wrong
    """

    def __init__(self, geometry: SdramGeometry, bursts: int):
        self.geometry, self.bursts = geometry, bursts
        super().__init__(client_ports(geometry) | {"bad": Out(WORD_BITS)})

    def elaborate(self, platform):
        m = Module()
        asked, words = Signal(range(self.bursts + 1)), Signal(range(self.bursts * BURST_WORDS))
        reading, word = Signal(), Signal(WORD_BITS, init=SEED)
        # Cuts the path from the controller. Late is early enough: the next sweep has yet to begin.
        moved = delay(m, self.write_next, 1, reset_less=False) | self.read_valid
        last = moved & (words == self.bursts * BURST_WORDS - 1)
        m.d.comb += [
            self.request.valid.eq(asked != self.bursts),
            self.request.p.action.eq(Mux(reading, Action.READ, Action.WRITE)),
            self.request.p.burst.eq(asked),
            self.write_data.eq(word),
        ]
        with m.If(self.request.valid & self.request.ready):
            m.d.sync += asked.eq(asked + 1)
        with m.If(self.write_next | self.read_valid):
            m.d.sync += word.eq(_next_word(word))
        with m.If(moved):
            m.d.sync += words.eq(words + 1)
        with m.If(last & ~reading):
            m.d.sync += [reading.eq(1), asked.eq(0), word.eq(SEED)]
        with m.If(last & reading):
            m.d.sync += self.done.eq(1)
        wrong = (self.read_data ^ word) & self.read_valid.replicate(WORD_BITS)
        m.d.sync += self.bad.eq(self.bad | delay(m, wrong, 1, reset_less=False))
        return m


def _next_word(word):
    """Marsaglia's xorshift with the shifts 7, 9, 8, whose period is 65,535."""
    word = word ^ (word << 7)[:WORD_BITS]
    word = word ^ (word >> 9)
    return word ^ (word << 8)[:WORD_BITS]


class SizeTest(wiring.Component):
    """Finds the bits of a burst's number that select different memory, once after reset.

    For each bit it writes burst 0, then the burst with only that bit, and reads burst 0 back.

    Parameters
        geometry: of the chip
    Members
        request, write_next, write_data, read_valid, read_data: the controller's
        done: out, the test is over
        alive: out, a bit for each bit of the number: burst 0 kept its words
    """

    def __init__(self, geometry: SdramGeometry):
        self.geometry = geometry
        super().__init__(client_ports(geometry) | {"alive": Out(geometry.burst_bits)})

    def elaborate(self, platform):
        m = Module()
        bits = self.geometry.burst_bits
        bit, step, asked = Signal(bits, init=1), Signal(range(3)), Signal()
        words, kept, equal = Signal(range(BURST_WORDS)), Signal(init=1), Signal()
        word = Const(0x5A5A, WORD_BITS)
        m.d.comb += [
            self.request.valid.eq(~asked & ~self.done),
            self.request.p.action.eq(Mux(step == 2, Action.READ, Action.WRITE)),
            self.request.p.burst.eq(Mux(step == 1, bit, 0)),
            self.write_data.eq(Mux(step == 1, ~word, word)),
            equal.eq(kept & (self.read_data == word)),
        ]
        with m.If(self.request.valid & self.request.ready):
            m.d.sync += asked.eq(1)
        with m.If(self.write_next | self.read_valid):
            m.d.sync += [words.eq(words + 1), kept.eq(equal | (step != 2))]
            with m.If(words == BURST_WORDS - 1):
                m.d.sync += [asked.eq(0), step.eq(step + 1), kept.eq(1)]
                with m.If(step == 2):
                    m.d.sync += [
                        step.eq(0),
                        bit.eq(bit << 1),
                        self.done.eq(bit[-1]),
                        self.alive.eq(Cat(self.alive[1:], equal)),
                    ]
        return m


class MemoryTest(wiring.Component):
    """Powers the SDRAM up after each reset, and runs one of both tests.

    Parameters
        geometry, cycles: of the chip, at this clock
        bursts: as of `LineTest`
    Members
        pins: out, the chip's
        run: in, the test may run; without it the chip is only refreshed
        sizing: in, runs the `SizeTest` instead of the `LineTest`
        done, bad, alive: out, as of the tests
    """

    def __init__(self, geometry: SdramGeometry, cycles: SdramCycles, bursts: int = BURSTS):
        self.geometry, self.cycles, self.bursts = geometry, cycles, bursts
        super().__init__(
            {
                "pins": Out(PINS),
                "run": In(1),
                "sizing": In(1),
                "done": Out(1),
                "bad": Out(WORD_BITS),
                "alive": Out(geometry.burst_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.controller = controller = SdramController(self.geometry, self.cycles)
        m.submodules.lines = lines = LineTest(self.geometry, self.bursts)
        m.submodules.size = size = SizeTest(self.geometry)
        wiring.connect(m, controller.pins, wiring.flipped(self.pins))
        m.d.comb += [
            self.done.eq(Mux(self.sizing, size.done, lines.done)),
            self.bad.eq(lines.bad),
            self.alive.eq(size.alive),
            controller.write_data.eq(Mux(self.sizing, size.write_data, lines.write_data)),
        ]
        # Registers because the pads and the controller may be far away.
        valid = routing.delay(m, controller.read_valid, 1, reset_less=False)
        data = routing.delay(m, controller.read_data, 1)
        for test, chosen in ((lines, ~self.sizing), (size, self.sizing)):
            m.d.comb += [
                test.write_next.eq(controller.write_next & chosen),
                test.read_valid.eq(valid & chosen),
                test.read_data.eq(data),
            ]
            with m.If(chosen & self.run):
                m.d.comb += [
                    controller.request.valid.eq(test.request.valid),
                    controller.request.payload.eq(test.request.payload),
                    test.request.ready.eq(controller.request.ready),
                ]
        return m
