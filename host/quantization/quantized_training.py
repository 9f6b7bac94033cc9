"""A quantized network as a torch module: it computes the hardware's integers and can be trained."""

import math
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import nn

from ..float_network.fold import FoldedNetwork, pad, pad_value
from ..float_network.walk import fire_name, walk
from ..network.architecture import Architecture, Layer, LayerKind
from ..network.exponent_groups import input_segments
from ..network.quantized import CODES, QuantizedNetwork, Skip, bypassed_fires, layer_maximum
from .calibrate import Statistics
from .rounding import activation_scale
from .trainable_conv import TrainableConv, conv_scales, round_through

HEADROOM = 1.5  # of the classifier's range over what calibration shows
PIXEL_SCALE = (
    1 / 64
)  # what a pixel of 1 stands for, so that conv1's weights are learned like others
SCALE_RATE = 0.01  # relative change of a map's scale when its parameter changes by 1


class QuantizedTraining(nn.Module):
    """A network that computes the hardware's integers and can be trained.

    Learned are weights, biases and the scale of every map, which is the learned step size of Esser
    et al., "Learned Step Size Quantization", ICLR 2020. Multipliers, shifts and exponents stay as
    they were fitted at the start.

    In evaluation mode every integer is the golden model's. In training, values are float32 (or
    bfloat16 under autocast) and may differ in the last place.
    """

    def __init__(
        self,
        folded: FoldedNetwork,
        statistics: Statistics,
        bits: Mapping[str, int],
        exponent_max: int = 1,
        multiplier_bits: int = 8,
        clip: bool = True,
        map_scales: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """Rounds to the nearest integers, with scales that fit the statistics.

        ``bits`` has every convolution; groups of 4-bit weights have exponents 0..exponent_max (at
        most 3), multipliers ``multiplier_bits`` (at most 12). Scales have the least squared error,
        or without ``clip`` those that cover the greatest value; but maps have those of
        ``map_scales``, if it names them.
        """
        super().__init__()
        self.architecture = folded.architecture
        self.reads = input_maps(self.architecture)
        self.scales = _fit_scales(
            folded, statistics, self.reads, bits, multiplier_bits, clip, map_scales
        )
        self.convs = nn.ModuleDict()
        for layer in convolutions(self.architecture):
            read, written = self.scales_of(layer)
            weight = folded.weights[layer.name]
            if layer.kind is LayerKind.CONV1:
                weight = weight / PIXEL_SCALE
            segments = input_segments(self.architecture, layer)
            fit = conv_scales(
                weight,
                statistics.moments[layer.name],
                float(written.detach() / read.detach()),
                bits[layer.name],
                segments,
                exponent_max,
                multiplier_bits,
                clip,
            )
            self.convs[layer.name] = TrainableConv(
                layer.name,
                weight,
                folded.biases[layer.name],
                fit,
                bits[layer.name],
                segments,
                layer_maximum(layer),
            )
        self.eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised pixels [N, C, H, W] to logits [N, classes]: scores in units of float's."""
        x = walk(self.architecture, raw_pixels(self.architecture, x), self.convolve, self.join)
        return self.logits(x)

    def scores(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels 0..255, RGB or grey, float [N, C, H, W] to scores [N, classes]."""
        return walk(self.architecture, pixels, self.convolve, self.join).sum(
            (2, 3), dtype=torch.float64
        )

    def logits(self, classes: torch.Tensor) -> torch.Tensor:
        """Of the classifier's map [N, classes, H, W], in float's units [N, classes]."""
        classes = classes if self.training else classes.double()
        return classes.mean((2, 3)) * self.scales[self.architecture.layers()[-2].name]()

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
                    layer.name: self.convs[layer.name].quantized(*self.scales_of(layer))
                    for layer in convolutions(self.architecture)
                },
                skips={name: self._skip(name) for name in bypassed_fires(self.architecture)},
                score_scale=float(self.score_scale()),
            )

    def scales_of(self, layer: Layer) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the map that the layer reads, and of the one that it writes."""
        read = self.reads[layer.name]
        read_scale = self.scales[read]() if read else torch.tensor(PIXEL_SCALE)
        return read_scale, self.scales[output_map(layer)]()

    def scale_change(self, layer: Layer) -> nn.Parameter:
        """What training moves of the scale that a layer writes: 1 is SCALE_RATE of the scale."""
        return self.scales[output_map(layer)].change

    def convolve(self, layer: Layer, x: torch.Tensor) -> torch.Tensor:
        """A convolution's output, as ``walk`` wants it."""
        conv = self.convs[layer.name]
        x = pad(self.architecture, layer, x)
        return conv(x, layer.stride, *self.scales_of(layer))

    def join(self, name: str, expanded: torch.Tensor, skipped: torch.Tensor | None) -> torch.Tensor:
        """A Fire's output, as ``walk`` wants it."""
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
    clip: bool,
    map_scales: Mapping[str, float],
) -> nn.ModuleDict:
    """A scale for every map, great enough that no multiplier has to exceed its bits."""
    values: dict[str, float] = {"": 1.0}
    for layer in convolutions(folded.architecture):
        name = output_map(layer)
        samples = statistics.samples[name]
        if name in map_scales:
            fitted = map_scales[name]
        elif layer.kind is LayerKind.CLASSIFIER:
            fitted = HEADROOM * float(samples.max()) / layer_maximum(layer)
        else:
            fitted = activation_scale(samples, layer_maximum(layer), clip)
        unit = float(folded.weights[layer.name].abs().max()) / CODES[bits[layer.name]][1]
        least = unit * values[reads[layer.name]] * 2 / ((1 << multiplier_bits) - 1)
        values[name] = max(fitted, least, values.get(name, 0.0)) or 1.0
    return nn.ModuleDict({name: MapScale(value) for name, value in values.items() if name})


def input_maps(architecture: Architecture) -> dict[str, str]:
    """By layer, the map that it reads ("fire2", also through a pool), "" for the pixels."""
    reads, entering, stage = {}, "", -1
    written = ""
    for layer in convolutions(architecture):
        if layer.stage != stage:
            entering, stage = written, layer.stage
        expands = layer.kind in (LayerKind.EXPAND1X1, LayerKind.EXPAND3X3)
        reads[layer.name] = f"{fire_name(layer)}/squeeze" if expands else entering
        written = fire_name(layer)
    return reads


def output_map(layer: Layer) -> str:
    """The map that a layer writes: both expands of a Fire write the Fire's."""
    expands = layer.kind in (LayerKind.EXPAND1X1, LayerKind.EXPAND3X3)
    return fire_name(layer) if expands else layer.name


def convolutions(architecture: Architecture) -> list[Layer]:
    return [layer for layer in architecture.layers() if layer.is_convolution]


def raw_pixels(architecture: Architecture, x: torch.Tensor) -> torch.Tensor:
    """The pixels 0..255, RGB or grey, of what the network sees, [N, C, H, W]."""
    preprocessing = architecture.preprocessing
    mean = x.new_tensor(preprocessing.mean).view(-1, 1, 1)
    std = x.new_tensor(preprocessing.std).view(-1, 1, 1)
    pixels = ((x.float() * std + mean) / preprocessing.scale).round().clamp(0, 255)
    return pixels.flip(1) if preprocessing.order == "bgr" else pixels
