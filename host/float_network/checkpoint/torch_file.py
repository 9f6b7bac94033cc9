"""Files of torch.save and of TorchScript: the objects in them, and the tensors' values on demand.

A zip archive holds the pickle `data.pkl` and each storage, the values of one or more tensors, as
`data/<key>`. Before torch 1.6, a file was a sequence of pickles (a magic number, the version, the
machine, the objects, the storages' keys), then each storage's length and values
(torch/serialization.py, `_save` and `_legacy_save`).
"""

import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from ....errors import FirelineError
from .inert_pickle import MAXIMUM_BYTES, Made, Named, Persistent, read_pickle
from .kind import SAVE_ALONE, Kind
from .stored import FLOATS, StoredTensor

STORAGES = {
    "Half": "float16", "BFloat16": "bfloat16", "Float": "float32", "Double": "float64",
    "Byte": "uint8", "Char": "int8", "Short": "int16", "Int": "int32", "Long": "int64",
    "Bool": "bool", "ComplexFloat": "complex64", "ComplexDouble": "complex128",
}  # fmt: skip
"""Types by the names of their storages, without "Storage"."""
BYTES = {
    "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "uint8": 1, "int8": 1, "int16": 2,
    "int32": 4, "int64": 8, "bool": 1, "complex64": 8, "complex128": 16,
}  # fmt: skip
DENSE = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3")
"""What makes a tensor of a storage, an offset, a shape and strides."""
WRAPPING = (
    "_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_device_tensor_from_cpu_tensor"
)  # fmt: skip
"""What makes a tensor of the tensor that is its first argument."""
OTHERS = {
    "_rebuild_sparse_tensor": "sparse",
    "_rebuild_sparse_csr_tensor": "sparse",
    "_rebuild_nested_tensor": "nested",
    "_rebuild_qtensor": "quantized",
    "_rebuild_meta_tensor_no_storage": "without values (on the device meta)",
    "_reconstruct": "a numpy array",
}
"""What makes tensors that are not read."""
MOST_DIMENSIONS = 8


@dataclass(frozen=True, eq=False)
class Storage:
    """The values of one or more tensors."""

    size: int  # bytes
    read: Callable[[], bytes]  # raises ValueError if the file is damaged


@dataclass(frozen=True, eq=False)
class TorchFile:
    """The objects of a file and what its tensors are made of."""

    root: object  # of the pickle
    storages: Mapping[str, Storage]

    def tensor(self, node: object) -> StoredTensor | None:
        """The tensor that an object of the file is; None if it is none."""
        if not isinstance(node, Made) or not isinstance(node.what, Named):
            return None
        name, arguments = node.what.name, node.arguments
        if name in OTHERS:
            return StoredTensor(OTHERS[name], (), _nothing)
        if name in WRAPPING and arguments:
            return self.tensor(arguments[0])
        if name == "_rebuild_from_type_v2" and len(arguments) > 2:  # a function, a class, arguments
            inner = arguments[2]
            return self.tensor(Made(arguments[0], inner)) if isinstance(inner, tuple) else None
        if name not in DENSE or len(arguments) < 4:
            return None
        storage, offset, shape, strides = arguments[:4]
        kind = arguments[6] if len(arguments) > 6 else None
        return self._dense(storage, offset, shape, strides, kind)

    def _dense(
        self, storage: object, offset: object, shape: object, strides: object, kind: object
    ) -> StoredTensor | None:
        sizes, steps = _sizes(shape), _sizes(strides)
        if sizes is None or steps is None or len(sizes) != len(steps) or type(offset) is not int:
            return None
        match storage:
            case Persistent(identity=("storage", named, str(key), _, _, *_)) if offset >= 0:
                dtype = kind.name if isinstance(kind, Named) else storage_type(named)
                found = self.storages.get(key)
                return StoredTensor(
                    dtype, sizes, partial(_values, found, dtype, offset, sizes, steps)
                )
        return None


