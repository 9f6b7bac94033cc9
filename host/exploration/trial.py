"""One network of an exploration: trained for a few epochs, then measured at several points."""

import io
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta
from rich.console import Console

from ...hw.program import ArrayShape
from ..compiler.compile import compile_network
from ..compiler.resources import resources
from ..data.dataset import Dataset
from ..evaluate import evaluate
from ..float_network.checkpoint.load import load_checkpoint
from ..network.architecture import NAME, Architecture
from ..quantization.quantize import quantize
from ..training import train as training
from ..training.accuracy import accuracy
from ..training.recipe import Recipe

CALIBRATION = 512  # training pictures that scales are fitted to
BATCH = 128  # pictures at a time through the golden model

Count = Annotated[int, Meta(ge=1, le=10**12)]
Bits = Annotated[int, Meta(ge=4, le=8, multiple_of=4)]
Share = Annotated[float, Meta(ge=0, le=1)]

ONE_AT_A_TIME = threading.Lock()
"""Trials in threads of one process take turns, because torch has one random generator a process."""


@dataclass(frozen=True)
class Trial:
    """A network and the points to measure."""

    architecture: Architecture
    recipe: Recipe
    points: tuple[tuple[ArrayShape, int], ...]  # array, bits of the weights
    weights: bytes | None = None  # a safetensors file, if the network is already trained


@dataclass(frozen=True)
class Measured:
    """A point of the design space."""

    network: Annotated[str, Meta(pattern=f"^{NAME}$")]
    array: Annotated[str, Meta(pattern=r"^\d{1,4}x\d{1,4}$")]
    bits: Bits  # of the weights; conv1's are 8
    parameters: Count
    float_top1: Share  # of the test pictures that are right, in float32
    top1: Share  # the same through the golden model
    weight_bytes: Count  # in the ROM, codes and exponents
    cycles: Count  # a frame, with frames back to back
    block_rams: Count


@dataclass(frozen=True)
class Outcome:
    """The result of a trial."""

    weights: bytes  # a safetensors file
    measured: tuple[Measured, ...]  # in the order of the trial's points


def run(trial: Trial, dataset: Dataset) -> Outcome:
    """Trains the network unless it has weights, then quantizes, evaluates and compiles it.

    Computes in one thread, so that the same trial and pictures give the same outcome beside any
    number of other trials. Raises FirelineError when the training diverges or when the network
    cannot be compiled.
    """
    with ONE_AT_A_TIME, tempfile.TemporaryDirectory(prefix="fireline-") as folder:
        torch.set_num_threads(1)
        file = Path(folder) / "trained.safetensors"
        if trial.weights is None:
            quiet = Console(file=io.StringIO())
            training.train(trial.architecture, dataset, file, trial.recipe, quiet)
        else:
            file.write_bytes(trial.weights)
        return Outcome(file.read_bytes(), _measure(trial, file, dataset))


def _measure(trial: Trial, file: Path, dataset: Dataset) -> tuple[Measured, ...]:
    architecture, test = trial.architecture, dataset.test
    model = load_checkpoint(file, architecture)
    float_top1 = accuracy(model, architecture, test)
    order = np.random.default_rng(trial.recipe.seed).permutation(len(dataset.train))
    calibration = dataset.train.pixels[np.sort(order[:CALIBRATION])]
    measured = {}
    for bits in dict.fromkeys(bits for _, bits in trial.points):
        network = quantize(model, calibration, bits).network()
        top1 = evaluate(network, test.pixels, test.labels, BATCH).top1
        for array in [array for array, own in trial.points if own == bits]:
            compiled = compile_network(network, array)
            measured[array, bits] = Measured(
                network=architecture.name,
                array=str(array),
                bits=bits,
                parameters=sum(layer.parameters for layer in architecture.layers()),
                float_top1=float_top1,
                top1=top1,
                weight_bytes=-(-network.weight_bits // 8),
                cycles=compiled.timing.cycles,
                block_rams=resources(compiled.program).block_rams,
            )
    return tuple(measured[point] for point in trial.points)
