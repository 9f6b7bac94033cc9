import pytest
import torch
from fireline.host.quantization.post_training import blocks
from fireline.host.quantization.post_training.biases import correct_biases
from fireline.host.quantization.post_training.blocks import reconstruct_blocks
from fireline.host.quantization.post_training.squared_error import squared_error
from support.networks.post_training import fresh_fidelity, ignore, small_model, small_work


@pytest.mark.parametrize("last_relu", [True, False])
def test_it_reduces_the_error(monkeypatch, last_relu):
    monkeypatch.setattr(blocks, "EPOCHS", 10)
    work, shares = small_work(small_model(last_relu=last_relu)), []
    squared_error(work, ignore)
    correct_biases(work, ignore)
    before = fresh_fidelity(work).decibels
    reconstruct_blocks(work, shares.append)
    assert fresh_fidelity(work).decibels > before + 2
    assert shares == sorted(shares) and 0.9 < shares[-1] <= 1.0


def test_conv1_stays():
    work = small_work()
    before = work.student.convs["conv1"].weight.clone()
    reconstruct_blocks(work, ignore)
    assert torch.equal(work.student.convs["conv1"].weight, before)
    assert not work.student.training
