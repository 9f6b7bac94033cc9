"""What the tests of networks share: a small quantized network with a bypass."""

import dataclasses

import pytest
from fireline.host.network.architecture import Architecture
from fireline.host.network.quantized import QuantizedNetwork
from fireline.host.network.random_network import random_network
from fireline.host.network.stage import Bypass, Conv1, Fire, MaxPool
from support.networks.strategies import preprocessing

SMALL = Architecture(
    "small",
    3,
    8,
    9,
    preprocessing(3),
    (Conv1(6, 3, 1, 1), MaxPool(), Fire(3, 20, 5), MaxPool(), Fire(4, 5, 20, Bypass.SIMPLE)),
    4,
)


@pytest.fixture(scope="module")
def network() -> QuantizedNetwork:
    network = random_network(SMALL, 1, {"conv1": 8}, exponent_max=3)
    names = ("cat", "dog", "0" * 64, "Kühlschrank")
    return dataclasses.replace(network, class_names=names, notes={"accuracy": 0.87, "images": 3})
