import torch
from fireline.host.quantization.post_training import learned_scales, training
from fireline.host.quantization.post_training.learned_scales import learn_scales
from support.networks.post_training import fresh_fidelity, ignore, small_work


def test_bad_scales_improve(monkeypatch):
    monkeypatch.setattr(learned_scales, "EPOCHS", 20)
    monkeypatch.setattr(training, "SCALE_STEP", 1e-2)
    work = small_work(bits=8)
    with torch.no_grad():
        work.student.scales["fire4"].fitted /= 4  # clips greater values
    before, weights = fresh_fidelity(work), work.student.convs["fire3/squeeze"].weight.clone()
    fitted = work.student.scales["fire4"]().item()
    learn_scales(work, ignore)
    assert work.learn_scales
    assert work.student.scales["fire4"]().item() > 1.1 * fitted
    assert fresh_fidelity(work).divergence < before.divergence
    assert torch.equal(work.student.convs["fire3/squeeze"].weight, weights)
