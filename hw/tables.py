"""The program's tables as the hardware stores them: layouts as narrow as the values allow."""

from amaranth.hdl import Value
from amaranth.lib import data
from amaranth.utils import bits_for

from .program import Program, ProgramLayer, RowOperation


def layer_record(program: Program, layer: ProgramLayer) -> dict[str, int]:
    """A program layer in the form that counters use: indices of shifts, last numbers, not counts.

    `words3` is the words of a kernel row, `row_words` those of an input row of the expand3x3 part,
    `row_wrap` the words from the first row of its circular buffer to the last one.
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
        "pool": layer.pool is not None,
        "pool_pairs": layer.pool is not None and layer.pool.kernel == 2,
        "pool_padded": layer.pool is not None and layer.pool.padding > 0,
        "pool_overhangs": layer.pool is not None and layer.pool.overhangs,
        "last_pool_beat": max(layer.pool_beats - 1, 0),
        "pool_base": layer.pool_base,
        "store": layer.store,
        "keep": layer.keep,
        "skip": layer.skip,
        "skip_multiplier": layer.skip_multiplier,
        "skip_shift": program.skip_shifts.index(layer.skip_shift) if layer.skip else 0,
    }


def row_record(row: RowOperation, expand3x3: bool) -> dict[str, int]:
    """A row operation in the form of the hardware; `expand3x3`: its layer has an expand3x3 part.

    The rows above and below are the neighbours in memory of the row at the centre, or they are at
    the other end of the circular buffer (`above_wraps`, `below_wraps`).
    """
    return {
        "layer": row.layer,
        "centre": row.centre,
        "above_wraps": expand3x3 and not row.top and row.above > row.centre,
        "below_wraps": expand3x3 and not row.bottom and row.below < row.centre,
        "top": row.top,
        "bottom": row.bottom,
        "write_address": row.write,
        "keep_address": row.keep,
        "skip_address": row.skip,
        "first": row.first,
        "last": row.last,
        "pool_begins": row.pool_begins,
        "pool_completes": row.pool_completes,
        "wait": row.wait,
    }


def _wrap(row: RowOperation) -> int:
    """Words from the buffer's first row to the last one if the operation reads across its end."""
    above = 0 if row.top else row.above - row.centre
    below = 0 if row.bottom else row.centre - row.below
    return max(above, below, 0)


class Tables:
    """Both tables of a program: of its layers and of its row operations.

    Members
        layers, rows: the records, which initialize the memories
        layer, row: the layouts of the records
        operation: the layout of a row operation with its layer, as the sequencer sends it
        activation_bits: width of an address of the activation memory or of a word of the window
        rom_bits: width of an address of the weight ROM
        head: the geometry of a streamed classifier or None
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
        # The activation memory and the window share an address.
        deepest = max(program.activation_words, program.window_words)
        self.activation_bits = bits_for(deepest - 1)
        self.rom_bits = bits_for(program.rom_words - 1)


def context_layout(tables: Tables, names: dict[str, list[str]]) -> data.StructLayout:
    """The layout of an operation context: the named fields of row and layer, flat."""
    return data.StructLayout(
        {name: getattr(tables, part)[name].shape for part in names for name in names[part]}
    )


def context_of(operation: data.View, names: dict[str, list[str]]) -> dict[str, Value]:
    """The values of the same fields of `operation`, by name."""
    return {name: operation[part][name] for part in names for name in names[part]}


def _layout(records: list[dict[str, int]]) -> data.StructLayout:
    return data.StructLayout(
        {name: bits_for(max(int(record[name]) for record in records)) for name in records[0]}
    )
