import math

import pytest
import torch
from fireline.host import golden
from fireline.host.float_network.squeezenet import normalise
from fireline.host.quantization.post_training.fidelity import fidelity, logits
from support.networks.post_training import PIXELS, SMALL, small_model, small_work


def test_logits_are_the_models():
    model = small_model()
    with torch.no_grad():
        wanted = model(normalise(SMALL, PIXELS))
    assert torch.allclose(logits(small_work(model).folded, PIXELS), wanted, rtol=1e-3, atol=1e-3)


def test_it_measures_the_golden_integers():
    work = small_work()
    wanted, network = logits(work.folded, PIXELS), work.student.network()
    scores = golden.run(network, PIXELS)
    found = fidelity(work.student, PIXELS, wanted)
    assert found.same == pytest.approx((scores.argmax(1) == wanted.argmax(1).numpy()).mean())
    noise = torch.from_numpy(network.logits(scores)).float() - wanted
    decibels = 10 * math.log10(float(wanted.square().sum() / noise.square().sum()))
    assert found.decibels == pytest.approx(decibels, abs=0.01)
    assert 0 < found.distance < found.divergence**0.5  # Pinsker's inequality with a margin


def test_a_perfect_student():
    work = small_work(bits=8)
    x = torch.from_numpy(PIXELS).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        own = (work.student.scores(x) * work.student.score_scale()).float()
    found = fidelity(work.student, PIXELS, own)
    assert found.same == 1.0 and found.decibels > 90 and abs(found.divergence) < 1e-6
    assert found.distance < 1e-6
