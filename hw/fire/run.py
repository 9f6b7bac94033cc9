"""A run: consecutive activation words times consecutive weight words, one pair a cycle."""

from amaranth.lib import data

from ..tables import Tables


def run_layout(tables: Tables) -> data.StructLayout:
    """The layout of a run.

    Members
        row, offset: the first activation word is at `row` + `offset`
        rom, rom_offset: the first weight word is at `rom` + `rom_offset`
        length: words, at least 1
        wait: idle cycles between the previous operation and this one, if `opening`
        first, last: the run opens or closes an output group, that is, a sum of products
        low: the weights are the low nibbles of 8-bit weights
        shift: first run of low nibbles; the array multiplies the sum so far by sixteen
        opening: first run of its row operation
        gate: the run must not start before the scores of the last frame are sent
        window: the activations are a window of pixels, not words of the memory
        streamed: the weights are a class block in a slot of the weight ROM
        release: the run's last word releases the window or the slot
    """
    length = max(max(layer["words3"], layer["words"]) for layer in tables.layers)
    flags = ["first", "last", "low", "shift", "opening", "gate", "window", "streamed", "release"]
    return data.StructLayout(
        {
            "row": tables.activation_bits,
            "offset": tables.activation_bits,
            "rom": tables.rom_bits,
            "rom_offset": tables.rom_bits,
            "length": length.bit_length(),
            "wait": tables.row["wait"].width,
            **{flag: 1 for flag in flags},
        }
    )
