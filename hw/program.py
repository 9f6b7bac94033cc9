"""What the compiler tells the hardware: plain, frozen descriptions, no Amaranth in them.

A *row operation* computes one output row of one layer on the shared array. All that is the same
for every row of a layer stands in its `ProgramLayer`; what changes from row to row stands in
the `RowOperation`. A `Program` is the whole accelerator: shapes, memory images and the cyclic list
of row operations of one frame.
"""

from dataclasses import dataclass, field

QUEUE_DEPTH = 16
"""Results that may be on their way from the array to the requantizer: a distributed RAM's depth."""

STREAM_WORD_BITS = 16
"""Bits of the words in which a streamed classifier's weights arrive."""

STREAM_BURST_WORDS = 8
"""A class block is a multiple of so many words: the memory that it lies in is read in bursts."""

ARRAY_SIDES = (4, 8, 16, 32)


@dataclass(frozen=True)
class ArrayShape:
    """`ci` input channels times `co` output channels a cycle, both powers of two."""

    ci: int
    co: int

    def __post_init__(self):
        if self.ci not in ARRAY_SIDES[:-1] or self.co not in ARRAY_SIDES:
            raise ValueError(f"array {self}: CI is 4, 8 or 16 and CO is 4, 8, 16 or 32")

    def __str__(self):
        return f"{self.ci}x{self.co}"

    @property
    def products(self) -> int:
        """Products a cycle."""
        return self.ci * self.co


@dataclass(frozen=True)
class WindowGeometry:
    """Pixels in, conv1 windows out: image and kernel of the first convolution.

    `pad_value` is the pixel that stands outside the image, one byte a channel.
    """

    channels: int
    height: int
    width: int
    kernel: int
    stride: int
    padding: int
    pad_value: tuple[int, ...]


@dataclass(frozen=True)
class ProgramLayer:
    """One layer as the row operations see it; a Fire's two expands are one layer.

    A row has `columns` pixels. For each pixel the array walks `pointwise_groups` groups of CO
    output channels, each over `words` words in `pointwise_passes` passes, then `expand3x3_groups`
    groups over the 3x3 neighbourhood, `words` words a tap, in `expand3x3_passes` passes. Weights
    start at `pointwise_rom` and `expand3x3_rom`, parameters at `parameters`.
    """

    name: str
    window: bool
    columns: int
    words: int
    pointwise_groups: int
    pointwise_passes: int
    expand3x3_groups: int
    expand3x3_passes: int
    pointwise_rom: int
    expand3x3_rom: int
    pointwise_beats: int
    """Beats of the last point group; every other group takes CO / lanes."""
    expand3x3_beats: int
    parameters: int
    pointwise_shift: int
    expand3x3_shift: int
    scores: bool
    """The results are sixteen bits wide and go to the global average."""
    streamed: bool
    """A row operation is one group of classes, whose weights lie in a slot of the ROM's tail; see
    `HeadGeometry`. Its `columns` are those of all the rows that it computes at once."""
    pool: bool
    """The results pass through the max pool."""
    pool_beats: int
    """Beats a pixel of what the pool takes in."""
    pool_base: int
    store: bool
    """The row goes to the activation memory."""
    keep: bool
    """The row goes to the skip memory."""
    skip: bool
    """A row of the skip memory is added."""
    skip_multiplier: int
    skip_shift: int


@dataclass(frozen=True)
class RowOperation:
    """One row of one layer. Addresses are in words of CI bytes."""

    layer: int
    above: int
    centre: int
    below: int
    top: bool
    """There is no row above: its taps are skipped."""
    bottom: bool
    write: int
    """Where the row goes; for scores, which beat of the classes is the first."""
    keep: int
    skip: int
    first: bool
    """First row of the map."""
    odd: bool
    last: bool
    wait: int = 0
    """Idle cycles between the last word of the operation before and the first of this one."""


@dataclass(frozen=True)
class HeadGeometry:
    """A classifier whose weights are streamed into the tail of the weight ROM, block by block.

    The `blocks` blocks of CO classes come in order, again and again, each as `stream_words` words
    of 16 bits (see `hw/array/class_block.py`), which become `words` weight words in one of the
    `slots` slots from address `base` on, used in turn. A block takes `load_cycles` from its being
    wanted to its last word, both counted; then the next one can be wanted. `check` is the CRC-32
    of all words' bytes, of each the lower one first.
    """

    blocks: int
    words: int
    slots: int
    base: int
    stream_words: int
    load_cycles: int
    check: int

    @property
    def end(self) -> int:
        """The first address behind the slots."""
        return self.base + self.slots * self.words


@dataclass(frozen=True)
class Program:
    """Everything that the hardware is generated from. One word of `weights` feeds one cycle."""

    array: ArrayShape
    window: WindowGeometry
    classes: int
    identifier: int
    requantizer_lanes: int
    """Channels that the requantizer takes a cycle."""
    accumulator_bits: int
    bias_bits: int
    multiplier_bits: int
    exponent_bits: int
    activation_words: int
    skip_words: int
    pool_row_beats: int
    pool_beats: int
    layers: tuple[ProgramLayer, ...]
    rows: tuple[RowOperation, ...]
    weights: tuple[int, ...] = field(repr=False)
    parameters: tuple[int, ...] = field(repr=False)
    head: HeadGeometry | None = None
    """None: the classifier's weights are on the chip like all others."""

    def rows_of(self, layer: ProgramLayer) -> list[RowOperation]:
        """A layer's row operations."""
        return [row for row in self.rows if self.layers[row.layer] is layer]

    @property
    def rom_words(self) -> int:
        """Addresses of the weight ROM, slots included."""
        return self.head.end if self.head else len(self.weights)

    @property
    def score_parameters(self) -> int:
        """Where the classifier's parameters start."""
        return next(layer.parameters for layer in self.layers if layer.scores)

    @property
    def score_beats(self) -> int:
        """Beats of all classes; streamed ones fill their last group up."""
        if self.head:
            return self.head.blocks * self.array.co // self.requantizer_lanes
        return -(-self.classes // self.requantizer_lanes)

    @property
    def score_bits(self) -> int:
        """Bits of a score: a sum of sixteen-bit values over all pixels of the classifier's map."""
        layers = (self.layers[row.layer] for row in self.rows if row.write == 0)
        pixels = sum(layer.columns for layer in layers if layer.scores)
        return (pixels * 0xFFFF).bit_length()

    @property
    def shifts(self) -> tuple[int, ...]:
        """The requantization shifts that occur, in rising order."""
        used = {layer.pointwise_shift for layer in self.layers}
        used |= {layer.expand3x3_shift for layer in self.layers if layer.expand3x3_groups}
        return tuple(sorted(used))

    @property
    def skip_shifts(self) -> tuple[int, ...]:
        """The shifts of skip values that occur, in rising order."""
        return tuple(sorted({layer.skip_shift for layer in self.layers if layer.skip}))

    @property
    def window_words(self) -> int:
        """Words of one conv1 window."""
        window = self.window
        return -(-window.kernel * window.kernel * window.channels // self.array.ci)
