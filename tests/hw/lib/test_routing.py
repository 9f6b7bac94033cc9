import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator
from fireline.host.bitstream.synthesis import KEEP_REGISTERS
from fireline.hw.lib import routing
from support.yosys import cells, synthesized


@pytest.mark.parametrize("places", [1, 2, 4, 5, 16])
def test_every_place_gets_the_value_in_the_same_cycle(places):
    m, value = Module(), Signal(8)
    copies = routing.tree(m, value, places)
    sent = [7, 200, 0, 31, 31, 5]

    async def testbench(ctx):
        for cycle in range(len(sent) + routing.TREE_CYCLES):
            ctx.set(value, sent[min(cycle, len(sent) - 1)])
            if cycle >= routing.TREE_CYCLES:
                seen = [ctx.get(copy) for copy in copies]
                assert seen == [sent[cycle - routing.TREE_CYCLES]] * places
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("bits", [8, 70])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_choose_uses_the_number_of_the_cycle_before(bits, count):
    m, number = Module(), Signal(2)
    words = [Signal(bits) for _ in range(count)]
    chosen = Signal(bits)
    m.d.comb += chosen.eq(routing.choose(m, words, number))

    async def testbench(ctx):
        for cycle in range(12):
            ctx.set(number, cycle % count)
            await ctx.tick()
            values = [
                (cycle * 31 + n * 7 + 1) * 0x0123456789ABCDEF % (1 << bits) for n in range(count)
            ]
            for word, value in zip(words, values, strict=True):
                ctx.set(word, value)
            assert ctx.get(chosen) == values[cycle % count]

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_synthesis_keeps_every_register(tmp_path):
    m, value = Module(), Signal(8)
    out = [Signal(8) for _ in range(16)]
    m.d.comb += [here.eq(copy) for here, copy in zip(out, routing.tree(m, value, 16), strict=True)]
    netlist = synthesized(m, tmp_path, [value, *out], prepare=KEEP_REGISTERS)
    assert cells(netlist)["TRELLIS_FF"] == 160
