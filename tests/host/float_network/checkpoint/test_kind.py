"""The kind of a file follows from its content; what is no weights file gets its own advice."""

import gzip
import os
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
import safetensors.torch
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.checkpoint.kind import Kind, recognise
from support.networks.onnx_networks import Zoo
from support.networks.small import TINY

STATE = {"a.weight": torch.arange(6.0).view(2, 3)}


def refusal(path: Path) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(FirelineError) as error:
        recognise(path)
    assert str(error.value).startswith(f"weights {path}: ")
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", ["w.pth", "W.PTH", "w.safetensors", "w.onnx", "w.pth.tar", "w"])
def test_content_decides(tmp_path, name):
    path = tmp_path / name
    torch.save(STATE, path)
    assert recognise(path) is Kind.TORCH
    torch.save(STATE, path, _use_new_zipfile_serialization=False, pickle_protocol=4)
    assert recognise(path) is Kind.OLD_TORCH
    safetensors.torch.save_file(STATE, path)
    assert recognise(path) is Kind.SAFETENSORS
    Zoo(TINY).save(path)
    assert recognise(path) is Kind.ONNX


@pytest.mark.parametrize("length", [0x180, 0x4B50])
def test_a_safetensors_header_of_any_length(tmp_path, length):
    """The file begins with the length, which may look like the mark of a pickle or of a zip."""
    path = tmp_path / "w.safetensors"
    safetensors.torch.save_file(STATE, path, {"x": ""})
    short = int.from_bytes(path.read_bytes()[:8], "little")
    safetensors.torch.save_file(STATE, path, {"x": "y" * (length - short)})
    assert int.from_bytes(path.read_bytes()[:8], "little") == length
    assert recognise(path) is Kind.SAFETENSORS


def test_the_ending_decides_where_content_is_silent(tmp_path):
    for name in ("w.onnx", "w.ONNX"):
        (tmp_path / name).write_bytes(b"\x0a\xff\x80 damaged")
        assert recognise(tmp_path / name) is Kind.ONNX
    (tmp_path / "w.pth").write_bytes(b"\x0a\xff\x80 damaged")
    assert "neither torch, safetensors nor ONNX wrote this" in refusal(tmp_path / "w.pth")
    (tmp_path / "w.caffemodel").write_bytes(b"\x0a\x0aSqueezeNet\xff")
    assert "a Caffe model; export the network to ONNX" in refusal(tmp_path / "w.caffemodel")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 4\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>404</html>", "a web page instead of the file"),
        (b"\xef\xbb\xbf\n <HTML lang='en'>", "a web page instead of the file"),
        (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "a web page instead of the file"),
        (b'{"weight_map": {"a": "b"}}', "the index of a checkpoint in several files"),
        (b'{"a": [1]}', "a JSON file, which holds no weights"),
        (b"Entry not found", "a text file that begins with 'Entry not found'; fetch the file"),
        (b"\x89HDF\r\n\x1a\n\0\0", "an HDF5 file, as Keras and TensorFlow write them; export"),
        (gzip.compress(b"abc"), "compressed with gzip; unpack it first"),
        (b"\x93NUMPY\1\0", "a numpy array"),
        (b"\0" * 99, "begins with zeros"),
        (pickle.dumps({"a": 3}), "a pickle that torch.save did not write"),
        (pickle.dumps({"a": 3})[:-1], "a pickle that torch.save did not write"),
        (b"PK\3\4abc", "damaged or truncated"),
    ],
)
def test_other_files(tmp_path, data, message):
    path = tmp_path / "w.pth"
    path.write_bytes(data)
    assert message in refusal(path)


def test_a_long_text_is_a_text_wherever_it_is_cut(tmp_path):
    path = tmp_path / "w.pth"
    for shift in range(2):
        path.write_text("x" * shift + "é" * (1 << 16))
        assert "a text file" in refusal(path)


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("arr_0.npy", "a numpy archive"),
        ("model.weights.h5", "a Keras file"),
        ("w/archive_format", "a program of torch.export"),
        ("w.pth", "a zip archive that torch did not write; unpack it first"),
    ],
)
def test_zip_archives_of_others(tmp_path, inside, message):
    path = tmp_path / "w.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(inside, b"abc")
    assert message in refusal(path)


def test_a_tar_archive(tmp_path):
    torch.save(STATE, tmp_path / "w.pth")
    with tarfile.open(tmp_path / "w.pth.tar", "w") as archive:
        archive.add(tmp_path / "w.pth", "w.pth")
    assert "a tar archive; unpack it first" in refusal(tmp_path / "w.pth.tar")


def test_what_unpacks_to_too_much_is_refused_unread(tmp_path):
    """The directory of the archive says 4 GB; a record of that size is never unpacked."""
    path = tmp_path / "w.pth"
    torch.save(STATE, path)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\1\2", data.rindex(b"/data.pkl") - 100)  # of the central directory
    data[entry + 24 : entry + 28] = struct.pack("<I", 4_000_000_000)
    path.write_bytes(data)
    assert "unpacks to 4.0 GB; save only the state_dict" in refusal(path)


def test_a_huge_file(tmp_path):
    path = tmp_path / "w.pth"
    torch.save(STATE, path)
    os.truncate(path, (1 << 30) + 1)
    assert "larger than 1 GiB" in refusal(path)


def test_no_file(tmp_path):
    assert "no such file; check the path" in refusal(tmp_path / "none.pth")
    assert "File name too long" in refusal(tmp_path / ("x" * 300))
    assert "null byte" in refusal(Path("a\0b"))


def test_folders(tmp_path):
    assert "a folder; name a file" in refusal(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    assert f"a folder; name the file in it, such as {tmp_path}/pytorch" in refusal(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    assert "TensorFlow wrote it, so export the network to ONNX" in refusal(tmp_path)


def test_devices_and_pipes(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        assert "a device or a pipe; copy it into a file" in refusal(path)


def test_a_file_without_permission(tmp_path, monkeypatch):
    path = tmp_path / "w.pth"
    torch.save(STATE, path)

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)  # root may read everything
    assert "you may not read it; change its permissions" in refusal(path)
