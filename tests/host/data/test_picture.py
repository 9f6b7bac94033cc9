"""Image files: scaled and cropped to the input; damaged files are refused."""

import io
import os

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
    pixels, changes = load_picture(picture, 9, 12, 3, strict=True)
    assert pixels.dtype == np.uint8 and np.array_equal(pixels, noise(9, 12)) and not changes


def texts(path, channels=3):
    """How a picture of 9x12 pixels is changed."""
    return [str(change) for change in load_picture(path, 9, 12, channels)[1]]


def test_grey(tmp_path):
    path = save(tmp_path / "grey.png", noise(9, 12, 1))
    pixels, changes = load_picture(path, 9, 12, 1, strict=True)
    assert np.array_equal(pixels, noise(9, 12, 1)) and not changes
    assert np.array_equal(load_picture(path, 9, 12, 3)[0], np.repeat(noise(9, 12, 1), 3, axis=2))
    assert texts(path) == ["grey repeated over three channels"]


def test_colour_is_made_grey(picture):
    assert load_picture(picture, 9, 12, 1)[0].shape == (9, 12, 1)
    assert texts(picture, 1) == ["colour made grey"]


@pytest.mark.parametrize("channels, kind", [(3, "grey"), (1, "colour")])
def test_strict_refuses_what_would_be_changed(tmp_path, channels, kind):
    path = save(tmp_path / "picture.png", noise(9, 12, 4 - channels))
    with pytest.raises(FirelineError, match=rf"would be changed \({kind} .* leave out --strict"):
        load_picture(path, 9, 12, channels, strict=True)


@pytest.mark.parametrize("mode", ["P", "RGBA", "CMYK", "LAB"])
def test_other_colour_modes(tmp_path, mode):
    path = tmp_path / ("picture.tif" if mode in ("CMYK", "LAB") else "picture.png")
    red = Image.new("RGB", (12, 9), (255, 0, 0))
    (Image.new(mode, (12, 9), (136, 208, 195)) if mode == "LAB" else red.convert(mode)).save(path)
    pixels = load_picture(path, 9, 12, 3)[0].astype(int)
    assert np.allclose(pixels, (255, 0, 0), atol=12 if mode == "LAB" else 0)
    assert texts(path) == ([f"{mode} made RGB"] if mode in ("CMYK", "LAB") else [])
    assert texts(path, 1)[-1] == "colour made grey"


def test_black_and_white(tmp_path):
    path = tmp_path / "picture.png"
    Image.new("1", (12, 9), 1).save(path)
    assert load_picture(path, 9, 12, 3)[0].min() == 255
    assert texts(path, 1) == []


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_transparency_is_dropped(tmp_path, mode):
    path = tmp_path / "picture.png"
    if mode == "P":
        Image.new("P", (12, 9), 0).save(path, transparency=0)
    else:
        Image.new(mode, (12, 9), (7, 0) if mode == "LA" else (7, 7, 7, 0)).save(path)
    pixels, changes = load_picture(path, 9, 12, 3)
    assert pixels.max() == (0 if mode == "P" else 7)
    assert "transparent made opaque" in map(str, changes)


@pytest.mark.parametrize("ending", ["png", "tif", "ppm"])
def test_16_bits(tmp_path, ending):
    deep = np.arange(9 * 12, dtype=np.uint16).reshape(9, 12) * 600
    path = save(tmp_path / f"deep.{ending}", deep)
    pixels, changes = load_picture(path, 9, 12, 1)
    assert np.array_equal(pixels[:, :, 0], deep >> 8)
    assert [str(change) for change in changes] == ["16-bit made 8-bit"]


def test_16_bits_of_colour(tmp_path):
    path = tmp_path / "picture.ppm"
    path.write_bytes(b"P6 12 9 65535 " + np.full((9, 12, 3), 0x1234, ">u2").tobytes())
    assert set(load_picture(path, 9, 12, 3)[0].ravel()) == {0x12}
    assert texts(path) == ["16-bit made 8-bit"]


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_values_of_unknown_range(tmp_path, kind):
    path = save(tmp_path / "deep.tif", np.zeros((9, 12), kind))
    with pytest.raises(FirelineError, match="their range is unknown; save it with 8 or 16 bits"):
        load_picture(path, 9, 12, 1)


