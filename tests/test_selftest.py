"""The whole self-test, gateware and host, on a simulated board: each fault is named, alone."""

import pytest
from fireline.host.link.text_port import TextPort
from fireline.host.selftest.finding import State
from fireline.host.selftest.session import BAUD, Session
from fireline.host.selftest.verdict import judge
from fireline.hw.boards import find_board
from fireline.hw.selftest.plan import SelfTestPlan
from fireline.sim.selftest import simulated_selftest

PLAN = SelfTestPlan(find_board("ulx3s-25f"), 100.0, 0)
ON_THE_CORES_CLOCK = {"multipliers", "block RAMs", "block RAMs, writes beside reads", "SDRAM"}


def findings(*faults: str, echo_bytes: int = 64):
    with simulated_selftest(PLAN, faults) as name, TextPort(name, BAUD) as port:
        session = Session(port, pace=30)
        session.begin()
        return judge(session.run(PLAN, rounds=2, echo_bytes=echo_bytes))


def parts(found, state: State) -> set[str]:
    return {each.part for each in found if each.state is state}


@pytest.mark.slow
def test_a_sound_board_is_sound():
    found = findings()
    assert {each.state for each in found} == {State.SOUND}, found


@pytest.mark.slow
@pytest.mark.parametrize(
    "faults, part, seen, untested",
    [
        (["pll_dead=0"], "PLL 0, 100 MHz", "it never locked", ON_THE_CORES_CLOCK),
        (["pll_dead=1"], "PLL 1, 62.5 MHz", "it never locked", set()),
        (["multiplier_zero=6"], "multipliers", f"0: {PLAN.tested_sites[6].bel}", set()),
        (["multiplier_zero=5"], "multipliers", "always gave 0, the lone odd half with RST0", set()),
        (["multiplier_wrong=7"], "multipliers", f"products: {PLAN.tested_sites[7].bel}", set()),
        (["block_ram_wrong=3"], "block RAMs", "1 of 54 returned wrong words: number 3", set()),
        (["eye_from=10", "eye_to=20"], "SDRAM, phase", "does not work; the eye", {"SDRAM, size"}),
        (["eye_from=47", "eye_to=1"], "SDRAM, phase", "margins 0.2 and 0.2 ns", set()),
        (["sdram_stuck_dq=5"], "SDRAM, data lines", "DQ5 fails", {"SDRAM, size"}),
        (["sdram_absent"], "SDRAM", "no data line works at any phase", set()),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)
def test_a_fault_is_named(faults, part, seen, untested):
    found = findings(*faults)
    (fault,) = [each for each in found if each.state is State.NOT_SOUND]
    assert fault.part.startswith(part) and seen in fault.seen
    assert parts(found, State.NOT_TESTED) == untested


@pytest.mark.slow
def test_errors_of_the_echo_are_named():
    """Glitches come once in a longer time than the silence that ends an echo, and while it runs."""
    found = findings("serial_noise=110000", echo_bytes=2048)
    wrong = [each for each in found if each.state is State.NOT_SOUND]
    assert wrong
    for fault in wrong:
        assert fault.part in ("serial line, 2 Mbaud", "serial line, 3 Mbaud")
        assert "of 2,048 bytes" in fault.seen
