"""From a trained network to integers, at once or with training in between."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from .architecture import Architecture, Layer, LayerKind
from .calibrate import Statistics, batches, measure
from .fold import FoldedNetwork, fold, pad, pad_value
from .model import SqueezeNet
from .network import (
    CODES,
    QuantizedNetwork,
    Skip,
    bypassed_fires,
    input_segments,
    layer_maximum,
)
from .rounding import activation_scale, weight_scales
from .trainable_conv import TrainableConv, round_through
from .walk import fire_name, walk
from .weight_bits import layer_bits

HEADROOM = 1.5  # of the classifier's range over what calibration shows
PIXEL_SCALE = (
    1 / 64
)  # what a pixel of 1 stands for, so that conv1's weights are learned like others
SCALE_RATE = 0.01  # relative change of a map's scale when its parameter changes by 1
Report = Callable[[int, int], None]  # how many of how many steps are done


def quantize(
    model: SqueezeNet,
    calibration: np.ndarray,
    bits: Mapping[str, int] | int = 4,
    exponent_max: int = 1,
    multiplier_bits: int = 8,
    progress: Report | None = None,
) -> QuantizedNetwork:
    """Rounds a trained network to integers, with scales that fit the calibration pictures.

    ``calibration`` is uint8 [N, H, W, C]; ``bits`` are those of ``layer_bits``; groups of 4-bit
    weights have exponents 0..exponent_max (at most 3), multipliers ``multiplier_bits`` (at most
    12). Raises FirelineError for bad bits, or pictures that are none or of another shape.
    """
    training = QuantizedTraining(model, calibration, bits, exponent_max, multiplier_bits, progress)
    return training.network()


class QuantizedTraining(nn.Module):
    """A network that computes the hardware's integers and can be trained.

    Learned are weights, biases and the scale of every map, which is the learned step size of Esser
    et al., "Learned Step Size Quantization", ICLR 2020. Multipliers, shifts and exponents stay as
    they were fitted at the start, where biases are corrected as in Nagel et al., "Data-Free
    Quantization through Weight Equalization and Bias Correction", ICCV 2019.

    In evaluation mode every integer is the golden model's. In training, values are float32 (or
    bfloat16 under autocast) and may differ in the last place.
    """

    def __init__(
        self,
        model: SqueezeNet,
        calibration: np.ndarray,
        bits: Mapping[str, int] | int = 4,
        exponent_max: int = 1,
        multiplier_bits: int = 8,
        progress: Report | None = None,
    ) -> None:
        """Takes and raises what ``quantize`` does."""
        super().__init__()
        self.architecture = model.architecture
        self.reads = _input_maps(self.architecture)
        chosen = layer_bits(self.architecture, bits)
        steps = len(calibration) + len(chosen)
        report = progress or (lambda done, total: None)
        folded = fold(model)
        statistics = measure(folded, calibration, lambda done: report(done, steps))
        self.scales = _fit_scales(folded, statistics, self.reads, chosen, multiplier_bits)
        self.convs = nn.ModuleDict()
        for done, layer in enumerate(_convolutions(self.architecture), len(calibration) + 1):
            read, written = self._scales(layer)
            weight = folded.weights[layer.name]
            if layer.kind is LayerKind.CONV1:
                weight = weight / PIXEL_SCALE
            segments = input_segments(self.architecture, layer)
            fit = weight_scales(
                weight.permute(0, 2, 3, 1).reshape(len(weight), -1, sum(segments)).numpy(),
                np.resize(statistics.moments[layer.name], sum(segments)),
                float(written.detach() / read.detach()),
                chosen[layer.name],
                segments,
                exponent_max,
                multiplier_bits,
            )
            self.convs[layer.name] = TrainableConv(
                layer.name,
                weight,
                folded.biases[layer.name],
                fit,
                chosen[layer.name],
                segments,
                layer_maximum(layer),
            )
            report(done, steps)
        self._correct_biases(statistics, calibration)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised pixels [N, C, H, W] to logits [N, classes]: scores in units of float's."""
        return self.scores(_pixels(self.architecture, x)) * self.score_scale()

    def scores(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels 0..255, RGB or grey, float [N, C, H, W] to scores [N, classes]."""
        x = walk(self.architecture, pixels, self._convolve, self._join)
        return x.sum((2, 3), dtype=None if self.training else torch.float64)

    def score_scale(self) -> torch.Tensor:
        """The float logit that a score of 1 stands for."""
        average = self.architecture.layers()[-1]
        pixels = average.input_height * average.input_width
        return self.scales[self.architecture.layers()[-2].name]() / pixels

    def network(self) -> QuantizedNetwork:
        """The integers as they are now."""
        with torch.no_grad():
            return QuantizedNetwork(
                architecture=self.architecture,
                pad_value=pad_value(self.architecture),
                convs={
                    layer.name: self.convs[layer.name].quantized(*self._scales(layer))
                    for layer in _convolutions(self.architecture)
                },
                skips={name: self._skip(name) for name in bypassed_fires(self.architecture)},
                score_scale=float(self.score_scale()),
            )

    def _scales(self, layer: Layer) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the map that the layer reads, and of the one that it writes."""
        read = self.reads[layer.name]
        read_scale = self.scales[read]() if read else torch.tensor(PIXEL_SCALE)
        return read_scale, self.scales[_output_map(layer)]()

    def _convolve(self, layer: Layer, x: torch.Tensor) -> torch.Tensor:
        conv = self.convs[layer.name]
        x = pad(self.architecture, layer, x)
        return conv.requantize(conv.sums(x, layer.stride, *self._scales(layer)))

    def _join(
        self, name: str, expanded: torch.Tensor, skipped: torch.Tensor | None
    ) -> torch.Tensor:
        if skipped is None:
            return expanded
        multiplier, shift = self._skip_factor(name)
        return (expanded + round_through(skipped * (multiplier * 2.0**-shift))).clamp(max=255)

    def _skip_factor(self, fire: str) -> tuple[torch.Tensor, int]:
        """Multiplier, an integer, and shift that bring what a bypass adds to the Fire's scale."""
        bypass = f"{fire}/bypass"
        source = bypass if bypass in self.scales else self.reads[f"{fire}/squeeze"]
        factor = self.scales[source]() / self.scales[fire]()
        shift = min(max(math.floor(math.log2(255 / factor.item())), 1), 15)
        return round_through(factor * 2**shift).clamp(0, 255), shift

    def _skip(self, fire: str) -> Skip:
        multiplier, shift = self._skip_factor(fire)
        return Skip(int(multiplier), shift)

    def _correct_biases(self, statistics: Statistics, calibration: np.ndarray) -> None:
        """Gives each channel's sums the mean that they have in float, layer after layer.

        The classes all get the same correction: their own would favour those of the pictures.
        """
        batch = next(batches(self.architecture, calibration))

        def convolve(layer: Layer, x: torch.Tensor) -> torch.Tensor:
            conv, (read, written) = self.convs[layer.name], self._scales(layer)
            sums = conv.sums(pad(self.architecture, layer, x), layer.stride, read, written)
            found = sums.mean((0, 2, 3)) * conv.ratio * written
            error = statistics.means[layer.name][: len(batch)].mean(0) - found
            conv.bias += error.mean() if layer.kind is LayerKind.CLASSIFIER else error
            return self._convolve(layer, x)

        self.eval()
        with torch.no_grad():
            walk(self.architecture, batch, convolve, self._join)


class MapScale(nn.Module):
    """The value that 1 stands for in a map: a learned factor on what was fitted."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.register_buffer("fitted", torch.tensor(value, dtype=torch.float32))
        self.change = nn.Parameter(torch.zeros(()))

    def forward(self) -> torch.Tensor:
        return self.fitted * torch.exp(SCALE_RATE * self.change)


def _fit_scales(
    folded: FoldedNetwork,
    statistics: Statistics,
    reads: Mapping[str, str],
    bits: Mapping[str, int],
    multiplier_bits: int,
) -> nn.ModuleDict:
    """A scale for every map, great enough that no multiplier has to exceed its bits."""
    values: dict[str, float] = {"": 1.0}
    for layer in _convolutions(folded.architecture):
        name = _output_map(layer)
        samples = statistics.samples[name]
        if layer.kind is LayerKind.CLASSIFIER:
            fitted = HEADROOM * float(samples.max()) / layer_maximum(layer)
        else:
            fitted = activation_scale(samples, layer_maximum(layer))
        unit = float(folded.weights[layer.name].abs().max()) / CODES[bits[layer.name]][1]
        least = unit * values[reads[layer.name]] * 2 / ((1 << multiplier_bits) - 1)
        values[name] = max(fitted, least, values.get(name, 0.0)) or 1.0
    return nn.ModuleDict({name: MapScale(value) for name, value in values.items() if name})


def _input_maps(architecture: Architecture) -> dict[str, str]:
    """By layer, the map that it reads ("fire2", also through a pool), "" for the pixels."""
    reads, entering, stage = {}, "", -1
    written = ""
    for layer in _convolutions(architecture):
        if layer.stage != stage:
            entering, stage = written, layer.stage
        expands = layer.kind in (LayerKind.EXPAND1X1, LayerKind.EXPAND3X3)
        reads[layer.name] = f"{fire_name(layer)}/squeeze" if expands else entering
        written = fire_name(layer)
    return reads


def _output_map(layer: Layer) -> str:
    """The map that a layer writes: both expands of a Fire write the Fire's."""
    expands = layer.kind in (LayerKind.EXPAND1X1, LayerKind.EXPAND3X3)
    return fire_name(layer) if expands else layer.name


def _convolutions(architecture: Architecture) -> list[Layer]:
    return [layer for layer in architecture.layers() if layer.is_convolution]


def _pixels(architecture: Architecture, x: torch.Tensor) -> torch.Tensor:
    """The pixels 0..255, RGB or grey, of what the network sees, [N, C, H, W]."""
    preprocessing = architecture.preprocessing
    mean = torch.tensor(preprocessing.mean).view(-1, 1, 1)
    std = torch.tensor(preprocessing.std).view(-1, 1, 1)
    pixels = ((x.float() * std + mean) / preprocessing.scale).round().clamp(0, 255)
    return pixels.flip(1) if preprocessing.order == "bgr" else pixels
