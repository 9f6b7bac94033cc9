"""What kind of file a weights file is: its content decides, its ending only where that is silent.

A file that is no weights file is refused with what it is and what to do.
"""

import enum
import os
import stat
import zipfile
from pathlib import Path
from typing import BinaryIO

from ....errors import FirelineError
from .inert_pickle import read_pickle

MAXIMUM_BYTES = 1 << 30
"""Greatest size of a file, and of what a zip archive unpacks to."""
HEAD = 1 << 16  # bytes that are looked at
TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""The first object in a file of torch.save before torch 1.6 (torch/serialization.py)."""
HEADER_BYTES = 100_000_000
"""Greatest length of a safetensors header (github.com/huggingface/safetensors, Format)."""
ENDINGS = (".pth", ".pt", ".tar", ".ckpt", ".bin", ".safetensors", ".onnx")
"""Usual endings of weights files; messages about folders look for them."""

SAVE = "save the state_dict with torch.save"
SAVE_ALONE = "save only the state_dict"
EXPORT = "export the network to ONNX"
AGAIN = "fetch the file again"
BEGINNINGS = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras and TensorFlow write them", EXPORT),
    (b"\x93NUMPY", "a numpy array", SAVE),
    (b"GGUF", "a GGUF file", SAVE),
    (b"\x1f\x8b", "compressed with gzip", "unpack it first"),
    (b"BZh", "compressed with bzip2", "unpack it first"),
    (b"\xfd7zXZ", "compressed with xz", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!", "a rar archive", "unpack it first"),
    (
        b"version https://git-lfs.github.com/spec",
        "a Git LFS pointer instead of the file itself",
        "fetch it with `git lfs pull`",
    ),
)
"""How other files begin, what they are, and what to do."""
INSIDE = (
    (".npy", "a numpy archive", SAVE),
    ("model.weights.h5", "a Keras file", EXPORT),
    ("archive_format", "a program of torch.export", SAVE),
)
"""Names in zip archives of others, what they are, and what to do."""
FOREIGN_ENDINGS = {
    ".caffemodel": "a Caffe model",
    ".pb": "a TensorFlow graph",
    ".tflite": "a TensorFlow Lite model",
    ".h5": "a Keras file",
}


class Kind(enum.Enum):
    """A format of weights files."""

    TORCH = "torch"  # zip archive of torch.save, or of TorchScript
    OLD_TORCH = "old torch"  # torch.save before torch 1.6
    SAFETENSORS = "safetensors"
    ONNX = "onnx"


def recognise(path: str | Path) -> Kind:
    """The kind of a weights file.

    Raises FirelineError, with what the file is and what to do, when it cannot be read, is larger
    than 1 GiB or is no weights file.
    """
    path = Path(path)
    where = f"weights {path}"
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise FirelineError(f"{where}: a folder; {_within(path)}")
        if not stat.S_ISREG(status.st_mode):
            raise FirelineError(f"{where}: a device or a pipe; copy it into a file first")
        with path.open("rb") as file:
            head = file.read(HEAD)
            if status.st_size > MAXIMUM_BYTES:
                raise FirelineError(f"{where}: larger than 1 GiB; {SAVE_ALONE}")
            return _kind(where, path, file, head)
    except FileNotFoundError as error:
        raise FirelineError(f"{where}: no such file; check the path") from error
    except PermissionError as error:
        raise FirelineError(
            f"{where}: you may not read it; change its permissions (`chmod +r`) or copy it"
        ) from error
    except (OSError, ValueError) as error:  # ValueError for a path that cannot exist
        reason = error.strerror if isinstance(error, OSError) else error
        raise FirelineError(f"{where}: {reason}; check the path") from error


def _kind(where: str, path: Path, file: BinaryIO, head: bytes) -> Kind:
    if not head:
        raise FirelineError(f"{where}: an empty file; {AGAIN}, or save it again")
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= HEADER_BYTES:
        return Kind.SAFETENSORS  # first, because the length may look like another beginning
    for beginning, what, advice in BEGINNINGS:
        if head.startswith(beginning):
            raise FirelineError(f"{where}: {what}; {advice}")
    if head.startswith(b"PK"):
        return _zip_kind(where, file)
    if head[:1] == b"\x80":
        return _pickle_kind(where, head)
    _refuse_text(where, head)
    if head[257:262] == b"ustar":
        raise FirelineError(f"{where}: a tar archive; unpack it first (`tar -xf`)")
    if not head.strip(b"\0"):
        raise FirelineError(f"{where}: begins with zeros, as after a broken download; {AGAIN}")
    ending = path.suffix.lower()
    if ending == ".onnx" or _is_onnx(head):
        return Kind.ONNX
    if ending in FOREIGN_ENDINGS:
        raise FirelineError(f"{where}: {FOREIGN_ENDINGS[ending]}; {EXPORT}")
    raise FirelineError(
        f"{where}: neither torch, safetensors nor ONNX wrote this, or it is damaged; "
        "use an intact file of one of them"
    )


def _zip_kind(where: str, file: BinaryIO) -> Kind:
    """The kind of a zip archive; FirelineError if it holds no weights."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise FirelineError(f"{where}: damaged or truncated; {AGAIN}") from error
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAXIMUM_BYTES:
        raise FirelineError(f"{where}: unpacks to {unpacked / 1e9:,.1f} GB; {SAVE_ALONE}")
    names = [entry.filename for entry in entries]
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        return Kind.TORCH
    for ending, what, advice in INSIDE:
        if any(name.endswith(ending) for name in names):
            raise FirelineError(f"{where}: {what}; {advice}")
    raise FirelineError(f"{where}: a zip archive that torch did not write; unpack it first")


