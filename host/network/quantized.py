"""Quantized networks: the integers and shapes that golden model and hardware compute with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import FirelineError
from .architecture import Architecture, Layer, LayerKind
from .exponent_groups import exponent_group_count, exponent_group_index, input_segments
from .stage import Bypass, Fire, check_integer

MULTIPLIER_BITS = 8
"""Bits of the requantization multipliers that quantization chooses; the format has room for 12."""
CODES = {4: (-8, 7), 8: (-128, 127)}
"""Least and greatest code of a weight, by its bits."""
TENSORS = {"codes": "int8", "exponents": "uint8", "bias": "int32", "multiplier": "uint16"}
"""The arrays of a QuantizedConv and their types."""


@dataclass(frozen=True, eq=False)
class QuantizedConv:
    """One convolution in integers, with its requantization.

    ``y = min((max(acc + bias, 0) * multiplier + (1 << (shift - 1))) >> shift, maximum)`` of
    ``acc = sum(effective weight * activation)``. Raises FirelineError when a value is out of
    range or the shapes do not agree. The arrays are read-only copies.
    """

    name: str  # of the layer
    bits: int  # 4 or 8: codes -8..7 or -128..127
    codes: np.ndarray  # int8 [cout, cin, k, k]
    exponents: np.ndarray  # uint8 [cout, taps, groups], 0..3; one tap for conv1; 0 with 8 bits
    bias: np.ndarray  # int32 [cout], in units of the accumulator
    multiplier: np.ndarray  # uint16 [cout], 0..4095
    shift: int  # 1..31
    maximum: int  # 255, or 65535 for the classifier
    segments: tuple[int, ...]  # lengths of the input's segments; conv1: (k * k * cin,)

    def __post_init__(self) -> None:
        where = f"layer {self.name}"
        for name, dtype in TENSORS.items():
            value = getattr(self, name)
            if not isinstance(value, np.ndarray) or value.dtype != dtype:
                raise FirelineError(f"{where}: {name} must be an array of {dtype}")
            value = np.array(value, order="C")
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        if self.codes.ndim != 4 or 0 in self.codes.shape:
            raise FirelineError(f"{where}: codes have shape {self.codes.shape}; use 4 dimensions")
        outputs, inputs, kernel, _ = self.codes.shape
        window = inputs * kernel**2 if self.is_conv1 else inputs
        if min(self.segments, default=0) < 1 or sum(self.segments) != window:
            raise FirelineError(f"{where}: segments {self.segments} do not add up to {window}")
        taps = 1 if self.is_conv1 else kernel**2
        groups = exponent_group_count(self.segments)
        for name, shape in {
            "codes": (outputs, inputs, kernel, kernel),
            "exponents": (outputs, taps, groups),
            "bias": (outputs,),
            "multiplier": (outputs,),
        }.items():
            found = getattr(self, name).shape
            if found != shape:
                raise FirelineError(f"{where}: {name} has shape {found} instead of {shape}")
        if self.bits not in CODES:
            raise FirelineError(f"{where}: {self.bits!r} bits; use 4 or 8")
        _check_range(where, "codes", self.codes, *CODES[self.bits])
        _check_range(where, "exponents", self.exponents, 0, 3 if self.bits == 4 else 0)
        _check_range(where, "multiplier", self.multiplier, 0, 4095)
        check_integer(where, "shift", self.shift, 1, 31)
        if self.maximum not in (255, 65535):
            raise FirelineError(f"{where}: maximum is {self.maximum!r}; use 255 or 65535")

    @property
    def is_conv1(self) -> bool:
        """Whether the groups run over the flattened window instead of the channels."""
        return self.name == "conv1"

    @property
    def memory_bits(self) -> int:
        """Bits of the codes and of the exponents, as many of each as the greatest needs."""
        exponent = int(self.exponents.max()).bit_length()
        return self.codes.size * self.bits + self.exponents.size * exponent

    def effective_weights(self) -> np.ndarray:
        """``codes << exponents``, int16 [cout, cin, k, k]."""
        exponents = self.exponents[:, :, exponent_group_index(self.segments)]
        outputs, inputs, kernel, _ = self.codes.shape
        exponents = exponents.reshape(outputs, kernel, kernel, inputs).transpose(0, 3, 1, 2)
        return self.codes.astype(np.int16) << exponents


@dataclass(frozen=True)
class Skip:
    """Brings a bypass to its Fire's output scale: ``(skip * multiplier + half) >> shift``."""

    multiplier: int  # 0..255
    shift: int  # 1..15

    def __post_init__(self) -> None:
        check_integer("bypass", "multiplier", self.multiplier, 0, 255)
        check_integer("bypass", "shift", self.shift, 1, 15)


