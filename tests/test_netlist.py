"""Memories before and after the pass; what comes out of it still reads what was written."""

import json
from random import Random

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib.memory import Memory
from ecp5_cells import run_verilated
from fireline.host.build import FREE_COLLISIONS
from fireline.host.netlist import absorb_output_registers
from fireline.hw.ram import BlockRam
from yosys import cells, run_yosys, synthesized

BENCH = """
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


def test_words_still_arrive_when_they_should(tmp_path):
    m, word = Module(), Signal(36)
    m.submodules.ram = ram = BlockRam(36, 512)
    m.d.comb += word.eq(ram.data)
    ports = [ram.address, word, ram.write, ram.write_address, ram.write_data]
    netlist = synthesized(m, tmp_path, ports, prepare=FREE_COLLISIONS)
    assert cells(netlist)["TRELLIS_FF"] == 36
    assert absorb_output_registers(netlist["modules"]["top"]) == 1
    assert cells(netlist)["TRELLIS_FF"] == 0 and cells(netlist)["DP16KD"] == 1
    (tmp_path / "top.json").write_text(json.dumps(netlist))
    script = "read_json top.json; select top; write_verilog -selected -noattr top.v"
    run_yosys(script, tmp_path)
    assert run_verilated(tmp_path, BENCH) == (0, "")


def rom(width, register):
    """A ROM behind which stands what `register` makes of its data; and the ports of that."""
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
def test_which_registers_are_moved(width, register, ports, tmp_path):
    module, pins = rom(width, register)
    netlist = synthesized(module, tmp_path, pins, prepare=FREE_COLLISIONS)
    before = cells(netlist)
    assert absorb_output_registers(netlist["modules"]["top"]) == ports
    after = cells(netlist)
    assert before["DP16KD"] == after["DP16KD"] == -(-width // 36)
    assert before["TRELLIS_FF"] - after["TRELLIS_FF"] == min(36 * ports, width)
