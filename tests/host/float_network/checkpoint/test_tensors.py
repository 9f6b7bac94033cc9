"""Weights files: valid ones are read, others refused in one line."""

import json
import zipfile

import pytest
import safetensors.torch
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.checkpoint.tensors import read_class_names, read_weights
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.torch_networks import save

GOOD = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.tensor([0.5, -1.0]).half()}


@pytest.fixture(params=["w.pth", "w.pt", "w.safetensors"])
def path(request, tmp_path):
    return tmp_path / request.param


def test_read(path):
    counter = {"a.num_batches_tracked": torch.tensor(3)}
    weights = read_weights(save(path, GOOD | counter))
    assert weights.keys() == GOOD.keys()
    assert all(weights[name].equal(GOOD[name]) for name in GOOD)


def test_nested_state_dict(tmp_path):
    path = save(tmp_path / "w.pth", {"state_dict": GOOD, "epoch": 3})
    assert read_weights(path).keys() == GOOD.keys()


def test_old_torch_format(tmp_path):
    torch.save(GOOD, tmp_path / "w.pth", _use_new_zipfile_serialization=False)
    assert read_weights(tmp_path / "w.pth").keys() == GOOD.keys()


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_not_finite(path, value):
    save(path, GOOD | {"b": torch.tensor([1.0, value])})
    with pytest.raises(FirelineError, match=r"w\.\w+: b holds NaN or infinity"):
        read_weights(path)


def test_not_floats(path):
    save(path, {"b": torch.tensor([1, 2])})
    with pytest.raises(FirelineError, match=r"b is torch.int64; save it as float32"):
        read_weights(path)


def test_missing_and_unknown(tmp_path):
    with pytest.raises(FirelineError, match="no such file"):
        read_weights(tmp_path / "none.pth")
    with pytest.raises(FirelineError, match="no such file"):
        read_weights(tmp_path)
    (tmp_path / "w.h5").write_bytes(b"")
    with pytest.raises(FirelineError, match=r"unknown file type; use .* or \.onnx"):
        read_weights(tmp_path / "w.h5")


def test_truncated(path):
    whole = save(path, GOOD).read_bytes()
    for length in (0, 1, 7, 8, 50, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(FirelineError) as error:
            read_weights(path)
        assert "\n" not in str(error.value)


class Bomb:
    """A malicious pickle, which names a function that unpickling calls."""

    def __reduce__(self):
        return print, ("executed",)


@pytest.mark.parametrize("zipped", [True, False])
def test_pickled_code_is_not_executed(tmp_path, capsys, zipped):
    path = tmp_path / "w.pth"
    torch.save({"a": Bomb()}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(FirelineError, match="holds code besides tensors, which was not executed"):
        read_weights(path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("weights", [[GOOD], {"a": 3}, {3: GOOD["a.bias"]}, 3, GOOD["a.bias"]])
def test_not_a_state_dict(tmp_path, weights):
    torch.save(weights, tmp_path / "w.pth")
    with pytest.raises(FirelineError, match="not a dictionary of tensors"):
        read_weights(tmp_path / "w.pth")


def test_other_zip_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as file:
        file.writestr("a", "b")
    with pytest.raises(FirelineError, match="damaged"):
        read_weights(tmp_path / "w.pth")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_any_changed_byte_is_read_or_refused(path, place, value):
    data = bytearray(save(path, GOOD).read_bytes())
    data[int(place * len(data))] = value
    path.write_bytes(data)
    try:
        read_weights(path)
    except FirelineError as error:
        assert "\n" not in str(error)


def test_class_names(tmp_path):
    path = tmp_path / "w.safetensors"
    for text, names in (('["cat", "dog"]', ("cat", "dog")), ("[1]", ()), ("}", ())):
        safetensors.torch.save_file(GOOD, path, {"classes": text})
        assert read_class_names(path) == names
    safetensors.torch.save_file(GOOD, path, {"other": json.dumps(["cat"])})
    assert read_class_names(path) == ()
    assert read_class_names(tmp_path / "none.safetensors") == ()
    assert read_class_names(tmp_path / "none.pth") == ()
