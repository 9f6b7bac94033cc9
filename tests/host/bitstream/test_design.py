"""How a design divides the FPGA's multipliers."""

import pytest
from fireline.host.bitstream.design import deal, multipliers_used, scale_multipliers
from fireline.host.compiler.compile import compile_network
from fireline.host.network.lookup import load_network
from fireline.hw.ecp5.mult18x18d import Form
from fireline.hw.program import ArrayShape


@pytest.mark.parametrize(
    ("spare", "dsp", "scale"),
    [(-1, 0, Form.LUT), (0, 0, Form.ECP5), (7, 4, Form.ECP5), (99, 32, Form.ECP5)],
)
def test_the_requantizer_is_served_first_and_lane_pairs_share_equally(spare, dsp, scale):
    program = compile_network(load_network("cifar10"), ArrayShape(8, 8)).program
    own = scale_multipliers(program)
    assert deal(program, own + spare) == (dsp, scale)
    assert multipliers_used(program, own + spare) == dsp + (own if spare >= 0 else 0)
