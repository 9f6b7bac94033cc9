"""Streamed weights from power-up to frames, with faults in the chip's model."""

import pytest
from fireline.hw.link.protocol import MemoryState
from support.sdram_testbench import LOADED, QUICK, TESTED, build_simulator, run

WEIGHTS, BLOCKS = QUICK.weights.hex(), QUICK.blocks_of_words
IDLE = ["wait", 70]
"""After a restart."""

STATE = ["leave", [], 1]


@pytest.fixture(scope="module")
def simulator():
    return build_simulator(QUICK)


def blocks(*gaps):
    return ["blocks", gaps, QUICK.block_words]


def words(result) -> list:
    return [came for _, came in result]


def test_loads_checks_and_reads_repeatedly(simulator, tmp_path):
    steps = [TESTED, ["ask", 50], ["load", WEIGHTS], ["ask", 400], LOADED, IDLE, blocks(0, 0, 9, 0)]
    tested, early, _, during, loaded, _, read = run(simulator, tmp_path, steps)
    assert (tested, loaded) == (MemoryState.EMPTY, MemoryState.READY)
    assert early == during == []
    assert words(read) == [*BLOCKS, BLOCKS[0]]


def test_restart_begins_with_the_first_word(simulator, tmp_path):
    steps = [TESTED, ["load", WEIGHTS], LOADED, IDLE, blocks(0), ["ask", 300], ["restart", 16]]
    *_, read, part, _, _, again = run(simulator, tmp_path, [*steps, IDLE, blocks(0, 0)])
    assert words(read) == BLOCKS[:1]
    assert part and part == BLOCKS[1][: len(part)]
    assert words(again) == BLOCKS[:2]


def test_weights_of_another_network_and_then_the_right_ones(simulator, tmp_path):
    other = bytes(len(QUICK.weights)).hex()
    steps = [
        TESTED,
        ["load", other],
        LOADED,
        ["ask", 100],
        ["load", WEIGHTS],
        LOADED,
        IDLE,
        blocks(0),
    ]
    _, _, wrong, nothing, _, right, _, read = run(simulator, tmp_path, steps)
    assert (wrong, right) == (MemoryState.WRONG, MemoryState.READY)
    assert nothing == [] and words(read) == BLOCKS[:1]


def test_a_load_after_an_incomplete_one(simulator, tmp_path):
    part = WEIGHTS[: 2 * 333]
    steps = [
        TESTED,
        ["load", part],
        ["load", WEIGHTS],
        ["send", "00" * 40],
        LOADED,
        IDLE,
        blocks(0),
    ]
    *_, loaded, _, read = run(simulator, tmp_path, steps)
    assert loaded == MemoryState.READY and words(read) == BLOCKS[:1]


def test_a_load_during_a_block_discards_the_weights(simulator, tmp_path):
    steps = [TESTED, ["load", WEIGHTS], LOADED, IDLE, ["ask", 100], ["load", WEIGHTS], LOADED, IDLE]
    *_, loaded, _, read = run(simulator, tmp_path, [*steps, blocks(0)])
    assert loaded == MemoryState.READY and words(read) == BLOCKS[:1]


def test_a_load_before_the_end_of_the_test_is_ignored(simulator, tmp_path):
    _, early, tested = run(simulator, tmp_path, [["load", WEIGHTS[:64]], STATE, TESTED])
    assert (early, tested) == (MemoryState.TESTING, MemoryState.EMPTY)


def test_power_cut_during_a_load(simulator, tmp_path):
    steps = [TESTED, ["load", WEIGHTS[:400]], IDLE, ["reset"], TESTED, ["load", WEIGHTS], LOADED]
    *_, tested, _, loaded = run(simulator, tmp_path, steps)
    assert (tested, loaded) == (MemoryState.EMPTY, MemoryState.READY)


@pytest.mark.parametrize(
    "fault",
    [
        {"sdram_absent": 1},
        *({"sdram_stuck_dq": bit} for bit in (0, 15)),
        *({"sdram_stuck_address": bit} for bit in (3, 8, 9, 12)),
    ],
    ids=str,
)
def test_faulty_memory_is_found_at_power_up_and_takes_no_weights(simulator, tmp_path, fault):
    steps = [TESTED, ["load", WEIGHTS[:64]], STATE]
    tested, _, after = run(simulator, tmp_path, steps, **fault)
    assert tested == after == MemoryState.FAULT


WRONG_WORD = {"sdram_wrong_word": 8}
"""Column 8 of bank 0: the first word of burst 4, which the probe reads twice."""


def test_word_that_is_wrong_when_read_back(simulator, tmp_path):
    plus = WRONG_WORD | {"sdram_wrong_read": 2}
    tested, _, loaded = run(simulator, tmp_path, [TESTED, ["load", WEIGHTS], LOADED], **plus)
    assert (tested, loaded) == (MemoryState.EMPTY, MemoryState.WRONG)


def test_word_that_is_wrong_in_a_frame(simulator, tmp_path):
    """The last word of the pass reveals it; no block follows."""
    plus = WRONG_WORD | {"sdram_wrong_read": 4}
    steps = [TESTED, ["load", WEIGHTS], LOADED, IDLE, blocks(0, 0, 0), IDLE, STATE]
    steps += [blocks(0, 0), STATE, blocks(0), ["wait", 3], STATE, ["ask", 3000], ["load", WEIGHTS]]
    *_, first, _, good, second, still, third, _, bad, nothing, _ = run(
        simulator, tmp_path, steps, **plus
    )
    assert words(first) == BLOCKS and good == MemoryState.READY
    assert words(second)[0] != BLOCKS[0] and words(third) == BLOCKS[2:]
    assert still == MemoryState.READY and bad == MemoryState.CORRUPT
    assert nothing == []
