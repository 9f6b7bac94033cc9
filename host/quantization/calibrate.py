"""Statistics of a float network's maps, measured on calibration pictures."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ...errors import FirelineError
from ..float_network.fold import FoldedNetwork
from ..float_network.walk import walk
from ..network.architecture import Architecture, Layer

SAMPLES = 1 << 18  # values sampled from each map, over all pictures
BATCH_VALUES = 1 << 22  # values of the largest map of a batch: 16 MiB


@dataclass(frozen=True, eq=False)
class Statistics:
    """Statistics of every map, and of every convolution's inputs and sums."""

    samples: dict[str, np.ndarray]  # by map ("conv1", "fire2/squeeze", "fire2"): float32
    peaks: dict[str, torch.Tensor]  # by map: each channel's greatest value, [channels]
    moments: dict[str, np.ndarray]  # by layer: each input channel's mean square, [cin]
    means: dict[str, torch.Tensor]  # by layer: mean sum with bias of each picture, [N, cout]
    logits: torch.Tensor  # [N, classes]
    least: float  # value of the classifier's map


def measure(
    network: FoldedNetwork, pixels: np.ndarray, progress: Callable[[int], None] | None = None
) -> Statistics:
    """Runs the network on pixels uint8 [N, H, W, C] and collects its statistics.

    The samples of a map contain its greatest value. ``progress`` receives the number of pictures
    done so far. Raises FirelineError when there are no pictures, when their shape is not the
    network's, or when a map holds a value that is not finite.
    """
    _check(network.architecture, pixels)
    samples: defaultdict[str, list[torch.Tensor]] = defaultdict(list)
    squares: defaultdict[str, list[torch.Tensor]] = defaultdict(list)
    means: defaultdict[str, list[torch.Tensor]] = defaultdict(list)
    peaks: defaultdict[str, list[torch.Tensor]] = defaultdict(list)
    generator = torch.Generator().manual_seed(0)

    def keep(name: str, y: torch.Tensor) -> torch.Tensor:
        count = min(SAMPLES * len(y) // len(pixels) + 1, y.numel())
        drawn = torch.randint(y.numel(), (count,), generator=generator)
        samples[name] += [y.flatten()[drawn], y.max().view(1)]
        peaks[name].append(y.amax((0, 2, 3)))
        _check_finite(name, peaks[name][-1])
        return y

    def convolve(layer: Layer, x: torch.Tensor) -> torch.Tensor:
        sums = network.convolve(layer, x)
        squares[layer.name].append(x.square().mean((2, 3)))
        means[layer.name].append(sums.mean((2, 3)))
        return keep(layer.name, network.rectify(layer, sums))

    def join(name: str, expanded: torch.Tensor, skipped: torch.Tensor | None) -> torch.Tensor:
        return keep(name, expanded if skipped is None else expanded + skipped)

    logits: list[torch.Tensor] = []
    least, done = math.inf, 0
    with torch.inference_mode():
        for batch in batches(network.architecture, pixels):
            classes = walk(network.architecture, batch, convolve, join)
            logits.append(classes.mean((2, 3)))
            _check_finite(network.architecture.classifier.name, logits[-1])
            least = min(least, float(classes.min()))
            done += len(batch)
            if progress:
                progress(done)
    return Statistics(
        samples={name: torch.cat(values).numpy() for name, values in samples.items()},
        peaks={name: torch.stack(values).amax(0) for name, values in peaks.items()},
        moments={name: torch.cat(values).mean(0).numpy() for name, values in squares.items()},
        means={name: torch.cat(values) for name, values in means.items()},
        logits=torch.cat(logits),
        least=least,
    )


def batches(architecture: Architecture, pixels: np.ndarray) -> Iterator[torch.Tensor]:
    """Yields pixels uint8 [N, H, W, C] as float [n, C, H, W].

    The largest map of a batch has about BATCH_VALUES values, which bounds the memory.
    """
    largest = max(
        layer.output_channels * layer.output_height * layer.output_width
        for layer in architecture.layers()
    )
    size = max(BATCH_VALUES // largest, 1)
    for first in range(0, len(pixels), size):
        yield torch.from_numpy(pixels[first : first + size]).permute(0, 3, 1, 2).float()


def _check_finite(name: str, values: torch.Tensor) -> None:
    """Raises FirelineError unless all values of the layer are finite."""
    if not torch.isfinite(values).all():
        raise FirelineError(
            f"layer {name}: its values exceed float32 on the calibration pictures; "
            "check the weights and --preprocess"
        )


def _check(architecture: Architecture, pixels: np.ndarray) -> None:
    shape = (architecture.height, architecture.width, architecture.channels)
    if not len(pixels) or pixels.dtype != np.uint8 or pixels.shape[1:] != shape:
        raise FirelineError(
            f"calibration: {len(pixels)} pictures, {pixels.dtype} {pixels.shape[1:]}; "
            f"network {architecture.name} needs at least one, uint8 {shape}"
        )
