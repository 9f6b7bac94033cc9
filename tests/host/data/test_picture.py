"""Image files: scaled and cropped to the input; damaged files are refused."""

import io

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host.data.picture import load_picture
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels)).astype(np.uint8)


def save(path, pixels: np.ndarray, **options):
    Image.fromarray(pixels.squeeze()).save(path, **options)
    return path


@pytest.fixture
def picture(tmp_path):
    return save(tmp_path / "picture.png", noise(9, 12))


def test_colour(picture):
    pixels, note = load_picture(picture, 9, 12, 3, strict=True)
    assert pixels.dtype == np.uint8 and np.array_equal(pixels, noise(9, 12)) and note is None


def test_grey(tmp_path):
    path = save(tmp_path / "grey.png", noise(9, 12, 1))
    pixels, note = load_picture(path, 9, 12, 1)
    assert np.array_equal(pixels, noise(9, 12, 1)) and note is None
    with pytest.raises(FirelineError, match=r"grey.png: grey, but the network needs colour"):
        load_picture(path, 9, 12, 3)


def test_colour_is_made_grey_with_a_note(picture):
    pixels, note = load_picture(picture, 9, 12, 1)
    assert pixels.shape == (9, 12, 1) and note == "colour made grey"


@pytest.mark.parametrize("mode", ["P", "RGBA", "CMYK"])
def test_other_colour_modes(tmp_path, mode):
    path = tmp_path / ("picture.tif" if mode == "CMYK" else "picture.png")
    Image.new("RGB", (4, 5), (255, 0, 0)).convert(mode).save(path)
    assert np.array_equal(load_picture(path, 5, 4, 3)[0], np.full((5, 4, 3), (255, 0, 0)))


@pytest.mark.parametrize("size", [224, 227])
def test_256_loses_its_border(tmp_path, size):
    path = save(tmp_path / "picture.png", noise(256, 256))
    pixels, note = load_picture(path, size, size, 3)
    first = (256 - size) // 2
    assert np.array_equal(pixels, noise(256, 256)[first : first + size, first : first + size])
    assert note == f"256x256 pixels scaled and cropped to {size}x{size}"


@pytest.mark.parametrize("size", [(640, 480), (5, 3), (1, 60000), (60001, 3), (31, 33), (100, 10)])
def test_any_size_fits(tmp_path, size):
    path = tmp_path / "picture.png"
    Image.new("RGB", size, (10, 20, 30)).save(path)
    pixels, note = load_picture(path, 32, 40, 3)
    assert np.array_equal(pixels, np.full((32, 40, 3), (10, 20, 30)))
    assert note == f"{size[0]}x{size[1]} pixels scaled and cropped to 40x32"


def test_the_centre_is_kept(tmp_path):
    pixels = np.zeros((80, 200, 3), np.uint8)
    pixels[:, 60:140] = 255
    path = save(tmp_path / "picture.png", pixels)
    assert load_picture(path, 20, 20, 3)[0].min() == 255


def test_strict_refuses_another_size(picture):
    with pytest.raises(FirelineError, match="12x9 pixels, but the network needs 9x12; resize it"):
        load_picture(picture, 12, 9, 3, strict=True)


def test_exif_orientation(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # display it turned clockwise
    path = save(tmp_path / "picture.png", noise(4, 6), exif=exif)
    assert np.array_equal(load_picture(path, 6, 4, 3)[0], np.rot90(noise(4, 6), -1))


def test_more_than_8_bits(tmp_path):
    path = save(tmp_path / "deep.png", np.zeros((4, 4), np.uint16))
    with pytest.raises(FirelineError, match="more than 8 bits"):
        load_picture(path, 4, 4, 1)


def test_missing(tmp_path):
    with pytest.raises(FirelineError, match="no such file"):
        load_picture(tmp_path / "none.png", 4, 4, 3)


def test_not_an_image_file(tmp_path):
    path = tmp_path / "text.png"
    path.write_text("no pixels")
    with pytest.raises(FirelineError, match="not an image file"):
        load_picture(path, 4, 4, 3)


def test_a_folder(tmp_path):
    with pytest.raises(FirelineError):
        load_picture(tmp_path, 4, 4, 3)


def test_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    for size in (4, 100):
        with pytest.raises(FirelineError, match="too many pixels"):
            load_picture(save(tmp_path / "bomb.png", noise(size, size)), 4, 4, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_truncated(tmp_path, kind):
    buffer = io.BytesIO()
    Image.fromarray(noise(20, 20)).save(buffer, kind)
    path = tmp_path / "cut"
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) * 2 // 3])
    with pytest.raises(FirelineError, match="damaged or truncated"):
        load_picture(path, 20, 20, 3)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "BMP", "GIF", "TIFF"]), st.data())
def test_damage_is_refused_or_harmless(tmp_path_factory, kind, draw):
    buffer = io.BytesIO()
    Image.fromarray(noise(8, 8)).save(buffer, kind)
    data = bytearray(buffer.getvalue())
    for _ in range(draw.draw(st.integers(1, 5))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data)
    try:
        pixels, _ = load_picture(path, 8, 8, 3)
    except FirelineError as error:
        assert "\n" not in str(error)
    else:
        assert pixels.shape == (8, 8, 3) and pixels.dtype == np.uint8
