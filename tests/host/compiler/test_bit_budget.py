import dataclasses
import itertools

import pytest
from fireline.errors import FirelineError
from fireline.host.compiler.bit_budget import (
    STEP,
    Option,
    board_room,
    choose,
    four_bits,
    layer_words,
    options,
)
from fireline.host.compiler.compile import compile_network
from fireline.host.compiler.resources import LINK_BLOCK_RAMS, check_fit, resources, weight_rom
from fireline.host.network.random_network import random_network
from fireline.host.report.summary import layer_cycles
from fireline.hw.boards import find_board
from fireline.hw.program import ArrayShape
from hypothesis import given
from hypothesis import strategies as st
from support.networks.post_training import SMALL

ARRAY = ArrayShape(8, 8)


def option(name: str, harm: float, rom: int) -> Option:
    return Option(name, harm, (rom, 2 * rom), (rom * 10, rom * 20))


@given(
    st.lists(st.tuples(st.floats(0.02, 1), st.integers(1, 50)), min_size=1, max_size=7),
    st.integers(0, 300),
)
def test_the_choice_is_the_best_of_all(layers, room):
    found = [option(f"layer{i}", harm, rom) for i, (harm, rom) in enumerate(layers)]
    least = sum(o.rom[0] for o in found)
    if room < least:
        with pytest.raises(FirelineError, match="at least"):
            choose(found, room)
        return

    def judge(eights):
        rom = sum(o.rom[e] for o, e in zip(found, eights, strict=True))
        return sum(o.harm for o, e in zip(found, eights, strict=True) if e), rom <= room

    bits = choose(found, room)
    saved, fits = judge([bits[o.name] == 8 for o in found])
    worth = 0.01 * sum(o.harm for o in found)
    best = max(
        harm
        for eights in itertools.product((0, 1), repeat=len(found))
        for harm, fits in [judge(eights)]
        if fits and all(o.harm > worth for o, e in zip(found, eights, strict=True) if e)
    )
    assert fits and saved == pytest.approx(best)


def test_a_layer_without_harm_keeps_4_bits():
    found = [option("conv1", 0.0, 1), option("a", 1.0, 1), option("b", 0.001, 1)]
    assert choose(found, 100) == {"conv1": 8, "a": 8, "b": 4}


def test_a_budget_below_4_bits_everywhere_is_refused():
    found = [option("conv1", 1.0, 1024), option("a", 1.0, 10 * 1024)]
    with pytest.raises(FirelineError, match=r"at least 12\.0 kbits.*more than 11;"):
        choose(found, 11 * 1024)
    assert choose(found, 12 * 1024) == {"conv1": 8, "a": 4}


@pytest.mark.parametrize("array", ["4x4", "8x8", "16x16", "16x32"])
@pytest.mark.parametrize("bits", [4, 8])
def test_words_are_the_compilers(array, bits):
    array = ArrayShape(*map(int, array.split("x")))
    program = compile_network(random_network(SMALL, 0, bits), array).program
    words = layer_words(SMALL, program)
    assert sum(words.values()) == len(program.weights)
    assert set(words) == {layer.name for layer in SMALL.layers() if layer.is_convolution}
    if bits == 8:
        fours = layer_words(SMALL, four_bits(SMALL, array))
        assert words == {name: 2 * count for name, count in fours.items()}


def test_cycles_are_near_the_compilers():
    compiled = compile_network(random_network(SMALL, 0), ARRAY)
    cycles = sum(option.cycles[0] for option in options(SMALL, compiled.program, {}, True))
    assert cycles == pytest.approx(sum(layer_cycles(compiled).values()), rel=0.25)


@pytest.mark.parametrize("exponent_max", [0, 1, 3])
def test_rom_without_gaps_is_the_networks(exponent_max):
    program = four_bits(SMALL, ARRAY, exponent_max=exponent_max)
    for bits, index in ((4, 0), (8, 1)):
        network = random_network(SMALL, 0, bits, exponent_max)
        found = {o.name: o.rom[index] for o in options(SMALL, program, {}, False)}
        assert found == {name: conv.memory_bits for name, conv in network.convs.items()}


@pytest.mark.parametrize("gaps", [False, True])
def test_a_streamed_classifier_takes_no_rom(gaps):
    """1000 classes for 32 inputs do not fit the smallest board at 16x32."""
    large = dataclasses.replace(SMALL, classes=4000)
    array, board = ArrayShape(16, 16), find_board("ulx3s-12f")
    program = four_bits(large, array, board)
    assert program.head and not four_bits(SMALL, array, board).head
    found = {o.name: o for o in options(large, program, {}, gaps)}
    assert found["conv5"].rom == (0, 0) and found["fire2/squeeze"].rom[0] > 0
    height, width = large.layer("conv5").output_height, large.layer("conv5").output_width
    assert found["conv5"].cycles == (2 * 250 * height * width, 4 * 250 * height * width)


def test_the_room_of_a_board():
    """The choice fits the board, and another step of ROM does not."""
    board = find_board("ulx3s-12f")
    program = four_bits(SMALL, board.array)
    room = board_room(program, board)
    harm = dict.fromkeys(("fire2/squeeze", "conv5"), 1.0)
    bits = choose(options(SMALL, program, harm, True), room)
    assert bits["fire2/squeeze"] == bits["conv5"] == 8 and bits["fire3/squeeze"] == 4
    check_fit(compile_network(random_network(SMALL, 0, bits), board.array), board)
    others = resources(program).block_rams - weight_rom(program.rom_words, program).block_rams
    free = board.block_rams - LINK_BLOCK_RAMS - others
    words = room // weight_rom(1, program).bits
    assert weight_rom(words, program).block_rams <= free
    assert weight_rom(words + STEP, program).block_rams > free
