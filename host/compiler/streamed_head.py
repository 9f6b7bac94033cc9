"""A classifier whose weights stream in while the network runs: what it computes at once, and when.

Its weights come block by block of CO classes, each block for as many rows as the chip keeps of the
classifier's input, a *batch*. The last batch of a frame takes more: the buffers of earlier layers
are no longer needed by then. The operations of the earlier batches, a block each, are put amid the
rows that the network computes meanwhile, each where its weights have come.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .buffers import Buffers
from .schedule import Row, RowTask


@dataclass(frozen=True)
class Pace:
    """What the order of operations is worked out with; none of it has to be exact.

    `load`: cycles that a block's weights take to come, for which there are `slots` places; `cost`:
    cycles of an operation.
    """

    blocks: int
    slots: int
    load: int
    cost: Callable[[RowTask], int]


def stream(tasks: tuple[RowTask, ...], buffers: Buffers, pace: Pace) -> tuple[RowTask, ...]:
    """The operations of a frame with the classifier's, row by row, made into batches and blocks.

    All others keep their order, but for those that make the classifier's input: they are held back
    until there is room for their row, and other work goes on as far as it can.
    """
    return tuple(_Order(tasks, buffers, pace).run())


class _Order:
    """Puts one operation after the other, watching the time."""

    def __init__(self, tasks: tuple[RowTask, ...], buffers: Buffers, pace: Pace):
        self.buffers, self.pace = buffers, pace
        self.classifier, self.source = tasks[-1].layer, tasks[-1].reads[1].map
        self.buffer = buffers.activations[self.source]
        self.batches = self.buffer.batches(tasks[-1].height)
        self.ahead = deque(task for task in tasks if task.layer != self.classifier)
        self.held: deque[RowTask] = deque()
        self.waiting: deque[RowTask] = deque()
        self.now, self.done = 0, 0  # batches
        self.loads = deque([0] * pace.slots)  # when the next blocks are there
        self.reader = 0  # when it is free

    def run(self):
        while self.ahead or self.held or self.waiting:
            held = self.held and self._has_room(self.held[0].write)
            ahead = self.ahead and not self._is_blocked(self.ahead[0])
            if self.waiting and (self.loads[0] <= self.now or not (held or ahead)):
                yield self._take_block()
            elif held:
                yield from self._take(self.held.popleft())
            elif self.ahead[0].layer == self.source:
                self.held.append(self.ahead.popleft())
            else:
                yield from self._take(self.ahead.popleft())

    def _take(self, task: RowTask):
        self.now += self.pace.cost(task)
        yield task
        if task.write and task.write.map == self.source:
            for number, batch in enumerate(self.batches):
                if batch[-1] == task.write.row:
                    self.waiting.extend(self._blocks(number))

    def _blocks(self, number: int):
        """The operations of a batch; it is read in the order in which it lies in memory."""
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
        self.now = max(self.now, self.loads.popleft()) + self.pace.cost(task)
        self.reader = max(self.reader, self.now) + self.pace.load
        self.loads.append(self.reader)
        self.done += task.block == self.pace.blocks - 1
        return task

    def _has_room(self, row: Row) -> bool:
        """Whether the batch of the row that lies in that row's place is done."""
        before = self.buffer.before(row.row)
        return before is None or any(before in batch for batch in self.batches[: self.done])

    def _is_blocked(self, task: RowTask) -> bool:
        """Whether it would overwrite what an operation that is held back needs."""
        if task.layer == self.source:
            return False
        if task.write and task.write.map == self.source:
            return bool(self.held) or not self._has_room(task.write)
        needed = {row for held in self.held for row in (*held.reads, held.skip)}
        memories = ((task.write, self.buffers.activations), (task.keep, self.buffers.skips))
        return any(
            Row(row.map, row.row - memory[row.map].rows) in needed
            for row, memory in memories
            if row
        )
