"""A whole SqueezeNet on an array of a board."""

import resource
from dataclasses import dataclass

from ...host.bitstream.design import multipliers_used
from ...host.bitstream.summary import BuildSummary
from ...host.compiler.compile import Compiled
from ...host.compiler.resources import resources
from ...hw.boards.board import Board
from ...hw.verilog import to_verilog
from .cycles import Cycles, Tell, measure_cycles, random_pixels
from .peers import per_multiplier


@dataclass(frozen=True)
class FullSize:
    """A network on a board, built or as the compiler expects it."""

    cycles: Cycles
    clock_mhz: float  # without a build, the board's own clock
    multipliers: int  # of the device
    block_rams: int  # without a build, as the compiler counts them, without those of the link
    luts: int | None  # None without a build
    external_bytes: int  # read from the board's memory, a frame
    verilog_seconds: float | None  # processor time to generate the Verilog file

    @property
    def frames_per_second(self) -> float:
        return self.clock_mhz * 1e6 / self.cycles.predicted

    @property
    def per_multiplier(self) -> float:
        """Efficiency: frames/s per multiplier per GHz."""
        return per_multiplier(self.frames_per_second, self.multipliers, self.clock_mhz)


def measure_full_size(
    compiled: Compiled,
    board: Board,
    summary: BuildSummary | None = None,
    *,
    simulated: bool = False,
    tell: Tell | None = None,
) -> FullSize:
    """The figures of a network on a board; `summary` is that of its build, if there is one.

    With `simulated`, a frame of noise is simulated repeatedly, and the generation of the Verilog
    file is timed.
    """
    pixels = seconds = None
    if simulated:
        pixels = random_pixels(compiled.network.architecture, 1)
        started = processor_seconds()
        to_verilog(compiled.program)
        seconds = processor_seconds() - started
    cycles = measure_cycles(compiled, pixels, tell)
    if summary:
        return FullSize(
            cycles,
            clock_mhz=summary.clock_mhz,
            multipliers=summary.multipliers.used,
            block_rams=summary.block_rams.used,
            luts=summary.luts.used,
            external_bytes=compiled.external_bytes,
            verilog_seconds=seconds,
        )
    return FullSize(
        cycles,
        clock_mhz=board.clock_mhz,
        multipliers=multipliers_used(compiled.program, board.multipliers),
        block_rams=resources(compiled.program).block_rams,
        luts=None,
        external_bytes=compiled.external_bytes,
        verilog_seconds=seconds,
    )


def processor_seconds() -> float:
    """Processor time of this process and of the child processes that it has waited for."""
    users = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(each.ru_utime + each.ru_stime for each in map(resource.getrusage, users))
