"""Exported ONNX graphs: onnxruntime computes the golden model's scores."""

import numpy as np
import onnxruntime
import pytest
from fireline.errors import FirelineError
from fireline.host import golden
from fireline.host.network.architecture import Architecture
from fireline.host.network.quantized import QuantizedNetwork
from fireline.host.network.random_network import random_network
from fireline.host.network.stage import MAX_POOLS, Bypass, Conv1, Fire, MaxPool
from fireline.host.onnx.exporter import export_onnx, to_onnx
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks.strategies import architectures, preprocessing

INTEGERS = {
    "Add", "BitShift", "Cast", "Concat", "ConvInteger", "Max", "MaxPool", "Min", "Mul", "Pad",
    "ReduceSum", "Where",
}  # fmt: skip


def run_onnx(network: QuantizedNetwork, pixels: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(to_onnx(network).SerializeToString(), options)
    return session.run(["scores"], {"pixels": pixels.transpose(0, 3, 1, 2)})[0]


def draw_pixels(architecture: Architecture, seed: int) -> np.ndarray:
    shape = (2, architecture.height, architecture.width, architecture.channels)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def check(architecture: Architecture, seed: int, bits: dict[str, int] | int) -> None:
    network = random_network(architecture, seed, bits, exponent_max=seed % 4)
    pixels = draw_pixels(architecture, seed)
    assert np.array_equal(run_onnx(network, pixels), golden.run(network, pixels))


@settings(max_examples=50, deadline=None)
@given(architectures(), st.integers(0, 2**32), st.sampled_from([4, 8, {"conv1": 8}]))
def test_any_shape_equals_golden(architecture, seed, bits):
    check(architecture, seed, bits)


@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("channels", [1, 3])
def test_conv1_equals_golden(channels, kernel, stride, padding):
    stages = (Conv1(17, kernel, stride, padding), MaxPool(), Fire(3, 5, 7))
    check(Architecture("conv1", channels, 15, 12, preprocessing(channels), stages, 5), 1, 8)


@pytest.mark.parametrize("pool", MAX_POOLS, ids=str)
def test_pools_equal_golden(pool):
    stages = (Conv1(17, 3, 1, 1), pool, Fire(3, 5, 7))
    check(Architecture("pools", 3, 11, 12, preprocessing(3), stages, 5), 3, 4)


@pytest.mark.parametrize("bits", [4, 8])
def test_bypasses_equal_golden(bits):
    stages = (
        Conv1(24, 3, 1, 1),
        Fire(8, 9, 15, Bypass.SIMPLE),
        MaxPool(),
        Fire(17, 33, 18, Bypass.COMPLEX),
        Fire(16, 32, 19, Bypass.SIMPLE),
    )
    check(Architecture("bypass", 3, 11, 10, preprocessing(3), stages, 7), 2, bits)


def test_only_integer_operators():
    stages = (Conv1(4, 3, 1, 1), MaxPool(), Fire(2, 3, 4, Bypass.COMPLEX))
    network = random_network(Architecture("plain", 3, 6, 6, preprocessing(3), stages, 2), 0)
    assert {node.op_type for node in to_onnx(network).graph.node} <= INTEGERS


def test_file(tmp_path):
    network = random_network(
        Architecture("f", 1, 6, 6, preprocessing(1), (Conv1(4, 3, 1, 1),), 2, last_relu=False), 0
    )
    assert network.score_offset
    export_onnx(network, tmp_path / "f.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "f.onnx")
    assert session.get_modelmeta().custom_metadata_map == {
        "score_scale": repr(network.score_scale),
        "score_offset": repr(network.score_offset),
    }
    assert session.get_inputs()[0].shape == ["N", 1, 6, 6]
    with pytest.raises(FirelineError, match=r"ONNX file .* No such file or directory"):
        export_onnx(network, tmp_path / "none" / "f.onnx")
