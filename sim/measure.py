"""What `fireline bench` measures: accuracy and speed of the references, cycles, boards, peers."""

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..host.build import BuildSummary, build
from ..host.compile import Compiled, compile_network
from ..host.dataset import Pictures
from ..host.design import design
from ..host.evaluate import evaluate
from ..host.network import QuantizedNetwork
from ..host.peers import Peer
from ..host.random_network import random_network
from ..host.summary import layer_cycles
from ..hw.boards import Board
from ..hw.geometry import ArrayShape
from .bench import simulate

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Speed:
    """The golden model and the float network on the same pictures, one after the other."""

    images: int
    golden_top1: float
    golden_images_per_second: float
    float_top1: float
    float_images_per_second: float


def measure_speed(network: QuantizedNetwork, weights: Path, pictures: Pictures) -> Speed:
    """Classifies the pictures by the golden model and, in float32, by torch; both warmed up."""
    from ..host import train
    from ..host.model import load_checkpoint

    architecture, few = network.architecture, pictures.labels[:32]
    model = load_checkpoint(weights, architecture)
    evaluate(network, pictures.pixels[:32], few)
    train.evaluate(model, architecture, Pictures(pictures.pixels[:32], few))
    started = time.perf_counter()
    accuracy = evaluate(network, pictures.pixels, pictures.labels, batch=128)
    between = time.perf_counter()
    float_top1 = train.evaluate(model, architecture, pictures)
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
    shape = (2, peer.network.height, peer.network.width, peer.network.channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8) if simulated else None
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
