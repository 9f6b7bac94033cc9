"""The buffer against a list."""

from amaranth.sim import Simulator
from fireline.host.bitstream.netlist import absorb_output_registers
from fireline.host.bitstream.synthesis import FREE_COLLISIONS
from fireline.hw.link.chunk_buffer import ChunkBuffer
from hypothesis import given, settings
from hypothesis import strategies as st
from support.yosys import cells, synthesized

DEPTH = 16
STEP = st.tuples(st.binary(max_size=6), st.sampled_from(["keep", "drop"]), st.booleans())


@settings(max_examples=30, deadline=None)
@given(st.lists(STEP, max_size=20))
def test_only_kept_bytes_come_out_in_order(steps):
    dut = ChunkBuffer(DEPTH)
    expected, taken = [], []

    async def testbench(ctx):
        for chunk, verdict, drain in steps:
            stored = []
            for byte in chunk:
                ctx.set(dut.i.payload, byte)
                ctx.set(dut.i.valid, 1)
                if ctx.get(dut.i.ready):
                    stored.append(byte)
                await ctx.tick()
            ctx.set(dut.i.valid, 0)
            ctx.set(getattr(dut, verdict), 1)
            await ctx.tick()
            ctx.set(getattr(dut, verdict), 0)
            if verdict == "keep":
                expected.extend(stored)
            kept = len(expected) - len(taken)
            assert kept <= DEPTH
            await ctx.tick().repeat(4)
            assert ctx.get(dut.roomy) == (kept <= DEPTH // 2)
            assert ctx.get(dut.o.valid) == (kept > 0)
            if drain:
                await take_all(ctx)
        await take_all(ctx)

    async def take_all(ctx):
        ctx.set(dut.o.ready, 1)
        while ctx.get(dut.o.valid):
            taken.append(ctx.get(dut.o.payload))
            await ctx.tick().repeat(dut.READ_CYCLES)
        ctx.set(dut.o.ready, 0)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert taken == expected


def test_a_full_buffer_takes_no_more():
    dut = ChunkBuffer(DEPTH)

    async def testbench(ctx):
        await ctx.tick().repeat(2)
        ctx.set(dut.i.valid, 1)
        taken = 0
        for _ in range(2 * DEPTH):
            taken += ctx.get(dut.i.ready)
            await ctx.tick()
        assert taken == DEPTH
        ctx.set(dut.i.valid, 0)
        ctx.set(dut.drop, 1)
        await ctx.tick().repeat(dut.IN_FLIGHT)
        assert ctx.get(dut.i.ready)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_roomy_and_the_room_for_slow_bytes():
    """Bytes that arrive one by one leave the last places free."""
    dut = ChunkBuffer(DEPTH)
    roomy, room = [], []

    async def put(ctx):
        ctx.set(dut.i.valid, 1)
        taken = ctx.get(dut.i.ready)
        await ctx.tick()
        ctx.set(dut.i.valid, 0)
        await ctx.tick().repeat(dut.IN_FLIGHT)
        return taken

    async def testbench(ctx):
        await ctx.tick().repeat(2)
        for _ in range(DEPTH // 2 + 3):
            await put(ctx)
            ctx.set(dut.keep, 1)
            await ctx.tick()
            ctx.set(dut.keep, 0)
            await ctx.tick().repeat(3)
            roomy.append(ctx.get(dut.roomy))
        for _ in range(DEPTH):
            room.append(await put(ctx))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert roomy == [1] * (DEPTH // 2) + [0] * 3
    assert sum(room) == DEPTH - len(roomy) - (dut.IN_FLIGHT - 1)


def test_its_block_ram_uses_the_output_register(tmp_path):
    netlist = synthesized(ChunkBuffer(2048), tmp_path, prepare=FREE_COLLISIONS)
    assert cells(netlist)["DP16KD"] == 1
    assert absorb_output_registers(netlist["modules"]["top"]) == 1
