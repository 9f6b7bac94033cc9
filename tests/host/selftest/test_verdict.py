"""Each fault is named in plain words, and nothing else is called unsound."""

import re
from dataclasses import replace

import pytest
from fireline.host.selftest.finding import Finding, State
from fireline.host.selftest.readings import LineReader
from fireline.host.selftest.serial_line import EchoResult
from fireline.host.selftest.session import Recording
from fireline.host.selftest.verdict import is_sound, judge
from fireline.hw.boards import BOARDS
from fireline.hw.selftest.plan import SelfTestPlan
from support.boards.selftest_lines import PLAN, eye_lines, line, open_eye, pll, round_of, text_of

GOOD = EchoResult(2_000_000, 1000, True, received=1000, arrived=1000, framing=0)
ECHOES = [GOOD, replace(GOOD, baud=3_000_000)]
BIG = SelfTestPlan(BOARDS["ulx3s-85f"], 130.0, 1)


def judged(rounds, plan=PLAN, echoes=ECHOES, extra=b"", **how) -> list[Finding]:
    reader = LineReader()
    reader.feed(b"\n" + text_of(rounds) + extra)
    return judge(Recording(plan, reader, list(echoes), **how))


def rounds_with(plan=PLAN, count=2, **changed):
    return [round_of(plan, number, **changed) for number in range(count)]


def the_fault(findings) -> Finding:
    """The one finding that is not sound."""
    (found,) = [each for each in findings if each.state is State.NOT_SOUND]
    assert not is_sound(findings)
    assert found.seen and found.meaning and found.advice
    return found


def untested(findings) -> set[str]:
    return {each.part for each in findings if each.state is State.NOT_TESTED}


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
@pytest.mark.parametrize("pattern", [0, 1])
def test_a_sound_board_is_sound(board, pattern):
    plan = SelfTestPlan(board, 125.0, pattern)
    findings = judged(rounds_with(plan), plan)
    assert {each.state for each in findings} == {State.SOUND}
    assert is_sound(findings)


CORE = {
    name: text
    for name, text in round_of(PLAN).items()
    if name.startswith(("multipliers", "block_rams", "lanes", "sdram"))
}
"""The lines that count tests in the core."""

DEAD = {"locked": "0", "shortest": "fffff", "longest": "fffff", "khz": "000000"}


def test_a_core_clock_that_never_locks_leaves_its_parts_untested():
    halted = {
        "multipliers00": "multipliers from=00 wrong=00000000 zero=ffffffff tests=0000",
        "block_rams00": "block_rams from=00 wrong=00000000 reads=0000",
        "block_rams20": "block_rams from=20 wrong=00000000 reads=0000",
        "lanes": "lanes errors=0000 tests=0000",
        "sdram": "sdram phases=30 home=00 tests=0000",
        "size": "size alive=000000",
    }
    findings = judged(rounds_with(pll0=pll(0, 100, **DEAD), **halted))
    fault = the_fault(findings)
    assert fault.part == "PLL 0, 100 MHz (the core's clock)"
    assert fault.seen == "it never locked"
    assert "--clock 90 and --clock 110" in fault.advice  # the VCO of 100 MHz is the one that failed
    parts = {"multipliers", "block RAMs", "block RAMs, writes beside reads", "SDRAM"}
    assert untested(findings) == parts
    why = {each.seen for each in findings if each.part in parts}
    assert why == {"the core's clock does not run"}


def test_a_core_that_stands_still_though_its_clock_runs():
    halted = {name: re.sub("(tests|reads)=....", r"\1=0000", text) for name, text in CORE.items()}
    findings = judged(rounds_with(**halted))
    assert {each.part for each in findings if each.state is State.NOT_SOUND} == {
        *("multipliers", "block RAMs", "block RAMs, writes beside reads", "SDRAM")
    }
    assert not untested(findings)
    findings = judged(rounds_with(**dict.fromkeys(CORE, "")))
    assert is_sound(findings) and len(untested(findings)) == 4


