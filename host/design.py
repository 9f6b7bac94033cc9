"""A compiled network on a board: who gets the FPGA's multipliers."""

from ..hw.accelerator import Accelerator
from ..hw.boards import Board, BoardTop
from ..hw.geometry import Program
from ..hw.system import identity_of
from .compile import Compiled
from .resources import check_fit

FACTOR_BITS = 18  # of a hardware multiplier


def design(compiled: Compiled, board: Board, clock_mhz: float | None = None) -> BoardTop:
    """The board's top; its clock is the board's own unless given.

    Hardware multipliers go to the array first, whose others are made of LUTs, and to the
    requantizer if enough are left. Raises FirelineError if the network does not fit.
    """
    needed = check_fit(compiled, board)
    program = compiled.program
    dsp = min(needed.pairs, board.multipliers)
    spare = board.multipliers - dsp
    core = Accelerator(program, dsp=dsp, scale_dsp=spare >= scale_multipliers(program))
    return BoardTop(board, core, identity_of(program), clock_mhz)


def scale_multipliers(program: Program) -> int:
    """Hardware multipliers of a requantizer that is made of them."""
    value = -(-max(program.accumulator_bits, program.bias_bits) // FACTOR_BITS)
    return program.lanes * (value + bool(program.skip_shifts))
