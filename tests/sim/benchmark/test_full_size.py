"""The figures of a network on a board, as built and as expected."""

import subprocess
import sys

from fireline.host.bitstream.design import scale_multipliers
from fireline.host.compiler.resources import resources
from fireline.hw.boards import find_board
from fireline.sim.benchmark.full_size import measure_full_size, processor_seconds
from support.built import summary
from support.networks.small import TINY, compiled


def test_full_size_without_a_build():
    """The clock is the board's, the rest is what the compiler expects."""
    job = compiled(TINY)
    board = find_board("ulx3s-25f")
    row = measure_full_size(job, board)
    assert row.frames_per_second == board.clock_mhz * 1e6 / job.timing.cycles
    assert row.multipliers == 8 + scale_multipliers(job.program)
    assert row.block_rams == resources(job.program).block_rams
    assert row.luts is row.verilog_seconds is row.cycles.simulated is None
    assert row.external_bytes == 0


def test_full_size_as_it_was_built():
    job = compiled(TINY)
    row = measure_full_size(job, find_board("ulx3s-25f"), summary(job))
    assert (row.clock_mhz, row.multipliers, row.block_rams, row.luts) == (50.0, 8, 5, 4321)
    assert row.per_multiplier == row.frames_per_second / (8 * 0.05)


def test_full_size_simulated():
    job = compiled(TINY)
    row = measure_full_size(job, find_board("ulx3s-25f"), simulated=True)
    assert row.cycles.simulated == job.timing.cycles and not row.cycles.wrong
    assert row.verilog_seconds > 0


def test_the_processor_seconds_of_children_count():
    before = processor_seconds()
    subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
    assert processor_seconds() > before + 0.01
