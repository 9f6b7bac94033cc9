"""ROMs that Yosys mapped to block RAMs, in a configuration as nextpnr writes it."""

import json
from random import Random

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib.memory import Memory
from fireline.errors import FirelineError
from fireline.host.bitstream.readback.configuration import Configuration
from fireline.host.bitstream.readback.images import (
    Image,
    cell_image,
    design_images,
    memories_of,
    placed_block_rams,
    rows_of,
    without_constants,
)
from fireline.host.bitstream.readback.memories import check_contents
from support.yosys import synthesized

SITES = {"X51/Y25/EBR0": (51, 0, 2), "X53/Y25/EBR1": (53, 2, 3), "X55/Y25/EBR2": (55, 4, 3)}
"""Column, first tile and number of tiles of some block RAMs in row 25."""

RNG = Random(1)
WIDE = [RNG.getrandbits(40) for _ in range(300)]
DEEP = [RNG.getrandbits(12) << 3 | 5 for _ in range(900)]
"""Some bits are the same in all words, and Yosys takes them out."""


@pytest.fixture(scope="module")
def roms(tmp_path_factory):
    """The folder with the design, and the netlist, of two ROMs."""
    folder = tmp_path_factory.mktemp("roms")
    m, ports = Module(), []
    for name, words, width in (("wide", WIDE, 40), ("deep", DEEP, 15)):
        m.submodules[name] = memory = Memory(shape=width, depth=len(words), init=words)
        port = memory.read_port()
        address, data = Signal.like(port.addr), Signal(width)
        m.d.comb += [port.addr.eq(address), data.eq(port.data)]
        ports += [address, data]
    netlist = synthesized(m, folder, ports)["modules"]["top"]
    rams = {n: c for n, c in netlist["cells"].items() if c["type"] == "DP16KD"}
    assert len(rams) == len(SITES)
    return folder, {"cells": rams}


def configuration(netlist: dict) -> str:
    """The text for the block RAMs of a netlist, numbered from 3 on, at SITES."""
    text = ""
    for number, (cell, (column, first, tiles)) in enumerate(
        zip(netlist["cells"].values(), SITES.values(), strict=True), 3
    ):
        names = [f"MIB_R25C{column + n}:MIB_EBR{first + n}" for n in range(tiles)]
        block = f"EBR{first // 2}"
        text += f".tile_group {' '.join(names)}\n"
        text += f"word: {block}.WID {f'{number:09b}'[::-1]}\nenum: {block}.MODE DP16KD\n\n"
        values = " ".join(f"{value:03x}" for value in cell_image(cell))
        text += f".bram_init {number}\n{values}\n\n"
    return text


def check(roms, tmp_path, change=lambda netlist, found, images: None) -> str:
    folder, netlist = roms
    netlist = json.loads(json.dumps(netlist))
    (tmp_path / "written.config").write_text(configuration(netlist))
    found, images = (
        Configuration.read(tmp_path / "written.config"),
        design_images(folder / "top.il"),
    )
    change(netlist, found, images)
    sites = dict(zip(netlist["cells"], SITES, strict=True))
    return check_contents(found, found, netlist, sites, images)


def fault(*arguments) -> str:
    with pytest.raises(FirelineError) as error:
        check(*arguments)
    return str(error.value)


def test_the_images_are_the_designs(roms):
    folder, _ = roms
    assert design_images(folder / "top.il") == {"wide": (40, WIDE), "deep": (15, DEEP)}
    assert without_constants(Image(15, DEEP)) == (12, [word >> 3 for word in DEEP])


def test_all_words_are_checked(roms, tmp_path):
    assert check(roms, tmp_path) == "1,200 words in block RAM"


@pytest.mark.parametrize("block, value, bit", [(3, 0, 0), (4, 77, 8), (5, 2047, 3)])
def test_one_wrong_bit_in_the_bitstream_is_caught(roms, tmp_path, block, value, bit):
    def flip(netlist, found, images):
        found.block_rams[block][value] ^= 1 << bit

    assert "does not hold what the netlist says" in fault(roms, tmp_path, flip)


def test_swapped_words_in_the_bitstream_are_caught(roms, tmp_path):
    def swap(netlist, found, images):
        values = found.block_rams[3]
        values[4], values[8] = values[8], values[4]

    assert "does not hold what the netlist says" in fault(roms, tmp_path, swap)


def test_contents_at_another_site_are_caught(roms, tmp_path):
    def swap(netlist, found, images):
        found.block_rams[3], found.block_rams[4] = found.block_rams[4], found.block_rams[3]

    assert "does not hold what the netlist says" in fault(roms, tmp_path, swap)


@pytest.mark.parametrize("memory, row, bit", [("wide", 0, 0), ("wide", 299, 39), ("deep", 5, 3)])
def test_one_bit_that_yosys_would_lose_is_caught(roms, tmp_path, memory, row, bit):
    def flip(netlist, found, images):
        images[memory].rows[row] ^= 1 << bit

    assert f"{memory} does not hold what the design says" in fault(roms, tmp_path, flip)


def test_words_that_yosys_would_swap_are_caught(roms, tmp_path):
    def swap(netlist, found, images):
        rows = images["wide"].rows
        rows[7], rows[8] = rows[8], rows[7]

    assert "wide does not hold what the design says" in fault(roms, tmp_path, swap)


def test_a_memory_that_the_design_does_not_have_is_named(roms, tmp_path):
    assert "no memory wide" in fault(roms, tmp_path, lambda netlist, found, im: im.pop("wide"))


def test_sites_are_read_from_the_placed_netlist(tmp_path):
    cells = {
        "a.0.0": {"hide_name": 0, "type": "DP16KD", "attributes": {"NEXTPNR_BEL": "X51/Y25/EBR0"}},
        "b": {"hide_name": 0, "type": "TRELLIS_FF", "attributes": {"NEXTPNR_BEL": "X1/Y1/FF0"}},
        "c.0.1": {"hide_name": 0, "type": "DP16KD", "attributes": {"NEXTPNR_BEL": "X53/Y25/EBR1"}},
    }
    (tmp_path / "placed.json").write_text(json.dumps({"cells": cells}, indent=1))
    assert placed_block_rams(tmp_path / "placed.json") == {
        "a.0.0": "X51/Y25/EBR0",
        "c.0.1": "X53/Y25/EBR1",
    }


def test_memories_of_all_shapes_are_read(tmp_path):
    """Deeper than a block RAM, wider, or with a write port of nine bits."""
    m, ports = Module(), []
    for name, depth, width in (("a", 1500, 34), ("b", 5000, 9), ("c", 9000, 1), ("d", 500, 81)):
        words = [RNG.getrandbits(width) for _ in range(depth)]
        m.submodules[name] = memory = Memory(shape=width, depth=depth, init=words)
        read = memory.read_port()
        address, data = Signal.like(read.addr), Signal.like(read.data)
        m.d.comb += [read.addr.eq(address), data.eq(read.data)]
        ports += [address, data]
        if name == "d":
            write = memory.write_port(granularity=9)
            pins = [Signal.like(pin) for pin in (write.addr, write.data, write.en)]
            m.d.comb += [write.addr.eq(pins[0]), write.data.eq(pins[1]), write.en.eq(pins[2])]
            ports += pins
    memories = memories_of(synthesized(m, tmp_path, ports)["modules"]["top"])
    images = design_images(tmp_path / "top.il")
    assert set(memories) == set(images) == set("abcd")
    for name, (slices,) in memories.items():
        image = images[name]
        assert rows_of(slices, image.width, len(image.rows)) == image.rows, name
