"""Packets sent byte by byte, and the requests that the receiver makes of them."""

from dataclasses import dataclass, field

from amaranth.sim import Simulator
from fireline.hw.link.protocol import Kind
from fireline.hw.link.requests import ABORT_CYCLES, RequestReceiver


@dataclass
class Seen:
    """A packet's request, the bytes that go to the buffer, and the cycles of abort after it."""

    kind: int
    sequence: int
    argument: int
    chunk: list[int]
    kept: bool
    wanted: int
    load: bool
    loading: bool
    aborted: int


@dataclass
class Sender:
    """Sends packets; the buffer has room for `room` bytes of each chunk."""

    dut: RequestReceiver
    room: int = 1000
    seen: list[Seen] = field(default_factory=list)

    async def send(self, ctx, *data, broken=False, patience=2 * ABORT_CYCLES):
        dut, chunk = self.dut, []
        for byte in data:
            ctx.set(dut.i.payload, {"byte": byte, "end": 0, "broken": 0})
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.chunk.ready, len(chunk) < self.room)
            assert ctx.get(dut.i.ready) and not ctx.get(dut.arrived)
            if ctx.get(dut.chunk.valid) and ctx.get(dut.chunk.ready):
                chunk.append(ctx.get(dut.chunk.payload))
            await ctx.tick()
        ctx.set(dut.i.payload, {"byte": 0, "end": 1, "broken": broken})
        ctx.set(dut.i.valid, 1)
        assert not ctx.get(dut.arrived) and not ctx.get(dut.chunk.valid)
        await ctx.tick()
        ctx.set(dut.i.valid, 0)
        assert ctx.get(dut.arrived)
        assert ctx.get(dut.keep) != ctx.get(dut.drop)
        kept = bool(ctx.get(dut.keep))
        header, load = ctx.get(dut.request), bool(ctx.get(dut.load))
        await ctx.tick()
        aborted = 0
        for _ in range(patience):
            assert not any(map(ctx.get, (dut.arrived, dut.keep, dut.drop, dut.load)))
            aborted += ctx.get(dut.abort)
            await ctx.tick()
        state = ctx.get(dut.wanted), load, bool(ctx.get(dut.loading)), aborted
        self.seen.append(Seen(header.kind, header.sequence, header.argument, chunk, kept, *state))
        return self.seen[-1]


def run(script, weights=False):
    dut = RequestReceiver(weights)

    async def testbench(ctx):
        await script(ctx, Sender(dut))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_chunks_are_kept_in_their_order_and_no_others():
    async def script(ctx, sender):
        for number in range(3):
            seen = await sender.send(ctx, Kind.CHUNK, number, 7, 8, 9)
            assert (seen.kind, seen.wanted) == (Kind.CHUNK, number + 1)
            assert (seen.chunk, seen.kept) == ([7, 8, 9], True)
        for number in (2, 4, 0, 255):
            seen = await sender.send(ctx, Kind.CHUNK, number, 7)
            assert (seen.kind, seen.wanted) == (Kind.CHUNK, 3)
            assert (seen.chunk, seen.kept) == ([], False)

    run(script)


def test_a_chunk_that_is_broken_or_finds_no_room_is_dropped():
    async def script(ctx, sender):
        seen = await sender.send(ctx, Kind.CHUNK, 0, 7, broken=True)
        assert (seen.kind, seen.kept, seen.wanted) == (Kind.BROKEN, False, 0)
        sender.room = 2
        seen = await sender.send(ctx, Kind.CHUNK, 0, 7, 8, 9)
        assert (seen.kind, seen.kept, seen.wanted) == (Kind.BROKEN, False, 0)
        seen = await sender.send(ctx, Kind.CHUNK, 0, 7, 8)
        assert (seen.kind, seen.kept, seen.wanted) == (Kind.CHUNK, True, 1)

    run(script)


def test_start_aborts_and_restarts_the_numbers_of_chunks():
    async def script(ctx, sender):
        await sender.send(ctx, Kind.CHUNK, 0, 7)
        seen = await sender.send(ctx, Kind.START, 99)
        assert (seen.kind, seen.sequence, seen.wanted) == (Kind.START, 99, 0)
        assert seen.aborted == ABORT_CYCLES and not seen.load and not seen.loading
        await sender.send(ctx, Kind.START, 1, patience=0)
        assert (await sender.send(ctx, Kind.CHUNK, 0, 7)).kind == Kind.BROKEN
        assert (await sender.send(ctx, Kind.CHUNK, 0, 7)).kept

    run(script)


def test_other_requests_change_nothing():
    async def script(ctx, sender):
        await sender.send(ctx, Kind.CHUNK, 0, 7)
        for kind in (Kind.HELLO, Kind.RESULT):
            seen = await sender.send(ctx, kind, 1, 11, 12)  # chunk 1 is wanted next
            assert seen == Seen(kind, 1, 11, [], False, 1, False, False, 0)

    run(script)


def test_unknown_packets_are_broken():
    async def script(ctx, sender):
        for packet in ([], [Kind.START], [Kind.HELLO], [0, 1], [5, 1], [Kind.TAKEN, 1]):
            assert (await sender.send(ctx, *packet)).kind == Kind.BROKEN, packet
        for kind in (Kind.LOAD, Kind.MEMORY):
            seen = await sender.send(ctx, kind, 5)
            assert (seen.kind, seen.load, seen.aborted) == (Kind.BROKEN, False, 0)
        assert (await sender.send(ctx, Kind.HELLO, 1)).kind == Kind.HELLO

    run(script)


def test_load_is_for_boards_with_weights_and_start_ends_it():
    async def script(ctx, sender):
        assert (await sender.send(ctx, Kind.MEMORY, 5)).kind == Kind.MEMORY
        await sender.send(ctx, Kind.CHUNK, 0, 7)
        seen = await sender.send(ctx, Kind.LOAD, 5)
        assert seen == Seen(Kind.LOAD, 5, 7, [], False, 0, True, True, ABORT_CYCLES)
        assert (await sender.send(ctx, Kind.CHUNK, 0, 7)).loading
        seen = await sender.send(ctx, Kind.START, 5)
        assert (seen.load, seen.loading, seen.aborted) == (False, False, ABORT_CYCLES)

    run(script, weights=True)
