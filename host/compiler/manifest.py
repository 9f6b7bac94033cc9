"""The accelerator's Verilog with a description of it for other programs."""

import json
from dataclasses import asdict
from pathlib import Path

from ...errors import FirelineError
from ...hw import verilog
from ...hw.program import Program
from ..files import write_whole
from .compile import Compiled
from .resources import resources

VERILOG, MANIFEST, HEAD = "fireline.v", "manifest.json", "head.bin"

HANDSHAKE = {
    "pixels, scores": "one moves at a rising edge of clk at which its valid and its ready are both "
    "set; either end may wait at any time; no output hangs on an input of the same cycle",
    "pixel_valid": "may be taken back before pixel_ready is set",
    "score_valid": "stays set, score_data and score_last as they are, until score_ready is set",
    "frames": "follow each other without gap or sign: the first pixel after rst or abort begins a "
    "frame, and so does the first after a frame's last; the core takes pixels of the next frame "
    "while it computes, as far as it has room, and needs none of them to finish this one",
    "abort": "for a cycle or more; what moves meanwhile is lost, nothing moves in the cycle after "
    "it, and the next pixel begins a frame",
}
"""How the ports are used."""

WEIGHTS_HANDSHAKE = {
    "weights": "block_wanted, while no block is coming, asks for one: its words come by "
    "weight_valid, each taken at once, with or without gaps; the blocks come in order, the first "
    "again after the last, after rst and after abort, and none that was not asked for",
}
"""And those by which a streamed classifier's weights come."""


def write_verilog(compiled: Compiled, folder: str | Path) -> dict[str, object]:
    """Writes fireline.v and manifest.json into a folder, which is made; returns the manifest.

    The weights of a streamed classifier go to head.bin. Raises FirelineError when the files cannot
    be written.
    """
    folder = Path(folder)
    text, description = verilog.to_verilog(compiled.program), manifest(compiled)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FirelineError(f"folder {folder}: {error.strerror}; choose another place") from error
    write_whole(folder / VERILOG, text.encode(), "Verilog file")
    write_whole(folder / MANIFEST, (json.dumps(description, indent=2) + "\n").encode(), "manifest")
    if compiled.head:
        write_whole(folder / HEAD, compiled.head, "file of weights")
    return description


def manifest(compiled: Compiled) -> dict[str, object]:
    """What a user of the Verilog file must know, as JSON knows it."""
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
            "format": "unsigned, class by class; the greatest wins, the first of equals",
        },
        "class_names": list(network.class_names),
        "cycles_per_frame": compiled.timing.cycles,
        "latency_cycles": compiled.timing.latency,
        "timing": "exact while nobody makes the core wait. cycles_per_frame: from a frame's last "
        "score to the next one's, frames back to back, so frames a second are clk's frequency by "
        "cycles_per_frame. latency_cycles: from the end of rst, if pixels are there, to the first "
        "frame's last score; any frame that comes alone takes no longer from its first pixel on",
        "macs": compiled.macs,
        "mac_passes": compiled.mac_passes,
        "utilisation": compiled.utilisation,
        "memories": [asdict(memory) for memory in needed.memories],
        "head": _head(program) if program.head else None,
        "block_rams": needed.block_rams,
        "multiplier_pairs": needed.pairs,
    }


def _head(program: Program) -> dict[str, object]:
    """The weights that come by `weight_data`."""
    head = program.head
    return {
        "file": HEAD,
        "format": "words of 16 bits, the lower byte first, all blocks in order, again and again",
        "blocks": head.blocks,
        "block_words": head.stream_words,
        "crc32": f"{head.check:08x}",
        "cycles_per_block": head.load_cycles,
    }


def _ports(program: Program) -> list[dict[str, object]]:
    """In the order of the Verilog module's use."""
    rows = [
        ("clk", "input", 1, "everything happens at its rising edge"),
        ("rst", "input", 1, "synchronous reset"),
        ("abort", "input", 1, "drops all that is under way, as reset does"),
        ("pixel_data", "input", 8 * program.window.channels, "a pixel"),
        ("pixel_valid", "input", 1, "pixel_data is there"),
        ("pixel_ready", "output", 1, "a pixel is taken when both are set"),
        ("score_data", "output", 32, "a score"),
        ("score_last", "output", 1, "it is the frame's last"),
        ("score_valid", "output", 1, "score_data is there"),
        ("score_ready", "input", 1, "a score is given when both are set"),
    ]
    if program.head:
        rows += [
            ("block_wanted", "output", 1, "while no block is coming: begin the next one"),
            ("weight_valid", "input", 1, "weight_data is there, and taken"),
            ("weight_data", "input", 16, "the next word of the block"),
        ]
    return [dict(zip(("name", "direction", "bits", "use"), row, strict=True)) for row in rows]
