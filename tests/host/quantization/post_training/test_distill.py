"""Distillation reduces the divergence from the float network."""

import dataclasses

import numpy as np
import pytest
import torch
from fireline.errors import FirelineError
from fireline.host.quantization.post_training import distill as distillation
from fireline.host.quantization.post_training.biases import correct_biases
from fireline.host.quantization.post_training.distill import distill
from fireline.host.quantization.post_training.settings import FAST
from support.networks.post_training import PIXELS, fresh_fidelity, ignore, small_work

SHORT = dataclasses.replace(FAST, epochs=4)


@pytest.mark.parametrize("bfloat16", [False, True])
def test_it_reduces_the_divergence(bfloat16):
    work = small_work(settings=dataclasses.replace(FAST, epochs=40, bfloat16=bfloat16))
    correct_biases(work, ignore)
    before, shares = fresh_fidelity(work), []
    distill(work, shares.append)
    assert fresh_fidelity(work).divergence < 0.7 * before.divergence
    assert shares == sorted(shares) and shares[-1] == 1.0


class Interrupted(Exception):
    pass


def test_an_interrupted_distillation_resumes(tmp_path):
    """It ends with exactly the same weights."""
    whole, work = small_work(settings=SHORT), small_work(settings=SHORT)
    distill(whole, ignore)
    work.partial = tmp_path / "net.partial"

    def interrupt(share):
        if share > 0.6:
            raise Interrupted

    with pytest.raises(Interrupted):
        distill(work, interrupt)
    rest, again = [], small_work(settings=SHORT)
    again.partial = work.partial
    distill(again, rest.append)
    assert min(rest) > 0.5
    for name, value in whole.student.state_dict().items():
        assert torch.equal(value, again.student.state_dict()[name]), name


def test_a_partial_file_of_another_distillation_is_refused(tmp_path):
    work = small_work(settings=SHORT)
    work.partial = tmp_path / "net.partial"
    distill(work, ignore)
    for other, what in (
        (small_work(settings=dataclasses.replace(SHORT, seed=1)), "settings"),
        (small_work(settings=SHORT, bits=8), "bits"),
        (small_work(settings=SHORT, pixels=PIXELS[:40]), "pictures"),
    ):
        other.partial = work.partial
        with pytest.raises(FirelineError, match=f"was started with another {what}"):
            distill(other, ignore)


def test_seeds_differ():
    first, second = (small_work(settings=dataclasses.replace(SHORT, seed=seed)) for seed in (0, 1))
    distill(first, ignore)
    distill(second, ignore)
    assert not np.array_equal(
        first.student.convs["conv5"].weight.detach(), second.student.convs["conv5"].weight.detach()
    )


def test_the_loss_includes_the_maps(monkeypatch):
    """A greater weight of the maps reduces their error."""
    from fireline.host.float_network.walk import walk

    def error(features):
        monkeypatch.setattr(distillation, "FEATURES", features)
        work = small_work(settings=dataclasses.replace(FAST, epochs=20))
        distill(work, ignore)
        maps = {}

        def keep(name, expanded, skipped):
            maps[name] = work.folded.join(name, expanded, skipped)
            return maps[name]

        def compare(name, expanded, skipped):
            y = work.student.join(name, expanded, skipped)
            errors.append(float((y * work.student.scales[name]() - maps[name]).square().mean()))
            return y

        errors = []
        x = torch.from_numpy(PIXELS).permute(0, 3, 1, 2).float()
        with torch.no_grad():
            walk(work.folded.architecture, x, work.folded.rectified, keep)
            walk(work.folded.architecture, x, work.student.convolve, compare)
        return sum(errors)

    assert error(50.0) < error(0.0)