@pytest.mark.parametrize(
    "kind, text",
    [
        ("GIF", "animated cut to the first frame"),
        ("PNG", "animated cut to the first frame"),
        ("WEBP", "animated cut to the first frame"),
        ("TIFF", "multi-page cut to the first page"),
        ("MPO", None),
    ],
)
def test_the_first_of_several_frames(tmp_path, kind, text):
    path = tmp_path / "picture"
    first, second = (Image.new("RGB", (12, 9), shade) for shade in ("white", "black"))
    first.save(path, kind, save_all=True, append_images=[second])
    assert load_picture(path, 9, 12, 3)[0].min() == 255
    assert texts(path) == ([text] if text else [])


@pytest.mark.parametrize("size", [224, 227])
def test_256_loses_its_border(tmp_path, size):
    path = save(tmp_path / "picture.png", noise(256, 256))
    pixels, (change,) = load_picture(path, size, size, 3)
    first = (256 - size) // 2
    assert np.array_equal(pixels, noise(256, 256)[first : first + size, first : first + size])
    assert str(change) == f"256x256 pixels scaled and cropped to {size}x{size}"


@pytest.mark.parametrize("size", [(640, 480), (5, 3), (1, 60000), (60001, 3), (31, 33), (100, 10)])
def test_any_size_fits(tmp_path, size):
    path = tmp_path / "picture.png"
    Image.new("RGB", size, (10, 20, 30)).save(path)
    pixels, (change,) = load_picture(path, 32, 40, 3)
    assert np.array_equal(pixels, np.full((32, 40, 3), (10, 20, 30)))
    assert str(change) == f"{size[0]}x{size[1]} pixels scaled and cropped to 40x32"


def test_the_centre_is_kept(tmp_path):
    pixels = np.zeros((80, 200, 3), np.uint8)
    pixels[:, 60:140] = 255
    path = save(tmp_path / "picture.png", pixels)
    assert load_picture(path, 20, 20, 3)[0].min() == 255


def test_strict_refuses_another_size(picture):
    with pytest.raises(FirelineError, match="12x9 pixels scaled and cropped to 9x12"):
        load_picture(picture, 12, 9, 3, strict=True)


def test_exif_orientation(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # display it turned clockwise
    path = save(tmp_path / "picture.png", noise(4, 6), exif=exif)
    assert np.array_equal(load_picture(path, 6, 4, 3)[0], np.rot90(noise(4, 6), -1))


def test_missing(tmp_path):
    with pytest.raises(FirelineError, match="no such file"):
        load_picture(tmp_path / "none.png", 4, 4, 3)


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"no pixels", r"not an image file; use one of \.bmp .*\.png"),
        (b"", "an empty file"),
        (b"\0\0\0\x18ftypheic", "a HEIC picture, not a picture; convert it to JPEG or PNG"),
        (b"\0\0\0\x18ftypisom", "a video"),
        (b" <!DOCTYPE html>", "a web page"),
    ],
)
def test_not_an_image_file(tmp_path, content, reason):
    path = tmp_path / "text.png"
    path.write_bytes(content)
    with pytest.raises(FirelineError, match=reason):
        load_picture(path, 4, 4, 3)


def test_postscript_is_never_run(tmp_path, monkeypatch):
    from PIL import EpsImagePlugin

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", None)
    path = tmp_path / "text.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\nshowpage\n")
    Image.open(path).close()  # Pillow would take it
    with pytest.raises(FirelineError, match="a PostScript file"):
        load_picture(path, 4, 4, 3)


def test_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "fifo.png")
    for path in (tmp_path, tmp_path / "fifo.png", "/dev/zero"):
        with pytest.raises(FirelineError, match="name a regular file"):
            load_picture(path, 4, 4, 3)


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
