"""Whole pictures through the simulated accelerator, every score compared with the golden model."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..errors import FirelineError
from ..host import golden
from ..host.compiler.compile import Compiled
from ..host.files import check_file_place
from ..host.tools import PIP, Tools
from .job import Result
from .locate import Difference, first_difference
from .run import build_simulator, run

STEADY = 3
"""Frames back to back after which a frame's cycles no longer change."""

TRIAL = 20_000
"""Cycles that are simulated first, to estimate how long the rest takes."""


@dataclass(frozen=True)
class Frame:
    """The accelerator's answer to one picture."""

    scores: tuple[int, ...]
    label: int  # the class: the lowest index of the greatest score
    cycles: int  # since the last score of the previous frame, or since reset


@dataclass(frozen=True)
class SimulationResult:
    """Every picture's scores and cycles, and how they compare with the golden model."""

    frames: tuple[Frame, ...]
    cycles_per_frame: int  # in steady state, without stalls
    macs: int  # a frame
    mac_passes: int  # the same, an 8-bit layer's two passes counted as two
    utilisation: float  # mac_passes / (cycles_per_frame * CI * CO)
    mismatches: int  # scores that differ from the golden model's
    difference: Difference | None  # the first value inside of the network that differs, if any
    cycles_per_second: float  # of the simulation itself

    def to_json(self, images: Sequence[str]) -> dict[str, object]:
        """The result in dictionaries, lists and numbers; `images` are the pictures' names."""
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


@dataclass(frozen=True)
class _Plan:
    """One run: the pictures to send, by index, and how."""

    order: list[int]
    stall: float
    vcd: Path | None = None


def simulate(
    compiled: Compiled,
    pixels: np.ndarray,
    stall: float = 0.0,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    cache: Path | None = None,
    vcd: Path | None = None,
    tools: Tools = PIP,
) -> SimulationResult:
    """Simulates the frames of pixels, uint8 [N, H, W, C], back to back.

    Pixels wait in the share `stall`, 0 to 0.95, of all cycles, at random from `seed`, and so do
    scores. A second run without stalls measures a frame's cycles in steady state where the first
    run cannot. `progress` gets a line for each step, and an estimate of the time. `cache` keeps
    compiled simulators. `vcd` gets the waveform of exactly the given frames.

    Raises FirelineError for values out of range, when a tool is missing, when the build fails, when
    `vcd` cannot be written and when the accelerator gets stuck.
    """
    if not 0 <= stall <= 0.95:
        raise FirelineError(f"stall is {stall}; use 0 to 0.95")
    if not len(pixels):
        raise FirelineError("there are no frames to simulate; give at least one")
    if vcd:
        check_file_place(vcd, "waveform")
    tell = progress or (lambda text: None)
    expected = golden.run(compiled.network, pixels)
    tell("building the simulator, unless an earlier run built the same one")
    simulator = build_simulator(compiled, cache, traced=vcd is not None, tools=tools)
    if progress:
        trial = run(simulator, compiled, pixels, [0], patience=TRIAL)
        rate = trial.simulated / trial.seconds
        seconds = compiled.timing.cycles / rate
        tell(f"a frame will take about {seconds:.1f} s: {rate:,.0f} cycles a second")

    results: list[Result] = []
    mismatches, difference = 0, None
    for plan in _plans(len(pixels), stall, vcd):
        order = plan.order
        tell(f"simulating {len(order)} frame{'s' * (len(order) > 1)}")
        result = run(simulator, compiled, pixels, order, stall=plan.stall, seed=seed, vcd=plan.vcd)
        results.append(result)
        wrong = np.argwhere(result.scores != expected[order[: len(result.scores)]])
        mismatches += len(wrong)
        if len(wrong) and not difference:
            tell("the scores differ; searching for the first value that does")
            difference = _locate(compiled, pixels, result, wrong[0], plan, seed, cache, tools)
        if len(result.scores) < len(order):
            raise FirelineError(
                f"simulation: frame {len(result.scores)} never came; "
                "this is an error of the accelerator"
            )

    cycles_per_frame = int(np.diff(results[-1].ends)[-1])
    return SimulationResult(
        frames=tuple(_frames(results[0], len(pixels))),
        cycles_per_frame=cycles_per_frame,
        macs=compiled.macs,
        mac_passes=compiled.mac_passes,
        utilisation=compiled.mac_passes / (cycles_per_frame * compiled.program.array.products),
        mismatches=mismatches,
        difference=difference,
        cycles_per_second=sum(each.simulated for each in results)
        / sum(each.seconds for each in results),
    )


def _plans(count: int, stall: float, vcd: Path | None) -> list[_Plan]:
    """The run of `count` pictures and, if that is not one of steady state, another that is."""
    steady = _Plan([n % count for n in range(max(count, STEADY))], 0.0, vcd)
    if not stall and (count >= STEADY or not vcd):
        return [steady]
    steady = _Plan([n % count for n in range(STEADY)], 0.0)
    return [_Plan(list(range(count)), stall, vcd), steady]


def _frames(result: Result, count: int) -> list[Frame]:
    """The first `count` frames of a run."""
    cycles = np.diff(result.ends, prepend=0).tolist()
    labels = golden.classify(result.scores).tolist()
    frames = zip(result.scores.tolist(), labels, cycles, strict=True)
    return [Frame(tuple(scores), label, cycle) for scores, label, cycle in frames][:count]


def _locate(
    compiled: Compiled,
    pixels: np.ndarray,
    failed: Result,
    wrong: np.ndarray,
    plan: _Plan,
    seed: int,
    cache: Path | None,
    tools: Tools,
) -> Difference:
    """Repeats the run up to the wrong score (frame, class) and compares every value inside."""
    frame, label = (int(n) for n in wrong)
    simulator = build_simulator(compiled, cache, watched=True, tools=tools)
    order = plan.order[: frame + 1]
    again = run(simulator, compiled, pixels, order, stall=plan.stall, seed=seed, watched=True)
    expected = int(golden.run(compiled.network, pixels[order[-1:]])[0, label])
    found = int(failed.scores[frame, label])
    at_the_end = Difference(frame, "average", 0, 0, label, expected, found)
    inside = again.watched and first_difference(compiled, pixels, order, again.watched)
    return inside or at_the_end
