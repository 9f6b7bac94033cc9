"""Pictures of all sizes, and files that are none."""

import pytest
from PIL import Image
from support.command_line import complains, runs


def test_an_image_of_another_size_is_scaled_and_the_user_told(net, tmp_path):
    image = tmp_path / "large.png"
    Image.new("RGB", (20, 10), (200, 100, 0)).save(image)
    assert "20x10 pixels scaled" in runs("simulate", net, image, "--array", "4x4").stdout
    assert "20x10 pixels, but" in complains("simulate", net, image, "--array", "4x4", "--strict")


@pytest.mark.parametrize("content, text", [(b"hello", "not an image"), (None, "no such file")])
def test_an_image_that_is_none(net, content, text, tmp_path):
    image = tmp_path / "image.png"
    if content:
        image.write_bytes(content)
    assert text in complains("simulate", net, image, "--array", "4x4")


def test_an_image_cut_short_or_grey(net, image, tmp_path):
    grey = tmp_path / "grey.png"
    Image.new("L", (8, 8)).save(grey)
    assert "grey" in complains("simulate", net, grey, "--array", "4x4")
    image.write_bytes(image.read_bytes()[:60])
    assert "cut short" in complains("simulate", net, image, "--array", "4x4")
