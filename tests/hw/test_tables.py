from fireline.hw.tables import Tables, context_layout, context_of
from support.networks.small import TINY, compiled


def test_every_value_fits_its_field():
    tables = Tables(compiled(TINY).program)
    for records, layout in ((tables.layers, tables.layer), (tables.rows, tables.row)):
        for record in records:
            assert layout.from_bits(layout.const(record).as_bits()) == layout.const(record)
            for name, value in record.items():
                assert 0 <= int(value) < 2 ** layout[name].width, name


def test_addresses_reach_the_last_word_of_memory_and_of_the_window():
    program = compiled(TINY).program
    tables = Tables(program)
    deepest = max(program.activation_words, program.window_words)
    assert 2**tables.activation_bits >= deepest > 2 ** (tables.activation_bits - 1)


def test_a_context_is_the_named_fields():
    tables = Tables(compiled(TINY).program)
    names = {"row": ["first", "write_address"], "layer": ["scores"]}
    layout = context_layout(tables, names)
    assert [name for name, _ in layout] == ["first", "write_address", "scores"]
    assert list(context_of(_View(), names).values()) == ["row.first", "row.write_address",
                                                         "layer.scores"]  # fmt: skip


class _View:
    """A stand-in for an operation: the value of a field is its path."""

    def __getitem__(self, part):
        return {name: f"{part}.{name}" for name in ("first", "write_address", "scores")}
