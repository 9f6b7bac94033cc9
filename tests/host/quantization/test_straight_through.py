import pytest
import torch
from fireline.host.quantization.straight_through import requantize_through, round_through


def test_round_through():
    x = torch.tensor([-1.5, -0.5, 0.49, 0.5, 2.5], requires_grad=True)
    y = round_through(x)
    assert y.tolist() == [-1, 0, 0, 1, 3]
    y.backward(torch.arange(5.0))
    assert x.grad.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("maximum", [255, 65535])
def test_requantize_through(maximum):
    sums = torch.tensor([-4.0, 1.0, 3.0, 1e6], requires_grad=True)
    bias, ratio = torch.tensor([2.0], requires_grad=True), torch.tensor([0.5])
    y = requantize_through(sums.view(1, 1, 2, 2), bias, ratio, maximum)
    assert y.flatten().tolist() == [0, 2, 3, maximum]
    y.sum().backward()
    assert sums.grad.tolist() == [0.0, 0.5, 0.5, 0.0]
    assert bias.grad.tolist() == [1.0]


def test_bfloat16_stays_where_it_holds_the_integers():
    sums = torch.full((1, 1, 1, 1), 300.0, dtype=torch.bfloat16)
    bias, ratio = torch.zeros(1), torch.ones(1)
    assert requantize_through(sums, bias, ratio, 255).dtype == torch.bfloat16
    assert requantize_through(sums, bias, ratio, 65535).dtype == torch.float32
