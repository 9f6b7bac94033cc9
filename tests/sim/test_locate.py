"""The tests make the beats from the golden model's maps, and change one."""

import numpy as np
import pytest
from fireline.host import golden
from fireline.host.compiler.compile import compile_network
from fireline.host.network.architecture import (
    PREPROCESSINGS,
    Architecture,
    Bypass,
    Conv1,
    Fire,
    MaxPool,
)
from fireline.host.network.random_network import random_network
from fireline.hw.program import ArrayShape
from fireline.sim.job import Watched
from fireline.sim.locate import Difference, first_difference

STAGES = (Conv1(4, 3, 1, 1), MaxPool(), Fire(3, 4, 8), Fire(5, 4, 8, Bypass.SIMPLE))


@pytest.fixture
def case():
    """A network whose words are full, so that a pixel's beats are its channels in order."""
    architecture = Architecture("small", 3, 6, 8, PREPROCESSINGS["caffe"], STAGES, 2)
    compiled = compile_network(random_network(architecture, 0), ArrayShape(4, 4), lanes=1)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3)).astype(np.uint8)
    rows, pooled = [], []
    for picture in (1, 0):
        maps = golden.trace(compiled.network, pixels[[picture]])
        rows += [maps[task.layer.name][0, task.row].ravel() for task in compiled.tasks]
        pooled.append(maps["pool1"].reshape(-1, 4))
    return compiled, pixels, rows, np.concatenate(pooled)


def watched(rows, pooled):
    return Watched(np.concatenate(rows).astype(np.uint16)[:, None], pooled)


def test_nothing_differs(case):
    compiled, pixels, rows, pooled = case
    assert first_difference(compiled, pixels, (1, 0), watched(rows, pooled)) is None


def test_the_first_value_that_differs(case):
    compiled, pixels, rows, pooled = case
    tasks = compiled.tasks
    at = next(n for n, task in enumerate(tasks) if (task.layer.name, task.row) == ("fire3", 1))
    row = rows[len(tasks) + at].copy()
    expected = int(row[2 * 12 + 7])
    row[2 * 12 + 7] ^= 1
    rows[len(tasks) + at] = row
    rows[-1] = rows[-1] + 1
    found = first_difference(compiled, pixels, (1, 0), watched(rows, pooled))
    assert found == Difference(1, "fire3", 1, 2, 7, expected, expected ^ 1)
    assert str(found) == (
        f"frame 1: fire3 row 1 pixel 2 channel 7 is {expected ^ 1} instead of {expected}"
    )


def test_values_that_never_arrived(case):
    compiled, pixels, rows, pooled = case
    found = first_difference(compiled, pixels, (1, 0), watched([rows[0][:-1]], pooled))
    assert (found.layer, found.row, found.column, found.channel) == ("conv1", 0, 7, 3)
    assert (found.expected, found.found) == (int(rows[0][-1]), None)


def test_a_pool_that_differs(case):
    """A difference in the second frame's pool comes before the later differences that it causes."""
    compiled, pixels, rows, pooled = case
    size, at = len(pooled) // 2, 1 * 4 + 2  # of a frame; row 1, pixel 2
    rows[-1] = rows[-1] + 1
    wrong = pooled.copy()
    wrong[size + at, 3] ^= 8
    expected = int(pooled[size + at, 3])
    found = first_difference(compiled, pixels, (1, 0), watched(rows, wrong))
    assert found == Difference(1, "pool1", 1, 2, 3, expected, expected ^ 8)


def test_a_pool_without_values(case):
    compiled, pixels, rows, pooled = case
    found = first_difference(compiled, pixels, (1, 0), watched(rows, pooled[:0]))
    assert (found.frame, found.layer, found.row, found.found) == (0, "pool1", 0, None)
