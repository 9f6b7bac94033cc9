"""Simulated pictures, and scores that differ."""

import json

import numpy as np
import pytest
from fireline.host.golden import run as golden
from fireline.host.network.file import read_network
from PIL import Image
from support.command_line import Result, runs


def test_simulate(net, pictures, tmp_path):
    files = [pictures / "a" / "0.png", pictures / "b" / "1.png"]
    result_file = tmp_path / "result.json"
    runs("simulate", net, *files, "--array", "4x4", "--stall", 0.3, "--json", result_file)
    result = json.loads(result_file.read_text())
    assert [frame["image"] for frame in result["frames"]] == [str(file) for file in files]
    pixels = np.stack([np.asarray(Image.open(file)) for file in files])
    expected = golden(read_network(net), pixels)
    assert [frame["scores"] for frame in result["frames"]] == expected.tolist()
    assert [frame["class"] for frame in result["frames"]] == expected.argmax(1).tolist()
    assert result["mismatches"] == 0
    cycles = result["cycles_per_frame"]
    assert result["utilisation"] == pytest.approx(result["mac_passes"] / (cycles * 16))


def test_simulate_tells_a_mismatch(net, picture, monkeypatch):
    def wrong(network, pixels):
        return golden(network, pixels) + 1

    monkeypatch.setattr("fireline.sim.compare.golden.run", wrong)
    result = Result("simulate", net, picture, "--array", "4x4")
    assert result.status == 1
    assert "first value to differ" in result.stdout
