"""The runs of whole rows: pixels, output groups, passes and taps inside the map."""

import pytest
from amaranth.hdl import Elaboratable, Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator
from fireline.host.compiler.buffers import StreamedHead
from fireline.host.network.architecture import Conv1
from fireline.hw.fire.sequencer import Sequencer
from fireline.hw.fire.walker import RowWalker
from fireline.hw.tables import Tables
from support.networks.small import TINY, compiled, fire, network

PROGRAMS = {
    "four bits": (TINY, 4, None),
    "eight bits": (TINY, 8, None),
    "one row": (network(Conv1(6, 1, 1, 0), fire(9, 4, 5), height=1, width=4), 8, None),
    "one column": (network(Conv1(6, 1, 1, 0), fire(4, 9, 5), height=4, width=1), 4, None),
    "streamed": (
        network(Conv1(6, 1, 1, 0), fire(4, 9, 5), height=5, width=3, classes=11),
        8,
        StreamedHead(2, slots=2),
    ),
}


def expected_runs(program):
    """The runs of a frame as tuples.

    Each is (activation address, weight address, length, first, last, low, shift, opening, gate,
    streamed, release).
    """
    slot, head = 0, program.head
    for row in program.rows:
        layer = program.layers[row.layer]
        words, opening = layer.words, True
        for column in range(layer.columns):
            weight = layer.pointwise_rom
            if layer.streamed:
                weight = head.base + slot % head.slots * head.words
            for group in range(layer.pointwise_groups):
                for low in range(layer.pointwise_passes):
                    start = 0 if layer.window else row.centre + column * words
                    last = low == layer.pointwise_passes - 1
                    gate = opening and layer.scores and row.first and row.write == 0
                    done = last and group == layer.pointwise_groups - 1
                    release = layer.window and done
                    if layer.streamed:
                        release = last and column == layer.columns - 1
                    flags = low, low, opening, gate, layer.streamed, release
                    yield start, weight, words, not low, last, *flags
                    weight += words
                    opening = False
            kernel_rows = [1] if row.top and row.bottom else [0, 1, 2]
            kernel_rows = kernel_rows[row.top and not row.bottom :]
            if row.bottom and not row.top:
                kernel_rows = kernel_rows[:-1]
            left = max(column - 1, 0)
            right = min(column + 1, layer.columns - 1)
            for group in range(layer.expand3x3_groups):
                for low in range(layer.expand3x3_passes):
                    block = layer.expand3x3_rom + (group * layer.expand3x3_passes + low) * 9 * words
                    for kernel_row in kernel_rows:
                        address = (row.above, row.centre, row.below)[kernel_row]
                        first = kernel_row == kernel_rows[0]
                        last = kernel_row == kernel_rows[-1] and low == layer.expand3x3_passes - 1
                        yield (
                            address + left * words,
                            block + (3 * kernel_row + left - column + 1) * words,
                            (right - left + 1) * words,
                            first and not low,
                            last,
                            low,
                            first and low,
                            *(False, False, False, False),
                        )
        slot += layer.streamed


@pytest.mark.parametrize(("architecture", "bits", "head"), PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("pace", [1, 3])
def test_runs_are_those_of_the_row(architecture, bits, head, pace):
    program = compiled(architecture, bits=bits, head=head).program
    tables = Tables(program)
    wanted = [tuple(map(int, run)) for run in expected_runs(program)]
    sequencer, dut = Sequencer(tables), RowWalker(tables)
    seen = []

    async def testbench(ctx):
        cycle = 0
        while len(seen) < len(wanted):
            ctx.set(dut.o.ready, cycle % pace == 0)
            *_, valid, ready, run = await ctx.tick().sample(dut.o.valid, dut.o.ready, dut.o.payload)
            cycle += 1
            if valid and ready:
                seen.append(
                    (
                        run.row + run.offset,
                        run.rom + run.rom_offset,
                        *(run.length, run.first, run.last, run.low, run.shift, run.opening),
                        *(run.gate, run.streamed, run.release),
                    )
                )

    both = _Pair(sequencer, dut)
    simulator = Simulator(both)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert seen == wanted


class _Pair(Elaboratable):
    """The sequencer feeds the walker."""

    def __init__(self, sequencer, walker):
        self.parts = sequencer, walker

    def elaborate(self, platform):
        m = Module()
        m.submodules.sequencer, m.submodules.walker = sequencer, walker = self.parts
        connect(m, sequencer.o, walker.i)
        return m
