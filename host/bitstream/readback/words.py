"""The words that the compiler gave to the ROMs, in the memories of the design."""

from ....errors import FirelineError
from ....hw.array.weight_word import WeightWord
from ....hw.memory.rom import rom_words
from ....hw.output.parameters import ParameterWord
from ....hw.program import Program
from .images import Image


def check_words(images: dict[str, Image], program: Program) -> str:
    """Reads the weight words and the parameter words out of the design's memories, as the hardware
    does, and compares them with the program's; says what it checked.

    Raises FirelineError if a word differs.
    """
    layout = WeightWord(program.array.ci, program.array.co, program.exponent_bits)
    roms = {
        f"weights.pair{n}": (layout.pair, words, program.rom_words)
        for n, words in enumerate(layout.split(program.weights))
    }
    parameters = ParameterWord(
        program.requantizer_lanes, program.bias_bits, program.multiplier_bits
    )
    roms["parameters"] = parameters, program.parameters, len(program.parameters)
    for name, (shape, words, depth) in roms.items():
        memories = {}
        for memory, image in images.items():
            owner, _, own_name = f".{memory}".rpartition(".")
            if owner.endswith(f".{name}"):
                memories[own_name] = image.rows
        try:
            found = rom_words(memories, shape.size, len(words), depth)
        except (KeyError, IndexError):
            found = []
        if found != list(words):
            raise FirelineError(f"the ROM {name} does not hold what the compiler says")
    return f"{len(program.weights):,} weight words, {len(program.parameters):,} parameter words"
