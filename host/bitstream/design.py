"""A compiled network on a board: who gets the FPGA's multipliers."""

from ...hw.accelerator import Accelerator
from ...hw.boards.board import Board
from ...hw.boards.top import BoardTop
from ...hw.ecp5.mult18x18d import FACTOR_BITS, Form
from ...hw.program import Program
from ...hw.system import contents_of, identity_of
from ..compiler.compile import Compiled
from ..compiler.resources import check_fit


def design(compiled: Compiled, board: Board, clock_mhz: float | None = None) -> BoardTop:
    """The board's top; its clock is the board's own unless given.

    Raises FirelineError if the network does not fit.
    """
    check_fit(compiled, board)
    program = compiled.program
    dsp, scale_form = deal(program, board.multipliers)
    core = Accelerator(program, dsp=dsp, scale_form=scale_form)
    return BoardTop(board, core, identity_of(program), clock_mhz, contents=contents_of(program))


def deal(program: Program, multipliers: int) -> tuple[int, Form]:
    """How many hardware multipliers the array gets, and what the requantizer's are made of.

    The requantizer comes first, then the array, equally many in each lane pair; the rest of its
    products are made of LUTs.
    """
    spare = multipliers - scale_multipliers(program)
    pairs = program.array.co // 2
    dsp = min(program.array.ci, max(spare, 0) // pairs) * pairs
    return dsp, Form.ECP5 if spare >= 0 else Form.LUT


def multipliers_used(program: Program, multipliers: int) -> int:
    """How many of the hardware multipliers a design takes."""
    dsp, scale_form = deal(program, multipliers)
    return dsp + (scale_multipliers(program) if scale_form is Form.ECP5 else 0)


def scale_multipliers(program: Program) -> int:
    """Hardware multipliers of a requantizer that is made of them."""
    value = -(-max(program.accumulator_bits, program.bias_bits) // FACTOR_BITS)
    return program.requantizer_lanes * (value + bool(program.skip_shifts))
