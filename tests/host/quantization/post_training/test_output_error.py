import numpy as np
import pytest
import torch
from fireline.host.quantization.post_training.output_error import (
    FACTORS,
    output_error,
    output_errors,
    rounding,
    squared,
)
from support.networks.post_training import FRESH, PIXELS, ignore, small_model, small_work


def test_scales_are_those_of_the_least_error():
    work, shares = small_work(), []
    output_error(work, shares.append)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    assert set(work.map_scales) == set(work.student.scales) - {"conv5"}
    for name, scale in work.map_scales.items():
        peak = float(work.statistics.peaks[name].max())
        near = [peak / 255 * factor for factor in FACTORS]
        errors = output_errors(work.folded, PIXELS, {name: near}, ignore)[name]
        assert scale == near[np.argmin(errors)]
        assert work.student.scales[name]().item() == pytest.approx(scale)


def test_unused_values_are_clipped():
    """One channel is far greater than all others, and the next layer's weights for it are zero."""
    model = small_model()
    squeeze, expands = model.conv("fire2/squeeze"), ("fire2/expand1x1", "fire2/expand3x3")
    with torch.no_grad():
        squeeze.weight[0] *= 8
        for name in expands:
            model.conv(name).weight[:, 0] = 0
    work = small_work(model)
    output_error(work, ignore)
    peak = float(work.statistics.peaks["fire2/squeeze"].max())
    assert work.map_scales["fire2/squeeze"] == peak / 255 * FACTORS[-1]


@pytest.mark.parametrize("name", ["conv1", "fire2", "fire3/squeeze", "fire3/bypass", "fire4"])
def test_the_error_of_one_map(name):
    """A fine scale up to the peak costs little; a coarse scale or clipping costs much more."""
    work = small_work()
    peak = float(work.statistics.peaks[name].max())
    scales = [peak / 255, peak / 25, peak / 2550]
    mild, coarse, clipped = output_errors(work.folded, FRESH, {name: scales}, ignore)[name]
    assert 0 < 5 * mild < min(coarse, clipped)


def test_the_sum_of_a_bypass_is_clipped():
    network = small_work().folded
    _, join = rounding(network, "fire2", 0.5)
    expanded, skipped = torch.rand(2, 3, 16, 4, 4) * 127.5
    whole = network.join("fire2", expanded, skipped)
    assert whole.max() > 127.5
    assert torch.equal(join("fire2", expanded, skipped), whole.clamp(max=127.5))
    assert torch.equal(join("fire3", expanded, skipped), whole)


def test_errors_common_to_all_pictures_or_classes_do_not_count():
    shared = torch.rand(6, 1) + torch.rand(5)
    own = torch.zeros(6, 5)
    own[:2, :2] = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    assert squared(shared) == pytest.approx(0, abs=1e-6)
    assert squared(shared + own) == pytest.approx(4)


def test_a_new_start_forgets_chosen_scales():
    work = small_work()
    fresh = work.student.state_dict()
    output_error(work, ignore)
    work.start(work.folded)
    for name, value in work.student.state_dict().items():
        assert torch.equal(value, fresh[name]), name
