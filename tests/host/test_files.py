"""Outputs of every kind of file; nothing is half written, and no device is replaced."""

import errno
import os
import stat
import subprocess
import sys
import tempfile
import threading

import pytest
from fireline.errors import FirelineError
from fireline.host.files import check_file_place, check_folder_place, write_whole


def test_it_replaces_the_file(tmp_path):
    for data in (b"old", b"new"):
        write_whole(tmp_path / "file", data, "text")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(FirelineError, match=r"^text .*No such file or directory; choose another"):
        write_whole(tmp_path / "none" / "file", b"", "text")


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_old_file_alone(tmp_path, monkeypatch, failure):
    def fail(*_):
        raise failure

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises((FirelineError, KeyboardInterrupt)):
        write_whole(tmp_path / "file", b"new", "text")
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_file_keeps_its_permissions(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "file").chmod(0o600)
    write_whole(tmp_path / "file", b"new", "text")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


@pytest.mark.parametrize("target", ["target", "folder/target"])
def test_a_link_stays_a_link(tmp_path, target):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("middle")
    (tmp_path / "middle").symlink_to(target)
    for data in (b"first", b"second"):  # the link leads nowhere at first
        write_whole(tmp_path / "link", data, "text")
        assert (tmp_path / target).read_bytes() == data
    assert (tmp_path / "link").is_symlink() and (tmp_path / "middle").is_symlink()


def test_a_fifo_is_written_into(tmp_path):
    fifo, found = tmp_path / "fifo", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: found.append(fifo.read_bytes()))
    reader.start()
    write_whole(fifo, b"text", "text")
    reader.join()
    assert found == [b"text"] and stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_device_is_written_into(tmp_path):
    """A terminal, because a test cannot make a null device."""
    controller, terminal = os.openpty()
    (tmp_path / "link").symlink_to(os.ttyname(terminal))
    for path in (tmp_path / "link", os.ttyname(terminal)):
        write_whole(path, b"text", "text")
        assert os.read(controller, 100) == b"text"
    assert stat.S_ISCHR(os.stat(os.ttyname(terminal)).st_mode)
    os.close(controller)
    os.close(terminal)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_standard_output_is_not_replaced(tmp_path, name):
    """Also if the shell has opened a regular file for it."""
    if name == "link":
        name = tmp_path / name
        name.symlink_to("/dev/stdout")
    program = (
        "from fireline.host.files import check_file_place, check_folder_place, write_whole; "
        f"print('before', flush=True); write_whole({str(name)!r}, b'text\\n', 'text'); "
        "print('after')"
    )
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", program], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "before\ntext\nafter\n"


def listing(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*"))


def test_a_place_for_a_file(tmp_path):
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "new")
    os.mkfifo(tmp_path / "fifo")
    before = listing(tmp_path)
    for name in ("old", "new", "link", "fifo"):
        check_file_place(tmp_path / name, "text")
    check_file_place("/dev/null", "text")
    check_file_place("/dev/stdout", "text")
    assert listing(tmp_path) == before and (tmp_path / "old").read_bytes() == b"old"


NO_PLACES = {
    "folder": "is a folder; name a file",
    "none/file": "its folder does not exist; choose another place",
    "file/file": "Not a directory",
    "astray": "its folder does not exist",
    "x" * 256: "File name too long",
    "x" * 256 + "/file": "File name too long",
}


@pytest.mark.parametrize("name", NO_PLACES)
def test_no_place_for_a_file(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "astray").symlink_to(tmp_path / "none" / "file")
    with pytest.raises(FirelineError, match=f"text .*{NO_PLACES[name]}"):
        check_file_place(tmp_path / name, "text")
    with pytest.raises(FirelineError):
        write_whole(tmp_path / name, b"", "text")


def test_a_device_without_permission(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(FirelineError, match="cannot be written"):
        check_file_place(tmp_path / "fifo", "text")


def test_a_place_for_a_folder(tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "old")
    before = listing(tmp_path)
    for name in ("old", "new", "new/deep", "link"):
        check_folder_place(tmp_path / name, ("file", "other"), "results")
    assert listing(tmp_path) == before


NO_FOLDERS = {
    "file": "is not a folder; name one",
    "file/deep": "is not a folder",
    "file/deep/deeper": "is not a folder",
    "taken": "taken/name: is a folder, but a file of this name is to be written",
    "astray": "is a link that leads nowhere",
    "x" * 256: "File name too long",
    "new/" + "x" * 256: "File name too long",
}


@pytest.mark.parametrize("name", NO_FOLDERS)
def test_no_place_for_a_folder(tmp_path, name):
    (tmp_path / "taken" / "name").mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "astray").symlink_to(tmp_path / "none")
    with pytest.raises(FirelineError, match=f"results .*{NO_FOLDERS[name]}"):
        check_folder_place(tmp_path / name, ("name",), "results")


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_folder_that_takes_no_file(tmp_path, monkeypatch, error):
    def refused(dir):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    with pytest.raises(FirelineError, match=os.strerror(error)):
        check_file_place(tmp_path / "file", "text")
    for name in (".", "new"):
        with pytest.raises(FirelineError, match=os.strerror(error)):
            check_folder_place(tmp_path / name, (), "results")
