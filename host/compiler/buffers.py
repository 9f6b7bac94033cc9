"""Where maps lie on the chip: buffers of rows in the activation memory and the skip memory."""

from dataclasses import dataclass
from itertools import pairwise

from .maps import Map
from .plan import LayerPlan, Plan

SQUEEZED_ROWS = 3
"""An expand3x3 reads three rows. The next row is squeezed when the first is no longer needed."""

SKIP_ROWS = 2
"""A Fire expands a row after the next row has arrived, so a bypass keeps two."""

SHARED_ROW = "shared row"
"""The row of the activation memory that all stages' outputs share."""


@dataclass(frozen=True)
class Buffer:
    """`rows` rows of `words` words each from address `base` on; row `y` has place `y % rows`."""

    base: int
    rows: int
    words: int

    def address(self, row: int) -> int:
        """The address of a row's first word."""
        return self.base + row % self.rows * self.words

    @property
    def end(self) -> int:
        """The first address after the buffer."""
        return self.base + self.rows * self.words


@dataclass(frozen=True)
class BatchBuffer(Buffer):
    """The input of a streamed classifier, which reads batches of rows that lie side by side.

    The rows before row `early` form batches of `rows`; the first batch may be smaller. The last
    batch is all rows from `early` on. Those of them that exceed the buffer lie below it, in
    descending order: they overlay the buffers of earlier layers.
    """

    early: int

    def address(self, row: int) -> int:
        beyond = max(0, row - self.early - self.rows + 1)
        place = -beyond if beyond else (row - self.early) % self.rows
        return self.base + place * self.words

    def before(self, row: int) -> int | None:
        """The previous row at a row's address, or None."""
        taken = self.rows <= row < self.early + self.rows
        return row - self.rows if taken else None

    def batches(self, height: int) -> list[range]:
        """The rows of each batch of a map of `height` rows."""
        ends = [*range(self.early % self.rows, self.early, self.rows), self.early, height]
        return [range(*span) for span in pairwise([0, *ends]) if span[0] < span[1]]


@dataclass(frozen=True)
class StreamedHead:
    """How much of a streamed classifier's input the chip keeps, and how fast its weights arrive.

    `rows` rows have memory of their own. At the end of a frame, `overlaid` more rows lie over the
    buffers of earlier layers. The class blocks come from the board's SDRAM, which runs with the
    core's clock, `clock_mhz`. `slots` limits the class blocks on the chip at once, if given.
    """

    rows: int
    overlaid: int = 0
    clock_mhz: float = 100.0
    slots: int | None = None


@dataclass(frozen=True)
class Buffers:
    """The buffers of both memories by the name of the map that each holds.

    In the activation memory, all stages' outputs share one row: rows are processed depth first, so
    every row is consumed before the next one is written. Maps that are pooled are never stored. The
    skip memory's buffers have the names of the Fires that add their rows.
    """

    activations: dict[str, Buffer]
    skips: dict[str, Buffer]


def allocate(plan: Plan, ci: int, head: StreamedHead | None = None) -> Buffers:
    """Gives every stored map its buffer, in words of `ci` channels.

    The activation memory holds, from address 0: the last Fire's squeezed map, the shared row, the
    other Fires' squeezed maps from last to first, and a streamed classifier's input. The first two
    are in use longest, so `overlaid` rows of a streamed classifier's input can lie over the others.
    """
    fires = [fire.expand for fire in plan.fires]
    # The last Fire may wait with its rows until a streamed classifier has room for a batch.
    waiting = {plan.classifier.source.name: head.rows - 1 if head else 0}

    def rows(layer: LayerPlan, at_least: int) -> int:
        return min(at_least + waiting.get(layer.name, 0), layer.output.height)

    squeezed = [
        (layer.source.name, (rows(layer, SQUEEZED_ROWS), _row_words(layer.source, ci)))
        for layer in reversed(fires)
    ]
    skips = {
        layer.name: (rows(layer, SKIP_ROWS), _row_words(layer.output, ci))
        for layer in fires
        if layer.skip
    }
    results = [layer.result for layer in plan.row_sources]
    sharing = results[:-1] if head else results
    widest = max((_row_words(each, ci) for each in sharing), default=0)
    activations = _stack(dict([*squeezed[:1], (SHARED_ROW, (1, widest)), *squeezed[1:]]))
    end, shared = depth(activations), activations.pop(SHARED_ROW)
    for each in sharing:
        activations[each.name] = Buffer(shared.base, 1, _row_words(each, ci))
    if head:
        source = plan.classifier.source
        early = max(0, source.height - head.rows - head.overlaid)
        batch_rows = min(head.rows, source.height)
        activations[source.name] = BatchBuffer(end, batch_rows, _row_words(source, ci), early)
    return Buffers(activations, _stack(skips))


def depth(buffers: dict[str, Buffer]) -> int:
    """Words of a memory that holds these buffers."""
    return max((buffer.end for buffer in buffers.values()), default=0)


def _row_words(row_map: Map, ci: int) -> int:
    return row_map.width * len(row_map.words(ci))


def _stack(sizes: dict[str, tuple[int, int]]) -> dict[str, Buffer]:
    """Buffers of (rows, words a row), one after the other from address 0."""
    buffers: dict[str, Buffer] = {}
    base = 0
    for name, (rows, words) in sizes.items():
        buffers[name] = Buffer(base, rows, words)
        base = buffers[name].end
    return buffers
