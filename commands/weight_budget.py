"""The budget of ``fireline quantize``: what the weights may take, and the bits that it allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import FirelineError
from .common import Output

if TYPE_CHECKING:
    import numpy as np

    from ..host.float_network.squeezenet import SqueezeNet
    from ..host.network.architecture import Architecture
    from ..host.quantization.post_training.settings import Settings
    from ..hw.boards.board import Board
    from ..hw.program import ArrayShape, Program


@dataclass(frozen=True)
class Budget:
    """The weights fit the board, ``rom_kbits`` times 1024 bits, or both."""

    board: "Board | None"
    array: "ArrayShape"
    """The board's own if none is given; without a board, it decides the order of the choices."""
    rom_kbits: int | None

    @classmethod
    def of(
        cls, board: str | None, array: "ArrayShape | None", rom_kbits: int | None
    ) -> "Budget | None":
        """The budget that options give, if any. Raises FirelineError for an unknown board."""
        from ..hw.boards import BOARDS, find_board

        if board is None and rom_kbits is None:
            if array:
                raise FirelineError(
                    "--array belongs to a budget: name one with --board or --rom-kbits"
                )
            return None
        found = find_board(board) if board is not None else None
        return cls(found, array or (found or BOARDS["ulx3s-85f"]).array, rom_kbits)

    def check_bits(
        self, architecture: "Architecture", bits: Mapping[str, int], exponent_max: int
    ) -> None:
        """Raises FirelineError when weights of these bits, whatever they are, take too much."""
        from ..host.compiler.head_choice import compile_for
        from ..host.compiler.resources import check_fit
        from ..host.network.random_network import AS_QUANTIZED, random_network

        network = random_network(architecture, 0, bits, exponent_max, AS_QUANTIZED)
        exponents = sum(conv.exponents.size for conv in network.convs.values() if conv.bits == 4)
        codes = sum(conv.codes.size * conv.bits for conv in network.convs.values())
        kbits = (codes + exponents * exponent_max.bit_length()) / 1024
        if self.rom_kbits is not None and kbits > self.rom_kbits:
            raise FirelineError(
                f"the weights take {kbits:.1f} kbits, more than {self.rom_kbits}; "
                "use fewer bits in some layers, or a smaller network"
            )
        if self.board:
            check_fit(compile_for(network, self.array, board=self.board), self.board)

    def check_least(self, architecture: "Architecture", exponent_max: int) -> None:
        """Raises FirelineError when 4 bits in all layers take too much."""
        from ..host.compiler.bit_budget import choose, options

        program, room = self._room(architecture, exponent_max)
        choose(options(architecture, program, {}, bool(self.board)), room)

    def choose_bits(
        self,
        output: Output,
        model: "SqueezeNet",
        pictures: "np.ndarray",
        settings: "Settings",
    ) -> dict[str, int]:
        """Chooses 4 or 8 bits for each layer, by name, and shows the choices in a table."""
        from ..host.compiler.bit_budget import choose, options
        from ..host.quantization.post_training.sensitivity import sensitivity
        from ..host.quantization.quantize import check_pictures

        check_pictures(pictures)
        program, room = self._room(model.architecture, settings.exponent_max)
        with output.progress("harm of 4 bits by layer") as report:
            harm = sensitivity(model, pictures, lambda share: report(round(100 * share), 100))
        choices = options(model.architecture, program, harm, bool(self.board))
        bits = choose(choices, room)
        table = output.table(
            f"room for {room / 1024:,.0f} kbits of weights; array {program.array}",
            *("<layer", "harm of 4 bits", "kbits with 4", "with 8"),
            *("cycles with 4", "with 8", "bits"),
        )
        for choice in choices:
            kbits = (f"{rom / 1024:,.1f}" for rom in choice.rom)
            cycles = (f"{count:,}" for count in choice.cycles)
            table.add_row(
                choice.name, f"{choice.harm:.4f}", *kbits, *cycles, str(bits[choice.name])
            )
        output.show(table)
        return bits

    def _room(self, architecture: "Architecture", exponent_max: int) -> tuple["Program", int]:
        """The program with 4 bits in all layers, and the bits of ROM that weights may take."""
        from ..host.compiler.bit_budget import board_room, four_bits

        program = four_bits(architecture, self.array, self.board, exponent_max)
        rooms = [] if self.rom_kbits is None else [1024 * self.rom_kbits]
        if self.board:
            rooms.append(board_room(program, self.board))
        return program, min(rooms)
