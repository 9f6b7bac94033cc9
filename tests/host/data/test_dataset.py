"""Folders of pictures: every layout is read, everything else is refused in one line."""

import dataclasses
import os

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host.data import cifar10
from fireline.host.data.dataset import Reading, load_calibration, load_dataset, load_test
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


def split(folder, *names):
    """Makes folders, each with a picture of class a and one of class b; the shades count up."""
    for number, name in enumerate(names):
        for label in "ab":
            picture(folder / name / label / "x.png", 2 * number + (label == "b"))


@pytest.mark.parametrize("train", ["train", "Training"])
@pytest.mark.parametrize("test", ["test", "Testing", "val", "valid", "Validation"])
def test_train_and_test_folders(tmp_path, train, test):
    split(tmp_path, train, test)
    dataset = load_dataset(tmp_path, TINY)
    assert shades(dataset.train) == {0: 0, 1: 1}
    assert shades(dataset.test) == shades(load_test(tmp_path, TINY)) == {2: 0, 3: 1}


def test_classes_beside_a_test_folder(tmp_path):
    split(tmp_path, ".", "test")
    assert shades(load_dataset(tmp_path, TINY).train) == {0: 0, 1: 1}


def test_two_test_folders(tmp_path):
    split(tmp_path, "train", "valid", "test")
    for load in (load_dataset, load_test):
        lines = []
        load(tmp_path, TINY, reading=Reading(tell=lines.append))
        assert lines == [f"{tmp_path / 'test'} is the test set; {tmp_path / 'valid'} not used"]
    assert shades(load_test(tmp_path, TINY)) == {4: 0, 5: 1}


def test_a_test_folder_without_classes(folders):
    """As many competitions have: the pictures to send in lie beside those to train on."""
    (folders / "train").mkdir()
    for name in ("cat", "dog"):
        (folders / name).rename(folders / "train" / name)
    picture(folders / "test" / "1.png", 1)
    lines = []
    assert len(load_dataset(folders, TINY, 0, Reading(tell=lines.append)).test) == 3
    assert lines == [f"{folders / 'test'} has no folders of classes, so it is not the test set"]


def test_a_class_may_be_called_valid(tmp_path):
    for name, shade in (("invalid", 1), ("valid", 2)):
        picture(tmp_path / name / "1.png", shade)
    assert shades(load_test(tmp_path, TINY)) == {1: 0, 2: 1}


def test_a_test_folder_with_another_class(tmp_path):
    split(tmp_path, "train", "test")
    picture(tmp_path / "test" / "c" / "x.png", 1)
    with pytest.raises(FirelineError, match=r"test/c: .*train has no such class; add or remove it"):
        load_dataset(tmp_path, TINY)


def test_only_a_train_folder(folders, tmp_path):
    (tmp_path / "root").mkdir()
    for name in ("cat", "dog"):
        (folders / name).rename(tmp_path / "root" / name)
    (tmp_path / "root").rename(tmp_path / "train")
    assert len(load_dataset(tmp_path, TINY).test) == 3
    with pytest.raises(FirelineError, match=r"has train, but no test folder \(test, .*or name .*"):
        load_test(tmp_path, TINY)


def test_labels_table(tmp_path):
    for shade in (5, 6, 7):
        picture(tmp_path / f"{shade}.png", shade)
    (tmp_path / "Labels.CSV").write_text("file,class\n7.png,1\n5.png,0\n")
    assert shades(load_test(tmp_path, TINY)) == {7: 1, 5: 0}
    (tmp_path / "Labels.CSV").write_text("file,class\n7.png,cat\n5.png,dog\n")
    assert shades(load_test(tmp_path, TINY, ("cat", "dog"))) == {7: 0, 5: 1}


def test_names_of_the_network_give_the_classes(folders):
    labels = shades(load_test(folders, TINY, ("dog", "cat")))
    assert labels[0] == 1 and labels[100] == 0


def test_changes_are_told_once(folders):
    for number in (3, 5):
        Image.new("L", (8, 6)).save(folders / "cat" / f"{number}.png")
    for load in (load_dataset, load_test, load_calibration):
        lines = []
        load(folders, TINY, reading=Reading(tell=lines.append))
        (line,) = lines
        assert line.startswith("2 grey pictures repeated over three channels, first ")
        with pytest.raises(FirelineError, match=r"grey .* leave out --strict"):
            load(folders, TINY, reading=Reading(strict=True))


def test_more_pictures_than_memory(folders, monkeypatch):
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 1, "SC_PAGE_SIZE": 4096}.get)
    with pytest.raises(FirelineError, match=r"30 pictures take .* GB of memory; use fewer"):
        load_calibration(folders, TINY)


def test_refused(folders):
    with pytest.raises(FirelineError, match="no such folder"):
        load_dataset(folders / "none", TINY)
    for load in (load_dataset, load_test, load_calibration):
        with pytest.raises(FirelineError, match="is a file; name a folder of pictures"):
            load(folders / "dog" / "notes.txt", TINY)
    three = dataclasses.replace(TINY, classes=3)
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
    with pytest.raises(FirelineError, match=r"holds no pictures \(\.bmp .*\.webp\)"):
        load_calibration(tmp_path, TINY)
    (tmp_path / "1.heic").write_bytes(b"")
    with pytest.raises(FirelineError, match=r"1 \.heic file not read; convert them"):
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
