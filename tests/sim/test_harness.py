"""The harness around a stub of the accelerator whose scores depend on every pixel."""

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.sim import harness
from fireline.sim.run import run
from fireline.sim.simulator import Simulator, build
from support.networks.small import TINY, compiled, pictures
from support.waveforms import read_vcd

JOB = compiled(TINY)
PIXELS = TINY.height * TINY.width  # a frame; not a multiple of a chunk

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


def build_stub(config: pytest.Config, traced: bool = False) -> Simulator:
    """The harness with the stub, kept from one run of the tests to the next."""
    around = harness.Harness(JOB.program)
    sources = {"fireline.v": STUB, "harness.v": harness.to_verilog(around)}
    cache = config.cache.mkdir("verilator")
    return build(sources, harness.NAME, harness.ports(around), cache, traced=traced)


@pytest.fixture(scope="module")
def simulator(pytestconfig):
    return build_stub(pytestconfig)


def expected(pixels: np.ndarray) -> list[list[int]]:
    """The stub's scores of the frames."""
    scores = []
    for frame in pixels.reshape(len(pixels), -1, 3).tolist():
        total = 0
        for red, green, blue in frame:
            total = (31 * total + (red | green << 8 | blue << 16)) % 2**32
        scores.append([(total + label) % 2**32 for label in range(TINY.classes)])
    return scores


@pytest.mark.parametrize("stall, abort_after", [(0, None), (0.5, None), (0, 47), (0.3, 100)])
def test_every_pixel_is_sent_once_and_in_order(stall, abort_after, simulator):
    pixels, order = pictures(TINY, 4), [2, 0, 1, 1, 3, 2, 0]
    result = run(simulator, JOB, pixels, order, stall=stall, seed=7, abort_after=abort_after)
    assert result.scores.tolist() == expected(pixels[order])


def test_without_stalls_each_cycle_has_a_pixel_or_a_score(simulator):
    """Frames end at every place in a chunk."""
    result = run(simulator, JOB, pictures(TINY, 1), [0] * 50)
    assert set(np.diff(result.ends)) == {PIXELS + TINY.classes}


@pytest.mark.parametrize("stall", [0.25, 0.75])
def test_pixels_and_scores_wait_in_the_given_share_of_cycles(stall, simulator):
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


def test_a_waveform_names_the_accelerators_ports_and_holds_every_cycle(pytestconfig, tmp_path):
    file = tmp_path / "waveform.vcd"
    simulator = build_stub(pytestconfig, traced=True)
    result = run(simulator, JOB, pictures(TINY, 1), [0, 0], vcd=file)
    waveform = read_vcd(file)
    ports = ("clk", "rst", "abort", "pixel_data", "pixel_valid", "pixel_ready")
    ports += ("score_data", "score_last", "score_valid", "score_ready")
    assert {f"harness.accelerator.{port}" for port in ports} <= waveform.names
    assert waveform.rises["harness.accelerator.clk"] == result.simulated + 1  # both ends of a cycle
    assert waveform.rises["harness.accelerator.score_valid"] == 2


def test_a_simulator_that_is_not_traced_refuses_to_write_a_waveform(simulator, tmp_path):
    with pytest.raises(FirelineError, match="trace"):
        run(simulator, JOB, pictures(TINY, 1), [0], vcd=tmp_path / "waveform.vcd")
    assert not (tmp_path / "waveform.vcd").exists()
