"""The cycle model: the cycle of every word and of every pixel written, equal to the hardware's.

Only the issuer waits; everything behind it has a fixed latency (`hw/latency.py`). So recurrences
over the output groups, one per pixel and CO channels, give every cycle. For a group whose last word
is issued in cycle t, and which makes n beats:

    t                   last word
    q = t + load        the sums leave the result queue, if the group before is through
    q + n               the next group's sums may leave it
    q + beat            first beat
    q + beat + n - 1    last beat
    ... + write         the pixel can be read from its memory

Words follow each other without gaps, except that the issuer waits

- before an operation's first word: until the operation is fetched, and for its idle cycles (`wait`)
- before a conv1 window's first word: until the line buffer has pushed the window's last pixel
- before a class block's first word, if the classifier is streamed: until the block is loaded, which
  begins when an earlier operation gives back a slot
- before a frame's first word of the classifier: until the previous frame's scores are sent
- before a group's last word: until the result `QUEUE_DEPTH` groups earlier has left the queue
"""

from collections import deque
from dataclasses import dataclass, replace
from functools import cached_property

from ...hw.array.head_loader import HeadLoader
from ...hw.array.line_buffer import LineBuffer, pushes_before
from ...hw.latency import Latency
from ...hw.lib.skid_buffer import SkidBuffer
from ...hw.output.average import cycles_to_send
from ...hw.program import QUEUE_DEPTH, HeadGeometry, Program, ProgramLayer, RowOperation

RUNS_AHEAD = SkidBuffer.DEPTH + 1
"""Runs that the walker makes ahead of the last words: in its skid buffer and in the issuer."""


@dataclass(frozen=True)
class FrameTiming:
    """Cycles of a frame if every pixel and every class block is in time and no score is stalled."""

    cycles: int
    """From one frame's last beat to the next frame's, frames back to back."""
    latency: int
    """From the first cycle after reset to the first frame's last score, both counted."""
    operations: tuple[tuple[int, int], ...]
    """Cycles of the first and last word of each row operation, from the frame's first word on."""


def with_waits(program: Program) -> Program:
    """The program with the least idle cycles that keep each read behind its write.

    They are computed for pixels and class blocks that are always there: waiting for these only
    delays reads further. The second round times the frame's start behind another frame's end.
    """
    model = _CycleModel(program, inputs=False)
    waits = [0] * len(program.rows)
    for _ in range(2):
        for index, row in enumerate(program.rows):
            waits[index] = max(waits[index], model.least_wait(row))
            model.run(replace(row, wait=waits[index]))
    rows = tuple(replace(row, wait=wait) for row, wait in zip(program.rows, waits, strict=True))
    return replace(program, rows=rows)


def frame_timing(program: Program) -> FrameTiming:
    """The timing of a program; the frame rate is that of the third of three frames."""
    model = _CycleModel(program, inputs=True)
    last_beats, sent = [], []
    spans: list[tuple[int, int]] = []
    for _ in range(3):
        spans = [model.run(row) for row in program.rows]
        last_beats.append(model.last_beat)
        sent.append(model.end_frame())
    origin = spans[0][0]
    return FrameTiming(
        cycles=last_beats[2] - last_beats[1],
        latency=sent[0],
        operations=tuple((start - origin, end - origin) for start, end in spans),
    )


@dataclass(frozen=True)
class _OutputGroup:
    """An output group at one pixel: the words of each of its runs, and the beats it makes."""

    runs: tuple[int, ...]
    beats: int

    @cached_property
    def words(self) -> int:
        return sum(self.runs)


