"""Where hardware and golden model part: the first value that differs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..host import golden
from ..host.architecture import Architecture
from ..host.buffers import stage_maps
from ..host.compile import Compiled
from ..host.schedule import schedule


@dataclass(frozen=True)
class Difference:
    """A value that is not what the golden model says; `found` is None where none came.

    `layer` is a map of the golden model's trace: a Fire ("fire2") is both of its expands, expand
    1x1 first. Maps are compared before they are pooled; if the pool itself fails, the layer behind
    it is named.
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
    compiled: Compiled, pixels: np.ndarray, order: Sequence[int], beats: np.ndarray
) -> Difference | None:
    """Compares what left the requantizer, uint16 [beats, lanes], with the golden model's maps.

    The frames of pixels, uint8 [N, H, W, C], were sent in that order. None if nothing differs.
    """
    channels = _channels(compiled)
    place = 0
    for frame, picture in enumerate(order):
        maps = golden.trace(compiled.network, pixels[picture : picture + 1])
        for layer, row, expected in _rows(compiled.network.architecture, maps):
            wanted = expected[:, channels[layer]]  # [columns, beats, lanes]
            size = wanted.shape[0] * wanted.shape[1]
            found = np.full((size, wanted.shape[2]), -1)
            came = beats[place : place + size]
            found[: len(came)] = came
            found = found.reshape(wanted.shape)
            wrong = np.argwhere((found != wanted) & (channels[layer] >= 0))
            if len(wrong):
                at = tuple(wrong[0])
                value = int(found[at]) if found[at] >= 0 else None
                channel = int(channels[layer][at[1:]])
                return Difference(frame, layer, row, int(at[0]), channel, int(wanted[at]), value)
            place += size
    return None


def _rows(
    architecture: Architecture, maps: dict[str, np.ndarray]
) -> Iterator[tuple[str, int, np.ndarray]]:
    """A frame's rows in the order in which they are computed: layer, row, values [W, C]."""
    for task in schedule(architecture):
        yield task.layer, task.row, maps[task.layer][0, task.row].astype(np.int64)


def _channels(compiled: Compiled) -> dict[str, np.ndarray]:
    """The channels of a pixel's beats by layer, [beats, lanes]; -1 where there is none."""
    ci, lanes = compiled.program.array.ci, compiled.program.lanes
    maps = {map.name: map for map in stage_maps(compiled.network.architecture)}
    channels = {}
    for layer in compiled.program.layers:
        made, part = maps.get(layer.name.split("/")[0]), layer.name.split("/")[-1]
        if part == "bypass":
            outputs = (made.words(ci).ravel(),)
        elif made and part == made.name:
            outputs = made.outputs(ci)
        else:
            outputs = (np.arange(len(compiled.network.convs[layer.name].bias)),)
        channels[layer.name] = np.concatenate([_beats(each, lanes) for each in outputs])
    return channels


def _beats(outputs: np.ndarray, lanes: int) -> np.ndarray:
    padding = np.full(-len(outputs) % lanes, -1)
    return np.concatenate([outputs, padding]).reshape(-1, lanes)
