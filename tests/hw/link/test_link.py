"""The board's side of the link against a model, on intact and damaged lines."""

import zlib

from fireline.host.link.packets import Packet
from fireline.hw.link.link import BUFFER_BYTES
from fireline.hw.link.protocol import (
    CHUNK_BYTES,
    MOST_CHUNKS_AHEAD,
    SCORES_PER_PART,
    Kind,
    MemoryState,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from support.link_testbench import IDENTITY, SCORES, LinkDriver, Model


def damage(line: bytes, kind: str, place: int, byte: int) -> bytes:
    """A line with one fault of this kind."""
    place %= len(line)
    match kind:
        case "flip":
            return line[:place] + bytes([line[place] ^ (byte or 1)]) + line[place + 1 :]
        case "drop":
            return line[:place] + line[place + 1 :]
        case "insert":
            return line[:place] + bytes([byte]) + line[place:]
        case "cut":
            return line[:place]
        case _:
            return line


CHUNK = st.builds(lambda n, data: ("chunk", n, data), st.integers(-1, 2), st.binary(max_size=20))
OTHER = st.builds(
    lambda kind, n: ("packet", Packet(kind, n)),
    st.sampled_from([Kind.HELLO, Kind.START, Kind.RESULT, Kind.TAKEN, Kind.LOAD, Kind.MEMORY]),
    st.integers(0, 255),
)
NOISE = st.builds(lambda noise: ("noise", noise), st.binary(max_size=20))
DAMAGE = st.tuples(
    st.sampled_from(["none", "none", "none", "flip", "drop", "insert", "cut"]),
    st.integers(0, 300),
    st.integers(0, 255),
)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(CHUNK | CHUNK | OTHER | NOISE, DAMAGE), min_size=1, max_size=12),
    st.none() | st.just(MemoryState.READY) | st.sampled_from(MemoryState),
)
def test_any_line(steps, memory):
    driver, model = LinkDriver(memory), Model(memory)

    async def script(ctx):
        for step, fault in steps:
            match step:
                case ("chunk", offset, pixels):
                    line = Packet(Kind.CHUNK, (model.wanted + offset) % 256, pixels).encode()
                case ("packet", packet):
                    line = packet.encode()
                case ("noise", line):
                    pass
            if line:
                line = damage(line, *fault)
            answers = await driver.exchange(ctx, line)
            expected = model.answer(line)
            # Only the newest packet is sure to be answered.
            assert answers[-1:] == expected[-1:]
            assert len(answers) <= len(expected)
            whole_pixels = len(model.pixels) // IDENTITY.channels * IDENTITY.channels
            assert driver.pixels == model.pixels[:whole_pixels]
            assert driver.weights == model.weights

    driver.run(script)


def test_numbers_wrap_and_duplicates_are_not_delivered_twice():
    driver = LinkDriver()

    async def script(ctx):
        for number in range(260):
            line = Packet(Kind.CHUNK, number % 256, bytes([number % 251] * 3)).encode()
            expected = [Packet(Kind.TAKEN, (number + 1) % 256)]
            assert await driver.exchange(ctx, line, quiet=50) == expected
            if number % 50 == 0:
                assert await driver.exchange(ctx, line, quiet=50) == expected
        assert driver.pixels == b"".join(bytes([number % 251] * 3) for number in range(260))

    driver.run(script)


def test_scores_can_be_read_in_parts_until_the_next_start():
    driver = LinkDriver()
    encoded = b"".join(score.to_bytes(4, "little") for score in SCORES)
    part_bytes, nothing = 4 * SCORES_PER_PART, bytes(4)  # the CRC-32 of no bytes

    async def ask(ctx, sequence, part):
        (answer,) = await driver.exchange(
            ctx, Packet(Kind.RESULT, sequence, bytes([part])).encode()
        )
        assert (answer.kind, answer.sequence) == (Kind.SCORES, sequence)
        return answer.data

    async def script(ctx):
        assert await ask(ctx, 9, 0) == b""
        await driver.give_scores(ctx, SCORES)
        for sequence in range(2):
            assert await ask(ctx, sequence, 0) == encoded[:part_bytes] + nothing + b"\0"
            second = await ask(ctx, sequence, 1)
            assert len(second) == part_bytes + 5 and second[-1] == 1
            assert second.startswith(encoded[part_bytes:])
        await driver.exchange(ctx, Packet(Kind.START, 3).encode())
        assert await ask(ctx, 4, 0) == b""
        await driver.give_scores(ctx, SCORES[::-1])
        assert (await ask(ctx, 5, 0))[:4] == SCORES[-1].to_bytes(4, "little")

    driver.run(script)


