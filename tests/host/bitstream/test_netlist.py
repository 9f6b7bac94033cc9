"""Passes over netlists; Verilator shows that the netlist still computes the same."""

import json
from collections import defaultdict
from random import Random

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from fireline.errors import FirelineError
from fireline.host.bitstream.netlist import (
    absorb_output_registers,
    make_constants_near,
    refuse_driven_controls,
    release_pads_at_start,
)
from fireline.host.bitstream.synthesis import FREE_COLLISIONS
from fireline.hw.array.multiplier import PairMultiplier
from fireline.hw.ecp5.mult18x18d import Form
from fireline.hw.memory.block_ram import BlockRam
from support.ecp5_cells import run_verilated
from support.yosys import cells, run_yosys, synthesized

MEMORY_TESTBENCH = """
#include "Vtop.h"
#include <cstdio>

int main() {
    Vtop top;
    auto value = [](unsigned long long n) { return (n * 0x9E3779B97F4A7C15ull) >> 28; };
    top.rst = 0;
    for (int n = 0; n < 1024 + 2; n++) {
        top.write = n < 512;
        top.write_address = n % 512;
        top.write_data = value(n);
        top.address = n % 512;
        top.clk = 0;
        top.eval();
        if (n >= 512 + 2 && top.word != value(n - 512 - 2)) {
            std::printf("word %d: %llx", n - 512 - 2, (unsigned long long)top.word);
            return 1;
        }
        top.clk = 1;
        top.eval();
    }
}
"""

ARITHMETIC_TESTBENCH = """
#include "Vtop.h"
#include <cstdio>

constexpr int latency = 6;

int main() {
    Vtop top;
    unsigned long long random = 1;
    unsigned w[latency + 1] = {}, a[latency + 1] = {};
    top.rst = 0;
    for (int n = 0; n < 10000; n++) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        w[n % (latency + 1)] = top.w = random >> 44 & 15;
        a[n % (latency + 1)] = top.a = random >> 56;
        top.clk = 0;
        top.eval();
        unsigned then = (n + 1) % (latency + 1), product = w[then] * a[then];
        if (top.sum != top.w + top.a || top.difference != (top.w - top.a & 511)
            || (n >= latency && top.product != product)) {
            std::printf("%d, %d: %d, %d, %d", top.w, top.a, top.sum, top.difference, top.product);
            return 1;
        }
        top.clk = 1;
        top.eval();
    }
}
"""


def test_words_arrive_in_the_same_cycle_as_before(tmp_path):
    m, word = Module(), Signal(36)
    m.submodules.ram = ram = BlockRam(36, 512)
    m.d.comb += word.eq(ram.data)
    ports = [ram.address, word, ram.write, ram.write_address, ram.write_data]
    netlist = synthesized(m, tmp_path, ports, prepare=FREE_COLLISIONS)
    assert cells(netlist)["TRELLIS_FF"] == 36
    assert absorb_output_registers(netlist["modules"]["top"]) == 1
    assert cells(netlist)["TRELLIS_FF"] == 0 and cells(netlist)["DP16KD"] == 1
    write_verilog(netlist, tmp_path)
    assert run_verilated(tmp_path, MEMORY_TESTBENCH) == (0, "")


def write_verilog(netlist, folder):
    """Writes top.v from the netlist in Yosys' JSON."""
    (folder / "top.json").write_text(json.dumps(netlist))
    run_yosys("read_json top.json; select top; write_verilog -selected -noattr top.v", folder)


def rom(width, register):
    """A ROM whose data go through `register`; returns the module and its ports."""
    m = Module()
    rng = Random(width)
    words = [rng.getrandbits(width) for _ in range(512)]
    m.submodules.rom = memory = Memory(shape=width, depth=512, init=words)
    port = memory.read_port()
    address, out = Signal(9), Signal(width)
    m.d.comb += port.addr.eq(address)
    return m, [address, out, *register(m, port.data, out)]


def plain(m, data, out):
    register = Signal.like(out, reset_less=True)
    m.d.sync += register.eq(data)
    m.d.comb += out.eq(register)
    return []


def enabled(m, data, out):
    enable, register = Signal(), Signal.like(out, reset_less=True)
    with m.If(enable):
        m.d.sync += register.eq(data)
    m.d.comb += out.eq(register)
    return [enable]


def with_reset(m, data, out):
    m.d.sync += out.eq(data)
    return []


def inverted(m, data, out):
    return plain(m, ~data, out)


def seen_before(m, data, out):
    before = Signal()
    m.d.comb += before.eq(data[0])
    return [before, *plain(m, data, out)]


