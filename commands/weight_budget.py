"""The bits of each layer's weights that a budget of ``fireline quantize`` allows."""

from typing import TYPE_CHECKING

from .common import Output

if TYPE_CHECKING:
    import numpy as np

    from ..host.float_network.squeezenet import SqueezeNet
    from ..host.quantization.post_training.settings import Settings
    from ..hw.program import ArrayShape


def bits_within(
    output: Output,
    model: "SqueezeNet",
    pictures: "np.ndarray",
    settings: "Settings",
    board: str | None,
    array: "ArrayShape | None",
    rom_kbits: int | None,
) -> dict[str, int]:
    """Chooses 4 or 8 bits for each layer, by name, and shows the choices in a table.

    The weights fit the board, ``rom_kbits`` times 1024 bits, or both. Without a board, the array of
    the ULX3S 85F decides the order of the choices. Raises FirelineError when 4 bits in all layers
    take more than the budget.
    """
    from ..host.compiler.bit_budget import board_room, choose, four_bits, options
    from ..host.quantization.post_training.sensitivity import sensitivity
    from ..host.quantization.quantize import check_pictures
    from ..hw.boards import BOARDS, find_board

    check_pictures(pictures)
    found = find_board(board) if board else None
    array = array or (found or BOARDS["ulx3s-85f"]).array
    program = four_bits(model.architecture, array, found, settings.exponent_max)
    limits = [] if rom_kbits is None else [1024 * rom_kbits]
    room = min([*limits, board_room(program, found)] if found else limits)
    choose(options(model.architecture, program, {}, bool(found)), room)  # fails early
    with output.progress("harm of 4 bits by layer") as report:
        harm = sensitivity(model, pictures, lambda share: report(round(100 * share), 100))
    choices = options(model.architecture, program, harm, bool(found))
    bits = choose(choices, room)
    table = output.table(
        f"room for {room / 1024:,.0f} kbits of weights; array {program.array}",
        *("<layer", "harm of 4 bits", "kbits with 4", "with 8", "cycles with 4", "with 8", "bits"),
    )
    for choice in choices:
        kbits = (f"{rom / 1024:,.1f}" for rom in choice.rom)
        cycles = (f"{count:,}" for count in choice.cycles)
        table.add_row(choice.name, f"{choice.harm:.4f}", *kbits, *cycles, str(bits[choice.name]))
    output.show(table)
    return bits
