"""What the weight ROM and the parameter ROM hold, and how wide their fields must be."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ...hw.program import ArrayShape, PoolGeometry, ProgramLayer
from ..network.architecture import Layer, LayerKind
from ..network.quantized import QuantizedConv, QuantizedNetwork
from ..network.stage import MaxPool
from .plan import LayerPlan
from .rom_words import parameter_words, weight_words


class RomContents:
    """Both ROMs, filled layer by layer.

    Members
        weights, parameters: the words so far
        streamed: the weight words of a streamed classifier; None if it is on the chip
        pool_beats: beats of the partial rows of all maps that are pooled, so far
        accumulator_bits, bias_bits, multiplier_bits, exponent_bits: the least that hold every value
    """

    def __init__(
        self, network: QuantizedNetwork, array: ArrayShape, lanes: int, *, streamed: bool
    ) -> None:
        self.network, self.array, self.lanes = network, array, lanes
        convs = network.convs.values()
        ranges = [accumulator_range(conv) for conv in convs]
        self.accumulator_bits = max(2, _signed_bits(bound for pair in ranges for bound in pair))
        self.bias_bits = _signed_bits(
            int(bound) for conv in convs for bound in (conv.bias.min(), conv.bias.max())
        )
        self.multiplier_bits = max(
            1, max(int(conv.multiplier.max()).bit_length() for conv in convs)
        )
        self.exponent_bits = max(int(conv.exponents.max()).bit_length() for conv in convs)
        self.weights: list[int] = []
        self.parameters: list[int] = []
        self.streamed: list[int] | None = [] if streamed else None
        self.pool_beats = 0

    def add(self, layer: LayerPlan) -> ProgramLayer:
        """Appends a layer's words; returns the layer as the hardware sees it, for one row."""
        inputs, parameters = layer.source.words(self.array.ci), len(self.parameters)
        outputs, *expand3x3_outputs = layer.outputs(self.array.ci)
        rom, streamed = self.weights, False
        if layer.is_classifier and self.streamed is not None:
            rom, streamed = self.streamed, True
            outputs = np.append(outputs, np.full(-len(outputs) % self.array.co, -1))
        pointwise = self._part(rom, layer.pointwise, inputs, outputs)
        expand3x3 = replace(_NO_PART, shift=pointwise.shift)
        if layer.expand3x3:
            own = np.maximum(expand3x3_outputs[0] - layer.pointwise.output_channels, -1)
            expand3x3 = self._part(rom, layer.expand3x3, inputs, own)
        pool_base, pool_beats = 0, 0
        if layer.pool:
            pool_base, pool_beats = self.pool_beats, pointwise.beats + expand3x3.beats
            self.pool_beats += layer.pool.width * pool_beats
        skip = self.network.skips[layer.name] if layer.skip else None
        return ProgramLayer(
            name=layer.name,
            window=layer.kind is LayerKind.CONV1,
            columns=layer.output.width,
            words=len(inputs),
            pointwise_groups=1 if streamed else pointwise.groups,
            pointwise_passes=pointwise.passes,
            expand3x3_groups=expand3x3.groups,
            expand3x3_passes=expand3x3.passes,
            pointwise_rom=pointwise.rom,
            expand3x3_rom=expand3x3.rom,
            pointwise_beats=pointwise.last_group_beats,
            expand3x3_beats=expand3x3.last_group_beats,
            parameters=parameters,
            pointwise_shift=pointwise.shift,
            expand3x3_shift=expand3x3.shift,
            scores=layer.is_classifier,
            streamed=streamed,
            pool=_pool_geometry(layer.pooling),
            pool_beats=pool_beats,
            pool_base=pool_base,
            store=layer.is_stored,
            keep=layer.keep is not None,
            skip=skip is not None,
            skip_multiplier=skip.multiplier if skip else 0,
            skip_shift=skip.shift if skip else 0,
        )

    @property
    def identifier(self) -> int:
        """CRC-32 of all words, streamed ones included, and of pools that are not SqueezeNet's.

        It tells networks' bitstreams apart.
        """
        words = (*self.weights, *(self.streamed or ()), *self.parameters)
        pools = [stage for stage in self.network.architecture.stages if isinstance(stage, MaxPool)]
        unlike_squeezenet = [pool for pool in pools if pool != MaxPool()]
        return zlib.crc32(",".join(map(str, (*words, *unlike_squeezenet))).encode())

    def _part(
        self, rom: list[int], layer: Layer, inputs: np.ndarray, outputs: np.ndarray
    ) -> "_Part":
        """Appends a convolution's weight words and parameter words."""
        conv, start = self.network.convs[layer.name], len(rom)
        rom += weight_words(conv, inputs, outputs, self.array, self.exponent_bits)
        self.parameters += parameter_words(
            conv, outputs, self.lanes, self.bias_bits, self.multiplier_bits
        )
        groups = -(-len(outputs) // self.array.co)
        last = outputs[(groups - 1) * self.array.co :]
        beats, last_group_beats = (-(-len(part) // self.lanes) for part in (outputs, last))
        return _Part(start, groups, conv.bits // 4, beats, last_group_beats, conv.shift)


@dataclass(frozen=True)
class _Part:
    """One convolution of a program layer: where its weights start, and its counts for a pixel."""

    rom: int
    groups: int
    passes: int
    beats: int
    last_group_beats: int
    shift: int


_NO_PART = _Part(0, 0, 0, 0, 0, 0)


def _pool_geometry(pool: MaxPool | None) -> PoolGeometry | None:
    """A max pool's windows as the hardware sees them; with padding they overhang at the end too."""
    return PoolGeometry(pool.kernel, pool.padding, pool.ceil or pool.padding > 0) if pool else None


def accumulator_range(conv: QuantizedConv) -> tuple[int, int]:
    """The least and the greatest value that the accumulator can hold after any word.

    Activations are 0..255, so every partial sum lies between 255 times the sum of the negative
    weights and 255 times that of the positive ones. The nibbles of 8-bit weights count as terms of
    their own, because they are added in separate passes.
    """
    weights = conv.effective_weights().astype(np.int64).reshape(len(conv.bias), -1)
    terms = [weights & ~15, weights & 15] if conv.bits == 8 else [weights]
    low = np.sum([np.minimum(term, 0).sum(1) for term in terms], axis=0)
    high = np.sum([np.maximum(term, 0).sum(1) for term in terms], axis=0)
    return 255 * int(low.min()), 255 * int(high.max())


def _signed_bits(values: Iterable[int]) -> int:
    """Bits of a signed field that holds each of the values."""
    return 1 + max((value if value >= 0 else ~value).bit_length() for value in values)
