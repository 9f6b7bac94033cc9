"""Words that the compiler gave to the ROMs, found in the design's memories again."""

from random import Random

import pytest
from amaranth.back import rtlil
from fireline.errors import FirelineError
from fireline.host.bitstream.readback.images import design_images
from fireline.host.bitstream.readback.words import check_words
from fireline.hw.accelerator import Accelerator
from fireline.hw.memory.rom import Rom, rom_words
from support.networks.small import TINY, compiled


def images_of(design, folder):
    (folder / "top.il").write_text(rtlil.convert(design, name="top"))
    return design_images(folder / "top.il")


@pytest.mark.parametrize("bits", [4, 18, 66, 130])
@pytest.mark.parametrize(
    ("count", "depth"),
    [(5, 5), (600, 600), (2300, 2300), (3600, 3600), (500, 512), (2055, 2148), (2900, 3000)],
)
def test_the_words_of_a_rom_are_found_in_its_memories(count, depth, bits, tmp_path):
    random = Random(depth)
    words = tuple(random.randrange(1 << bits) for _ in range(count))
    images = images_of(Rom(bits, words, depth), tmp_path)
    memories = {name: image.rows for name, image in images.items()}
    assert rom_words(memories, bits, count, depth) == list(words)


@pytest.fixture
def design(tmp_path):
    """A program and the images of its accelerator's memories."""
    program = compiled(TINY).program
    return program, images_of(Accelerator(program), tmp_path)


def test_the_words_of_a_program_are_found(design):
    program, images = design
    assert check_words(images, program) == (
        f"{len(program.weights):,} weight words, {len(program.parameters):,} parameter words"
    )


@pytest.mark.parametrize("name", ["weights.pair1", "parameters"])
def test_a_wrong_bit_and_swapped_words_are_caught(design, name):
    program, images = design
    memory = next(each for each in images if f".{name}." in each)
    rows = images[memory].rows
    other = next(row for row, value in enumerate(rows) if value != rows[0])

    def flip():
        rows[0] ^= 1

    def swap():
        rows[0], rows[other] = rows[other], rows[0]

    for change in (flip, swap):
        change()
        with pytest.raises(FirelineError, match=f"the ROM {name} does not hold"):
            check_words(images, program)
        change()
    assert check_words(images, program)


def test_a_rom_without_its_memory_is_named(design):
    program, images = design
    images = {name: image for name, image in images.items() if "pair0" not in name}
    with pytest.raises(FirelineError, match=r"the ROM weights\.pair0 does not hold"):
        check_words(images, program)
