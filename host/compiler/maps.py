"""Maps as the memories hold them: how a pixel's channels fill words of CI bytes."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..network.architecture import Architecture
from ..network.exponent_groups import exponent_group_index
from ..network.stage import Bypass, Conv1, Fire, MaxPool, Stage


@dataclass(frozen=True)
class Map:
    """A map of `golden.trace`, or conv1's windows.

    A new word starts at each channel in `breaks`: the first channels of the exponent groups of this
    map, and of the maps that share its breaks (see `stage_maps`).
    """

    name: str
    height: int
    width: int
    channels: int
    breaks: tuple[int, ...]

    def words(self, ci: int) -> np.ndarray:
        """The channels in each word of a pixel, int64 [words, ci]; -1 marks an empty place."""
        return padded_channels(self.channels, self.breaks, ci)


def padded_channels(channels: int, breaks: tuple[int, ...], ci: int) -> np.ndarray:
    """The channel in each byte of a pixel's words, int64 [words, ci]; -1 marks an empty place.

    A new word starts at each of the `breaks`, ascending channel numbers of which the first is 0.
    """
    words = []
    for first, end in pairwise([*breaks, channels]):
        padded = np.full(-(-(end - first) // ci) * ci, -1)
        padded[: end - first] = np.arange(first, end)
        words.append(padded.reshape(-1, ci))
    return np.concatenate(words)


def exponent_group_starts(segments: tuple[int, ...]) -> tuple[int, ...]:
    """The first channels of the exponent groups. No word holds channels of two groups."""
    return tuple(np.flatnonzero(np.diff(exponent_group_index(segments), prepend=-1)).tolist())


def stage_maps(architecture: Architecture) -> tuple[Map, ...]:
    """The output map of each stage, in order.

    The hardware pools a map, and adds a simple bypass, word by word. So a pool's output shares the
    breaks of its input, and the output of a Fire with a simple bypass shares those of the Fire's
    input.
    """
    sharing: list[list[Map]] = []
    for stage, layers in zip(architecture.stages, architecture.layers_by_stage(), strict=False):
        layer = next(iter(layers.values()))
        if isinstance(stage, Conv1):
            segments: tuple[int, ...] = (stage.channels,)
        elif isinstance(stage, Fire):
            segments = (stage.expand1x1, stage.expand3x3)
        size = layer.output_height, layer.output_width, sum(segments)
        stage_map = Map(layer.stage_name, *size, exponent_group_starts(segments))
        if _shares_breaks_of_its_input(stage):
            sharing[-1].append(stage_map)
        else:
            sharing.append([stage_map])
    return tuple(
        replace(stage_map, breaks=tuple(sorted({start for each in maps for start in each.breaks})))
        for maps in sharing
        for stage_map in maps
    )


def _shares_breaks_of_its_input(stage: Stage) -> bool:
    simple = isinstance(stage, Fire) and stage.bypass is Bypass.SIMPLE
    return simple or isinstance(stage, MaxPool)
