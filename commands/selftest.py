"""fireline selftest: what of a board is sound and what is not."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import FirelineError
from .common import TOOLS, Output, command
from .options.numbers import POSITIVE
from .options.paths import OutputFolder

if TYPE_CHECKING:
    from ..host.link.text_port import TextPort
    from ..host.selftest.results import Run
    from ..host.selftest.session import Session
    from ..host.tools import Tools
    from ..hw.boards.board import Board
    from ..hw.selftest.plan import SelfTestPlan

SIMULATED = "simulated"
"""Stands for the name of a port."""

CLOCKS = 100.0, 100.0
"""MHz; one for each pattern of multipliers."""

PORT_SECONDS = 8.0
"""The loader takes the port away; it is back within that time."""

COLOURS = {"sound": "green", "NOT SOUND": "bold red", "not tested": "yellow"}


def _files() -> tuple[str, ...]:
    from ..host.selftest.results import PAGE, RESULTS

    return PAGE, RESULTS


@command
@click.option("--board", metavar="BOARD", required=True, help="See: fireline boards.")
@click.option(
    "--clock",
    "clocks",
    type=POSITIVE,
    multiple=True,
    default=CLOCKS,
    show_default=True,
    metavar="MHZ",
    help="A core clock to test, once or more. Two patterns take turns; they differ in the "
    "multipliers that they test without a neighbour.",
)
@click.option(
    "--port",
    metavar="P",
    help="The board's serial port, or `simulated`; by default that of the board plugged in.",
)
@click.option("--build-only", is_flag=True, help="Build the bitstreams and stop.")
@click.option("--no-flash", is_flag=True, help="Read the self-test that the board runs already.")
@click.option(
    "-o",
    "folder",
    metavar="DIR",
    type=OutputFolder(_files),
    help="Folder for all results.  [default: selftest-BOARD]",
)
@TOOLS
def selftest(output: Output, board, clocks, port, build_only, no_flash, folder, tools):
    """Test a board: what is sound, what is not, and what to do.

    For each clock the command builds a bitstream (a build in DIR is used again), loads it, and
    reads what the board prints: whether the PLLs lock, products of every multiplier, contents of
    the block RAMs, the SDRAM at each phase of its clock, the serial line at 2 and 3 Mbaud, the
    temperature. DIR gets a page with pictures, selftest.html, and selftest.json with every line of
    the board: send that one to report a board. The status is 1 if something is not sound. If a
    clock's self-test cannot be read, DIR has the results of the clocks before it.

    With --port simulated it simulates the board with its self-test, at the first clock.

    \b
    Examples:
      fireline selftest --board ulx3s-25f -o build/selftest
      fireline selftest --board ulx3s-85f --clock 100 --port /dev/ttyUSB0 -o build/selftest
      fireline selftest --board ulx3s-25f --port simulated -o build/selftest
    """
    from ..host.files import check_folder_place
    from ..host.tools import Tools
    from ..hw.boards import find_board
    from ..hw.selftest.plan import PATTERNS, SelfTestPlan

    if build_only and (no_flash or port == SIMULATED):
        raise FirelineError("--build-only builds bitstreams: leave out the other option")
    if no_flash and port == SIMULATED:
        raise FirelineError("a simulated board is not flashed: leave out --no-flash")
    chosen, toolbox = find_board(board), Tools(tools, output.say)
    plans = [SelfTestPlan(chosen, mhz, number % PATTERNS) for number, mhz in enumerate(clocks)]
    where = Path(folder or f"selftest-{board}")
    check_folder_place(where, _files(), "results")
    if port == SIMULATED:
        return _report(output, board, where, [_simulate(output, plans[0], toolbox)], simulated=True)
    if no_flash:
        run = _read(output, chosen, _port(chosen, port), None, toolbox)
        return _report(output, board, where, [run])
    if not build_only:
        _port(chosen, port)  # complains before minutes of building
    builds = [_build(output, plan, where, toolbox) for plan in plans]
    if build_only:
        output.result({"board": board, "builds": [str(build) for build in builds]})
        return 0
    runs: list[Run] = []
    try:
        for plan, build in zip(plans, builds, strict=True):
            runs.append(_read(output, chosen, _port(chosen, port), plan, toolbox, build))
    except FirelineError:
        if runs:
            _report(output, board, where, runs)
        raise
    return _report(output, board, where, runs)


def _build(output: Output, plan: "SelfTestPlan", where: Path, tools: "Tools") -> Path:
    """Builds a bitstream unless it is there; returns its folder.

    Raises FirelineError if it misses its clock: what it found might be its own fault.
    """
    from ..host.bitstream.summary import SUMMARY, BuildSummary

    folder = where / f"{plan.board.name}-{plan.core_mhz:g}mhz-pattern{plan.pattern}"
    if (folder / SUMMARY).exists():
        output.say(f"{folder} is built already; delete it to build it again")
        summary = BuildSummary.read(folder / SUMMARY)
    else:
        from ..host.bitstream.selftest import build_selftest

        with output.steps() as progress:
            summary = build_selftest(plan, folder, tools, progress)
    output.say(f"{folder}: {summary.clock_mhz:g} MHz, up to {summary.fmax_mhz:g} MHz possible")
    output.say(f"checked in the bitstream: {', '.join(summary.checks)}")
    if not summary.meets_timing:
        raise FirelineError(
            f"the self-test in {folder} misses its clock of {summary.clock_mhz:g} MHz, so what it "
            f"finds may be its own fault: test at --clock {int(summary.fmax_mhz)} or below"
        )
    return folder


def _port(board: "Board", port: str | None) -> str:
    from ..host.link.ports import find_port

    return port or find_port(board)


def _read(
    output: Output,
    board: "Board",
    port: str,
    plan: "SelfTestPlan | None",
    tools: "Tools",
    build: Path | None = None,
) -> "Run":
    """Loads a build, if one is given, and reads the self-test of the board on a port."""
    from dataclasses import asdict

    from ..host.bitstream.flash import flash
    from ..host.selftest.session import Session, SilentBoard

    summary = asdict(flash(build, tools=tools, show=output.say)) if build else None
    try:
        with _open(port, PORT_SECONDS if build else 0) as text:
            return _run(output, Session(text), board, plan, summary)
    except SilentBoard as silence:
        raise _accelerator(port) or silence from None


def _open(port: str, seconds: float) -> "AbstractContextManager[TextPort]":
    """Opens a port; tries for so long, because the loader gives it back late."""
    from ..host.link.text_port import TextPort
    from ..host.selftest.session import BAUD

    until = time.monotonic() + seconds
    while True:
        try:
            return TextPort(port, BAUD)
        except FirelineError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.2)


def _simulate(output: Output, plan: "SelfTestPlan", tools: "Tools") -> "Run":
    from ..host.selftest.session import Session
    from ..sim.selftest import simulated_selftest

    output.say("building the simulated board, unless an earlier run built the same one")
    with simulated_selftest(plan, tools=tools) as port, _open(port, 0) as text:
        output.say(f"a simulated {plan.board.name} runs its self-test at {port}")
        return _run(output, Session(text, pace=30), plan.board, plan, None, rounds=2, echo_bytes=64)


def _run(
    output: Output,
    session: "Session",
    board: "Board",
    plan: "SelfTestPlan | None",
    build: dict[str, Any] | None,
    **amounts: int,
) -> "Run":
    """Reads rounds and echoes, and judges them."""
    from ..host.selftest.results import Run
    from ..hw.selftest.plan import SelfTestPlan

    begin = session.begin()
    if begin.board != board.name:
        raise FirelineError(
            f"the board at {session.port.port} runs the self-test of {begin.board}, not of "
            f"{board.name}: name that board, or the other board's port"
        )
    if plan and (begin.mhz, begin.pattern) != (plan.core_mhz, plan.pattern):
        raise FirelineError(
            f"the board at {session.port.port} runs the self-test at {begin.mhz:g} MHz, pattern "
            f"{begin.pattern}, not the one at {plan.core_mhz:g} MHz, pattern {plan.pattern}, that "
            "was loaded: is it another board's port?"
        )
    plan = plan or SelfTestPlan(board, begin.mhz, begin.pattern)
    title = f"lines of the self-test at {plan.core_mhz:g} MHz"
    with output.progress(title) as progress:
        recording = session.run(plan, progress, **amounts)
    return Run.of(recording, build)


def _accelerator(port: str) -> FirelineError | None:
    """What to say if an accelerator answers instead; None if none does."""
    from ..host.link.device import Device

    try:
        with Device(port, patience=1.0) as device:
            network = device.identify().network
    except FirelineError:
        return None
    return FirelineError(
        f"the board at {port} runs the accelerator of network {network:08x}, not the self-test: "
        "leave out --no-flash"
    )


def _report(
    output: Output, board: str, where: Path, runs: Sequence["Run"], simulated: bool = False
) -> int:
    """Prints the findings, writes page and results; returns the exit status."""
    from rich.text import Text

    from ..host.files import write_whole
    from ..host.selftest.finding import State
    from ..host.selftest.page import render
    from ..host.selftest.results import PAGE, RESULTS, conclusion, to_bytes, to_json

    for run in runs:
        table = output.table(run.title, "<part", "<verdict", "<seen")
        for finding in run.findings:
            table.add_row(finding.part, Text(finding.state, COLOURS[finding.state]), finding.seen)
        output.show(table)
    for run in runs:
        for finding in run.findings:
            if finding.state is State.NOT_SOUND or finding.advice:
                output.say(f"{finding.part} ({run.title}): {finding.seen}")
                if finding.meaning:
                    output.say(f"  it means: {finding.meaning}")
                output.say(f"  what to do: {finding.advice}")
    results = to_json(board, runs, simulated)
    where.mkdir(parents=True, exist_ok=True)
    write_whole(where / RESULTS, to_bytes(results), "results")
    write_whole(where / PAGE, render(board, runs, simulated).encode(), "page")
    output.say(conclusion(runs))
    send = "" if simulated else f"; to report this board, send {where / RESULTS}"
    output.say(f"pictures: {where / PAGE}{send}")
    output.result(results)
    return int(not results["sound"])