@pytest.mark.parametrize(
    "values, seen",
    [
        (DEAD, "it never locked"),
        ({"longest": "fffff"}, "after a reset it did not lock; after 64 others it did"),
        ({"losses": "03"}, "lost its lock (3 times)"),
        ({"locked": "0"}, "was not locked"),
        ({"khz": f"{62_600:06x}"}, "makes 62.6 MHz"),
        ({"khz": f"{62_500 + 13:06x}"}, "makes 62.513 MHz"),
    ],
)
def test_another_pll(values, seen):
    findings = judged(rounds_with(pll1=pll(1, 62.5, **values)))
    fault = the_fault(findings)
    assert fault.part == "PLL 1, 62.5 MHz" and seen in fault.seen
    assert "if PLL 0 is sound" in fault.advice
    assert not untested(findings)


def test_a_pll_that_fails_in_one_round_only():
    rounds = rounds_with(count=3)
    rounds[1]["pll0"] = pll(0, 100, losses="01")
    assert "lost its lock" in the_fault(judged(rounds)).seen


def test_a_count_that_is_off_by_the_counting_is_sound():
    assert is_sound(judged(rounds_with(pll0=pll(0, 100, khz=f"{100_002:06x}"))))


def stuck(plan, chosen) -> str:
    """The first line of multipliers, with those sites always 0."""
    mask = sum(1 << n for n, site in enumerate(plan.tested_sites[:32]) if chosen(site))
    return f"multipliers from=00 wrong={mask:08x} zero={mask:08x} tests=0100"


def names(plan, chosen) -> list[str]:
    return [site.bel for site in plan.tested_sites if chosen(site)]


def test_a_stuck_multiplier_is_named_by_its_site():
    def chosen(site):
        return site == PLAN.tested_sites[0]

    fault = the_fault(judged(rounds_with(multipliers00=stuck(PLAN, chosen))))
    assert fault.part == "multipliers"
    assert fault.seen == f"1 of 24 always gave 0: {names(PLAN, chosen)[0]}"
    assert "damaged" in fault.meaning


@pytest.mark.parametrize("resets", [{"RST0"}, {"RST3"}, {"RST0", "RST3"}])
@pytest.mark.parametrize("half", ["odd", "even"])
def test_exactly_the_lone_halves_are_stuck(half, resets):
    def chosen(site):
        return site.half == half and site.reset in resets

    fault = the_fault(judged(rounds_with(multipliers00=stuck(PLAN, chosen))))
    kinds = " and ".join(f"the lone {half} half with {reset}" for reset in sorted(resets))
    assert f"always gave 0, {kinds}: " in fault.seen
    assert all(name in fault.seen for name in names(PLAN, chosen))
    assert ("lone odd half may stay in reset" in fault.meaning) == (half == "odd")
    assert ("go on" in fault.advice) == (half == "odd")
    assert "test both patterns" in fault.advice and "damaged" in fault.meaning


def test_lone_halves_and_another_one_are_not_exactly_the_lone_halves():
    def chosen(site):
        return site.half == "odd" or site == PLAN.tested_sites[0]

    fault = the_fault(judged(rounds_with(multipliers00=stuck(PLAN, chosen))))
    assert "lone" not in fault.seen and "3 of 24" in fault.seen


def test_everything_is_stuck():
    fault = the_fault(judged(rounds_with(multipliers00=stuck(PLAN, lambda site: True))))
    assert fault.seen == "all 24 always gave 0" and "common to all" in fault.meaning


def test_one_wrong_bit_of_a_product():
    rounds = rounds_with(BIG, count=5)
    rounds[3]["multipliers20"] = "multipliers from=20 wrong=00000004 zero=00000000 tests=0100"
    fault = the_fault(judged(rounds, BIG))
    assert fault.seen == f"1 of 152 gave wrong products: {BIG.tested_sites[34].bel}"


def test_a_site_that_is_zero_in_one_round_only_is_wrong_not_stuck():
    rounds = rounds_with()
    rounds[0]["multipliers00"] = "multipliers from=00 wrong=00000001 zero=00000001 tests=0100"
    rounds[1]["multipliers00"] = "multipliers from=00 wrong=00000001 zero=00000000 tests=0100"
    assert "gave wrong products" in the_fault(judged(rounds)).seen


