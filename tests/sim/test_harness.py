"""The harness around a stub of the accelerator that tells which pixels came, and when."""

import numpy as np
import pytest
from fireline.sim import harness
from fireline.sim.run import run
from fireline.sim.simulator import build
from support.small import TINY, compiled, pictures

JOB = compiled(TINY)
PIXELS = TINY.height * TINY.width  # of a frame, no multiple of a chunk's

STUB = f"""
module fireline(
    input clk, input rst, input abort,
    input [23:0] pixel_data, input pixel_valid, output pixel_ready,
    output [31:0] score_data, output score_last, output score_valid, input score_ready
);
  reg [31:0] hash = 0;
  reg [15:0] taken = 0;
  reg [15:0] label = 0;
  assign pixel_ready = taken != {PIXELS};
  assign score_valid = taken == {PIXELS};
  assign score_data = hash + label;
  assign score_last = label == {TINY.classes - 1};
  always @(posedge clk)
    if (rst || abort) begin
      hash <= 0;
      taken <= 0;
      label <= 0;
    end else if (pixel_valid && pixel_ready) begin
      hash <= 31 * hash + pixel_data;
      taken <= taken + 1;
    end else if (score_valid && score_ready) begin
      label <= score_last ? 0 : label + 1;
      if (score_last) begin
        hash <= 0;
        taken <= 0;
      end
    end
endmodule
"""


@pytest.fixture(scope="module")
def simulator(pytestconfig):
    around = harness.Harness(JOB.program)
    sources = {"fireline.v": STUB, "harness.v": harness.to_verilog(around)}
    cache = pytestconfig.cache.mkdir("verilator")
    return build(sources, harness.NAME, harness.ports(around), cache)


def expected(pixels: np.ndarray) -> list[list[int]]:
    """What the stub says of the frames."""
    scores = []
    for frame in pixels.reshape(len(pixels), -1, 3).tolist():
        total = 0
        for red, green, blue in frame:
            total = (31 * total + (red | green << 8 | blue << 16)) % 2**32
        scores.append([(total + label) % 2**32 for label in range(TINY.classes)])
    return scores


@pytest.mark.parametrize("stall, abort_after", [(0, None), (0.5, None), (0, 47), (0.3, 100)])
def test_every_pixel_comes_once_and_in_order(stall, abort_after, simulator):
    pixels, order = pictures(TINY, 4), [2, 0, 1, 1, 3, 2, 0]
    result = run(simulator, JOB, pixels, order, stall=stall, seed=7, abort_after=abort_after)
    assert result.scores.tolist() == expected(pixels[order])


def test_a_pixel_and_a_score_each_cycle(simulator):
    """Wherever chunks end."""
    result = run(simulator, JOB, pictures(TINY, 1), [0] * 50)
    assert set(np.diff(result.ends)) == {PIXELS + TINY.classes}


@pytest.mark.parametrize("stall", [0.25, 0.75])
def test_either_end_waits_as_often_as_it_should(stall, simulator):
    frames = 200
    result = run(simulator, JOB, pictures(TINY, 1), [0] * frames, stall=stall)
    busy = frames * (PIXELS + TINY.classes) / result.ends[-1]
    assert busy == pytest.approx(1 - stall, abs=0.02)


def test_equal_seeds_give_equal_runs(simulator):
    ends = [
        run(simulator, JOB, pictures(TINY, 1), [0] * 5, stall=0.5, seed=seed).ends.tolist()
        for seed in (1, 1, 2)
    ]
    assert ends[0] == ends[1] != ends[2]
