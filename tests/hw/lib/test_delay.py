from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator
from fireline.hw.lib.delay import delay


def test_cycles():
    m = Module()
    value = Signal(8)
    later = [delay(m, value, cycles) for cycles in range(4)]
    assert later[1].reset_less
    assert not delay(m, value, 1, reset_less=False).reset_less
    values = [3, 1, 4, 1, 5, 9, 2, 6]
    seen = []

    async def run(ctx):
        for n in values:
            ctx.set(value, n)
            seen.append([ctx.get(signal) for signal in later])
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(run)
    simulator.run()
    assert seen == [[([0] * cycles + values)[n] for cycles in range(4)] for n in range(len(values))]
