"""Quantized networks: the integers and shapes that golden model and hardware compute with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import FirelineError
from .architecture import Architecture, Layer, LayerKind
from .exponent_groups import exponent_group_count, exponent_group_index, input_segments
from .stage import Bypass, Fire, check_integer, is_number

MULTIPLIER_BITS = 8
"""Bits of the requantization multipliers that quantization chooses; the format allows 12."""
CODES = {4: (-8, 7), 8: (-128, 127)}
"""Least and greatest code of a weight, by its bits."""
TENSORS = {"codes": "int8", "exponents": "uint8", "bias": "int32", "multiplier": "uint16"}
"""The arrays of a QuantizedConv and their types."""


@dataclass(frozen=True, eq=False)
class QuantizedConv:
    """One convolution in integers, with its requantization.

    ``y = min((max(acc + bias, 0) * multiplier + (1 << (shift - 1))) >> shift, maximum)``, where
    ``acc = sum(effective weight * activation)``. The arrays are read-only copies. Raises
    FirelineError when a value is out of range or the shapes do not agree.
    """

    name: str  # of the layer
    bits: int  # 4 or 8: codes -8..7 or -128..127
    codes: np.ndarray  # int8 [cout, cin, k, k]
    exponents: np.ndarray  # uint8 [cout, taps, groups], 0..3; conv1: one tap; 8 bits: all 0
    bias: np.ndarray  # int32 [cout], in units of the accumulator
    multiplier: np.ndarray  # uint16 [cout], 0..4095
    shift: int  # 1..31
    maximum: int  # 255, or 65535 for the classifier
    segments: tuple[int, ...]  # lengths of the input's segments, as `input_segments` returns them

    def __post_init__(self) -> None:
        where = f"layer {self.name}"
        for name, dtype in TENSORS.items():
            value = getattr(self, name)
            if not isinstance(value, np.ndarray) or value.dtype != dtype:
                raise FirelineError(f"{where}: {name} is not an array of {dtype}; use one")
            value = np.array(value, order="C")
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        if self.codes.ndim != 4 or 0 in self.codes.shape:
            raise FirelineError(
                f"{where}: the shape of codes is {self.codes.shape}; use 4 dimensions above 0"
            )
        outputs, inputs, kernel, _ = self.codes.shape
        window = inputs * kernel**2 if self.is_conv1 else inputs
        if min(self.segments, default=0) < 1 or sum(self.segments) != window:
            raise FirelineError(
                f"{where}: segments are {self.segments}; use lengths with the sum {window}"
            )
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
                raise FirelineError(f"{where}: the shape of {name} is {found}; use {shape}")
        if self.bits not in CODES:
            raise FirelineError(f"{where}: bits is {self.bits!r}; use 4 or 8")
        _check_range(where, "codes", self.codes, *CODES[self.bits])
        _check_range(where, "exponents", self.exponents, 0, 3 if self.bits == 4 else 0)
        _check_range(where, "multiplier", self.multiplier, 0, 4095)
        check_integer(where, "shift", self.shift, 1, 31)
        if self.maximum not in (255, 65535):
            raise FirelineError(f"{where}: maximum is {self.maximum!r}; use 255 or 65535")

    @property
    def is_conv1(self) -> bool:
        """Whether exponent groups are cut from the flattened window, not from each tap."""
        return self.name == "conv1"

    @property
    def memory_bits(self) -> int:
        """Bits of all codes and exponents; each exponent has the bits that the greatest needs."""
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
    """Scales a skip to its Fire's output: ``(skip * multiplier + (1 << shift - 1)) >> shift``."""

    multiplier: int  # 0..255
    shift: int  # 1..15

    def __post_init__(self) -> None:
        check_integer("bypass", "multiplier", self.multiplier, 0, 255)
        check_integer("bypass", "shift", self.shift, 1, 15)


