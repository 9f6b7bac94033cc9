"""The row schedule: the order of a frame's row operations.

The order is depth first, so that only squeezed maps need several rows of memory: each row goes on
as far as it can before the next row of pixels is touched. A Fire squeezes every row that arrives;
when the squeezed rows around a row are complete, it expands that row, which goes on in turn.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .plan import LayerPlan, Plan


@dataclass(frozen=True)
class Row:
    """Row `row` of the map of that name."""

    map: str
    row: int


@dataclass(frozen=True)
class RowTask:
    """A row operation with maps instead of addresses.

    `reads` are the rows above, at and below `row`; None beyond the map, or where nothing is read.
    `write` goes to the activation memory, `keep` to the skip memory, from which `skip` is read.

    An operation of a streamed classifier computes one `block` of classes for a batch of rows: `row`
    is the batch's number and `height` the number of batches in the frame; the rows of `batch` lie
    after `reads[1]`.
    """

    layer: LayerPlan
    row: int
    height: int
    reads: tuple[Row | None, Row | None, Row | None] = (None, None, None)
    write: Row | None = None
    skip: Row | None = None
    keep: Row | None = None
    batch: tuple[Row, ...] = ()
    block: int | None = None

    @property
    def shape(self) -> tuple[LayerPlan, int]:
        """The layer, and how many rows it computes at once."""
        return self.layer, 1 + len(self.batch)

    @property
    def batch_rows(self) -> tuple[Row, ...]:
        """The rows that lie side by side from the row at `reads[1]` on, that one included."""
        return (self.reads[1], *self.batch) if self.reads[1] else ()


def schedule(plan: Plan) -> tuple[RowTask, ...]:
    """A frame's row operations in order.

    A streamed classifier's rows are single here; `streamed_head.stream` makes batches of them.

    A row of conv1 that completes no row of a pool goes into the middle of the work that the row
    before it caused. Meanwhile the line buffer takes in the pixels of the next row; with a stride,
    these are two rows of pixels or more. So the last row is the classifier's, even if a pool leaves
    out the last row of conv1.
    """
    chains: list[list[RowTask]] = []
    for row in range(plan.conv1.output.height):
        chain = list(_source_row(plan, 0, row))
        if len(chain) == 1 and chains:
            middle = (len(chains[-1]) + 1) // 2
            chains[-1][middle:middle] = chain
        else:
            chains.append(chain)
    return tuple(task for chain in chains for task in chain)


def layer_shapes(tasks: tuple[RowTask, ...]) -> tuple[tuple[LayerPlan, int], ...]:
    """The layers, each with the rows it computes at once, in the order in which they first run."""
    return tuple(dict.fromkeys(task.shape for task in tasks))


def _source_row(
    plan: Plan,
    source: int,
    row: int,
    reads: tuple[Row | None, Row | None, Row | None] = (None, None, None),
    skip: Row | None = None,
) -> Iterator[RowTask]:
    """Computes a row of `plan.row_sources[source]`, and all that follows from it."""
    layer = plan.row_sources[source]
    height = layer.output.height
    done = _pooled_row(layer, row) if layer.pool else row
    if done is None:
        yield RowTask(layer, row, height, reads, skip=skip)
        return
    write = Row(layer.result.name, done)
    keep = Row(layer.keep.name, done) if layer.keep else None
    yield RowTask(layer, row, height, reads, write, skip, keep)
    if source < len(plan.fires):
        yield from _fire(plan, source, write)
    else:
        classes = plan.classifier
        yield RowTask(classes, done, classes.output.height, reads=(None, write, None))


def _fire(plan: Plan, number: int, arrived: Row) -> Iterator[RowTask]:
    """Squeezes the row that arrived, then expands the rows whose neighbours are now complete.

    A row behind the last window of a pool that follows is not expanded.
    """
    fire, row = plan.fires[number], arrived.row
    height, squeezed = fire.expand.output.height, fire.squeeze.output.name
    used = fire.expand.pool_rows[-1].stop if fire.expand.pool else height
    reads = (None, arrived, None)
    yield RowTask(fire.squeeze, row, height, reads, write=Row(squeezed, row))
    if fire.bypass and row < used:
        yield RowTask(fire.bypass, row, height, reads, keep=Row(fire.expand.name, row))
    end = height if row == height - 1 else row
    for ready in range(max(row - 1, 0), min(end, used)):
        above, centre, below = (
            Row(squeezed, near) if 0 <= near < height else None
            for near in (ready - 1, ready, ready + 1)
        )
        skip = Row(fire.expand.name, ready) if fire.expand.skip else None
        yield from _source_row(plan, number + 1, ready, (above, centre, below), skip)


def _pooled_row(layer: LayerPlan, row: int) -> int | None:
    """The row of the pool that row `row` of its input completes, if any."""
    ends = [window.stop - 1 for window in layer.pool_rows]
    return ends.index(row) if row in ends else None
