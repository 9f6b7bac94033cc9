"""Where hardware and golden model part: the first value that differs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..host import golden
from ..host.compiler.compile import Compiled
from ..host.compiler.schedule import RowTask
from ..hw.program import Program
from .run import Watched


@dataclass(frozen=True)
class Difference:
    """A value that is not what the golden model says; `found` is None where none came.

    `layer` is a map of the golden model's trace: a Fire ("fire2") is both of its expands, expand
    1x1 first. Maps are compared as they leave the requantizer, and those of pools as they leave it.
    """

    frame: int
    layer: str
    row: int
    column: int
    channel: int
    expected: int
    found: int | None

    def __str__(self):
        return (
            f"frame {self.frame}: {self.layer} row {self.row} pixel {self.column} "
            f"channel {self.channel} is {self.found} instead of {self.expected}"
        )


def first_difference(
    compiled: Compiled, pixels: np.ndarray, order: Sequence[int], watched: Watched
) -> Difference | None:
    """Compares what left requantizer and pool with the golden model's maps.

    The frames of pixels, uint8 [N, H, W, C], were sent in that order. None if nothing differs.
    """
    ci, lanes = compiled.program.array.ci, compiled.program.requantizer_lanes
    beats, words = _Seen(watched.beats), _Seen(watched.pooled)
    for frame, picture in enumerate(order):
        maps = golden.trace(compiled.network, pixels[picture : picture + 1])
        for task in compiled.tasks:
            layer, rows = task.layer, _rows(task)
            expected = np.concatenate([maps[layer.name][0, row] for row in rows])
            channels = np.concatenate([_beats(part, lanes) for part in layer.outputs(ci)])
            if task.block is not None:
                channels = _block(channels, task.block, compiled.program)
            if wrong := beats.first_wrong(expected, channels):
                row, column = divmod(wrong[0], layer.output.width)
                return Difference(frame, layer.name, rows[row], column, *wrong[1:])
            if layer.pool and task.write:
                row = task.write.row
                if wrong := words.first_wrong(maps[layer.pool.name][0, row], layer.pool.words(ci)):
                    return Difference(frame, layer.pool.name, row, *wrong)
    return None


class _Seen:
    """Values in the order in which they came, [words, lanes], and how many words were compared."""

    def __init__(self, values: np.ndarray):
        self.values, self.place = values, 0

    def first_wrong(
        self, expected: np.ndarray, channels: np.ndarray
    ) -> tuple[int, int, int, int | None] | None:
        """Compares the words [words, lanes] of each pixel of expected, [pixels, channels].

        Returns pixel, channel, the value that was expected and the one that came.
        """
        wanted = expected.astype(np.int64)[:, channels]  # [pixels, words, lanes]
        size = wanted.shape[0] * wanted.shape[1]
        came = self.values[self.place : self.place + size]
        self.place += size
        found = np.full((size, wanted.shape[2]), -1)
        found[: len(came)] = came
        found = found.reshape(wanted.shape)
        wrong = np.argwhere((found != wanted) & (channels >= 0))
        if not len(wrong):
            return None
        at = tuple(wrong[0])
        value = int(found[at]) if found[at] >= 0 else None
        return int(at[0]), int(channels[at[1:]]), int(wanted[at]), value


def _rows(task: RowTask) -> list[int]:
    """The rows of its map that an operation computes, in order."""
    return [task.row] if task.block is None else [row.row for row in task.batch_rows]


def _block(channels: np.ndarray, block: int, program: Program) -> np.ndarray:
    """The beats of one class block out of those of all classes."""
    beats = program.array.co // program.requantizer_lanes
    found = channels[block * beats :][:beats]
    return np.pad(found, ((0, beats - len(found)), (0, 0)), constant_values=-1)


def _beats(outputs: np.ndarray, lanes: int) -> np.ndarray:
    """Channels as beats, [beats, lanes]; -1 where there is none."""
    padding = np.full(-len(outputs) % lanes, -1)
    return np.concatenate([outputs, padding]).reshape(-1, lanes)
