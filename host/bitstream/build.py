"""From a board's top to a bitstream, by Yosys, nextpnr and ecppack."""

import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from ...errors import FirelineError
from ...hw.boards.board import Board
from ..compiler.compile import Compiled
from ..network.file import write_network
from ..tools import PIP, Tool, Tools
from .floorplan import Floorplan
from .place_and_route import configuration_of, fmax, place_and_route
from .readback.check import check_bitstream
from .slow_paths import SlowPaths
from .steps import Progress, Step, run_step
from .summary import (
    BITSTREAM,
    CELLS,
    FLOORPLAN,
    NETWORK,
    SLOW_PATHS,
    SUMMARY,
    BuildSummary,
    Usage,
)
from .synthesis import NETLIST, synthesize

TOOLS = ("yosys", "nextpnr-ecp5", "ecppack", "ecpunpack")
VERIFYING = "verilator"
PACK_OPTIONS = ("--compress",)

Verifier = Callable[[Path], AbstractContextManager[Callable[[], int]]]
"""Starts to verify the netlist in a file, beside place and route. The function that it yields waits
for the result: how many scores were compared."""


class Top(Protocol):
    """What a build needs to know of an Amaranth `Elaboratable` that requests a board's pins."""

    board: Board
    clock_mhz: float  # of the core
    baud: int
    network: str  # as in `BuildSummary`


def build(
    top: Top,
    folder: Path,
    *,
    compiled: Compiled | None = None,
    seeds: int = 1,
    workers: int | None = None,
    verifier: Verifier | None = None,
    tools: Tools = PIP,
    progress: Progress = lambda step, line: None,
) -> BuildSummary:
    """Makes a bitstream and its summary in ``folder``, from the best of ``seeds`` placements.

    Beside them it writes the floorplan, the slow paths and the network of ``compiled``, if given.
    ``seeds`` and ``workers`` are those of ``place_and_route``. ``verifier`` uses the Verilator of
    ``tools``. The tools run in a private folder
    beside ``folder``, so that a build that fails leaves nothing behind. The bitstream is read back
    and checked.

    Raises FirelineError if a tool is missing or fails, if ``verifier`` does so, if the bitstream is
    not what it should be, or if ``folder`` cannot be written.
    """
    folder = Path(folder).absolute()
    if folder.exists() and not folder.is_dir():
        raise FirelineError(f"{folder} is not a folder: name one for the build's results")
    found = {name: tools.find(name) for name in (*TOOLS, *([VERIFYING] if verifier else []))}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=f".{folder.name}-", ignore_cleanup_errors=True
        ) as name:
            scratch = Path(name)
            synthesize(top, str(found["yosys"].path), scratch, progress)
            unverified = nullcontext(lambda: 0)
            with verifier(scratch / NETLIST) if verifier else unverified as verify:
                nextpnr = str(found["nextpnr-ecp5"].path)
                seed, report = place_and_route(
                    top.board, nextpnr, scratch, seeds, workers, progress
                )
                verified = verify()
            configuration = scratch / configuration_of(seed)
            pack = (str(found["ecppack"].path), *PACK_OPTIONS, configuration.name, BITSTREAM)
            run_step(Step("ecppack", pack), scratch, progress)
            program = compiled.program if compiled else None
            checks = check_bitstream(
                *(top.board, top.clock_mhz, program, str(found["ecpunpack"].path), scratch, seed),
                progress,
            )
            Floorplan.of(top.board.device, configuration).write(scratch / FLOORPLAN)
            SlowPaths.of(report).write(scratch / SLOW_PATHS)
            if compiled:
                write_network(compiled.network, scratch / NETWORK)
            summary = _summary(top, compiled, found, seed, report, checks, verified)
            summary.write(scratch / SUMMARY)
            _move_results(scratch, folder, has_network=compiled is not None)
    except OSError as error:
        raise FirelineError(f"cannot build in {folder}: {error.strerror or error}") from None
    return summary


def _move_results(scratch: Path, folder: Path, has_network: bool) -> None:
    """Moves the results to ``folder``, the summary last: whoever finds it finds all of them."""
    folder.mkdir(exist_ok=True)
    for result in (SUMMARY, NETWORK):  # an earlier build's do not describe this bitstream
        (folder / result).unlink(missing_ok=True)
    for result in (BITSTREAM, FLOORPLAN, SLOW_PATHS, *([NETWORK] * has_network), SUMMARY):
        os.replace(scratch / result, folder / result)


def _summary(
    top: Top,
    compiled: Compiled | None,
    tools: dict[str, Tool],
    seed: int,
    report: dict,
    checks: list[str],
    verified: int,
) -> BuildSummary:
    counts = {
        name: Usage(**{key: report["utilization"][cell][key] for key in ("used", "available")})
        for name, cell in CELLS.items()
    }
    head = compiled.streamed if compiled else None
    return BuildSummary(
        board=top.board.name,
        network=top.network,
        baud=top.baud,
        clock_mhz=top.clock_mhz,
        fmax_mhz=round(fmax(report, top.clock_mhz), 2),
        seed=seed,
        bitstream=BITSTREAM,
        array=str(compiled.program.array) if compiled else "",
        head_rows=head.rows if head else 0,
        head_overlaid=head.overlaid if head else 0,
        checks=checks,
        verified=verified,
        tools={name: str(tool) for name, tool in tools.items()},
        **counts,
    )