def test_bits_beyond_the_last_site_mean_nothing():
    beyond = "multipliers from=00 wrong=ff000000 zero=ff000000 tests=0100"
    assert is_sound(judged(rounds_with(multipliers00=beyond)))


def test_sites_without_a_line_are_not_called_sound():
    findings = judged(rounds_with(BIG, multipliers40=""), BIG)
    assert is_sound(findings) and untested(findings) == {"multipliers"}
    (finding,) = [each for each in findings if each.part == "multipliers"]
    assert "32 of 152" in finding.seen


def test_a_block_ram_with_a_wrong_word():
    rounds = rounds_with(block_rams20="block_rams from=20 wrong=00000102 reads=0100")
    fault = the_fault(judged(rounds))
    assert fault.part == "block RAMs"
    assert fault.seen == "2 of 54 returned wrong words: number 33 and 40"


def test_all_block_rams_are_wrong():
    changed = {
        f"block_rams{first:02x}": f"block_rams from={first:02x} wrong=ffffffff reads=0100"
        for first in (0, 32)
    }
    assert "all 54" in the_fault(judged(rounds_with(**changed))).seen


def test_a_lane_that_disturbs_others():
    fault = the_fault(judged(rounds_with(lanes="lanes errors=0007 tests=0400")))
    assert "beside reads" in fault.part and "7 reads were wrong" in fault.seen
    assert "--head chip" in fault.advice


@pytest.mark.parametrize(
    "dead, words",
    [
        (1 << 5, "DQ5 fails at every phase"),
        (1 << 0 | 1 << 15, "DQ0 and DQ15 fail at every phase"),
        (0xFF00, "every phase, the whole upper byte"),
    ],
)
def test_dead_data_lines(dead, words):
    changed = eye_lines(open_eye(PLAN, -12, 12, dead))
    findings = judged(rounds_with(**changed))
    fault = the_fault(findings)
    assert fault.part == "SDRAM, data lines" and words in fault.seen
    assert untested(findings) == {"SDRAM, size"}


def test_no_sdram_at_all():
    shut = eye_lines(open_eye(PLAN, 0, 0))
    findings = judged(rounds_with(**shut, size="size alive=000000"))
    fault = the_fault(findings)
    assert fault.part == "SDRAM" and "no data line works" in fault.seen
    assert not untested(findings)


def test_a_narrow_eye():
    findings = judged(rounds_with(**eye_lines(open_eye(PLAN, -1, 2))))
    fault = the_fault(findings)
    assert fault.part == "SDRAM, phase"
    assert "less than 0.5 ns" in fault.meaning and "warmth" in fault.meaning


def test_an_eye_beside_the_designs_phase():
    step = 10 / PLAN.phases  # ns
    fault = the_fault(judged(rounds_with(**eye_lines(open_eye(PLAN, 4, 24)))))
    assert fault.part == "SDRAM, phase"
    assert "the design's phase does not work" in fault.seen
    assert f"({20 * step:.1f} ns) wide" in fault.seen
    assert f"({13.5 * step:+.1f} ns) from the design's phase" in fault.seen
    fault = the_fault(judged(rounds_with(**eye_lines(open_eye(PLAN, -24, -4)))))
    assert f"({-14.5 * step:+.1f} ns) from the design's phase" in fault.seen


def test_an_eye_that_is_nowhere_open():
    masks = [1 << phase % 16 for phase in range(PLAN.phases)]
    fault = the_fault(judged(rounds_with(**eye_lines(masks))))
    assert "at each phase some data line fails" in fault.seen


def test_an_eye_that_is_always_open_is_not_believed():
    findings = judged(rounds_with(**eye_lines(open_eye(PLAN, 0, PLAN.phases))))
    assert is_sound(findings) and untested(findings) == {"SDRAM, phase"}


def test_a_data_line_that_fails_at_one_phase_in_one_round_closes_the_eye_there():
    masks = open_eye(PLAN, -12, 12)
    masks[1] = 1 << 3
    for number in (0, 1):
        rounds = rounds_with()
        rounds[number] |= eye_lines(masks)
        fault = the_fault(judged(rounds))
        assert fault.part == "SDRAM, phase" and "and 0.0 ns" in fault.seen


