"""The self-test without any platform: it tests a board and prints what it finds."""

from amaranth.hdl import Array, ClockDomain, ClockSignal, Const, Instance, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ..ecp5.pll import PLL, pll_settings
from ..sdram.chip import SdramTiming
from ..sdram.controller import PINS
from .core_tests import build_block_rams, build_memory, build_multipliers
from .die import Die
from .duty import LEVELS
from .echo import Echo
from .line import Control, Line
from .memory_test import BURSTS
from .plan import SelfTestPlan
from .pll_meter import PLLMeter
from .report import Report, fields_of
from .rounds import Rounds
from .serial import Receiver, Transmitter
from .times import Times

BLINK_BITS = 24


class Lights(data.Struct):
    """What the board's lights show."""

    blink: 1  # straight from the oscillator
    locked: 1  # the PLL that makes the core's clock has locked
    line: 1  # toggles with each line
    echo: 1  # an echo runs


def title(plan: SelfTestPlan) -> str:
    """The template of a round's first line, with the exact clock: the host plans by it."""
    which = f"mhz={plan.core_mhz:.9g} pattern={plan.pattern} round={{4}}"
    return f"selftest version=1 board={plan.board.name} {which}"


class SelfTest(wiring.Component):
    """Tests a board round by round, and prints a line about every tenth of a second.

    Domain `sync` must be the board's oscillator; control and serial line depend on nothing else.
    The first PLL makes the clock of domain `core`, in which multipliers, block RAMs and the SDRAM
    are tested. If it does not lock, they are reported with 0 tests.

    Parameters
        plan: what is tested
        times: of the control, by default a board's
        timing: of the SDRAM
        bursts: as of `LineTest`
    Members
        rx, tx: in and out, the serial line
        lights: out
        core_clock, core_reset: out, of domain `core`, which the parent must drive with them
        memory: out, the SDRAM's pins, in domain `core`; exists if there is one
        memory_clock: out, for the SDRAM; exists if there is one
    """

    def __init__(
        self,
        plan: SelfTestPlan,
        times: Times | None = None,
        timing: SdramTiming | None = None,
        bursts: int = BURSTS,
    ):
        self.plan, self.bursts = plan, bursts
        self.times = times or Times.of(plan.board.oscillator_mhz)
        self.timing = timing or SdramTiming()
        ports = {"rx": In(1, init=1), "tx": Out(1, init=1), "lights": Out(Lights)}
        ports |= {"core_clock": Out(1), "core_reset": Out(1)}
        memory = {"memory": Out(PINS), "memory_clock": Out(1)}
        super().__init__(ports | (memory if plan.has_sdram else {}))

    def elaborate(self, platform):
        m = Module()
        control = Control(self.plan, self.times)
        lines, number = control.lines, Signal(16)
        lines.append(Line(title(self.plan), [number]))
        pll = self._build_plls(m, control)
        first = len(lines)
        if self.plan.has_sdram:
            memory, step = build_memory(m, control, self.timing, self.bursts)
            wiring.connect(m, memory.pins, wiring.flipped(self.memory))
            m.d.comb += [pll.delay_step.eq(step), self.memory_clock.eq(pll.ahead)]
        self._build_die(m, control)
        end = len(lines)
        build_multipliers(m, control)
        build_block_rams(m, control)

        m.submodules.rounds = rounds = Rounds(len(lines), self.times)
        m.d.comb += number.eq(rounds.round)
        m.d.sync += control.stop.eq((rounds.number < first) | (rounds.number >= end))
        with m.If(rounds.next_round):
            m.d.sync += control.level.eq(Mux(control.level == LEVELS - 1, 0, control.level + 1))
        for place, line in enumerate(lines):
            m.d.comb += line.run.eq(rounds.testing & (rounds.number == place))
        self._build_printing(m, lines, rounds)
        self._build_lights(m, control, rounds)
        return m

    def _build_plls(self, m, control) -> PLL:
        """The PLLs, a line for each, and the core's clock. Returns the PLL that makes it."""
        plan, plls, meters = self.plan, [], []
        for number, mhz in enumerate(plan.plls):
            settings = pll_settings(plan.board.oscillator_mhz, mhz)
            steps = plan.lead_steps if plan.has_sdram and number == 0 else None
            m.submodules[f"pll{number}"] = pll = PLL(settings, steps, adjustable=True)
            m.submodules[f"meter{number}"] = meter = PLLMeter(self.times)
            text = f"pll number={number} mhz={mhz:.9g} locked={{1}} losses={{2}} relocks={{4}}"
            line = Line(text + " shortest={5} longest={5} khz={6}", ready=meter.done)
            line.values += [meter.locked, meter.losses, meter.relocks]
            windows = round(1000 * plan.board.oscillator_mhz / self.times.window)
            kilohertz = (meter.count * windows)[: len(meter.count)]  # on a board 1 window
            line.values += [meter.shortest, meter.longest, kilohertz]
            m.d.comb += [
                pll.oscillator.eq(ClockSignal()),
                pll.reset.eq(meter.reset),
                meter.lock.eq(pll.locked),
                meter.clock.eq(pll.clock),
                meter.run.eq(line.run),
            ]
            control.lines.append(line)
            plls.append(pll)
            meters.append(meter)
        self._build_core_domain(m, control, plls[0], meters[0])
        return plls[0]

    def _build_core_domain(self, m, control, pll, meter):
        """Starts the clock of domain `core` when the PLL is steady, and then ends its reset."""
        m.domains.unheld = unheld = ClockDomain(reset_less=True, local=True)
        gate = Signal()
        m.submodules.steady = FFSynchronizer(meter.steady, gate, o_domain="unheld", stages=3)
        m.submodules.gate = Instance("DCCA", i_CLKI=unheld.clk, i_CE=gate, o_CLKO=self.core_clock)
        held = Signal(range(self.times.settle + 1), init=self.times.settle)
        m.d.comb += unheld.clk.eq(pll.clock)
        m.d.sync += control.alive.eq(meter.steady & (held == 0))
        with m.If(~meter.steady):
            m.d.sync += held.eq(self.times.settle)
        with m.Elif(held != 0):
            m.d.sync += held.eq(held - 1)
        m.submodules.reset = FFSynchronizer(
            ~control.alive, self.core_reset, o_domain="core", init=1, reset_less=True
        )

    def _build_die(self, m, control):
        m.submodules.die = die = Die(self.times)
        activity = Array(Const(100 * n // (LEVELS - 1), 7) for n in range(LEVELS))[control.level]
        line = Line("die code={2} activity={2}", [die.code, activity], die.done)
        m.d.comb += die.run.eq(line.run)
        control.lines.append(line)

    def _build_printing(self, m, lines, rounds):
        """The serial line, the report and the echo."""
        m.submodules.receiver = receiver = Receiver(self.times.microsecond)
        m.submodules.transmitter = transmitter = Transmitter(self.times.microsecond)
        m.submodules.echo = echo = Echo(self.times)
        echoed = Line("echoed bytes={4} framing={4}", [echo.bytes, echo.framing])
        lines = [*lines, Line("echo baud=2000000"), Line("echo baud=3000000"), echoed]
        m.submodules.report = report = Report([line.template for line in lines])
        fields = [fields_of(line.values, line.template) for line in lines]
        rate = Mux(rounds.echo, echo.requested, 1)
        wiring.connect(m, receiver.o, echo.i)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            receiver.rate.eq(rate),
            transmitter.rate.eq(rate),
            echo.error.eq(receiver.error),
            echo.sending.eq(transmitter.busy),
            echo.run.eq(rounds.echo),
            report.line.eq(rounds.line),
            report.fields.eq(Array(fields)[rounds.line]),
            report.start.eq(rounds.print),
            rounds.printing.eq(report.busy | transmitter.busy),
            rounds.echo_rate.eq(echo.requested),
            rounds.echo_done.eq(echo.done),
            rounds.ready.eq(Array(line.ready for line in lines)[rounds.number]),
        ]
        for source, chosen in ((echo.o, rounds.echo), (report.o, ~rounds.echo)):
            with m.If(chosen):
                m.d.comb += [
                    transmitter.i.valid.eq(source.valid),
                    transmitter.i.payload.eq(source.payload),
                    source.ready.eq(transmitter.i.ready),
                ]

    def _build_lights(self, m, control, rounds):
        blink = Signal(BLINK_BITS)
        m.d.sync += [blink.eq(blink + 1), self.lights.blink.eq(blink[-1])]
        m.d.comb += [self.lights.locked.eq(control.alive), self.lights.echo.eq(rounds.echo)]
        with m.If(rounds.print):
            m.d.sync += self.lights.line.eq(~self.lights.line)