def test_scores_carry_the_check_of_the_frame_that_the_core_has_taken():
    driver = LinkDriver()
    frame = bytes(range(100, 124))

    async def check(ctx):
        (answer,) = await driver.exchange(ctx, Packet(Kind.RESULT, 1, b"\0").encode())
        return int.from_bytes(answer.data[-5:-1], "little")

    async def script(ctx):
        for sent in (frame, frame[::-1]):
            await driver.exchange(ctx, Packet(Kind.START, 3).encode())
            await driver.exchange(ctx, Packet(Kind.CHUNK, 1, b"not wanted").encode())
            for number, line in enumerate((sent[:10], sent[10:])):
                whole = Packet(Kind.CHUNK, number, line).encode()
                await driver.exchange(ctx, damage(whole, "flip", 4, 1))
                driver.core_takes = False
                await driver.exchange(ctx, whole)
                driver.core_takes = True
                await driver.exchange(ctx, b"")
            await driver.give_scores(ctx, SCORES)
            assert driver.pixels == sent
            assert await check(ctx) == zlib.crc32(sent)
        await driver.exchange(ctx, Packet(Kind.CHUNK, 2, b"more").encode())
        assert await check(ctx) == zlib.crc32(sent + b"more")

    driver.run(script)


def test_slow_core_makes_the_host_wait_and_loses_nothing():
    driver = LinkDriver()
    chunks = [bytes((7 * n + k) % 256 for k in range(CHUNK_BYTES)) for n in range(12)]

    async def script(ctx):
        driver.core_takes = False
        base, unsent, answered = 0, 0, []
        for _ in range(60):
            while unsent < min(base + MOST_CHUNKS_AHEAD, len(chunks)):
                await driver.send(ctx, Packet(Kind.CHUNK, unsent, chunks[unsent]).encode())
                unsent += 1
            answers = await driver.exchange(ctx, b"")
            answered += answers
            if answers:
                base = answers[-1].sequence
            elif not driver.core_takes:
                assert BUFFER_BYTES // 2 < CHUNK_BYTES * unsent <= BUFFER_BYTES
                driver.core_takes = True
        assert base == len(chunks)
        assert all(answer.kind is Kind.TAKEN for answer in answered)
        assert driver.pixels == b"".join(chunks)

    driver.run(script)


def test_chunk_too_far_ahead_is_refused_and_can_be_sent_again():
    driver = LinkDriver()
    chunk = bytes(range(CHUNK_BYTES))

    async def script(ctx):
        driver.core_takes = False
        for number in range(9):
            await driver.exchange(ctx, Packet(Kind.CHUNK, number, chunk).encode())
        (answer,) = await driver.exchange(ctx, Packet(Kind.CHUNK, 8, chunk).encode())
        assert answer == Packet(Kind.BROKEN, 8)
        driver.core_takes = True
        await driver.exchange(ctx, b"", quiet=8000)
        (answer,) = await driver.exchange(ctx, Packet(Kind.CHUNK, 8, chunk).encode())
        assert answer == Packet(Kind.TAKEN, 9)
        await driver.exchange(ctx, b"", quiet=1000)
        assert driver.pixels == 9 * chunk

    driver.run(script)


def test_start_in_the_middle_of_a_frame_restarts_it():
    driver = LinkDriver()

    async def script(ctx):
        await driver.exchange(ctx, Packet(Kind.CHUNK, 0, b"abcd").encode())
        (answer,) = await driver.exchange(ctx, Packet(Kind.START, 77).encode())
        assert answer == Packet(Kind.STARTED, 77)
        (answer,) = await driver.exchange(ctx, Packet(Kind.CHUNK, 0, b"ABCDEF").encode())
        assert answer == Packet(Kind.TAKEN, 1)
        assert driver.pixels == b"ABCDEF"

    driver.run(script)


