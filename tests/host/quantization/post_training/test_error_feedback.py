import numpy as np
import pytest
import torch
from fireline.host import golden
from fireline.host.quantization.post_training.error_feedback import error_feedback, fit_layer
from fireline.host.quantization.post_training.feedback_rounding import round_with_feedback
from fireline.host.quantization.post_training.side_by_side import side_by_side
from fireline.host.quantization.post_training.squared_error import squared_error
from support.post_training import PIXELS, fresh_fidelity, ignore, small_model, small_work


def moments(size: int) -> torch.Tensor:
    """Second moments of correlated inputs."""
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(size, size, dtype=torch.float64, generator=generator)
    return mix @ mix.T + 0.1 * torch.eye(size, dtype=torch.float64)


def test_feedback_is_better_than_nearest():
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(8, 30, dtype=torch.float64, generator=generator)
    square, step = moments(30), torch.full_like(weight, 0.3)
    found = round_with_feedback(weight, square, step, (-8, 7))
    codes = found / step
    assert torch.allclose(codes, codes.round(), atol=1e-9) and codes.abs().max() < 8.001
    nearest = (weight / step).round().clamp(-8, 7) * step

    def loss(rounded):
        error = rounded - weight
        return torch.einsum("ci,ij,cj->", error, square, error)

    assert loss(found) < 0.6 * loss(nearest)


def test_independent_inputs_are_rounded_to_nearest():
    weight = torch.linspace(-3, 3, 40, dtype=torch.float64).view(2, 20)
    square = torch.eye(20, dtype=torch.float64) * torch.arange(1.0, 21.0)
    found = round_with_feedback(weight, square, torch.full_like(weight, 0.5), (-8, 7))
    assert torch.equal(found, torch.floor(weight / 0.5 + 0.5) * 0.5)


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
