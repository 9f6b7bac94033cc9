"""Row operations with addresses, and the proof that every address read holds the intended row."""

from ...errors import FirelineError
from ...hw.program import RowOperation
from .buffers import Buffer, Buffers
from .schedule import Row, RowTask, layer_shapes


def row_operations(
    tasks: tuple[RowTask, ...], buffers: Buffers, block_beats: int = 0
) -> tuple[RowOperation, ...]:
    """The tasks as the hardware runs them, checked by `check`.

    `block_beats`: beats of a class block, if the classifier is streamed.
    """
    shapes = {shape: index for index, shape in enumerate(layer_shapes(tasks))}

    def address(memory: dict[str, Buffer], row: Row | None) -> int:
        return 0 if row is None else memory[row.map].address(row.row)

    operations = tuple(
        RowOperation(
            layer=shapes[task.shape],
            above=address(buffers.activations, task.reads[0]),
            centre=address(buffers.activations, task.reads[1]),
            below=address(buffers.activations, task.reads[2]),
            top=task.row == 0,
            bottom=task.row == task.height - 1,
            write=address(buffers.activations, task.write) + (task.block or 0) * block_beats,
            keep=address(buffers.skips, task.keep),
            skip=address(buffers.skips, task.skip),
            first=task.row == 0,
            last=task.row == task.height - 1,
            pool_begins=task.row in [window.start for window in task.layer.pool_rows],
            pool_completes=task.row in [window.stop - 1 for window in task.layer.pool_rows],
        )
        for task in tasks
    )
    check(tasks, operations, buffers)
    return operations


def check(
    tasks: tuple[RowTask, ...], operations: tuple[RowOperation, ...], buffers: Buffers
) -> None:
    """Walks a frame and proves that every address read holds the intended row.

    One frame proves all, because each runs the same operations: what a read finds was written
    earlier in its own frame. Raises FirelineError if an operation would read words that were
    overwritten, also by itself, or not written in this frame. The order alone is checked here; the
    idle cycles that the cycle model finds keep each read behind its write.
    """
    activations: dict[int, Row] = {}
    skips: dict[int, Row] = {}
    for task, operation in zip(tasks, operations, strict=True):
        for row, start, places, memory in (
            (task.write, operation.write, buffers.activations, activations),
            (task.keep, operation.keep, buffers.skips, skips),
        ):
            if row:
                words = range(start, start + places[row.map].words)
                memory.update(dict.fromkeys(words, row))
        reads = [
            (task.reads[0], operation.above, buffers.activations, activations),
            (task.reads[2], operation.below, buffers.activations, activations),
            (task.skip, operation.skip, buffers.skips, skips),
        ]
        start = operation.centre
        for row in task.batch_rows:
            reads.append((row, start, buffers.activations, activations))
            start += buffers.activations[row.map].words
        for row, start, places, memory in reads:
            if row is None:
                continue
            words = range(start, start + places[row.map].words)
            if any(memory.get(word) != row for word in words):
                raise FirelineError(
                    f"row schedule: {task.layer.name} row {task.row} would read row {row.row} "
                    f"of {row.map} when it is not there; this is an error of the compiler"
                )
