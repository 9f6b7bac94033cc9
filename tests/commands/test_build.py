"""A build by tools that do nothing."""

import json
import os
import shlex
from contextlib import contextmanager

import pytest
from fireline.host.network.file import write_network
from fireline.host.network.lookup import resolve
from fireline.host.network.random_network import random_network
from support.command_line import Result, complains, runs

OPTIONS = "--board", "ulx3s-25f", "--array", "4x4", "--clock", "50", "--tools", "path"
NEXTPNR = """
while [ $# -gt 0 ]; do
  case $1 in --report) report=$2 ;; --textcfg) touch $2 ;; esac
  shift
done
cat > $report <<END
{"detailed_net_timings": [{"event": "clk", "endpoints": [
  {"cell": "average.kept_TRELLIS_FF_Q", "delay": [1.0, 18.02], "event": "clk", "port": "DI"}]}],
 "fmax": {"clk": {"achieved": 55.5, "constraint": ${CONSTRAINT:-50.0}}}, "utilization": {
 "TRELLIS_COMB": {"used": 1000, "available": 24288}, "TRELLIS_FF": {"used": 1, "available": 24288},
 "MULT18X18D": {"used": 2, "available": 28}, "DP16KD": {"used": 3, "available": 56}}}
END"""


@pytest.fixture
def tools(fake_tools, monkeypatch):
    for name, script in {
        "yosys": """echo '{"modules": {"top": {"cells": {}, "ports": {}}}}' > top.json""",
        "nextpnr-ecp5": NEXTPNR,
        "ecppack": "cp $2 $3",
        "ecpunpack": "",
        "verilator": "",
    }.items():
        fake_tools.install(name, script)
    monkeypatch.setattr("fireline.host.bitstream.build.check_bitstream", lambda *_: [])
    return fake_tools


def test_build(net, tools, tmp_path, monkeypatch):
    folder, file = tmp_path / "it's out; really", tmp_path / "result.json"
    options = (*OPTIONS, "-o", folder)
    options += ("--json", file)
    shown = runs("build", net, *options).stdout
    (line,) = [line for line in shown.splitlines() if line.startswith("to load it: ")]
    assert shlex.split(line.removeprefix("to load it: ")) == ["fireline", "flash", str(folder)]
    result = json.loads(file.read_text())
    assert result["tools"]["ecppack"].endswith(", from PATH")
    assert f"tools: yosys {result['tools']['yosys']}, nextpnr-ecp5 " in shown
    assert (result["fmax_mhz"], result["clock_mhz"], result["luts"]) == (55.5, 50.0, 1000)
    assert result["frames_per_second"] == pytest.approx(50e6 / result["cycles_per_frame"])
    assert os.path.exists(result["bitstream"])
    monkeypatch.setenv("CONSTRAINT", "80.0")
    slow = Result("build", net, *options, "--clock", "80")
    assert slow.status == 1 and "--clock 55" in slow.stdout
    assert "average.kept" in slow.stdout and "18.02" in slow.stdout


def test_an_architecture_gets_weights_at_random(arch, tools, tmp_path):
    options = (*OPTIONS, "-o", tmp_path / "out")
    assert "the weights are random" in runs("build", arch, *options).stdout
    assert (tmp_path / "out" / "network.fireline").exists()


def test_an_unknown_board(net, tmp_path):
    line = complains("build", net, "--board", "ulx4m", "-o", tmp_path / "out")
    assert "ulx3s-25f" in line and not (tmp_path / "out").exists()


def test_no_seeds_at_all(net, tmp_path):
    line = complains("build", net, "--board", "ulx3s-25f", "--seeds", 0, "-o", tmp_path / "out")
    assert "--seeds" in line and not (tmp_path / "out").exists()


def test_a_network_that_does_not_fit(arch, tmp_path):
    net = tmp_path / "large.fireline"
    wide = arch.read_text().replace("squeeze = 4, expand1x1 = 8", "squeeze = 256, expand1x1 = 512")
    arch.write_text(wide)
    write_network(random_network(resolve(arch), 0, 8), net)
    line = complains("build", net, "--board", "ulx3s-12f", "-o", tmp_path / "out")
    assert "block RAMs" in line and "try" in line and not (tmp_path / "out").exists()


def test_build_with_verify(net, tools, tmp_path, monkeypatch):
    checked = []

    @contextmanager
    def verification(file, top, network, progress, tools):
        progress("verify", file.name)
        yield lambda: checked.append(top.board.name) or network.architecture.classes

    monkeypatch.setattr("fireline.sim.netlist.verification", verification)
    file = tmp_path / "result.json"
    options = (*OPTIONS, "-o", tmp_path / "out")
    shown = runs("build", net, *options, "--verify", "--json", file).stdout
    verified = json.loads(file.read_text())["verified"]
    assert checked == ["ulx3s-25f"] and verified > 1
    assert f"verified: {verified} scores" in shown
    runs("build", net, *options, "--json", file)
    assert json.loads(file.read_text())["verified"] == 0 and len(checked) == 1


def test_verify_refuses_what_would_take_hours(tools, tmp_path):
    options = ("--board", "ulx3s-85f", "--array", "16x32", "-o", tmp_path / "out", "--verify")
    assert "leave --verify out" in complains("build", "squeezenet1_1", *options)
    assert not (tmp_path / "out").exists()
