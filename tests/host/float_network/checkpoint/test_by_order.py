"""Weights under other people's names, matched by shape and order, or refused."""

import dataclasses
from collections import OrderedDict
from pathlib import Path

import pytest
import safetensors.torch
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.checkpoint.load import read_checkpoint
from fireline.host.float_network.squeezenet import SqueezeNet
from fireline.host.network.architecture import Architecture
from fireline.host.network.stage import Conv1
from support.networks.other_peoples_networks import Normalised
from support.networks.small import fire, network
from support.networks.torch_networks import draw_model

NET = network(
    Conv1(6, 3, 1, 1), "pool", fire(4, 4, 5), fire(4, 4, 5), fire(3, 4, 5),
    height=9, width=9, classes=7,
)  # fmt: skip
"""The squeezes of the first two Fires differ, their expands have equal shapes."""
MODEL = draw_model(NET, batch_norm=False)
STATE = MODEL.state_dict()
INPUT = torch.rand(4, 3, 9, 9)
PARTS = ("conv1", *(f"fire{n}.{part}" for n in (2, 3, 4) for part in ("a", "b", "c")), "head")
"""Names of the convolutions, in order."""


def renamed(parts=PARTS, state=STATE) -> OrderedDict:
    """The state dict under other names for the convolutions."""
    pairs = zip(list(state.items())[::2], list(state.items())[1::2], strict=True)
    named = OrderedDict()
    for part, ((_, weight), (_, bias)) in zip(parts, pairs, strict=True):
        named |= {f"{part}.weight": weight, f"{part}.bias": bias}
    return named


def swapped(state: OrderedDict, *parts: str) -> OrderedDict:
    """The state dict with the two modules at each other's places."""
    order = [name.rpartition(".")[0] for name in state]
    first, second = (order.index(part) for part in parts)
    items = list(state.items())
    items[first : first + 2], items[second : second + 2] = (
        items[second : second + 2],
        items[first : first + 2],
    )
    return OrderedDict(items)


def read(path: Path, state, architecture: Architecture = NET):
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(state, path)
    else:
        torch.save(state, path)
    return read_checkpoint(path, architecture)


def refused(path: Path, state) -> str:
    with pytest.raises(FirelineError) as error:
        read(path, state)
    return str(error.value)


def equal(found, model=MODEL) -> bool:
    with torch.no_grad():
        return torch.allclose(found.model(INPUT), model(INPUT), rtol=1e-4, atol=1e-5)


def test_other_names(tmp_path):
    found = read(tmp_path / "w.pth", {"net": renamed(), "acc": 0.5})
    assert equal(found)
    assert found.notes[-1].endswith(
        "matches the tensors by shape and order, because the names are not torchvision's"
    )


@pytest.mark.parametrize("dimension", [0, 1])
def test_shapes_must_fit(tmp_path, dimension):
    state = renamed()
    state["fire3.a.weight"] = state["fire3.a.weight"].narrow(dimension, 0, 3)
    state["fire3.a.bias"] = state["fire3.a.bias"][: len(state["fire3.a.weight"])]
    assert "does not fit network small" in refused(tmp_path / "w.pth", state)


@pytest.mark.parametrize(
    "parts", [("fire2.b", "fire2.c"), ("fire2.a", "fire3.a"), ("conv1", "head")]
)
def test_another_order_is_refused(tmp_path, parts):
    """If expand3x3 comes first, its channels may, too; nothing in the file tells."""
    assert "does not fit network" in refused(tmp_path / "w.pth", swapped(renamed(), *parts))


def test_numbers_that_contradict_the_order_are_refused(tmp_path):
    """The expands of Fires 2 and 3 have equal shapes: only order and names tell them apart."""
    state = swapped(renamed(), "fire2.b", "fire3.b")
    assert "does not fit network" in refused(tmp_path / "w.pth", state)
    parts = [part.replace("fire2", "first").replace("fire3", "again") for part in PARTS]
    assert equal(read(tmp_path / "w.pth", renamed(parts)))


def test_safetensors_have_lost_the_order(tmp_path):
    """The numbers in the names tell equal shapes apart, or the file is refused."""
    path = tmp_path / "w.safetensors"
    assert equal(read(path, renamed()))
    ten = [part.replace("fire3", "fire10").replace("fire4", "fire11") for part in PARTS]
    assert equal(read(path, renamed(ten)))
    parts = [part.replace("fire2", "first").replace("fire3", "again") for part in PARTS]
    assert "does not fit network" in refused(path, renamed(parts))


def test_the_classifier_may_have_other_classes(tmp_path):
    path = tmp_path / "w.pth"
    five = draw_model(dataclasses.replace(NET, classes=5), False).state_dict()
    assert "has 5 classes, but small has 7" in refused(path, renamed(state=five))
    found = read_checkpoint(path, NET, any_classes=True)
    assert found.model.architecture.classes == 5


