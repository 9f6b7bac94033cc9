"""torch's files: every tensor that torch can save is read, or refused by what it is."""

import io
import zipfile
from pathlib import Path

import pytest
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.checkpoint.kind import recognise
from fireline.host.float_network.checkpoint.stored import StoredTensor
from fireline.host.float_network.checkpoint.torch_file import read_torch
from torch import nn

BASE = torch.arange(24.0).view(2, 3, 4)


def stored(path: Path) -> StoredTensor:
    """The tensor in a file that holds one alone."""
    file = read_torch(path, recognise(path))
    found = file.tensor(file.root)
    assert found is not None
    return found


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize(
    "tensor",
    [
        BASE,
        BASE.half(),
        BASE.bfloat16(),
        BASE.double(),
        BASE[:, 1:, ::2],
        BASE.permute(2, 0, 1),
        BASE[0, :, :1].expand(3, 5),
        torch.tensor(3.5),
        torch.empty(0, 4),
        nn.Parameter(BASE),
        BASE.clone().requires_grad_(),
    ],
)
def test_tensors(tmp_path, tensor, new):
    path = tmp_path / "w.pth"
    torch.save(tensor, path, _use_new_zipfile_serialization=new)
    found = stored(path)
    assert found.shape == tensor.shape and f"torch.{found.kind}" == str(tensor.dtype)
    values = found.read("here")
    assert values.dtype == torch.float32 and values.equal(tensor.detach().float())


@pytest.mark.filterwarnings("ignore")  # torch calls sparse and quantized tensors experimental
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: BASE.long(), "int64"),
        (lambda: BASE > 3, "bool"),
        (lambda: torch.complex(BASE, BASE), "complex64"),
        (lambda: BASE.to(torch.float8_e4m3fn), "float8_e4m3fn"),
        (lambda: BASE.to_sparse(), "sparse"),
        (lambda: BASE[0].to_sparse_csr(), "sparse"),
        (lambda: torch.nested.nested_tensor([BASE[0], BASE[1]]), "nested"),
        (lambda: torch.quantize_per_tensor(BASE, 0.1, 0, torch.qint8), "quantized"),
        (lambda: BASE.to("meta"), "without values"),
        (lambda: BASE.numpy(), "a numpy array"),
    ],
)
def test_other_tensors(tmp_path, make, kind):
    path = tmp_path / "w.pth"
    torch.save(make(), path)
    with pytest.raises(FirelineError, match=f"here is {kind}.*; save it as a dense float32"):
        stored(path).read("here")


def test_values_that_a_float32_does_not_have(tmp_path):
    path = tmp_path / "w.pth"
    for value in (torch.nan, torch.inf, 1e300):
        torch.save(torch.tensor([1, value], dtype=torch.float64), path)
        with pytest.raises(FirelineError, match="here holds NaN or infinity"):
            stored(path).read("here")
    torch.save(torch.tensor([1e-39, -1e-45, 1e-37, 1e-320], dtype=torch.float64), path)
    assert stored(path).read("here").equal(torch.tensor([0, 0, 1e-37, 0]))


def test_a_huge_view_is_not_read(tmp_path):
    """A tensor of a terabyte whose values are one value takes no memory until it is read."""
    path = tmp_path / "w.pth"
    torch.save(torch.zeros(1).expand(1 << 20, 1 << 18), path)
    assert stored(path).shape == (1 << 20, 1 << 18)


def rewritten(path: Path, change) -> None:
    """Writes each record of an archive anew, as ``change(name, data)`` returns it."""
    with zipfile.ZipFile(path) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in records.items():
            if (kept := change(name, data)) is not None:
                archive.writestr(name, kept)


@pytest.mark.parametrize(
    "change",
    [
        lambda name, data: data[:40] if name.endswith("data/0") else data,
        lambda name, data: None if name.endswith("data/0") else data,
    ],
)
def test_a_storage_without_its_values(tmp_path, change):
    path = tmp_path / "w.pth"
    torch.save(BASE, path)
    rewritten(path, change)
    with pytest.raises(FirelineError, match=r"here cannot be read .*fewer values than its shape"):
        stored(path).read("here")


def test_a_compressed_archive(tmp_path):
    path = tmp_path / "w.pth"
    torch.save(BASE, path)
    rewritten(path, lambda name, data: data)
    assert stored(path).read("here").equal(BASE)


@pytest.mark.parametrize(
    "change",
    [
        lambda name, data: b"big" if name.endswith("byteorder") else data,
        lambda name, data: data[:-5] if name.endswith("data.pkl") else data,
    ],
)
def test_damaged_archives(tmp_path, change):
    path = tmp_path / "w.pth"
    torch.save(BASE, path)
    rewritten(path, change)
    with pytest.raises(FirelineError, match="damaged or truncated"):
        stored(path)


def test_objects_beside_the_tensors_are_bounded(tmp_path):
    path = tmp_path / "w.pth"
    torch.save([BASE, "x" * (1 << 22)], path)
    with pytest.raises(FirelineError, match="take more than 4 MiB besides the tensors"):
        stored(path)


@pytest.mark.parametrize("new", [True, False])
def test_truncated(tmp_path, new):
    path = tmp_path / "w.pth"
    torch.save({"a": BASE, "b": BASE + 1}, path, _use_new_zipfile_serialization=new)
    whole = path.read_bytes()
    for length in range(1, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(FirelineError):
            read_torch(path, recognise(path))


def test_storages_are_shared(tmp_path):
    """Two tensors of one storage, of which the second begins after the first."""
    target = io.BytesIO()
    torch.save([BASE[0], BASE[1]], target)
    path = tmp_path / "w.pth"
    path.write_bytes(target.getvalue())
    file = read_torch(path, recognise(path))
    assert len(file.storages) == 1
    values = [file.tensor(each).read("here") for each in file.root]
    assert values[0].equal(BASE[0]) and values[1].equal(BASE[1])
