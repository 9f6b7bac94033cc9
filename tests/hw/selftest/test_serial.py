"""Bytes pass at every rate, though the oscillator's frequency is no multiple of it."""

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator
from fireline.hw.selftest.serial import FASTEST, Receiver, Transmitter

CYCLES = 25
BYTES = [0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80, 0x7F, 0xFE]


def run(testbench, *others):
    module = Module()
    module.submodules += others
    simulator = Simulator(module)
    simulator.add_clock(1 / 25e6)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("rate", range(1, FASTEST + 1))
def test_a_receiver_gets_what_a_transmitter_sends(rate):
    receiver, transmitter = Receiver(CYCLES), Transmitter(CYCLES)
    found, errors = [], []

    async def testbench(ctx):
        ctx.set(receiver.rate, rate)
        ctx.set(transmitter.rate, rate)
        sent = iter(BYTES)
        ctx.set(transmitter.i.payload, next(sent))
        ctx.set(transmitter.i.valid, 1)
        for _ in range(len(BYTES) * 10 * CYCLES // rate + 2 * CYCLES):
            ctx.set(receiver.rx, ctx.get(transmitter.tx))
            ready = ctx.get(transmitter.i.ready)
            await ctx.tick()
            if ready and ctx.get(transmitter.i.valid):
                ctx.set(transmitter.i.payload, next(sent, 0))
                ctx.set(transmitter.i.valid, ctx.get(transmitter.i.payload) != 0)
            if ctx.get(receiver.o.valid):
                found.append(ctx.get(receiver.o.payload))
            errors.append(ctx.get(receiver.error))
        assert not ctx.get(transmitter.busy)

    run(testbench, receiver, transmitter)
    assert found == BYTES
    assert not any(errors)


@pytest.mark.parametrize("rate", range(1, FASTEST + 1))
@pytest.mark.parametrize("error", (-0.03, 0.03))
def test_the_other_end_may_be_three_percent_off(rate, error):
    receiver, found = Receiver(CYCLES), []

    async def testbench(ctx):
        ctx.set(receiver.rate, rate)
        bit = CYCLES / rate * (1 + error)
        for byte in BYTES:
            bits = byte << 1 | 0x600
            for cycle in range(int(11 * bit)):
                ctx.set(receiver.rx, bits >> int(cycle / bit) & 1)
                await ctx.tick()
                if ctx.get(receiver.o.valid):
                    found.append(ctx.get(receiver.o.payload))

    run(testbench, receiver)
    assert found == BYTES


def test_a_wrong_stop_bit_is_an_error_and_a_spike_is_not():
    receiver, seen = Receiver(CYCLES), []

    async def testbench(ctx):
        for level, cycles in ((0, 3), (1, 300), (0, 10 * CYCLES), (1, 300)):
            ctx.set(receiver.rx, level)
            for _ in range(cycles):
                await ctx.tick()
                seen.append((ctx.get(receiver.o.valid), ctx.get(receiver.error)))

    run(testbench, receiver)
    assert sum(error for _, error in seen) == 1
    assert not any(valid for valid, _ in seen)
