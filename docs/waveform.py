"""Draws the core's ports, cycle by cycle, as a simulation has them.

Usage: python docs/waveform.py [FILE]

The drawing goes to `docs/waveform.svg` unless a FILE is named. The core runs a tiny network of
random weights for one frame. The source of pixels pauses for some cycles, the core takes no pixel
while it has no room, and the sink lets the first score wait.
"""

import sys
from pathlib import Path

import numpy as np
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator
from fireline.host.compiler.compile import compile_network
from fireline.host.network.random_network import random_network
from fireline.host.network.toml_file import read_toml
from fireline.hw.program import ArrayShape
from fireline.hw.verilog import Top

HERE = Path(__file__).parent

PIXELS = ("pixel_valid", "pixel_ready", "pixel_data")
SCORES = ("score_valid", "score_ready", "score_data", "score_last")
SHOWN = ("rst", *PIXELS, *SCORES)
"""The ports, from the top."""

PAYLOADS = {"pixel_data": "pixel_valid", "score_data": "score_valid", "score_last": "score_valid"}
"""Ports that mean something only while another is asserted."""

RESET_CYCLES = 2
PAUSE_BEFORE, PAUSE_CYCLES = 4, 2
"""The source pauses before this pixel, for so many cycles."""

WAIT_CYCLES = 3
"""Cycles that the frame's first score waits."""

FIRST, LAST = 23, 12
"""Cycles drawn: the first ones, and those up to the frame's last score."""

CYCLE, ROW, HEIGHT, LEFT, TOP, GAP = 28, 25, 15, 96, 34, 22
"""Sizes in the drawing: a cycle, a row, a signal, the names, the heading, between the parts."""

STYLE = """
    text { font: 12px sans-serif; fill: #222; text-anchor: middle }
    .name { text-anchor: end; font-family: monospace }
    .title { text-anchor: start }
    .number, .value { font-size: 10px; fill: #555 }
    .wire { fill: none; stroke: #1c5d99; stroke-width: 1.5 }
    .bus { fill: #eef4fa; stroke: #1c5d99; stroke-width: 1.2 }
    .idle { stroke: #999; stroke-dasharray: 2 3 }
    .edge { stroke: #e2e2e2 }
    .moves { fill: #ffe8cc }
  """


def simulate() -> list[dict[str, int]]:
    """The ports in each cycle of a frame, sampled at the rising edge of `clk` that ends it.

    In place of its value, a pixel or a score has its number in the frame.
    """
    network = random_network(read_toml(HERE.parent / "examples" / "tiny.toml"), seed=0)
    m, domain = Module(), ClockDomain("sync")
    m.domains.sync = domain
    m.submodules.core = core = Top(compile_network(network, ArrayShape(4, 4)).program)
    ports = [domain.rst, *(getattr(core, name) for name in SHOWN[1:])]
    pixels = np.random.default_rng(0).integers(0, 1 << 24, 8 * 8).tolist()
    cycles: list[dict[str, int]] = []

    async def source(ctx):
        ctx.set(domain.rst, 1)
        for _ in range(RESET_CYCLES):
            await ctx.tick()
        ctx.set(domain.rst, 0)
        for number, pixel in enumerate(pixels):
            if number == PAUSE_BEFORE:
                ctx.set(core.pixel_valid, 0)
                await ctx.tick().repeat(PAUSE_CYCLES)
            ctx.set(core.pixel_data, pixel)
            ctx.set(core.pixel_valid, 1)
            await ctx.tick().until(core.pixel_ready)
        ctx.set(core.pixel_valid, 0)

    async def sink(ctx):
        waited = 0
        async for _, _, *values in ctx.tick().sample(*ports):
            cycle = dict(zip(SHOWN, values, strict=True))
            cycles.append(cycle)
            waited += cycle["score_valid"]
            ctx.set(core.score_ready, waited >= WAIT_CYCLES)
            if cycle["score_valid"] and cycle["score_ready"] and cycle["score_last"]:
                break

    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(source, background=True)
    simulator.add_testbench(sink)
    simulator.run()
    for valid, ready, data, *_ in (PIXELS, SCORES):
        number = 0
        for cycle in cycles:
            cycle[data] = number
            number += cycle[valid] & cycle[ready]
    return cycles


