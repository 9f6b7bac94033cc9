"""Files that hold no picture are named for what they are."""

import pytest
from fireline.host.data import picture
from fireline.host.data.foreign import ENDINGS, SIGNATURES, describe


@pytest.mark.parametrize("offset, signature, what, advice", SIGNATURES)
def test_every_signature_is_found(tmp_path, offset, signature, what, advice):
    (tmp_path / "file").write_bytes(bytes(offset) + signature + bytes(9))
    assert describe(tmp_path / "file") == (what, advice)


def test_text_may_begin_with_blanks_and_in_capitals(tmp_path):
    (tmp_path / "file").write_text("\ufeff\n <HTML><body>")
    assert describe(tmp_path / "file")[0] == "a web page"


def test_nothing_known(tmp_path):
    (tmp_path / "file").write_bytes(b"hello")
    assert describe(tmp_path / "file") is None
    (tmp_path / "file").write_bytes(b"")
    assert describe(tmp_path / "file")[0] == "an empty file"


def test_an_ending_is_of_one_kind():
    assert not set(ENDINGS) & set(picture.ENDINGS)
