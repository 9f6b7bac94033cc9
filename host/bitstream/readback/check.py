"""Checks a bitstream against what it should be, by reading it back."""

import json
from pathlib import Path

from ....errors import FirelineError
from ....hw.boards.board import Board
from ....hw.program import Program
from ..place_and_route import configuration_of, placed_netlist_of
from ..steps import Progress, Step, run_step
from ..summary import BITSTREAM
from ..synthesis import DESIGN, NETLIST, PINS
from .configuration import Configuration, differences
from .images import design_images, placed_block_rams
from .memories import check_contents, check_memories
from .multipliers import check_multipliers
from .pads import check_pads
from .plls import check_plls
from .words import check_words

UNPACKED = "unpacked.config"
SHOWN = 3  # differences that a message names


def check_bitstream(
    board: Board,
    clock_mhz: float,
    program: Program | None,
    ecpunpack: str,
    scratch: Path,
    seed: int,
    progress: Progress,
) -> list[str]:
    """Unpacks the bitstream in the folder `scratch` and checks it; returns what it checked.

    The bitstream is that of the placement `seed`; `clock_mhz` is the core's clock. The checks look
    at what the netlist does not show: pads, the fields of the PLLs, resets and enables of
    multipliers and block RAMs. The bitstream must be nextpnr's configuration, bit for bit, and hold
    the contents that the design gave to its block RAMs; the design's must be those of `program`, if
    there is one.

    Raises FirelineError if something is not as it should be, or if ecpunpack fails.
    """
    unpack = (ecpunpack, BITSTREAM, UNPACKED)
    run_step(Step("ecpunpack", unpack), scratch, progress)
    netlist = json.loads((scratch / NETLIST).read_text())["modules"]["top"]
    wrote = Configuration.read(scratch / configuration_of(seed))
    found = Configuration.read(scratch / UNPACKED)
    done: list[str] = []

    def report(line: str) -> None:
        done.append(line)
        progress("check", line)

    try:
        wrong = differences(wrote, found)
        if wrong:
            raise FirelineError(
                f"it is not nextpnr's configuration, in {len(wrong)} places: "
                f"{', '.join(wrong[:SHOWN])}"
            )
        report("equal to nextpnr's configuration")
        report(check_pads(wrote, found, netlist, (scratch / PINS).read_text(), board))
        report(check_plls(wrote, found, netlist, board, clock_mhz))
        report(check_multipliers(wrote, found, netlist))
        report(check_memories(wrote, found, netlist))
        images = design_images(scratch / DESIGN)
        sites = placed_block_rams(scratch / placed_netlist_of(seed))
        report(check_contents(wrote, found, netlist, sites, images))
        if program:
            report(check_words(images, program))
    except FirelineError as error:
        raise FirelineError(
            f"the bitstream is not what it should be: {error}; this is a defect of Fireline or of "
            f"its tools, please report it"
        ) from None
    return done
