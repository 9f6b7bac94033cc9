"""Post-training quantization: from a trained network to integers, step by step."""

import functools
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

HELD_BACK = 8  # one picture in so many is not learned from but measured with
LEAST_PICTURES = 8
SLACK = 1.05  # for steps that prepare others: the distance from float may grow by this factor


@dataclass(frozen=True)
class Step:
    """One part of the quantization."""

    name: str
    effort: str  # the least effort that includes the step: "fast" or "full"
    run: Callable[[Work, Report], None]
    slack: float = 1.0  # the distance may grow by this factor before the step is rolled back


STEPS = (
    Step("biases", "fast", correct_biases),
    Step("equalization", "fast", equalize, SLACK),
    Step("squared-error", "fast", squared_error, SLACK),
    Step("output-error", "fast", output_error, math.inf),
    Step("error-feedback", "fast", error_feedback),
    Step("blocks", "full", reconstruct_blocks),
    Step("learned-scales", "full", learn_scales),
    Step("distillation", "full", distill),
)
"""All steps in their order. Before them, weights are rounded to nearest without clipping."""


@dataclass(frozen=True)
class StepResult:
    """What a step reached."""

    step: str  # "rounding" before the first
    fidelity: Fidelity  # on views of the pictures that were held back
    seconds: float
    rolled_back: bool = False  # because the distance from float did not fall enough


def selected_steps(settings: Settings) -> list[Step]:
    """The steps that run. Raises FirelineError when one to be left out does not exist."""
    names = [step.name for step in STEPS]
    for name in settings.without:
        if name not in names:
            raise FirelineError(f"no step is called {name!r}; use {', '.join(names)}")
    efforts = EFFORTS[: EFFORTS.index(settings.effort) + 1]
    return [s for s in STEPS if s.effort in efforts and s.name not in settings.without]


Log = Callable[[StepResult], None]
Progress = Callable[[str, float], None]  # a step's name, and the share of it that is done


def quantize(
    model: SqueezeNet,
    calibration: np.ndarray,
    bits: Mapping[str, int] | int = 4,
    settings: Settings = FAST,
    log: Log | None = None,
    progress: Progress | None = None,
    partial: Path | None = None,
) -> QuantizedTraining:
    """Rounds a trained network to integers that approximate it on calibration pictures.

    Every eighth picture is held back and measures the steps. A step after which the distance from
    the float network is not smaller is rolled back; ``Step.slack`` says which steps may increase
    it. The result's ``network()`` returns the integers; training can continue on the result.

    Parameters
        model: the trained network
        calibration: pictures without labels, uint8 [N, H, W, C]
        bits: of the weights, in the forms that ``layer_bits`` takes
        settings: effort, seed and others
        log: receives the result of every step
        progress: receives the share of a step that is done
        partial: file from which an interrupted distillation resumes; removed at the end

    Raises FirelineError for bad bits, for pictures that are too few, all the same or of another
    shape, and for weights whose maps exceed float32.
    """
    chosen = layer_bits(model.architecture, bits)
    check_pictures(calibration)
    log, progress = log or (lambda result: None), progress or (lambda step, share: None)
    held = np.arange(len(calibration)) % HELD_BACK == HELD_BACK - 1
    started = time.perf_counter()
    work = Work(fold(model), calibration[~held], chosen, settings, partial)
    views = fixed_views(calibration[held])
    wanted = logits(work.folded, views)
    best = fidelity(work.student, views, wanted)
    log(StepResult("rounding", best, time.perf_counter() - started))
    for step in selected_steps(settings):
        started = time.perf_counter()
        before = work.copy()
        step.run(work, functools.partial(progress, step.name))
        reached = fidelity(work.student, views, wanted)
        rolled_back = not reached.distance < step.slack * best.distance
        work, best = (before, best) if rolled_back else (work, reached)
        log(StepResult(step.name, reached, time.perf_counter() - started, rolled_back))
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
