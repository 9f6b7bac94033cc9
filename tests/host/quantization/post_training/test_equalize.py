import pytest
import torch
from fireline.host.float_network.fold import fold
from fireline.host.quantization.post_training.equalize import LIMIT, equalize, equalized
from fireline.host.quantization.post_training.fidelity import logits
from support.networks.post_training import PIXELS, ignore, small_model, small_work


def uneven_model():
    """Channels of a squeeze with very different ranges, and one that is always zero."""
    model = small_model(confidence=1.0)
    squeeze, norm = model.conv("fire4/squeeze"), model.norm("fire4/squeeze")
    with torch.no_grad():
        norm.weight *= torch.logspace(-1.5, 1.5, len(norm.weight))
        norm.bias *= torch.logspace(-1.5, 1.5, len(norm.bias))
        squeeze.weight[3] = 0.0
        norm.running_mean[3], norm.bias[3] = 0.0, -1.0
    return model


def test_the_function_is_the_same():
    work = small_work(uneven_model())
    changed = equalized(work.folded, work.statistics.peaks, work.bits)
    before, after = logits(work.folded, PIXELS), logits(changed, PIXELS)
    assert torch.allclose(before, after, rtol=1e-4, atol=1e-4)
    assert not torch.equal(work.folded.weights["conv1"], changed.weights["fire4/squeeze"])


def unevenness(work) -> tuple[float, float]:
    """Standard deviations of the logarithms: of channels' peaks, and of weights that read them."""
    peaks = work.statistics.peaks["fire4/squeeze"]
    weights = [work.folded.weights[f"fire4/{e}"] for e in ("expand1x1", "expand3x3")]
    columns = torch.stack([w.abs().amax((0, 2, 3)) for w in weights]).amax(0)
    return tuple(float(x[peaks > 0].log().std()) for x in (peaks, columns))


@pytest.mark.parametrize("bits", [4, 8])
def test_ranges_become_even(bits):
    """With 4 bits, channels and weights become equally even; with 8 bits, channels more."""
    work = small_work(uneven_model(), bits=bits)
    before = unevenness(work)
    equalize(work, ignore)
    values, weights = unevenness(work)
    assert max(values, weights) < 0.7 * max(before)
    if bits == 4:
        assert weights == pytest.approx(values, rel=0.05)
    else:
        assert values < 0.5 * weights


def test_maps_of_a_bypass_stay():
    folded, work = fold(small_model()), small_work()
    changed = equalized(folded, work.statistics.peaks, work.bits)
    same = {n for n in folded.weights if torch.equal(folded.weights[n], changed.weights[n])}
    assert {"conv1", "fire3/bypass"} <= same  # read by a simple bypass, added by a complex one
    assert not same & {"fire2/squeeze", "fire3/squeeze", "fire4/squeeze", "conv5"} - {
        "fire2/squeeze"
    }


def test_factors_are_limited():
    folded, work = fold(small_model()), small_work()
    peaks = work.statistics.peaks
    peaks["fire4/squeeze"] = peaks["fire4/squeeze"].clone()
    peaks["fire4/squeeze"][0] *= 1e12
    changed = equalized(folded, peaks, work.bits)
    ratio = changed.weights["fire4/squeeze"] / folded.weights["fire4/squeeze"]
    assert ratio.max() <= LIMIT * 1.001 and ratio[0].max() <= 1.001 / LIMIT <= ratio.min() * 1.01
