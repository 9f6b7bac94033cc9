"""Weights files become networks; what does not fit is refused."""

import dataclasses
from collections import OrderedDict

import pytest
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.checkpoint.load import load_checkpoint, read_checkpoint
from fireline.host.float_network.squeezenet import SqueezeNet
from fireline.host.network.architecture import (
    PREPROCESSINGS,
    Architecture,
    Bypass,
    Conv1,
    Fire,
    MaxPool,
)
from fireline.host.network.families import family
from support.onnx_networks import Zoo, run_onnx, torch_export
from support.paths import SHARED
from support.torch_networks import save

SMALL = Architecture(
    "small",
    3,
    9,
    12,
    PREPROCESSINGS["caffe"],
    (Conv1(8, 3, 2, 1), MaxPool(), Fire(4, 5, 6, Bypass.COMPLEX), Fire(2, 5, 6, Bypass.SIMPLE)),
    7,
)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_checkpoint(tmp_path, batch_norm):
    model = SqueezeNet(SMALL, batch_norm).eval()
    torch.save(model.state_dict(), tmp_path / "w.pth")
    loaded = load_checkpoint(tmp_path / "w.pth", SMALL)
    assert not loaded.training
    x = torch.randn(1, 3, 9, 12)
    with torch.no_grad():
        assert loaded(x).equal(model(x))


def changed(**changes):
    state = SqueezeNet(SMALL, batch_norm=True).state_dict() | changes
    return {name: tensor for name, tensor in state.items() if tensor is not None}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (
            changed(**{"features.0.weight": None, "features.3.squeeze.weight": None}),
            "features.0.weight and 1 more missing; use weights of this architecture",
        ),
        (changed(**{"conv9.weight": torch.ones(1)}), "conv9.weight unexpected"),
        (
            changed(**{"classifier.1.weight": torch.ones(8, 11, 1, 1)}),
            r"classifier.1.weight has shape \(8, 11, 1, 1\) instead of \(7, 11, 1, 1\)",
        ),
        (changed(**{"classifier.1.bias": torch.full((7,), torch.nan)}), "NaN or infinity"),
        (changed(**{"conv1_norm.running_var": torch.full((8,), -1.0)}), "variance below zero"),
        ({}, "features.0.weight and 17 more missing"),
    ],
)
def test_checkpoint_refused(tmp_path, state, reason):
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(FirelineError, match=reason) as error:
        load_checkpoint(tmp_path / "w.pth", SMALL)
    assert "w.pth" in str(error.value) and "\n" not in str(error.value)


def test_onnx_checkpoint(tmp_path):
    """Batch normalisation is folded in; channels in another order are reordered."""
    path = Zoo(SMALL, norm=True).save(tmp_path / "w.onnx")
    loaded = load_checkpoint(path, SMALL)
    assert not loaded.training and loaded.norm("conv1") is None
    x = torch.randn(2, 3, 9, 12)
    with torch.no_grad():
        torch.testing.assert_close(loaded(x), run_onnx(path, x), rtol=1e-4, atol=1e-4)
    other = dataclasses.replace(SMALL, classes=5)
    with pytest.raises(FirelineError, match=r"w\.onnx: .* has 7 classes, but small has 5"):
        load_checkpoint(path, other)
    assert read_checkpoint(path, other, any_classes=True).model.architecture.classes == 7


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_classes(tmp_path, ending):
    state = SqueezeNet(SMALL).state_dict()
    other = dataclasses.replace(SMALL, classes=5)
    path = save(tmp_path / f"w{ending}", state)
    assert read_checkpoint(path, other, any_classes=True).model.architecture.classes == 7


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
@pytest.mark.parametrize("name", ["squeezenet1_0", "squeezenet1_1"])
def test_files_in_torchvisions_layout(tmp_path, name, ending, dtype):
    """Random weights with the names and shapes that test_torchvision_names checks."""
    torch.manual_seed(0)
    shapes = {key: tensor.shape for key, tensor in SqueezeNet(family(name)).state_dict().items()}
    state = OrderedDict((key, torch.randn(shape).to(dtype)) for key, shape in shapes.items())
    loaded = load_checkpoint(save(tmp_path / f"w{ending}", state), family(name)).state_dict()
    assert list(loaded) == list(state)
    for key, tensor in loaded.items():
        assert tensor.dtype == torch.float32 and tensor.equal(state[key].float())


WEIGHTS = SHARED / "weights"


@pytest.mark.parametrize(
    "file", ["squeezenet1_1.pth", "squeezenet1_1-caffe.pth", "squeezenet1_0-caffe-pruned.pth"]
)
def test_published_weights(file, tmp_path):
    """Published weights, and the ONNX file that torch exports from them, give equal tensors."""
    if not (WEIGHTS / file).is_file():
        pytest.skip("needs the weights themselves")
    architecture = family(file[: len("squeezenet1_1")])
    model = load_checkpoint(WEIGHTS / file, architecture)
    assert model.conv("conv10").out_channels == 1000
    exported = load_checkpoint(torch_export(tmp_path / "w.onnx", model), architecture)
    for name, tensor in exported.state_dict().items():
        assert tensor.equal(model.state_dict()[name])