def _pickle_kind(where: str, head: bytes) -> Kind:
    try:
        first = read_pickle(head).root
    except ValueError:
        first = None
    if first != TORCH_MAGIC:
        raise FirelineError(
            f"{where}: a pickle that torch.save did not write, or damaged; load it in Python and "
            f"{SAVE}"
        )
    return Kind.OLD_TORCH


def _refuse_text(where: str, head: bytes) -> None:
    """Raises FirelineError if the file holds text, with what kind of text."""
    text = head.decode("utf-8-sig", errors="replace")
    if len(head) == HEAD:
        text = text.rstrip("\ufffd")  # a character that is cut
    text = text.strip()
    if not text or not all(letter.isprintable() or letter.isspace() for letter in text):
        return
    if "\ufffd" in text:
        return
    if text.lower().startswith(("<!doctype", "<html", "<head", "<?xml")):
        raise FirelineError(
            f"{where}: a web page instead of the file itself; download the file from the address "
            "of its raw content"
        )
    if text[0] in "{[":
        if '"weight_map"' in text:
            raise FirelineError(
                f"{where}: the index of a checkpoint in several files; load it in Python and {SAVE}"
            )
        raise FirelineError(f"{where}: a JSON file, which holds no weights; check the path")
    raise FirelineError(
        f"{where}: a text file that begins with {text.splitlines()[0][:40]!r}; {AGAIN}, or check "
        "the path"
    )


def _is_onnx(head: bytes) -> bool:
    """Whether bytes begin like an ONNX ModelProto: field 1, a small version, then field 2 to 8."""
    return len(head) > 3 and head[0] == 0x08 and head[1] < 0x40 and 0x12 <= head[2] <= 0x42


def _within(folder: Path) -> str:
    """What to do about a folder."""
    files = sorted(name for name in os.listdir(folder) if name.lower().endswith(ENDINGS))
    if "saved_model.pb" in os.listdir(folder):
        return f"TensorFlow wrote it, so {EXPORT}"
    return f"name the file in it, such as {folder / files[0]}" if files else "name a file"
