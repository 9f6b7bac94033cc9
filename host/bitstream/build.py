"""From a board top to a bitstream, by Yosys, nextpnr and ecppack; and onto the board."""

import json
import math
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from ...errors import FirelineError
from ...hw.boards import find_board
from ...hw.boards.top import BoardTop
from ..compiler.compile import Compiled
from ..network.file import write_network
from .floorplan import Floorplan
from .netlist import absorb_output_registers, make_constants_near
from .place_and_route import fmax, place_and_route
from .sites import place_multipliers
from .slow_paths import SlowPaths
from .tools import Progress, Step, find_tool, run_step

SYNTHESIS = "synth_ecp5 -abc9 -nowidelut"
HIDE_FIELDS = r"rename -hide w:*\[*"
"""Amaranth names the fields of a struct `word[0]`, and so does ABC the bits of a `word`."""

KEEP_REGISTERS = "proc; select -set kept a:keep %ci1:+[Q]; setattr -set keep 1 @kept"
"""Yosys makes one of equal registers unless the registers, not only their wires, are to be kept."""

FREE_COLLISIONS = (
    "select -set apart r:MEMID=*bank* r:MEMID=*bytes r:MEMID=*lines* r:MEMID=*words; "
    "setparam -set COLLISION_X_MASK 1'1 @apart t:$memrd_v2 %i r:COLLISION_X_MASK=1'0 %i"
)
"""What is read of these memories in a cycle in which the same word is written is never used, so
nothing need stand between the block RAMs and their registers to say what it is."""

PACK = ("--compress",)

CELLS = {
    "luts": "TRELLIS_COMB",
    "ffs": "TRELLIS_FF",
    "multipliers": "MULT18X18D",
    "block_rams": "DP16KD",
}
"""What nextpnr calls the things that are counted."""

FLASH_ADVICE = {127: "it lacks a library; on Debian: apt install libusb-1.0-0"}
"""What to do about openFPGALoader's exit status."""

MAY_BE_ZERO = ("used", "seed", "head_rows", "head_overlaid")

SUMMARY = "build.json"
BITSTREAM = "fireline.bit"
NETWORK = "network.fireline"
FLOORPLAN = "floorplan.json"
SLOW_PATHS = "slow_paths.json"


@dataclass(frozen=True)
class Usage:
    """How many of a kind a design takes, and how many there are."""

    used: int
    available: int

    def __str__(self):
        return f"{self.used} of {self.available}"


@dataclass(frozen=True)
class BuildSummary:
    """What came out of a build."""

    board: str
    network: str  # CRC-32, in hexadecimal
    baud: int
    clock_mhz: float  # what the PLL makes
    fmax_mhz: float  # what nextpnr says is possible
    luts: Usage
    ffs: Usage
    multipliers: Usage
    block_rams: Usage
    seed: int
    bitstream: str  # beside the summary
    array: str = ""  # such as 8x8; empty when no network was compiled for it
    head_rows: int = 0  # of a streamed classifier's input, as in `StreamedHead`
    head_overlaid: int = 0

    @property
    def meets_timing(self) -> bool:
        return self.fmax_mhz >= self.clock_mhz

    def frames_per_second(self, cycles: int) -> float:
        """Of frames of so many cycles; if the clock is missed, at the one that is possible."""
        return min(self.clock_mhz, self.fmax_mhz) * 1e6 / cycles

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        try:
            values = json.loads(path.read_text())
            values |= {cell: Usage(**values[cell]) for cell in CELLS}
            return _checked(cls(**values))
        except FileNotFoundError:
            raise FirelineError(f"{path.parent} holds no build: run fireline build first") from None
        except (OSError, ValueError, TypeError, KeyError):
            raise FirelineError(f"{path} is not a build's summary: build again") from None


