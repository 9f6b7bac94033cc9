"""The option --vcd, and fixtures of many tests: a tiny network's files and pictures."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("fireline", deadline=None)  # a busy machine must not fail a test
settings.load_profile("fireline")


def pytest_addoption(parser):
    parser.addoption(
        "--vcd", metavar="DIR", help="write a waveform of every simulation, named after its test"
    )


def pytest_configure(config):
    if folder := config.getoption("--vcd"):
        from support.waveforms import Waveforms

        config.pluginmanager.register(Waveforms(Path(folder)))


TOML = """
name = "tiny"
input = { channels = 3, height = 8, width = 8 }
preprocessing = "torchvision"
stages = [
    { conv1 = 8, kernel = 3, stride = 1, padding = 1 },
    "maxpool",
    { squeeze = 4, expand1x1 = 8, expand3x3 = 8 },
]
classes = 3
"""


@pytest.fixture
def fake_tools(tmp_path, monkeypatch):
    """A folder first on PATH, for stand-ins of Yosys, nextpnr and others."""
    from support.fake_tools import FakeTools

    return FakeTools(tmp_path / "tools", monkeypatch)


@pytest.fixture
def arch(tmp_path):
    """A TOML file with the architecture of a tiny network."""
    file = tmp_path / "tiny.toml"
    file.write_text(TOML)
    return file


@pytest.fixture
def net(tmp_path, arch):
    """The tiny network, quantized, with random weights."""
    from fireline.host.network.file import write_network
    from fireline.host.network.lookup import resolve
    from fireline.host.network.random_network import random_network

    file = tmp_path / "tiny.fireline"
    write_network(random_network(resolve(arch), 0), file)
    return file


@pytest.fixture
def weights(tmp_path, arch):
    """Random float weights of the tiny network, with its class names."""
    import safetensors.torch
    import torch
    from fireline.host.float_network.squeezenet import SqueezeNet
    from fireline.host.network.lookup import resolve

    torch.manual_seed(0)
    file = tmp_path / "tiny.safetensors"
    state = SqueezeNet(resolve(arch)).state_dict()
    safetensors.torch.save_file(state, file, {"classes": '["a", "b", "c"]'})
    return file


@pytest.fixture
def pictures(tmp_path):
    """A folder with one sub-folder per class and four pictures in each."""
    import numpy as np
    from PIL import Image

    draw = np.random.default_rng(0)
    folder = tmp_path / "pictures"
    for label in "abc":
        (folder / label).mkdir(parents=True)
        for number in range(4):
            pixels = draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder


@pytest.fixture
def picture(pictures):
    """One of the pictures."""
    return pictures / "a" / "0.png"
