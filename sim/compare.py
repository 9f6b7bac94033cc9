"""Whole pictures through the simulated accelerator, every score compared with the golden model."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..errors import FirelineError
from ..host import golden
from ..host.compiler.compile import Compiled
from .locate import Difference, first_difference
from .run import Run, build_simulator, run

STEADY = 3
"""Frames back to back after which the last one's cycles are every later one's."""

TRIAL = 20_000
"""Cycles that are simulated to tell how long the rest will take."""


@dataclass(frozen=True)
class Frame:
    """What the accelerator said of a picture."""

    scores: tuple[int, ...]
    label: int  # the class: the first index of the greatest score
    cycles: int  # since the last score of the frame before, or since reset


@dataclass(frozen=True)
class SimulationResult:
    """Every picture's scores, and how fast they came."""

    frames: tuple[Frame, ...]
    cycles_per_frame: int  # frames back to back, nobody stalling
    macs: int  # a frame
    mac_passes: int  # the same, an 8-bit layer's two passes counted as two
    utilisation: float  # mac_passes / (cycles_per_frame * CI * CO)
    mismatches: int  # scores that are not the golden model's
    difference: Difference | None  # the first value that is not, if there are mismatches
    cycles_per_second: float  # of the simulation itself

    def to_json(self, images: Sequence[str]) -> dict[str, object]:
        """The result in dictionaries, lists and numbers; `images` name the frames."""
        frames = [
            {
                "image": image,
                "scores": list(frame.scores),
                "class": frame.label,
                "cycles": frame.cycles,
            }
            for image, frame in zip(images, self.frames, strict=True)
        ]
        return asdict(self) | {"frames": frames}


def simulate(
    compiled: Compiled,
    pixels: np.ndarray,
    stall: float = 0.0,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    cache: Path | None = None,
) -> SimulationResult:
    """Simulates the frames of pixels, uint8 [N, H, W, C], back to back.

    Either end waits in the share `stall`, 0 to 0.95, of all cycles, at random from `seed`. If that
    is not zero, or there are fewer than three frames, some are simulated again to find the cycles
    of a frame in steady state. `progress` is told what happens and how long it will take.
    Compiled simulators are kept in `cache`.

    Raises FirelineError for values out of range, when a tool is missing or the build fails, and
    when the accelerator gets stuck.
    """
    if not 0 <= stall <= 0.95:
        raise FirelineError(f"stall is {stall}; use 0 to 0.95")
    if not len(pixels):
        raise FirelineError("there are no frames to simulate; give at least one")
    tell = progress or (lambda text: None)
    expected = golden.run(compiled.network, pixels)
    tell("building the simulator, unless it was built before")
    simulator = build_simulator(compiled, cache)
    if progress:
        trial = run(simulator, compiled, pixels, [0], patience=TRIAL)
        rate = trial.simulated / trial.seconds
        seconds = compiled.timing.cycles / rate
        tell(f"a frame will take about {seconds:.1f} s: {rate:,.0f} cycles a second")

    count = len(pixels)
    order = list(range(count if stall else max(count, STEADY)))
    plans = [([n % count for n in order], stall)]
    if stall:
        plans.append(([n % count for n in range(STEADY)], 0.0))
    runs = []
    mismatches, difference = 0, None
    for order, share in plans:
        tell(f"simulating {len(order)} frames")
        runs.append(run(simulator, compiled, pixels, order, stall=share, seed=seed))
        wrong = np.argwhere(runs[-1].scores != expected[order[: len(runs[-1].scores)]])
        mismatches += len(wrong)
        if len(wrong) and not difference:
            tell("the scores differ; looking for the first value that does")
            difference = _locate(compiled, pixels, runs[-1], wrong[0], order, share, seed, cache)
        if len(runs[-1].scores) < len(order):
            raise FirelineError(
                f"simulation: frame {len(runs[-1].scores)} never came; "
                "this is an error of the accelerator"
            )

    cycles_per_frame = int(np.diff(runs[-1].ends)[-1])
    return SimulationResult(
        frames=tuple(_frames(runs[0], count)),
        cycles_per_frame=cycles_per_frame,
        macs=compiled.macs,
        mac_passes=compiled.mac_passes,
        utilisation=compiled.mac_passes / (cycles_per_frame * compiled.program.array.products),
        mismatches=mismatches,
        difference=difference,
        cycles_per_second=sum(each.simulated for each in runs) / sum(e.seconds for e in runs),
    )


def _frames(run: Run, count: int) -> list[Frame]:
    """The first `count` frames of a run."""
    cycles = np.diff(run.ends, prepend=0).tolist()
    labels = golden.classify(run.scores).tolist()
    frames = zip(run.scores.tolist(), labels, cycles, strict=True)
    return [Frame(tuple(scores), label, cycle) for scores, label, cycle in frames][:count]


def _locate(
    compiled: Compiled,
    pixels: np.ndarray,
    failed: Run,
    wrong: np.ndarray,
    order: list[int],
    stall: float,
    seed: int,
    cache: Path | None,
) -> Difference:
    """Runs the frames up to the wrong score (frame, class) again and watches every value."""
    frame, label = (int(n) for n in wrong)
    simulator = build_simulator(compiled, cache, watched=True)
    order = order[: frame + 1]
    again = run(simulator, compiled, pixels, order, stall=stall, seed=seed, watched=True)
    expected = int(golden.run(compiled.network, pixels[order[-1:]])[0, label])
    found = int(failed.scores[frame, label])
    at_the_end = Difference(frame, "average", 0, 0, label, expected, found)
    return first_difference(compiled, pixels, order, again.watched) or at_the_end