class _CycleModel:
    """Times one operation after the other. Cycle 0 is the first one after reset.

    Without `inputs`, pixels and class blocks are always there.
    """

    def __init__(self, program: Program, *, inputs: bool) -> None:
        self.program, self.latency = program, Latency.of(program)
        self.windows = _Windows(program) if inputs else None
        self.blocks = _ClassBlocks(program.head) if inputs and program.head else None
        self.taken = -1  # the cycle in which the walker takes the operation
        self.last_run_made = 0  # the cycle in which the walker makes its last run
        # Cycles of the last words of the latest `RUNS_AHEAD` + 1 runs.
        self.run_ends = deque([-2] * (RUNS_AHEAD + 1), RUNS_AHEAD + 1)
        self.queue_exits = deque([-1] * QUEUE_DEPTH, QUEUE_DEPTH)  # of the last results
        self.next_exit = 0  # the first cycle in which another result may leave the queue
        self.last_beat = -1
        self.scores_free = 0  # the first cycle in which the next frame's scores may begin
        self.activations: dict[int, list[int]] = {}  # by address: when each pixel can be read
        self.skips: dict[int, list[int]] = {}
        self._groups_by_shape: dict[tuple, list[_OutputGroup]] = {}

    @property
    def issued(self) -> int:
        """The cycle of the latest word."""
        return self.run_ends[-1]

    def run(self, row: RowOperation) -> tuple[int, int]:
        """Issues a row operation at the earliest; returns the cycles of its first and last word."""
        layer = self.program.layers[row.layer]
        self.taken = max(self.taken + self.latency.fetch, self.last_run_made + 1)
        earliest = max(self.issued + 1 + row.wait, self.taken + self.latency.start)
        if self.blocks and layer.streamed:
            earliest = max(earliest, self.blocks.ready)
        if layer.scores and row.first and row.write == 0:
            earliest = max(earliest, self.scores_free)
        start, runs, pixel_ends = None, 0, []
        for column in range(layer.columns):
            if self.windows and layer.window:
                earliest = max(earliest, self.windows.ready)
            for group in self._groups(row, layer, column):
                first = max(self.issued + 1, earliest)
                start = first if start is None else start
                runs += len(group.runs)
                self._issue(group, first)
            pixel_ends.append(self.last_beat)
            if self.windows and layer.window:
                self.windows.take(self.issued)
        if self.blocks and layer.streamed:
            self.blocks.take(self.issued)
        made = self.taken + self.latency.run - 1 + min(runs, RUNS_AHEAD)
        self.last_run_made = max(made, self.run_ends[0] + 1)
        self._write(row, layer, pixel_ends)
        assert start is not None
        return start, self.issued

    def _issue(self, group: _OutputGroup, first: int) -> None:
        """Issues a group's words from cycle `first` on; its result leaves the queue as beats."""
        credit = self.queue_exits[0] + self.latency.credit
        last = max(first + group.words - 1, credit)
        for words in group.runs[:-1]:
            first += words
            self.run_ends.append(first - 1)
        self.run_ends.append(last)
        queue_exit = max(last + self.latency.load, self.next_exit)
        self.queue_exits.append(queue_exit)
        self.next_exit = queue_exit + group.beats
        self.last_beat = queue_exit + self.latency.beat + group.beats - 1

    def end_frame(self) -> int:
        """Sends the frame's scores; returns the first cycle after the last one."""
        sending = cycles_to_send(self.program.classes, self.program.requantizer_lanes)
        self.scores_free = self.last_beat + self.latency.score + sending
        return self.scores_free

    def least_wait(self, row: RowOperation) -> int:
        """The least idle cycles before the operation with which all that it reads is written."""
        layer = self.program.layers[row.layer]
        inputs = [] if layer.window else [self._batch_pixels(row.centre, layer)]
        if layer.expand3x3_groups:
            inputs += [] if row.top else [self.activations[row.above]]
            inputs += [] if row.bottom else [self.activations[row.below]]
        start, offset = self.issued + 1, 0
        for column in range(layer.columns):
            groups = self._groups(row, layer, column)
            read = offset + self.latency.read  # of the column's first word, in cycles after `start`
            rightmost = min(column + 1, layer.columns - 1) if layer.expand3x3_groups else column
            start = max([start, *(written[rightmost] - read for written in inputs)])
            if layer.skip:
                beat = offset + groups[0].words + self.latency.load + self.latency.beat - 1
                start = max(start, self.skips[row.skip][column] - beat)
            offset += sum(group.words for group in groups)
        return start - self.issued - 1

    def _batch_pixels(self, address: int, layer: ProgramLayer) -> list[int]:
        """When each pixel from an address on can be read; a batch is several rows side by side."""
        ready: list[int] = []
        while len(ready) < layer.columns:
            ready += self.activations[address + len(ready) * layer.words]
        return ready

    def _write(self, row: RowOperation, layer: ProgramLayer, pixel_ends: list[int]) -> None:
        """Notes when each pixel that the operation writes can be read.

        A pool's pixel is written with the last column of its window, in a row that completes it.
        """
        if layer.pool:
            if not row.pool_completes:
                return
            pixel_ends = [pixel_ends[column] for column in layer.pool.ends(layer.columns)]
        ready = [beat + self.latency.write for beat in pixel_ends]
        if layer.store:
            self.activations[row.write] = ready
        if layer.keep:
            self.skips[row.keep] = ready

    def _groups(self, row: RowOperation, layer: ProgramLayer, column: int) -> list[_OutputGroup]:
        """The output groups at one pixel of a row, in order; taps beyond the map are skipped."""
        first, last = column == 0, column == layer.columns - 1
        shape = (row.layer, row.top, row.bottom, first, last)
        if shape not in self._groups_by_shape:
            beats = self.program.array.co // self.program.requantizer_lanes
            pointwise = (layer.words,) * layer.pointwise_passes
            kernel_row = (3 - first - last) * layer.words
            expand3x3 = (kernel_row,) * ((3 - row.top - row.bottom) * layer.expand3x3_passes)
            self._groups_by_shape[shape] = [
                _OutputGroup(runs, last_beats if number == groups - 1 else beats)
                for runs, groups, last_beats in (
                    (pointwise, layer.pointwise_groups, layer.pointwise_beats),
                    (expand3x3, layer.expand3x3_groups, layer.expand3x3_beats),
                )
                for number in range(groups)
            ]
        return self._groups_by_shape[shape]


