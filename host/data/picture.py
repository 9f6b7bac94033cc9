"""Image files as pixels of a network's input."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ...errors import FirelineError
from ..reading import check_file
from . import foreign

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Pillow's decoders that are used. It has others, such as EPS, which runs Ghostscript."""
ENDINGS = (
    *(".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm"),
    *(".tif", ".tiff", ".webp"),
)
"""Endings of image files, in any case; a folder's other files are ignored."""
MOST_BYTES = 1 << 30
"""Of an image file."""
MARGIN = 8 / 7
"""A larger picture is scaled down to this multiple of the input's size, then cropped."""
GREY_MODES = ("1", "L", "LA", "La")
"""Pillow's modes without colour."""

# Pillow logs what it finds odd in a file; what it cannot read, it raises.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Change:
    """How a picture was changed to fit a network's input."""

    made: str  # what was done: "repeated over three channels"
    kind: str = ""  # of pictures that are changed so: "grey"
    seen: str = ""  # of this picture, if that says more than its kind: "640x480 pixels"

    def __str__(self) -> str:
        return f"{self.seen or self.kind} {self.made}"


def load_picture(
    path: str | Path, height: int, width: int, channels: int, strict: bool = False
) -> tuple[np.ndarray, tuple[Change, ...]]:
    """Reads a picture as uint8 [height, width, channels], RGB or grey.

    A grey picture is repeated over three channels, and colour is made grey (ITU-R BT.601 luma), as
    the network needs. Transparency is dropped: what is beneath it shows. Of a value of 16 bits, the
    upper 8 count. Of several frames or pages, the first is read. A picture is turned as its EXIF
    data say.

    A picture of another size is scaled (bicubic) to cover the input, with a margin of at most 1/7,
    and its centre is cut out at whole pixels: 256x256 pixels only lose their border to become
    224x224 or 227x227.

    The second value says how the picture was changed. Raises FirelineError when the file is
    missing, damaged or not a picture, when its values are floats or have 32 bits, and, with
    ``strict``, when it would be changed.
    """
    picture, changes = _decode(path)
    grey = picture.mode in GREY_MODES
    if channels == 3 and grey:
        changes.append(Change("repeated over three channels", "grey"))
    if channels == 1 and not grey:
        changes.append(Change("made grey", "colour"))
    fits = picture.size == (width, height)
    if not fits:
        seen = f"{picture.width}x{picture.height} pixels"
        changes.append(Change(f"scaled and cropped to {width}x{height}", seen=seen))
    if changes and strict:
        raise FirelineError(
            f"picture {path}: would be changed ({'; '.join(map(str, changes))}); "
            "change it yourself or leave out --strict"
        )
    picture = picture.convert("L" if channels == 1 else "RGB")
    if not fits:
        picture = _fit(picture, height, width)
    return np.array(picture, np.uint8).reshape(height, width, channels), tuple(changes)


@contextmanager
def opened(path: str | Path, formats: tuple[str, ...] = FORMATS) -> Iterator[Image.Image]:
    """Opens an image file; what Pillow raises meanwhile becomes a FirelineError."""
    check_file(path, "picture", MOST_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # damaged metadata do not matter
            with Image.open(path, formats=formats) as file:
                yield file
    except UnidentifiedImageError as error:
        raise _not_a_picture(Path(path)) from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise FirelineError(f"picture {path}: too many pixels; scale it down") from error
    except PermissionError as error:
        raise FirelineError(f"picture {path}: {error.strerror}; check the permissions") from error
    except Exception as error:  # Pillow raises many types for damaged files
        raise FirelineError(f"picture {path}: damaged or truncated; use an intact file") from error


def _decode(path: str | Path) -> tuple[Image.Image, list[Change]]:
    """The first picture of a file, upright and opaque, with 8 bits a value; how it was changed."""
    with opened(path) as file:
        changes = _of_frames(file)
        bits = _bits(file)
        picture = ImageOps.exif_transpose(file)
        kind = file.format
    if picture.mode.startswith("I") and not (kind == "TIFF" and picture.mode == "I"):
        values = np.array(picture).astype(np.int64) >> (bits - 8)
        picture = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    elif picture.mode.startswith(("I", "F")):
        raise FirelineError(
            f"picture {path}: has floats, signs or 32 bits a value, and their range is unknown; "
            "save it with 8 or 16 bits a value"
        )
    if bits > 8:
        changes.append(Change("made 8-bit", f"{bits}-bit"))
    if picture.mode in ("CMYK", "LAB"):
        changes.append(Change("made RGB", picture.mode))
        picture = picture.convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("LA" if picture.mode in GREY_MODES else "RGBA")
        if picture.getextrema()[-1] != (255, 255):
            changes.append(Change("made opaque", "transparent"))
        picture = picture.convert(picture.mode[:-1])
    return picture, changes


def _of_frames(file: Image.Image) -> list[Change]:
    if file.format == "MPO" or not getattr(file, "is_animated", False):
        return []  # a camera's MPO is a JPEG with a preview behind it
    if file.format == "TIFF":
        return [Change("cut to the first page", "multi-page")]
    return [Change("cut to the first frame", "animated")]


def _bits(file: Image.Image) -> int:
    """The bits of a value as the file has it: 8 or less, 12, 16."""
    if file.format == "TIFF":
        return max(file.tag_v2.get(258, (1,)))  # type: ignore[attr-defined]  # BitsPerSample
    tiles = getattr(file, "tile", None)
    arguments = tiles[0].args if tiles else ""
    if file.format == "PPM" and isinstance(arguments, tuple):
        return 16 if arguments[-1] > 255 else 8  # the greatest value; Pillow scales by it
    return 16 if ";16" in str(arguments) else 8


def _not_a_picture(path: Path) -> FirelineError:
    try:
        known = foreign.describe(path)
    except OSError as error:
        return FirelineError(f"picture {path}: {error.strerror}; check the file")
    if known:
        return FirelineError(f"picture {path}: is {known[0]}, not a picture; {known[1]}")
    return FirelineError(
        f"picture {path}: not an image file; use one of {' '.join(ENDINGS)}, such as PNG or JPEG"
    )


def _fit(picture: Image.Image, height: int, width: int) -> Image.Image:
    """The centre of the picture, scaled to height x width pixels."""
    ratio = min(picture.width / width, picture.height / height)
    share = ratio / min(max(ratio, 1.0), MARGIN)  # pixels of the picture per pixel of the input
    wide, high = min(width * share, picture.width), min(height * share, picture.height)
    left, top = (picture.width - wide) // 2, (picture.height - high) // 2
    box = (left, top, left + wide, top + high)
    return picture.resize((width, height), Image.Resampling.BICUBIC, box)