def build(
    top: BoardTop,
    folder: Path,
    *,
    compiled: Compiled | None = None,
    seeds: int = 1,
    workers: int | None = None,
    progress: Progress = lambda step, line: None,
) -> BuildSummary:
    """Makes a bitstream and its summary in ``folder``, with the best of nextpnr's ``seeds``.

    The work is done in a private folder beside it; nothing is left of a build that fails.
    Floorplan and slow paths are kept too and, of what was ``compiled`` for the top, the network.
    ``seeds`` and ``workers`` are those of ``place_and_route``.
    """
    folder = Path(folder).absolute()
    if folder.exists() and not folder.is_dir():
        raise FirelineError(f"{folder} is not a folder: name one for the build's results")
    tools = {tool: find_tool(tool) for tool in ("yosys", "nextpnr-ecp5", "ecppack")}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=f".{folder.name}-", ignore_cleanup_errors=True
        ) as name:
            scratch = Path(name)
            _synthesize(top, tools["yosys"], scratch, progress)
            seed, report = place_and_route(
                top.board, tools["nextpnr-ecp5"], scratch, seeds, workers, progress
            )
            pack = (tools["ecppack"], *PACK, f"seed{seed}.config", BITSTREAM)
            run_step(Step("ecppack", pack), scratch, progress)
            configuration = scratch / f"seed{seed}.config"
            Floorplan.of(top.board.device, configuration).write(scratch / FLOORPLAN)
            SlowPaths.of(report).write(scratch / SLOW_PATHS)
            if compiled:
                write_network(compiled.network, scratch / NETWORK)
            summary = _summary(top, compiled, seed, report)
            summary.write(scratch / SUMMARY)
            folder.mkdir(exist_ok=True)
            for result in (SUMMARY, NETWORK):  # never those of another bitstream
                (folder / result).unlink(missing_ok=True)
            kept = BITSTREAM, FLOORPLAN, SLOW_PATHS, *([NETWORK] if compiled else ()), SUMMARY
            for result in kept:
                os.replace(scratch / result, folder / result)
    except OSError as error:
        raise FirelineError(f"cannot build in {folder}: {error.strerror or error}") from None
    return summary


def flash(
    folder: Path, *, permanent: bool = False, show: Callable[[str], None] = print
) -> BuildSummary:
    """Loads a build onto its board; into its flash memory too when ``permanent``."""
    folder = Path(folder)
    summary = BuildSummary.read(folder / SUMMARY)
    command = flash_command(folder, permanent=permanent)
    show(" ".join(command))
    try:
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        status = getattr(error, "returncode", error)
        advice = FLASH_ADVICE.get(status, "check that the board is plugged in and yours to use")
        raise FirelineError(f"openFPGALoader failed ({status}): {advice}") from None
    return summary


def flash_command(folder: Path, *, permanent: bool = False) -> list[str]:
    """The command that loads a build onto its board."""
    summary = BuildSummary.read(Path(folder) / SUMMARY)
    board = find_board(summary.board)
    where = ["--write-flash"] if permanent else []
    bitstream = str(Path(folder) / summary.bitstream)
    return [find_tool("openFPGALoader"), "--board", board.flash_name, *where, bitstream]


def _checked(record: BuildSummary | Usage) -> BuildSummary | Usage:
    """The record, if its values can be; TypeError or ValueError if they cannot."""
    for field in fields(record):
        value = getattr(record, field.name)
        if not isinstance(value, (int, float) if field.type is float else field.type):
            raise TypeError(field.name)
        if isinstance(value, Usage):
            _checked(value)
        elif value == 0 and field.name in MAY_BE_ZERO:
            continue
        elif isinstance(value, (int, float)) and not 0 < value < math.inf:
            raise ValueError(field.name)
    return record


def _synthesize(top: BoardTop, yosys: str, scratch: Path, progress: Progress) -> None:
    """Leaves the netlist in top.json and the pins in top.lpf."""
    plan = top.board.platform().prepare(top, "top", emit_src=False)
    for name in ("top.il", "top.lpf"):
        (scratch / name).write_text(plan.files[name])
    prepare = f"read_rtlil top.il; {HIDE_FIELDS}; {FREE_COLLISIONS}; {KEEP_REGISTERS}"
    script = f"{prepare}; {SYNTHESIS} -top top; write_json top.json"
    run_step(Step("yosys", (yosys, "-p", script)), scratch, progress)
    design = json.loads((scratch / "top.json").read_text())
    absorb_output_registers(design["modules"]["top"])
    make_constants_near(design["modules"]["top"])
    place_multipliers(design["modules"]["top"], top.board)
    (scratch / "top.json").write_text(json.dumps(design))


def _summary(top: BoardTop, compiled: Compiled | None, seed: int, report: dict) -> BuildSummary:
    counts = {
        name: Usage(**{key: report["utilization"][cell][key] for key in ("used", "available")})
        for name, cell in CELLS.items()
    }
    head = compiled.streamed if compiled else None
    return BuildSummary(
        board=top.board.name,
        network=f"{top.system.identity.network:08x}",
        baud=top.baud,
        clock_mhz=top.clock_mhz,
        fmax_mhz=round(fmax(report), 2),
        seed=seed,
        bitstream=BITSTREAM,
        array=str(compiled.program.array) if compiled else "",
        head_rows=head.rows if head else 0,
        head_overlaid=head.overlaid if head else 0,
        **counts,
    )
