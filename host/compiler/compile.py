"""A quantized network and an array in, the accelerator's program out, with proof that it works."""

import zlib
from dataclasses import dataclass, field, replace

import numpy as np

from ...errors import FirelineError
from ...hw.array.head_loader import stream_words
from ...hw.memory.rom import BANK_WORDS
from ...hw.program import ArrayShape, HeadGeometry, LayerDescriptor, Program, WindowGeometry
from ...hw.sdram.block_timing import BlockTiming
from ...hw.sdram.chip import BURST_WORDS, SdramCycles, SdramTiming
from ..network.architecture import Architecture, Bypass, Fire, MaxPool
from ..network.quantized import QuantizedConv, QuantizedNetwork
from . import layout
from .buffers import Map, StreamedHead, allocate, depth, stage_maps
from .schedule import RowTask, layer_shapes, place, schedule
from .streamed_head import Pace, stream
from .timing import FrameTiming, frame_timing, with_waits


@dataclass(frozen=True)
class Compiled:
    """A program with what is known of it before anything runs."""

    network: QuantizedNetwork
    program: Program
    timing: FrameTiming
    tasks: tuple[RowTask, ...] = field(repr=False)
    """The program's row operations by name."""
    streamed: StreamedHead | None = None
    """How the classifier is streamed, if it is."""
    head: bytes | None = field(default=None, repr=False)
    """Its weights, for the board's memory; see `hw/array/head_loader.py`."""

    @property
    def external_bytes(self) -> int:
        """Bytes that come from the board's memory each frame."""
        passes = sum(self.program.layers[row.layer].streamed for row in self.program.rows)
        return passes * self.program.head.stream_words * 2 if self.program.head else 0

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations a frame, taps on the padding counted."""
        return sum(layer.macs for layer in self.network.architecture.layers())

    @property
    def mac_passes(self) -> int:
        """The same, an 8-bit layer's two passes counted as two."""
        return sum(
            layer.macs * self.network.convs[layer.name].bits // 4
            for layer in self.network.architecture.layers()
            if layer.macs
        )

    @property
    def utilisation(self) -> float:
        """MAC passes by what the array could do in a frame's cycles."""
        return self.mac_passes / (self.timing.cycles * self.program.array.products)


