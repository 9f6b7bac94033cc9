"""`StreamedWeights` with the SDRAM's model in Verilator, driven step by step."""

import json
import zlib
from array import array
from dataclasses import dataclass
from pathlib import Path
from random import Random

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect
from fireline.hw.lib.verilog import convert
from fireline.hw.link.protocol import MemoryState
from fireline.hw.sdram.chip import SdramCycles, SdramGeometry, SdramTiming
from fireline.hw.sdram.contents import SdramContents
from fireline.hw.sdram.streamed_weights import StreamedWeights
from fireline.sim.sdram import SOURCE, SimulatedSdram, model_source
from fireline.sim.simulator import Simulator, build

NAME = "weights_testbench"


@dataclass(frozen=True)
class Setup:
    """The contents, the clock and the chip of a testbench."""

    blocks: int
    block_words: int
    clock_mhz: float
    timing: SdramTiming

    @property
    def weights(self) -> bytes:
        return Random(self.blocks).randbytes(2 * self.blocks * self.block_words)

    @property
    def blocks_of_words(self) -> list[list[int]]:
        words = array("H", self.weights)
        return [
            words[n : n + self.block_words].tolist() for n in range(0, len(words), self.block_words)
        ]

    @property
    def cycles(self) -> SdramCycles:
        return SdramCycles.of(self.timing, self.clock_mhz)

    @property
    def contents(self) -> SdramContents:
        return SdramContents(self.blocks, self.block_words, zlib.crc32(self.weights))


QUICK_TIMING = SdramTiming(power_up=2_000.0, refresh=1_000.0)
"""A short power-up, and refreshes so frequent that a short test sees many."""

QUICK = Setup(blocks=3, block_words=720, clock_mhz=100, timing=QUICK_TIMING)
"""Blocks of two stretches."""

UNTESTED, UNLOADED = [MemoryState.TESTING], [MemoryState.LOADING, MemoryState.CHECKING]
TESTED = ["leave", UNTESTED, 40_000]
LOADED = ["leave", UNLOADED, 400_000]


class FlatPorts(wiring.Component):
    """Flat ports for cocotb; `cycle` counts clock cycles."""

    def __init__(self, setup: Setup):
        self.setup = setup
        super().__init__(
            {
                "load": In(1),
                "byte": In(8),
                "byte_valid": In(1),
                "byte_ready": Out(1),
                "restart": In(1),
                "block_wanted": In(1),
                "word": Out(16),
                "word_valid": Out(1),
                "state": Out(3),
                "cycle": Out(32),
            }
        )

    def elaborate(self, platform):
        m, setup, geometry = Module(), self.setup, SdramGeometry()
        m.submodules.weights = weights = StreamedWeights(geometry, setup.cycles, setup.contents)
        m.submodules.chip = chip = SimulatedSdram(geometry, setup.timing, setup.clock_mhz)
        connect(m, weights.pins, chip.pins)
        m.d.sync += self.cycle.eq(self.cycle + 1)
        m.d.comb += [
            weights.load.eq(self.load),
            weights.i.payload.eq(self.byte),
            weights.i.valid.eq(self.byte_valid),
            self.byte_ready.eq(weights.i.ready),
            weights.restart.eq(self.restart),
            weights.block_wanted.eq(self.block_wanted),
            self.word.eq(weights.o.payload),
            self.word_valid.eq(weights.o.valid),
            self.state.eq(weights.state),
        ]
        return m


def build_simulator(setup: Setup) -> Simulator:
    testbench = FlatPorts(setup)
    text = convert(testbench, NAME)
    ports = ("clk", "rst", *testbench.signature.members)
    return build({"testbench.v": text, SOURCE: model_source()}, NAME, ports)


def run(simulator: Simulator, folder: Path, steps: list, **plus) -> list:
    """The results of the steps; see `testbenches.streamed_weights`. `plus` go to the model."""
    job, result = folder / "job.json", folder / "result.json"
    result.unlink(missing_ok=True)
    job.write_text(json.dumps({"steps": steps, "result": str(result)}))
    simulator.run("support.testbenches.streamed_weights", {"job": job, **plus}, folder)
    return json.loads(result.read_text())
