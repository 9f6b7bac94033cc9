"""The tests on the core's clock, and their lines: multipliers, block RAMs and SDRAM."""

from amaranth.hdl import Cat, Const, DomainRenamer, Module, ResetInserter, Signal
from amaranth.lib.cdc import FFSynchronizer

from ..sdram.chip import WORD_BITS, SdramCycles, SdramGeometry, SdramTiming
from .block_rams import BlockRams
from .lanes import Lanes
from .line import Control, Line
from .memory_test import MemoryTest
from .multipliers import Multipliers
from .phase_scan import AT_A_TIME, PhaseScan

FLAGS = 32
"""Multipliers or block RAMs of a line."""


def crossed(m: Module, value, domain: str = "sync") -> Signal:
    """One bit in another clock domain."""
    synchronized = Signal(name="synchronized")
    m.submodules += FFSynchronizer(value, synchronized, o_domain=domain)
    return synchronized


def build_multipliers(m: Module, control: Control) -> None:
    """Tests all multipliers; a line for each `FLAGS` of them."""
    test = Multipliers(control.plan.tested_sites)
    m.submodules.multipliers = DomainRenamer("core")(test)
    done = _run(m, control, test)
    m.d.comb += test.level.eq(control.level)
    wrong, zero = control.if_alive(test.wrong), control.if_alive(test.zero)
    for first in range(0, len(wrong), FLAGS):
        values = [flags[first : first + FLAGS] for flags in (wrong, zero)]
        text = f"multipliers from={first:02x} wrong={{8}} zero={{8}} tests={{4}}"
        control.lines.append(Line(text, [*values, control.if_alive(test.tests)], done))


def build_block_rams(m: Module, control: Control) -> None:
    """Tests all block RAMs; a line for each `FLAGS` of them, and one for the nine-bit lanes."""
    test, lanes = BlockRams(control.plan.block_rams), Lanes()
    m.submodules.block_rams = DomainRenamer("core")(test)
    m.submodules.lanes = DomainRenamer("core")(lanes)
    done = _run(m, control, test)
    m.d.comb += test.level.eq(control.level)
    wrong, reads = control.if_alive(test.wrong), control.if_alive(test.reads)
    for first in range(0, len(wrong), FLAGS):
        text = f"block_rams from={first:02x} wrong={{8}} reads={{4}}"
        control.lines.append(Line(text, [wrong[first : first + FLAGS], reads], done))
    values = [control.if_alive(lanes.errors), control.if_alive(lanes.tests)]
    line = Line("lanes errors={4} tests={4}", values, _run(m, control, lanes))
    control.lines.append(line)


def build_memory(m: Module, control: Control, timing: SdramTiming, bursts: int):
    """Tests the SDRAM at each phase of its clock, then its size.

    Returns the component whose `pins` are the SDRAM's, and the step of the phase.
    """
    plan, geometry = control.plan, SdramGeometry()
    test = MemoryTest(geometry, SdramCycles.of(timing, plan.core_mhz), bursts)
    m.submodules.scan = scan = PhaseScan(control.times)
    hold = crossed(m, scan.hold, "core")
    m.submodules.memory = DomainRenamer("core")(ResetInserter(hold)(test))
    m.d.comb += [
        test.run.eq(crossed(m, scan.test, "core")),
        test.sizing.eq(scan.once),
        scan.tested.eq(crossed(m, test.done)),
        scan.bad.eq(test.bad),
    ]
    ready = scan.done | ~control.alive
    tests = control.if_alive(Const(bursts, 16))
    text = f"sdram phases={plan.phases:02x} home={plan.home:02x} tests={{4}}"
    control.lines.append(Line(text, [tests]))
    found = control.if_alive(scan.found, (1 << len(scan.found)) - 1)
    words = [found[n : n + WORD_BITS] for n in range(0, len(found), WORD_BITS)]
    eyes = [
        Line(f"eye from={first:02x} bad=" + ",".join(["{4}"] * AT_A_TIME), words, ready)
        for first in range(0, plan.phases, AT_A_TIME)
    ]
    size = Line("size alive={6}", [control.if_alive(test.alive)], ready)
    control.lines += [*eyes, size]
    m.d.comb += scan.run.eq(size.run | Cat(line.run for line in eyes).any())
    m.d.comb += scan.once.eq(size.run)
    return test, scan.step


def _run(m: Module, control: Control, test):
    """Runs a test until `control.stop`. Returns whether it has ended."""
    m.d.comb += test.stop.eq(crossed(m, control.stop, "core"))
    return crossed(m, test.done) | ~control.alive
