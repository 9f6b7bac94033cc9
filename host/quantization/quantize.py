"""From a trained network to integers: the stages of post-training quantization, one by one."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import FirelineError
from ..float_network.fold import fold
from ..float_network.squeezenet import SqueezeNet
from ..network.weight_bits import layer_bits
from .post_training.biases import correct_biases
from .post_training.blocks import reconstruct_blocks
from .post_training.distill import distill
from .post_training.equalize import equalize
from .post_training.error_feedback import error_feedback
from .post_training.fidelity import Fidelity, fidelity, logits
from .post_training.learned_scales import learn_scales
from .post_training.output_error import output_error
from .post_training.settings import EFFORTS, FAST, Settings
from .post_training.squared_error import squared_error
from .post_training.views import fixed_views
from .post_training.work import Report, Work
from .quantized_training import QuantizedTraining

HELD_BACK = 8  # every so manieth picture is not learned from but measured with
LEAST_PICTURES = 8
SLACK = 1.05  # how much farther from float a stage may end whose worth the next ones decide


@dataclass(frozen=True)
class Stage:
    """A step of the pipeline."""

    name: str
    effort: str  # the least that has it: "fast" or "full"
    run: Callable[[Work, Report], None]
    slack: float = 1.0  # how much farther from float it may end; any, if it judges itself


STAGES = (
    Stage("biases", "fast", correct_biases),
    Stage("equalization", "fast", equalize, SLACK),
    Stage("squared-error", "fast", squared_error, SLACK),
    Stage("output-error", "fast", output_error, math.inf),
    Stage("error-feedback", "fast", error_feedback),
    Stage("blocks", "full", reconstruct_blocks),
    Stage("learned-scales", "full", learn_scales),
    Stage("distillation", "full", distill),
)
"""In their order; before them weights are rounded to nearest, with scales that cut nothing off."""


@dataclass(frozen=True)
class StageResult:
    """What a stage left behind."""

    stage: str  # "rounding" before the first
    fidelity: Fidelity  # on views of the pictures that were held back
    seconds: float
    undone: bool = False  # for it was no nearer to float than what it began with


def stages(settings: Settings) -> list[Stage]:
    """Those that are to run. Raises FirelineError when one to be left out does not exist."""
    names = [stage.name for stage in STAGES]
    for name in settings.without:
        if name not in names:
            raise FirelineError(f"no stage is called {name!r}; use {', '.join(names)}")
    efforts = EFFORTS[: EFFORTS.index(settings.effort) + 1]
    return [s for s in STAGES if s.effort in efforts and s.name not in settings.without]


Log = Callable[[StageResult], None]
Progress = Callable[[str, float], None]  # a stage, and the share of it that is done


def quantize(
    model: SqueezeNet,
    calibration: np.ndarray,
    bits: Mapping[str, int] | int = 4,
    settings: Settings = FAST,
    log: Log | None = None,
    progress: Progress | None = None,
    partial: Path | None = None,
) -> QuantizedTraining:
    """Rounds a trained network to integers that agree with it on calibration pictures.

    The integers are the result's ``network()``; it can be trained on. ``calibration`` is uint8
    [N, H, W, C], without labels; nothing is learned from every eighth picture: those judge each
    stage, and one that ends no nearer to float than it began is undone (but see ``SLACK``).
    ``bits`` are those of ``layer_bits``. With the file ``partial`` an interrupted distillation goes
    on; it is removed at the end. Raises FirelineError for bad bits, pictures that are too few, all
    the same or of another shape, and weights that no integers can stand for.
    """
    chosen = layer_bits(model.architecture, bits)
    check_pictures(calibration)
    log, progress = log or (lambda result: None), progress or (lambda stage, share: None)
    held = np.arange(len(calibration)) % HELD_BACK == HELD_BACK - 1
    started = time.perf_counter()
    work = Work(fold(model), calibration[~held], chosen, settings, partial)
    views = fixed_views(calibration[held])
    wanted = logits(work.folded, views)
    best = fidelity(work.student, views, wanted)
    log(StageResult("rounding", best, time.perf_counter() - started))
    for stage in stages(settings):
        started = time.perf_counter()
        before = work.copy()
        stage.run(work, lambda share, name=stage.name: progress(name, share))
        reached = fidelity(work.student, views, wanted)
        undone = not reached.distance < stage.slack * best.distance
        work, best = (before, best) if undone else (work, reached)
        log(StageResult(stage.name, reached, time.perf_counter() - started, undone))
    if partial:
        partial.unlink(missing_ok=True)
    return work.student.eval()


def check_pictures(pictures: np.ndarray) -> None:
    """Raises FirelineError when there are too few to learn from, or all are the same."""
    if len(pictures) < LEAST_PICTURES:
        raise FirelineError(
            f"calibration: {len(pictures)} pictures are too few; use {LEAST_PICTURES} at the very "
            "least, and a few hundred for a good result"
        )
    if np.all(pictures == pictures.flat[0]) or np.all(pictures == pictures[:1]):
        raise FirelineError("calibration: all pictures are the same; use different ones")
