"""Runs Yosys on a test's hardware."""

import json
import subprocess
from collections import Counter
from pathlib import Path

from amaranth.back import rtlil
from fireline.host.bitstream.synthesis import SYNTHESIS
from fireline.host.tools import PIP


def run_yosys(script: str, folder: Path) -> None:
    subprocess.run([PIP.find("yosys").path, "-q", "-p", script], cwd=folder, check=True)


def synthesized(design, folder: Path, ports=None, prepare: str = "") -> dict:
    """The netlist of a component, or of a module with `ports`; Yosys runs `prepare` first."""
    (folder / "top.il").write_text(rtlil.convert(design, name="top", ports=ports))
    script = f"read_rtlil top.il; {prepare}; {SYNTHESIS} -top top; write_json top.json"
    run_yosys(script, folder)
    return json.loads((folder / "top.json").read_text())


def cells(netlist: dict) -> Counter[str]:
    """The number of cells of each type."""
    return Counter(cell["type"] for cell in netlist["modules"]["top"]["cells"].values())
