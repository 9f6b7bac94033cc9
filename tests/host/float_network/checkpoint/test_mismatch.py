"""Weights of another network: what they are, what differs, and what to do."""

import dataclasses

import pytest
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.checkpoint.load import read_checkpoint
from fireline.host.float_network.checkpoint.mismatch import NamesDiffer
from fireline.host.float_network.squeezenet import SqueezeNet
from fireline.host.network.families import family
from fireline.host.network.lookup import resolve
from support.networks.small import TINY

STATE = SqueezeNet(TINY).state_dict()


def difference(path, state, architecture=TINY) -> NamesDiffer:
    torch.save({"model": state}, path)
    with pytest.raises(NamesDiffer) as error:
        read_checkpoint(path, architecture)
    message = str(error.value)
    assert message.startswith(f"weights {path}: does not fit network {architecture.name}: ")
    assert message.endswith("export it to ONNX, which needs no names") and "\n" not in message
    return error.value


def test_other_names(tmp_path):
    state = {f"x{name}": tensor for name, tensor in STATE.items()} | {"act.slope": torch.ones(2)}
    found = difference(tmp_path / "w.pth", state)
    assert "xfeatures.0.weight (6x3x3x3) stands where features.0.weight (6x3x3x3)" in str(found)
    assert found.rows[0] == ("xfeatures.0.weight", "6x3x3x3", "features.0.weight", "6x3x3x3")
    assert len(found.rows) == len(STATE) + 1  # and the slope


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"features.3.squeeze.weight": None}, "features.3.squeeze.weight (4x6x1x1) is missing;"),
        ({"conv9.slope": torch.ones(2, 3)}, "conv9.slope (2x3) is unexpected;"),
        (
            {"features.0.weight": torch.ones(6, 3, 5, 5)},
            "features.0.weight (6x3x5x5) stands where features.0.weight (6x3x3x3) is wanted;",
        ),
        ({"a\n\ud800" + "b" * 99: torch.ones(2)}, r"a\n\ud800bbb"),
    ],
)
def test_the_first_difference(tmp_path, change, text):
    state = {name: each for name, each in (STATE | change).items() if each is not None}
    assert text in str(difference(tmp_path / "w.pth", state))


def test_an_optimizers_tensors_are_not_shown(tmp_path):
    state = {"net": {"a": torch.ones(1)}, "optimizer": STATE}
    assert all(row[0] in ("a", "") for row in difference(tmp_path / "w.pth", state).rows)


@pytest.mark.parametrize("saved", ["squeezenet1_0", "squeezenet1_1-complex", "cifar10"])
@pytest.mark.parametrize("renamed", [False, True])
def test_another_known_network(tmp_path, saved, renamed):
    """The number of classes does not matter: the next command speaks about it."""
    with torch.device("meta"):
        meta = SqueezeNet(dataclasses.replace(resolve(saved), classes=5)).state_dict()
    state = {
        f"{'net' if renamed else ''}{name}": torch.zeros(1).expand(tensor.shape)
        for name, tensor in meta.items()
    }
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(FirelineError) as error:
        read_checkpoint(tmp_path / "w.pth", family("squeezenet1_1"))
    assert f"holds a {saved}, not a squeezenet1_1; use --arch {saved}" in str(error.value)
    in_toml = f'family = "{saved}" in a TOML file'
    assert (in_toml in str(error.value)) == (saved != "cifar10")


def test_classes_of_a_family(tmp_path):
    with torch.device("meta"):
        meta = SqueezeNet(family("squeezenet1_1", classes=5)).state_dict()
    torch.save({k: torch.zeros(1).expand(v.shape) for k, v in meta.items()}, tmp_path / "w.pth")
    with pytest.raises(FirelineError) as error:
        read_checkpoint(tmp_path / "w.pth", family("squeezenet1_1", size=96))
    assert str(error.value) == (
        f"weights {tmp_path / 'w.pth'}: has 5 classes, but squeezenet1_1 has 1000; write a TOML "
        'file with the lines family = "squeezenet1_1", size = 96, classes = 5, and name it with '
        "--arch"
    )
