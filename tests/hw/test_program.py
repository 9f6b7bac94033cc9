import pytest
from fireline.hw.program import ArrayShape
from support.networks.small import TINY, compiled, fire, network


@pytest.mark.parametrize("sides", [(2, 8), (8, 64), (32, 32), (6, 8), (8, 0)])
def test_other_array_sides_are_refused(sides):
    with pytest.raises(ValueError, match="CI is 4, 8 or 16"):
        ArrayShape(*sides)


def test_an_array_prints_as_it_is_written_on_the_command_line():
    assert str(ArrayShape(16, 32)) == "16x32"
    assert ArrayShape(16, 32).products == 512


def test_a_program_knows_its_shifts_and_its_window():
    program = compiled(TINY, "4x4").program
    used = {layer.pointwise_shift for layer in program.layers}
    used |= {layer.expand3x3_shift for layer in program.layers if layer.expand3x3_groups}
    assert program.shifts == tuple(sorted(used))
    assert program.skip_shifts == ()
    assert program.window_words == 7  # 27 bytes, four a word
    bypassed = compiled(network(TINY.stages[0], fire(4, 3, 3, "simple")), "4x4", 4)
    assert bypassed.program.skip_shifts == (bypassed.network.skips["fire2"].shift,)
