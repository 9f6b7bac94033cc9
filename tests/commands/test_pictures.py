"""Pictures of other sizes, and files that are not pictures."""

import pytest
from PIL import Image
from support.command_line import complains, runs


def test_a_picture_of_another_size_is_scaled_with_a_note(net, tmp_path):
    picture = tmp_path / "large.png"
    Image.new("RGB", (20, 10), (200, 100, 0)).save(picture)
    assert "20x10 pixels scaled" in runs("simulate", net, picture, "--array", "4x4").stdout
    assert "20x10 pixels, but" in complains("simulate", net, picture, "--array", "4x4", "--strict")


@pytest.mark.parametrize("content, text", [(b"hello", "not an image file"), (None, "no such file")])
def test_a_file_that_is_not_a_picture(net, content, text, tmp_path):
    picture = tmp_path / "picture.png"
    if content:
        picture.write_bytes(content)
    assert text in complains("simulate", net, picture, "--array", "4x4")


def test_a_truncated_or_grey_picture(net, picture, tmp_path):
    grey = tmp_path / "grey.png"
    Image.new("L", (8, 8)).save(grey)
    assert "grey" in complains("simulate", net, grey, "--array", "4x4")
    picture.write_bytes(picture.read_bytes()[:60])
    assert "truncated" in complains("simulate", net, picture, "--array", "4x4")
