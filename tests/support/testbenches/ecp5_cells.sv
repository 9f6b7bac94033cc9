// Compares the models of sim/ecp5_cells.v with Yosys' own (yosys_*), or with a plain description of
// the cell. Each module checks a cell and counts its comparisons; a difference ends the program.
// The modules `multiplier` and `block_ram` are MULT18X18D and DP16KD with vectors for pins.

`timescale 1fs / 1fs

`define SAME(what, ours, expected) begin \
    if ((ours) !== (expected)) begin \
        $display("%m %s: %h, not %h, at %0t", what, ours, expected, $time); \
        $finish; \
    end \
    checks = checks + 1; \
end

module check_lut4(output integer checks);
    genvar n;
    generate
        for (n = 0; n < 8; n = n + 1) begin : each
            localparam [15:0] TABLE = 16'h1ee7 * (2 * n + 1);
            reg [3:0] pins;
            wire ours, theirs;
            LUT4 #(TABLE) a(pins[0], pins[1], pins[2], pins[3], ours);
            yosys_LUT4 #(TABLE) b(pins[0], pins[1], pins[2], pins[3], theirs);
            integer k;
            initial for (k = 0; k < 16; k = k + 1) begin
                pins = k[3:0];
                #1 `SAME("Z", ours, theirs)
            end
        end
    endgenerate
    reg [2:0] pins;
    wire pfumx, l6mux21, their_pfumx, their_l6mux21;
    PFUMX a(pins[0], pins[1], pins[2], pfumx);
    yosys_PFUMX b(pins[0], pins[1], pins[2], their_pfumx);
    L6MUX21 c(pins[0], pins[1], pins[2], l6mux21);
    yosys_L6MUX21 d(pins[0], pins[1], pins[2], their_l6mux21);
    integer k;
    initial begin
        checks = 0;
        for (k = 0; k < 8; k = k + 1) begin
            pins = k[2:0];
            #1 `SAME("PFUMX", pfumx, their_pfumx)
            `SAME("L6MUX21", l6mux21, their_l6mux21)
        end
    end
endmodule

module check_ccu2c(output integer checks);
    initial checks = 0;
    genvar n;
    generate
        for (n = 0; n < 16; n = n + 1) begin : each
            localparam [15:0] TABLE0 = 16'h96aa + 16'h3579 * n, TABLE1 = 16'h7888 ^ 16'h1111 * n;
            localparam [23:0] INJECT0 = n & 1 ? "YES" : "NO", INJECT1 = n & 2 ? "YES" : "NO";
            reg [8:0] pins;
            wire [2:0] ours, theirs;
            CCU2C #(.INIT0(TABLE0), .INIT1(TABLE1), .INJECT1_0(INJECT0), .INJECT1_1(INJECT1))
                a(.CIN(pins[8]), .A0(pins[0]), .B0(pins[1]), .C0(pins[2]), .D0(pins[3]),
                  .A1(pins[4]), .B1(pins[5]), .C1(pins[6]), .D1(pins[7]),
                  .S0(ours[0]), .S1(ours[1]), .COUT(ours[2]));
            yosys_CCU2C #(.INIT0(TABLE0), .INIT1(TABLE1), .INJECT1_0(INJECT0), .INJECT1_1(INJECT1))
                b(.CIN(pins[8]), .A0(pins[0]), .B0(pins[1]), .C0(pins[2]), .D0(pins[3]),
                  .A1(pins[4]), .B1(pins[5]), .C1(pins[6]), .D1(pins[7]),
                  .S0(theirs[0]), .S1(theirs[1]), .COUT(theirs[2]));
            integer k;
            initial for (k = 0; k < 512; k = k + 1) begin
                pins = k[8:0];
                #1 `SAME("COUT, S1, S0", ours, theirs)
            end
        end
    endgenerate
endmodule

