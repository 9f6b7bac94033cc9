"""The order of the rows of a frame: depth first, so that only squeezed maps need row buffers.

Each row is passed on as soon as it is there: a Fire squeezes the row that comes in and, once it has
the squeezed rows around it, expands one, which is passed on in turn.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import FirelineError
from ...hw.program import RowOperation
from ..network.architecture import Architecture, Bypass, MaxPool
from .buffers import Buffer, Buffers, Map, stage_maps


@dataclass(frozen=True)
class Row:
    """Row number `row` of the map of that name."""

    map: str
    row: int


@dataclass(frozen=True)
class RowTask:
    """A row operation by name: which layer, which row, what it reads and what it leaves behind.

    `layer` is "conv1", "fire2/squeeze", "fire2/bypass", "fire2" (both expands) or the classifier.
    `reads` are the rows above, at and below; None beyond the map, or where nothing is read.
    `skip` is read and `keep` written in the skip memory, `write` in the activation memory.

    A streamed classifier's operation is one `block` of classes for a batch of rows: `row` is the
    batch's number, of `height` in the frame, and the rows of `batch` lie behind the one at it.
    """

    layer: str
    row: int
    height: int
    reads: tuple[Row | None, Row | None, Row | None] = (None, None, None)
    write: Row | None = None
    skip: Row | None = None
    keep: Row | None = None
    batch: tuple[Row, ...] = ()
    block: int | None = None

    @property
    def shape(self) -> tuple[str, int]:
        """The layer, and how many rows it computes at once."""
        return self.layer, 1 + len(self.batch)


def schedule(architecture: Architecture) -> tuple[RowTask, ...]:
    """One frame's rows in order.

    A row of conv1 that only goes into the pool is put amid the work that the row before it set off:
    so the pixels for the next one can come in meanwhile, two rows or more of them with a stride.
    """
    maps = stage_maps(architecture)
    classifier = architecture.layers()[-2].name
    chains: list[list[RowTask]] = []
    for row in range(maps[0].height):
        chain = list(_produce(maps, classifier, 0, row, {}))
        if len(chain) == 1 and chains:
            middle = (len(chains[-1]) + 1) // 2
            chains[-1][middle:middle] = chain
        else:
            chains.append(chain)
    return tuple(task for chain in chains for task in chain)


def layer_shapes(tasks: tuple[RowTask, ...]) -> tuple[tuple[str, int], ...]:
    """The layers, each with the rows it computes at once, in the order in which they first run."""
    return tuple(dict.fromkeys(task.shape for task in tasks))


def _produce(
    maps: tuple[Map, ...], classifier: str, stage: int, row: int, inputs: dict
) -> Iterator[RowTask]:
    """Computes row `row` of a stage's map, pools it if a pool follows, and passes it on."""
    made, done, following = maps[stage], row, stage + 1
    if following < len(maps) and isinstance(maps[following].stage, MaxPool):
        done = _pooled_row(row, made.height)
        following += 1
    arrives = None if done is None else Row(maps[following - 1].name, done)
    keep = None
    if following < len(maps) and maps[following].stage.bypass is Bypass.SIMPLE and arrives:
        keep = Row(maps[following].name, done)
    yield RowTask(made.name, row, made.height, write=arrives, keep=keep, **inputs)
    if arrives is None:
        return
    if following < len(maps):
        yield from _fire(maps, classifier, following, arrives)
    else:
        height = maps[-1].height
        yield RowTask(classifier, done, height, reads=(None, arrives, None))


def _fire(maps: tuple[Map, ...], classifier: str, stage: int, arrived: Row) -> Iterator[RowTask]:
    """Squeezes the row that arrived, then expands every row whose neighbours are all there."""
    fire, row = maps[stage], arrived.row
    squeezed, height = f"{fire.name}/squeeze", fire.height
    reads = (None, arrived, None)
    yield RowTask(squeezed, row, height, reads=reads, write=Row(squeezed, row))
    if fire.stage.bypass is Bypass.COMPLEX:
        yield RowTask(f"{fire.name}/bypass", row, height, reads=reads, keep=Row(fire.name, row))
    last = row == height - 1
    for ready in range(max(row - 1, 0), row) if not last else range(max(row - 1, 0), height):
        neighbours = tuple(
            Row(squeezed, near) if 0 <= near < height else None
            for near in (ready - 1, ready, ready + 1)
        )
        skip = None if fire.stage.bypass is Bypass.NONE else Row(fire.name, ready)
        yield from _produce(maps, classifier, stage, ready, {"reads": neighbours, "skip": skip})


def _pooled_row(row: int, height: int) -> int | None:
    """The row of the pool that is complete with this row of its input, if one is."""
    if row % 2 == 0:
        return row // 2 - 1 if row else None
    return (row - 1) // 2 if row == height - 1 else None


def place(
    tasks: tuple[RowTask, ...], buffers: Buffers, block_beats: int = 0
) -> tuple[RowOperation, ...]:
    """The tasks with addresses instead of names, checked: see `check`.

    `block_beats`: beats of a group of a streamed classifier.
    """
    shapes = layer_shapes(tasks)

    def address(memory: dict[str, Buffer], row: Row | None) -> int:
        return 0 if row is None else memory[row.map].address(row.row)

    operations = tuple(
        RowOperation(
            layer=shapes.index(task.shape),
            above=address(buffers.activations, task.reads[0]),
            centre=address(buffers.activations, task.reads[1]),
            below=address(buffers.activations, task.reads[2]),
            top=task.row == 0,
            bottom=task.row == task.height - 1,
            write=address(buffers.activations, task.write) + (task.block or 0) * block_beats,
            keep=address(buffers.skips, task.keep),
            skip=address(buffers.skips, task.skip),
            first=task.row == 0,
            odd=bool(task.row % 2),
            last=task.row == task.height - 1,
        )
        for task in tasks
    )
    check(tasks, operations, buffers)
    return operations


def check(
    tasks: tuple[RowTask, ...], operations: tuple[RowOperation, ...], buffers: Buffers
) -> None:
    """Walks two frames and proves that every row read is the one that was meant.

    Raises FirelineError if an operation would read words that were overwritten, by itself too, or
    never written. Cycle by cycle, the same is ensured by the idle cycles that the timing model
    works out.
    """
    activations: dict[int, tuple[int, Row]] = {}
    skips: dict[int, tuple[int, Row]] = {}
    for frame in range(2):
        for task, operation in zip(tasks, operations, strict=True):
            made = (
                (task.write, operation.write, buffers.activations, activations),
                (task.keep, operation.keep, buffers.skips, skips),
            )
            for row, start, places, memory in made:
                if row:
                    words = _span(start, places[row.map].words)
                    memory.update(dict.fromkeys(words, (frame, row)))
            starts = (operation.above, operation.centre, operation.below)
            read = [*zip(task.reads, starts, strict=True)]
            for number, row in enumerate(task.batch, 1):
                words = buffers.activations[row.map].words
                read.append((row, operation.centre + number * words))
            found = [(row, start, buffers.activations, activations) for row, start in read]
            found.append((task.skip, operation.skip, buffers.skips, skips))
            for row, start, places, memory in found:
                if row is None:
                    continue
                words = _span(start, places[row.map].words)
                if any(memory.get(word) != (frame, row) for word in words):
                    raise FirelineError(
                        f"schedule: {task.layer} row {task.row} would read row {row.row} of "
                        f"{row.map} when it is not there; this is an error of the compiler"
                    )


def _span(start: int, words: int) -> range:
    return range(start, start + words)
