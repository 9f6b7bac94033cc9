"""Hypothesis strategies: architectures of any shape, small enough to compute quickly."""

from fireline.host.network.architecture import Architecture
from fireline.host.network.stage import (
    MAX_POOLS,
    Bypass,
    Conv1,
    Fire,
    MaxPool,
    Preprocessing,
)
from hypothesis import strategies as st


def preprocessing(channels: int) -> Preprocessing:
    """A preprocessing for 1 or 3 channels, in order grey or BGR."""
    order = "grey" if channels == 1 else "bgr"
    return Preprocessing(order, 1.0, (104.0, 117.0, 123.0)[:channels], (1.0, 2.0, 3.0)[:channels])


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """One or three input channels, odd sizes, all kernels, strides, pools and bypasses, 1 to 4
    stages. Half of them have no last ReLU.
    """
    channels = draw(st.sampled_from([1, 3]))
    kernel = draw(st.sampled_from([1, 3, 5, 7]))
    stages = [
        Conv1(
            draw(st.integers(1, 35)),
            kernel,
            draw(st.integers(1, 3)),
            draw(st.integers(0, kernel - 1)),
        )
    ]
    height, width = draw(st.tuples(st.integers(8, 21), st.integers(8, 21)))
    sides = [
        (side + 2 * stages[0].padding - kernel) // stages[0].stride + 1 for side in (height, width)
    ]
    entering = stages[0].channels
    for _ in range(draw(st.integers(0, 3))):
        if min(sides) >= 2 and not isinstance(stages[-1], MaxPool) and draw(st.booleans()):
            fitting = [pool for pool in MAX_POOLS if all(map(pool.windows, sides))]
            stages.append(draw(st.sampled_from(fitting)))
            sides = [len(stages[-1].windows(side)) for side in sides]
            continue
        bypass = draw(st.sampled_from(Bypass))
        if bypass is Bypass.SIMPLE and entering >= 2:
            expand1x1 = draw(st.integers(1, entering - 1))
            expand3x3 = entering - expand1x1
        else:
            bypass = Bypass.NONE if bypass is Bypass.SIMPLE else bypass
            expand1x1, expand3x3 = draw(st.integers(1, 35)), draw(st.integers(1, 35))
        stages.append(Fire(draw(st.integers(1, 20)), expand1x1, expand3x3, bypass))
        entering = expand1x1 + expand3x3
    shape = channels, height, width
    classes, last_relu = draw(st.integers(1, 12)), draw(st.booleans())
    return Architecture("drawn", *shape, preprocessing(channels), tuple(stages), classes, last_relu)
