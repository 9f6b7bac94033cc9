"""`Device` against boards that are absent, silent, noisy, unplugged or sound."""

import os
import pty
from dataclasses import replace

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host.link.device import Device
from fireline.host.link.packets import Packet
from fireline.hw.link.protocol import Identity, Kind, MemoryState
from hypothesis import given, settings
from hypothesis import strategies as st
from support.boards.fake_board import FakeBoard, babble, deaf, noisy
from support.boards.two_programs import share_a_board

SMALL = Identity(network=0x1234ABCD, width=24, height=20, channels=3, classes=20)
LARGE = Identity(network=0x00000001, width=224, height=224, channels=3, classes=1000)
STREAMED = replace(SMALL, weight_bytes=1000)
WEIGHTS = bytes(range(250)) * 4
PATIENCE = {"timeout": 0.1, "patience": 0.4}


def picture(identity: Identity, seed: int = 0) -> np.ndarray:
    shape = (identity.height, identity.width, identity.channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def message(call) -> str:
    """The one line of the FirelineError that a call raises."""
    with pytest.raises(FirelineError) as error:
        call()
    (line,) = str(error.value).splitlines()
    assert error.value.__cause__ is None
    return line


@pytest.mark.parametrize("identity", [SMALL, LARGE])
def test_classifies_frames_one_after_the_other(identity):
    with FakeBoard(identity) as board, Device(board.port, timeout=5) as device:
        assert device.identify() == identity
        for seed in range(2):
            pixels = picture(identity, seed)
            steps = []
            scores = device.classify(pixels, lambda sent, total, steps=steps: steps.append(sent))
            assert board.pixels == pixels.tobytes()
            assert scores.dtype == np.uint32 and scores.tolist() == board.scores()
            assert steps == sorted(steps) and steps[-1] == identity.frame_bytes


@pytest.mark.parametrize("seed", range(4))
def test_noise_costs_time_only(seed):
    line = noisy(0.003, seed)
    pixels = picture(SMALL, seed)
    with FakeBoard(SMALL, line) as board, Device(board.port, timeout=0.05, patience=20) as device:
        assert device.classify(pixels).tolist() == board.scores()
        assert board.pixels == pixels.tobytes()


def test_stale_answers_are_skipped():
    """Each answer arrives after a copy of the previous one, as if requests had been repeated."""
    pixels, before = picture(SMALL), b""

    def echo(sent: bytes) -> bytes:
        nonlocal before
        arrived, before = before + sent, sent
        return arrived

    with FakeBoard(SMALL) as board, Device(board.port, timeout=5, patience=20) as device:
        board.to_host = echo
        assert device.classify(pixels).tolist() == board.scores()


def test_absent(tmp_path):
    line = message(lambda: Device(str(tmp_path / "ttyUSB7")))
    assert "ttyUSB7" in line and "no such port" in line


def test_not_a_serial_port(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a port")
    assert "not a serial port" in message(lambda: Device(str(file)))


def test_used_by_another_program():
    with FakeBoard(SMALL) as board, Device(board.port):
        assert "another program" in message(lambda: Device(board.port))


def test_silent():
    with FakeBoard(SMALL, deaf) as board, Device(board.port, **PATIENCE) as device:
        assert "did not answer" in message(device.identify)


def test_noise_only():
    with FakeBoard(SMALL) as board, Device(board.port, **PATIENCE) as device:
        board.to_host = babble
        assert "sent only noise" in message(device.identify)


def test_broken_packets_only():
    spoil = lambda sent: sent[:1] + b"\x55" + sent[2:]  # noqa: E731
    with FakeBoard(SMALL) as board, Device(board.port, **PATIENCE) as device:
        board.to_board = spoil
        assert "received only broken packets" in message(device.identify)


def test_silent_in_the_middle_of_a_frame():
    with FakeBoard(SMALL) as board, Device(board.port, **PATIENCE) as device:
        stop = lambda sent, total: setattr(board, "to_host", deaf)  # noqa: E731
        assert "sending the frame" in message(lambda: device.classify(picture(SMALL), stop))


def test_unplugged_in_the_middle_of_a_frame():
    with FakeBoard(SMALL) as board, Device(board.port, **PATIENCE) as device:
        board.unplug_after_chunks = 3
        assert "went away" in message(lambda: device.classify(picture(SMALL)))


def test_core_that_never_finishes():
    with FakeBoard(SMALL) as board, Device(board.port, deadline=0.2) as device:
        board.busy_polls = 10**9
        assert "no scores within 0.2 s" in message(lambda: device.classify(picture(SMALL)))


def test_wrong_network_and_wrong_size():
    with FakeBoard(SMALL) as board, Device(board.port) as device:
        assert device.check_network(SMALL.network) == SMALL
        line = message(lambda: device.check_network(0xDEADBEEF))
        assert "1234abcd" in line and "deadbeef" in line
        line = message(lambda: device.classify(picture(SMALL)[:, :-1]))
        assert "20 x 24 x 3" in line and "20 x 23 x 3" in line


def test_another_version_of_the_protocol(monkeypatch):
    with FakeBoard(SMALL) as board, Device(board.port) as device:
        monkeypatch.setattr("fireline.host.link.answers.VERSION", 9)
        assert "version 3 of the link, this program version 9" in message(device.identify)


def test_echoing_port_is_no_board():
    controller, terminal = pty.openpty()  # in its initial mode a pseudo-terminal echoes
    try:
        with Device(os.ttyname(terminal), **PATIENCE) as device:
            assert "the board at" in message(device.identify)
    finally:
        os.close(terminal)
        os.close(controller)


def test_weights_are_loaded_once_and_kept():
    steps = []
    with FakeBoard(STREAMED) as board:
        with Device(board.port, timeout=5) as device:
            assert device.needs_weights()
            device.load_weights(WEIGHTS, lambda sent, total: steps.append((sent, total)))
            assert board.weights == WEIGHTS and steps[-1] == (1000, 1000)
        with Device(board.port, timeout=5) as device:
            assert not device.needs_weights()
            assert device.classify(picture(STREAMED)).tolist() == board.scores()


def test_noise_on_loaded_weights_costs_time_only():
    with (
        FakeBoard(STREAMED, noisy(0.003, 5)) as board,
        Device(board.port, timeout=0.05, patience=20) as device,
    ):
        device.load_weights(WEIGHTS)
        assert board.weights == WEIGHTS


def test_board_without_external_memory_needs_no_weights():
    with FakeBoard(SMALL) as board, Device(board.port) as device:
        assert not device.needs_weights()


@pytest.mark.parametrize(
    "state, advice",
    [
        (MemoryState.EMPTY, "load them first"),
        (MemoryState.LOADING, "load them again"),
        (MemoryState.WRONG, "the network that its bitstream was built from"),
        (MemoryState.CORRUPT, "there are no scores: load the weights again"),
        (MemoryState.FAULT, "switch the board off and on"),
        (MemoryState.TESTING, "wait a little"),
        (MemoryState.CHECKING, "wait a little"),
    ],
)
def test_a_frame_without_weights_is_refused(state, advice):
    with FakeBoard(STREAMED) as board, Device(board.port) as device:
        board.memory = state
        assert advice in message(lambda: device.classify(picture(STREAMED)))


def test_weights_that_change_during_a_frame():
    with FakeBoard(STREAMED) as board, Device(board.port) as device:
        device.load_weights(WEIGHTS)
        corrupt = lambda sent, total: setattr(board, "memory", MemoryState.CORRUPT)  # noqa: E731
        assert "no scores" in message(lambda: device.classify(picture(STREAMED), corrupt))


def test_faulty_memory():
    with FakeBoard(STREAMED) as board, Device(board.port) as device:
        board.after_test = MemoryState.FAULT
        assert "no working SDRAM" in message(device.needs_weights)


def test_weights_of_another_network():
    with FakeBoard(STREAMED) as board, Device(board.port) as device:
        assert "takes 1000 bytes of weights, not 999" in message(
            lambda: device.load_weights(WEIGHTS[1:])
        )
        board.expected = WEIGHTS[::-1]
        assert "other weights than those" in message(lambda: device.load_weights(WEIGHTS))
        assert device.needs_weights()


def test_power_cut_while_weights_are_loaded():
    def cut(sent, total):
        if sent > 400:
            board.memory, board.wanted = MemoryState.EMPTY, 0

    with FakeBoard(STREAMED) as board, Device(board.port, **PATIENCE) as device:
        assert "weights" in message(lambda: device.load_weights(WEIGHTS, cut))
        assert device.needs_weights()


def test_weights_that_are_still_on_their_way_are_waited_for():
    """The board answers the last chunk before its memory has all bytes."""
    with FakeBoard(STREAMED) as board, Device(board.port) as device:
        board.loading_polls = 3
        device.load_weights(WEIGHTS)
        assert not device.needs_weights()


def test_weights_that_never_arrive_are_waited_for_within_the_deadline():
    with FakeBoard(STREAMED) as board, Device(board.port, deadline=0.2) as device:
        board.loading_polls = 10**9
        assert "only a part of its" in message(lambda: device.load_weights(WEIGHTS))


def nonsense(kind: Kind, data: bytes, identity: Identity = STREAMED) -> FakeBoard:
    """A board that answers one kind of request with these bytes."""
    board = FakeBoard(identity)
    board.memory, sensible = MemoryState.READY, board.answer

    def answer(packet):
        if packet.kind is kind:
            meant = Kind.STATE if kind is Kind.START else Kind(kind | Kind.ANSWER)
            return Packet(meant, packet.sequence, data)
        return sensible(packet)

    board.answer = answer
    return board


def introduced(**values) -> bytes:
    return replace(STREAMED, **values).to_bytes()


@pytest.mark.parametrize(
    "kind, data, reason",
    [
        (Kind.HELLO, b"", "version ? of the link"),
        (Kind.HELLO, introduced()[:-1], "of the link"),
        (Kind.HELLO, introduced(classes=0), "a network with 0 classes"),
        (Kind.HELLO, introduced(classes=65535), "a network with 65535 classes"),
        (Kind.HELLO, introduced(channels=2), "a network with 2 channels"),
        (Kind.HELLO, introduced(width=0), "a network with 0 columns"),
        (Kind.HELLO, introduced(height=65535), "a network with 65535 rows"),
        (Kind.HELLO, introduced(ci=3), "an array of 3x4"),
        (Kind.MEMORY, b"", "the memory state nothing"),
        (Kind.MEMORY, b"\x09", "the memory state 09"),
        (Kind.MEMORY, b"\x06\x06", "the memory state 0606"),
        (Kind.START, b"", "the memory state nothing"),
        (Kind.START, b"\xff", "the memory state ff"),
        (Kind.START, bytes([MemoryState.READY]), "although its weights are ready"),
        (Kind.RESULT, bytes(64), "64 bytes of scores"),
        (Kind.RESULT, bytes(68), "68 bytes of scores"),
    ],
)
def test_valid_packets_that_hold_nonsense(kind, data, reason):
    with nonsense(kind, data) as board, Device(board.port) as device:

        def use():
            device.needs_weights()
            device.classify(picture(STREAMED))

        line = message(use)
        assert line.startswith(f"the board at {board.port} ") and reason in line


@given(
    st.sampled_from([Kind.HELLO, Kind.MEMORY, Kind.START, Kind.RESULT]),
    st.binary(max_size=80) | st.builds(bytes, st.lists(st.integers(0, 8), max_size=18)),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_any_answer_gives_scores_or_one_line(kind, data, begins_well):
    if begins_well and kind is Kind.HELLO:
        data = introduced()[:1] + data[:17].ljust(17, b"\1")
    with nonsense(kind, data) as board, Device(board.port, deadline=0.05, patience=0.2) as device:
        try:
            device.needs_weights()
            device.classify(picture(STREAMED))
            device.load_weights(WEIGHTS)
        except FirelineError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("seed", range(4))
def test_two_programs_on_one_line_get_no_wrong_scores(seed):
    """However their packets interleave."""

    def scores(pixels):
        total = int(pixels.sum())
        return [total * (n + 1) % 2**32 for n in range(SMALL.classes)]

    quick = {"timeout": 0.05, "patience": 1.0, "deadline": 1.0}
    with FakeBoard(SMALL) as board:
        make = lambda number: picture(SMALL, number)  # noqa: E731
        counts = share_a_board(board.port, make, scores, seed, **quick)
    assert counts.total() == 2 * 6
