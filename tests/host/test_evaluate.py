import dataclasses

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host import golden
from fireline.host.evaluate import evaluate, rank
from fireline.host.network.architecture import Architecture
from fireline.host.network.random_network import random_network
from fireline.host.network.stage import Conv1
from support.networks.strategies import preprocessing

NETWORK = random_network(
    Architecture("ranked", 3, 6, 6, preprocessing(3), (Conv1(8, 3, 1, 0),), 9), 1
)
PIXELS = np.random.default_rng(0).integers(0, 256, (50, 6, 6, 3)).astype(np.uint8)


def test_rank_prefers_the_lower_of_equals():
    scores = np.array([[5, 9, 5, 7]] * 4)
    assert rank(scores, np.arange(4)).tolist() == [2, 0, 3, 1]


def test_evaluate_counts_places():
    order = np.argsort(-golden.run(NETWORK, PIXELS), axis=1, kind="stable")
    labels = np.concatenate([order[:20, 0], order[20:30, 4], order[30:, 5]])
    calls = []
    accuracy = evaluate(NETWORK, PIXELS, labels, 16, lambda *done: calls.append(done))
    assert (accuracy.pictures, accuracy.top1, accuracy.top5) == (50, 0.4, 0.6)
    assert calls == [(16, 50), (32, 50), (48, 50), (50, 50)]


def test_classes_of_another_network():
    others = golden.classify(golden.run(NETWORK, PIXELS))
    others[:10] = (others[:10] + 1) % 9
    labels = np.zeros(50, int)
    assert evaluate(NETWORK, PIXELS, labels, 16, others=others).same == 0.8
    assert evaluate(NETWORK, PIXELS, labels).same is None


def test_silent_pictures_are_counted():
    head = NETWORK.convs["conv2"]
    below = dataclasses.replace(head, bias=np.full_like(head.bias, -(1 << 30)))
    silent = dataclasses.replace(NETWORK, convs={**NETWORK.convs, "conv2": below})
    labels = np.zeros(50, int)
    assert evaluate(silent, PIXELS, labels, 16).silent == 50
    assert evaluate(NETWORK, PIXELS, labels, 16).silent == 0


def test_bad_data_is_refused():
    with pytest.raises(FirelineError, match="0 pictures with 0 labels"):
        evaluate(NETWORK, PIXELS[:0], np.zeros(0, int))
    with pytest.raises(FirelineError, match="50 pictures with 2 labels"):
        evaluate(NETWORK, PIXELS, np.zeros(2, int))
    with pytest.raises(FirelineError, match="labels run from 0 to 9, but network ranked has 9"):
        evaluate(NETWORK, PIXELS[:2], np.array([0, 9]))
