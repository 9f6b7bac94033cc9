"""One picture file to the pixels of a network's input."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ...errors import FirelineError

MARGIN = 8 / 7  # a picture is scaled down to no less than this much of the input, then cropped
GREY_MODES = ("1", "L", "LA", "La")


def load_picture(
    path: str | Path, height: int, width: int, channels: int, strict: bool = False
) -> tuple[np.ndarray, str | None]:
    """Reads a picture as uint8 [height, width, channels], RGB or grey.

    One of another size is scaled (bicubic) to cover the input with a margin of at most 1/7 and its
    centre is cut out, from a whole pixel on: 256x256 pixels lose just their border to 224x224 or
    227x227. The second value says, in one line, what was done to the picture, if anything. Raises
    FirelineError when the file is missing, no picture, cut short, grey where colour is due, or, if
    ``strict``, of another size.
    """
    picture = _decode(path)
    notes = []
    if channels == 3 and picture.mode in GREY_MODES:
        raise FirelineError(f"image {path}: grey, but the network needs colour; use a colour image")
    if channels == 1 and picture.mode not in GREY_MODES:
        notes.append("colour made grey")
    picture = picture.convert("L" if channels == 1 else "RGB")
    if picture.size != (width, height):
        size = f"{picture.width}x{picture.height}"
        if strict:
            raise FirelineError(
                f"image {path}: {size} pixels, but the network needs {width}x{height}; resize it"
            )
        notes.append(f"{size} pixels scaled and cropped to {width}x{height}")
        picture = _fit(picture, height, width)
    pixels = np.array(picture, np.uint8).reshape(height, width, channels)
    return pixels, "; ".join(notes) or None


def _decode(path: str | Path) -> Image.Image:
    """The picture, upright, its colours of 8 bits."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # damaged metadata beside sound pixels
            with Image.open(path) as file:
                picture = ImageOps.exif_transpose(file)
    except FileNotFoundError as error:
        raise FirelineError(f"image {path}: no such file; check the path") from error
    except UnidentifiedImageError as error:
        raise FirelineError(f"image {path}: not an image; use a PNG or JPEG file") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise FirelineError(f"image {path}: too many pixels; make it smaller") from error
    except Exception as error:  # Pillow raises many types on damaged files
        raise FirelineError(f"image {path}: damaged or cut short; fetch it again") from error
    if picture.mode.startswith(("I", "F")):
        raise FirelineError(f"image {path}: more than 8 bits a value; save it with 8 bits")
    return picture


def _fit(picture: Image.Image, height: int, width: int) -> Image.Image:
    ratio = min(picture.width / width, picture.height / height)
    share = ratio / min(max(ratio, 1.0), MARGIN)  # pixels of the picture for one of the input
    wide, high = min(width * share, picture.width), min(height * share, picture.height)
    left, top = (picture.width - wide) // 2, (picture.height - high) // 2
    box = (left, top, left + wide, top + high)
    return picture.resize((width, height), Image.Resampling.BICUBIC, box)
