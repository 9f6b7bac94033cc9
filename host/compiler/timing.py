"""The cycle model: when each word is issued and each row is written, exactly as the hardware does.

Only the issue ever waits, so a few recurrences over the groups of output channels give every cycle:

- a word follows the one before, once its operation was fetched and its idle cycles are over;
- conv1's words wait for their window, which waits for pixels and for the window before;
- a streamed classifier's operation waits for its weights, which come group by group as soon as an
  earlier operation has left a slot to them;
- a frame's first word of the classifier waits for the last scores of the frame before;
- a group's last word waits until the sixteenth result before it has left the result queue;
- a result leaves the queue when the one before has gone out, beat by beat.
"""

from collections import deque
from dataclasses import dataclass, replace
from functools import cached_property

from ...hw.array.head_loader import HeadLoader
from ...hw.array.line_buffer import pushes_before
from ...hw.latency import Latency
from ...hw.lib.skid_buffer import SkidBuffer
from ...hw.output.average import cycles_to_send
from ...hw.program import QUEUE_DEPTH, HeadGeometry, LayerDescriptor, Program, RowOperation


@dataclass(frozen=True)
class FrameTiming:
    """Cycles of a frame: pixels always at hand, scores taken at once."""

    cycles: int
    """From one frame's scores to the next one's, frames back to back."""
    latency: int
    """Of the first frame: from the first cycle after reset to its last score's, both counted."""
    operations: tuple[tuple[int, int], ...]
    """First and last word of each row operation, counted from the frame's first word."""


def with_waits(program: Program) -> Program:
    """The program with the least idle cycles that let every row be written before it is read.

    Waiting for pixels and weights only gives the rows more time, so they are worked out without.
    """
    model = _Model(program, inputs=False)
    waits = [0] * len(program.rows)
    for _ in range(2):
        for index, row in enumerate(program.rows):
            waits[index] = max(waits[index], model.least_wait(row))
            model.run(replace(row, wait=waits[index]))
    rows = tuple(replace(row, wait=wait) for row, wait in zip(program.rows, waits, strict=True))
    return replace(program, rows=rows)


def frame_timing(program: Program) -> FrameTiming:
    """Times three frames back to back."""
    model = _Model(program, inputs=True)
    ends, sent, spans = [], [], []
    for _ in range(3):
        spans = [model.run(row) for row in program.rows]
        ends.append(model.last_beat)
        sent.append(model.end_frame())
    origin = spans[0][0]
    return FrameTiming(
        cycles=ends[2] - ends[1],
        latency=sent[0],
        operations=tuple((start - origin, end - origin) for start, end in spans),
    )


@dataclass(frozen=True)
class _Group:
    """A group of output channels at one pixel: the words of its runs, and the beats it makes."""

    runs: tuple[int, ...]
    beats: int

    @cached_property
    def words(self) -> int:
        return sum(self.runs)


