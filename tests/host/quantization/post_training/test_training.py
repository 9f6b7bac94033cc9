import pytest
import torch
from fireline.host.quantization.maps import convolutions
from fireline.host.quantization.post_training import training
from fireline.host.quantization.post_training.training import optimizer, relative_error, set_rates
from support.networks.post_training import SMALL, small_work


def test_the_trained_parameters():
    student = small_work().student
    layers = [layer for layer in convolutions(SMALL) if layer.name.startswith(("conv1", "fire4"))]

    def learning(weights, scales):
        optimizer(student, layers, weights, scales)
        return {name for name, value in student.named_parameters() if value.requires_grad}

    fire4 = ("squeeze", "expand1x1", "expand3x3")
    biases = {f"convs.fire4/{layer}.bias" for layer in fire4}
    weights = {f"convs.fire4/{layer}.weight" for layer in fire4}
    scales = {"scales.fire4.change", "scales.fire4/squeeze.change"}
    assert learning(False, False) == biases
    assert learning(True, False) == biases | weights
    assert learning(False, True) == biases | scales


def test_rates_are_proportional_to_step_sizes():
    student = small_work().student
    layer = SMALL.layer("fire4/squeeze")
    adam = optimizer(student, [layer], weights=True, scales=False)
    set_rates(adam, training.WARMUP)
    rates = {id(p): group["lr"] for group in adam.param_groups for p in group["params"]}
    conv, (read, written) = student.convs[layer.name], student.scales_of(layer)
    step_sizes = conv.step_size * (conv.ratio * written / read).view(-1, 1, 1, 1)
    assert rates[id(conv.weight)] == pytest.approx(training.WEIGHT_RATE * float(step_sizes.mean()))
    assert rates[id(conv.bias)] == pytest.approx(training.BIAS_RATE * float(written))


def test_rates_rise_and_fall():
    adam = torch.optim.Adam([{"params": [torch.zeros(1, requires_grad=True)], "peak": 0.5}])
    seen = []
    for done in (0.0, training.WARMUP / 2, training.WARMUP, 0.6, 1.0):
        set_rates(adam, done)
        seen.append(adam.param_groups[0]["lr"])
    assert seen[:3] == pytest.approx([0.0, 0.25, 0.5]) and seen[-1] == pytest.approx(0.0)
    assert 0.1 < seen[3] < 0.4


@pytest.mark.parametrize("available", [False, True])
def test_a_gpu_is_used(available, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert training.training_device().type == ("cuda" if available else "cpu")


def test_relative_error():
    found, wanted = torch.tensor([1.0, 3.0]), torch.tensor([2.0, 4.0])
    assert relative_error(found, wanted).item() == pytest.approx(0.1)
    assert relative_error(torch.zeros(2), torch.zeros(2)).item() == 0.0
