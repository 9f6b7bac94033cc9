"""Folders of pictures: every layout is read, everything else is refused in one line."""

import dataclasses

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host.data import cifar10
from fireline.host.data.dataset import load_calibration, load_dataset, load_test
from fireline.host.network.architecture import PREPROCESSINGS, Architecture, Conv1
from PIL import Image

TINY = Architecture("tiny", 3, 6, 8, PREPROCESSINGS["torchvision"], (Conv1(4, 3, 1, 1),), 2)


def picture(path, shade):
    """Writes a picture of one shade."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6), (shade, shade, shade)).save(path)


def shades(pictures):
    assert pictures.pixels.shape[1:] == (6, 8, 3) and pictures.pixels.dtype == np.uint8
    return dict(zip(pictures.pixels[:, 0, 0, 0].tolist(), pictures.labels.tolist(), strict=True))


@pytest.fixture
def folders(tmp_path):
    """Ten cats of shades 0..9, twenty dogs of shades 100..119, and a file that is no picture."""
    for shade in range(10):
        picture(tmp_path / "cat" / f"{shade}.png", shade)
    for shade in range(20):
        picture(tmp_path / "dog" / f"{shade}.PNG", 100 + shade)
    (tmp_path / "dog" / "notes.txt").write_text("none")
    return tmp_path


def test_a_tenth_of_every_class_is_held_out(folders):
    dataset = load_dataset(folders, TINY)
    assert dataset.classes == ("cat", "dog")
    train, test = shades(dataset.train), shades(dataset.test)
    assert sorted(test.values()) == [0, 1, 1] and len(dataset.test) == 3
    assert train | test == {s: 0 for s in range(10)} | {100 + s: 1 for s in range(20)}
    assert len(train) == 27
    assert shades(load_dataset(folders, TINY).test) == test
    assert any(shades(load_dataset(folders, TINY, seed).test) != test for seed in range(1, 5))


@pytest.mark.parametrize("name", ["test", "val"])
def test_train_and_test_folders(tmp_path, name):
    picture(tmp_path / "train" / "a" / "x.png", 1)
    picture(tmp_path / "train" / "b" / "x.png", 2)
    picture(tmp_path / name / "a" / "y.png", 3)
    picture(tmp_path / name / "b" / "y.png", 4)
    dataset = load_dataset(tmp_path, TINY)
    assert shades(dataset.train) == {1: 0, 2: 1}
    assert shades(dataset.test) == shades(load_test(tmp_path, TINY)) == {3: 0, 4: 1}


def test_only_a_train_folder(folders, tmp_path):
    (tmp_path / "root").mkdir()
    for name in ("cat", "dog"):
        (folders / name).rename(tmp_path / "root" / name)
    (tmp_path / "root").rename(tmp_path / "train")
    assert len(load_dataset(tmp_path, TINY).test) == 3


def test_labels_table(tmp_path):
    for shade in (5, 6, 7):
        picture(tmp_path / f"{shade}.png", shade)
    (tmp_path / "labels.csv").write_text("file,class\n7.png,1\n5.png,0\n")
    assert shades(load_test(tmp_path, TINY)) == {7: 1, 5: 0}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no rows"),
        ("file,class\n", "has no rows"),
        ("name,class\n5.png,1\n", "labels.csv line 2: file or class is missing"),
        ("file,class\n5.png,0\n5.png\n", "labels.csv line 3: file or class is missing"),
        ("file,class\n5.png,2\n", "labels.csv line 2: .* a class from 0 to 1"),
        ("file,class\n5.png,-1\n", "labels.csv line 2"),
        ("file,class\n5.png,cat\n", "labels.csv line 2"),
        ("file,class\n6.png,1\n", "6.png"),
    ],
)
def test_labels_table_refused(tmp_path, text, reason):
    picture(tmp_path / "5.png", 5)
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(FirelineError, match=reason) as error:
        load_test(tmp_path, TINY)
    assert "\n" not in str(error.value)


def test_labels_table_of_bytes(tmp_path):
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FirelineError, match="not a valid CSV file"):
        load_test(tmp_path, TINY)


def test_refused(folders):
    with pytest.raises(FirelineError, match="no such folder"):
        load_dataset(folders / "none", TINY)
    three = dataclasses.replace(TINY, classes=3)
    for load in (load_dataset, load_test):
        with pytest.raises(FirelineError, match=r"2 class folders, .* 3 classes; .* classes = 2"):
            load(folders, three)
    (folders / "eel").mkdir()
    with pytest.raises(FirelineError, match="eel: holds no pictures of this class"):
        load_dataset(folders, three)
    picture(folders / "eel" / "one.png", 1)
    with pytest.raises(FirelineError, match="eel: only one picture"):
        load_dataset(folders, three)
    (folders / "eel" / "two.png").write_bytes(b"none")
    with pytest.raises(FirelineError, match=r"two.png"):
        load_dataset(folders, three)


def test_calibration(folders):
    assert len(load_calibration(folders, TINY)) == 30
    some = load_calibration(folders, TINY, limit=12)
    assert some.shape == (12, 6, 8, 3)
    assert np.array_equal(some, load_calibration(folders, TINY, limit=12))
    assert not np.array_equal(some, load_calibration(folders, TINY, limit=12, seed=1))


def test_empty_calibration(tmp_path):
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(FirelineError, match="holds no pictures"):
        load_calibration(tmp_path, TINY)


def test_cifar10(tmp_path):
    record = bytes([3]) + bytes(range(256)) * 12
    for name in (*cifar10.TRAIN, *cifar10.TEST):
        (tmp_path / f"{name}.bin").write_bytes(record * 2)
    network = dataclasses.replace(TINY, height=32, width=32, classes=10)
    dataset = load_dataset(tmp_path, network)
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert dataset.classes[3] == "cat" and set(dataset.train.labels) == {3}
    assert load_test(tmp_path, network).pixels.shape == (2, 32, 32, 3)
    assert load_calibration(tmp_path, network, limit=4).shape == (4, 32, 32, 3)
    for load in (load_dataset, load_test, load_calibration):
        with pytest.raises(
            FirelineError, match=r"CIFAR-10 has .* tiny takes 3x6x8 and has 2; use another"
        ):
            load(tmp_path, TINY)
