"""The controller against the chip's model: right words, and no violation of the data sheet."""

import json
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect
from amaranth.sim import Simulator
from fireline.errors import FirelineError
from fireline.hw.lib.verilog import convert
from fireline.hw.link.protocol import MemoryState
from fireline.hw.sdram.chip import BURST_WORDS, Command, SdramCycles, SdramGeometry
from fireline.hw.sdram.controller import Action, SdramController
from fireline.sim.sdram import SOURCE, SimulatedSdram, model_source
from fireline.sim.simulator import build
from support.sdram_testbench import LOADED, QUICK, TESTED, build_simulator, run

GEOMETRY = SdramGeometry()


class FlatPorts(wiring.Component):
    """The controller's requests as flat ports for cocotb, and the chip's model."""

    valid: In(1)
    ready: Out(1)
    action: In(2)
    burst: In(GEOMETRY.burst_bits)
    hold: In(1)
    write_next: Out(1)
    write_data: In(16)
    read_valid: Out(1)
    read_data: Out(16)

    def elaborate(self, platform):
        m = Module()
        m.submodules.controller = controller = SdramController(GEOMETRY, QUICK.cycles)
        m.submodules.chip = chip = SimulatedSdram(GEOMETRY, QUICK.timing, QUICK.clock_mhz)
        connect(m, controller.pins, chip.pins)
        m.d.comb += [
            controller.request.valid.eq(self.valid),
            controller.request.p.action.eq(self.action),
            controller.request.p.burst.eq(self.burst),
            self.ready.eq(controller.request.ready),
            controller.hold.eq(self.hold),
            self.write_next.eq(controller.write_next),
            controller.write_data.eq(self.write_data),
            self.read_valid.eq(controller.read_valid),
            self.read_data.eq(controller.read_data),
        ]
        return m


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_requests(tmp_path, seed):
    draw, dut, memory = Random(seed), FlatPorts(), {}
    requests, expected = [], []
    bursts = [draw.randrange(1 << GEOMETRY.burst_bits) for _ in range(6)]
    burst = 0
    for _ in range(600):
        burst = burst + 1 if draw.random() < 0.5 else draw.choice(bursts)
        burst %= 1 << GEOMETRY.burst_bits
        action = draw.choices(list(Action), [5, 5, 1])[0]
        words = []
        if action is Action.WRITE:
            words = memory[burst] = [draw.randrange(1 << 16) for _ in range(BURST_WORDS)]
        elif action is Action.READ:
            expected += memory.get(burst, [0] * BURST_WORDS)
        requests.append([action.value, burst, words, draw.choice([0, 0, 0, 1, 7, 30, 150])])
    text = convert(dut, "testbench")
    ports = ("clk", "rst", *dut.signature.members)
    simulator = build({"testbench.v": text, SOURCE: model_source()}, "testbench", ports)
    job, result = tmp_path / "job.json", tmp_path / "result.json"
    job.write_text(json.dumps({"requests": requests, "result": str(result)}))
    simulator.run("support.testbenches.sdram_controller", {"job": job}, tmp_path)
    assert json.loads(result.read_text()) == expected


SHORT = SdramCycles(power_up=9, rcd=2, rp=2, rfc=5, mrd=2, rest=16, interval=100)


def refreshes_after(requested: int, held: int = 0) -> list[int]:
    """The cycles in which refreshes begin, of twenty intervals after one fell due.

    `requested` refreshes are requested at once; `hold` is high in the first `held` intervals.
    """
    dut, came = SdramController(GEOMETRY, SHORT), []

    async def testbench(ctx):
        # Wait for the end of power-up, then for the first refresh that falls due.
        for command in (Command.MODE, Command.REFRESH):
            while ctx.get(dut.pins.command) != command:
                await ctx.tick()
        given = 0
        ctx.set(dut.request.p.action, Action.REFRESH)
        for cycle in range(20 * SHORT.interval):
            ctx.set(dut.hold, cycle < held * SHORT.interval)
            ctx.set(dut.request.valid, given < requested)
            given += given < requested and ctx.get(dut.request.ready)
            await ctx.tick()
            if ctx.get(dut.pins.command) == Command.REFRESH:
                came.append(cycle)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return came


