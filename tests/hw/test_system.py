"""Serial line, link and core together, in Amaranth's simulator."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator
from fireline.errors import FirelineError
from fireline.host.link.packets import Packet, PacketFinder
from fireline.hw.link.protocol import Identity, Kind
from fireline.hw.link.uart import UARTReceiver, UARTTransmitter
from fireline.hw.sdram.contents import SdramContents
from fireline.hw.system import SerialSystem, streamed_weights
from support.boards.stub_core import StubCore, stub_scores

IDENTITY = Identity(network=3, width=5, height=3, channels=3, classes=4)
DIVISOR = 4


def test_a_frame_through_the_pins():
    m = Module()
    m.submodules.system = system = SerialSystem(StubCore(IDENTITY), IDENTITY, DIVISOR)
    m.submodules.transmitter = transmitter = UARTTransmitter(DIVISOR)
    m.submodules.receiver = receiver = UARTReceiver(DIVISOR)
    m.d.comb += [system.rx.eq(transmitter.tx), receiver.rx.eq(system.tx), receiver.o.ready.eq(1)]
    frame = np.random.default_rng(0).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    finder, lights = PacketFinder(), []

    async def ask(ctx, packet):
        for byte in packet.encode():
            ctx.set(transmitter.i.payload, byte)
            ctx.set(transmitter.i.valid, 1)
            await ctx.tick().until(transmitter.i.ready)
            ctx.set(transmitter.i.valid, 0)
        while True:
            (byte,) = await ctx.tick().sample(receiver.o.payload).until(receiver.o.valid)
            for answer in finder.feed(bytes([byte])):
                light = ctx.get(system.lights)
                lights.append((light.broken, light.done))
                return answer

    async def script(ctx):
        assert (await ask(ctx, Packet(Kind.HELLO, 1))).data == IDENTITY.to_bytes()
        assert await ask(ctx, Packet(Kind.CHUNK, 0, b"lost")) == Packet(Kind.TAKEN, 1)
        assert await ask(ctx, Packet(Kind.TAKEN, 1)) == Packet(Kind.BROKEN, 1)
        assert await ask(ctx, Packet(Kind.START, 2)) == Packet(Kind.STARTED, 2)
        assert await ask(ctx, Packet(Kind.CHUNK, 0, frame.tobytes())) == Packet(Kind.TAKEN, 1)
        data = (await ask(ctx, Packet(Kind.RESULT, 3, b"\0"))).data[: 4 * IDENTITY.classes]
        assert np.frombuffer(data, "<u4").tolist() == stub_scores(IDENTITY, frame)
        assert lights == [(0, 0), (0, 0), (1, 0), (0, 0), (0, 1), (0, 1)]

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(script)
    simulator.run()


@pytest.mark.parametrize("clock_mhz", [150, 5])
def test_clock_that_does_not_suit_the_sdram_is_refused_in_one_line(clock_mhz):
    with pytest.raises(FirelineError, match=f"SDRAM does not run at {clock_mhz} MHz") as error:
        streamed_weights(SdramContents(1, 8, 0), clock_mhz)
    assert "\n" not in str(error.value)
