"""Reads the report's drawings."""

import re

BOX = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-\3z")


def boxes(path: str) -> list[tuple[float, ...]]:
    """Left, top, width and height of a path's rectangles; asserts that it has nothing else."""
    assert not BOX.sub("", path)
    return [tuple(map(float, box)) for box in BOX.findall(path)]
