import numpy as np
import pytest
import torch
from fireline.host import golden
from fireline.host.quantization.post_training.error_feedback import error_feedback, fit_layer
from fireline.host.quantization.post_training.side_by_side import side_by_side
from fireline.host.quantization.post_training.squared_error import squared_error
from support.networks.post_training import PIXELS, fresh_fidelity, ignore, small_model, small_work


@pytest.mark.parametrize("bits, gain", [(4, 5.0), (8, 0.0)])
def test_it_reduces_the_error(bits, gain):
    work, shares = small_work(bits=bits), []
    squared_error(work, ignore)
    before = fresh_fidelity(work).decibels
    error_feedback(work, shares.append)
    assert fresh_fidelity(work).decibels > before + gain
    assert shares[-1] == 1.0 and len(shares) == len(work.student.convs)


def test_it_computes_the_golden_integers():
    work = small_work()
    error_feedback(work, ignore)
    x = torch.from_numpy(PIXELS).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        scores = work.student.scores(x)
    assert np.array_equal(scores.numpy(), golden.run(work.student.network(), PIXELS))


def test_it_compensates_errors_of_earlier_layers():
    """conv1 gives two fifths less than it should; the layers behind it compensate that."""
    work = small_work(bits=8)
    with torch.no_grad():
        work.student.convs["conv1"].weight *= 0.6
        work.student.convs["conv1"].bias *= 0.6

    def visit(layer, pair):
        if layer.name != "conv1":
            fit_layer(work, work.student.conv(layer), layer, pair)

    assert fresh_fidelity(work).decibels < 15
    side_by_side(work, visit, ignore)
    assert fresh_fidelity(work).decibels > 19


def test_silent_inputs():
    """A map that is zero on all pictures; its second moments are zero, too."""
    model = small_model()
    with torch.no_grad():
        model.norm("fire4/squeeze").weight.zero_()
        model.norm("fire4/squeeze").bias.fill_(-1.0)
    work = small_work(model)
    error_feedback(work, ignore)
    for value in work.student.state_dict().values():
        assert torch.isfinite(value).all()
    work.student.network()
