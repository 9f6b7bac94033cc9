"""Every file in `examples/` runs, and its scores are the golden model's."""

import json
import subprocess
import sys

import numpy as np
from fireline.host import golden
from fireline.host.compiler.compile import compile_network
from fireline.host.network.random_network import random_network
from fireline.host.network.toml_file import read_toml
from fireline.hw.program import ArrayShape
from fireline.hw.verilog import to_verilog
from fireline.sim.simulator import build
from support.paths import ROOT

EXAMPLES = ROOT / "examples"
SAMPLE = ROOT / "host" / "network" / "shipped" / "samples" / "cat-0.png"
PORTS = (
    *("clk", "rst", "pixel_data", "pixel_valid", "pixel_ready"),
    *("score_data", "score_valid", "class_index", "class_valid"),
)


def example(name: str, *arguments) -> str:
    """What a Python example prints."""
    command = [sys.executable, EXAMPLES / name, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_python_interface(tmp_path):
    shown = example("python_interface.py", SAMPLE, tmp_path / "verilog")
    assert shown.splitlines()[0] == "cat: score 788,684"
    assert {file.name for file in (tmp_path / "verilog").iterdir()} == {
        "fireline.v",
        "manifest.json",
    }
    text = (EXAMPLES / "python_interface.py").read_text().split('"""')[2]
    assert len([line for line in text.splitlines() if line]) <= 20


def test_the_core_in_an_amaranth_design():
    shown = example("amaranth_top.py")
    assert shown == "classes [0, 2, 1]; all 9 scores equal the golden model's\n"


def test_the_core_in_a_verilog_design(tmp_path, pytestconfig):
    network = random_network(read_toml(EXAMPLES / "tiny.toml"), seed=32)
    noise = np.random.default_rng(2).integers(0, 256, (3, 8, 8, 3))
    pixels = (noise // np.reshape([1, 2, 10], (3, 1, 1, 1))).astype(np.uint8)
    expected = golden.run(network, pixels)
    classes = golden.classify(expected).tolist()
    assert len(set(classes)) == 3
    job, result = tmp_path / "job.json", tmp_path / "result.json"
    values = [int.from_bytes(bytes(pixel), "little") for pixel in pixels.reshape(-1, 3).tolist()]
    job.write_text(json.dumps({"pixels": values, "frames": len(pixels), "result": str(result)}))
    sources = {
        "fireline.v": to_verilog(compile_network(network, ArrayShape(4, 4)).program),
        "classifier.v": (EXAMPLES / "classifier.v").read_text(),
    }
    simulator = build(sources, "classifier", PORTS, pytestconfig.cache.mkdir("verilator"))
    simulator.run("support.testbenches.classifier", {"job": job}, tmp_path)
    assert json.loads(result.read_text()) == [expected.ravel().tolist(), classes]
