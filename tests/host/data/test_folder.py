"""What counts in a folder."""

import os

import pytest
from fireline.errors import FirelineError
from fireline.host.data.folder import entries, parts, pictures, sub_folders
from fireline.host.data.notes import Notes

HIDDEN = (".DS_Store", "._x.png", ".x.png", "Thumbs.db", "desktop.ini")
HIDDEN_FOLDERS = (
    *(".ipynb_checkpoints", "__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", ".git"),
)


def files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def names(folder, notes=None):
    return [str(path.relative_to(folder)) for path in pictures(folder, notes or Notes())]


def test_what_is_hidden_does_not_count(tmp_path):
    files(tmp_path, *HIDDEN, "x.png", *(f"{name}/y.png" for name in HIDDEN_FOLDERS))
    assert [path.name for path in entries(tmp_path)] == ["x.png"]
    assert sub_folders(tmp_path) == []
    assert names(tmp_path) == ["x.png"]


def test_pictures_at_any_depth_and_of_any_case(tmp_path):
    files(tmp_path, "b/c/2.JPEG", "b/1.TIF", "a.Png", "notes.txt", "b/png", "b/x.json")
    (tmp_path / "folder.png").mkdir()
    assert names(tmp_path) == ["a.Png", "b/1.TIF", "b/c/2.JPEG"]


def test_links_are_followed_and_loops_end(tmp_path):
    files(tmp_path / "elsewhere", "1.png")
    files(tmp_path / "photos", "2.png")
    (tmp_path / "photos" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "again").symlink_to(tmp_path / "photos")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "3.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    assert names(tmp_path / "photos") == ["2.png", "3.png", "linked/1.png"]
    assert [path.name for path in sub_folders(tmp_path / "photos")] == ["again", "linked"]


def test_links_to_folders_around_are_not_followed(tmp_path):
    """The pictures of the other classes are not those of this class."""
    files(tmp_path, "photos/cat/1.png", "photos/dog/2.png")
    (tmp_path / "photos" / "cat" / "up").symlink_to("..")
    (tmp_path / "photos" / "all").symlink_to(tmp_path / "photos")
    assert names(tmp_path / "photos" / "cat") == ["1.png"]
    assert names(tmp_path / "photos" / "all") == []


def test_pictures_that_are_not_read_are_counted(tmp_path):
    files(tmp_path, "1.HEIC", "2.heic", "3.mp4", "4.png")
    notes = Notes()
    assert names(tmp_path, notes) == ["4.png"]
    assert sorted(notes.lines()) == [
        f"1 .mp4 file not read; convert them to JPEG or PNG: {tmp_path / '3.mp4'}",
        f"2 .heic files not read; convert them to JPEG or PNG, first {tmp_path / '1.HEIC'}",
    ]


def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", refused)
    with pytest.raises(FirelineError, match="Permission denied; check the path"):
        pictures(tmp_path, Notes())


def test_parts_come_in_the_order_of_their_names(tmp_path):
    files(tmp_path, "Val/a/1.png", "TEST/a/1.png", "valid/1.png", "testing", "other/a/1.png")
    found = parts(tmp_path, ("test", "testing", "valid", "val"))
    assert [path.name for path in found] == ["TEST", "Val"]
