"""The speed of both references, on a network so small that it takes no time."""

import numpy as np
import safetensors.torch
import torch
from fireline.host.data.dataset import Pictures
from fireline.host.float_network.squeezenet import SqueezeNet
from fireline.host.network.random_network import random_network
from fireline.sim.benchmark.speed import measure_speed
from support.networks.small import TINY


def test_speed_of_both_references(tmp_path):
    torch.manual_seed(0)
    weights = tmp_path / "tiny.safetensors"
    safetensors.torch.save_file(SqueezeNet(TINY).state_dict(), weights)
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (40, TINY.height, TINY.width, 3), np.uint8)
    pictures = Pictures(pixels, draw.integers(0, 3, 40))
    for trained in (weights, None):
        speed = measure_speed(random_network(TINY, 0), pictures, trained, batch=16)
        assert speed.images == 40
        assert 0 <= speed.golden_top1 <= 1 and 0 <= speed.float_top1 <= 1
        assert speed.golden_images_per_second > 0 and speed.float_images_per_second > 0
