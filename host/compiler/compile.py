"""From a quantized network and an array to the accelerator's program and its cycles."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...hw.program import (
    STREAM_WORD_BITS,
    ArrayShape,
    HeadGeometry,
    Program,
    ProgramLayer,
    WindowGeometry,
)
from ..network.architecture import Layer
from ..network.quantized import QuantizedNetwork
from .addresses import row_operations
from .buffers import StreamedHead, allocate, depth
from .class_blocks import pack_classifier
from .plan import LayerPlan, Plan, plan_layers
from .rom_contents import RomContents
from .schedule import RowTask, layer_shapes, schedule
from .streamed_head import Pace, stream
from .timing import FrameTiming, frame_timing, with_waits


@dataclass(frozen=True)
class Compiled:
    """A program, and what is known about it before it runs."""

    network: QuantizedNetwork
    program: Program
    timing: FrameTiming
    tasks: tuple[RowTask, ...] = field(repr=False)
    """The program's row operations with layers and maps instead of addresses."""
    streamed: StreamedHead | None = None
    """How the classifier is streamed; None if it is on the chip."""
    class_blocks: bytes | None = field(default=None, repr=False)
    """The weights of a streamed classifier, as the SDRAM holds them; see `ClassBlock`."""

    @property
    def external_bytes(self) -> int:
        """Bytes that are streamed from the board's SDRAM each frame."""
        head = self.program.head
        if not head:
            return 0
        blocks = sum(self.program.layers[row.layer].streamed for row in self.program.rows)
        return blocks * head.stream_words * STREAM_WORD_BITS // 8

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a frame; taps on the padding count."""
        return sum(layer.macs for layer in self.network.architecture.layers())

    @property
    def mac_passes(self) -> int:
        """Multiply-accumulates of a frame; an 8-bit weight's count twice, one for each pass."""
        return sum(
            layer.macs * self.network.convs[layer.name].bits // 4
            for layer in self.network.architecture.layers()
            if layer.is_convolution
        )

    @property
    def utilisation(self) -> float:
        """MAC passes divided by what the array could do in a frame's cycles."""
        return self.mac_passes / (self.timing.cycles * self.program.array.products)


def compile_network(
    network: QuantizedNetwork,
    array: ArrayShape,
    lanes: int | None = None,
    head: StreamedHead | None = None,
) -> Compiled:
    """Compiles for an array with `lanes` requantizer lanes, by default as
    `enough_requantizer_lanes` says.

    With `head` the classifier's weights are streamed. Raises FirelineError if the network cannot
    run on the array.
    """
    plan = plan_layers(network.architecture)
    buffers = allocate(plan, array.ci, head)
    tasks = schedule(plan)
    lanes = lanes or enough_requantizer_lanes(plan, network, array)
    contents = RomContents(network, array, lanes, streamed=head is not None)
    layers = {layer: contents.add(layer) for layer, _ in layer_shapes(tasks)}
    geometry = blocks = None
    if head:
        geometry, blocks = pack_classifier(contents, head)
        tasks = stream(tasks, buffers, _pace(geometry, layers))
    shaped = tuple(
        replace(layers[layer], columns=rows * layers[layer].columns)
        for layer, rows in layer_shapes(tasks)
    )
    program = Program(
        array=array,
        window=_window_geometry(network, plan.conv1.pointwise),
        classes=network.architecture.classes,
        identifier=contents.identifier,
        requantizer_lanes=lanes,
        accumulator_bits=contents.accumulator_bits,
        bias_bits=contents.bias_bits,
        multiplier_bits=contents.multiplier_bits,
        exponent_bits=contents.exponent_bits,
        activation_words=depth(buffers.activations),
        skip_words=depth(buffers.skips),
        pool_pixel_beats=max((layer.pool_beats for layer in shaped), default=0),
        pool_beats=contents.pool_beats,
        layers=shaped,
        rows=row_operations(tasks, buffers, array.co // lanes),
        weights=tuple(contents.weights),
        parameters=tuple(contents.parameters),
        head=geometry,
    )
    program = with_waits(program)
    return Compiled(network, program, frame_timing(program), tasks, head, blocks)


def enough_requantizer_lanes(plan: Plan, network: QuantizedNetwork, array: ArrayShape) -> int:
    """The fewest requantizer lanes, a power of two, with which the array hardly waits for them.

    In every layer a pixel's channels pass in no more cycles than the array spends on the pixel,
    unless that takes more lanes than the CI channels of a memory word or the CO of an output group.
    """
    most = min(array.ci, array.co)
    lanes = 1
    for layer in plan.layers:
        convs = [network.convs[conv.name] for conv in layer.convolutions]
        cycles = sum(
            -(-len(conv.bias) // array.co) * -(-conv.codes[0].size // array.ci) * conv.bits // 4
            for conv in convs
        )
        outputs = sum(len(conv.bias) for conv in convs)
        while lanes < most and outputs > cycles * lanes:
            lanes *= 2
    return lanes


def _window_geometry(network: QuantizedNetwork, conv1: Layer) -> WindowGeometry:
    return WindowGeometry(
        conv1.input_channels,
        conv1.input_height,
        conv1.input_width,
        conv1.kernel,
        conv1.stride,
        conv1.padding,
        tuple(int(value) for value in network.pad_value),
    )


def _pace(head: HeadGeometry, layers: Mapping[LayerPlan, ProgramLayer]) -> Pace:
    """Estimates an operation's cycles as its words, with six taps of nine at the top and bottom."""

    def cost(task: RowTask) -> int:
        layer, rows = layers[task.layer], len(task.batch) + 1
        taps = 9 if 0 < task.row < task.height - 1 else 6
        pointwise = layer.pointwise_groups * layer.pointwise_passes
        expand3x3 = layer.expand3x3_groups * layer.expand3x3_passes * taps
        return rows * layer.columns * layer.words * (pointwise + expand3x3)

    return Pace(head.blocks, head.slots, head.load_cycles, cost)
