"""Where maps lie on the chip: rows of words in the activation, the skip and the pool memory."""

from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np

from .architecture import Architecture, Bypass, Conv1, Fire, MaxPool, Stage
from .layout import group_starts, padded_channels

SQUEEZED_ROWS = 3
"""A 3x3 expand sees three rows; the next one is squeezed when the first is no longer needed."""

SKIP_ROWS = 2
"""A Fire expands a row once the next one has come in, so a bypass keeps two."""


@dataclass(frozen=True)
class Map:
    """What a stage puts out: "conv1", "pool1", "fire2", ...

    Words start at the channels in `breaks`: where a group with an exponent does, here or in a map
    that a simple bypass adds to this one, for these must lie alike.
    """

    name: str
    stage: Stage
    height: int
    width: int
    channels: int
    breaks: tuple[int, ...]

    def words(self, ci: int) -> np.ndarray:
        """The channels in each word of a pixel, [words, ci]; -1 for none."""
        return padded_channels(self.channels, self.breaks, ci)

    def outputs(self, ci: int) -> tuple[np.ndarray, ...]:
        """The channels as they leave the array to fill these words: a Fire's two expands apart.

        Nothing follows the last channel of either: the word is filled up with zeros.
        """
        words = self.words(ci)
        split = self.stage.expand1x1 if isinstance(self.stage, Fire) else 0
        parts = (words[words[:, 0] < split], words[words[:, 0] >= split])
        return tuple(
            part.ravel()[: np.flatnonzero(part.ravel() >= 0)[-1] + 1] for part in parts if len(part)
        )


@dataclass(frozen=True)
class Buffer:
    """`rows` rows of `words` words each from `base` on; row `y` lies in place `y % rows`."""

    base: int
    rows: int
    words: int

    def address(self, row: int) -> int:
        """Of a row's first word."""
        return self.base + row % self.rows * self.words

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.base + self.rows * self.words


@dataclass(frozen=True)
class Buffers:
    """Each memory's buffers by the name of the map that they hold.

    Wide maps ("conv1", "pool1", "fire2", ...) share one row at address 0 of the activation memory:
    depth first, a wide row is used up before the next one is written. A pooled map is never stored
    itself; in the pool memory lies the pool's partial row.
    """

    activations: dict[str, Buffer]
    skips: dict[str, Buffer]
    pools: dict[str, Buffer]


def stage_maps(architecture: Architecture) -> tuple[Map, ...]:
    """The outputs of the stages, in order."""
    maps: list[Map] = []
    alike: list[int] = []  # the maps before, and this one, that lie alike
    segments: tuple[int, ...] = ()
    grouped = groupby(architecture.layers(), key=lambda layer: layer.stage)
    for index, (stage, (_, layers)) in enumerate(zip(architecture.stages, grouped, strict=False)):
        first = next(iter(layers))
        if isinstance(stage, Conv1):
            segments = (stage.channels,)
        elif isinstance(stage, Fire):
            segments = (stage.expand1x1, stage.expand3x3)
        follows = isinstance(stage, MaxPool) or (
            isinstance(stage, Fire) and stage.bypass is Bypass.SIMPLE
        )
        alike = [*alike, index] if follows else [index]
        breaks = {*group_starts(segments), *(maps[alike[0]].breaks if follows else ())}
        name = first.name.split("/")[0]
        size = first.output_height, first.output_width, sum(segments)
        maps.append(Map(name, stage, *size, tuple(sorted(breaks))))
        for before in alike:
            maps[before] = replace(maps[before], breaks=maps[-1].breaks)
    return tuple(maps)


def allocate(architecture: Architecture, ci: int) -> Buffers:
    """Gives every map its place, in words of `ci` channels."""
    maps = stage_maps(architecture)
    wide = {map.name: Buffer(0, 1, map.width * len(map.words(ci))) for map in maps}
    pools = _stack(
        {map.name: (1, wide[map.name].words) for map in maps if isinstance(map.stage, MaxPool)}, 0
    )
    fires = [map for map in maps if isinstance(map.stage, Fire)]
    for map, following in pairwise(maps):
        if isinstance(following.stage, MaxPool):
            del wide[map.name]
    squeezed = _stack(
        {
            f"{fire.name}/squeeze": (
                min(SQUEEZED_ROWS, fire.height),
                fire.width * -(-fire.stage.squeeze // ci),
            )
            for fire in fires
        },
        max(buffer.end for buffer in wide.values()),
    )
    skips = _stack(
        {
            fire.name: (min(SKIP_ROWS, fire.height), fire.width * len(fire.words(ci)))
            for fire in fires
            if fire.stage.bypass is not Bypass.NONE
        },
        0,
    )
    return Buffers(wide | squeezed, skips, pools)


def depth(buffers: dict[str, Buffer]) -> int:
    """Words that a memory with these buffers needs."""
    return max((buffer.end for buffer in buffers.values()), default=0)


def _stack(sizes: dict[str, tuple[int, int]], base: int) -> dict[str, Buffer]:
    """Buffers of (rows, words) one after the other."""
    buffers = {}
    for name, (rows, words) in sizes.items():
        buffers[name] = Buffer(base, rows, words)
        base = buffers[name].end
    return buffers
