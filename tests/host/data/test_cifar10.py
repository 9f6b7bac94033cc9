"""CIFAR-10 in both forms; damaged files are refused."""

import json

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host.data import cifar10
from PIL import Image

NAMES = (*cifar10.TRAIN, *cifar10.TEST)


def batch(seed, count=4):
    draw = np.random.default_rng(seed)
    return draw.integers(0, 256, (count, 32, 32, 3), np.uint8), draw.integers(0, 10, count)


@pytest.fixture
def binary(tmp_path):
    for seed, name in enumerate(NAMES):
        pixels, labels = batch(seed)
        records = [
            bytes([label]) + picture.transpose(2, 0, 1).tobytes()
            for picture, label in zip(pixels, labels, strict=True)
        ]
        (tmp_path / f"{name}.bin").write_bytes(b"".join(records))
    return tmp_path


@pytest.fixture
def sheets(tmp_path):
    labels = []
    for seed, name in enumerate(NAMES):
        pixels, own = batch(seed)
        Image.fromarray(pixels.reshape(4, 1024, 3)).save(tmp_path / f"{name}.png")
        labels.append(own.tolist())
    (tmp_path / "train_lables.json").write_text(
        json.dumps([label for own in labels[:5] for label in own])
    )
    (tmp_path / "test_lables.json").write_text(json.dumps(labels[5]))
    return tmp_path


@pytest.mark.parametrize("form", ["binary", "sheets"])
def test_read(form, request):
    folder = request.getfixturevalue(form)
    assert cifar10.is_cifar10(folder)
    pixels, labels = cifar10.read_train(folder)
    expected = [batch(seed) for seed in range(5)]
    assert pixels.dtype == np.uint8 and labels.dtype == np.int64
    np.testing.assert_array_equal(pixels, np.concatenate([pixels for pixels, _ in expected]))
    np.testing.assert_array_equal(labels, np.concatenate([labels for _, labels in expected]))
    for found, wanted in zip(cifar10.read_test(folder), batch(5), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_recognised(tmp_path):
    assert not cifar10.is_cifar10(tmp_path)
    (tmp_path / "test_batch").write_bytes(b"\x80")
    with pytest.raises(FirelineError, match="pickles could execute code; download the binary"):
        cifar10.is_cifar10(tmp_path)


def test_damaged_binary(binary):
    path = binary / "test_batch.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(
        FirelineError,
        match=r"test_batch.bin: 12291 bytes are not a multiple of the record size 3073",
    ):
        cifar10.read_test(binary)
    path.write_bytes(bytes([10]) + bytes(3072))
    with pytest.raises(FirelineError, match=r"a label is not in 0\.\.9"):
        cifar10.read_test(binary)
    (binary / "data_batch_3.bin").unlink()
    with pytest.raises(FirelineError, match=r"data_batch_3.bin: no such file"):
        cifar10.read_train(binary)


def test_damaged_sheets(sheets):
    path = sheets / "test_batch.png"
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"no picture"):
        path.write_bytes(data)
        with pytest.raises(
            FirelineError, match=r"test_batch.png: (damaged|is an empty file|not an image)"
        ):
            cifar10.read_test(sheets)
    Image.new("RGB", (1000, 4)).save(path)
    with pytest.raises(FirelineError, match="1000 pixels wide instead of 1024"):
        cifar10.read_test(sheets)


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", '[1, 2, 3, "4"]', "[1, 2, 3, true]"])
def test_damaged_labels(sheets, text):
    (sheets / "test_lables.json").write_text(text)
    with pytest.raises(FirelineError, match=r"test_lables.json: .*; download it again"):
        cifar10.read_test(sheets)
