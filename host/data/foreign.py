"""Files that are not read as pictures: what they are, and what a user can do about them."""

from pathlib import Path

CONVERT = "convert it to JPEG or PNG"
FRAMES = "save its frames as PNG files"
DOWNLOAD = "download the picture itself"

SIGNATURES = (
    (4, b"ftypavif", "an AVIF picture", CONVERT),
    (4, b"ftyphei", "a HEIC picture", CONVERT),
    (4, b"ftyphev", "a HEIC picture", CONVERT),
    (4, b"ftypmif1", "a HEIF picture", CONVERT),
    (4, b"ftypmsf1", "a HEIF picture", CONVERT),
    (4, b"ftyp", "a video", FRAMES),
    (4, b"JXL ", "a JPEG XL picture", CONVERT),
    (0, b"\xff\x0a", "a JPEG XL picture", CONVERT),
    (4, b"jP  ", "a JPEG 2000 picture", CONVERT),
    (8, b"AVI ", "a video", FRAMES),
    (0, b"\x1aE\xdf\xa3", "a video", FRAMES),
    (0, b"\x00\x00\x01\xba", "a video", FRAMES),
    (0, b"\x00\x00\x01\xb3", "a video", FRAMES),
    (0, b"\x00\x00\x01\x00", "an icon", CONVERT),
    (0, b"8BPS", "a Photoshop file", CONVERT),
    (0, b"%!PS", "a PostScript file", CONVERT),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript file", CONVERT),
    (0, b"%PDF", "a PDF file", CONVERT),
    (0, b"SIMPLE  =", "a FITS file", CONVERT),
    (0, b"v/1\x01", "an OpenEXR file", CONVERT),
    (0, b"#?RADIANCE", "a Radiance HDR file", CONVERT),
    (0, b"\x93NUMPY", "a NumPy array", "save it as a PNG file"),
    (0, b"\x89HDF", "an HDF5 file", "save its pictures as PNG files"),
    (128, b"DICM", "a DICOM file", CONVERT),
    (0, b"PK\x03\x04", "a ZIP archive", "unpack it"),
    (0, b"\x1f\x8b", "a gzip archive", "unpack it"),
    (0, b"Rar!", "a RAR archive", "unpack it"),
    (0, b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (0, b"\x00\x05\x16\x07", "what macOS keeps beside a file", "delete it"),
    (0, b"version https://git-lfs", "a Git LFS pointer", "fetch the picture with git lfs pull"),
    (0, b"<svg", "an SVG drawing", CONVERT),
    (0, b"<?xml", "an XML file or an SVG drawing", CONVERT),
    (0, b"<html", "a web page", DOWNLOAD),
    (0, b"<!doctype html", "a web page", DOWNLOAD),
)
"""Where a format's first bytes stand, the bytes, what the file is, and what to do; the first that
fits counts. Source: Debian's magic(5) database, file 5.44."""

ENDINGS = (
    *(".ai", ".arw", ".avi", ".avif", ".cr2", ".cr3", ".dcm", ".dng", ".eps", ".exr", ".fits"),
    *(".hdr", ".heic", ".heif", ".hif", ".ico", ".j2k", ".jp2", ".jxl", ".m4v", ".mkv", ".mov"),
    *(".mp4", ".mpeg", ".mpg", ".nef", ".npy", ".npz", ".orf", ".pdf", ".ps", ".psd", ".raf"),
    *(".raw", ".rw2", ".svg", ".webm", ".wmv"),
)
"""Endings of pictures and videos that are not read; a data set that holds some is told of."""


def describe(path: Path) -> tuple[str, str] | None:
    """What a file is that holds no picture, and what to do; None for content of no known kind."""
    with path.open("rb") as file:
        start = file.read(256)
    if not start:
        return "an empty file", "save the picture again"
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for offset, signature, what, advice in SIGNATURES:
        if start[offset:].startswith(signature) or (offset == 0 and text.startswith(signature)):
            return what, advice
    return None
