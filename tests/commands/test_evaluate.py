"""Accuracy of a quantized network, alone and compared with float weights."""

import dataclasses
import json

import numpy as np
import pytest
from fireline.host.data.dataset import load_test
from fireline.host.golden import run as golden
from fireline.host.network.file import read_network, write_network
from support.command_line import Result, runs


def test_evaluate(net, pictures):
    result = json.loads(Result("evaluate", net, "--data", pictures, "--json", "-").stdout)
    network = read_network(net)
    data = load_test(pictures, network.architecture)
    right = (golden(network, data.pixels).argmax(1) == data.labels).mean()
    assert result["images"] == 12 and result["top1"] == pytest.approx(right)
    assert result["top5"] == 1.0 and result["images_per_second"] > 0


def test_silent_scores_are_warned_of(net, pictures, tmp_path):
    network, file = read_network(net), tmp_path / "silent.fireline"
    head = network.convs["conv3"]
    below = dataclasses.replace(head, bias=np.full_like(head.bias, -(1 << 30)))
    convs = {**network.convs, "conv3": below}
    write_network(dataclasses.replace(network, convs=convs), file)
    shown = runs("evaluate", file, "--data", pictures).stdout
    assert "warning: all scores are zero on 12 pictures" in shown and "--no-last-relu" in shown
    without = dataclasses.replace(network.architecture, last_relu=False)
    write_network(dataclasses.replace(network, architecture=without, convs=convs), file)
    shown = runs("evaluate", file, "--data", pictures).stdout
    assert "warning: all scores are zero" in shown and "--no-last-relu" not in shown
    assert "warning" not in runs("evaluate", net, "--data", pictures).stdout


def test_evaluate_against_float_weights(net, weights, pictures):
    judged = ("evaluate", net, "--data", pictures, "--against", weights)
    result = json.loads(Result(*judged, "--json", "-").stdout)
    assert 0 <= result["same"] <= 1 and 0 <= result["float_top1"] <= result["float_top5"] <= 1
    assert "the same class as in float" in runs(*judged).stdout
