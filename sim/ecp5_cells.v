// Models of the ECP5 cells that a design of this project consists of, for Verilator with --timing.
//
// Each cell does what its documents say at power-up and at its clock edges; no cell has delays.
// A mode that a model lacks ends the simulation with a message, and a parameter or pin that it
// lacks ends the compilation. A pin that place and route reads as 1 if nothing drives it has that
// default here. GSR is not modelled: no design uses it.
//
// Sources: Lattice FPGA-TN-02200 (PLL), FPGA-TN-02204 (memories), FPGA-TN-02205 (multipliers) and
// the behaviour of Yosys' models of the cells (techlibs/ecp5). Where a comment says "reported", it
// comes from other projects.

`timescale 1fs / 1fs

// Four inputs, any function.
module LUT4(input A, B, C, D, output Z);
    parameter [15:0] INIT = 0;
    assign Z = INIT[{D, C, B, A}];
endmodule

// Multiplexer of two LUT4.
module PFUMX(input ALUT, BLUT, C0, output Z);
    assign Z = C0 ? ALUT : BLUT;
endmodule

// Multiplexer of two multiplexers.
module L6MUX21(input D0, D1, SD, output Z);
    assign Z = SD ? D1 : D0;
endmodule

// Two bits of a carry chain. A LUT propagates the carry if it is 1; else the carry is its entry
// 0 0 B A. Injection keeps the carry out of the sum and the LUT's entry out of the carry.
module CCU2C(input CIN, A0, B0, C0, D0, A1, B1, C1, D1, output S0, S1, COUT);
    parameter [15:0] INIT0 = 0, INIT1 = 0;
    parameter INJECT1_0 = "YES", INJECT1_1 = "YES";
    wire propagate0 = INIT0[{D0, C0, B0, A0}], propagate1 = INIT1[{D1, C1, B1, A1}];
    wire generate0 = INJECT1_0 != "YES" && INIT0[{2'b00, B0, A0}];
    wire generate1 = INJECT1_1 != "YES" && INIT1[{2'b00, B1, A1}];
    wire carry = propagate0 ? CIN : generate0;
    assign S0 = propagate0 ^ (INJECT1_0 != "YES" && CIN);
    assign S1 = propagate1 ^ (INJECT1_1 != "YES" && carry);
    assign COUT = propagate1 ? carry : generate1;
endmodule

// Register. Yosys may write the value "1" with a space behind it, so that it is no number.
module TRELLIS_FF(input CLK, CE, LSR, DI, output reg Q);
    parameter CLKMUX = "CLK", CEMUX = "1", LSRMUX = "LSR";
    parameter REGSET = "RESET", SRMODE = "LSR_OVER_CE", GSR = "ENABLED";
    localparam VALUE = REGSET == "SET";
    wire clock = CLKMUX == "INV" ? ~CLK : CLK;
    wire set = LSRMUX == "INV" ? ~LSR : LSR;
    wire enable;
    initial Q = VALUE;
    generate
        if (CEMUX == "1" || CEMUX == "1 ") assign enable = 1;
        else if (CEMUX == "0" || CEMUX == "0 ") assign enable = 0;
        else if (CEMUX == "INV") assign enable = ~CE;
        else if (CEMUX == "CE") assign enable = CE;
        else $fatal(1, "TRELLIS_FF: CEMUX %s", CEMUX);
        if (SRMODE == "ASYNC") begin
            always @(posedge clock, posedge set)
                if (set) Q <= VALUE;
                else if (enable) Q <= DI;
        end else if (SRMODE == "LSR_OVER_CE") begin
            always @(posedge clock)
                if (set) Q <= VALUE;
                else if (enable) Q <= DI;
        end else $fatal(1, "TRELLIS_FF: SRMODE %s", SRMODE);
    endgenerate
endmodule

// Sixteen words of four bits; reading is combinational.
module TRELLIS_DPR16X4(input WCK, WRE, input [3:0] DI, WAD, RAD, output [3:0] DO);
    parameter WCKMUX = "WCK", WREMUX = "WRE";
    parameter [63:0] INITVAL = 0;
    reg [3:0] words [0:15];
    wire clock = WCKMUX == "INV" ? ~WCK : WCK;
    wire write = WREMUX == "INV" ? ~WRE : WREMUX == "WRE" ? WRE : WREMUX == "1" || WREMUX == "1 ";
    integer n;
    initial for (n = 0; n < 16; n = n + 1) words[n] = INITVAL[4 * n +: 4];
    always @(posedge clock)
        if (write) words[WAD] <= DI;
    assign DO = words[RAD];
endmodule

// Whether a cell's path in the design has this part.
function automatic bit lies_in(string path, string part);
    for (int n = 0; n + part.len() <= path.len(); n++)
        if (path.substr(n, n + part.len() - 1) == part) return 1;
    return 0;
endfunction

// Multiplier of 18 x 18 bits with optional registers at both inputs, behind the partial products
// and at the output. Each register's clock, enable and reset are one of four pins. A reset or an
// enable that nothing drives is 1 (reported of nextpnr), so such a reset keeps the register 0.
// Arguments: +multiplier_zero=N keeps the product of the cell in a module siteN at 0,
// +multiplier_wrong=N inverts its bit 17.
module MULT18X18D(
    input
        A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
        B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
        SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK0, CLK1, CLK2, CLK3,
    input CE0 = 1'b1, CE1 = 1'b1, CE2 = 1'b1, CE3 = 1'b1,
    input RST0 = 1'b1, RST1 = 1'b1, RST2 = 1'b1, RST3 = 1'b1,
    output
        P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
        P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
    parameter REG_INPUTA_CLK = "NONE", REG_INPUTA_CE = "CE0", REG_INPUTA_RST = "RST0";
    parameter REG_INPUTB_CLK = "NONE", REG_INPUTB_CE = "CE0", REG_INPUTB_RST = "RST0";
    parameter REG_PIPELINE_CLK = "NONE", REG_PIPELINE_CE = "CE0", REG_PIPELINE_RST = "RST0";
    parameter REG_OUTPUT_CLK = "NONE", REG_OUTPUT_CE = "CE0", REG_OUTPUT_RST = "RST0";
    parameter RESETMODE = "SYNC", GSR = "ENABLED", SOURCEB_MODE = "B_SHIFT";
    parameter MULT_BYPASS = "DISABLED", CAS_MATCH_REG = "FALSE", HIGHSPEED_CLK = "NONE";
    parameter CLK0_DIV = "ENABLED", CLK1_DIV = "ENABLED", CLK2_DIV = "ENABLED", CLK3_DIV = "ENABLED";

    wire [17:0] A = {
        A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
    wire [17:0] B = {
        B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
    wire [3:0] CLK = {CLK3, CLK2, CLK1, CLK0}, CE = {CE3, CE2, CE1, CE0};
    wire [3:0] RST = {RST3, RST2, RST1, RST0};
    wire [18:0] a, b;
    wire [37:0] product, result;

    MULT18X18D_register #(19, REG_INPUTA_CLK, REG_INPUTA_CE, REG_INPUTA_RST, RESETMODE)
        input_a(CLK, CE, RST, {SIGNEDA & A[17], A}, a);
    MULT18X18D_register #(19, REG_INPUTB_CLK, REG_INPUTB_CE, REG_INPUTB_RST, RESETMODE)
        input_b(CLK, CE, RST, {SIGNEDB & B[17], B}, b);
    MULT18X18D_register #(38, REG_PIPELINE_CLK, REG_PIPELINE_CE, REG_PIPELINE_RST, RESETMODE)
        pipeline(CLK, CE, RST, $signed({{19{a[18]}}, a}) * $signed({{19{b[18]}}, b}), product);
    MULT18X18D_register #(38, REG_OUTPUT_CLK, REG_OUTPUT_CE, REG_OUTPUT_RST, RESETMODE)
        output_register(CLK, CE, RST, product, result);
    assign {
        P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
        P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0}
        = (result[35:0] ^ inverted) & kept;

    integer zero, wrong;
    reg [35:0] kept = 36'hfffffffff, inverted = 0;
    initial begin
        if ($value$plusargs("multiplier_zero=%d", zero)
            && lies_in($sformatf("%m"), $sformatf("site%0d.", zero))) kept = 0;
        if ($value$plusargs("multiplier_wrong=%d", wrong)
            && lies_in($sformatf("%m"), $sformatf("site%0d.", wrong))) inverted[17] = 1;
    end
    generate
        if (MULT_BYPASS != "DISABLED") $fatal(1, "MULT18X18D: MULT_BYPASS %s", MULT_BYPASS);
    endgenerate
    always @* if (SOURCEA || SOURCEB) $fatal(1, "MULT18X18D: an operand from the shift chain");
endmodule

module MULT18X18D_register(CLK, CE, RST, D, Q);
    parameter WIDTH = 1;
    parameter [31:0] CLOCK = "NONE", ENABLE = "CE0", RESET = "RST0";
    parameter RESETMODE = "SYNC";
    input [3:0] CLK, CE, RST;
    input [WIDTH-1:0] D;
    output [WIDTH-1:0] Q;
    // The two lowest bits of a pin's name, such as CLK3, are its number.
    generate
        if (CLOCK == "NONE") assign Q = D;
        else begin
            reg [WIDTH-1:0] value = 0;
            wire clock = CLK[CLOCK[1:0]], enable = CE[ENABLE[1:0]], reset = RST[RESET[1:0]];
            assign Q = value;
            if (RESETMODE == "ASYNC") begin
                always @(posedge clock, posedge reset)
                    if (reset) value <= 0;
                    else if (enable) value <= D;
            end else begin
                always @(posedge clock)
                    if (reset) value <= 0;
                    else if (enable) value <= D;
            end
        end
    endgenerate
endmodule

// Block RAM of 1024 words of 18 bits, with two ports 1, 2, 4, 9 or 18 bits wide, or written 36
// bits wide at port A, or read 36 bits wide at port B. Two words make one of 36 bits, at the pins A
// the lower and at the pins B the upper. Address bits below a word of 18 or 36 bits enable its
// bytes of nine bits. INITVAL_xx holds sixteen words of 18 bits in 20 bits each.
module DP16KD(
    input
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4,
        DIA3, DIA2, DIA1, DIA0,
        ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
        CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4,
        DIB3, DIB2, DIB1, DIB0,
        ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
        CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output
        DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4,
        DOA3, DOA2, DOA1, DOA0,
        DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4,
        DOB3, DOB2, DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18, REGMODE_A = "NOREG", REGMODE_B = "NOREG";
    parameter WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL";
    parameter RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC", GSR = "ENABLED";
    parameter CSDECODE_A = "0b000", CSDECODE_B = "0b000", CLKAMUX = "CLKA", CLKBMUX = "CLKB";
    parameter [319:0]
        INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 = 0,
        INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0,
        INITVAL_0A = 0, INITVAL_0B = 0, INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0,
        INITVAL_0F = 0, INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0,
        INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0, INITVAL_18 = 0,
        INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0, INITVAL_1C = 0, INITVAL_1D = 0,
        INITVAL_1E = 0, INITVAL_1F = 0, INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0,
        INITVAL_23 = 0, INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0,
        INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0, INITVAL_2C = 0,
        INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0, INITVAL_30 = 0, INITVAL_31 = 0,
        INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0,
        INITVAL_37 = 0, INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0,
        INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0;
    localparam [20479:0] INITVAL = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39,
        INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32,
        INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B,
        INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
        INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D,
        INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16,
        INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F,
        INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
        INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
        INITVAL_00
    };
    localparam WIDE_WRITE = DATA_WIDTH_A == 36, WIDE_READ = DATA_WIDTH_B == 36;

    wire clock_a = CLKAMUX == "INV" ? ~CLKA : CLKA, clock_b = CLKBMUX == "INV" ? ~CLKB : CLKB;
    wire [13:0] address_a = {
        ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [13:0] address_b = {
        ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire [17:0] data_a = {
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4,
        DIA3, DIA2, DIA1, DIA0};
    wire [17:0] data_b = {
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4,
        DIB3, DIB2, DIB1, DIB0};
    wire [17:0] out_a, out_b;
    assign {
        DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4,
        DOA3, DOA2, DOA1, DOA0} = out_a;
    assign {
        DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4,
        DOB3, DOB2, DOB1, DOB0} = out_b;
    wire enable_a = CEA && {CSA2, CSA1, CSA0} == 0, enable_b = CEB && {CSB2, CSB1, CSB0} == 0;

    reg [17:0] words [0:1023];
    integer n;
    initial for (n = 0; n < 1024; n = n + 1) words[n] = INITVAL[n / 16 * 320 + n % 16 * 20 +: 18];

    // The bits of a word that a write changes, and the place of a datum among them.
    function [17:0] mask(input integer width, input [13:0] address);
        case (width)
            1, 2, 4: mask = ((18'd1 << width) - 18'd1) << place(width, address);
            9: mask = 18'o777 << place(width, address);
            default: mask = {{9{address[1]}}, {9{address[0]}}};
        endcase
    endfunction
    function [4:0] place(input integer width, input [13:0] address);
        place = width >= 18 ? 0 : 9 * address[3]
            + (width == 9 ? 0 : address[2:0] & ~3'(width - 1));
    endfunction
    function [17:0] read(input integer width, input [13:0] address, input [17:0] word);
        read = word >> place(width, address);
        if (width < 18) read = read & ((18'd1 << width) - 18'd1);
    endfunction

    wire [17:0] written_a = mask(WIDE_WRITE ? 18 : DATA_WIDTH_A, address_a);
    wire [17:0] written_b = mask(DATA_WIDTH_B, address_b);
    wire [17:0] high = {{9{address_a[3]}}, {9{address_a[2]}}};
    wire [9:0] low_row = {address_a[13:5], 1'b0}, high_row = {address_a[13:5], 1'b1};
    always @(posedge clock_a)
        if (enable_a && WEA) begin
            if (WIDE_WRITE) begin
                words[low_row] <= words[low_row] & ~written_a | data_a & written_a;
                words[high_row] <= words[high_row] & ~high | data_b & high;
            end else
                words[address_a[13:4]] <= words[address_a[13:4]] & ~written_a
                    | data_a << place(DATA_WIDTH_A, address_a) & written_a;
        end
    generate
        if (!WIDE_WRITE && !WIDE_READ)
            always @(posedge clock_b)
                if (enable_b && WEB)
                    words[address_b[13:4]] <= words[address_b[13:4]] & ~written_b
                        | data_b << place(DATA_WIDTH_B, address_b) & written_b;
        if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000") $fatal(1, "DP16KD: CSDECODE");
    endgenerate

    // What each port reads, and what it would read after its own write.
    wire [13:0] upper_address = {address_b[13:5], 5'b10000}, lower_address = {address_b[13:5], 5'b0};
    wire [17:0] old_a = words[address_a[13:4]], old_b = words[address_b[13:4]];
    wire [17:0] new_a = old_a & ~written_a | data_a << place(DATA_WIDTH_A, address_a) & written_a;
    wire [17:0] new_b = old_b & ~written_b | data_b << place(DATA_WIDTH_B, address_b) & written_b;
    wire [17:0] read_a = read(DATA_WIDTH_A, address_a,
        WRITEMODE_A == "WRITETHROUGH" && WEA ? new_a : old_a);
    wire [17:0] read_b = read(DATA_WIDTH_B, address_b,
        WRITEMODE_B == "WRITETHROUGH" && WEB ? new_b : old_b);
    wire fetch_a = enable_a && !(WRITEMODE_A == "NORMAL" && WEA);
    wire fetch_b = enable_b && !(WRITEMODE_B == "NORMAL" && WEB);
    generate
        if (WIDE_READ) begin
            DP16KD_output #(REGMODE_A, RESETMODE)
                output_a(clock_b, enable_b, OCEA, RSTB, words[lower_address[13:4]], out_a);
            DP16KD_output #(REGMODE_B, RESETMODE)
                output_b(clock_b, enable_b, OCEB, RSTB, words[upper_address[13:4]], out_b);
        end else begin
            if (WIDE_WRITE) assign out_a = 0;
            else
                DP16KD_output #(REGMODE_A, RESETMODE)
                    output_a(clock_a, fetch_a, OCEA, RSTA, read_a, out_a);
            DP16KD_output #(REGMODE_B, RESETMODE)
                output_b(clock_b, fetch_b, OCEB, RSTB, read_b, out_b);
        end
    endgenerate
endmodule

// The output of a port: what it fetched, and the optional register behind it.
module DP16KD_output(input CLK, FETCH, OCE, RST, input [17:0] WORD, output [17:0] Q);
    parameter REGMODE = "NOREG", RESETMODE = "SYNC";
    reg [17:0] fetched = 0, registered = 0;
    assign Q = REGMODE == "OUTREG" ? registered : fetched;
    generate
        if (RESETMODE == "ASYNC") begin
            always @(posedge CLK, posedge RST)
                if (RST) {fetched, registered} <= 0;
                else begin
                    if (FETCH) fetched <= WORD;
                    if (OCE) registered <= fetched;
                end
        end else begin
            always @(posedge CLK)
                if (RST) {fetched, registered} <= 0;
                else begin
                    if (FETCH) fetched <= WORD;
                    if (OCE) registered <= fetched;
                end
        end
    endgenerate
endmodule

// Clock gate; its enable acts while the clock is low.
module DCCA(input CLKI, input CE = 1'b1, output CLKO);
    reg enabled = 0;
    always @* if (!CLKI) enabled = CE;
    assign CLKO = CLKI & enabled;
endmodule

// PLL. It measures CLKI's period and runs its oscillator, whose eighth is the unit of all phases,
// at the frequency that FEEDBK_PATH and the dividers give. An output's edges come CPHASE and
// FPHASE / 8 periods after those of an output with phase 0; phases against CLKI are not modelled.
//
// After power-up and after RST the oscillator runs a fourth too slowly for a while, stops, so that
// all outputs start anew together, and runs at its frequency. LOCK rises when CLKFB (an INT_ path:
// the output itself) had the right number of edges in a window of the phase detector, about 18 us
// after the start at 25 MHz; never if the detector is not at 10 to 400 MHz (reported of the data
// sheet) or the oscillator not at 400 to 800 MHz.
//
// A falling edge of PHASESTEP moves the output that PHASESEL names (0 to 3: CLKOS, CLKOS2, CLKOS3,
// CLKOP) by an eighth, later if PHASEDIR is 0, else earlier (reported by ecppll, hdl4fpga).
// PHASELOADREG does nothing here.
//
// Arguments: +pll_false_lock raises LOCK for a while long before the right frequency is reached;
// +pll_dead=N keeps LOCK of the cell in a module pllN at 0.
module EHXPLLL(
    input CLKI, CLKFB, PHASESEL1, PHASESEL0, PHASEDIR, PHASESTEP, PHASELOADREG,
    input STDBY, PLLWAKESYNC, RST, ENCLKOP, ENCLKOS, ENCLKOS2, ENCLKOS3,
    output CLKOP, CLKOS, CLKOS2, CLKOS3, output reg LOCK, output INTLOCK, REFCLK, CLKINTFB
);
    parameter CLKI_DIV = 1, CLKFB_DIV = 1, CLKOP_DIV = 8, CLKOS_DIV = 8, CLKOS2_DIV = 8;
    parameter CLKOS3_DIV = 8, CLKOP_ENABLE = "ENABLED", CLKOS_ENABLE = "DISABLED";
    parameter CLKOS2_ENABLE = "DISABLED", CLKOS3_ENABLE = "DISABLED";
    parameter CLKOP_CPHASE = 0, CLKOS_CPHASE = 0, CLKOS2_CPHASE = 0, CLKOS3_CPHASE = 0;
    parameter CLKOP_FPHASE = 0, CLKOS_FPHASE = 0, CLKOS2_FPHASE = 0, CLKOS3_FPHASE = 0;
    parameter FEEDBK_PATH = "CLKOP", DPHASE_SOURCE = "DISABLED", PLLRST_ENA = "DISABLED";
    parameter STDBY_ENABLE = "DISABLED", INTFB_WAKE = "DISABLED", PLL_LOCK_MODE = 0;
    parameter OUTDIVIDER_MUXA = "DIVA", OUTDIVIDER_MUXB = "DIVB", OUTDIVIDER_MUXC = "DIVC";
    parameter OUTDIVIDER_MUXD = "DIVD", INT_LOCK_STICKY = "ENABLED", SYNC_ENABLE = "DISABLED";

    localparam WINDOW = 64;     // cycles of the phase detector
    localparam SLOW_WINDOWS = 4;
    localparam FEEDBACK_DIV =
        FEEDBK_PATH == "CLKOP" || FEEDBK_PATH == "INT_OP" ? CLKOP_DIV :
        FEEDBK_PATH == "CLKOS" || FEEDBK_PATH == "INT_OS" ? CLKOS_DIV :
        FEEDBK_PATH == "CLKOS2" || FEEDBK_PATH == "INT_OS2" ? CLKOS2_DIV :
        FEEDBK_PATH == "CLKOS3" || FEEDBK_PATH == "INT_OS3" ? CLKOS3_DIV : 0;
    generate
        if (FEEDBACK_DIV == 0) $fatal(1, "EHXPLLL: FEEDBK_PATH %s", FEEDBK_PATH);
    endgenerate

    wire stopped = (PLLRST_ENA == "ENABLED" && RST) || (STDBY_ENABLE == "ENABLED" && STDBY);
    wire feedback =
        FEEDBK_PATH == "INT_OP" ? CLKOP : FEEDBK_PATH == "INT_OS" ? CLKOS :
        FEEDBK_PATH == "INT_OS2" ? CLKOS2 : FEEDBK_PATH == "INT_OS3" ? CLKOS3 : CLKFB;
    assign INTLOCK = LOCK, REFCLK = CLKI, CLKINTFB = feedback;

    // Times are in femtoseconds, as whole eighths of the oscillator's period.
    reg [63:0] last_edge = 0, period = 0, eighth = 0;
    reg [63:0] feedback_edges = 0, edges_before = 0;
    integer cycles = 0, windows = 0;
    reg running = 0, slow = 1, false_lock = 0, dead = 0;
    integer number;
    wire in_range = period * CLKI_DIV >= 2_500_000 && period * CLKI_DIV <= 100_000_000
        && eighth * 8 >= 1_249_999 && eighth * 8 <= 2_500_001;

    initial begin
        LOCK = 0;
        false_lock = $test$plusargs("pll_false_lock");
        dead = $value$plusargs("pll_dead=%d", number)
            && lies_in($sformatf("%m"), $sformatf("pll%0d.", number));
    end
    always @(posedge feedback) feedback_edges <= feedback_edges + 1;
    always @(posedge CLKI, posedge stopped)
        if (stopped) begin
            {running, LOCK, last_edge, period} <= 0;
            {cycles, windows} <= 0;
            slow <= 1;
        end else begin
            last_edge <= $time;
            if (last_edge != 0 && period == 0) period <= $time - last_edge;
            if (period != 0 && !running) begin
                eighth <= (period * CLKI_DIV + 4 * CLKFB_DIV * FEEDBACK_DIV)
                    / (8 * CLKFB_DIV * FEEDBACK_DIV);
                running <= 1;
            end
            if (running) begin
                cycles <= cycles + 1;
                if (cycles == WINDOW * CLKI_DIV - 1) begin
                    cycles <= 0;
                    windows <= windows + 1;
                    edges_before <= feedback_edges;
                    slow <= windows < SLOW_WINDOWS - 1;
                    LOCK <= LOCK || false_lock && windows == 1 || windows > SLOW_WINDOWS + 1
                        && in_range && feedback_edges + 1 >= edges_before + WINDOW * CLKFB_DIV
                        && feedback_edges <= edges_before + WINDOW * CLKFB_DIV + 1;
                    if (windows == 2 || dead) LOCK <= 0;
                end
            end
        end

    wire [63:0] unit = slow ? eighth * 5 / 4 : eighth;
    wire run = running && windows != SLOW_WINDOWS;
    wire step = DPHASE_SOURCE == "ENABLED" && PHASESTEP;
    wire [1:0] selected = {PHASESEL1, PHASESEL0};
    EHXPLLL_output #(CLKOP_DIV, 8 * CLKOP_CPHASE + CLKOP_FPHASE, CLKOP_ENABLE)
        op(run, unit, step && selected == 3, PHASEDIR, CLKOP);
    EHXPLLL_output #(CLKOS_DIV, 8 * CLKOS_CPHASE + CLKOS_FPHASE, CLKOS_ENABLE)
        os(run, unit, step && selected == 0, PHASEDIR, CLKOS);
    EHXPLLL_output #(CLKOS2_DIV, 8 * CLKOS2_CPHASE + CLKOS2_FPHASE, CLKOS2_ENABLE)
        os2(run, unit, step && selected == 1, PHASEDIR, CLKOS2);
    EHXPLLL_output #(CLKOS3_DIV, 8 * CLKOS3_CPHASE + CLKOS3_FPHASE, CLKOS3_ENABLE)
        os3(run, unit, step && selected == 2, PHASEDIR, CLKOS3);
endmodule

// An output of the PLL: a square wave of DIV periods of the oscillator, PHASE eighths late.
module EHXPLLL_output(RUNNING, UNIT, STEP, EARLIER, CLOCK);
    parameter DIV = 8, PHASE = 0, ENABLE = "ENABLED";
    input RUNNING, STEP, EARLIER;
    input [63:0] UNIT;
    output reg CLOCK;
    integer moved = 0, done = 0, low;  // low: eighths of the next low phase
    initial CLOCK = 0;
    generate
        if (ENABLE == "ENABLED") begin
            always @(negedge STEP) moved = EARLIER ? moved - 1 : moved + 1;
            always begin
                if (!RUNNING) begin
                    @(posedge RUNNING);
                    done = moved;
                    #(UNIT * (PHASE % (8 * DIV)) + 1);
                end
                CLOCK = 1;
                #(UNIT * 4 * DIV);
                CLOCK = 0;
                low = 4 * DIV + moved - done;
                done = moved;
                #(UNIT * low);
            end
        end
    endgenerate
endmodule

// Thermometer of the die. A rising edge of STARTPULSE measures; DTROUT7 then says that the code in
// DTROUT5 to DTROUT0 is valid (reported). +die_code=N sets the code.
module DTR(
    input STARTPULSE,
    output DTROUT7, DTROUT6, DTROUT5, DTROUT4, DTROUT3, DTROUT2, DTROUT1, DTROUT0
);
    parameter DTR_TEMP = 25;
    reg [7:0] value = 0;
    integer code = 27;
    assign {DTROUT7, DTROUT6, DTROUT5, DTROUT4, DTROUT3, DTROUT2, DTROUT1, DTROUT0} = value;
    initial if (!$value$plusargs("die_code=%d", code)) code = 27;
    always @(posedge STARTPULSE) value <= {2'b10, code[5:0]};
endmodule

// A pin. A pull resistor is not modelled.
module TRELLIS_IO(inout B, input I, input T = 1'b0, output O);
    parameter DIR = "INPUT";
    generate
        if (DIR == "INPUT") assign O = B;
        else if (DIR == "OUTPUT") assign B = T ? 1'bz : I;
        else if (DIR == "BIDIR") begin
            assign B = T ? 1'bz : I;
            assign O = B;
        end else $fatal(1, "TRELLIS_IO: DIR %s", DIR);
    endgenerate
endmodule

// Pins before Yosys maps them to TRELLIS_IO.
module IB(input I, output O);
    assign O = I;
endmodule

module OB(input I, output O);
    assign O = I;
endmodule

module OBZ(input I, T, output O);
    assign O = T ? 1'bz : I;
endmodule

module BB(input I, T, output O, inout B);
    assign B = T ? 1'bz : I;
    assign O = B;
endmodule

// Registers in pins, before Yosys maps them to TRELLIS_FF: cleared by CD or preset by PD.
module IFS1P3DX(input D, SP, SCLK, CD, output reg Q);
    initial Q = 0;
    always @(posedge SCLK, posedge CD)
        if (CD) Q <= 0;
        else if (SP) Q <= D;
endmodule

module OFS1P3DX(input D, SP, SCLK, CD, output reg Q);
    initial Q = 0;
    always @(posedge SCLK, posedge CD)
        if (CD) Q <= 0;
        else if (SP) Q <= D;
endmodule

module OFS1P3BX(input D, SP, SCLK, PD, output reg Q);
    initial Q = 1;
    always @(posedge SCLK, posedge PD)
        if (PD) Q <= 1;
        else if (SP) Q <= D;
endmodule

// Double data rate output: D0 while SCLK is high, D1 while it is low, two cycles after a register.
module ODDRX1F(input SCLK, RST, D0, D1, output Q);
    parameter GSR = "ENABLED";
    reg [1:0] first = 0, second = 0, shown = 0;
    always @(posedge SCLK, posedge RST)
        if (RST) {first, second, shown} <= 0;
        else begin
            first <= {D1, D0};
            second <= first;
            shown <= second;
        end
    assign Q = SCLK ? shown[0] : shown[1];
endmodule