module check_trellis_ff(output integer checks);
    initial checks = 0;
    reg clock = 0, enable = 0, set = 0, data = 0;
    always #10 clock = ~clock;
    always #7 {enable, set, data} = {$urandom} & ($urandom | 5);
    genvar n;
    generate
        for (n = 0; n < 64; n = n + 1) begin : each
            localparam [23:0] CEMUX = 
                n[1:0] == 0 ? "CE" : n[1:0] == 1 ? "INV" : n[1:0] == 2 ? "1" : "0";
            localparam [39:0] REGSET = n[2] ? "SET" : "RESET";
            localparam [87:0] SRMODE = n[3] ? "ASYNC" : "LSR_OVER_CE";
            localparam [23:0] CLKMUX = n[4] ? "INV" : "CLK", LSRMUX = n[5] ? "INV" : "LSR";
            wire ours, theirs;
            TRELLIS_FF #(.CEMUX(CEMUX), .REGSET(REGSET), .SRMODE(SRMODE), .CLKMUX(CLKMUX),
                         .LSRMUX(LSRMUX))
                a(.CLK(clock), .CE(enable), .LSR(set), .DI(data), .Q(ours));
            yosys_TRELLIS_FF #(.CEMUX(CEMUX), .REGSET(REGSET), .SRMODE(SRMODE), .CLKMUX(CLKMUX),
                               .LSRMUX(LSRMUX))
                b(.CLK(clock), .CE(enable), .LSR(set), .DI(data), .Q(theirs));
            always #3 `SAME("Q", ours, theirs)
        end
    endgenerate
endmodule

module check_trellis_dpr16x4(output integer checks);
    initial checks = 0;
    reg clock = 0;
    reg [12:0] pins = 0;
    always #10 clock = ~clock;
    always #7 pins = $urandom;
    genvar n;
    generate
        for (n = 0; n < 8; n = n + 1) begin : each
            localparam [23:0] WCKMUX = n[0] ? "INV" : "WCK";
            localparam [23:0] WREMUX = 
                n[2:1] == 0 ? "WRE" : n[2:1] == 1 ? "INV" : n[2:1] == 2 ? "1" : "0";
            wire [3:0] ours, theirs;
            TRELLIS_DPR16X4 #(.WCKMUX(WCKMUX), .WREMUX(WREMUX), .INITVAL(64'h0123456789abcdef))
                a(.WCK(clock), .WRE(pins[0]), .DI(pins[4:1]), .WAD(pins[8:5]), .RAD(pins[12:9]),
                  .DO(ours));
            yosys_TRELLIS_DPR16X4
                #(.WCKMUX(WCKMUX), .WREMUX(WREMUX), .INITVAL(64'h0123456789abcdef))
                b(.WCK(clock), .WRE(pins[0]), .DI(pins[4:1]), .WAD(pins[8:5]), .RAD(pins[12:9]),
                  .DO(theirs));
            always #3 `SAME("DO", ours, theirs)
        end
    endgenerate
endmodule

