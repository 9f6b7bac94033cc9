"""The table of all boards."""

import pytest
from fireline.errors import FirelineError
from fireline.hw.boards import BOARDS, find_board


def test_each_array_suits_its_board():
    for board in BOARDS.values():
        assert board.array.products <= 2 * board.multipliers + board.luts // 80


def test_unknown_board_is_refused_in_one_line():
    with pytest.raises(FirelineError, match="no board 'ulx3s-99f'") as error:
        find_board("ulx3s-99f")
    assert "\n" not in str(error.value)
