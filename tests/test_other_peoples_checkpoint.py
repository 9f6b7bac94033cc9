"""A trainer's checkpoint of a SqueezeNet 1.0 that nobody here made goes the whole way."""

import json

import numpy as np
import onnxruntime
import pytest
import torch
from fireline.host import golden
from fireline.host.network.file import read_network
from PIL import Image
from support.command_line import runs
from support.networks.other_peoples_networks import TorchvisionLike

CLASSES, SIZE = 10, 33
TOML = f'family = "squeezenet1_0"\nsize = {SIZE}\nclasses = {CLASSES}\n'
QUICK = ("--without", "error-feedback", "--without", "output-error")
"""Without the steps that take minutes."""


@pytest.fixture
def checkpoint(tmp_path):
    """What a training loop with DataParallel and SGD leaves after an epoch."""
    torch.manual_seed(0)
    model = torch.nn.DataParallel(TorchvisionLike(CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    model(torch.randn(2, 3, SIZE, SIZE)).sum().backward()
    optimizer.step()
    state = {
        "epoch": 1,
        "arch": "squeezenet1_0",
        "state_dict": model.state_dict(),
        "best_acc1": np.float64(12.5),
        "optimizer": optimizer.state_dict(),
    }
    torch.save(state, tmp_path / "model_best.pth.tar")
    return tmp_path / "model_best.pth.tar"


@pytest.fixture
def photos(tmp_path):
    """Two random pictures of each class."""
    draw = np.random.default_rng(0)
    for label in range(CLASSES):
        folder = tmp_path / "photos" / f"class{label}"
        folder.mkdir(parents=True)
        for number in range(2):
            pixels = draw.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).resize((80, 72)).save(folder / f"{number}.png")
    return tmp_path / "photos"


@pytest.mark.slow
def test_the_whole_way(checkpoint, photos, tmp_path):
    arch, net, graph = (tmp_path / name for name in ("my.toml", "my.fireline", "my.onnx"))
    arch.write_text(TOML)
    shown = runs(
        "quantize", "--arch", arch, "--weights", checkpoint, "--calibration", photos,
        *QUICK, "-o", net,
    ).stdout  # fmt: skip
    assert f"{checkpoint}: takes the prefix 'state_dict.module.' off the names" in shown
    result = tmp_path / "result.json"
    runs("evaluate", net, "--data", photos, "--against", checkpoint, "--json", result)
    assert json.loads(result.read_text())["same"] > 0.5
    runs("export", net, "--onnx", graph)
    picture = photos / "class3" / "1.png"
    shown = runs("simulate", net, picture, "--array", "16x16", "--json", result).stdout
    assert "every score equals the golden model's" in shown
    with Image.open(picture) as image:
        assert image.size != (SIZE, SIZE)
    check_graph(net, graph)


def check_graph(net, graph) -> None:
    """onnxruntime computes the golden model's scores."""
    pixels = np.random.default_rng(1).integers(0, 256, (2, SIZE, SIZE, 3), np.uint8)
    session = onnxruntime.InferenceSession(graph)
    (scores,) = session.run(None, {session.get_inputs()[0].name: pixels.transpose(0, 3, 1, 2)})
    expected = golden.run(read_network(net), pixels)
    assert np.array_equal(scores, expected) and len(np.unique(expected)) > CLASSES / 2


@pytest.mark.slow
def test_a_family_takes_the_classes_of_the_file(checkpoint, photos, tmp_path):
    """At 224 pixels, no TOML file is needed."""
    net = tmp_path / "my.fireline"
    shown = runs(
        "quantize", "--arch", "squeezenet1_0", "--weights", checkpoint, "--calibration", photos,
        *QUICK, "-o", net,
    ).stdout  # fmt: skip
    assert f"squeezenet1_0 gets the 10 classes of {checkpoint}" in shown
    assert read_network(net).architecture.classes == CLASSES