// Registers by pins 0 to 3; signed and unsigned operands; a reset that nothing drives.
module check_mult18x18d(output integer checks);
    initial checks = 0;
    reg clock = 0;
    reg [35:0] operands = 0;
    reg [9:0] controls = 0;
    always #10 clock = ~clock;
    always @(negedge clock) begin
        operands <= {$urandom, $urandom};
        controls <= $urandom | $urandom;
    end
    wire signed [18:0] a = {controls[8] & operands[17], operands[17:0]};
    wire signed [18:0] b = {controls[9] & operands[35], operands[35:18]};
    genvar n;
    generate
        for (n = 0; n < 4; n = n + 1) begin : each
            localparam [31:0] CE = "CE0" + n, RST = "RST0" + n;
            wire [35:0] plain, full, dead, mixed;
            wire enable = controls[n], reset = ~controls[4 + n];
            reg signed [18:0] first_a = 0, first_b = 0;
            reg signed [37:0] second = 0, third = 0, last = 0;
            wire signed [37:0] now = a * b;
            multiplier #("NONE", "NONE", "NONE", CE, RST)
                p(clock, controls[3:0], ~controls[7:4], controls[9:8], operands, plain);
            multiplier #("CLK0", "CLK0", "CLK0", CE, RST)
                f(clock, controls[3:0], ~controls[7:4], controls[9:8], operands, full);
            multiplier #("NONE", "NONE", "CLK0", CE, RST)
                m(clock, controls[3:0], ~controls[7:4], controls[9:8], operands, mixed);
            always @(posedge clock)
                if (reset) {first_a, first_b, second, third, last} <= 0;
                else if (enable) begin
                    {first_a, first_b} <= {a, b};
                    second <= first_a * first_b;
                    third <= second;
                    last <= now;
                end
            always @(negedge clock) begin
                `SAME("full", full, third[35:0])
                `SAME("output register alone", mixed, last[35:0])
                `SAME("no register", plain, now[35:0])
            end
        end
    endgenerate
    wire p0;
    MULT18X18D #(.REG_OUTPUT_CLK("CLK0"), .REG_OUTPUT_CE("CE3"), .REG_OUTPUT_RST("RST3"))
        undriven(.A0(1'b1), .B0(1'b1), .CLK0(clock), .CE3(1'b1), .SOURCEA(1'b0), .SOURCEB(1'b0),
                 .SIGNEDA(1'b0), .SIGNEDB(1'b0), .P0(p0));
    always @(negedge clock) `SAME("undriven reset", p0, 1'b0)
endmodule

module check_dp16kd(output integer checks);
    initial checks = 0;
    genvar n;
    generate
        for (n = 0; n < 12; n = n + 1) begin : each
            localparam A = n == 0 ? 9 : n == 1 ? 18 : n < 4 ? 36 : n == 4 ? 9 : n == 5 ? 18
                : n == 6 ? 1 : n == 7 ? 2 : n == 8 ? 4 : n == 9 ? 9 : 36;
            localparam B = n == 0 ? 9 : n == 1 ? 18 : n < 4 ? 36 : n == 4 ? 18 : n == 5 ? 9
                : n == 6 ? 4 : n == 7 ? 9 : n == 8 ? 1 : n == 9 ? 9 : n == 10 ? 9 : 18;
            localparam [119:0] MODE = n % 3 == 0 ? "READBEFOREWRITE" : n % 3 == 1 ? "NORMAL"
                : "WRITETHROUGH";
            localparam REGISTERED = n % 2;
            check_block_ram #(A, B, MODE, REGISTERED) ram();
            always #1000 checks = checks + ram.checks;
        end
    endgenerate
endmodule

// The memory as lanes of nine bits. Both ports never write in the same cycle.
module check_block_ram;
    parameter A = 18, B = 18;
    parameter [119:0] MODE = "NORMAL";
    parameter REGISTERED = 0;
    localparam [47:0] REGMODE = REGISTERED ? "OUTREG" : "NOREG";
    integer checks = 0;
    reg clock = 0;
    always #10 clock = ~clock;

    reg [17:0] data_a = 0, data_b = 0;
    reg [13:0] address_a = 0, address_b = 0;
    reg [5:0] controls = 0;  // enable A, write A, enable of the output register; the same of B
    wire [17:0] out_a, out_b;
    block_ram #(A, B, REGMODE, MODE)
        ram(clock, data_a, address_a, controls[2:0], data_b, address_b, controls[5:3], out_a,
            out_b);

    reg [8:0] lanes [0:2047];
    integer n;
    initial for (n = 0; n < 2048; n = n + 1) lanes[n] = (9'd37 * n[8:0]) ^ n[10:2];
    // Few rows, so that writes are read again.
    always @(negedge clock) begin
        {data_a, data_b} <= {$urandom, $urandom};
        address_a <= $urandom & 14'h20ff;
        address_b <= $urandom & 14'h20ff;
        controls <= $urandom | 6'o44;
        if (A == 36) controls[0] <= 1;
        if (A == 36 || B == 36) controls[4] <= 0;
        else if ($urandom & 1) controls[4] <= 0;
        else controls[1] <= 0;
    end

    function [35:0] datum(input integer width, input [13:0] address);
        case (width)
            36: datum = {lanes[{address[13:5], 2'd3}], lanes[{address[13:5], 2'd2}],
                         lanes[{address[13:5], 2'd1}], lanes[{address[13:5], 2'd0}]};
            18: datum = {lanes[{address[13:4], 1'd1}], lanes[{address[13:4], 1'd0}]};
            9: datum = lanes[address[13:3]];
            4: datum = address[2] ? lanes[address[13:3]][7:4] : lanes[address[13:3]][3:0];
            2: datum = lanes[address[13:3]][2 * address[2:1] +: 2];
            default: datum = lanes[address[13:3]][address[2:0]];
        endcase
    endfunction
    task store(input integer width, input [13:0] address, input [35:0] data);
        integer k;
        case (width)
            36: for (k = 0; k < 4; k = k + 1)
                    if (address[k]) lanes[{address[13:5], k[1:0]}] = data[9 * k +: 9];
            18: for (k = 0; k < 2; k = k + 1)
                    if (address[k]) lanes[{address[13:4], k[0]}] = data[9 * k +: 9];
            9: lanes[address[13:3]] = data[8:0];
            4: lanes[address[13:3]][4 * address[2] +: 4] = data[3:0];
            2: lanes[address[13:3]][2 * address[2:1] +: 2] = data[1:0];
            default: lanes[address[13:3]][address[2:0]] = data[0];
        endcase
    endtask

    reg [35:0] fetched_a = 0, fetched_b = 0, shown_a = 0, shown_b = 0;
    wire hold_a = MODE == "NORMAL" && controls[1], hold_b = MODE == "NORMAL" && controls[4];
    wire through_a = MODE == "WRITETHROUGH" && controls[1];
    wire through_b = MODE == "WRITETHROUGH" && controls[4];
    always @(posedge clock) begin
        #1;
        if (REGISTERED) begin
            if (controls[2]) shown_a = fetched_a;
            if (controls[5]) shown_b = fetched_b;
        end
        if (controls[0] && !hold_a && !through_a) fetched_a = datum(A, address_a);
        if (controls[3] && !hold_b && !through_b) fetched_b = datum(B, address_b);
        if (controls[0] && controls[1]) store(A, address_a, {data_b, data_a});
        if (controls[3] && controls[4]) store(B, address_b, {18'd0, data_b});
        if (controls[0] && through_a) fetched_a = datum(A, address_a);
        if (controls[3] && through_b) fetched_b = datum(B, address_b);
        if (!REGISTERED) {shown_a, shown_b} = {fetched_a, fetched_b};
        #1;
        if (B == 36) `SAME("36 bits", {out_b, out_a}, shown_b)
        else begin
            if (A != 36) `SAME("port A", out_a, shown_a[17:0])
            `SAME("port B", out_b, shown_b[17:0])
        end
    end
endmodule

// A clock's last period, and the time of its last rising edge.
module period_of(input clock);
    reg [63:0] edge_at = 0, period = 0;
    always @(posedge clock) begin
        period <= $time - edge_at;
        edge_at <= $time;
    end
endmodule

module check_ehxplll(output integer checks);
    initial checks = 0;
    reg oscillator = 0, reset = 0, step = 1, earlier = 0;
    always #20_000_000 oscillator = ~oscillator;
    wire feedback, core, memory, other, lock, slow_lock, loose_lock, loose;
    // 25 MHz: detector 25 MHz, oscillator 600 MHz; 100 MHz twice, the second 25 eighths earlier;
    // 62.5 MHz would need a detector that is too slow.
    EHXPLLL #(.CLKFB_DIV(1), .CLKOP_DIV(24), .CLKOP_CPHASE(11), .CLKOS_DIV(6), .CLKOS_CPHASE(2),
              .CLKOS_ENABLE("ENABLED"), .CLKOS2_DIV(6), .CLKOS2_CPHASE(4), .CLKOS2_FPHASE(7),
              .CLKOS2_ENABLE("ENABLED"), .CLKOS3_DIV(16), .CLKOS3_ENABLE("ENABLED"),
              .DPHASE_SOURCE("ENABLED"), .PLLRST_ENA("ENABLED"))
        pll(.CLKI(oscillator), .CLKFB(feedback), .CLKOP(feedback), .CLKOS(core), .CLKOS2(memory),
            .CLKOS3(other), .LOCK(lock), .RST(reset), .STDBY(1'b0), .PHASESEL1(1'b0),
            .PHASESEL0(1'b1), .PHASEDIR(earlier), .PHASESTEP(step), .PHASELOADREG(1'b1));
    wire slow;
    EHXPLLL #(.CLKI_DIV(5), .CLKFB_DIV(22), .CLKOP_DIV(5))
        detector_too_slow(.CLKI(oscillator), .CLKFB(slow), .CLKOP(slow), .LOCK(slow_lock));
    EHXPLLL #(.CLKFB_DIV(4), .CLKOP_DIV(6))
        no_feedback(.CLKI(oscillator), .CLKFB(1'b0), .CLKOP(loose), .LOCK(loose_lock));
    period_of c(core), m(memory), o(other), f(feedback);
    reg [63:0] released = 0;

    task settled(input [63:0] phase);  // all clocks, `phase` eighths between core and memory
        begin
            `SAME("core MHz", 1_000_000_000 / c.period, 100)
            `SAME("memory MHz", 1_000_000_000 / m.period, 100)
            `SAME("other kHz", 64'd1_000_000_000_000 / o.period, 37500)
            `SAME("detector MHz", 1_000_000_000 / f.period, 25)
            `SAME("phase", ((m.edge_at + 4 * c.period - c.edge_at) % c.period + 104_000) / 208_333,
                  phase)
        end
    endtask
    integer n;
    initial begin
        wait (lock);
        `SAME("late", $time > 10_000_000_000 && $time < 30_000_000_000, 1'b1)
        #500_000_000 settled(23);
        for (n = 0; n < 48; n = n + 1) begin
            step = 1;
            #40_000_000 step = 0;
            #100_000_000 settled((24 + n) % 48);
        end
        earlier = 1;
        step = 1;
        #40_000_000 step = 0;
        #100_000_000 settled(22);
        reset = 1;
        #500_000_000 `SAME("reset", {lock, core, memory}, 3'b000)
        reset = 0;
        released = $time;
        #1 wait (lock);
        `SAME("late again", $time - released > 10_000_000_000, 1'b1)
        #500_000_000 settled(23);
        `SAME("never", {slow_lock, loose_lock}, 2'b00)
    end
endmodule

module check_pins(output integer checks);
    initial checks = 0;
    reg clock = 0, data = 0, tristate = 0, enable = 0, high = 0, low = 0;
    always #10 clock = ~clock;
    always @(negedge clock) {data, tristate, enable} <= $urandom;
    wire gated, in, out, both, seen, ddr, ib, obz, bb, bb_in, ifs, ofs, preset;
    reg held = 0, register = 0;
    DCCA gate(clock, enable, gated);
    TRELLIS_IO #(.DIR("INPUT")) i(.B(data), .O(in));
    TRELLIS_IO #(.DIR("OUTPUT")) o(.B(out), .I(data), .T(1'b0));
    TRELLIS_IO #(.DIR("BIDIR")) b(.B(both), .I(data), .T(tristate), .O(seen));
    assign both = tristate ? ~data : 1'bz;
    IB pin_i(data, ib);
    OBZ pin_o(data, 1'b0, obz);
    BB pin_b(data, tristate, bb_in, bb);
    assign bb = tristate ? ~data : 1'bz;
    IFS1P3DX #() r(data, enable, clock, 1'b0, ifs);
    OFS1P3DX #() s(data, enable, clock, 1'b0, ofs);
    OFS1P3BX #() t(data, enable, clock, ~tristate, preset);
    ODDRX1F oddr(clock, 1'b0, 1'b1, 1'b0, ddr);
    always @(posedge clock) begin
        if (enable) register <= data;
        #1 `SAME("gate", gated, enable)
        `SAME("pins", {in, out, seen, ib, obz, bb_in},
              {6{data}} ^ {2'b00, tristate, 2'b00, tristate})
        `SAME("registers", {ifs, ofs}, {2{register}})
        if (!tristate) `SAME("preset", preset, 1'b1)
        if ($time > 100) `SAME("first half", ddr, 1'b1)
        #5 if (enable) `SAME("gate", gated, 1'b1)
        #6 `SAME("gate", gated, 1'b0)
        if ($time > 100) `SAME("second half", ddr, 1'b0)
    end
    reg [7:0] code;
    reg start = 0;
    DTR dtr(start, code[7], code[6], code[5], code[4], code[3], code[2], code[1], code[0]);
    initial begin
        #50 `SAME("no measurement", code, 8'd0)
        start = 1;
        #50 `SAME("code", code, 8'h80 | 8'd27)
    end
endmodule

module tb;
    integer lut4, ccu2c, trellis_ff, trellis_dpr16x4, mult18x18d, dp16kd, ehxplll, pins;
    generate
        if (1) begin : checks
            check_lut4 a(lut4);
            check_ccu2c b(ccu2c);
            check_trellis_ff c(trellis_ff);
            check_trellis_dpr16x4 d(trellis_dpr16x4);
            check_mult18x18d e(mult18x18d);
            check_dp16kd f(dp16kd);
            check_pins g(pins);
        end
    endgenerate
    initial begin
        #200_000;
        $display("lut4 %0d", lut4);
        $display("ccu2c %0d", ccu2c);
        $display("trellis_ff %0d", trellis_ff);
        $display("trellis_dpr16x4 %0d", trellis_dpr16x4);
        $display("mult18x18d %0d", mult18x18d);
        $display("dp16kd %0d", dp16kd);
        $display("pins %0d", pins);
        $finish;
    end
endmodule

module tb_pll;
    integer ehxplll;
    check_ehxplll pll(ehxplll);
    initial begin
        #60_000_000_000;
        $display("ehxplll %0d", ehxplll);
        $finish;
    end
endmodule
