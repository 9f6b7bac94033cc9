"""Which folders are classes, and with which numbers."""

import dataclasses

import pytest
from fireline.errors import FirelineError
from fireline.host.data.class_folders import test_labels as read_test
from fireline.host.data.class_folders import train_classes
from fireline.host.data.notes import Notes
from fireline.host.network.architecture import PREPROCESSINGS, Architecture, Conv1

TINY = Architecture("tiny", 3, 6, 8, PREPROCESSINGS["torchvision"], (Conv1(4, 3, 1, 1),), 2)
THREE = dataclasses.replace(TINY, classes=3)


@pytest.fixture
def root(tmp_path):
    """Classes cat and dog, each with a picture."""
    for name in ("cat", "dog"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "1.png").write_bytes(b"")
    return tmp_path


def labels(root, architecture, names=(), notes=None):
    found = read_test(root, architecture, names, notes or Notes())
    return {path.relative_to(root).parts[0]: label for path, label in found}


def test_alphabetical_order(root):
    assert list(train_classes(root, (), TINY, Notes())) == ["cat", "dog"]
    assert labels(root, TINY) == {"cat": 0, "dog": 1}


def test_names_that_no_file_can_hold_or_that_act_on_a_terminal(root):
    (root / "dog").rename(root / "dog\udcff")  # a byte that is not UTF-8
    (root / "cat").rename(root / "cat\x1b[2J")
    assert list(train_classes(root, (), TINY, Notes())) == [r"cat\x1b[2J", r"dog\udcff"]


def test_other_folders_and_hidden_ones_are_no_classes(root):
    for name in ("test", ".hidden", "__MACOSX"):
        (root / name).mkdir()
    assert list(train_classes(root, [root / "test"], TINY, Notes())) == ["cat", "dog"]


def test_an_empty_folder_too_many_is_left_out_and_named(root):
    (root / "bat").mkdir()
    for read in (
        lambda notes: train_classes(root, (), TINY, notes),
        lambda notes: labels(root, TINY, (), notes),
    ):
        notes = Notes()
        assert list(read(notes)) == ["cat", "dog"]
        assert notes.lines() == [f"{root / 'bat'}: holds no pictures, so it is not a class"]


def test_an_empty_folder_that_is_a_class(root):
    (root / "bat").mkdir()
    with pytest.raises(FirelineError, match=r"bat: holds no pictures of this class \(\.bmp"):
        train_classes(root, (), THREE, Notes())
    notes = Notes()
    assert labels(root, THREE, (), notes) == {"cat": 1, "dog": 2}
    assert notes.lines() == [f"{root / 'bat'}: holds no pictures"]


def test_names_of_the_network(root):
    notes = Notes()
    assert labels(root, THREE, ("eel", "dog", "cat"), notes) == {"cat": 2, "dog": 1}
    assert notes.lines() == [f"{root}: no pictures of eel"]
    notes = Notes()
    assert labels(root, TINY, ("Katze", "Hund"), notes) == {"cat": 0, "dog": 1}
    assert "alphabetical order: cat is Katze, dog is Hund" in notes.lines()[0]


@pytest.mark.parametrize(
    "classes, reason",
    [
        (3, r"2 class folders \(cat, dog\), but network tiny has 3 classes; .* classes = 2"),
        (1, "2 class folders"),
    ],
)
def test_another_number(root, classes, reason):
    other = dataclasses.replace(TINY, classes=classes)
    for read in (lambda: train_classes(root, (), other, Notes()), lambda: labels(root, other)):
        with pytest.raises(FirelineError, match=reason):
            read()


def test_a_folder_too_far_up(root):
    (root / "photos").mkdir()
    for name in ("cat", "dog"):
        (root / name).rename(root / "photos" / name)
    with pytest.raises(FirelineError, match=f"{root / 'photos'} has as many: name that folder"):
        labels(root, TINY)


def test_pictures_without_folders(root):
    with pytest.raises(
        FirelineError, match=r"0 class folders, .*; move the pictures of each class"
    ):
        labels(root / "cat" / "deep", TINY)


def test_empty_folders_only(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with pytest.raises(FirelineError, match=r"holds no pictures \(\.bmp"):
        labels(tmp_path, TINY)
    with pytest.raises(FirelineError, match=r"a without pictures, b without pictures.*check the"):
        labels(tmp_path, THREE)
