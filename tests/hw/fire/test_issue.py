"""The issuer cycle by cycle: words of runs back to back, and everything that it waits for."""

import pytest
from amaranth.sim import Simulator
from fireline.hw.fire.issue import Issue
from fireline.hw.program import QUEUE_DEPTH
from fireline.hw.tables import Tables
from support.networks.small import TINY, compiled


def issue(runs, cycles, **inputs):
    """The words of `runs` as (cycle, activation address, weight address, flags).

    `inputs` are functions of the cycle, by port; by default there are a window and one class block,
    and the scores are free.
    """
    dut = Issue(Tables(compiled(TINY).program))
    inputs = {name: lambda _: 1 for name in ("window_valid", "scores_free", "block_valid")} | inputs
    words, queue = [], list(runs)

    async def testbench(ctx):
        for cycle in range(cycles):
            ctx.set(dut.i.valid, bool(queue))
            if queue:
                ctx.set(dut.i.payload, queue[0])
            for name, value in inputs.items():
                ctx.set(getattr(dut, name), value(cycle))
            word = ctx.get(dut.word)
            if word.valid:
                flags = {name for name in ("first", "last", "low", "shift", "window") if word[name]}
                flags |= {
                    name for name in ("window_taken", "block_taken") if ctx.get(getattr(dut, name))
                }
                words.append(
                    (cycle, ctx.get(dut.activation_address), ctx.get(dut.rom_address), flags)
                )
            if queue and ctx.get(dut.i.ready):
                queue.pop(0)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return words


def test_runs_follow_each_other_without_a_gap():
    runs = [
        {"row": 2, "offset": 1, "rom": 5, "rom_offset": 2, "length": 2, "first": 1},
        {"row": 0, "offset": 4, "rom": 9, "length": 1, "last": 1},
        {"row": 1, "rom": 3, "length": 2, "first": 1, "last": 1, "low": 1, "shift": 1},
    ]
    assert issue(runs, 10) == [
        (1, 3, 7, {"first"}),
        (2, 4, 8, set()),
        (3, 4, 9, {"last"}),
        (4, 1, 3, {"first", "low", "shift"}),
        (5, 2, 4, {"last", "low"}),
    ]


def test_an_operation_waits_for_its_idle_cycles():
    runs = [
        {"length": 1, "first": 1, "last": 1, "opening": 1},
        {"length": 2, "first": 1, "last": 1, "opening": 1, "wait": 0},
        {"length": 1, "first": 1, "last": 1, "opening": 1, "wait": 1},
    ]
    dut = Tables(compiled(TINY).program)
    if dut.row["wait"].width > 1:
        runs[2]["wait"] = 3
    gap = runs[2]["wait"]
    assert [cycle for cycle, *_ in issue(runs, 14)] == [1, 2, 3, 4 + gap]


def test_a_run_waits_for_its_window_and_releases_it():
    runs = [{"length": 2, "first": 1, "last": 1, "window": 1, "release": 1}]
    words = issue(runs, 10, window_valid=lambda cycle: cycle >= 4)
    assert [(cycle, flags) for cycle, _, _, flags in words] == [
        (4, {"first", "window"}),
        (5, {"last", "window", "window_taken"}),
    ]


def test_the_first_classifier_row_waits_for_the_last_frames_scores():
    runs = [{"length": 1, "first": 1, "last": 1, "opening": 1, "gate": 1}]
    assert [word[0] for word in issue(runs, 12, scores_free=lambda cycle: cycle >= 7)] == [8]


def test_a_streamed_operation_waits_for_its_class_block_and_releases_it_at_its_end():
    runs = [
        {"length": 1, "first": 1, "last": 1, "opening": 1, "streamed": 1},
        {"length": 2, "first": 1, "last": 1, "streamed": 1, "release": 1},
        {"length": 1, "first": 1, "last": 1, "opening": 1},
    ]
    words = issue(runs, 12, block_valid=lambda cycle: cycle == 5)
    assert [(cycle, flags & {"block_taken"}) for cycle, _, _, flags in words] == [
        (6, set()),
        (7, set()),
        (8, {"block_taken"}),
        (9, set()),
    ]


@pytest.mark.parametrize("another", [False, True])
def test_a_streamed_operation_does_not_take_the_class_block_that_is_released(another):
    run = {"length": 1, "first": 1, "last": 1, "opening": 1, "streamed": 1, "release": 1}
    words = issue([run, run], 12, next_block_valid=lambda _: another)
    assert [cycle for cycle, *_ in words] == [1, 2 if another else 3]


def test_an_output_group_ends_only_when_the_queue_has_room():
    runs = [{"length": 2, "first": 1, "last": 1}] * (QUEUE_DEPTH + 2)
    full = 2 * QUEUE_DEPTH
    words = issue(runs, full + 20, credit=lambda cycle: cycle in (full + 6, full + 10))
    assert [cycle for cycle, *_ in words] == [
        *range(1, full + 1),
        full + 1,  # the next group's first word needs no credit
        full + 7,  # its last word does, and goes a cycle after the credit
        full + 8,
        full + 11,
    ]


def test_output_groups_of_one_word_take_no_more_credits_than_there_are():
    runs = [{"length": 1, "first": 1, "last": 1}] * (QUEUE_DEPTH + 2)
    words = issue(runs, QUEUE_DEPTH + 20, credit=lambda cycle: cycle == QUEUE_DEPTH + 9)
    assert [cycle for cycle, *_ in words] == [*range(1, QUEUE_DEPTH + 1), QUEUE_DEPTH + 10]