def intervals(cycles: list[int]) -> list[int]:
    return [cycle // SHORT.interval for cycle in cycles]


def test_one_refresh_an_interval():
    assert {late - early for early, late in pairwise(refreshes_after(0))} == {SHORT.interval}


@pytest.mark.parametrize("requested", [0, 1, 5, 8, 9, 12])
def test_a_refresh_counts_for_a_later_one_but_for_eight_at_most(requested):
    ahead = min(requested, 8)
    assert intervals(refreshes_after(requested)) == [0] * requested + list(range(ahead, 20))


def test_hold_delays_a_refresh():
    assert intervals(refreshes_after(0, held=4)) == [4, *range(4, 20)]


def test_a_refresh_counts_in_whatever_cycle_it_is_done():
    """Requests a little slower than refreshes fall due, so some fall into the same cycle."""
    interval, rounds = 24, 5
    dut, came = SdramController(GEOMETRY, replace(SHORT, interval=interval)), 0

    async def testbench(ctx):
        nonlocal came
        for command in (Command.MODE, Command.REFRESH):
            while ctx.get(dut.pins.command) != command:
                await ctx.tick()
        ctx.set(dut.request.p.action, Action.REFRESH)
        for cycle in range(rounds * (interval + 1) * interval):
            ctx.set(dut.request.valid, cycle % (interval + 1) == 0)
            await ctx.tick()
            came += ctx.get(dut.pins.command) == Command.REFRESH

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert came == rounds * (interval + 1)


READ, WRITE = Action.READ, Action.WRITE


@pytest.mark.parametrize(
    "requests, gaps",
    [
        ([(WRITE, 0), (WRITE, 1), (WRITE, 2), (WRITE, 3), (WRITE, 4)], [8, 8, 8, 8]),
        ([(READ, 7), (READ, 8), (READ, 9)], [8, 8]),
        ([(WRITE, 0), (READ, 1), (WRITE, 2)], [SHORT.rest, SHORT.rest]),
        ([(READ, 0), (READ, 2), (READ, 2)], [SHORT.rest, SHORT.rest]),
    ],
    ids=["writes", "reads", "changes", "other banks"],
)
def test_bursts_of_consecutive_numbers_follow_each_other_without_a_gap(requests, gaps):
    dut = SdramController(GEOMETRY, SHORT)
    opened = []

    async def put(ctx):
        for action, burst in requests:
            ctx.set(dut.request.payload, {"action": action, "burst": burst})
            ctx.set(dut.request.valid, 1)
            await ctx.tick().until(dut.request.ready)
        ctx.set(dut.request.valid, 0)

    async def watch(ctx):
        for cycle in range(300):
            if ctx.get(dut.pins.command) == Command.ACTIVATE:
                opened.append(cycle)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(put, background=True)
    simulator.add_testbench(watch)
    simulator.run()
    assert [late - early for early, late in pairwise(opened)] == gaps


STEPS = [TESTED, ["load", QUICK.weights.hex()], LOADED, ["blocks", [70, 0], QUICK.block_words]]

TIGHTER = {
    "t_power_up": (2_100_000, "power-up"),
    "t_rcd": (31_000, "tRCD"),
    "t_rp": (61_000, "tRP"),
    "t_ras": (161_000, "a bank that has one open|tRP|not idle"),
    "t_rc": (161_000, "tRC"),
    "t_rfc": (81_000, "tRFC"),
    "t_rrd": (81_000, "tRRD"),
    "t_wr": (41_000, "tRP|not idle"),
    "mrd_cycles": (5, "tMRD"),
    "t_refresh": (700_000, "refresh: too many"),
    "t_ck3": (10_001, "CAS latency"),
}
"""A time longer than the controller keeps (picoseconds or cycles), and the model's complaint."""


@pytest.fixture(scope="module")
def simulator():
    return build_simulator(QUICK)


def test_the_data_sheet_is_kept(simulator, tmp_path):
    assert run(simulator, tmp_path, STEPS)[2] == MemoryState.READY


@pytest.mark.parametrize("name", TIGHTER)
def test_a_chip_that_needs_more_time_is_noticed(simulator, tmp_path, name):
    value, what = TIGHTER[name]
    with pytest.raises(FirelineError, match=what):
        run(simulator, tmp_path, STEPS, **{name: value})
