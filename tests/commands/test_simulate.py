"""Simulated pictures, their waveform, and scores that differ."""

import json

import numpy as np
import pytest
from fireline.host.golden import run as golden
from fireline.host.network.file import read_network
from PIL import Image
from support.command_line import Result, complains, runs
from support.waveforms import read_vcd

PORTS = ("clk", "rst", "abort", "pixel_data", "pixel_valid", "pixel_ready")
PORTS += ("score_data", "score_last", "score_valid", "score_ready")


def test_simulate(net, pictures, tmp_path):
    files = [pictures / "a" / "0.png", pictures / "b" / "1.png"]
    vcd, result_file = tmp_path / "waveform.vcd", tmp_path / "result.json"
    options = ("--array", "4x4", "--stall", 0.3, "--vcd", vcd, "--json", result_file)
    assert f"{vcd}: the waveform" in runs("simulate", net, *files, *options).stdout
    result = json.loads(result_file.read_text())
    assert [frame["image"] for frame in result["frames"]] == [str(file) for file in files]
    pixels = np.stack([np.asarray(Image.open(file)) for file in files])
    expected = golden(read_network(net), pixels)
    assert [frame["scores"] for frame in result["frames"]] == expected.tolist()
    assert [frame["class"] for frame in result["frames"]] == expected.argmax(1).tolist()
    assert result["mismatches"] == 0
    cycles = result["cycles_per_frame"]
    assert result["utilisation"] == pytest.approx(result["mac_passes"] / (cycles * 16))
    waveform = read_vcd(vcd)
    assert {f"harness.accelerator.{port}" for port in PORTS} <= waveform.names
    since_reset = sum(frame["cycles"] for frame in result["frames"])
    assert since_reset < waveform.rises["harness.accelerator.clk"] < since_reset + 10


def test_simulate_tells_a_mismatch(net, picture, monkeypatch):
    def wrong(network, pixels):
        return golden(network, pixels) + 1

    monkeypatch.setattr("fireline.sim.compare.golden.run", wrong)
    result = Result("simulate", net, picture, "--array", "4x4")
    assert result.status == 1
    assert "first value to differ" in result.stdout


@pytest.mark.parametrize(
    "file, reason", [("", "is a folder"), ("none/waveform.vcd", "its folder does not exist")]
)
def test_a_waveform_that_cannot_be_written_is_refused_at_once(net, picture, tmp_path, file, reason):
    line = complains("simulate", net, picture, "--array", "4x4", "--vcd", tmp_path / file)
    assert f"{tmp_path / file}: {reason}" in line
