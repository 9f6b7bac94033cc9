"""Each request gets the bytes of its answer."""

from dataclasses import replace

import pytest
from amaranth.sim import Simulator
from fireline.hw.link.protocol import Identity, Kind, MemoryState
from fireline.hw.link.replier import Replier
from fireline.hw.link.score_store import ScoreStore

PLAIN = Identity(network=0xC0FFEE42, width=4, height=2, channels=3, classes=20)
STREAMED = replace(PLAIN, weight_bytes=4096, ci=8, co=16)
WANTED = 77
CHECK = bytes([21, 22, 23, 24])


class Driver:
    """Sends requests and takes answers; a score's byte is its place in the store."""

    def __init__(self, identity=PLAIN, memory=MemoryState.READY):
        self.dut, self.memory = Replier(identity), memory

    async def scores(self, ctx):
        """Answers like a `ScoreStore`."""
        dut, late = self.dut, [0] * ScoreStore.LATENCY
        while True:
            place = ctx.get(dut.place)
            late = [*late[1:], 100 * ctx.get(dut.part) + 4 * place.score + place.byte]
            await ctx.tick()
            ctx.set(dut.byte, late[0] & 255)

    async def request(self, ctx, kind, sequence=5, argument=0):
        dut = self.dut
        ctx.set(dut.request, {"kind": kind, "sequence": sequence, "argument": argument})
        ctx.set(dut.arrived, 1)
        await ctx.tick()
        ctx.set(dut.arrived, 0)

    async def answer(self, ctx, patience=20):
        """The bytes of the next answer; none if nothing comes for `patience` cycles."""
        dut, answer = self.dut, []
        ctx.set(dut.o.ready, 1)
        waited = 0
        while waited < patience:
            *_, valid, piece = await ctx.tick().sample(dut.o.valid, dut.o.payload)
            waited = 0 if valid else waited + 1
            if valid:
                answer.append(piece.byte)
                if piece.last:
                    break
        ctx.set(dut.o.ready, 0)
        return answer

    async def ask(self, ctx, *request):
        await self.request(ctx, *request)
        return await self.answer(ctx)

    def run(self, script):
        async def testbench(ctx):
            ctx.set(self.dut.wanted, WANTED)
            ctx.set(self.dut.check, int.from_bytes(CHECK, "little"))
            ctx.set(self.dut.roomy, 1)
            ctx.set(self.dut.memory, self.memory)
            await script(ctx)

        simulator = Simulator(self.dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(testbench)
        simulator.add_testbench(self.scores, background=True)
        simulator.run()


@pytest.mark.parametrize("identity", [PLAIN, STREAMED], ids=["plain", "streamed"])
def test_every_request_gets_its_answer(identity):
    driver = Driver(identity)

    async def script(ctx):
        hello = await driver.ask(ctx, Kind.HELLO, 9)
        assert hello == [Kind.IDENTITY, 9, *identity.to_bytes()]
        assert await driver.ask(ctx, Kind.START, 10) == [Kind.STARTED, 10]
        assert await driver.ask(ctx, Kind.CHUNK, 11) == [Kind.TAKEN, WANTED]
        assert await driver.ask(ctx, Kind.BROKEN, 12) == [Kind.BROKEN, WANTED]
        assert await driver.ask(ctx, Kind.RESULT, 13) == [Kind.SCORES, 13]
        ctx.set(driver.dut.done, 1)
        scores = await driver.ask(ctx, Kind.RESULT, 14, 1)
        assert scores == [Kind.SCORES, 14, *range(100, 164), *CHECK, 1]

    driver.run(script)


def test_a_chunk_is_answered_when_there_is_room_and_others_at_once():
    driver = Driver()

    async def script(ctx):
        ctx.set(driver.dut.roomy, 0)
        assert await driver.ask(ctx, Kind.CHUNK) == []
        ctx.set(driver.dut.roomy, 1)
        assert await driver.answer(ctx) == [Kind.TAKEN, WANTED]
        assert await driver.answer(ctx) == []
        ctx.set(driver.dut.roomy, 0)
        assert await driver.ask(ctx, Kind.START, 3) == [Kind.STARTED, 3]

    driver.run(script)


def test_the_newest_request_replaces_an_unanswered_one():
    driver = Driver()

    async def script(ctx):
        await driver.request(ctx, Kind.START, 1)
        await ctx.tick().repeat(5)  # that answer has begun
        await driver.request(ctx, Kind.RESULT, 2)
        await driver.request(ctx, Kind.START, 3)
        assert await driver.answer(ctx) == [Kind.STARTED, 1]
        assert await driver.answer(ctx) == [Kind.STARTED, 3]
        assert await driver.answer(ctx) == []

    driver.run(script)


@pytest.mark.parametrize("memory", MemoryState)
def test_without_weights_the_state_of_their_memory_is_the_answer(memory):
    driver = Driver(STREAMED, memory)

    async def script(ctx):
        ctx.set(driver.dut.done, 1)
        assert await driver.ask(ctx, Kind.MEMORY, 4) == [Kind.STATE, 4, memory]
        assert await driver.ask(ctx, Kind.LOAD, 5) == [Kind.LOADING, 5]
        assert await driver.ask(ctx, Kind.CHUNK, 6) == [Kind.TAKEN, WANTED]
        refusal = [Kind.STATE, 7, memory]
        ready = memory is MemoryState.READY
        started, scores = [Kind.STARTED, 7], [Kind.SCORES, 7, *range(64), *CHECK, 0]
        assert await driver.ask(ctx, Kind.START, 7) == (started if ready else refusal)
        assert await driver.ask(ctx, Kind.RESULT, 7) == (scores if ready else refusal)

    driver.run(script)