@pytest.mark.parametrize(
    "extra",
    ["fire4.act.weight", "fire4.d.alpha", "head2.weight", "conv1.running_mean", "lone.bias"],
)
def test_what_else_has_weights_is_refused(tmp_path, extra):
    assert "does not fit" in refused(tmp_path / "w.pth", renamed() | {extra: torch.ones(6)})


def test_convolutions_without_bias(tmp_path):
    state = {name: tensor for name, tensor in renamed().items() if not name.endswith("2.a.bias")}
    checkpoint = read(tmp_path / "w.pth", state)
    assert checkpoint.notes[-1].endswith("; takes absent biases as zero")
    found = checkpoint.model
    assert not found.conv("fire2/squeeze").bias.any() and found.conv("fire2/expand1x1").bias.any()


def test_a_linear_classifier(tmp_path):
    """It stands behind the average, so there is no ReLU in front of the average."""
    state = renamed()
    state["head.weight"] = state["head.weight"].flatten(1)
    assert "linear layer, so no ReLU stands between" in refused(tmp_path / "w.pth", state)
    without = dataclasses.replace(NET, last_relu=False)
    found = read_checkpoint(tmp_path / "w.pth", without)
    plain = SqueezeNet(without).eval()
    plain.load_state_dict(STATE)
    assert equal(found, plain)
    state["fire2.a.weight"] = state["fire2.a.weight"].flatten(1)
    assert "does not fit" in refused(tmp_path / "w.pth", state)


NORMALISED = Normalised(NET).eval()


def test_batch_norm_in_blocks(tmp_path):
    found = read(tmp_path / "w.pth", {"model_state_dict": NORMALISED.state_dict()})
    assert equal(found, NORMALISED)
    assert found.notes[-1].endswith("folds the batch normalisation in")
    assert found.model.norm("conv1") is None


def moved(state, names) -> OrderedDict:
    return OrderedDict((name, state[name]) for name in names)


def test_batch_norm_after_several_convolutions(tmp_path):
    """As in a module that defines all its convolutions before all its normalisations."""
    state = {k: v for k, v in NORMALISED.state_dict().items() if "num_batches" not in k}
    fires = [n for n in state if n.startswith("fires.fire2.")]
    grouped = sorted(fires, key=lambda name: name.split(".")[-2] != "0")
    rest = [name for name in state if name not in fires]
    start = next(i for i, name in enumerate(state) if name == fires[0])
    assert equal(read(tmp_path / "w.pth", moved(state, [*rest[:start], *grouped, *rest[start:]])),
                 NORMALISED)  # fmt: skip


def test_one_batch_norm_that_may_belong_to_another_convolution(tmp_path):
    """Behind a squeeze and an expand1x1 of equal width, a lone normalisation is ambiguous."""
    norm = {f"norm.{role}": torch.ones(4) for role in ("weight", "bias", "running_mean",
                                                       "running_var")}  # fmt: skip
    items = list(renamed().items())
    place = [name for name, _ in items].index("fire2.c.weight")
    state = OrderedDict([*items[:place], *norm.items(), *items[place:]])
    assert "does not fit" in refused(tmp_path / "w.pth", state)


def test_batch_norm_behind_a_relu(tmp_path):
    """In a Sequential, a gap in the numbers says that something stands in between."""
    state = OrderedDict(
        (name.replace("stem.1.", "stem.2."), tensor)
        for name, tensor in NORMALISED.state_dict().items()
    )
    assert "does not fit" in refused(tmp_path / "w.pth", state)


def test_batch_norm_without_its_own_weights(tmp_path):
    state = NORMALISED.state_dict()
    expected = Normalised(NET).eval()
    expected.load_state_dict(state)
    expected.stem[1].weight.data.fill_(1)
    expected.stem[1].bias.data.fill_(0)
    kept = {k: v for k, v in state.items() if k not in ("stem.1.weight", "stem.1.bias")}
    assert equal(read(tmp_path / "w.pth", kept), expected)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("stem.1.running_var", -1.0, "stem.1.running_var has a variance below zero"),
        ("stem.0.weight", torch.nan, "stem.0.weight holds NaN or infinity"),
    ],
)
def test_values_are_checked(tmp_path, name, value, message):
    state = {k: v.clone() for k, v in NORMALISED.state_dict().items()}
    state[name].view(-1)[0] = value
    assert message in refused(tmp_path / "w.pth", state)


def test_an_optimizers_momentum_is_not_taken_for_weights(tmp_path):
    parameters = list(MODEL.parameters())
    state = {number: {"momentum_buffer": each.data} for number, each in enumerate(parameters)}
    assert "does not fit" in refused(tmp_path / "w.pth", {"state": state, "param_groups": []})
    both = {"optimizer": {"state": renamed()}, "weights": renamed()}
    assert equal(read(tmp_path / "w.pth", both))


def test_two_networks(tmp_path):
    both = {"model": renamed(), "ema": renamed()}
    assert "takes the averaged weights 'ema.'" in read(tmp_path / "w.pth", both).notes[0]
    both = {"first": renamed(), "second": renamed()}
    assert "holds 2 networks, under 'first.' and 'second.'" in refused(tmp_path / "w.pth", both)
