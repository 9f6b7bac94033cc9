"""The self-test on a simulated board: a sound board reports sound, and each fault its place."""

import re
from functools import reduce
from operator import xor

import pytest
import serial
from fireline.hw.boards import find_board
from fireline.hw.selftest.plan import SelfTestPlan
from fireline.sim.selftest import BURSTS, simulated_selftest

PLAN = SelfTestPlan(find_board("ulx3s-25f"), 100.0)
SITES, RAMS = len(PLAN.tested_sites), PLAN.block_rams
PATIENCE = 120
"""Seconds for a line, on a busy computer."""

LINE = re.compile(rb"(.*)\*([0-9a-f]{2})\r\n")


def read_line(port: serial.Serial) -> tuple[str, dict[str, str]]:
    """The topic and the values of the next line, whose check is right."""
    line = port.readline()
    match = LINE.fullmatch(line)
    assert match, line
    assert int(match[2], 16) == reduce(xor, match[1]), line
    topic, *pairs = match[1].decode().split(" ")
    return topic, dict(pair.split("=") for pair in pairs)


def read_round(port: serial.Serial) -> dict[str, list[dict[str, str]]]:
    """The lines of the next whole round by topic."""
    topics: dict[str, list[dict[str, str]]] = {}
    while "lanes" not in topics:
        topic, values = read_line(port)
        if topic == "selftest" or topics:
            topics.setdefault(topic, []).append(values)
    return topics


def open_port(name: str) -> serial.Serial:
    return serial.Serial(name, 1_000_000, timeout=PATIENCE)


def faulty(*faults: str) -> dict[str, list[dict[str, str]]]:
    with simulated_selftest(PLAN, faults) as name, open_port(name) as port:
        return read_round(port)


def flags(lines: list[dict[str, str]], key: str) -> int:
    return sum(int(line[key], 16) << int(line["from"], 16) for line in lines)


def eye(found: dict[str, list[dict[str, str]]]) -> list[int]:
    words = [word for line in found["eye"] for word in line["bad"].split(",")]
    assert [int(line["from"], 16) for line in found["eye"]] == list(range(0, PLAN.phases, 8))
    return [int(word, 16) for word in words]


@pytest.fixture(scope="module")
def sound() -> tuple[dict, dict, bytes, bytes, dict]:
    """Two rounds of a sound board with an echo in between: rounds, announcement, bytes, counts."""
    with simulated_selftest(PLAN) as name, open_port(name) as port:
        first = read_round(port)
        port.write(b"2")
        topic = values = None
        while topic != "echo":
            topic, values = read_line(port)
        port.baudrate = int(values["baud"])
        sent = bytes(range(0, 256, 5))
        for start in range(0, len(sent), 8):
            port.write(sent[start : start + 8])
        back = port.read(len(sent))
        port.baudrate = 1_000_000
        while topic != "echoed":
            topic, values = read_line(port)
        second = read_round(port)
    return first, second, sent, back, values


def test_a_sound_board_is_sound(sound):
    for found in sound[:2]:
        assert found["selftest"][0] | {"round": ""} == {
            "version": "1",
            "board": "ulx3s-25f",
            "mhz": "100",
            "pattern": "0",
            "round": "",
        }
        for pll, mhz in zip(found["pll"], PLAN.plls, strict=True):
            assert (pll["mhz"], pll["locked"], pll["losses"]) == (f"{mhz:g}", "1", "00")
            assert int(pll["relocks"], 16) >= 4
            assert 0 < int(pll["shortest"], 16) <= int(pll["longest"], 16) < 1000
            assert abs(int(pll["khz"], 16) / 1000 / mhz - 1) < 0.001
        assert flags(found["multipliers"], "wrong") == flags(found["multipliers"], "zero") == 0
        assert flags(found["block_rams"], "wrong") == 0
        for topic, key in (("multipliers", "tests"), ("block_rams", "reads"), ("lanes", "tests")):
            assert all(int(line[key], 16) > 0 for line in found[topic])
        assert found["lanes"][0]["errors"] == "0000"
        (sdram,) = found["sdram"]
        assert int(sdram["phases"], 16) == PLAN.phases and int(sdram["tests"], 16) == BURSTS
        assert found["size"] == [{"alive": "1fffff"}]
        assert int(found["die"][0]["code"], 16) & 0x80
    assert sound[0]["die"][0]["activity"] == "00"


def test_the_eye_of_a_sound_board_is_where_the_model_has_it(sound):
    quarter = PLAN.phases // 4
    good = [step <= quarter or step >= PLAN.phases - quarter for step in range(PLAN.phases)]
    assert [word == 0 for word in eye(sound[0])] == good
    assert eye(sound[0]) == eye(sound[1])  # the phase is home again after a round


def test_an_echo_returns_every_byte(sound):
    _, _, sent, back, counts = sound
    assert back == sent
    assert counts == {"bytes": f"{len(sent):04x}", "framing": "0000"}


def test_each_fault_is_where_it_was_put():
    found = faulty(
        *("pll_dead=1", "multiplier_zero=3", "multiplier_wrong=20", "block_ram_wrong=40"),
        *("sdram_stuck_dq=5", "sdram_stuck_address=9", "eye_from=4", "eye_to=13"),
    )
    core, other = found["pll"]
    assert core["locked"] == "1"
    assert (other["locked"], other["relocks"], other["longest"]) == ("0", "0000", "fffff")
    assert flags(found["multipliers"], "wrong") == 1 << 3 | 1 << 20
    assert flags(found["multipliers"], "zero") == 1 << 3
    assert flags(found["block_rams"], "wrong") == 1 << 40
    assert [word == 1 << 5 for word in eye(found)] == [4 <= n <= 13 for n in range(PLAN.phases)]


def test_a_dead_core_clock_leaves_the_rest_alive():
    found = faulty("pll_dead=0")
    core, other = found["pll"]
    assert (core["locked"], other["locked"]) == ("0", "1")
    assert all(line["tests"] == "0000" for line in found["multipliers"] + found["lanes"])
    assert all(line["reads"] == "0000" for line in found["block_rams"])
    assert found["sdram"][0]["tests"] == "0000"
    assert set(eye(found)) == {0xFFFF}
    assert int(found["die"][0]["code"], 16) & 0x80


def test_an_absent_sdram_fails_at_every_phase():
    found = faulty("sdram_absent")
    assert all(eye(found))
    assert found["size"] == [{"alive": "000000"}]


def test_a_stuck_address_line_halves_the_size():
    found = faulty("sdram_stuck_address=9")
    assert bin(int(found["size"][0]["alive"], 16)).count("1") < 21


def test_noise_on_the_line_shows_in_an_echo():
    with simulated_selftest(PLAN, ["serial_noise=1511"]) as name, open_port(name) as port:
        topic, values = read_line(port)
        while topic != "echo":
            port.write(b"3")
            topic, values = read_line(port)
        port.baudrate, port.timeout = int(values["baud"]), 5
        sent = bytes(range(256))
        for start in range(0, len(sent), 8):
            port.write(sent[start : start + 8])
        back = b""
        while len(back) < len(sent) and (more := port.read(8)):
            back += more
    assert back != sent
