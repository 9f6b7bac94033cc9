"""`Link` in Amaranth's simulator, and a model of it in a few lines."""

from dataclasses import dataclass, replace

from amaranth.sim import Simulator
from fireline.host.link.packets import Packet, PacketFinder
from fireline.hw.link.link import Link
from fireline.hw.link.protocol import Identity, Kind, MemoryState

IDENTITY = Identity(network=0xC0FFEE42, width=4, height=2, channels=3, classes=20)
STREAMED = replace(IDENTITY, weight_bytes=4096)
SCORES = [(7 << 24) + 1000 * n for n in range(IDENTITY.classes)]


@dataclass
class Model:
    """What the link should do: its answers to each line, and the pixels for the core.

    With a `memory`, the board takes weights.
    """

    memory: MemoryState | None = None
    weights: bytes = b""
    loading: bool = False
    wanted: int = 0
    pixels: bytes = b""
    open_packet: bytes = b""

    def answer(self, line: bytes) -> list[Packet]:
        finder = PacketFinder()
        *lines, self.open_packet = (self.open_packet + line).split(b"\0")
        answers = []
        for line in lines:
            for packet in finder.feed(line + b"\0"):
                answers.append(self.answer_whole(packet))
            if finder.broken:
                answers.append(Packet(Kind.BROKEN, self.wanted))
                finder = PacketFinder()
        return answers

    def answer_whole(self, packet: Packet) -> Packet:
        ready = self.memory in (None, MemoryState.READY)
        match packet.kind:
            case Kind.HELLO:
                identity = IDENTITY if self.memory is None else STREAMED
                return Packet(Kind.IDENTITY, packet.sequence, identity.to_bytes())
            case Kind.START:
                self.wanted, self.pixels, self.loading = 0, b"", False
                if ready:
                    return Packet(Kind.STARTED, packet.sequence)
                return Packet(Kind.STATE, packet.sequence, bytes([self.memory]))
            case Kind.LOAD if self.memory is not None:
                self.wanted, self.pixels, self.weights, self.loading = 0, b"", b"", True
                return Packet(Kind.LOADING, packet.sequence)
            case Kind.MEMORY if self.memory is not None:
                return Packet(Kind.STATE, packet.sequence, bytes([self.memory]))
            case Kind.RESULT if not ready:
                return Packet(Kind.STATE, packet.sequence, bytes([self.memory]))
            case Kind.CHUNK:
                if packet.sequence == self.wanted:
                    if self.loading:
                        self.weights += packet.data
                    elif ready:
                        self.pixels += packet.data
                    self.wanted = (self.wanted + 1) % 256
                return Packet(Kind.TAKEN, self.wanted)
            case Kind.RESULT:
                return Packet(Kind.SCORES, packet.sequence)
            case _:
                return Packet(Kind.BROKEN, self.wanted)


class LinkDriver:
    """Drives the link: bytes at the carrier's side, pixels and scores at the core's side.

    `send` sends its bytes without a pause, because the link never stalls its input.
    """

    def __init__(self, memory: MemoryState | None = None):
        self.memory = memory
        self.dut = Link(IDENTITY if memory is None else STREAMED)
        self.answers, self.pixels, self.weights = bytearray(), bytearray(), bytearray()
        self.core_takes = True
        self.quiet = 0

    async def host(self, ctx):
        ctx.set(self.dut.o.ready, 1)
        async for _, _, valid, payload in ctx.tick().sample(self.dut.o.valid, self.dut.o.payload):
            self.quiet = 0 if valid else self.quiet + 1
            if valid:
                self.answers.append(payload)

    async def core(self, ctx):
        dut = self.dut
        while True:
            ctx.set(dut.pixel.ready, self.core_takes)
            _, _, valid, ready, pixel, abort = await ctx.tick().sample(
                dut.pixel.valid, dut.pixel.ready, dut.pixel.payload, dut.abort
            )
            if abort:
                self.pixels.clear()
            elif valid and ready:
                self.pixels += bytes(pixel)

    async def loader(self, ctx):
        dut = self.dut
        ctx.set(dut.memory, self.memory)
        ctx.set(dut.weights.ready, 1)
        while True:
            _, _, valid, ready, byte, load = await ctx.tick().sample(
                dut.weights.valid, dut.weights.ready, dut.weights.payload, dut.load
            )
            if load:
                self.weights.clear()
            elif valid and ready:
                self.weights.append(byte)

    async def send(self, ctx, line: bytes):
        for byte in line:
            ctx.set(self.dut.i.payload, byte)
            ctx.set(self.dut.i.valid, 1)
            await ctx.tick().until(self.dut.i.ready)
        ctx.set(self.dut.i.valid, 0)

    async def exchange(self, ctx, line: bytes, quiet: int = 500) -> list[Packet]:
        """Sends a line, waits for `quiet` cycles without an answer, returns all answers."""
        await self.send(ctx, line)
        self.quiet = 0
        while self.quiet < quiet:
            await ctx.tick()
        return self.take_answers()

    def take_answers(self) -> list[Packet]:
        finder = PacketFinder()
        answers = list(finder.feed(bytes(self.answers)))
        assert (finder.broken, finder.pending) == (0, b"")
        self.answers.clear()
        return answers

    async def give_scores(self, ctx, scores):
        for place, score in enumerate(scores):
            ctx.set(self.dut.score.p.score, score)
            ctx.set(self.dut.score.p.last, place == len(scores) - 1)
            ctx.set(self.dut.score.valid, 1)
            await ctx.tick().until(self.dut.score.ready)
        ctx.set(self.dut.score.valid, 0)

    def run(self, script, *watchers):
        simulator = Simulator(self.dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(script)
        simulator.add_testbench(self.host, background=True)
        simulator.add_testbench(self.core, background=True)
        if self.memory is not None:
            simulator.add_testbench(self.loader, background=True)
        for watcher in watchers:
            simulator.add_testbench(watcher, background=True)
        simulator.run()
