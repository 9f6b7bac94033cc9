"""The UART: bytes both ways, clocks that differ, glitches and broken stop bits."""

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator
from fireline.hw.link.uart import UARTReceiver, UARTTransmitter
from hypothesis import given, settings
from hypothesis import strategies as st


def bits_of(byte: int, stop: int = 1) -> list[int]:
    return [0, *((byte >> n) & 1 for n in range(8)), stop]


def receive(levels: list[int], divisor: int) -> tuple[list[int], int]:
    """Drives the pin with one level a cycle; returns the bytes and the number of errors."""
    dut = UARTReceiver(divisor)
    received, errors = [], 0

    async def testbench(ctx):
        nonlocal errors
        ctx.set(dut.o.ready, 1)
        for level in [1] * 5 + levels + [1] * 12 * divisor:
            ctx.set(dut.rx, level)
            await ctx.tick()
            errors += ctx.get(dut.error)
            if ctx.get(dut.o.valid):
                received.append(ctx.get(dut.o.payload))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return received, errors


def levels_of(bits: list[int], cycles_per_bit: float) -> list[int]:
    return [bits[int(cycle / cycles_per_bit)] for cycle in range(int(len(bits) * cycles_per_bit))]


@settings(max_examples=20, deadline=None)
@given(message=st.binary(min_size=1, max_size=12), divisor=st.integers(4, 30))
def test_transmitter_to_receiver(message, divisor):
    m = Module()
    m.submodules.transmitter = transmitter = UARTTransmitter(divisor)
    m.submodules.receiver = receiver = UARTReceiver(divisor)
    m.d.comb += [receiver.rx.eq(transmitter.tx), receiver.o.ready.eq(1)]
    received = []

    async def send(ctx):
        for byte in message:
            ctx.set(transmitter.i.payload, byte)
            ctx.set(transmitter.i.valid, 1)
            await ctx.tick().until(transmitter.i.ready)
        ctx.set(transmitter.i.valid, 0)

    async def take(ctx):
        for _ in message:
            (byte,) = await ctx.tick().sample(receiver.o.payload).until(receiver.o.valid)
            received.append(byte)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(send)
    simulator.add_testbench(take)
    simulator.run_until(1e-6 * 12 * divisor * (len(message) + 2))
    assert bytes(received) == message


@pytest.mark.parametrize("drift", [-0.035, -0.02, 0.02, 0.035])
def test_clocks_may_differ(drift):
    bits = [bit for byte in (0x00, 0x55, 0xFF, 0xA3) for bit in bits_of(byte)]
    received, errors = receive(levels_of(bits, 25 * (1 + drift)), 25)
    assert (received, errors) == ([0x00, 0x55, 0xFF, 0xA3], 0)


def test_transmitter_keeps_each_bit_for_the_divisor():
    dut = UARTTransmitter(7)
    levels = []

    async def testbench(ctx):
        ctx.set(dut.i.payload, 0x4D)
        ctx.set(dut.i.valid, 1)
        await ctx.tick().until(dut.i.ready)
        ctx.set(dut.i.valid, 0)
        for _ in range(80):
            levels.append(ctx.get(dut.tx))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert levels == levels_of(bits_of(0x4D), 7) + [1] * 10


def test_broken_stop_bit_drops_the_byte_and_the_next_is_read():
    bits = [*bits_of(0x12), *bits_of(0x34, stop=0), 1, 1, *bits_of(0x56)]
    assert receive(levels_of(bits, 10), 10) == ([0x12, 0x56], 1)


def test_line_held_low_is_one_error():
    bits = [0] * 100 + [1] * 3 + bits_of(0x77)
    assert receive(levels_of(bits, 8), 8) == ([0x77], 1)


def test_glitch_of_one_cycle_is_ignored_wherever_it_is():
    byte, levels, places = 0x5A, [1] * 16, 160
    for spike in range(places):
        glitched = levels_of(bits_of(byte), 16)
        glitched[spike] ^= 1
        levels += [*glitched, *[1] * 16]
    assert receive(levels, 16)[0] == [byte] * places


def test_a_low_of_less_than_half_a_bit_is_no_byte():
    levels = [0] * 6 + [1] * 200 + levels_of(bits_of(0x77), 16)
    assert receive(levels, 16) == ([0x77], 0)


def test_an_untaken_byte_stays_and_the_next_is_an_error():
    dut = UARTReceiver(5)
    errors = []

    async def testbench(ctx):
        for level in [1] * 5 + levels_of(bits_of(1) + bits_of(2), 5) + [1] * 20:
            ctx.set(dut.rx, level)
            await ctx.tick()
            errors.append(ctx.get(dut.error))
        assert ctx.get(dut.o.valid) and ctx.get(dut.o.payload) == 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert sum(errors) == 1
