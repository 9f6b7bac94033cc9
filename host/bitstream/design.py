"""A compiled network on a board: how the FPGA's multipliers are divided."""

from ...hw.accelerator import Accelerator
from ...hw.boards.board import Board
from ...hw.boards.top import BoardTop
from ...hw.ecp5.mult18x18d import FACTOR_BITS, Form
from ...hw.program import Program
from ...hw.system import contents_of, identity_of
from ..compiler.compile import Compiled
from ..compiler.resources import check_fit


def design(compiled: Compiled, board: Board, clock_mhz: float | None = None) -> BoardTop:
    """The board's top level, clocked at ``clock_mhz``, by default the board's own clock.

    Raises FirelineError if the network does not fit the board.
    """
    check_fit(compiled, board)
    program = compiled.program
    dsp, scale_form = deal(program, board.multipliers)
    core = Accelerator(program, dsp=dsp, scale_form=scale_form)
    return BoardTop(board, core, identity_of(program), clock_mhz, contents=contents_of(program))


def deal(program: Program, multipliers: int) -> tuple[int, Form]:
    """Hardware multipliers for the array, and the form of the requantizer's multipliers.

    The requantizer is served first, then the array, whose lane pairs all get the same number; LUTs
    compute the array's other products.
    """
    spare = multipliers - scale_multipliers(program)
    pairs = program.array.co // 2
    dsp = min(program.array.ci, max(spare, 0) // pairs) * pairs
    form = Form(Form.ECP5 if spare >= 0 else Form.LUT)  # mypy takes the members for integers
    return dsp, form


def multipliers_used(program: Program, multipliers: int) -> int:
    """Hardware multipliers that a design uses, of ``multipliers`` on the device."""
    dsp, scale_form = deal(program, multipliers)
    return dsp + (scale_multipliers(program) if scale_form is Form.ECP5 else 0)


def scale_multipliers(program: Program) -> int:
    """Hardware multipliers of a requantizer that uses them."""
    value = -(-max(program.accumulator_bits, program.bias_bits) // FACTOR_BITS)
    return program.requantizer_lanes * (value + bool(program.skip_shifts))
