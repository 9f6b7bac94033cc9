import os

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
