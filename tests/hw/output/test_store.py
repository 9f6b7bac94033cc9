"""Words, addresses and latency of rows that go to either memory, pooled or not."""

import random

import pytest
from amaranth.sim import Simulator
from fireline.host.network.architecture import Conv1, MaxPool
from fireline.hw.output.store import STORE_FIELDS, Store
from fireline.hw.tables import Tables
from support.networks.small import TINY, compiled, fire, network

BYPASSED = network(Conv1(9, 1, 1, 0), "pool", fire(5, 4, 5, "simple"), fire(3, 2, 2, "complex"))
POOLS = network(
    Conv1(9, 1, 1, 0),
    MaxPool(2),
    fire(5, 4, 5, "simple"),
    MaxPool(3, ceil=False, padding=1),
    fire(3, 2, 2),
    MaxPool(2, ceil=False),
    height=9,
    width=10,
)


@pytest.mark.parametrize("architecture", [TINY, BYPASSED, POOLS])
@pytest.mark.parametrize("density", [1.0, 0.4])
def test_words_reach_their_addresses(architecture, density):
    job = compiled(architecture, "4x4", lanes=2)
    program, tables = job.program, Tables(job.program)
    dut = Store(program, tables)
    rng = random.Random(1)
    lanes, ci = program.requantizer_lanes, program.array.ci
    inputs, wanted, partial = [], [], {}  # wanted: (beat that completes the word, memory, ...)
    for record, row, task in zip(tables.rows, program.rows, job.tasks, strict=True):
        layer = program.layers[row.layer]
        if layer.scores:
            continue
        beats_of = ci // lanes
        pixel_beats = layer.pool_beats or 2 * beats_of + 1
        words = -(-pixel_beats // beats_of)
        fields = {**record, **tables.layers[row.layer]}
        names = [name for part in STORE_FIELDS.values() for name in part]
        context = {name: fields[name] for name in names}
        emitted = 0
        across = {}
        for column in range(layer.columns):
            for word in range(words):
                data = [rng.randrange(256) for _ in range(ci)]
                beats = min(beats_of, pixel_beats - word * beats_of)
                data[beats * lanes :] = [0] * (
                    ci - beats * lanes
                )  # a word without all its channels
                last = column == layer.columns - 1
                for beat in range(beats):
                    inputs.append(
                        {
                            "values": data[beat * lanes : (beat + 1) * lanes],
                            "word_end": beat == beats - 1,
                            "row_end": last and word == words - 1 and beat == beats - 1,
                            "context": context,
                        }
                    )
                out = data
                if layer.pool:
                    pool = task.layer.pooling
                    found = _pool(across, word, data, column, pool.windows(layer.columns))
                    if found:
                        key = (row.layer, found[0], word)
                        found = _pool(partial, key, found[1], task.row, task.layer.pool_rows)
                    out = found and found[1]
                if out:
                    for memory, used, base in (
                        ("store", layer.store, row.write),
                        ("keep", layer.keep, row.keep),
                    ):
                        if used:
                            wanted.append(
                                (len(inputs) - 1, memory, base + emitted, out, bool(layer.pool))
                            )
                    emitted += 1
    seen, cycles, latency = [], [], Store.latency(program)

    async def drive(ctx):
        cycle = 0
        for beat in inputs:
            while True:
                fire = rng.random() < density
                ctx.set(dut.valid, fire)
                if fire:
                    for name in ("values", "word_end", "row_end"):
                        ctx.set(getattr(dut, name), beat[name])
                    cycles.append(cycle)
                await ctx.tick()
                cycle += 1
                if fire:
                    break
        ctx.set(dut.valid, 0)
        await ctx.tick().repeat(latency + 2)

    async def contexts(ctx):
        rows = [beat["context"] for beat in inputs if beat["row_end"]]
        for context in rows:
            ctx.set(dut.context.payload, context)
            ctx.set(dut.context.valid, 1)
            await ctx.tick().until(dut.context.ready)

    async def watch(ctx):
        cycle = 0
        while True:
            *_, data, pooled, store, at, keep, kept_at = await ctx.tick().sample(
                dut.data, dut.pooled, dut.store, dut.store_address, dut.keep, dut.keep_address
            )
            word = [data[lane] for lane in range(ci)]
            if store:
                seen.append((cycle, "store", at, word, pooled))
            if keep:
                seen.append((cycle, "keep", kept_at, word, pooled))
            assert store or keep or not pooled
            cycle += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.add_testbench(contexts, background=True)
    simulator.add_testbench(watch, background=True)
    simulator.run()
    assert seen == [
        (cycles[beat] + latency, memory, address, word, pooled)
        for beat, memory, address, word, pooled in wanted
    ]


def _pool(state, key, data, place, windows):
    """Adds `data` to the window at `key`. Returns the number and the word of a complete window."""
    state[key] = [*state.get(key, []), (place, data)]
    for number, window in enumerate(windows):
        if window.stop - 1 == place:
            words = [word for at, word in state[key] if at in window]
            state[key] = [(at, word) for at, word in state[key] if at == place]
            return number, [max(values) for values in zip(*words, strict=True)]
    return None
