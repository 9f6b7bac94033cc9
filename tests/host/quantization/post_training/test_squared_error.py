from fireline.host.quantization.post_training.squared_error import squared_error
from support.networks.post_training import fresh_fidelity, ignore, small_work


def test_it_reduces_the_error():
    work = small_work()
    before = fresh_fidelity(work).decibels
    squared_error(work, ignore)
    assert fresh_fidelity(work).decibels > before + 0.5
