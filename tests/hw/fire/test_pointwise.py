from amaranth.sim import Simulator
from fireline.hw.fire.pointwise import PointwiseRuns
from fireline.hw.tables import Tables
from support.networks.small import TINY, compiled


def test_every_pass_is_a_run_and_after_the_last_the_walk_restarts():
    tables = Tables(compiled(TINY, bits=8).program)
    dut = PointwiseRuns(tables)
    layer = {"words": 3, "last_pointwise_group": 1, "pointwise_two_passes": 1}
    wanted = [
        # (weight address, low and shift, last, done)
        (8, 0, 0, 0),
        (11, 1, 1, 0),
        (14, 0, 0, 0),
        (17, 1, 1, 1),
    ]

    async def testbench(ctx):
        ctx.set(dut.operation, {"row": {"centre": 4}, "layer": layer})
        ctx.set(dut.column, 2)
        ctx.set(dut.rom, 8)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        for number in range(3 * len(wanted)):
            run = ctx.get(dut.run)
            weights, low, last, done = wanted[number % len(wanted)]
            assert (run.row, run.offset, run.length) == (4, 2, 3)
            assert (run.rom + run.rom_offset, run.low, run.shift, run.last) == (
                weights,
                low,
                low,
                last,
            )
            assert run.first == (not low)
            assert ctx.get(dut.done) == done
            ctx.set(dut.step, 0)
            await ctx.tick().repeat(1 + number % 3)  # the run stays until the step
            ctx.set(dut.step, 1)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
