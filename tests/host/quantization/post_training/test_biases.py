import torch
from fireline.host.float_network.walk import walk
from fireline.host.quantization.post_training.biases import correct_biases
from support.networks.post_training import PIXELS, fresh_fidelity, ignore, small_model, small_work


def test_mean_sums_equal_floats():
    """All classes share one correction, so only their common mean is equal."""
    work, shares = small_work(), []
    before = fresh_fidelity(work).decibels
    correct_biases(work, shares.append)
    assert shares[-1] == 1.0 and len(shares) == len(work.student.convs)
    assert fresh_fidelity(work).decibels > before
    means = {}

    def convolve(layer, x):
        conv, (read, written) = work.student.convs[layer.name], work.student.scales_of(layer)
        padded = torch.nn.functional.pad(x, [layer.padding] * 4)
        if layer.name != "conv1":
            sums = conv.sums(padded, layer.stride, read, written)
            means[layer.name] = sums.mean((0, 2, 3)) * conv.ratio * written
        return work.student.convolve(layer, x)

    with torch.no_grad():
        x = torch.from_numpy(PIXELS).permute(0, 3, 1, 2).float()
        walk(work.student.architecture, x, convolve, work.student.join)
    for name, found in means.items():
        wanted = work.statistics.means[name].mean(0)
        if name == "conv5":
            found, wanted = found.mean(), wanted.mean()
        assert torch.allclose(found, wanted, atol=0.02 * wanted.abs().max()), name


def test_classes_without_last_relu_stay():
    work = small_work(small_model(last_relu=False))
    before = {name: conv.bias.detach().clone() for name, conv in work.student.convs.items()}
    correct_biases(work, ignore)
    for name, conv in work.student.convs.items():
        assert torch.equal(conv.bias, before[name]) is (name == "conv5"), name


def test_a_second_correction_changes_little():
    work = small_work()
    correct_biases(work, ignore)
    before = {name: conv.bias.detach().clone() for name, conv in work.student.convs.items()}
    correct_biases(work, ignore)
    for name, conv in work.student.convs.items():
        assert (conv.bias - before[name]).abs().max() < 0.05 * before[name].abs().max(), name


def test_later_rounding_is_corrected_too():
    work = small_work()
    correct_biases(work, ignore)
    before = {name: conv.bias.detach().clone() for name, conv in work.student.convs.items()}
    work.round()
    assert all(torch.equal(conv.bias, before[n]) for n, conv in work.student.convs.items())
    work.clip = True
    work.round()
    assert fresh_fidelity(work).decibels > fresh_fidelity(small_work()).decibels
