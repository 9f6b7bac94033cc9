"""From PyTorch weights to the scores of the simulated Verilog, against onnxruntime."""

import dataclasses

import numpy as np
import onnxruntime
import pytest
import torch
from fireline.host.compiler.compile import compile_network
from fireline.host.float_network.squeezenet import SqueezeNet
from fireline.host.network.architecture import Bypass, Conv1, Fire, MaxPool
from fireline.host.network.file import read_network, write_network
from fireline.host.network.lookup import resolve
from fireline.host.network.quantized import QuantizedNetwork
from fireline.host.network.random_network import random_network
from fireline.host.onnx.exporter import export_onnx
from fireline.host.quantization.quantize import quantize
from fireline.hw.program import ArrayShape
from fireline.sim.compare import simulate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.networks.small import network, pictures
from support.networks.strategies import architectures

WHOLE = network(
    Conv1(12, 3, 1, 1),
    MaxPool(),
    Fire(6, 10, 10, Bypass.COMPLEX),
    Fire(8, 10, 10, Bypass.SIMPLE),
    height=17,
    width=14,
    classes=6,
)


def onnx_scores(quantized: QuantizedNetwork, pixels: np.ndarray, path) -> np.ndarray:
    """Scores [N, classes] that onnxruntime computes from the exported file."""
    export_onnx(quantized, path)
    session = onnxruntime.InferenceSession(path)
    (scores,) = session.run(["scores"], {"pixels": pixels.transpose(0, 3, 1, 2)})
    return scores


def simulated_scores(quantized: QuantizedNetwork, array: ArrayShape, pixels, cache) -> np.ndarray:
    """The Verilog's scores, with stalls; asserts the golden model's scores and predicted cycles."""
    compiled = compile_network(quantized, array)
    result = simulate(compiled, pixels, stall=0.3, seed=1, cache=cache)
    assert result.mismatches == 0
    assert result.cycles_per_frame == compiled.timing.cycles
    return np.array([frame.scores for frame in result.frames])


@pytest.mark.parametrize("last_relu", [True, False])
def test_from_weights_to_scores(tmp_path, pytestconfig, last_relu):
    torch.manual_seed(0)
    architecture = dataclasses.replace(WHOLE, last_relu=last_relu)
    model = SqueezeNet(architecture, batch_norm=True).eval()
    bits = {layer.name: 4 for layer in WHOLE.layers() if layer.is_convolution}
    quantized = quantize(model, pictures(WHOLE, 8), {**bits, "conv1": 8}).network()
    write_network(quantized, tmp_path / "whole.net")
    loaded = read_network(tmp_path / "whole.net")
    assert (loaded.score_offset == 0) is last_relu
    pixels = pictures(WHOLE, 3, seed=9)
    cache = pytestconfig.cache.mkdir("verilator")
    assert np.array_equal(
        simulated_scores(loaded, ArrayShape(8, 8), pixels, cache),
        onnx_scores(loaded, pixels, tmp_path / "whole.onnx"),
    )


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    architectures(),
    st.integers(0, 2**32),
    st.sampled_from([4, 8, {"conv1": 8}]),
    st.sampled_from([(4, 4), (8, 8), (16, 16), (16, 32), (4, 32), (16, 4), (8, 16)]),
)
def test_any_network_on_any_array(tmp_path_factory, architecture, seed, bits, sides):
    folder = tmp_path_factory.mktemp("drawn")
    quantized = random_network(architecture, seed, bits, exponent_max=seed % 4)
    pixels = pictures(architecture, 3, seed)
    assert np.array_equal(
        simulated_scores(quantized, ArrayShape(*sides), pixels, folder),
        onnx_scores(quantized, pixels, folder / "drawn.onnx"),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("cifar10-simple", ArrayShape(16, 16)),
        ("cifar10-complex", ArrayShape(8, 8)),
        ("squeezenet1_1-simple", ArrayShape(8, 8)),
        ("squeezenet1_1-complex", ArrayShape(8, 8)),
    ],
)
def test_bypasses_at_full_size(name, array, tmp_path):
    architecture = resolve(name)
    quantized = random_network(architecture, 0, {"conv1": 8})
    pixels = pictures(architecture, 1)
    assert np.array_equal(
        simulated_scores(quantized, array, pixels, tmp_path),
        onnx_scores(quantized, pixels, tmp_path / "bypass.onnx"),
    )
