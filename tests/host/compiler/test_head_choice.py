from dataclasses import replace

import pytest
from fireline.errors import FirelineError
from fireline.host.compiler.head_choice import HeadPlace, compile_for
from fireline.host.compiler.resources import LINK_BLOCK_RAMS, check_fit, resources
from fireline.host.network.architecture import Conv1
from fireline.host.network.random_network import random_network
from fireline.hw.boards import find_board
from fireline.hw.program import ArrayShape
from support.networks.small import fire, network

ARRAY = ArrayShape(8, 8)
NETWORK = random_network(
    network(Conv1(16, 3, 1, 1), fire(8, 64, 64), height=24, width=24, classes=400), 0
)
BOARD = find_board("ulx3s-25f")


def block_rams_of(compiled):
    return resources(compiled.program).block_rams + LINK_BLOCK_RAMS


def board_of(block_rams):
    return replace(BOARD, block_rams=block_rams)


def test_a_head_that_fits_stays_on_the_chip():
    chip = compile_for(NETWORK, ARRAY, HeadPlace.CHIP, BOARD)
    assert chip.streamed is None and chip.class_blocks is None and chip.external_bytes == 0
    assert compile_for(NETWORK, ARRAY).streamed is None
    assert compile_for(NETWORK, ARRAY, board=board_of(block_rams_of(chip))).streamed is None


def test_a_head_that_does_not_fit_is_streamed_with_all_memory_left():
    chip = compile_for(NETWORK, ARRAY, HeadPlace.CHIP)
    board = board_of(block_rams_of(chip) - 1)
    streamed = compile_for(NETWORK, ARRAY, board=board, clock_mhz=50.0)
    check_fit(streamed, board)
    assert streamed.streamed.clock_mhz == 50.0
    wanted = HeadPlace.SDRAM
    assert compile_for(NETWORK, ARRAY, wanted, board, 50.0).program == streamed.program
    roomy = compile_for(NETWORK, ARRAY, wanted, find_board("ulx3s-85f"))
    assert roomy.streamed.rows > streamed.streamed.rows
    assert roomy.timing.cycles <= streamed.timing.cycles
    assert roomy.external_bytes == len(roomy.class_blocks) * len(
        {task.row for task in roomy.tasks if task.block is not None}
    )


def test_a_network_that_fits_neither_way_is_refused_with_the_numbers_of_the_chip():
    board = board_of(3)
    compiled = compile_for(NETWORK, ARRAY, board=board)
    assert compiled.streamed is None
    with pytest.raises(FirelineError, match="of which the serial link takes 1"):
        check_fit(compiled, board)
