"""A quantized network as a torch module: it computes the hardware's integers and can be trained."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

import torch
from torch import nn

from ..float_network.fold import FoldedNetwork, pad, pad_value
from ..float_network.walk import walk
from ..network.architecture import Architecture, Layer, LayerKind
from ..network.exponent_groups import input_segments
from ..network.quantized import QuantizedNetwork, Skip, layer_maximum
from .calibrate import Statistics
from .class_range import class_range
from .map_scales import MapScale, fit_map_scales
from .maps import convolutions, input_maps, skipped_maps
from .scale_search import conv_scales
from .straight_through import round_through
from .trainable_conv import TrainableConv

PIXEL_SCALE = 1 / 64  # value of a pixel of 1; it gives conv1's weights the size of other layers'


class QuantizedTraining(nn.Module):
    """A network that computes the hardware's integers and can be trained.

    Training changes the weights, the biases and the scale of every map. Multipliers, shifts and
    exponents stay as they were fitted.

    In evaluation mode, every integer equals the golden model's. In training mode, values are
    float32 (or bfloat16 under autocast) and may differ in the last place.
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
        """Rounds the float network to the nearest integers, with scales that fit the statistics.

        Parameters
            bits: 4 or 8 for every convolution, by layer name
            exponent_max: the exponents of 4-bit weights are 0..exponent_max, at most 3
            multiplier_bits: at most 12
            clip: whether scales have the least squared error or cover the greatest value
            map_scales: scales by map, in place of fitted ones
        """
        super().__init__()
        self.architecture = folded.architecture
        self.reads = input_maps(self.architecture)
        self.skipped = skipped_maps(self.architecture)
        classifier = self.architecture.classifier
        classes = class_range(
            statistics, classifier.name, self.architecture.last_relu, layer_maximum(classifier)
        )
        self.offset = classes.offset
        self.scales = fit_map_scales(
            folded, statistics, bits, multiplier_bits, clip, map_scales, classes
        )
        self.convs = nn.ModuleDict()
        for layer in convolutions(self.architecture):
            read, written = self.scales_of(layer)
            weight = folded.weights[layer.name]
            if layer.kind is LayerKind.CONV1:
                weight = weight / PIXEL_SCALE
            segments = input_segments(self.architecture, layer)
            fit = conv_scales(
                weight.numpy(),
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
                self.offset_of(layer),
            )
        self.eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised pixels [N, C, H, W] to logits [N, classes] in the float network's units."""
        x = walk(self.architecture, raw_pixels(self.architecture, x), self.convolve, self.join)
        return self.logits(x)

    def scores(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels 0..255, RGB or grey, float [N, C, H, W] to scores [N, classes]."""
        return walk(self.architecture, pixels, self.convolve, self.join).sum(
            (2, 3), dtype=torch.float64
        )

    def logits(self, classes: torch.Tensor) -> torch.Tensor:
        """The classifier's map [N, classes, H, W] to logits [N, classes] in float's units."""
        classes = classes if self.training else classes.double()
        scale = self.scale(self.architecture.classifier.output_map)
        return classes.mean((2, 3)) * scale - self.offset

    def score_scale(self) -> torch.Tensor:
        """The change of a float logit that a score of 1 stands for."""
        classifier = self.architecture.classifier
        pixels = classifier.output_height * classifier.output_width
        return self.scale(classifier.output_map) / pixels

    def network(self) -> QuantizedNetwork:
        """The integers that the module computes with."""
        with torch.no_grad():
            return QuantizedNetwork(
                architecture=self.architecture,
                pad_value=pad_value(self.architecture),
                convs={
                    layer.name: self.conv(layer).quantized(*self.scales_of(layer))
                    for layer in convolutions(self.architecture)
                },
                skips={fire: self._skip(fire) for fire in self.skipped},
                score_scale=float(self.score_scale()),
                score_offset=self.offset,
            )

    def conv(self, layer: Layer) -> TrainableConv:
        """The module that computes a convolution."""
        return cast(TrainableConv, self.convs[layer.name])

    def scale(self, name: str) -> torch.Tensor:
        """The real value that the integer 1 stands for in a map."""
        return self.scales[name]()

    def scales_of(self, layer: Layer) -> tuple[torch.Tensor, torch.Tensor]:
        """The scales of the map that the layer reads and of the map that it writes."""
        read = self.reads[layer.name]
        read_scale = self.scale(read) if read else torch.tensor(PIXEL_SCALE)
        return read_scale, self.scale(layer.output_map)

    def offset_of(self, layer: Layer) -> float:
        """What the layer's integers add to every real value: 0 but for the classifier."""
        return self.offset if layer.kind is LayerKind.CLASSIFIER else 0.0

    def scale_change(self, layer: Layer) -> nn.Parameter:
        """The parameter of the scale of the map that the layer writes."""
        return cast(MapScale, self.scales[layer.output_map]).change

    def convolve(self, layer: Layer, x: torch.Tensor) -> torch.Tensor:
        """A convolution's output, in the form that ``walk`` takes."""
        x = pad(self.architecture, layer, x)
        return self.conv(layer)(x, layer.stride, *self.scales_of(layer))

    def join(self, name: str, expanded: torch.Tensor, skipped: torch.Tensor | None) -> torch.Tensor:
        """A Fire's output, in the form that ``walk`` takes."""
        if skipped is None:
            return expanded
        multiplier, shift = self._skip_factor(name)
        return (expanded + round_through(skipped * (multiplier * 2.0**-shift))).clamp(max=255)

    def _skip_factor(self, fire: str) -> tuple[torch.Tensor, int]:
        """Integer multiplier and shift that convert the skipped map to the Fire's scale."""
        factor = self.scale(self.skipped[fire]) / self.scale(fire)
        shift = min(max(math.floor(math.log2(255 / factor.item())), 1), 15)
        return round_through(factor * 2**shift).clamp(0, 255), shift

    def _skip(self, fire: str) -> Skip:
        multiplier, shift = self._skip_factor(fire)
        return Skip(int(multiplier), shift)


def raw_pixels(architecture: Architecture, x: torch.Tensor) -> torch.Tensor:
    """The inverse of ``normalise``: normalised [N, C, H, W] to pixels 0..255, RGB or grey."""
    preprocessing = architecture.preprocessing
    mean = x.new_tensor(preprocessing.mean).view(-1, 1, 1)
    std = x.new_tensor(preprocessing.std).view(-1, 1, 1)
    pixels = ((x.float() * std + mean) / preprocessing.scale).round().clamp(0, 255)
    return pixels.flip(1) if preprocessing.order == "bgr" else pixels