def test_start_discards_what_the_core_has_not_taken():
    driver = LinkDriver()

    async def script(ctx):
        driver.core_takes = False
        await driver.exchange(ctx, Packet(Kind.CHUNK, 0, bytes(40)).encode())
        await driver.exchange(ctx, Packet(Kind.START, 1).encode())
        driver.core_takes = True
        (answer,) = await driver.exchange(ctx, Packet(Kind.CHUNK, 0, b"ABCDEF").encode())
        assert answer == Packet(Kind.TAKEN, 1)
        assert driver.pixels == b"ABCDEF"

    driver.run(script)


def test_lights_show_whole_and_broken_packets_and_scores():
    driver = LinkDriver()
    status, seen = driver.dut.status, []

    async def watch(ctx):
        async for _, _, whole, broken in ctx.tick().sample(status.whole, status.broken):
            seen.extend(["whole"] * whole + ["broken"] * broken)

    async def script(ctx):
        line = Packet(Kind.HELLO, 1).encode()
        for sent in (line, damage(line, "flip", 3, 1), line):
            await driver.exchange(ctx, sent, quiet=60)
        assert seen == ["whole", "broken", "whole"] and not ctx.get(status.done)
        await driver.give_scores(ctx, SCORES)
        await ctx.tick()
        assert ctx.get(status.done)

    driver.run(script, watch)


def test_chunk_right_after_a_start_is_refused_as_a_whole():
    driver = LinkDriver()

    async def script(ctx):
        line = Packet(Kind.START, 1).encode() + Packet(Kind.CHUNK, 0, bytes(30)).encode()
        answers = await driver.exchange(ctx, line)
        assert answers[-1] == Packet(Kind.BROKEN, 0)
        assert driver.pixels == b""

    driver.run(script)


def test_weights_and_then_pixels():
    driver = LinkDriver(MemoryState.READY)

    async def script(ctx):
        for kind, answer in ((Kind.LOAD, Kind.LOADING), (Kind.START, Kind.STARTED)):
            assert await driver.exchange(ctx, Packet(kind, 9).encode()) == [Packet(answer, 9)]
            line = Packet(Kind.CHUNK, 0, b"abcdef").encode()
            assert await driver.exchange(ctx, line) == [Packet(Kind.TAKEN, 1)]
        assert driver.weights == driver.pixels == b"abcdef"

    driver.run(script)


def test_another_load_discards_what_the_memory_has_not_taken():
    driver = LinkDriver(MemoryState.LOADING)

    async def script(ctx):
        await driver.exchange(ctx, Packet(Kind.LOAD, 1).encode())
        ctx.set(driver.dut.weights.ready, 0)
        await driver.exchange(ctx, Packet(Kind.CHUNK, 0, b"abcdef").encode())
        await driver.send(ctx, Packet(Kind.LOAD, 2).encode())
        while not ctx.get(driver.dut.load):
            await ctx.tick()
        ctx.set(driver.dut.weights.ready, 1)  # as early as possible
        await driver.exchange(ctx, b"")
        ctx.set(driver.dut.weights.ready, 0)
        await driver.exchange(ctx, Packet(Kind.CHUNK, 0, b"ghijkl").encode())
        ctx.set(driver.dut.weights.ready, 1)
        await driver.exchange(ctx, b"")
        assert driver.weights == b"ghijkl"

    driver.run(script)


def test_pixels_without_weights_are_discarded():
    driver = LinkDriver(MemoryState.EMPTY)

    async def script(ctx):
        for number in range(2):
            line = Packet(Kind.CHUNK, number, bytes(240)).encode()
            answers = await driver.exchange(ctx, line, quiet=1000)
            assert answers == [Packet(Kind.TAKEN, number + 1)]
        ctx.set(driver.dut.memory, MemoryState.READY)
        await driver.exchange(ctx, Packet(Kind.CHUNK, 2, b"abcdef").encode())
        assert driver.pixels == b"abcdef"

    driver.run(script)


def test_scores_of_corrupt_weights_are_not_given():
    driver = LinkDriver(MemoryState.READY)

    async def script(ctx):
        await driver.give_scores(ctx, SCORES)
        (answer,) = await driver.exchange(ctx, Packet(Kind.RESULT, 1, b"\0").encode())
        assert len(answer.data) == 4 * SCORES_PER_PART + 5
        ctx.set(driver.dut.memory, MemoryState.CORRUPT)
        (answer,) = await driver.exchange(ctx, Packet(Kind.RESULT, 2, b"\1").encode())
        assert answer == Packet(Kind.STATE, 2, bytes([MemoryState.CORRUPT]))

    driver.run(script)