class _Model:
    """Times operations one after the other. Cycle 0 is the first one after reset.

    Without `inputs` pixels and streamed weights are always there.
    """

    def __init__(self, program: Program, *, inputs: bool):
        self.program, self.latency = program, Latency.of(program)
        self.shapes: dict[tuple, list[_Group]] = {}
        self.windows = _Windows(program) if inputs else None
        self.weights = _StreamedWeights(program.head) if inputs and program.head else None
        self.taken = -1  # when the operation was taken; the first one in cycle `fetch` - 1
        self.formed = 0  # when its last run was formed
        self.run_ends = deque([-2] * 4, 4)  # the last words of the last four runs
        self.loads = deque([-1] * QUEUE_DEPTH, QUEUE_DEPTH)  # when results left the queue
        self.free = 0  # when the next result may leave it
        self.last_beat = -1
        self.scores_free = 0  # the first cycle in which the next frame's scores can be begun
        self.rows: dict[int, list[int]] = {}  # at an address: when each pixel can be read
        self.skips: dict[int, list[int]] = {}

    @property
    def issued(self) -> int:
        """The cycle of the last word so far."""
        return self.run_ends[-1]

    def run(self, row: RowOperation) -> tuple[int, int]:
        """Issues a row operation as early as it can be; returns its first and last word's cycle."""
        latency, layer = self.latency, self.program.layers[row.layer]
        self.taken = max(self.taken + latency.fetch, self.formed + 1)
        earliest = max(self.issued + 1 + row.wait, self.taken + latency.start)
        if self.weights and layer.streamed:
            earliest = max(earliest, self.weights.ready)
        if layer.scores and row.first and row.write == 0:
            earliest = max(earliest, self.scores_free)
        start, runs, beats = earliest, 0, []
        for column in range(layer.columns):
            window = self.windows.ready if self.windows and layer.window else 0
            for group in self._groups(row, layer, column):
                first = max(self.issued + 1, earliest, window)
                start = first if not runs else start
                runs += len(group.runs)
                last = max(first + group.words - 1, self.loads[0] + latency.credit)
                for words in group.runs[:-1]:
                    first += words
                    self.run_ends.append(first - 1)
                self.run_ends.append(last)
                load = max(last + latency.load, self.free)
                self.loads.append(load)
                self.free = load + group.beats
                self.last_beat = load + latency.beat + group.beats - 1
            beats.append(self.last_beat)
            if self.windows and layer.window:
                self.windows.take(self.issued)
        if self.weights and layer.streamed:
            self.weights.take(self.issued)
        self.formed = max(self.taken + 1 + min(runs, 3), self.run_ends[0] + 1)
        self._write(row, layer, beats)
        return start, self.issued

    def end_frame(self) -> int:
        """Sends the frame's scores; returns the first cycle after its last one."""
        sending = cycles_to_send(self.program.classes, self.program.requantizer_lanes)
        self.scores_free = self.last_beat + self.latency.score + sending
        return self.scores_free

    def least_wait(self, row: RowOperation) -> int:
        """Idle cycles before the operation, for all that it reads to be there in time."""
        layer = self.program.layers[row.layer]
        inputs = [] if layer.window else [self._pixels(row.centre, layer)]
        if layer.expand3x3_groups:
            inputs += [] if row.top else [self.rows[row.above]]
            inputs += [] if row.bottom else [self.rows[row.below]]
        start, offset = self.issued + 1, 0
        for column in range(layer.columns):
            groups = self._groups(row, layer, column)
            read = offset + self.latency.read  # by the column's first word, after `start`
            seen = min(column + 1, layer.columns - 1) if layer.expand3x3_groups else column
            start = max([start, *(ready[seen] - read for ready in inputs)])
            if layer.skip:
                beat = offset + groups[0].words + self.latency.load + self.latency.beat - 1
                start = max(start, self.skips[row.skip][column] - beat)
            offset += sum(group.words for group in groups)
        return start - self.issued - 1

    def _pixels(self, address: int, layer: LayerDescriptor) -> list[int]:
        """When each pixel from there on can be read; a batch is several rows side by side."""
        ready = []
        while len(ready) < layer.columns:
            ready += self.rows[address + len(ready) * layer.words]
        return ready

    def _write(self, row: RowOperation, layer: LayerDescriptor, beats: list[int]) -> None:
        """Notes when each pixel that the operation leaves behind can be read."""
        if layer.pool:
            if not row.last and (row.odd or row.first):
                return
            beats = [
                beats[min(column + 2, len(beats) - 1)] for column in range(0, len(beats) - 1, 2)
            ]
        ready = [beat + self.latency.write for beat in beats]
        if layer.store:
            self.rows[row.write] = ready
        if layer.keep:
            self.skips[row.keep] = ready

    def _groups(self, row: RowOperation, layer: LayerDescriptor, column: int) -> list[_Group]:
        """The groups at one pixel of a row, in order."""
        first, last = column == 0, column == layer.columns - 1
        key = (row.layer, row.top, row.bottom, first, last)
        if key not in self.shapes:
            beats = self.program.array.co // self.program.requantizer_lanes
            point = (layer.words,) * layer.pointwise_passes
            wide = ((3 - first - last) * layer.words,) * (
                (3 - row.top - row.bottom) * layer.expand3x3_passes
            )
            self.shapes[key] = [
                _Group(runs, last_beats if number == groups - 1 else beats)
                for runs, groups, last_beats in (
                    (point, layer.pointwise_groups, layer.pointwise_beats),
                    (wide, layer.expand3x3_groups, layer.expand3x3_beats),
                )
                for number in range(groups)
            ]
        return self.shapes[key]


class _StreamedWeights:
    """The groups of a streamed classifier, as `HeadLoader` and its reader time them."""

    def __init__(self, head: HeadGeometry):
        self.load_cycles = head.load_cycles
        self.idle = 0  # the reader's first cycle without anything to do
        self.blocks: deque[int] = deque()
        for _ in range(head.slots):
            self._load(0)

    @property
    def ready(self) -> int:
        """The first cycle in which the next group can be used."""
        return self.blocks[0]

    def take(self, cycle: int) -> None:
        """The group is used for the last time in `cycle`."""
        self.blocks.popleft()
        self._load(cycle + 1)

    def _load(self, wanted: int) -> None:
        self.idle = max(self.idle, wanted) + self.load_cycles
        self.blocks.append(self.idle - 1 + HeadLoader.LATENCY)


class _Windows:
    """The line buffer, as its docstring times it, with a pixel at hand whenever it wants one."""

    def __init__(self, program: Program):
        window = program.window
        pushes = pushes_before(
            window.height, window.width, window.kernel, window.stride, window.padding
        )
        self.first, self.trailing = pushes[0], pushes[-1]
        self.pushes = pushes[:-1]
        self.number = 0
        # The first window is complete one cycle earlier. The first pixel comes through a buffer,
        # while the padding is pushed, if there is any.
        self.moved = self.first + (0 if window.padding else SkidBuffer.LATENCY)
        self.taken = -1

    @property
    def ready(self) -> int:
        """The first cycle in which the next window can be used."""
        return self.moved + 2

    def take(self, cycle: int) -> None:
        """The window is used for the last time in `cycle`."""
        self.number += 1
        if self.number == len(self.pushes):
            self.number, pushes = 0, self.trailing + self.first
        else:
            pushes = self.pushes[self.number]
        self.moved = max(self.moved + 1 + pushes, self.taken + 1)  # where the one before last was
        self.taken = cycle