@pytest.mark.parametrize(
    ("width", "register", "ports"),
    [
        (36, plain, 1),
        (90, plain, 3),
        (36, enabled, 0),
        (36, with_reset, 0),
        (36, inverted, 0),
        (36, seen_before, 0),
        (72, seen_before, 1),
    ],
)
def test_only_plain_registers_are_moved(width, register, ports, tmp_path):
    module, pins = rom(width, register)
    netlist = synthesized(module, tmp_path, pins, prepare=FREE_COLLISIONS)
    before = cells(netlist)
    assert absorb_output_registers(netlist["modules"]["top"]) == ports
    after = cells(netlist)
    assert before["DP16KD"] == after["DP16KD"] == -(-width // 36)
    assert before["TRELLIS_FF"] - after["TRELLIS_FF"] == min(36 * ports, width)


class Arithmetic(wiring.Component):
    """A product, six cycles later; a sum and a difference, without a register."""

    w: In(4)
    a: In(8)
    product: Out(13)
    sum: Out(9)
    difference: Out(9)

    def elaborate(self, platform):
        m = Module()
        m.submodules.multiplier = multiplier = PairMultiplier(Form.ECP5)
        m.d.comb += [
            multiplier.w0.eq(self.w),
            multiplier.a.eq(self.a),
            self.product.eq(multiplier.p0),
            self.sum.eq(self.w + self.a),
            self.difference.eq(self.w - self.a),
        ]
        return m


def test_multipliers_and_carry_chains_get_local_constants(tmp_path):
    netlist = synthesized(Arithmetic(), tmp_path)
    top, before = netlist["modules"]["top"], cells(netlist)
    assert far_constants(top) == {
        ("MULT18X18D", "CE3"): "1",
        ("MULT18X18D", "RST3"): "0",
        ("MULT18X18D", "SIGNEDA"): "1",
        ("MULT18X18D", "SIGNEDB"): "0",
        ("MULT18X18D", "SOURCEA"): "0",
        ("MULT18X18D", "SOURCEB"): "0",
        ("CCU2C", "CIN"): "01",
    }
    make_constants_near(top)
    assert far_constants(top) == {}
    driven = [
        bit
        for cell in top["cells"].values()
        for pin, bits in cell["connections"].items()
        for bit in bits
        if cell["port_directions"][pin] == "output"
    ]
    assert len({*driven}) == len(driven)
    added = cells(netlist) - before
    assert added["LUT4"] == 2 and added["CCU2C"] == len(added) == 2
    write_verilog(netlist, tmp_path)
    assert run_verilated(tmp_path, ARITHMETIC_TESTBENCH) == (0, "")


def test_the_multipliers_of_a_block_share_their_constants(tmp_path):
    top = synthesized(Arithmetic(), tmp_path)["modules"]["top"]
    (name,) = [name for name, cell in top["cells"].items() if cell["type"] == "MULT18X18D"]
    sites = ("X4/Y13/MULT18_0", "X9/Y13/MULT18_5", "X13/Y13/MULT18_0", "X4/Y22/MULT18_0")
    for site in sites:
        top["cells"][site] = json.loads(json.dumps(top["cells"][name]))
        top["cells"][site]["attributes"]["BEL"] = site
    del top["cells"][name]
    make_constants_near(top)
    first, same, *others = [top["cells"][site]["connections"] for site in sites]
    controls = [pin for pin in first if pin.startswith(("CE", "RST", "SIGNED"))]
    assert len(controls) == 4
    for pin in controls:
        assert first[pin] == same[pin]
        assert first[pin] not in [other[pin] for other in others]


def test_constant_controls_are_accepted(tmp_path):
    refuse_driven_controls(synthesized(Arithmetic(), tmp_path)["modules"]["top"])
    module, pins = rom(36, plain)
    refuse_driven_controls(synthesized(module, tmp_path, pins)["modules"]["top"])


@pytest.mark.parametrize(
    "kind, pin, bits",
    [
        ("DP16KD", "RSTA", [99]),
        ("DP16KD", "RSTB", ["1"]),
        ("MULT18X18D", "RST", [99]),
        ("MULT18X18D", "RST", ["1"]),
        ("MULT18X18D", "RST", ["x"]),
        ("MULT18X18D", "RST", None),
        ("MULT18X18D", "CE", [99]),
        ("MULT18X18D", "CE", ["0"]),
    ],
)
def test_a_control_that_logic_drives_is_refused(kind, pin, bits, tmp_path):
    module, pins = (Arithmetic(), None) if kind == "MULT18X18D" else rom(36, plain)
    top = synthesized(module, tmp_path, pins)["modules"]["top"]
    (cell,) = [cell for cell in top["cells"].values() if cell["type"] == kind]
    pin = cell["parameters"].get(f"REG_OUTPUT_{pin}", pin)
    if bits:
        cell["connections"][pin] = bits
    else:
        del cell["connections"][pin]
    with pytest.raises(FirelineError, match=f"pin {pin} of .* defect of Fireline, please report"):
        refuse_driven_controls(top)


def far_constants(top):
    """The constants at the controls of multipliers and at the start of carry chains."""
    found = defaultdict(set)
    for cell in top["cells"].values():
        for pin, bits in cell["connections"].items():
            if (cell["type"] == "MULT18X18D" and pin[0] not in "AB") or pin == "CIN":
                found[cell["type"], pin] |= {*bits} & {*"01"}
    return {pins: "".join(sorted(values)) for pins, values in found.items() if values}


def pad_register(data, output) -> dict:
    return {
        "type": "TRELLIS_FF",
        "attributes": {"syn_useioff": "1"},
        "parameters": {"REGSET": "RESET"},
        "connections": {"DI": [data], "Q": [output]},
    }


def test_bidirectional_pads_drive_nothing_at_the_start():
    """Output pads, whose enable is a constant, and registers of the data keep their start."""
    pads = {
        "dq": {"I": [1], "T": [2], "B": [3]},
        "address": {"I": [4], "T": [5], "B": [6]},
        "tx": {"I": [7], "B": [8]},
    }
    registers = {
        "dq_data": pad_register(11, 1),
        "dq_enable": pad_register(12, 2),
        "address_enable": pad_register("0", 5),
        "plain": pad_register(13, 14),
    }
    cells = registers | {
        name: {"type": "TRELLIS_IO", "attributes": {}, "parameters": {}, "connections": pins}
        for name, pins in pads.items()
    }
    release_pads_at_start({"cells": cells})
    starts = {name: cell["parameters"]["REGSET"] for name, cell in registers.items()}
    assert [name for name, start in starts.items() if start == "SET"] == ["dq_enable"]
