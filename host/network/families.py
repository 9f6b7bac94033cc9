"""SqueezeNet 1.0 and 1.1, and other stacks of Fires from the paper's metaparameters."""

from ...errors import FirelineError
from .architecture import Architecture
from .stage import PREPROCESSINGS, Bypass, Conv1, Fire, MaxPool, Preprocessing, Stage, check_integer
from .variants import vary

FAMILIES = ("squeezenet1_0", "squeezenet1_1")


def fire_stack(
    name: str,
    conv1: Conv1,
    pools_after: tuple[int, ...],
    *,
    fires: int = 8,
    base_e: int = 128,
    incr_e: int = 128,
    freq: int = 2,
    pct_3x3: float = 0.5,
    squeeze_ratio: float = 0.125,
    size: int = 224,
    classes: int = 1000,
    preprocessing: Preprocessing = PREPROCESSINGS["torchvision"],
) -> Architecture:
    """A network from the metaparameters of the SqueezeNet paper (arXiv:1602.07360), section 5.1.

    Fire i (from 0) has ``base_e + incr_e * (i // freq)`` output channels, of which the share
    ``pct_3x3`` comes from 3x3 filters, and ``squeeze_ratio`` times as many squeeze channels. A
    max pool follows each stage whose number is in ``pools_after``; conv1 has number 1, the first
    Fire 2. Raises FirelineError for values out of range.
    """
    check_integer(f"network {name}", "fires", fires, 0, 64)
    check_integer(f"network {name}", "freq", freq, 1, 64)
    stages: list[Stage] = [conv1]
    for index in range(fires):
        if index + 1 in pools_after:
            stages.append(MaxPool())
        expand = base_e + incr_e * (index // freq)
        stages.append(Fire.from_ratios(expand, pct_3x3, squeeze_ratio))
    if fires + 1 in pools_after:
        stages.append(MaxPool())
    return Architecture(name, 3, size, size, preprocessing, tuple(stages), classes)


def family(
    name: str, bypass: Bypass = Bypass.NONE, size: int = 224, classes: int = 1000
) -> Architecture:
    """SqueezeNet 1.0 or 1.1 with torchvision's shapes, for pictures of size x size pixels.

    Bypasses are placed as in the paper's section 6: Bypass.SIMPLE puts a simple one on Fires 3, 5,
    7 and 9; Bypass.COMPLEX adds a complex one on Fires 2, 4, 6 and 8. Raises FirelineError for an
    unknown name or a size or number of classes out of range.
    """
    match name:
        case "squeezenet1_0":
            conv1, pools_after = Conv1(96, 7, 2, 0), (1, 4, 8)
        case "squeezenet1_1":
            conv1, pools_after = Conv1(64, 3, 2, 0), (1, 3, 5)
        case _:
            raise FirelineError(f"unknown network family {name!r}; use {' or '.join(FAMILIES)}")
    vanilla = fire_stack(name, conv1, pools_after, size=size, classes=classes)
    return vary(vanilla, bypass=bypass)
