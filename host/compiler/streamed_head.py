"""The row schedule with a streamed classifier: how many rows an operation computes, and when.

The weights arrive as class blocks, each for a *batch*: as many rows of the classifier's input as
the chip keeps. The last batch of a frame is larger, because the buffers of earlier layers are free
by then. The operations of the earlier batches, one a block, go between the rows that the network
computes meanwhile, each to where its block has arrived.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .buffers import BatchBuffer, Buffers
from .schedule import Row, RowTask


@dataclass(frozen=True)
class Pace:
    """Estimated times that decide the order of operations; the result is correct with any.

    A batch takes `blocks` operations, one for each class block; `slots` blocks fit on the chip at
    once. A block's weights take `load` cycles to arrive; `cost` gives the cycles of an operation.
    """

    blocks: int
    slots: int
    load: int
    cost: Callable[[RowTask], int]


def stream(tasks: tuple[RowTask, ...], buffers: Buffers, pace: Pace) -> tuple[RowTask, ...]:
    """A frame's operations with the classifier's rows regrouped into batches and blocks.

    The others keep their order, except those that make the classifier's input: they wait until
    there is room for their row, while independent operations go on.
    """
    return tuple(_Order(tasks, buffers, pace).run())


class _Order:
    """Appends one operation after the other and counts the estimated cycles."""

    def __init__(self, tasks: tuple[RowTask, ...], buffers: Buffers, pace: Pace):
        self.buffers, self.pace = buffers, pace
        self.classifier = tasks[-1].layer
        self.source = self.classifier.source.name
        buffer = buffers.activations[self.source]
        assert isinstance(buffer, BatchBuffer)
        self.buffer = buffer
        self.batches = buffer.batches(tasks[-1].height)
        self.ahead = deque(task for task in tasks if task.layer is not self.classifier)
        self.held: deque[RowTask] = deque()  # operations that wait for room in the buffer
        self.waiting: deque[RowTask] = deque()  # the classifier's operations on complete batches
        self.now = 0  # cycle
        self.batches_done = 0
        self.arrivals = deque([0] * pace.slots)  # the cycles in which the next blocks are complete
        self.reader_free = 0  # the cycle in which the reader can begin another block

    def run(self) -> Iterator[RowTask]:
        while self.ahead or self.held or self.waiting:
            held = self.held and self._has_room(self.held[0].row)
            ahead = self.ahead and not self._is_blocked(self.ahead[0])
            if self.waiting and (self.arrivals[0] <= self.now or not (held or ahead)):
                yield self._take_block()
            elif held:
                yield self._take(self.held.popleft())
            elif self._makes_source(self.ahead[0]):
                self.held.append(self.ahead.popleft())
            else:
                yield self._take(self.ahead.popleft())

    def _take(self, task: RowTask) -> RowTask:
        self.now += self.pace.cost(task)
        if task.write and task.write.map == self.source:
            for number, batch in enumerate(self.batches):
                if batch[-1] == task.write.row:
                    self.waiting.extend(self._blocks(number))
        return task

    def _blocks(self, number: int) -> Iterator[RowTask]:
        """The operations of a batch, whose rows are read in the order of their addresses."""
        rows = sorted(self.batches[number], key=self.buffer.address)
        first, *others = (Row(self.source, row) for row in rows)
        for block in range(self.pace.blocks):
            yield RowTask(
                self.classifier,
                number,
                len(self.batches),
                reads=(None, first, None),
                batch=tuple(others),
                block=block,
            )

    def _take_block(self) -> RowTask:
        task = self.waiting.popleft()
        self.now = max(self.now, self.arrivals.popleft()) + self.pace.cost(task)
        self.reader_free = max(self.reader_free, self.now) + self.pace.load
        self.arrivals.append(self.reader_free)
        self.batches_done += task.block == self.pace.blocks - 1
        return task

    def _makes_source(self, task: RowTask) -> bool:
        """Whether the classifier reads the operation's output, with no pool between."""
        return task.layer.output is self.classifier.source

    def _has_room(self, row: int) -> bool:
        """Whether the classifier is done with what this row of its input would overwrite."""
        before = self.buffer.before(row)
        return before is None or any(before in batch for batch in self.batches[: self.batches_done])

    def _is_blocked(self, task: RowTask) -> bool:
        """Whether the operation would overwrite a row that a held operation reads."""
        if self._makes_source(task):
            return False
        if task.write and task.write.map == self.source:
            return bool(self.held) or not self._has_room(task.write.row)
        needed = {row for held in self.held for row in (*held.reads, held.skip)}
        memories = ((task.write, self.buffers.activations), (task.keep, self.buffers.skips))
        return any(
            Row(row.map, row.row - memory[row.map].rows) in needed
            for row, memory in memories
            if row
        )
