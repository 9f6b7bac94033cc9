"""Weights files become networks; what does not fit is refused."""

import argparse
import dataclasses
import json
import random
from collections import OrderedDict

import pytest
import safetensors.torch
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
from support.networks.onnx_networks import Zoo, run_onnx, torch_export
from support.networks.small import TINY
from support.networks.torch_networks import draw_model, save
from support.paths import SHARED

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


def test_class_names(tmp_path):
    path = tmp_path / "w.bin"  # safetensors under another ending
    state, names = SqueezeNet(SMALL).state_dict(), [f"class {number}" for number in range(7)]
    for text, found in (
        (json.dumps(names), tuple(names)),
        ("[1]", ()),
        ("}", ()),
        ("[" * 9999, ()),
    ):
        safetensors.torch.save_file(state, path, {"classes": text})
        assert read_checkpoint(path, SMALL).class_names == found
    safetensors.torch.save_file(state, path, {"classes": json.dumps(names[:3])})
    with pytest.raises(FirelineError, match="names 3 classes, but has 7"):
        read_checkpoint(path, SMALL)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("classifier.1.bias", torch.full((7,), torch.nan), "classifier.1.bias holds NaN"),
        ("conv1_norm.running_var", torch.full((8,), -1.0), "variance below zero; train again"),
        ("features.0.weight", torch.ones(8, 3, 3, 3).long(), "features.0.weight is int64"),
        ("features.0.weight", torch.ones(8, 3, 3, 3).to_sparse(), "features.0.weight is sparse"),
    ],
)
def test_values_are_checked(tmp_path, name, value, message):
    state = SqueezeNet(SMALL, batch_norm=True).state_dict() | {name: value}
    torch.save({"net": state}, tmp_path / "w.pth")
    with pytest.raises(FirelineError, match=message) as error:
        load_checkpoint(tmp_path / "w.pth", SMALL)
    assert "w.pth" in str(error.value) and "\n" not in str(error.value)


def test_too_many_classes(tmp_path):
    state = SqueezeNet(SMALL).state_dict()
    state["classifier.1.weight"] = torch.ones(1).expand(5000, 11, 1, 1)
    state["classifier.1.bias"] = torch.ones(1).expand(5000)
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(FirelineError, match=r"w\.pth: .*number of classes is 5000"):
        read_checkpoint(tmp_path / "w.pth", SMALL, any_classes=True)


def damaged(data: bytes, draw: random.Random) -> bytes:
    """Bytes changed, cut out, repeated or put in, at a few places."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 5))):
        place = draw.randrange(len(changed))
        length = draw.choice((1, 1, 4, 100))
        match draw.randrange(4):
            case 0:
                changed[place : place + length] = draw.randbytes(length)
            case 1:
                del changed[place : place + length]
            case 2:
                changed[place:place] = changed[place : place + length]
            case _:
                del changed[place:]
        changed = changed or bytearray(b"x")
    return bytes(changed)


def check_damaged(tmp_path, seeds) -> None:
    """Damaged files of each kind are read, with finite weights, or refused in one line."""
    path, state = tmp_path / "w", draw_model(TINY, True).state_dict()
    files = []
    for options in ({}, {"_use_new_zipfile_serialization": False}, {"pickle_protocol": 4}):
        torch.save({"epoch": 1, "model": state, "args": argparse.Namespace(a=1)}, path, **options)
        files.append(path.read_bytes())
    safetensors.torch.save_file(state, path, {"classes": '["a", "b", "c"]'})
    files.append(path.read_bytes())
    for seed in seeds:
        draw = random.Random(seed)
        path.write_bytes(damaged(draw.choice(files), draw))
        try:
            model = load_checkpoint(path, TINY)
        except FirelineError as error:
            assert "\n" not in str(error) and len(str(error)) < 1000, seed
            str(error).encode()
        else:
            assert all(tensor.isfinite().all() for tensor in model.state_dict().values()), seed


def test_damaged_files(tmp_path):
    check_damaged(tmp_path, range(150))


@pytest.mark.slow
def test_many_damaged_files(tmp_path):
    check_damaged(tmp_path, range(1000, 9000))


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
