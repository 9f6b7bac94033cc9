"""Image files as pixels of a network's input."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ...errors import FirelineError

MARGIN = 8 / 7
"""A larger picture is scaled down to this multiple of the input's size, then cropped."""
GREY_MODES = ("1", "L", "LA", "La")
"""Pillow's modes without colour."""


def load_picture(
    path: str | Path, height: int, width: int, channels: int, strict: bool = False
) -> tuple[np.ndarray, str | None]:
    """Reads a picture as uint8 [height, width, channels], RGB or grey.

    A picture of another size is scaled (bicubic) to cover the input, with a margin of at most 1/7,
    and its centre is cut out at whole pixels: 256x256 pixels only lose their border to become
    224x224 or 227x227. The second value says in one line how the picture was changed, or is None.
    Raises FirelineError when the file is missing, damaged or not a picture, when it is grey but the
    network needs colour, and, with ``strict``, when it has another size.
    """
    picture = _decode(path)
    notes = []
    if channels == 3 and picture.mode in GREY_MODES:
        raise FirelineError(
            f"picture {path}: grey, but the network needs colour; use a colour picture"
        )
    if channels == 1 and picture.mode not in GREY_MODES:
        notes.append("colour made grey")
    picture = picture.convert("L" if channels == 1 else "RGB")
    if picture.size != (width, height):
        size = f"{picture.width}x{picture.height}"
        if strict:
            raise FirelineError(
                f"picture {path}: {size} pixels, but the network needs {width}x{height}; resize it"
            )
        notes.append(f"{size} pixels scaled and cropped to {width}x{height}")
        picture = _fit(picture, height, width)
    pixels = np.array(picture, np.uint8).reshape(height, width, channels)
    return pixels, "; ".join(notes) or None


def _decode(path: str | Path) -> Image.Image:
    """The picture, turned as its EXIF data say, with at most 8 bits per value."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # damaged metadata do not matter
            with Image.open(path) as file:
                picture = ImageOps.exif_transpose(file)
    except FileNotFoundError as error:
        raise FirelineError(f"picture {path}: no such file; check the path") from error
    except UnidentifiedImageError as error:
        raise FirelineError(f"picture {path}: not an image file; use a PNG or JPEG file") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise FirelineError(f"picture {path}: too many pixels; scale it down") from error
    except Exception as error:  # Pillow raises many types for damaged files
        raise FirelineError(f"picture {path}: damaged or truncated; use an intact file") from error
    if picture.mode.startswith(("I", "F")):
        raise FirelineError(f"picture {path}: more than 8 bits per value; save it with 8 bits")
    return picture


def _fit(picture: Image.Image, height: int, width: int) -> Image.Image:
    """The centre of the picture, scaled to height x width pixels."""
    ratio = min(picture.width / width, picture.height / height)
    share = ratio / min(max(ratio, 1.0), MARGIN)  # pixels of the picture per pixel of the input
    wide, high = min(width * share, picture.width), min(height * share, picture.height)
    left, top = (picture.width - wide) // 2, (picture.height - high) // 2
    box = (left, top, left + wide, top + high)
    return picture.resize((width, height), Image.Resampling.BICUBIC, box)
