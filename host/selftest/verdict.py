"""Judges a whole recording of the self-test: a finding for each part of the board."""

from collections.abc import Sequence

from ...hw.sdram.chip import SdramGeometry
from .clocks import judge_pll
from .die import judge_die
from .finding import Finding, State, not_sound, not_tested, sound
from .memories import judge_block_rams, judge_lanes
from .multipliers import judge_multipliers
from .readings import BlockRams, Die, Lanes, Multipliers, Pll, Sdram
from .sdram import PhaseEye, judge_sdram, tested_readings
from .serial_line import echo_not_tested, judge_echo, judge_text
from .session import BAUD, ECHO_BAUDS, Recording


def judge(recording: Recording) -> list[Finding]:
    """The findings about every part of the board, in the order in which a reader needs them."""
    plan, reader = recording.plan, recording.reader
    by_number: dict[int, list[Pll]] = {number: [] for number in range(len(plan.plls))}
    for reading in reader.of(Pll):
        by_number.setdefault(reading.number, []).append(reading)
    plls = [
        judge_pll(number, mhz, by_number[number], plan.board.oscillator_mhz)
        for number, mhz in enumerate(plan.plls)
    ]
    clock_runs = plls[0].state is State.SOUND
    findings = [_judge_running(recording), *plls]
    findings += judge_multipliers(plan.tested_sites, reader.of(Multipliers), clock_runs)
    findings.append(judge_block_rams(plan.block_rams, reader.of(BlockRams), clock_runs))
    findings.append(judge_lanes(reader.of(Lanes), clock_runs))
    if plan.has_sdram:
        _, sizes = tested_readings(reader.readings)
        findings += judge_sdram(
            eye_of(recording), sizes, reader.of(Sdram), clock_runs, SdramGeometry()
        )
    findings.append(judge_text(len(reader.lines), reader.broken, BAUD))
    findings += _judge_echoes(recording)
    findings.append(judge_die(reader.of(Die)))
    return findings


def eye_of(recording: Recording) -> PhaseEye:
    """The SDRAM's eye."""
    plan = recording.plan
    eyes, _ = tested_readings(recording.reader.readings)
    return PhaseEye.of(plan.phases, plan.home, 1000 / plan.core_mhz, eyes)


def is_sound(findings: Sequence[Finding]) -> bool:
    """Returns whether nothing is known to be unsound."""
    return all(each.state is not State.NOT_SOUND for each in findings)


def _judge_running(recording: Recording) -> Finding:
    part = "the board as a whole"
    if recording.restarts or recording.stopped:
        return not_sound(
            part,
            "it fell silent" if recording.stopped else "it restarted",
            "the ESP32's firmware may have taken over the JTAG, or the supply fails",
            "disable the ESP32 (on an ULX3S, users report, by jumper J3); use another USB port or "
            "cable",
        )
    rounds = len({each.round for each in recording.rounds})
    if rounds < 2:
        return not_tested(part, "it printed no whole round, so it may have restarted unseen")
    return sound(part, f"it ran for {rounds} rounds without a restart")


def _judge_echoes(recording: Recording) -> list[Finding]:
    if recording.echoes:
        return [judge_echo(echo) for echo in recording.echoes]
    return [echo_not_tested(baud, "the board did not run until then") for baud in ECHO_BAUDS]
