import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator
from fireline.hw.lib.countdown import Countdown


def counter(end, init=0):
    """A module with a countdown of four bits, its inputs and the countdown."""
    m, count, load, step = Module(), Signal(4), Signal(), Signal()
    items = Countdown(4, end=end, init=init)
    with m.If(step):
        m.d.sync += items.step()
    with m.If(load):
        m.d.sync += items.load(count)
    return m, (count, load, step), items


def simulate(m, testbench):
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("end", [0, 1])
@pytest.mark.parametrize("items", [1, 2, 3, 15])
@pytest.mark.parametrize("pause", [0, 2])
def test_last_marks_the_last_item(end, items, pause):
    """Two rounds, the second one loaded in the cycle of the first one's last item."""
    m, (count, load, step), dut = counter(end)

    async def testbench(ctx):
        ctx.set(count, items - 1 + end)
        ctx.set(load, 1)
        await ctx.tick()
        for item in [*range(items)] * 2:
            ctx.set(load, 0)
            ctx.set(step, 0)
            for _ in range(pause):
                await ctx.tick()
            assert ctx.get(dut.left) == items - 1 - item + end
            assert ctx.get(dut.last) == (item == items - 1)
            assert ctx.get(dut.next_is_last) == (item == items - 2)
            ctx.set(step, 1)
            ctx.set(load, item == items - 1)
            await ctx.tick()

    simulate(m, testbench)


@pytest.mark.parametrize("end", [0, 1])
@pytest.mark.parametrize("init", [0, 1, 5])
def test_the_initial_count(end, init):
    m, _, dut = counter(end, init)

    async def testbench(ctx):
        assert ctx.get(dut.left) == init
        assert ctx.get(dut.last) == (init == end)

    simulate(m, testbench)


def test_the_registers_bear_the_name_of_the_variable():
    rows = Countdown(range(5), reset_less=True)
    assert (rows.left.name, rows.last.name) == ("rows_left", "rows_last")
    assert rows.left.reset_less and rows.last.reset_less
    assert Countdown(3, name="beats").left.name == "beats_left"
