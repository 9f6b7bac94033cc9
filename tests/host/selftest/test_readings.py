"""Lines of the self-test: sound ones are read, all others counted and never believed."""

import pytest
from fireline.host.selftest.readings import (
    MOST_KEPT,
    Begin,
    Die,
    Eye,
    LineReader,
    Multipliers,
    Pll,
    read_line,
)
from hypothesis import given
from hypothesis import strategies as st
from support.boards.selftest_lines import PLAN, line, round_of, text_of

DIE = line("die code=9e activity=19")


def read(body: str):
    return read_line(line(body).decode().strip())


def test_lines_become_readings():
    text = "selftest version=1 board=ulx3s-85f mhz=62.5 pattern=1 round=00ff"
    assert read(text) == Begin(1, "ulx3s-85f", 62.5, 1, 255)
    text = "pll number=3 mhz=130 locked=1 losses=02 relocks=0100 shortest=00010 longest=fffff"
    assert read(f"{text} khz=01fbd0") == Pll(3, 130.0, 1, 2, 256, 16, 0xFFFFF, 130_000)
    text = "multipliers from=20 wrong=80000001 zero=00000000 tests=0010"
    assert read(text) == Multipliers(32, 0x80000001, 0, 16)
    text = "eye from=08 bad=0000,0001,0002,0004,0008,ffff,ffff,ffff"
    assert read(text) == Eye(8, (0, 1, 2, 4, 8, 0xFFFF, 0xFFFF, 0xFFFF))


def test_a_whole_round_is_read():
    reader = LineReader()
    reader.feed(b"t of a line\n" + text_of([round_of(PLAN)]))
    assert len(reader.readings) == len(reader.lines) == len(round_of(PLAN))
    assert (reader.broken, reader.foreign) == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        "die code=9e",
        "die code=9e activity=19 activity=19",
        "die activity=19 code=9e",
        "die code=9E activity=19",
        "die code=9e activity=019",
        "die code=-1 activity=19",
        "die code=9e activity=",
        "die  code=9e activity=19",
        "dye code=9e activity=19",
        "selftest version=1 board=ulx3s-25f mhz=1e999 pattern=0 round=0000",
        "selftest version=1 board=ulx3s-25f mhz=nan pattern=0 round=0000",
        "selftest version=99999999999 board=ulx3s-25f mhz=1 pattern=0 round=0000",
        "eye from=00 bad=0000,0000,0000,0000,0000,0000,0000",
        "eye from=00 bad=0000,0000,0000,0000,0000,0000,0000,0000,0000",
    ],
)
def test_another_form_is_not_believed(body):
    assert read(body) is None


def test_a_wrong_checksum_is_not_believed():
    whole = DIE.decode().strip()
    assert read_line(whole) == Die(0x9E, 25)
    for place in range(len(whole)):
        for bit in range(7):
            changed = whole[:place] + chr(ord(whole[place]) ^ 1 << bit) + whole[place + 1 :]
            assert changed.lower() == whole.lower() or read_line(changed) is None


def test_broken_and_foreign_lines_are_counted():
    reader = LineReader()
    reader.feed(DIE + DIE.replace(b"9e", b"9f") + b"rst:0x1 (POWERON_RESET)\r\n\r\n" + DIE)
    assert reader.readings == [Die(0x9E, 25)] * 2
    assert (reader.broken, reader.foreign) == (1, 1)
    assert reader.refused[1] == "rst:0x1 (POWERON_RESET)"


def test_a_line_that_began_before_does_not_count():
    reader = LineReader()
    reader.feed(DIE[7:] + DIE)
    reader.resume()
    reader.feed(DIE[9:] + b"left over\r\n" + DIE)
    assert (len(reader.readings), reader.broken, reader.foreign) == (2, 0, 0)
    reader.feed(b"not left over\r\n")
    assert reader.foreign == 1


@given(st.lists(st.binary(max_size=300), max_size=20), st.data())
def test_any_bytes_between_lines_do_no_harm(noise, data):
    reader = LineReader()
    stream = b"".join(each + b"\n" + DIE for each in noise)
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        reader.feed(stream[:size])
        stream = stream[size:]
    assert reader.readings.count(Die(0x9E, 25)) == len(noise)


@given(st.binary(max_size=2000))
def test_noise_is_not_believed(noise):
    reader = LineReader()
    reader.feed(noise)
    assert not reader.readings


def test_noise_without_an_end_takes_no_room():
    reader = LineReader()
    for _ in range(1000):
        reader.feed(bytes(1000))
    assert reader.broken + reader.foreign > 1000
    assert len(reader.refused) == MOST_KEPT
    assert max(map(len, reader.refused)) < 2000
