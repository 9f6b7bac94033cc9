"""The beats of whole rows against the channels of the rows, in order."""

import random

import pytest
from amaranth.sim import Simulator
from fireline.host.compiler.buffers import StreamedHead
from fireline.host.network.architecture import Conv1
from fireline.hw.output.drain import Drain
from fireline.hw.tables import Tables
from support.networks.small import TINY, compiled, fire, give_contexts, network

SIMPLE = network(Conv1(9, 1, 1, 0), fire(5, 4, 5, "simple"), height=2, width=3)
CLASSES = network(Conv1(9, 1, 1, 0), height=3, width=2, classes=13)


@pytest.mark.parametrize(
    ("architecture", "array", "lanes", "head"),
    [
        (TINY, "4x8", 2, None),
        (TINY, "8x4", 4, None),
        (SIMPLE, "8x8", 4, None),
        (CLASSES, "4x4", 2, StreamedHead(2)),
    ],
)
@pytest.mark.parametrize("pace", [0, 1, 9])  # cycles between results, unless the queue is full
def test_beats_are_those_of_the_row(architecture, array, lanes, head, pace):
    program = compiled(architecture, array, lanes=lanes, head=head).program
    tables = Tables(program)
    dut = Drain(program, tables)
    groups, wanted = [], []
    co, parts = program.array.co, program.array.ci // lanes
    rng = random.Random(0)
    for row in program.rows:
        layer = program.layers[row.layer]
        word = 0
        for column in range(layer.columns):
            beat_number = part = 0
            for expand3x3, count, last_beats in (
                (False, layer.pointwise_groups, layer.pointwise_beats),
                (True, layer.expand3x3_groups, layer.expand3x3_beats),
            ):
                for group in range(count):
                    sums = [rng.randrange(-99, 99) for _ in range(co)]
                    groups.append(sums)
                    ends = group == count - 1
                    beats = last_beats if ends else co // lanes
                    for beat in range(beats):
                        segment_end = ends and beat == beats - 1
                        word_end = segment_end or part == parts - 1
                        pixel_end = segment_end and expand3x3 == (layer.expand3x3_groups > 0)
                        wanted.append(
                            {
                                "sums": sums[beat * lanes : (beat + 1) * lanes],
                                "parameters": layer.parameters
                                + layer.scores * row.write
                                + beat_number,
                                "shift": program.shifts.index(
                                    layer.expand3x3_shift if expand3x3 else layer.pointwise_shift
                                ),
                                "segment_end": segment_end,
                                "word_end": word_end,
                                "row_end": pixel_end and column == layer.columns - 1,
                                "scores": layer.scores,
                                "opening": row.first and column == 0,
                                "closing": row.last and column == layer.columns - 1,
                                "skip": layer.skip,
                                **(
                                    {"skip_address": row.skip + word, "skip_part": part}
                                    if layer.skip
                                    else {}
                                ),
                            }
                        )
                        beat_number += 1
                        part = 0 if word_end else part + 1
                        word += word_end
    seen = []

    async def contexts(ctx):
        await give_contexts(ctx, dut.context, tables)

    async def array(ctx):
        room = 16
        for sums in groups:
            for _ in range(pace if room else 10**6):
                ctx.set(dut.sums_valid, 0)
                *_, credit = await ctx.tick().sample(dut.credit)
                room += credit
                if room and pace <= 1:
                    break
            ctx.set(dut.sums, sums)
            ctx.set(dut.sums_valid, 1)
            *_, credit = await ctx.tick().sample(dut.credit)
            room += credit - 1
        ctx.set(dut.sums_valid, 0)

    async def watch(ctx):
        while len(seen) < len(wanted):
            *_, beat = await ctx.tick().sample(dut.beat)
            if beat.valid:
                want = wanted[len(seen)]
                got = {name: beat[name] for name in want if name != "sums"}
                got["sums"] = [beat.sums[lane] for lane in range(lanes)]
                seen.append(got)
                assert got == want, len(seen)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(contexts, background=True)
    simulator.add_testbench(array, background=True)
    simulator.add_testbench(watch)
    simulator.run()
