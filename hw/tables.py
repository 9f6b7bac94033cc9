"""The program's tables as the hardware stores them: struct layouts, no wider than the values."""

from amaranth.hdl import Value
from amaranth.lib import data
from amaranth.utils import bits_for

from .program import Program, ProgramLayer, RowOperation


def layer_record(program: Program, layer: ProgramLayer) -> dict[str, int]:
    """A layer as counters want it: indices of shifts, lasts instead of counts.

    Of a 3x3's input, a row has `row_words`, and from its buffer's first row to the last one it is
    `row_wrap`.
    """
    return {
        "window": layer.window,
        "last_column": layer.columns - 1,
        "words": layer.words,
        "words3": 3 * layer.words if layer.expand3x3_groups else 0,
        "row_words": layer.columns * layer.words if layer.expand3x3_groups else 0,
        "row_wrap": max(map(_wrap, program.rows_of(layer))) if layer.expand3x3_groups else 0,
        "last_pointwise_group": layer.pointwise_groups - 1,
        "pointwise_two_passes": layer.pointwise_passes - 1,
        "has_expand3x3": layer.expand3x3_groups > 0,
        "last_expand3x3_group": max(layer.expand3x3_groups - 1, 0),
        "expand3x3_two_passes": max(layer.expand3x3_passes - 1, 0),
        "pointwise_rom": layer.pointwise_rom,
        "expand3x3_rom": layer.expand3x3_rom,
        "last_pointwise_beat": layer.pointwise_beats - 1,
        "last_expand3x3_beat": max(layer.expand3x3_beats - 1, 0),
        "parameters": layer.parameters,
        "pointwise_shift": program.shifts.index(layer.pointwise_shift),
        "expand3x3_shift": program.shifts.index(layer.expand3x3_shift)
        if layer.expand3x3_groups
        else 0,
        "scores": layer.scores,
        "streamed": layer.streamed,
        "pool": layer.pool,
        "last_pool_beat": max(layer.pool_beats - 1, 0),
        "pool_base": layer.pool_base,
        "store": layer.store,
        "keep": layer.keep,
        "skip": layer.skip,
        "skip_multiplier": layer.skip_multiplier,
        "skip_shift": program.skip_shifts.index(layer.skip_shift) if layer.skip else 0,
    }


def row_record(row: RowOperation, wide: bool) -> dict[str, int]:
    """A row operation; the fields that the store calls otherwise are renamed.

    The rows that a 3x3 reads above and below lie right before and behind the one at the centre, or
    at the other end of their buffer.
    """
    return {
        "layer": row.layer,
        "centre": row.centre,
        "above_wraps": wide and not row.top and row.above > row.centre,
        "below_wraps": wide and not row.bottom and row.below < row.centre,
        "top": row.top,
        "bottom": row.bottom,
        "write_address": row.write,
        "keep_address": row.keep,
        "skip_address": row.skip,
        "first": row.first,
        "odd": row.odd,
        "last": row.last,
        "wait": row.wait,
    }


def _wrap(row: RowOperation) -> int:
    """From the buffer's first row to the last one, if the row reads across its end."""
    above = 0 if row.top else row.above - row.centre
    below = 0 if row.bottom else row.centre - row.below
    return max(above, below, 0)


class Tables:
    """Records and layouts of both tables of a program.

    `layers` and `rows` are lists of records (ready as `init` of a memory), `layer` and `row` their
    layouts, `operation` a row with its layer, as the sequencer hands it on.
    """

    def __init__(self, program: Program):
        self.layers = [layer_record(program, layer) for layer in program.layers]
        self.rows = [
            row_record(row, program.layers[row.layer].expand3x3_groups > 0) for row in program.rows
        ]
        self.head = program.head
        self.layer = _layout(self.layers)
        self.row = _layout(self.rows)
        self.operation = data.StructLayout({"row": self.row, "layer": self.layer})
        deepest = max(program.activation_words, program.window_words)  # both are addressed alike
        self.activation_bits = bits_for(deepest - 1)
        self.rom_bits = bits_for(program.rom_words - 1)


def context_layout(tables: Tables, names: dict[str, list[str]]) -> data.StructLayout:
    """The named fields of an operation's row and layer, flat: what one block keeps of it."""
    return data.StructLayout(
        {name: getattr(tables, part)[name].shape for part in names for name in names[part]}
    )


def context_of(operation: data.View, names: dict[str, list[str]]) -> dict[str, Value]:
    """The same fields' values, by name."""
    return {name: operation[part][name] for part in names for name in names[part]}


def _layout(records: list[dict[str, int]]) -> data.StructLayout:
    return data.StructLayout(
        {name: bits_for(max(int(record[name]) for record in records)) for name in records[0]}
    )
