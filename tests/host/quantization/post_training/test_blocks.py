import torch
from fireline.host.quantization.post_training import blocks
from fireline.host.quantization.post_training.biases import correct_biases
from fireline.host.quantization.post_training.blocks import reconstruct_blocks
from fireline.host.quantization.post_training.squared_error import squared_error
from support.post_training import fresh_fidelity, ignore, small_work


def test_it_comes_nearer_to_float(monkeypatch):
    monkeypatch.setattr(blocks, "EPOCHS", 60)
    work, told = small_work(), []
    squared_error(work, ignore)
    correct_biases(work, ignore)
    before = fresh_fidelity(work).decibels
    reconstruct_blocks(work, told.append)
    assert fresh_fidelity(work).decibels > before + 2
    assert told == sorted(told) and 0.9 < told[-1] <= 1.0


def test_conv1_is_left_alone():
    work = small_work()
    before = work.student.convs["conv1"].weight.clone()
    reconstruct_blocks(work, ignore)
    assert torch.equal(work.student.convs["conv1"].weight, before)
    assert not work.student.training
