"""What `fireline bench` measures: accuracy and speed of the references, cycles, boards, peers."""

import dataclasses
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..host.bitstream.build import build
from ..host.bitstream.design import design, multipliers_used
from ..host.bitstream.summary import BuildSummary
from ..host.compiler.compile import Compiled, compile_network
from ..host.compiler.resources import resources
from ..host.data.dataset import Pictures
from ..host.evaluate import evaluate
from ..host.network.architecture import Architecture
from ..host.network.quantized import QuantizedNetwork
from ..host.network.random_network import random_network
from ..host.report.summary import layer_cycles
from ..hw.boards.board import Board
from ..hw.program import ArrayShape
from ..hw.verilog import to_verilog
from .compare import simulate
from .peers import Peer, per_multiplier

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Speed:
    """The golden model and the float network on the same pictures, one after the other."""

    images: int
    golden_top1: float
    golden_images_per_second: float
    float_top1: float
    float_images_per_second: float


def measure_speed(
    network: QuantizedNetwork, pictures: Pictures, weights: Path | None = None, batch: int = 128
) -> Speed:
    """Classifies the pictures by the golden model and, in float32, by torch; both warmed up.

    Without `weights`, torch's are random. `batch` pictures are classified at a time.
    """
    from ..host.float_network.squeezenet import SqueezeNet, load_checkpoint
    from ..host.training.accuracy import accuracy as float_accuracy

    architecture, few = network.architecture, pictures.labels[:32]
    model = load_checkpoint(weights, architecture) if weights else SqueezeNet(architecture)
    evaluate(network, pictures.pixels[:32], few)
    float_accuracy(model, architecture, Pictures(pictures.pixels[:32], few))
    started = time.perf_counter()
    accuracy = evaluate(network, pictures.pixels, pictures.labels, batch)
    between = time.perf_counter()
    float_top1 = float_accuracy(model, architecture, pictures, batch)
    ended = time.perf_counter()
    count = len(pictures)
    return Speed(
        count, accuracy.top1, count / (between - started), float_top1, count / (ended - between)
    )


@dataclass(frozen=True)
class Cycles:
    """A network on an array: what is predicted and, if it was simulated, what came of it."""

    network: str
    array: str
    predicted: int  # cycles a frame, frames back to back
    utilisation: float
    simulated: int | None = None
    mismatches: int | None = None  # scores that are not the golden model's
    cycles_per_second: float | None = None  # of the simulation

    @property
    def wrong(self) -> bool:
        """Whether the simulation contradicts the prediction or the golden model."""
        return self.simulated not in (None, self.predicted) or bool(self.mismatches)


def measure_cycles(
    compiled: Compiled, pixels: np.ndarray | None = None, tell: Tell | None = None
) -> Cycles:
    """The prediction; with pixels, uint8 [N, H, W, C], their simulation too."""
    cycles = Cycles(
        compiled.network.architecture.name,
        str(compiled.program.array),
        compiled.timing.cycles,
        compiled.utilisation,
    )
    if pixels is None:
        return cycles
    result = simulate(compiled, pixels, progress=tell)
    return dataclasses.replace(
        cycles,
        simulated=result.cycles_per_frame,
        mismatches=result.mismatches,
        cycles_per_second=result.cycles_per_second,
    )


@dataclass(frozen=True)
class Comparison:
    """A peer's work on one of our arrays."""

    peer: Peer
    bits: int
    products: int  # a cycle
    multipliers: int  # hardware ones, each of two products
    macs: int
    cycles: int  # of the layers that count
    frame: Cycles  # the whole network

    @property
    def ratio(self) -> float:
        """How many times fewer cycles than the peer's."""
        return self.peer.cycles / self.cycles


def compare(
    peer: Peer, bits: int, array: ArrayShape, simulated: bool = False, tell: Tell | None = None
) -> Comparison:
    """Runs a network of the peer's shape, of random weights, for which cycles are the same."""
    network = random_network(peer.network, 0, bits)
    compiled = compile_network(network, array)
    cycles = layer_cycles(compiled)
    counted = peer.counted or tuple(cycles)
    macs = sum(
        layer.macs
        for layer in peer.network.layers()
        if not peer.counted or layer.name.split("/")[0] in peer.counted
    )
    pixels = random_pixels(peer.network, 2) if simulated else None
    return Comparison(
        peer=peer,
        bits=bits,
        products=array.products,
        multipliers=array.products // 2,
        macs=macs,
        cycles=sum(cycles[name] for name in counted),
        frame=measure_cycles(compiled, pixels, tell),
    )


@dataclass(frozen=True)
class FullSize:
    """A whole SqueezeNet on an array of a board; without a build the clock is the board's own."""

    cycles: Cycles
    clock_mhz: float
    multipliers: int  # hardware ones
    block_rams: int  # without a build as the compiler counts them, those of the link left out
    luts: int | None  # known of a build only
    external_bytes: int  # a frame: through the board's memory
    verilog_seconds: float | None  # of the processor, to generate the Verilog file

    @property
    def frames_per_second(self) -> float:
        return self.clock_mhz * 1e6 / self.cycles.predicted

    @property
    def per_multiplier(self) -> float:
        """Frames a second for each hardware multiplier and GHz."""
        return per_multiplier(self.frames_per_second, self.multipliers, self.clock_mhz)


def measure_full_size(
    compiled: Compiled,
    board: Board,
    summary: BuildSummary | None = None,
    *,
    simulated: bool = False,
    tell: Tell | None = None,
) -> FullSize:
    """What a whole network does on a board; `summary` is that of its build, if there is one.

    If it is to be simulated, a frame of noise is, again and again.
    """
    pixels = seconds = None
    if simulated:
        pixels = random_pixels(compiled.network.architecture, 1)
        started = processor_seconds()
        to_verilog(compiled.program)
        seconds = processor_seconds() - started
    cycles = measure_cycles(compiled, pixels, tell)
    used = {
        "clock_mhz": board.clock_mhz,
        "multipliers": multipliers_used(compiled.program, board.multipliers),
        "block_rams": resources(compiled.program).block_rams,
        "luts": None,
    }
    if summary:
        kinds = "multipliers", "block_rams", "luts"
        used = {kind: getattr(summary, kind).used for kind in kinds}
        used["clock_mhz"] = summary.clock_mhz
    return FullSize(cycles, **used, external_bytes=compiled.external_bytes, verilog_seconds=seconds)


def random_pixels(architecture: Architecture, count: int) -> np.ndarray:
    """Frames of noise, uint8 [count, H, W, C], always the same."""
    shape = count, architecture.height, architecture.width, architecture.channels
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def processor_seconds() -> float:
    """Of this process and of those that it waited for."""
    users = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(each.ru_utime + each.ru_stime for each in map(resource.getrusage, users))


@dataclass(frozen=True)
class OnBoard:
    """A network built for a board."""

    summary: BuildSummary
    cycles: Cycles

    @property
    def frames_per_second(self) -> float:
        """At the clock that it was built for."""
        return self.summary.clock_mhz * 1e6 / self.cycles.predicted


def measure_board(
    network: QuantizedNetwork,
    board: Board,
    folder: Path,
    progress: Callable[[str, str], None],
    clock_mhz: float | None = None,
) -> OnBoard:
    """Builds the network for the board, with the board's own array."""
    compiled = compile_network(network, board.array)
    top = design(compiled, board, clock_mhz)
    summary = build(top, folder, compiled=compiled, progress=progress)
    return OnBoard(summary, measure_cycles(compiled))
