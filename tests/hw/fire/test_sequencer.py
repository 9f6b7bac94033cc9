from amaranth.sim import Simulator
from fireline.hw.fire.sequencer import FETCH_CYCLES, Sequencer
from fireline.hw.tables import Tables
from support.networks.small import TINY, compiled


def test_sends_the_row_operations_of_frame_after_frame():
    tables = Tables(compiled(TINY).program)
    dut = Sequencer(tables)
    taken = []

    async def testbench(ctx):
        ctx.set(dut.o.ready, 1)
        cycle = 0
        while len(taken) < 2 * len(tables.rows) + 1:
            *_, valid, payload = await ctx.tick().sample(dut.o.valid, dut.o.payload)
            if valid:
                taken.append((cycle, payload))
            cycle += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()

    cycles = [cycle for cycle, _ in taken]
    assert cycles == [FETCH_CYCLES * n + FETCH_CYCLES - 1 for n in range(len(taken))]
    for number, (_, payload) in enumerate(taken):
        row = tables.rows[number % len(tables.rows)]
        assert {name: payload.row[name] for name in row} == row
        layer = tables.layers[row["layer"]]
        assert {name: payload.layer[name] for name in layer} == layer
