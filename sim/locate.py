"""The first value in which the simulated accelerator differs from the golden model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..host import golden
from ..host.compiler.compile import Compiled
from ..host.compiler.schedule import RowTask
from ..hw.program import Program
from .job import Watched


@dataclass(frozen=True)
class Difference:
    """A value that is not the golden model's; `found` is None if no value arrived.

    `layer` names a map of `golden.trace`: "fire2" has the channels of expand1x1, then those of
    expand3x3. Maps are compared where they leave the requantizer, those of pools where they leave
    the pool.
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
    """The first difference of what left the requantizer and the pool; None if there is none.

    The simulation took the frames of pixels, uint8 [N, H, W, C], in the given order.
    """
    ci, lanes = compiled.program.array.ci, compiled.program.requantizer_lanes
    beats, words = _Stream(watched.beats), _Stream(watched.pooled)
    for frame, picture in enumerate(order):
        maps = golden.trace(compiled.network, pixels[picture : picture + 1])
        for task in compiled.tasks:
            layer, rows = task.layer, _rows(task)
            expected = np.concatenate([maps[layer.name][0, row] for row in rows])
            channels = np.concatenate([_beats(part, lanes) for part in layer.outputs(ci)])
            if task.block is not None:
                channels = _block(channels, task.block, compiled.program)
            if found := beats.first_difference(expected, channels):
                row, column = divmod(found[0], layer.output.width)
                return Difference(frame, layer.name, rows[row], column, *found[1:])
            if layer.pool and task.write:
                row, pool = task.write.row, layer.pool
                if found := words.first_difference(maps[pool.name][0, row], pool.words(ci)):
                    return Difference(frame, pool.name, row, *found)
    return None


class _Stream:
    """Words of values in the order in which they left a block, compared one part after another."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values  # [words, lanes]
        self.position = 0  # words compared so far

    def first_difference(
        self, expected: np.ndarray, channels: np.ndarray
    ) -> tuple[int, int, int, int | None] | None:
        """Compares the next words with those of a row of pixels, `expected` [pixels, channels].

        `channels` [words, lanes] are the channels in each word of a pixel; -1 marks a lane whose
        value is not compared. Returns pixel, channel, expected value and found value, if they
        differ.
        """
        wanted = expected.astype(np.int64)[:, channels]  # [pixels, words, lanes]
        size = wanted.shape[0] * wanted.shape[1]
        arrived = self.values[self.position : self.position + size]
        self.position += size
        found = np.full((size, wanted.shape[2]), -1)
        found[: len(arrived)] = arrived
        found = found.reshape(wanted.shape)
        different = np.argwhere((found != wanted) & (channels >= 0))
        if not len(different):
            return None
        pixel, word, lane = different[0]
        value = int(found[pixel, word, lane])
        expected_value = int(wanted[pixel, word, lane])
        return int(pixel), int(channels[word, lane]), expected_value, value if value >= 0 else None


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
