"""Entropy coding with canonical Huffman codes.

A stream holds, in this order:

1. the greatest symbol, one byte;
2. the code lengths of symbols 0 up to it, four bits each, 0 for a symbol that does not occur;
3. the codes, padded with zeros to a whole byte;
4. the CRC-32 of all that, little endian.

Codes of equal length are consecutive numbers in the order of their symbols; the codes of the next
length continue after them. If there is only one symbol, its code is empty and all lengths are 0.

Source: Han et al., "Deep Compression: Compressing Deep Neural Networks with Pruning, Trained
Quantization and Huffman Coding", ICLR 2016, section 4.
"""

import zlib

import numpy as np

from ...errors import FirelineError
from ..network.quantized import CODES, QuantizedConv

LIMIT = 15  # bits of the longest code
CHECK = 4  # bytes of the CRC


def encode(symbols: np.ndarray) -> bytes:
    """The stream of the symbols, uint8 [N], N > 0."""
    counts = np.bincount(symbols)
    lengths = code_lengths(counts)
    codes = _codes(lengths)
    bits = (codes[:, None] >> np.arange(LIMIT)[::-1]) & 1 > 0
    used = np.arange(LIMIT) >= LIMIT - lengths[:, None]
    payload = np.packbits(bits[symbols][used[symbols]])
    even = np.append(lengths, [0] * (len(lengths) % 2)).astype(np.uint8)
    table = even[::2] << 4 | even[1::2]
    stream = bytes([len(counts) - 1]) + table.tobytes() + payload.tobytes()
    return stream + zlib.crc32(stream).to_bytes(CHECK, "little")


def decode(stream: bytes, count: int) -> np.ndarray:
    """The ``count`` symbols of a stream, uint8.

    Raises FirelineError if the stream is damaged or has another number of symbols.
    """
    body, check = stream[:-CHECK], stream[-CHECK:]
    if not body or zlib.crc32(body).to_bytes(CHECK, "little") != check:
        raise FirelineError("entropy-coded weights: damaged; encode them again")
    last = body[0]
    table = np.frombuffer(body[1 : 2 + last // 2], np.uint8)
    payload = np.frombuffer(body[2 + last // 2 :], np.uint8)
    lengths = np.stack([table >> 4, table & 15], 1).ravel()[: last + 1].astype(int)
    if not lengths.any() and not payload.size:
        return np.full(count, last, np.uint8)
    by_code = np.argsort(lengths, kind="stable")[np.count_nonzero(lengths == 0) :]
    space = (1 << LIMIT) >> lengths[by_code]
    if space.sum() != 1 << LIMIT:
        raise FirelineError("entropy-coded weights: not a table of Huffman codes; encode again")

    symbol = np.repeat(by_code, space)  # index: LIMIT bits that begin with the symbol's code
    ahead = _windows(payload)
    steps = lengths[symbol[ahead]].tolist()
    places: list[int] = []
    place = 0
    while len(places) < count and place < len(steps):
        places.append(place)
        place += steps[place]
    if len(places) < count or not 0 <= len(steps) - place < 8:
        raise FirelineError(f"entropy-coded weights: not just {count} of them; encode again")
    return symbol[ahead[places]].astype(np.uint8)


def code_lengths(counts: np.ndarray) -> np.ndarray:
    """Bits of each symbol's code, at most LIMIT, for the shortest stream.

    A symbol that does not occur, or is the only one, gets 0.

    Source: the package-merge algorithm of Larmore and Hirschberg, "A Fast Algorithm for Optimal
    Length-Limited Huffman Codes", Journal of the ACM 37 (3), 1990.
    """
    lengths = np.zeros(len(counts), int)
    items = sorted((int(count), [symbol]) for symbol, count in enumerate(counts) if count)
    merged: list[tuple[int, list[int]]] = []
    for _ in range(LIMIT):
        pairs = zip(merged[::2], merged[1::2], strict=False)
        packages = [(left[0] + right[0], left[1] + right[1]) for left, right in pairs]
        merged = sorted(items + packages, key=lambda item: item[0])
    for _, symbols in merged[: 2 * len(items) - 2]:
        for symbol in symbols:
            lengths[symbol] += 1
    return lengths


def encode_conv(conv: QuantizedConv) -> tuple[bytes, bytes]:
    """Streams of a convolution's codes and of its exponents; 8-bit weights have no exponents."""
    codes = (conv.codes.astype(np.int16) - CODES[conv.bits][0]).astype(np.uint8)
    return encode(codes.ravel()), encode(conv.exponents.ravel()) if conv.bits == 4 else b""


def decode_conv(streams: tuple[bytes, bytes], like: QuantizedConv) -> tuple[np.ndarray, np.ndarray]:
    """Codes and exponents, in the shapes and with the bits of ``like``."""
    codes = decode(streams[0], like.codes.size) + np.int16(CODES[like.bits][0])
    exponents = np.zeros(like.exponents.size, np.uint8)
    if like.bits == 4:
        exponents = decode(streams[1], like.exponents.size)
    return (
        codes.astype(np.int8).reshape(like.codes.shape),
        exponents.reshape(like.exponents.shape),
    )


def _codes(lengths: np.ndarray) -> np.ndarray:
    """The canonical code of each symbol."""
    codes = np.zeros(len(lengths), int)
    space = 0  # the number of LIMIT-bit words that begin with an assigned code
    for length in range(1, LIMIT + 1):
        for symbol in np.flatnonzero(lengths == length):
            codes[symbol] = space >> (LIMIT - length)
            space += 1 << (LIMIT - length)
    return codes


def _windows(payload: np.ndarray) -> np.ndarray:
    """For each bit, the LIMIT bits that start there, as a number; zeros follow the end."""
    bytes_ = np.append(payload, [0, 0]).astype(np.uint32)
    words = bytes_[:-2] << 16 | bytes_[1:-1] << 8 | bytes_[2:]
    shifts = np.arange(24 - LIMIT, 24 - LIMIT - 8, -1)
    return (words[:, None] >> shifts & (1 << LIMIT) - 1).ravel()