def test_of_two_eyes_the_designs_counts():
    masks = open_eye(PLAN, -6, 6)
    masks[12:36] = [0] * 24
    findings = judged(rounds_with(**eye_lines(masks)))
    assert is_sound(findings)
    assert any(f"({12 * 10 / PLAN.phases:.1f} ns) wide" in each.seen for each in findings)


def test_phases_without_a_line_are_not_called_sound():
    findings = judged(rounds_with(eye08=""))
    assert is_sound(findings) and untested(findings) == {"SDRAM, phase"}
    (finding,) = [each for each in findings if each.part == "SDRAM, phase"]
    assert finding.seen == f"no line arrived about 8 of {PLAN.phases} phases"


@pytest.mark.parametrize(
    "alive, seen",
    [
        ("0fffff", "16 MiB of the expected 32 MiB answer; A12 (row) selects nothing"),
        ("1ffffe", "16 MiB of the expected 32 MiB answer; BA0 selects nothing"),
        ("1fff7f", "16 MiB of the expected 32 MiB answer; A8 (column) selects nothing"),
        ("0ffffd", "8 MiB of the expected 32 MiB answer; BA1 and A12 (row) select nothing"),
    ],
)
def test_another_size(alive, seen):
    fault = the_fault(judged(rounds_with(size=f"size alive={alive}")))
    assert fault.part == "SDRAM, size" and fault.seen == seen


@pytest.mark.parametrize(
    "change, seen, meaning",
    [
        ({"answered": False}, "did not answer", "does not hear"),
        ({"wrong": 3}, "0 were lost and 3 came back wrong", "cannot be said"),
        ({"received": 900}, "100 were lost", "on the way from it"),
        ({"received": 990, "arrived": 990, "framing": 4}, "10 were lost", "on the way to it"),
        ({"wrong": 3, "arrived": None, "framing": None}, "3 came back", "cannot be said"),
    ],
)
@pytest.mark.parametrize("number", [0, 1])
def test_echo_errors(number, change, seen, meaning):
    echoes = list(ECHOES)
    echoes[number] = replace(echoes[number], **change)
    fault = the_fault(judged(rounds_with(), echoes=echoes))
    assert fault.part == f"serial line, {number + 2} Mbaud"
    assert seen in fault.seen and meaning in fault.meaning


def test_broken_lines():
    extra = line("die code=9e activity=19").replace(b"9e", b"8e")
    fault = the_fault(judged(rounds_with(), extra=extra))
    assert fault.part == "serial line, 1 Mbaud" and fault.seen.startswith("1 of ")


def test_a_hot_die():
    fault = the_fault(judged(rounds_with(die="die code=af activity=64")))
    assert fault.part == "die temperature" and fault.seen == "up to 97 °C, at 100 % activity"


def test_a_thermometer_that_says_nothing_likely():
    for code in ("1e", "80"):  # not valid; -58 degrees
        findings = judged(rounds_with(die=f"die code={code} activity=19"))
        assert is_sound(findings) and untested(findings) == {"die temperature"}


def test_a_board_that_restarts_or_falls_silent():
    rounds = [round_of(PLAN, number) for number in (7, 8, 0, 1)]
    fault = the_fault(judged(rounds))
    assert fault.seen == "it restarted" and "ESP32" in fault.meaning
    findings = judged(rounds_with(), echoes=[], stopped=True)
    assert the_fault(findings).seen == "it fell silent"
    assert untested(findings) == {"serial line, 2 Mbaud", "serial line, 3 Mbaud"}
    assert is_sound(judged([round_of(PLAN, number) for number in (0xFFFE, 0xFFFF, 0)]))
    again = [round_of(PLAN, 0)] * 3  # it restarts in the midst of each first round
    assert the_fault(judged(again)).seen == "it restarted"


def test_nothing_but_the_first_line():
    findings = judged([{"selftest": round_of(PLAN)["selftest"]}], echoes=[])
    assert is_sound(findings)
    sound = {each.part for each in findings if each.state is State.SOUND}
    assert sound == {"serial line, 1 Mbaud"}
