"""Sessions with a port in Python: any bytes end in a recording or in one plain error."""

import pytest
from fireline.errors import FirelineError
from fireline.host.selftest import session as sessions
from fireline.host.selftest.readings import Begin, BlockRams, Eye, Multipliers, Pll
from fireline.host.selftest.session import (
    Session,
    SilentBoard,
    expected_places,
    place,
)
from fireline.hw.boards import BOARDS
from fireline.hw.selftest.plan import SelfTestPlan
from hypothesis import given, settings
from hypothesis import strategies as st
from support.boards.selftest_lines import PLAN, line, round_of, text_of


class Clock:
    """A clock that a port moves on."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


class ScriptedPort:
    """Yields the next piece at each read; when there is none, the time of the read passes."""

    port = "/dev/ttyTest"

    def __init__(self, clock: Clock, pieces):
        self.clock, self.pieces = clock, iter(pieces)
        self.written, self.bauds = b"", []

    def read(self, seconds: float) -> bytes:
        piece = next(self.pieces, b"")
        self.clock.now += 0.05 if piece else max(seconds, 0.001)
        return piece

    def write(self, data: bytes) -> None:
        self.written += data

    def set_baud(self, baud: int) -> None:
        self.bauds.append(baud)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(sessions, "time", clock)
    return clock


def rounds(count: int):
    return [line(body) for n in range(count) for body in round_of(PLAN, n).values()]


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_a_rounds_lines_are_those_expected(board):
    plan = SelfTestPlan(board, 130.0, 1)
    session = Session(ScriptedPort(Clock(), []))
    session.reader.feed(b"\n" + text_of([round_of(plan)]))
    assert sorted(map(str, map(place, session.reader.readings))) == sorted(
        map(str, expected_places(plan))
    )
    assert {kind for kind, number in expected_places(plan) if number} == {
        *(Pll, Eye, BlockRams),
        *([Multipliers] if len(plan.tested_sites) > 32 else []),
    }


def test_it_reads_as_many_rounds_as_asked_for(clock):
    port = ScriptedPort(clock, rounds(20))
    session = Session(port)
    assert session.begin() == Begin(1, "ulx3s-25f", 100.0, 0, 0)
    told = []
    recording = session.collect(PLAN, 3, lambda done, total: told.append((done, total)))
    assert not recording.stopped and recording.restarts == 0
    assert [each.round for each in recording.rounds] == [0, 1, 2]
    total = 3 * len(round_of(PLAN))
    assert told[-1] == (total, total) and told == sorted(told)


def test_a_line_that_is_missing_ends_it_two_rounds_later(clock):
    changed = [line(body) for n in range(20) for body in round_of(PLAN, n, die="").values()]
    session = Session(ScriptedPort(clock, changed))
    session.begin()
    assert len(session.collect(PLAN, 3).rounds) == 5


def test_a_board_that_prints_without_a_round_ends_by_time(clock):
    dies = [line("die code=9e activity=00")] * 100_000
    session = Session(ScriptedPort(clock, [*rounds(2), *dies]))
    session.begin()
    recording = session.collect(PLAN, 5)
    assert not recording.stopped and clock.now < 60


def test_a_board_that_falls_silent(clock):
    session = Session(ScriptedPort(clock, rounds(2)))
    session.begin()
    before = clock.now
    recording = session.run(PLAN)
    assert recording.stopped and not recording.echoes
    assert clock.now - before < 10


def test_silence(clock):
    with pytest.raises(SilentBoard, match="says nothing"):
        Session(ScriptedPort(clock, [])).begin()
    assert clock.now < 4


def test_lines_without_a_first_one(clock):
    session = Session(ScriptedPort(clock, [line("die code=9e activity=00")] * 1000))
    with pytest.raises(FirelineError, match="begins no round within 12 s"):
        session.begin()


@settings(max_examples=60)
@given(st.lists(st.one_of(st.binary(max_size=400), st.sampled_from(rounds(2))), max_size=300))
def test_any_bytes_end_in_a_recording_or_one_line(pieces):
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "time", clock)
        session = Session(ScriptedPort(clock, pieces))
        try:
            session.begin()
            recording = session.run(PLAN)
            assert recording.stopped or recording.echoes
        except FirelineError as error:
            assert "\n" not in str(error)
    assert clock.now < 200


def test_an_echo(clock):
    class Echoing(ScriptedPort):
        def write(self, data):
            if data in (b"2", b"3"):
                self.pieces = iter([line(f"echo baud={int(data)}000000")])
            else:
                self.pieces = iter([*self.pieces, data])
            super().write(data)

        def set_baud(self, baud):
            super().set_baud(baud)
            if baud == 1_000_000:
                self.pieces = iter([b"\x00rest", b"\r\n", line("echoed bytes=07d0 framing=0001")])

    port = Echoing(clock, [])
    session = Session(port)
    result = session.echo(3_000_000, 2000)
    assert session.reader.broken == session.reader.foreign == 0
    assert (result.answered, result.received, result.wrong) == (True, 2000, 0)
    assert (result.arrived, result.framing) == (2000, 1)
    assert port.bauds == [3_000_000, 1_000_000] and port.written[:1] == b"3"
    assert len(port.written) == 2001


def test_another_version(clock):
    changed = "selftest version=2 board=ulx3s-25f mhz=100 pattern=0 round=0000"
    session = Session(ScriptedPort(clock, [line(changed)]))
    with pytest.raises(FirelineError, match="version 2 of the self-test"):
        session.begin()


def test_an_echo_that_is_not_answered(clock):
    port = ScriptedPort(clock, rounds(1))
    result = Session(port).echo(2_000_000, 100)
    assert not result.answered and result.received == 0
    assert port.written == b"222"
