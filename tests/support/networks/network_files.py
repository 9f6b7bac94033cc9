"""Network files taken apart, and put together with a valid digest."""

import hashlib
import json

import numpy as np
import safetensors.numpy
from fireline.host.network.file import FORMAT, NO_DIGEST


def parts(data: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """Header and tensors of a file."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][FORMAT])
    return header, safetensors.numpy.load(data)


def signed(header: dict, tensors: dict[str, np.ndarray]) -> bytes:
    """A file with a valid digest and any content."""
    text = json.dumps({**header, "digest": NO_DIGEST})
    data = safetensors.numpy.save(tensors, {FORMAT: text})
    return data.replace(NO_DIGEST.encode(), hashlib.sha256(data).hexdigest().encode(), 1)
