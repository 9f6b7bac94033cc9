"""From a board's top to a netlist for place and route, by Yosys."""

import json
from pathlib import Path
from typing import Any

from .netlist import (
    absorb_output_registers,
    make_constants_near,
    refuse_driven_controls,
    release_pads_at_start,
)
from .sites import place_multipliers, place_pair_block_rams, place_tested_block_rams
from .steps import Progress, Step, run_step

DESIGN, NETLIST, PINS = "top.il", "top.json", "top.lpf"

SYNTHESIS = "synth_ecp5 -abc9 -nowidelut"

HIDE_FIELDS = r"rename -hide w:*\[*"
"""Hides Amaranth's names for struct fields, because `word[0]` is also ABC's name for a bit."""

KEEP_REGISTERS = "proc; select -set kept a:keep %ci1:+[Q]; setattr -set keep 1 @kept"
"""Copies `keep` from wires to the registers that drive them. Yosys otherwise merges registers with
equal inputs, and the local copies of `hw/lib/routing.py` are equal."""

FREE_COLLISIONS = (
    "select -set apart r:MEMID=*bank* r:MEMID=*bytes r:MEMID=*lines* r:MEMID=*words; "
    "setparam -set COLLISION_X_MASK 1'1 @apart t:$memrd_v2 %i r:COLLISION_X_MASK=1'0 %i"
)
"""Lets a read of a word in the cycle in which the same word is written return undefined data. The
design never uses that data; without this, Yosys adds logic behind the block RAMs to define it."""


def synthesize(top: Any, yosys: str, scratch: Path, progress: Progress) -> None:
    """Leaves the design, its netlist and its pins in the folder `scratch`, as DESIGN, NETLIST and
    PINS."""
    plan = top.board.make_platform().prepare(top, "top", emit_src=False)
    for name in (DESIGN, PINS):
        (scratch / name).write_text(plan.files[name])
    prepare = f"read_rtlil {DESIGN}; {HIDE_FIELDS}; {FREE_COLLISIONS}; {KEEP_REGISTERS}"
    script = f"{prepare}; {SYNTHESIS} -top top; write_json {NETLIST}"
    run_step(Step("yosys", (yosys, "-p", script)), scratch, progress)
    netlist = json.loads((scratch / NETLIST).read_text())
    module = netlist["modules"]["top"]
    refuse_driven_controls(module)
    absorb_output_registers(module)
    release_pads_at_start(module)
    place_multipliers(module, top.board)
    place_tested_block_rams(module, top.board)
    place_pair_block_rams(module, top.board)
    make_constants_near(module)
    (scratch / NETLIST).write_text(json.dumps(netlist))
