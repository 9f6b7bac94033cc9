from fireline.hw.lib.skid_buffer import SkidBuffer
from support.streams import run


def test_every_transfer_passes_in_order():
    sent = [n * 37 % 256 for n in range(100)]
    assert run(SkidBuffer(8), sent, 400, seed=0) == sent
