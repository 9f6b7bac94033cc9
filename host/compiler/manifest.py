"""The accelerator's Verilog file, and the manifest that describes it to other programs."""

import json
from dataclasses import asdict
from pathlib import Path

from ...errors import FirelineError
from ...hw import verilog
from ...hw.program import HeadGeometry, Program
from ..files import write_whole
from .compile import Compiled
from .resources import resources

VERILOG, MANIFEST, HEAD = "fireline.v", "manifest.json", "head.bin"

HANDSHAKE = {
    "pixels, scores": "a pixel or a score is transferred at each rising edge of clk at which its "
    "valid and its ready are both asserted; either side may stall at any time; no output depends "
    "combinationally on an input",
    "pixel_valid": "may be deasserted before pixel_ready is asserted",
    "score_valid": "stays asserted, with score_data and score_last unchanged, until score_ready is "
    "asserted",
    "frames": "follow each other without a gap or a marker: a frame begins with the first pixel "
    "after rst or abort, and with the first pixel after a frame's last pixel; the core accepts "
    "pixels of the next frame while it computes, as far as it has room, and needs none of them to "
    "finish the current frame",
    "abort": "is asserted for one cycle or more; transfers in these cycles are lost, none happens "
    "in the cycle after, and the next pixel begins a frame",
}
"""How the ports are used."""

WEIGHTS_HANDSHAKE = {
    "weights": "block_wanted, while no block is being sent, requests one: its words arrive with "
    "weight_valid, with or without gaps, and each is taken in its cycle; the blocks come in order, "
    "starting over after the last one, after rst and after abort; no block comes without a request",
}
"""How the ports are used by which a streamed classifier's weights arrive."""


def write_verilog(compiled: Compiled, folder: str | Path) -> dict[str, object]:
    """Writes fireline.v and manifest.json into a folder, creating it; returns the manifest.

    The SDRAM contents of a streamed classifier go to head.bin. Raises FirelineError when a file
    cannot be written.
    """
    folder = Path(folder)
    text, description = verilog.to_verilog(compiled.program), manifest(compiled)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FirelineError(f"folder {folder}: {error.strerror}; choose another place") from error
    write_whole(folder / VERILOG, text.encode(), "Verilog file")
    write_whole(folder / MANIFEST, (json.dumps(description, indent=2) + "\n").encode(), "manifest")
    if compiled.class_blocks:
        write_whole(folder / HEAD, compiled.class_blocks, "SDRAM contents")
    return description


def manifest(compiled: Compiled) -> dict[str, object]:
    """What a user of the Verilog file must know, in values that JSON has."""
    network, program = compiled.network, compiled.program
    needed = resources(program)
    return {
        "verilog": VERILOG,
        "module": verilog.NAME,
        "network": network.architecture.name,
        "identifier": f"{program.identifier:08x}",
        "array": str(program.array),
        "ports": _ports(program),
        "handshake": HANDSHAKE | (WEIGHTS_HANDSHAKE if program.head else {}),
        "pixels": {
            "height": program.window.height,
            "width": program.window.width,
            "channels": program.window.channels,
            "order": "rows from the top, pixels from the left; red, or grey, in the lowest byte",
        },
        "scores": {
            "classes": program.classes,
            "scale": network.score_scale,
            "offset": network.score_offset,
            "format": "unsigned, class by class; the greatest wins, the first of equal ones",
        },
        "class_names": list(network.class_names),
        "cycles_per_frame": compiled.timing.cycles,
        "latency_cycles": compiled.timing.latency,
        "timing": "exact while neither side stalls. cycles_per_frame: from one frame's last score "
        "to the next frame's, frames back to back; frames a second are clk's frequency divided by "
        "it. latency_cycles: from the end of rst to the first frame's last score; a frame that "
        "comes alone takes no longer from its first pixel to its last score",
        "macs": compiled.macs,
        "mac_passes": compiled.mac_passes,
        "utilisation": compiled.utilisation,
        "memories": [asdict(memory) for memory in needed.memories],
        "head": _head(program.head) if program.head else None,
        "block_rams": needed.block_rams,
        "multiplier_pairs": needed.pairs,
    }


def _head(head: HeadGeometry) -> dict[str, object]:
    """The class blocks that `weight_data` takes."""
    return {
        "file": HEAD,
        "format": "words of 16 bits, the low byte first, all blocks in order, over and over",
        "blocks": head.blocks,
        "block_words": head.stream_words,
        "crc32": f"{head.check:08x}",
        "cycles_per_block": head.load_cycles,
    }


def _ports(program: Program) -> list[dict[str, object]]:
    """The ports of the Verilog module, with their use."""
    rows = [
        ("clk", "input", 1, "clock, rising edge"),
        ("rst", "input", 1, "synchronous reset"),
        ("abort", "input", 1, "discards everything in progress, as reset does"),
        ("pixel_data", "input", 8 * program.window.channels, "a pixel, one byte a channel"),
        ("pixel_valid", "input", 1, "pixel_data is valid"),
        ("pixel_ready", "output", 1, "the core takes the pixel if pixel_valid is asserted"),
        ("score_data", "output", 32, "a score"),
        ("score_last", "output", 1, "score_data is the frame's last score"),
        ("score_valid", "output", 1, "score_data is valid"),
        ("score_ready", "input", 1, "the receiver takes the score if score_valid is asserted"),
    ]
    if program.head:
        rows += [
            ("block_wanted", "output", 1, "while no block is being sent: begin the next one"),
            ("weight_valid", "input", 1, "weight_data is valid, and taken in this cycle"),
            ("weight_data", "input", 16, "the next word of the block"),
        ]
    return [dict(zip(("name", "direction", "bits", "use"), row, strict=True)) for row in rows]
