"""Simulated pictures, and scores that differ."""

import json

import numpy as np
import pytest
from fireline.host.golden import run as golden
from fireline.host.network.file import read_network
from PIL import Image
from support.command_line import Result, runs


def test_simulate(net, pictures, tmp_path):
    images = [pictures / "a" / "0.png", pictures / "b" / "1.png"]
    file = tmp_path / "result.json"
    runs("simulate", net, *images, "--array", "4x4", "--stall", 0.3, "--json", file)
    result = json.loads(file.read_text())
    assert [frame["image"] for frame in result["frames"]] == [str(image) for image in images]
    pixels = np.stack([np.asarray(Image.open(image)) for image in images])
    expected = golden(read_network(net), pixels)
    assert [frame["scores"] for frame in result["frames"]] == expected.tolist()
    assert [frame["class"] for frame in result["frames"]] == expected.argmax(1).tolist()
    assert result["mismatches"] == 0
    cycles = result["cycles_per_frame"]
    assert result["utilisation"] == pytest.approx(result["mac_passes"] / (cycles * 16))


def test_simulate_tells_a_mismatch(net, image, monkeypatch):
    def wrong(network, pixels):
        return golden(network, pixels) + 1

    monkeypatch.setattr("fireline.sim.compare.golden.run", wrong)
    result = Result("simulate", net, image, "--array", "4x4")
    assert result.status == 1
    assert "first value to differ" in result.stdout
