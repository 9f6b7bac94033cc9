// What surrounds the self-test in simulation, with faults.
//
// Plus arguments:
//   +eye_from=N, +eye_to=N  steps of the SDRAM clock's phase from and to which words are read right;
//                           the eye may wrap around
//   +serial_noise=N         inverts the line to the board for 8 cycles in every N

`timescale 1fs / 1fs

// The words that the FPGA reads from the SDRAM: wrong unless the phase of the SDRAM's clock lies in
// the eye. Phases are counted in steps of STEP femtoseconds from where the clock leads by LEAD steps.
module sdram_eye #(
    parameter STEPS = 48,
    parameter LEAD = 18,
    parameter longint STEP = 208333333
) (
    input core_clk,
    input memory_clk,
    input [15:0] word,
    output [15:0] seen
);
    int from, to;
    initial begin
        if (!$value$plusargs("eye_from=%d", from)) from = STEPS - STEPS / 4;
        if (!$value$plusargs("eye_to=%d", to)) to = STEPS / 4;
    end

    longint core_edge = 0;
    int phase = 0;
    always @(posedge core_clk) core_edge <= $time;
    always @(posedge memory_clk)
        phase <= (int'(($time - core_edge + STEP / 2) / STEP) + LEAD) % STEPS;
    wire open = from <= to ? phase >= from && phase <= to : phase >= from || phase <= to;
    assign seen = open ? word : {word[14:0], ~word[15]};
endmodule

module serial_noise(input clk, input line, output seen);
    int every, cycle = 0;
    initial if (!$value$plusargs("serial_noise=%d", every)) every = 0;
    always @(posedge clk) cycle <= cycle == every - 1 ? 0 : cycle + 1;
    assign seen = line ^ (every != 0 && cycle < 8);
endmodule
