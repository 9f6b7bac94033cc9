"""The interface between compiler and hardware: frozen dataclasses without any Amaranth.

A *row operation* computes one output row of one program layer on the shared array. `ProgramLayer`
has what all rows of a layer share, `RowOperation` what changes from row to row. A `Program` is the
whole accelerator: shapes, ROM contents and the row operations of one frame, which repeat.
"""

from dataclasses import dataclass, field

QUEUE_DEPTH = 16
"""Places in the result queue between array and requantizer: the depth of a distributed RAM."""

STREAM_WORD_BITS = 16
"""Bits of a word of a streamed classifier's weights."""

STREAM_BURST_WORDS = 8
"""A class block is a multiple of this many words, because the SDRAM is read in bursts."""

ARRAY_SIDES = (4, 8, 16, 32)


@dataclass(frozen=True)
class ArrayShape:
    """`ci` input channels times `co` output channels a cycle.

    Both are powers of two: `ci` 4 to 16, `co` 4 to 32. Raises ValueError otherwise.
    """

    ci: int
    co: int

    def __post_init__(self):
        if self.ci not in ARRAY_SIDES[:-1] or self.co not in ARRAY_SIDES:
            raise ValueError(f"array {self}: CI is 4, 8 or 16 and CO is 4, 8, 16 or 32")

    def __str__(self):
        return f"{self.ci}x{self.co}"

    @property
    def products(self) -> int:
        """Multiply-accumulates a cycle."""
        return self.ci * self.co


@dataclass(frozen=True)
class WindowGeometry:
    """The frame and conv1's kernel.

    `pad_value` is the pixel outside the frame, one byte a channel.
    """

    channels: int
    height: int
    width: int
    kernel: int
    stride: int
    padding: int
    pad_value: tuple[int, ...]


@dataclass(frozen=True)
class PoolGeometry:
    """The windows of a max pool along either axis: `kernel` places each, every second place.

    The first one starts `padding` places before the map.
    """

    kernel: int
    """2 or 3."""
    padding: int
    """0 or 1."""
    overhangs: bool
    """Windows may end behind the map, except where the window before ends."""

    def ends(self, length: int) -> list[int]:
        """The place, on an axis of that length, at which each window is complete."""
        ends = range(self.kernel - 1 - self.padding, length + self.kernel - 1, 2)
        return sorted({min(end, length - 1) for end in ends if self.overhangs or end < length})


@dataclass(frozen=True)
class ProgramLayer:
    """One layer as the row operations see it; a Fire's two expands are one program layer.

    For each of the `columns` pixels of a row the array computes `pointwise_groups` output groups,
    each from `words` words in `pointwise_passes` passes, then `expand3x3_groups` output groups,
    each from the 3x3 neighbourhood, `words` words a tap, in `expand3x3_passes` passes.

    `pointwise_rom` and `expand3x3_rom` are the addresses of the first weight words, `parameters` is
    the address of the first channel parameters (beats).
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
    """Beats of the last pointwise group; every other output group has CO / `requantizer_lanes`."""
    expand3x3_beats: int
    """Beats of the last expand3x3 group."""
    parameters: int
    pointwise_shift: int
    expand3x3_shift: int
    scores: bool
    """The results have sixteen bits and go to the global average."""
    streamed: bool
    """A row operation computes one class block, whose weights are in a slot of the weight ROM; see
    `HeadGeometry`. Its `columns` are the pixels of all rows that it computes."""
    pool: PoolGeometry | None
    """The results pass through the max pool, with these windows."""
    pool_beats: int
    """Beats of a pixel at the pool's input."""
    pool_base: int
    """Address of the layer's first partial maximum (beats)."""
    store: bool
    """The row goes to the activation memory."""
    keep: bool
    """The row goes to the skip memory."""
    skip: bool
    """A row of the skip memory, scaled by `skip_multiplier` and `skip_shift`, is added."""
    skip_multiplier: int
    skip_shift: int


@dataclass(frozen=True)
class RowOperation:
    """One row of one program layer. Addresses count words of CI bytes."""

    layer: int
    """Index into `Program.layers`."""
    above: int
    centre: int
    below: int
    """Addresses of the input rows; `above` and `below` matter to an expand3x3 part only."""
    top: bool
    """There is no row above; the operation skips its taps."""
    bottom: bool
    """There is no row below."""
    write: int
    """Address of the output row in the activation memory; for scores, the first beat's number."""
    keep: int
    """Address of the output row in the skip memory."""
    skip: int
    """Address of the row of the skip memory that is added."""
    first: bool
    """The output row is the first one of its map."""
    last: bool
    """The output row is the last one of its map."""
    pool_begins: bool
    """The row is the first one of a window of the max pool."""
    pool_completes: bool
    """The row is the last one of a window of the max pool."""
    wait: int = 0
    """Idle cycles between the previous operation's last word and this one's first word."""


@dataclass(frozen=True)
class HeadGeometry:
    """A classifier whose weights are streamed into slots at the end of the weight ROM.

    The class blocks arrive in order, again and again, and fill the slots in turn.
    """

    blocks: int
    """Class blocks of CO classes."""
    words: int
    """Weight words of a class block."""
    slots: int
    """Class blocks that the weight ROM holds."""
    base: int
    """Address of the first slot."""
    stream_words: int
    """16-bit words of a class block in the stream; `hw/array/head_loader.py` has their order."""
    load_cycles: int
    """From the cycle in which a block is wanted to its last word, both counted; then the next one
    can be wanted."""
    check: int
    """CRC-32 of the bytes of all words, the low byte of each first."""

    @property
    def end(self) -> int:
        """The first address behind the slots."""
        return self.base + self.slots * self.words


@dataclass(frozen=True)
class Program:
    """Everything that the hardware is generated from."""

    array: ArrayShape
    window: WindowGeometry
    classes: int
    identifier: int
    """Identifies network and shapes."""
    requantizer_lanes: int
    """Channels that enter the requantizer each cycle."""
    accumulator_bits: int
    bias_bits: int
    multiplier_bits: int
    exponent_bits: int
    activation_words: int
    """Depth of the activation memory."""
    skip_words: int
    """Depth of the skip memory; 0: there is none."""
    pool_pixel_beats: int
    """Largest number of beats of a pixel at the pool's input."""
    pool_beats: int
    """Depth of the pool's memory of partial maxima; 0: there is no pool."""
    layers: tuple[ProgramLayer, ...]
    rows: tuple[RowOperation, ...]
    """The row operations of a frame, in order."""
    weights: tuple[int, ...] = field(repr=False)
    """ROM contents: words of a `WeightWord`, one a cycle."""
    parameters: tuple[int, ...] = field(repr=False)
    """ROM contents: the `ChannelParameters` of one beat a word."""
    head: HeadGeometry | None = None
    """None if the classifier's weights are on the chip."""

    def rows_of(self, layer: ProgramLayer) -> list[RowOperation]:
        """The row operations of a program layer, in order."""
        return [row for row in self.rows if self.layers[row.layer] is layer]

    @property
    def rom_words(self) -> int:
        """Depth of the weight ROM, slots included."""
        return self.head.end if self.head else len(self.weights)

    @property
    def score_parameters(self) -> int:
        """Address of the classifier's first channel parameters (beats)."""
        return next(layer.parameters for layer in self.layers if layer.scores)

    @property
    def score_beats(self) -> int:
        """Beats of all classes; a streamed classifier fills up its last class block."""
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