@dataclass(frozen=True, eq=False)
class QuantizedNetwork:
    """A network that golden model, compiler and hardware compute alike.

    Raises FirelineError when a part is lacking, out of range or does not fit the architecture.
    """

    architecture: Architecture
    pad_value: tuple[int, ...]  # the pixel around the picture where conv1 pads, 0..255 a channel
    convs: Mapping[str, QuantizedConv]  # by layer name
    skips: Mapping[str, Skip]  # by Fire ("fire3"), of the Fires that have a bypass
    score_scale: float  # float logit = score * score_scale; above zero
    class_names: tuple[str, ...] = ()  # one a class, or none at all
    notes: Mapping[str, str | float | int] = field(default_factory=dict)  # for people to read

    def __post_init__(self) -> None:
        object.__setattr__(self, "convs", dict(self.convs))
        object.__setattr__(self, "skips", dict(self.skips))
        object.__setattr__(self, "notes", dict(self.notes))
        architecture = self.architecture
        where = f"network {architecture.name}"
        if len(self.pad_value) != architecture.channels:
            raise FirelineError(f"{where}: pad_value needs {architecture.channels} values")
        for value in self.pad_value:
            check_integer(where, "pad_value", value, 0, 255)
        layers = {layer.name: layer for layer in architecture.layers() if layer.is_convolution}
        _check_names(where, "layers", self.convs, layers)
        for name, layer in layers.items():
            _check_conv(self.convs[name], architecture, layer)
        _check_names(where, "bypasses", self.skips, bypassed_fires(architecture))
        average = architecture.layers()[-1]
        if average.input_height * average.input_width * 65535 >= 1 << 32:
            raise FirelineError(
                f"{where}: scores over {average.input_height}x{average.input_width} pixels do not "
                "fit 32 bits; use more pools or a smaller input"
            )
        if type(self.score_scale) is not float or not 0 < self.score_scale < math.inf:
            raise FirelineError(f"{where}: score_scale is {self.score_scale!r}; use one above zero")
        if len(self.class_names) not in (0, architecture.classes) or not all(
            isinstance(name, str) for name in self.class_names
        ):
            raise FirelineError(f"{where}: use {architecture.classes} class names or none")
        for key, note in self.notes.items():
            number = type(note) in (int, float) and math.isfinite(note)
            if not isinstance(key, str) or not (number or isinstance(note, str)):
                raise FirelineError(f"{where}: note {key!r} is {note!r}; use text or a number")

    @property
    def weight_bits(self) -> int:
        """Bits of all weights in a memory, without the gaps that an array's width leaves."""
        return sum(conv.memory_bits for conv in self.convs.values())


def layer_maximum(layer: Layer) -> int:
    """The greatest output of a convolution: 255, or 65535 for the classifier."""
    return 65535 if layer.kind is LayerKind.CLASSIFIER else 255


def bypassed_fires(architecture: Architecture) -> dict[str, Fire]:
    """The Fires that have a bypass, by name ("fire3")."""
    names = {
        layer.stage: layer.name.partition("/")[0]
        for layer in architecture.layers()
        if layer.kind is LayerKind.SQUEEZE
    }
    return {
        name: architecture.stages[stage]
        for stage, name in names.items()
        if architecture.stages[stage].bypass is not Bypass.NONE
    }


def _check_conv(conv: QuantizedConv, architecture: Architecture, layer: Layer) -> None:
    where = f"layer {layer.name}"
    shape = (layer.output_channels, layer.input_channels, layer.kernel, layer.kernel)
    expected = {
        "name": layer.name,
        "maximum": layer_maximum(layer),
        "segments": input_segments(architecture, layer),
    }
    if conv.codes.shape != shape:
        raise FirelineError(f"{where}: codes have shape {conv.codes.shape} instead of {shape}")
    for what, value in expected.items():
        if getattr(conv, what) != value:
            raise FirelineError(f"{where}: {what} is {getattr(conv, what)!r} instead of {value!r}")


def _check_names(where: str, what: str, found: Mapping, wanted: Mapping) -> None:
    if set(found) != set(wanted):
        name = sorted(set(found) ^ set(wanted))[0]
        state = "lacks" if name in wanted else "does not have"
        raise FirelineError(f"{where}: {what}: the network {state} {name!r}; quantize it again")


def _check_range(where: str, what: str, values: np.ndarray, low: int, high: int) -> None:
    if values.min() < low or values.max() > high:
        raise FirelineError(
            f"{where}: {what} run from {values.min()} to {values.max()}; use {low} to {high}"
        )