def compile_network(
    network: QuantizedNetwork,
    array: ArrayShape,
    lanes: int | None = None,
    head: StreamedHead | None = None,
) -> Compiled:
    """Compiles for an array; `lanes` is the requantizer's width, by default as wide as pays.

    With `head` the classifier's weights are not on the chip but come in while the network runs.
    Raises FirelineError if the network cannot run on it.
    """
    architecture = network.architecture
    maps = stage_maps(architecture)
    buffers = allocate(architecture, array.ci, head)
    tasks = schedule(architecture)
    images = _RomBuilder(
        network, array, lanes or enough_requantizer_lanes(network, array), bool(head)
    )
    made = {name: images.layer(name, maps) for name, _ in layer_shapes(tasks)}
    streaming, image = _stream(images, head) if head else (None, None)
    if streaming:
        tasks = stream(tasks, buffers, _pace(streaming, made))
    layers = tuple(
        replace(made[name], columns=rows * made[name].columns) for name, rows in layer_shapes(tasks)
    )
    conv1 = architecture.stages[0]
    program = Program(
        array=array,
        window=WindowGeometry(
            architecture.channels,
            architecture.height,
            architecture.width,
            conv1.kernel,
            conv1.stride,
            conv1.padding,
            tuple(int(value) for value in network.pad_value),
        ),
        classes=architecture.classes,
        identifier=images.identifier(),
        requantizer_lanes=images.lanes,
        accumulator_bits=images.accumulator_bits,
        bias_bits=images.bias_bits,
        multiplier_bits=images.multiplier_bits,
        exponent_bits=images.exponent_bits,
        activation_words=depth(buffers.activations),
        skip_words=depth(buffers.skips),
        pool_row_beats=max((layer.pool_beats for layer in layers), default=0),
        pool_beats=images.pool_beats,
        layers=layers,
        rows=place(tasks, buffers, array.co // images.lanes),
        weights=tuple(images.weights),
        parameters=tuple(images.parameters),
        head=streaming,
    )
    program = with_waits(program)
    return Compiled(network, program, frame_timing(program), tasks, head, image)


def _pace(head: HeadGeometry, layers: dict[str, LayerDescriptor]) -> Pace:
    """An operation takes as long as its words, a few taps on the border more or less."""

    def cost(task: RowTask) -> int:
        layer, rows = layers[task.layer], len(task.batch) + 1
        taps = 9 if 0 < task.row < task.height - 1 else 6
        point = layer.pointwise_groups * layer.pointwise_passes
        wide = layer.expand3x3_groups * layer.expand3x3_passes * taps
        return rows * layer.columns * layer.words * (point + wide)

    return Pace(head.blocks, head.slots, head.load_cycles, cost)


def enough_requantizer_lanes(network: QuantizedNetwork, array: ArrayShape) -> int:
    """The fewest lanes, a power of two, with which no layer waits for the requantizer for long.

    A pixel's channels must pass in no more cycles than the array spends on it, so far as the
    memory's one word a cycle allows.
    """
    most = min(array.ci, array.co)
    lanes = 1
    for work in _work(network.architecture):
        convs = [network.convs[name] for name in work]
        words = sum(
            -(-len(conv.bias) // array.co) * -(-conv.codes[0].size // array.ci) * conv.bits // 4
            for conv in convs
        )
        outputs = sum(len(conv.bias) for conv in convs)
        while lanes < most and outputs > words * lanes:
            lanes *= 2
    return lanes


def _work(architecture: Architecture) -> list[list[str]]:
    """The convolutions by the layer of the program that computes them."""
    works: dict[str, list[str]] = {}
    for layer in architecture.layers():
        if layer.is_convolution:
            key = layer.name.split("/")[0] if "expand" in layer.name else layer.name
            works.setdefault(key, []).append(layer.name)
    return list(works.values())


def _stream(images: "_RomBuilder", head: StreamedHead) -> tuple[HeadGeometry, bytes]:
    """Where the groups of a streamed classifier go, and what is streamed.

    There are as many slots as the weight ROM's last bank has room for.
    """
    array, bits = images.array, images.exponent_bits
    groups = -(-images.network.architecture.classes // array.co)
    words, base = len(images.streamed) // groups, len(images.weights)
    if words > BANK_WORDS:
        raise FirelineError(
            f"{images.network.architecture.name} at {array}: {array.co} classes of the classifier "
            f"take {words} weight words, and {BANK_WORDS} at most can be streamed; try a larger "
            "--array, or keep the classifier on the chip"
        )
    room = -base % BANK_WORDS
    if room < words:
        base, room = base + room, BANK_WORDS
    size = stream_words(words, array, bits)
    image = layout.streamed_contents(images.streamed, groups, size, array, bits)
    memory = SdramCycles.of(SdramTiming(), head.clock_mhz)
    geometry = HeadGeometry(
        blocks=groups,
        words=words,
        slots=min(groups, room // words, head.slots or groups),
        base=base,
        stream_words=size,
        load_cycles=BlockTiming(size // BURST_WORDS, memory).block_cycles,
        check=zlib.crc32(image),
    )
    return geometry, image


class _RomBuilder:
    """Fills the ROMs, layer by layer, and measures how wide they must be."""

    def __init__(
        self,
        network: QuantizedNetwork,
        array: ArrayShape,
        lanes: int,
        streamed: bool,
    ):
        self.network, self.array, self.lanes = network, array, lanes
        convs = network.convs.values()
        ranges = [layout.accumulator_range(conv) for conv in convs]
        self.accumulator_bits = 1 + max(
            max((-low - 1).bit_length(), high.bit_length()) for low, high in ranges
        )
        self.bias_bits = 1 + max(
            int(np.where(conv.bias < 0, -1 - conv.bias, conv.bias).max()).bit_length()
            for conv in convs
        )
        self.multiplier_bits = max(
            1, max(int(conv.multiplier.max()).bit_length() for conv in convs)
        )
        self.exponent_bits = max(int(conv.exponents.max()).bit_length() for conv in convs)
        self.weights: list[int] = []
        self.parameters: list[int] = []
        self.streamed: list[int] | None = [] if streamed else None
        """The classifier's weights, if they are not on the chip."""
        self.pool_beats = 0
        """Beats of the partial rows of all maps that are pooled."""

    def layer(self, name: str, maps: tuple[Map, ...]) -> LayerDescriptor:
        """Adds a layer's images; returns its descriptor."""
        stages = {map.name: map for map in maps}
        made = stages.get(name.split("/")[0])
        fire = made and isinstance(made.stage, Fire) and name == made.name
        point = self.network.convs[f"{name}/expand1x1" if fire else name]
        wide = self.network.convs[f"{name}/expand3x3"] if fire else None
        bypass = name.endswith("/bypass")
        inputs, outputs, expand3x3_outputs = self._channels(name, maps, point)
        following = _following(maps, made) if made and name == made.name else None
        pool = following is not None and isinstance(following.stage, MaxPool)
        after = _following(maps, following) if pool else following
        skip = self.network.skips.get(name) if fire else None
        streamed = made is None and self.streamed is not None
        if streamed:  # whole groups
            outputs = np.append(outputs, np.full(-len(outputs) % self.array.co, -1))
        pool_base = self.pool_beats if pool else 0
        pool_beats = sum(map(self._beats, (outputs, expand3x3_outputs))) if pool else 0
        self.pool_beats += made.width // 2 * pool_beats if pool else 0
        rom = self.streamed if streamed else self.weights
        pointwise_rom, parameters = self._add(rom, point, inputs, outputs)
        expand3x3_rom = self._add(rom, wide, inputs, expand3x3_outputs)[0] if wide else 0
        return LayerDescriptor(
            name=name,
            window=point.is_conv1,
            columns=made.width if made else maps[-1].width,
            words=len(inputs),
            pointwise_groups=1 if streamed else -(-len(outputs) // self.array.co),
            pointwise_passes=point.bits // 4,
            expand3x3_groups=-(-len(expand3x3_outputs) // self.array.co),
            expand3x3_passes=wide.bits // 4 if wide else 0,
            pointwise_rom=pointwise_rom,
            expand3x3_rom=expand3x3_rom,
            pointwise_beats=self._beats(self._last_group(outputs)),
            expand3x3_beats=self._beats(self._last_group(expand3x3_outputs)) if wide else 0,
            parameters=parameters,
            pointwise_shift=point.shift,
            expand3x3_shift=wide.shift if wide else point.shift,
            scores=made is None,
            streamed=streamed,
            pool=pool,
            pool_beats=pool_beats,
            pool_base=pool_base,
            store=made is not None and not bypass,
            keep=bypass
            or bool(
                after and isinstance(after.stage, Fire) and after.stage.bypass is Bypass.SIMPLE
            ),
            skip=skip is not None,
            skip_multiplier=skip.multiplier if skip else 0,
            skip_shift=skip.shift if skip else 0,
        )

    def identifier(self) -> int:
        """CRC-32 of both ROMs and of what is streamed: tells networks' bitstreams apart."""
        text = ",".join(map(str, (*self.weights, *(self.streamed or ()), *self.parameters)))
        return zlib.crc32(text.encode())

    def _channels(self, name: str, maps: tuple[Map, ...], conv: QuantizedConv) -> tuple:
        """A layer's input words [words, ci], and its outputs: of a Fire, both expands' channels.

        Outputs are numbered as the convolution's own; -1 fills a word up.
        """
        ci, nothing = self.array.ci, np.arange(0)
        names, (stage, *part) = [map.name for map in maps], name.split("/")
        if stage not in names:
            return maps[-1].words(ci), np.arange(len(conv.bias)), nothing
        index = names.index(stage)
        made = maps[index]
        if part == ["squeeze"]:
            return maps[index - 1].words(ci), np.arange(len(conv.bias)), nothing
        if part == ["bypass"]:  # its channels must lie as the Fire's own
            return maps[index - 1].words(ci), made.words(ci).ravel(), nothing
        inputs = layout.padded_channels(
            sum(conv.segments), layout.exponent_group_starts(conv.segments), ci
        )
        point, *wide = made.outputs(ci)
        wide = np.maximum(wide[0] - made.stage.expand1x1, -1) if wide else nothing
        return inputs, point, wide

    def _add(
        self, rom: list[int], conv: QuantizedConv, inputs: np.ndarray, outputs: np.ndarray
    ) -> tuple[int, int]:
        """Appends a convolution's words; returns where its weights and its parameters start."""
        start = len(rom), len(self.parameters)
        rom += layout.weight_words(conv, inputs, outputs, self.array, self.exponent_bits)
        self.parameters += layout.parameter_words(
            conv, outputs, self.lanes, self.bias_bits, self.multiplier_bits
        )
        return start

    def _beats(self, outputs: np.ndarray) -> int:
        """Beats of a pixel's channels."""
        return -(-len(outputs) // self.lanes)

    def _last_group(self, outputs: np.ndarray) -> np.ndarray:
        """The channels of the last group."""
        return outputs[(len(outputs) - 1) // self.array.co * self.array.co :]


def _following(maps: tuple[Map, ...], made: Map) -> Map | None:
    index = maps.index(made) + 1
    return maps[index] if index < len(maps) else None