class _ClassBlocks:
    """The class blocks of a streamed classifier, as `HeadLoader` and its reader time them."""

    def __init__(self, head: HeadGeometry) -> None:
        self.load_cycles = head.load_cycles
        self.reader_free = 0  # the first cycle in which the reader can begin another block
        self.loaded: deque[int] = deque()
        for _ in range(head.slots):
            self._load(0)

    @property
    def ready(self) -> int:
        """The first cycle in which the next block can be used."""
        return self.loaded[0]

    def take(self, cycle: int) -> None:
        """The block is used for the last time in `cycle`; its slot is free in the next one."""
        self.loaded.popleft()
        self._load(cycle + 1)

    def _load(self, wanted: int) -> None:
        self.reader_free = max(self.reader_free, wanted) + self.load_cycles
        self.loaded.append(self.reader_free - 1 + HeadLoader.LATENCY)


class _Windows:
    """The line buffer's timing, see `LineBuffer`; a pixel is there whenever it wants one."""

    def __init__(self, program: Program) -> None:
        window = program.window
        pushes = pushes_before(
            window.height, window.width, window.kernel, window.stride, window.padding
        )
        self.first, self.trailing = pushes[0], pushes[-1]
        self.pushes = pushes[:-1]
        self.number = 0
        # The first window is complete one cycle earlier than later ones. The first pixel passes a
        # skid buffer; padding in front of it hides that latency.
        self.moved = self.first + (0 if window.padding else SkidBuffer.LATENCY)
        self.taken = -1  # the cycle in which the window before was used for the last time

    @property
    def ready(self) -> int:
        """The first cycle in which the next window can be used."""
        return self.moved + LineBuffer.LATENCY - 1

    def take(self, cycle: int) -> None:
        """The window is used for the last time in `cycle`."""
        self.number += 1
        if self.number == len(self.pushes):
            self.number, pushes = 0, self.trailing + self.first
        else:
            pushes = self.pushes[self.number]
        self.moved = max(self.moved + 1 + pushes, self.taken + 1)
        self.taken = cycle
