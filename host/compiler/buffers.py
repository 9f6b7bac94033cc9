"""Where maps lie on the chip: rows of words in the activation, the skip and the pool memory."""

from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np

from ..network.architecture import Architecture, Bypass, Conv1, Fire, MaxPool, Stage
from .layout import exponent_group_starts, padded_channels

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
class BatchBuffer(Buffer):
    """The input of a streamed classifier: it is read in batches of rows that lie side by side.

    The rows before row `early` come in batches of `rows`, the first one smaller if need be. The
    last batch is all rows from `early` on: those for which there is no place in the buffer lie
    below it, one below the other.
    """

    early: int

    def address(self, row: int) -> int:
        beyond = max(0, row - self.early - self.rows + 1)
        place = -beyond if beyond else (row - self.early) % self.rows
        return self.base + place * self.words

    def before(self, row: int) -> int | None:
        """The row that lay in a row's place before, if one did."""
        taken = self.rows <= row < self.early + self.rows
        return row - self.rows if taken else None

    def batches(self, height: int) -> list[range]:
        """The rows of each batch of a map."""
        ends = [*range(self.early % self.rows, self.early, self.rows), self.early, height]
        return [range(*span) for span in pairwise([0, *ends]) if span[0] < span[1]]


@dataclass(frozen=True)
class StreamedHead:
    """How much of a streamed classifier's input the chip keeps.

    There is memory for `rows` rows, and at the end of a frame `overlaid` rows more take the places
    of earlier layers' buffers. A group's weights come from a memory of the board, clocked with the
    core at `clock_mhz`. At most `slots` groups are on the chip at once, if given.
    """

    rows: int
    overlaid: int = 0
    clock_mhz: float = 100.0
    slots: int | None = None


@dataclass(frozen=True)
class Buffers:
    """Each memory's buffers by the name of the map that they hold.

    Wide maps ("conv1", "pool1", "fire2", ...) share one row of the activation memory: depth first,
    a wide row is used up before the next one is written. A map that is pooled is never stored.
    """

    activations: dict[str, Buffer]
    skips: dict[str, Buffer]


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
        breaks = {*exponent_group_starts(segments), *(maps[alike[0]].breaks if follows else ())}
        name = first.name.split("/")[0]
        size = first.output_height, first.output_width, sum(segments)
        maps.append(Map(name, stage, *size, tuple(sorted(breaks))))
        for before in alike:
            maps[before] = replace(maps[before], breaks=maps[-1].breaks)
    return tuple(maps)


def allocate(architecture: Architecture, ci: int, head: StreamedHead | None = None) -> Buffers:
    """Gives every map its place, in words of `ci` channels.

    The activation memory holds what is needed longest first: the squeezed map of the last Fire, the
    wide row, the other Fires' squeezed maps from last to first, and a streamed classifier's input.
    """
    maps = stage_maps(architecture)
    sizes = {map.name: map.width * len(map.words(ci)) for map in maps}
    fires = [map for map in maps if isinstance(map.stage, Fire)]
    # A last Fire may have to wait with its rows until the classifier has room for a batch of them.
    held = {maps[-1].name: head.rows - 1 if head else 0}
    squeezed = {
        f"{fire.name}/squeeze": (
            min(SQUEEZED_ROWS + held.get(fire.name, 0), fire.height),
            fire.width * -(-fire.stage.squeeze // ci),
        )
        for fire in reversed(fires)
    }
    wide = [
        map.name for map, following in pairwise(maps) if not isinstance(following.stage, MaxPool)
    ]
    wide += [] if head else [maps[-1].name]
    skips = _stack(
        {
            fire.name: (
                min(SKIP_ROWS + held.get(fire.name, 0), fire.height),
                fire.width * len(fire.words(ci)),
            )
            for fire in fires
            if fire.stage.bypass is not Bypass.NONE
        },
        0,
    )
    first, others = list(squeezed.items())[:1], list(squeezed.items())[1:]
    widest = max((sizes[name] for name in wide), default=0)
    activations = _stack({**dict(first), "wide": (1, widest), **dict(others)}, 0)
    end, row = depth(activations), activations.pop("wide")
    activations |= {name: Buffer(row.base, 1, sizes[name]) for name in wide}
    if head:
        name, height = maps[-1].name, maps[-1].height
        early = max(0, height - head.rows - head.overlaid)
        activations[name] = BatchBuffer(end, min(head.rows, height), sizes[name], early)
    return Buffers(activations, skips)


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
