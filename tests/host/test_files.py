"""Outputs of every kind of file; nothing is half written, and no device is replaced."""

import os
import stat
import subprocess
import sys
import threading

import pytest
from fireline.errors import FirelineError
from fireline.host.files import write_whole


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
        "from fireline.host.files import write_whole; "
        f"print('before', flush=True); write_whole({str(name)!r}, b'text\\n', 'text'); "
        "print('after')"
    )
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", program], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "before\ntext\nafter\n"
