"""Unfinished trainings: the state is restored or refused."""

import pytest
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.partial import load_partial, save_partial
from torch import nn

DESCRIPTION = {"architecture": "one", "recipe": "slow"}


def trained(optimizer_type, steps, **settings):
    """A small model after some steps, and its optimizer."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    optimizer = optimizer_type(model.parameters(), lr=0.1, **settings)
    for _ in range(steps):
        step(model, optimizer)
    return model, optimizer


def step(model, optimizer):
    optimizer.zero_grad()
    model(torch.arange(50.0).view(2, 1, 5, 5)).square().sum().backward()
    optimizer.step()


@pytest.mark.parametrize(
    ("optimizer_type", "settings"), [(torch.optim.SGD, {"momentum": 0.9}), (torch.optim.AdamW, {})]
)
def test_the_state_is_restored(tmp_path, optimizer_type, settings):
    first = trained(optimizer_type, 3, **settings)
    save_partial(tmp_path / "p", *first, DESCRIPTION, 3)
    again = trained(optimizer_type, 0, **settings)
    assert load_partial(tmp_path / "p", *again, DESCRIPTION) == 3
    for pair in (first, again):
        step(*pair)
    for name, tensor in first[0].state_dict().items():
        assert again[0].state_dict()[name].equal(tensor)


def test_refused(tmp_path):
    path = tmp_path / "p"
    state = trained(torch.optim.AdamW, 1)
    save_partial(path, *state, DESCRIPTION, 1)
    for what in DESCRIPTION:
        with pytest.raises(
            FirelineError, match=f"p: was started with another {what}; use the same"
        ):
            load_partial(path, *state, DESCRIPTION | {what: "other"})
    for other in (nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)), nn.Conv2d(1, 2, 3)):
        with pytest.raises(
            FirelineError, match="belongs to another network, or to another version"
        ):
            load_partial(path, other, torch.optim.AdamW(other.parameters()), DESCRIPTION)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FirelineError, match="damaged; delete it"):
        load_partial(path, *state, DESCRIPTION)