@dataclass(frozen=True, eq=False)
class QuantizedNetwork:
    """A network in integers, for which golden model and hardware compute the same scores.

    Raises FirelineError when a part is missing, out of range or does not fit the architecture.
    """

    architecture: Architecture
    pad_value: tuple[int, ...]  # RGB or grey pixel that conv1 pads the picture with, 0..255
    convs: Mapping[str, QuantizedConv]  # by layer name
    skips: Mapping[str, Skip]  # of the Fires with a bypass, by Fire ("fire3")
    score_scale: float  # above zero; see `logits`
    score_offset: float = 0.0  # the common offset of all logits; 0 with a last ReLU
    class_names: tuple[str, ...] = ()  # one per class, or none
    notes: Mapping[str, str | float | int] = field(default_factory=dict)  # for people

    def __post_init__(self) -> None:
        object.__setattr__(self, "convs", dict(self.convs))
        object.__setattr__(self, "skips", dict(self.skips))
        object.__setattr__(self, "notes", dict(self.notes))
        architecture = self.architecture
        where = f"network {architecture.name}"
        if len(self.pad_value) != architecture.channels:
            raise FirelineError(
                f"{where}: pad_value has {len(self.pad_value)} values; use {architecture.channels}"
            )
        for value in self.pad_value:
            check_integer(where, "pad_value", value, 0, 255)
        layers = {layer.name: layer for layer in architecture.layers() if layer.is_convolution}
        _check_names(where, "layer", self.convs, layers)
        for name, layer in layers.items():
            _check_conv(self.convs[name], architecture, layer)
        _check_names(where, "skip", self.skips, bypassed_fires(architecture))
        average = architecture.layers()[-1]
        if average.input_height * average.input_width * 65535 >= 1 << 32:
            raise FirelineError(
                f"{where}: scores of {average.input_height}x{average.input_width} pixels do not "
                "fit into 32 bits; use more pools or a smaller input"
            )
        if type(self.score_scale) is not float or not 0 < self.score_scale < math.inf:
            raise FirelineError(
                f"{where}: score_scale is {self.score_scale!r}; use a finite float above zero"
            )
        if type(self.score_offset) is not float or not math.isfinite(self.score_offset):
            raise FirelineError(
                f"{where}: score_offset is {self.score_offset!r}; use a finite float"
            )
        if architecture.last_relu and self.score_offset:
            raise FirelineError(
                f"{where}: score_offset is {self.score_offset!r}; use 0.0 with a last ReLU"
            )
        names = [name for name in self.class_names if _is_text(name)]
        if len(self.class_names) not in (0, architecture.classes) or len(names) < len(
            self.class_names
        ):
            raise FirelineError(
                f"{where}: {len(names)} class names for {architecture.classes} classes; "
                "use one text per class or none"
            )
        for key, note in self.notes.items():
            if not _is_text(key) or not (_is_text(note) or is_number(note)):
                raise FirelineError(f"{where}: note {key!r} is {note!r}; use text or a number")

    def logits(self, scores: np.ndarray) -> np.ndarray:
        """Scores as float logits: ``score * score_scale - score_offset``."""
        return scores * self.score_scale - self.score_offset

    @property
    def weight_bits(self) -> int:
        """Bits of all weights, without the padding that the width of an array's words adds."""
        return sum(conv.memory_bits for conv in self.convs.values())


def _is_text(value: object) -> bool:
    """Whether it is text that a file can hold: half of a surrogate pair has no encoding."""
    return isinstance(value, str) and not any("\ud800" <= each <= "\udfff" for each in value)


def layer_maximum(layer: Layer) -> int:
    """The greatest output of a convolution: 255, or 65535 for the classifier."""
    return 65535 if layer.kind is LayerKind.CLASSIFIER else 255


def bypassed_fires(architecture: Architecture) -> dict[str, Fire]:
    """The Fires that have a bypass, by name ("fire3")."""
    fires = {}
    for stage, layers in zip(architecture.stages, architecture.layers_by_stage(), strict=False):
        if isinstance(stage, Fire) and stage.bypass is not Bypass.NONE:
            fires[layers[LayerKind.SQUEEZE].stage_name] = stage
    return fires


def _check_conv(conv: QuantizedConv, architecture: Architecture, layer: Layer) -> None:
    where = f"layer {layer.name}"
    shape = (layer.output_channels, layer.input_channels, layer.kernel, layer.kernel)
    expected = {
        "name": layer.name,
        "maximum": layer_maximum(layer),
        "segments": input_segments(architecture, layer),
    }
    if conv.codes.shape != shape:
        raise FirelineError(f"{where}: the shape of codes is {conv.codes.shape}; use {shape}")
    for what, value in expected.items():
        if getattr(conv, what) != value:
            raise FirelineError(f"{where}: {what} is {getattr(conv, what)!r}; use {value!r}")


def _check_names(where: str, what: str, found: Mapping, wanted: Mapping) -> None:
    """Raises FirelineError unless both have the same keys."""
    if set(found) != set(wanted):
        name = sorted(set(found) ^ set(wanted))[0]
        state = "is missing" if name in wanted else "is not in the architecture"
        raise FirelineError(f"{where}: {what} {name!r} {state}; quantize the network again")


def _check_range(where: str, what: str, values: np.ndarray, low: int, high: int) -> None:
    if values.min() < low or values.max() > high:
        raise FirelineError(
            f"{where}: the values of {what} are {values.min()} to {values.max()}; "
            f"use {low} to {high}"
        )
