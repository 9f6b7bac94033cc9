"""From a trained network to integers: the stages of post-training quantization, one by one."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import FirelineError
from .fold import fold
from .model import SqueezeNet
from .network import QuantizedNetwork
from .post_training.biases import correct_biases
from .post_training.blocks import reconstruct_blocks
from .post_training.distill import distill
from .post_training.equalize import equalize
from .post_training.error_feedback import error_feedback
from .post_training.fidelity import Fidelity, fidelity, logits
from .post_training.learned_scales import learn_scales
from .post_training.settings import EFFORTS, FAST, Settings
from .post_training.squared_error import squared_error
from .post_training.work import Report, Work
from .quantized_training import QuantizedTraining
from .weight_bits import layer_bits

HELD_BACK = 8  # every so manieth picture is not learned from but measured with
LEAST_PICTURES = 8


@dataclass(frozen=True)
class Stage:
    """A step of the pipeline."""

    name: str
    effort: str  # the least that has it: "fast" or "full"
    trains: bool  # if so, it is undone when it ends further from float than it began
    run: Callable[[Work, Report], None]


STAGES = (
    Stage("equalization", "fast", False, equalize),
    Stage("squared-error", "fast", False, squared_error),
    Stage("biases", "fast", False, correct_biases),
    Stage("error-feedback", "fast", False, error_feedback),
    Stage("blocks", "full", True, reconstruct_blocks),
    Stage("learned-scales", "full", True, learn_scales),
    Stage("distillation", "full", True, distill),
)
"""In their order; before them weights are rounded to nearest, with scales that cut nothing off."""


@dataclass(frozen=True)
class StageResult:
    """What a stage left behind."""

    stage: str  # "rounding" before the first
    fidelity: Fidelity  # on the pictures that were held back
    seconds: float
    undone: bool = False


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
) -> QuantizedNetwork:
    """Rounds a trained network to integers that agree with it on calibration pictures.

    ``calibration`` is uint8 [N, H, W, C], without labels; every eighth picture is held back for
    what ``log`` is told after each stage. ``bits`` are those of ``layer_bits``. With the file
    ``partial`` an interrupted distillation goes on; it is removed at the end. Raises FirelineError
    for bad bits, pictures that are too few, all the same or of another shape, and weights that no
    integers can stand for.
    """
    network = post_training(model, calibration, bits, settings, log, progress, partial).network()
    if partial:
        partial.unlink(missing_ok=True)
    return network


def post_training(
    model: SqueezeNet,
    calibration: np.ndarray,
    bits: Mapping[str, int] | int = 4,
    settings: Settings = FAST,
    log: Log | None = None,
    progress: Progress | None = None,
    partial: Path | None = None,
) -> QuantizedTraining:
    """What ``quantize`` makes integers of, to be trained on."""
    chosen = layer_bits(model.architecture, bits)
    check_pictures(calibration)
    log, progress = log or (lambda result: None), progress or (lambda stage, share: None)
    held = np.arange(len(calibration)) % HELD_BACK == HELD_BACK - 1
    started = time.perf_counter()
    work = Work(
        fold(model),
        calibration[~held],
        chosen,
        settings,
        partial,
    )
    wanted = logits(work.folded, calibration[held])
    found = fidelity(work.student, calibration[held], wanted)
    log(StageResult("rounding", found, time.perf_counter() - started))
    for stage in stages(settings):
        started = time.perf_counter()
        before = {name: value.clone() for name, value in work.student.state_dict().items()}
        stage.run(work, lambda share, name=stage.name: progress(name, share))
        reached = fidelity(work.student, calibration[held], wanted)
        undone = stage.trains and not reached.divergence < found.divergence
        if undone:
            work.student.load_state_dict(before)
        else:
            found = reached
        seconds = time.perf_counter() - started
        log(StageResult(stage.name, reached, seconds, undone))
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
