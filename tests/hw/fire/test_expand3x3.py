import pytest
from amaranth.sim import Simulator
from fireline.host.network.architecture import Conv1
from fireline.hw.fire.expand3x3 import Expand3x3Runs
from fireline.hw.tables import Tables
from support.networks.small import compiled, fire, network

TALL = network(Conv1(6, 1, 1, 0), fire(4, 4, 5), height=9, width=3)
CENTRE, WORDS, WRAP = 6, 3, 6


@pytest.mark.parametrize(("above_wraps", "below_wraps"), [(0, 0), (1, 0), (0, 1)])
@pytest.mark.parametrize(
    ("top", "bottom", "kernel_rows"),
    [(0, 0, [0, 1, 2]), (1, 0, [1, 2]), (0, 1, [0, 1]), (1, 1, [1])],
)
@pytest.mark.parametrize(
    ("first_column", "last_column", "columns"),
    [(0, 0, [0, 1, 2]), (1, 0, [1, 2]), (0, 1, [0, 1]), (1, 1, [1])],
)
def test_only_taps_inside_the_map(
    top, bottom, kernel_rows, first_column, last_column, columns, above_wraps, below_wraps
):
    """Two output groups of an eight-bit layer, one word a tap."""
    dut = Expand3x3Runs(Tables(compiled(TALL, bits=8).program))
    row = {"centre": CENTRE, "above_wraps": above_wraps, "below_wraps": below_wraps}
    row |= {"top": top, "bottom": bottom}
    above = CENTRE + WRAP if above_wraps else CENTRE - WORDS
    below = CENTRE - WRAP if below_wraps else CENTRE + WORDS
    layer = {
        "words": 1,
        "words3": 3,
        "last_expand3x3_group": 1,
        "expand3x3_two_passes": 1,
        "expand3x3_rom": 1,
    }
    layer |= {"row_words": WORDS, "row_wrap": WRAP}
    wanted = [
        (
            (above, CENTRE, below)[kernel_row] + 1,
            1 + 18 * group + 9 * low + 3 * kernel_row + columns[0],
            len(columns),
            kernel_row == kernel_rows[0] and not low,
            kernel_row == kernel_rows[-1] and low,
            low,
            kernel_row == kernel_rows[0] and low,
            (group, low, kernel_row) == (1, 1, kernel_rows[-1]),
        )
        for group in range(2)
        for low in range(2)
        for kernel_row in kernel_rows
    ]

    async def testbench(ctx):
        ctx.set(dut.operation, {"row": row, "layer": layer})
        ctx.set(dut.left_column, 1)
        ctx.set(dut.first_column, first_column)
        ctx.set(dut.last_column, last_column)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        ctx.set(dut.step, 1)
        for want in wanted * 2:
            run = ctx.get(dut.run)
            got = (
                *(run.row + run.offset, run.rom + run.rom_offset, run.length),
                *(run.first, run.last, run.low, run.shift, ctx.get(dut.done)),
            )
            assert got == tuple(map(int, want))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
