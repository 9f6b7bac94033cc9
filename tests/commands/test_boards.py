"""`fireline boards`."""

import json

from fireline.hw.boards import BOARDS
from support.command_line import Result, runs


def test_every_board_is_listed():
    shown = runs("boards").stdout
    assert all(name in shown for name in BOARDS)
    listed = json.loads(Result("boards", "--json", "-").stdout)["boards"]
    assert [board["name"] for board in listed] == list(BOARDS)
