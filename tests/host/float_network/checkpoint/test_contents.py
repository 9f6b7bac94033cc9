"""What a file holds: tensors by path, wherever they lie."""

import dataclasses
import json

import pytest
import safetensors.torch
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.checkpoint.contents import Contents, read_contents
from fireline.host.float_network.checkpoint.kind import recognise
from fireline.host.network.file import write_network
from fireline.host.network.random_network import random_network
from support.networks.small import TINY

ONE = torch.ones(1)


def contents(path) -> Contents:
    return read_contents(path, recognise(path))


class Trainer:
    """An object with attributes and slots."""

    __slots__ = ("__dict__", "speed")

    def __init__(self, **attributes):
        vars(self).update(attributes)
        self.speed = 3


def test_paths(tmp_path):
    path = tmp_path / "w.pth"
    model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.BatchNorm2d(1))
    saved = {
        "z.a": ONE,
        3: [ONE, ("text", ONE)],
        "trainer": Trainer(model=model, best={"x": ONE, "n_averaged": ONE}),
    }
    torch.save(saved, path)
    assert list(contents(path).tensors) == [
        "z.a", "3.0", "3.1.1", "trainer.model.0.weight", "trainer.model.0.bias",
        "trainer.model.1.weight", "trainer.model.1.bias", "trainer.model.1.running_mean",
        "trainer.model.1.running_var", "trainer.best.x",
    ]  # fmt: skip
    assert contents(path).ordered


def test_objects_that_hold_themselves(tmp_path):
    path = tmp_path / "w.pth"
    saved = {"a": ONE}
    saved["self"] = saved
    torch.save(saved, path)
    assert next(iter(contents(path).tensors)) == "a"


def test_objects_that_hold_each_other_many_times(tmp_path, monkeypatch):
    monkeypatch.setattr("fireline.host.float_network.checkpoint.contents.MOST_OBJECTS", 1000)
    path, wide = tmp_path / "w.pth", [ONE]
    for _ in range(30):
        wide = [wide, wide]
    torch.save(wide, path)
    with pytest.raises(FirelineError, match="holds too many objects; save only the state_dict"):
        contents(path)


def test_deep_objects(tmp_path):
    path = tmp_path / "w.pth"
    deep = [ONE]
    for _ in range(200):
        deep = [deep]
    torch.save({"a": ONE, "deep": deep}, path)
    assert list(contents(path).tensors) == ["a"]


@pytest.mark.parametrize("saved", [{}, {"a": 3}, [], 3, "text", None, {"n_averaged": ONE}])
def test_no_tensors(tmp_path, saved):
    torch.save(saved, tmp_path / "w.pth")
    with pytest.raises(FirelineError, match="holds no tensors; save only the state_dict"):
        contents(tmp_path / "w.pth")


def test_safetensors(tmp_path):
    path = tmp_path / "w.safetensors"
    safetensors.torch.save_file(
        {"a.b": ONE, "n_averaged": ONE + 1}, path, {"classes": '["a", "b"]'}
    )
    found = contents(path)
    assert list(found.tensors) == ["a.b"] and not found.ordered
    assert found.class_names == ("a", "b")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FirelineError, match="damaged or truncated"):
        contents(path)


@pytest.mark.parametrize("names", ['["a", "\\ud800"]', "[" * 100_000, "1" * 5000, "3", "[1, 2]"])
def test_class_names_of_another_form_are_none(tmp_path, names):
    path = tmp_path / "w.safetensors"
    safetensors.torch.save_file({"a.b": ONE}, path, {"classes": names})
    assert contents(path).class_names == ()


def test_files_of_fireline_that_are_no_weights(tmp_path):
    path = tmp_path / "w.fireline"
    write_network(random_network(dataclasses.replace(TINY), 0), path)
    with pytest.raises(FirelineError, match="a quantized network; use the float weights"):
        contents(path)
    safetensors.torch.save_file({"a": ONE}, path, {"epochs": json.dumps(3)})
    with pytest.raises(FirelineError, match="an unfinished training; finish it"):
        contents(path)
