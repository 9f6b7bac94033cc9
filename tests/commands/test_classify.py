"""`fireline classify` on boards that are fake, simulated, absent, silent, noisy or unplugged."""

import json
from dataclasses import replace

import pytest
from fireline.host.compiler.buffers import StreamedHead
from fireline.host.compiler.compile import compile_network
from fireline.host.network.file import read_network
from fireline.hw.link.protocol import Identity
from fireline.hw.program import ArrayShape
from fireline.hw.system import identity_of
from fireline.sim import board
from support.boards.fake_board import FakeBoard, babble, deaf
from support.command_line import Result, complains, runs

IDENTITY = Identity(network=0x1234, width=8, height=8, channels=3, classes=3)


def test_classify_on_a_board(picture, tmp_path):
    file = tmp_path / "result.json"
    with FakeBoard(IDENTITY) as board:
        runs("classify", picture, picture, "--port", board.port, "--json", file)
        result = json.loads(file.read_text())
        assert result["network"] == "00001234"
        assert [frame["scores"] for frame in result["frames"]] == [board.scores()] * 2
    with FakeBoard(IDENTITY) as board:
        assert "NOT" not in Result("classify", picture, "--port", board.port).stdout


def test_classify_compares_with_the_network(net, picture, tmp_path):
    file = tmp_path / "result.json"
    compiled = compile_network(read_network(net), ArrayShape(8, 4))
    with FakeBoard(identity_of(compiled.program)) as board:
        result = Result("classify", picture, "--port", board.port, "--net", net, "--json", file)
    assert result.status == 1 and "NOT as the golden model" in result.stdout
    (frame,) = json.loads(file.read_text())["frames"]
    assert not frame["equal"] and len(frame["expected"]) == 3
    assert frame["expected"] != frame["scores"]


@pytest.mark.parametrize("classes", [2, 3, 1000])
def test_the_network_of_another_board_is_named(net, picture, classes):
    """Also one with more classes, for whose scores the network has no names."""
    network = read_network(net)
    own = compile_network(network, ArrayShape(4, 4)).program.identifier
    with FakeBoard(replace(IDENTITY, classes=classes)) as board:
        message = complains("classify", picture, "--port", board.port, "--net", net)
    assert f"runs network 00001234, not {own:08x}" in message


@pytest.mark.slow
def test_classify_on_the_simulated_board(net, picture):
    shown = runs("classify", picture, "--port", "simulated", "--net", net, "--array", "4x4").stdout
    assert "as the golden model" in shown and "NOT" not in shown


@pytest.mark.slow
def test_classify_on_the_simulated_board_with_streamed_weights(net, picture):
    options = ("--port", "simulated", "--net", net, "--array", "4x4", "--head", "sdram")
    shown = runs("classify", picture, picture, *options).stdout
    assert shown.count("bytes of weights loaded") == 1
    assert shown.count("as the golden model") == 2 and "NOT" not in shown


def test_classify_gives_the_board_its_weights_once(net, picture):
    compiled = compile_network(read_network(net), ArrayShape(4, 4), head=StreamedHead(2))
    with FakeBoard(identity_of(compiled.program)) as board:
        command = ("classify", picture, "--port", board.port, "--net", net)
        assert f"{len(compiled.class_blocks):,} bytes of weights loaded" in Result(*command).stdout
        assert board.weights == compiled.class_blocks
        assert "loaded" not in Result(*command).stdout


def test_classify_without_weights_says_what_to_do(net, picture):
    identity = replace(IDENTITY, weight_bytes=64, ci=4, co=4)
    with FakeBoard(identity) as board:
        assert "--net" in complains("classify", picture, "--port", board.port)
        command = ("classify", picture, "--port", board.port, "--net", net)
        assert "runs network 00001234" in complains(*command)


def test_a_port_that_is_absent_silent_or_noisy(picture, monkeypatch):
    assert "no such port" in complains("classify", picture, "--port", "/dev/ttyNone")
    short = 2_000_000, 0.2, 2.0, 5.0  # baud, timeout, patience, deadline
    monkeypatch.setattr("fireline.host.link.device.Device.__init__.__defaults__", short)
    for line, text in ((deaf, "did not answer"), (babble, "noise")):
        with FakeBoard(IDENTITY) as board:
            board.to_host = line
            assert text in complains("classify", picture, "--port", board.port)


def test_a_port_that_is_unplugged(picture):
    with FakeBoard(IDENTITY) as board:
        board.unplug_after_chunks = 0
        assert "went away" in complains("classify", picture, "--port", board.port)


def test_a_simulated_board_must_know_its_network(picture):
    assert "--net" in complains("classify", picture, "--port", "simulated")


def test_a_missing_picture_is_named_before_a_board_is_built(net, monkeypatch):
    monkeypatch.setattr(board, "simulated_board", lambda *_, **__: pytest.fail("it was built"))
    arguments = ("nope.png", "--port", "simulated", "--net", net)
    assert "nope.png" in complains("classify", *arguments)
