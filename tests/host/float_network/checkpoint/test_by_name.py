"""Weights with torchvision's names behind any prefix, in what trainers save around them."""

import argparse
import dataclasses
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.checkpoint.load import Checkpoint, read_checkpoint
from fireline.host.float_network.squeezenet import SqueezeNet
from support.networks.small import TINY, fire, network
from support.networks.torch_networks import draw_model
from torch import nn

MODEL = draw_model(TINY, batch_norm=False)
STATE = MODEL.state_dict()
NORMALISED = draw_model(TINY, batch_norm=True)
OTHER = {name: tensor + 1 for name, tensor in STATE.items()}


def prefixed(prefix, state=STATE):
    return OrderedDict((prefix + name, tensor) for name, tensor in state.items())


def averaged(model: nn.Module) -> nn.Module:
    return torch.optim.swa_utils.AveragedModel(model)


def optimizer(model: nn.Module, kind=torch.optim.Adam) -> dict:
    """The state of an optimizer after a step."""
    trained = SqueezeNet(model.architecture)
    made = kind(trained.parameters(), lr=0.1)
    trained(torch.rand(1, 3, TINY.height, TINY.width)).sum().backward()
    made.step()
    return made.state_dict()


def read(path: Path, content: object, **options) -> Checkpoint:
    torch.save(content, path, **options)
    return read_checkpoint(path, TINY)


def is_model(checkpoint: Checkpoint, state=STATE) -> bool:
    """Whether the model has the tensors; counters aside."""
    found = checkpoint.model.state_dict()
    weights = [name for name in state if not name.endswith("num_batches_tracked")]
    return found.keys() == state.keys() and all(found[k].equal(state[k]) for k in weights)


WRAPPED = {
    "model_state_dict.": lambda: {"epoch": 3, "model_state_dict": STATE, "loss": 0.5},
    "model.": lambda: {"model": STATE, "args": argparse.Namespace(lr=0.1, path=Path("x"))},
    "net.": lambda: {"net": STATE, "acc": np.float64(93.1), "history": [np.arange(3)]},
    "module.": lambda: prefixed("module."),
    "state_dict.model.": lambda: {"state_dict": prefixed("model."), "hyper_parameters": {"a": 1}},
    "_orig_mod.module.": lambda: prefixed("_orig_mod.module."),
    "params.": lambda: {"params": STATE},
    "checkpoint.0.model.": lambda: {"checkpoint": [{"model": STATE}]},
    "ema.module.": lambda: {"ema": prefixed("module."), "updates": 100},
}


@pytest.mark.parametrize("prefix", WRAPPED)
@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_wrappers_and_prefixes(tmp_path, prefix, options):
    found = read(tmp_path / "w.pth", WRAPPED[prefix](), **options)
    assert is_model(found)
    assert found.notes == (
        f"weights {tmp_path / 'w.pth'}: takes the prefix {prefix!r} off the names",
    )


def test_torchvisions_own_file_needs_no_note(tmp_path):
    found = read(tmp_path / "w.pth", STATE)
    assert is_model(found) and found.notes == () and not found.model.training


@pytest.mark.parametrize("name", ["w.pth.tar", "w.ckpt", "w.bin", "w.PT", "w", "w.safetensors"])
def test_any_ending(tmp_path, name):
    assert is_model(read(tmp_path / name, STATE))


def test_averaged_models(tmp_path):
    found = read(tmp_path / "w.pth", averaged(MODEL).state_dict())
    assert is_model(found) and "'module.'" in found.notes[0]


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.SGD])
def test_optimizers_are_left_alone(tmp_path, kind):
    state = {"optimizer_state_dict": optimizer(MODEL, kind), "optim": prefixed("module.", OTHER)}
    assert is_model(read(tmp_path / "w.pth", {**state, "net": STATE}))
    assert is_model(read(tmp_path / "w.pth", {**state, "optimized_model": STATE}))


@pytest.mark.filterwarnings("ignore:Couldn't retrieve source")
@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_whole_models(tmp_path, options):
    """torch.save(model): the classes need not be there, and nothing of them is imported."""
    found = read(tmp_path / "w.pth", {"model": nn.DataParallel(MODEL)}, **options)
    assert is_model(found) and "'model.module.'" in found.notes[0]


@pytest.mark.filterwarnings("ignore")  # torch calls TorchScript old
def test_torchscript(tmp_path):
    path = tmp_path / "w.pt"
    example = torch.rand(1, 3, TINY.height, TINY.width)
    torch.jit.save(torch.jit.trace(MODEL, example), path)
    assert is_model(read_checkpoint(path, TINY))


@pytest.mark.parametrize("keys", [("model", "ema"), ("state_dict_ema", "state_dict"),
                                  ("net", "model_ema"), ("params_ema", "params"),
                                  ("swa_model", "model")])  # fmt: skip
def test_averaged_weights_are_preferred(tmp_path, keys):
    (ema,) = (key for key in keys if "ema" in key or "swa" in key)
    (plain,) = (key for key in keys if key != ema)
    found = read(tmp_path / "w.pth", {key: STATE if key == ema else OTHER for key in keys})
    assert is_model(found)
    assert found.notes == (
        f"weights {tmp_path / 'w.pth'}: takes the averaged weights '{ema}.', not '{plain}.'",
    )


def test_several_networks_are_refused(tmp_path):
    with pytest.raises(
        FirelineError, match=r"holds 2 networks, under 'teacher.' and 'student.'; save the state_"
    ):
        read(tmp_path / "w.pth", prefixed("teacher.") | prefixed("student.", OTHER))


def test_batch_norm_is_kept(tmp_path):
    found = read(tmp_path / "w.pth", {"model": NORMALISED.state_dict()})
    assert is_model(found, NORMALISED.state_dict())


def test_counters_of_others_are_ignored(tmp_path):
    profiled = {"total_ops": torch.zeros(1), "features.0.total_params": torch.zeros(1)}
    assert is_model(read(tmp_path / "w.pth", STATE | profiled))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_become_float32(tmp_path, dtype):
    state = {name: tensor.to(dtype) for name, tensor in STATE.items()}
    found = read(tmp_path / "w.pth", state)
    assert is_model(found, {name: tensor.float() for name, tensor in state.items()})


def test_another_number_of_classes(tmp_path):
    path = tmp_path / "w.pth"
    torch.save({"net": draw_model(dataclasses.replace(TINY, classes=5), False).state_dict()}, path)
    with pytest.raises(FirelineError, match="has 5 classes, but small has 3; set classes = 5 in"):
        read_checkpoint(path, TINY)
    assert read_checkpoint(path, TINY, any_classes=True).model.architecture.classes == 5


def test_a_bypass_of_its_own(tmp_path):
    complex_one = network(*TINY.stages[:2], fire(4, 4, 5, "complex"))
    model = draw_model(complex_one, True)
    torch.save(model.state_dict(), tmp_path / "w.pth")
    assert is_model(read_checkpoint(tmp_path / "w.pth", complex_one), model.state_dict())
