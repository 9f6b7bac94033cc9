"""The core inside an Amaranth design: a picture in, its class out.

Usage: python examples/amaranth_top.py

It simulates three pictures of noise, from bright to dark, on a tiny network of random weights, and
compares every score with the golden model's.
"""

from pathlib import Path

import numpy as np
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator
from fireline.host import golden
from fireline.host.compiler.compile import Compiled, compile_network
from fireline.host.network.random_network import random_network
from fireline.host.network.toml_file import read_toml
from fireline.hw.accelerator import Accelerator
from fireline.hw.program import ArrayShape, Program


class Classifier(wiring.Component):
    """The class of the greatest score of each frame, the first of equals.

    It takes every score at once, so the core never waits for it.

    Parameters
        program: what the core computes
    Members
        pixel: in   stream of pixels (uint8 for each channel), as the core takes them
        score: out  the core's score (32 bits, unsigned), with `score_valid` for one cycle
        label: out  the frame's class (0 to classes - 1), with `label_valid` for one cycle
    Latency
        1 cycle from a frame's last score to its class
    """

    def __init__(self, program: Program):
        self.program = program
        super().__init__(
            {
                "pixel": In(stream.Signature(ArrayLayout(8, program.window.channels))),
                "score": Out(32),
                "score_valid": Out(1),
                "label": Out(range(program.classes)),
                "label_valid": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = Accelerator(self.program)
        wiring.connect(m, wiring.flipped(self.pixel), core.pixel)
        m.d.comb += [
            core.score.ready.eq(1),
            self.score.eq(core.score.payload.score),
            self.score_valid.eq(core.score.valid),
        ]
        number, best = Signal(range(self.program.classes)), Signal(range(self.program.classes))
        best_score, better = Signal(32), Signal()
        last = core.score.payload.last
        m.d.comb += better.eq((number == 0) | (self.score > best_score))
        m.d.sync += self.label_valid.eq(self.score_valid & last)
        with m.If(self.score_valid):
            m.d.sync += [
                number.eq(Mux(last, 0, number + 1)),
                self.label.eq(Mux(better, number, best)),
            ]
            with m.If(better):
                m.d.sync += [best.eq(number), best_score.eq(self.score)]
        return m


def simulate(compiled: Compiled, pixels: np.ndarray) -> tuple[list[int], list[int]]:
    """Sends frames, uint8 [N, H, W, C]; returns all scores, and the class of each frame."""
    design = Classifier(compiled.program)
    scores, labels = [], []

    async def send(ctx):
        ctx.set(design.pixel.valid, 1)
        for pixel in pixels.reshape(-1, pixels.shape[3]).tolist():
            ctx.set(design.pixel.payload, pixel)
            await ctx.tick().until(design.pixel.ready)
        ctx.set(design.pixel.valid, 0)

    async def receive(ctx):
        samples = ctx.tick().sample(
            design.score_valid, design.score, design.label_valid, design.label
        )
        async for *_, score_valid, score, label_valid, label in samples:
            if score_valid:
                scores.append(score)
            if label_valid:
                labels.append(label)
            if len(labels) == len(pixels):
                return

    simulator = Simulator(design)
    simulator.add_clock(1e-8)
    simulator.add_testbench(send, background=True)
    simulator.add_testbench(receive)
    simulator.run()
    return scores, labels


def main() -> None:
    network = random_network(read_toml(Path(__file__).with_name("tiny.toml")), seed=32)
    compiled = compile_network(network, ArrayShape(4, 4))
    noise = np.random.default_rng(2).integers(0, 256, (3, 8, 8, 3))
    pixels = (noise // np.reshape([1, 2, 10], (3, 1, 1, 1))).astype(np.uint8)
    expected = golden.run(network, pixels)
    scores, labels = simulate(compiled, pixels)
    assert scores == expected.ravel().tolist()
    assert labels == golden.classify(expected).tolist()
    print(f"classes {labels}; all {len(scores)} scores equal the golden model's")


if __name__ == "__main__":
    main()
