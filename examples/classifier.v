// A picture in, its class out: the core `fireline` and a search for the greatest score.
//
// `pixel_*` is the core's pixel stream. The module takes every score at once, so `score_ready`
// stays asserted. `score_valid` is asserted for one cycle with each score. One cycle after a
// frame's last score, `class_valid` is asserted for one cycle with the class of the frame's
// greatest score, the first of equals.

module classifier #(
    parameter PIXEL_BITS = 24,  // 8 for a grey picture
    parameter CLASS_BITS = 4    // enough for the number of classes less one
) (
    input  wire                  clk,
    input  wire                  rst,          // synchronous
    input  wire [PIXEL_BITS-1:0] pixel_data,   // red in the lowest byte
    input  wire                  pixel_valid,
    output wire                  pixel_ready,
    output wire [31:0]           score_data,
    output wire                  score_valid,
    output reg  [CLASS_BITS-1:0] class_index,
    output reg                   class_valid
);

  wire score_last;

  fireline core (
      .clk        (clk),
      .rst        (rst),
      .abort      (1'b0),
      .pixel_data (pixel_data),
      .pixel_valid(pixel_valid),
      .pixel_ready(pixel_ready),
      .score_data (score_data),
      .score_last (score_last),
      .score_valid(score_valid),
      .score_ready(1'b1)
  );

  reg [CLASS_BITS-1:0] number;      // of the class whose score comes next
  reg [CLASS_BITS-1:0] best_index;
  reg [31:0]           best_score;
  wire                 better = number == 0 || score_data > best_score;

  always @(posedge clk) begin
    class_valid <= score_valid & score_last & ~rst;
    if (rst) begin
      number <= 0;
    end else if (score_valid) begin
      number <= score_last ? 0 : number + 1;
      if (better) begin
        best_index <= number;
        best_score <= score_data;
      end
      class_index <= better ? number : best_index;
    end
  end

endmodule