def draw(cycles: list[dict[str, int]]) -> str:
    """The frame's beginning above its end, as SVG."""
    parts = [("A frame begins", 0, FIRST), ("It ends", len(cycles) - LAST, LAST)]
    height = TOP + ROW * (len(SHOWN) + 1) + GAP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {LEFT + CYCLE * FIRST + 10} {height * len(parts)}">',
        "  <title>The core's ports while a frame begins and while it ends</title>",
        f"  <style>{STYLE}</style>",
        '  <rect width="100%" height="100%" fill="#fff"/>',
    ]
    for number, (title, first, count) in enumerate(parts):
        lines.append(f'  <g transform="translate(0 {number * height})">')
        lines.append(f'    <text class="title" x="{LEFT}" y="12">{title}</text>')
        lines += _part(cycles[first : first + count], first)
        lines.append("  </g>")
    return "\n".join([*lines, "</svg>", ""])


def _part(cycles: list[dict[str, int]], first: int) -> list[str]:
    """The cycles' numbers, the transfers, the clock and the ports, one below the other."""
    bottom = TOP + ROW * (len(SHOWN) + 1)
    lines = []
    for at in range(len(cycles)):
        x = LEFT + at * CYCLE
        lines.append(f'<text class="number" x="{x + CYCLE / 2:g}" y="28">{first + at}</text>')
        for valid, ready, *_ in (PIXELS, SCORES):
            if cycles[at][valid] and cycles[at][ready]:
                rows = PIXELS if valid in PIXELS else SCORES
                y = TOP + ROW * (1 + SHOWN.index(valid)) - 4
                lines.append(
                    f'<rect class="moves" x="{x}" y="{y}" width="{CYCLE}" '
                    f'height="{ROW * len(rows) - 2}"/>'
                )
        lines.append(f'<path class="edge" d="M{x} {TOP}V{bottom}"/>')
    rows = {"clk": _clock(len(cycles))}
    for name in SHOWN:
        valid = PAYLOADS.get(name)
        values = [None if valid and not cycle[valid] else cycle[name] for cycle in cycles]
        rows[name] = _bus(values) if name.endswith("data") else _wire(values)
    for row, (name, shapes) in enumerate(rows.items()):
        y = TOP + row * ROW
        lines.append(f'<text class="name" x="{LEFT - 8}" y="{y + 12}">{name}</text>')
        lines += [f'<g transform="translate({LEFT} {y})">', *shapes, "</g>"]
    return [f"    {line}" for line in lines]


def _clock(count: int) -> list[str]:
    """Rises at the beginning of each cycle."""
    half = CYCLE // 2
    return [f'<path class="wire" d="M0 {HEIGHT}{f"v-{HEIGHT}h{half}v{HEIGHT}h{half}" * count}"/>']


def _runs(values: list[int | None]) -> list[tuple[int | None, int, int]]:
    """Value, first cycle and number of cycles of each run of equal values."""
    runs: list[tuple[int | None, int, int]] = []
    for at, value in enumerate(values):
        if runs and runs[-1][0] == value:
            runs[-1] = value, runs[-1][1], runs[-1][2] + 1
        else:
            runs.append((value, at, 1))
    return runs


def _wire(values: list[int | None]) -> list[str]:
    """High, low, or dashed where the value means nothing."""
    shapes, path = [], ""
    for value, at, count in _runs(values):
        x, end = at * CYCLE, (at + count) * CYCLE
        if value is None:
            shapes.append(_idle(x, end))
            path = f"{path}M{end} {HEIGHT}" if path else ""
        else:
            y = 0 if value else HEIGHT
            path += f"{'V' if path else f'M{x} '}{y}H{end}"
    return [*shapes, f'<path class="wire" d="{path}"/>']


def _bus(values: list[int | None]) -> list[str]:
    """A hexagon with each value in it, dashed where it means nothing."""
    shapes = []
    for value, at, count in _runs(values):
        x, end, half = at * CYCLE, (at + count) * CYCLE, HEIGHT / 2
        if value is None:
            shapes.append(_idle(x, end))
            continue
        shapes.append(
            f'<path class="bus" d="M{x} {half}L{x + 3} 0H{end - 3}L{end} {half}'
            f'L{end - 3} {HEIGHT}H{x + 3}z"/>'
        )
        shapes.append(f'<text class="value" x="{(x + end) / 2:g}" y="11">{value}</text>')
    return shapes


def _idle(x: int, end: int) -> str:
    return f'<path class="idle" d="M{x} {HEIGHT / 2}H{end}"/>'


if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "waveform.svg"
    file.write_text(draw(simulate()))