def read_torch(path: Path, kind: Kind) -> TorchFile:
    """The objects of a file of torch.save, or of a TorchScript file; no code in it is executed.

    Raises FirelineError when the file is damaged or its objects take more than 4 MiB.
    """
    try:
        return _read_zip(path) if kind is Kind.TORCH else _read_old(path)
    except (ValueError, KeyError, OSError, NotImplementedError, RuntimeError) as error:
        raise FirelineError(f"weights {path}: damaged or truncated; use an intact file") from error


def storage_type(named: object) -> str:
    """The type of a storage's values, such as "float32"."""
    name = named.name if isinstance(named, Named) else "an unknown type"
    return STORAGES.get(name.removesuffix("Storage"), name)


def _read_zip(path: Path) -> TorchFile:
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
    (pickle, *_) = sorted((name for name in entries if _is_pickle(name)), key=len)
    folder = pickle.removesuffix("data.pkl")
    order = entries.get(f"{folder}byteorder")
    if order is not None and _record(path, order) != b"little":
        raise ValueError("the bytes of numbers are swapped")
    if entries[pickle].file_size > MAXIMUM_BYTES:
        raise FirelineError(
            f"weights {path}: its objects take more than 4 MiB besides the tensors; {SAVE_ALONE}"
        )
    root = read_pickle(_record(path, entries[pickle])).root
    start = f"{folder}data/"
    storages = {
        name.removeprefix(start): Storage(entry.file_size, partial(_record, path, entry))
        for name, entry in entries.items()
        if name.startswith(start)
    }
    return TorchFile(root, storages)


def _is_pickle(name: str) -> bool:
    return name == "data.pkl" or name.endswith("/data.pkl")


def _record(path: Path, entry: zipfile.ZipInfo) -> bytes:
    """A record of a zip archive; ValueError if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError("the archive is damaged") from error


def _read_old(path: Path) -> TorchFile:
    size = path.stat().st_size
    with path.open("rb") as file:
        data = file.read(MAXIMUM_BYTES)
        pickles, place = [], 0
        for _ in range(5):
            pickles.append(read_pickle(data[place:]))
            place += pickles[-1].length
        _, _, machine, objects, keys = pickles
        if not isinstance(machine.root, dict) or machine.root.get("little_endian") is not True:
            raise ValueError("the bytes of numbers are swapped")
        widths = _widths(objects.outside)
        storages = {}
        for key in keys.root if isinstance(keys.root, list) else ():
            file.seek(place)
            length = int.from_bytes(file.read(8), "little") * widths[key]
            place += 8
            if place + length > size:
                raise ValueError("the file ends early")
            storages[key] = Storage(length, partial(_part, path, place, length))
            place += length
    return TorchFile(objects.root, storages)


def _widths(outside: tuple[Persistent, ...]) -> dict[object, int]:
    """Bytes of a value by the keys of the storages."""
    widths: dict[object, int] = {}
    for each in outside:
        match each.identity:
            case ("storage", named, str(key), *_):
                widths.setdefault(key, BYTES.get(storage_type(named), 1))
    return widths


def _part(path: Path, place: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(place)
        return file.read(size)


def _sizes(value: object) -> tuple[int, ...] | None:
    """A shape or strides; None if the value is none."""
    if isinstance(value, Made) and len(value.arguments) == 1:  # torch.Size
        value = value.arguments[0]
    if not isinstance(value, tuple) or len(value) > MOST_DIMENSIONS:
        return None
    return value if all(type(size) is int and size >= 0 for size in value) else None


def _values(
    storage: Storage | None,
    kind: str,
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
) -> torch.Tensor:
    """The tensor of a storage; ValueError if the storage does not hold all of it."""
    if 0 in shape:
        return torch.empty(shape)
    last = offset + sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
    if storage is None or (last + 1) * BYTES[kind] > storage.size:
        raise ValueError("there are fewer values than its shape says")
    data = bytearray(storage.read())
    flat = torch.frombuffer(data, dtype=FLOATS[kind], count=len(data) // BYTES[kind])
    return flat.as_strided(shape, strides, offset)


def _nothing() -> torch.Tensor:
    """The values of a tensor that is not read."""
    raise ValueError("it has no dense values")
