"""The output groups of whole rows, in order, taken at several paces."""

import pytest
from amaranth.sim import Simulator
from fireline.host.compiler.buffers import StreamedHead
from fireline.host.network.architecture import Conv1
from fireline.hw.output.output_groups import OutputGroups
from fireline.hw.tables import Tables
from support.networks.small import TINY, compiled, fire, give_contexts, network

SIMPLE = network(Conv1(9, 1, 1, 0), fire(5, 4, 5, "simple"), height=2, width=3)
COLUMN = network(Conv1(9, 1, 1, 0), fire(5, 4, 5), height=3, width=1)
CLASSES = network(Conv1(9, 1, 1, 0), height=3, width=2, classes=13)


def expected(program):
    """Yields the expected fields of every output group of a frame."""
    full = program.array.co // program.requantizer_lanes
    for row in program.rows:
        layer = program.layers[row.layer]
        for column in range(layer.columns):
            for expand3x3, count, last_beats, shift in (
                (False, layer.pointwise_groups, layer.pointwise_beats, layer.pointwise_shift),
                (True, layer.expand3x3_groups, layer.expand3x3_beats, layer.expand3x3_shift),
            ):
                for group in range(count):
                    segment_end = group == count - 1
                    pixel_end = segment_end and expand3x3 == (layer.expand3x3_groups > 0)
                    yield {
                        "last_beat": (last_beats if segment_end else full) - 1,
                        "segment_end": segment_end,
                        "pixel_end": pixel_end,
                        "row_end": pixel_end and column == layer.columns - 1,
                        "opening": row.first and column == 0,
                        "closing": row.last and column == layer.columns - 1,
                        "shift": program.shifts.index(shift),
                        "parameters": layer.parameters + (row.write if layer.scores else 0),
                        "skip_address": row.skip,
                        "scores": layer.scores,
                        "skip": layer.skip,
                    }


@pytest.mark.parametrize(
    ("architecture", "array", "lanes", "head"),
    [
        (TINY, "4x8", 2, None),
        (TINY, "8x4", 4, None),
        (SIMPLE, "8x8", 4, None),
        (COLUMN, "8x8", 4, None),
        (CLASSES, "4x4", 2, StreamedHead(2)),
    ],
)
@pytest.mark.parametrize("pace", [1, 2, 5])
def test_groups_are_those_of_the_rows(architecture, array, lanes, head, pace):
    program = compiled(architecture, array, lanes=lanes, head=head).program
    tables = Tables(program)
    dut = OutputGroups(program, tables)
    wanted, cycles = list(expected(program)), []

    async def contexts(ctx):
        await give_contexts(ctx, dut.i, tables)

    async def take(ctx):
        cycle, seen = 0, 0
        while seen < len(wanted):
            ctx.set(dut.o.ready, cycle % pace == 0)
            *_, valid, ready, group = await ctx.tick().sample(
                dut.o.valid, dut.o.ready, dut.o.payload
            )
            cycle += 1
            if valid and ready:
                assert {name: group[name] for name in wanted[seen]} == wanted[seen], seen
                seen += 1
                cycles.append(cycle)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(contexts, background=True)
    simulator.add_testbench(take)
    simulator.run()
    assert cycles == [cycles[0] + pace * n for n in range(len(wanted))]
