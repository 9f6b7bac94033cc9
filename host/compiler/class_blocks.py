"""The class blocks of a streamed classifier: where they go on the chip, and what is streamed."""

import zlib

from ...errors import FirelineError
from ...hw.array.class_block import ClassBlock
from ...hw.memory.block_ram import BANK_WORDS
from ...hw.program import HeadGeometry
from ...hw.sdram.block_timing import BlockTiming
from ...hw.sdram.chip import BURST_WORDS, SdramCycles, SdramTiming
from .buffers import StreamedHead
from .rom_contents import RomContents


def pack_classifier(contents: RomContents, head: StreamedHead) -> tuple[HeadGeometry, bytes]:
    """The geometry of slots and blocks, and all class blocks in order, as the SDRAM holds them.

    The slots fill what is left of the weight ROM's last bank, or another bank if no slot fits.
    Raises FirelineError if a block takes more than a bank.
    """
    assert contents.streamed is not None
    array, bits = contents.array, contents.exponent_bits
    architecture = contents.network.architecture
    blocks = -(-architecture.classes // array.co)
    words, base = len(contents.streamed) // blocks, len(contents.weights)
    if words > BANK_WORDS:
        raise FirelineError(
            f"{architecture.name} at {array}: {array.co} classes of the classifier take {words} "
            f"weight words, and at most {BANK_WORDS} can be streamed; try a larger --array, or "
            "keep the classifier on the chip"
        )
    room = -base % BANK_WORDS
    if room < words:
        base, room = base + room, BANK_WORDS
    block = ClassBlock(words, array, bits)
    stream = b"".join(
        block.pack(contents.streamed[first : first + words])
        for first in range(0, len(contents.streamed), words)
    )
    memory = SdramCycles.of(SdramTiming(), head.clock_mhz)
    geometry = HeadGeometry(
        blocks=blocks,
        words=words,
        slots=min(blocks, room // words, head.slots or blocks),
        base=base,
        stream_words=block.stream_words,
        load_cycles=BlockTiming(block.stream_words // BURST_WORDS, memory).block_cycles,
        check=zlib.crc32(stream),
    )
    return geometry, stream
