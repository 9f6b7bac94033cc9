"""A run: consecutive activation words times consecutive weight words, one pair a cycle."""

from amaranth.lib import data

from ..tables import Tables


def run_layout(tables: Tables) -> data.StructLayout:
    """The layout of a run.

    Activation words start at `row` + `offset`, weight words at `rom` + `tap`; `length` words each.
    `first` and `last`: it opens or closes a group, that is, a sum of products. `low`: low nibbles
    of 8-bit weights; `shift`: the first of these, so that what was summed before counts sixteen
    times. `opening`: first run of its row operation, which may start `wait` idle cycles after the
    one before and, if `gate`, once the scores of the last frame are sent. `window`: it reads the
    window of pixels, not the memory; `streamed`: its weights lie in a slot; `release`: and it lets
    go of window or slot at its end.
    """
    length = max(max(layer["words3"], layer["words"]) for layer in tables.layers)
    flags = ["first", "last", "low", "shift", "opening", "gate", "window", "streamed", "release"]
    return data.StructLayout(
        {
            "row": tables.activation_bits,
            "offset": tables.activation_bits,
            "rom": tables.rom_bits,
            "tap": tables.rom_bits,
            "length": length.bit_length(),
            "wait": tables.row["wait"].width,
            **{flag: 1 for flag in flags},
        }
    )
