"""A small float SqueezeNet as an ONNX graph, of which every part can be written otherwise."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from fireline.errors import FirelineError
from fireline.host.float_network.checkpoint.load import read_checkpoint
from fireline.host.float_network.squeezenet import normalise
from fireline.host.network.architecture import (
    PREPROCESSINGS,
    Architecture,
    Bypass,
    Conv1,
    Fire,
    MaxPool,
)
from onnx import TensorProto, helper, numpy_helper
from support.networks.onnx_networks import run_onnx
from support.networks.torch_networks import draw_pixels

SIZE, CLASSES = 33, 5


def architecture(bypass: Bypass, padding: int, last_relu: bool) -> Architecture:
    """What a drawing without changes is: maps of 16, 8 and 8 pixels a side."""
    stages = (Conv1(8, 3, 2, padding), MaxPool(), Fire(4, 6, 10), Fire(3, 6, 10, bypass))
    preprocessing = PREPROCESSINGS["torchvision"]
    return Architecture("small", 3, SIZE, SIZE, preprocessing, stages, CLASSES, last_relu)


class Drawing:
    """Nodes and constants; the methods that draw a part return the name of its output.

    Subclasses write a part otherwise, which changes neither the architecture nor the scores,
    unless they say so.
    """

    shape = ("N", 3, SIZE, SIZE)
    kind = TensorProto.FLOAT  # of the input
    results = (TensorProto.FLOAT,)  # of the outputs
    opset = 17
    bypass = Bypass.NONE
    padding = 0
    last_relu = True

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: object) -> str:
        """A node; its name is also that of its first output, such as "Relu7"."""
        name = f"{kind}{len(self.nodes)}"
        names = [name, *(f"{name}_{index}" for index in range(1, outputs))]
        self.nodes.append(helper.make_node(kind, inputs, names, name, **attributes))
        return name

    def const(self, values: object, dtype: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def ints(self, *values: int) -> str:
        return self.const(values, np.int64)

    def draw(self, low: float, high: float, *shape: int) -> np.ndarray:
        return self.random.uniform(low, high, shape).astype(np.float32)

    def weights(self, cin: int, cout: int, kernel: int) -> tuple[str, str]:
        spread = np.sqrt(2 / cin) / kernel
        weight = self.random.normal(0, spread, (cout, cin, kernel, kernel))
        return self.const(weight), self.const(self.draw(-0.1, 0.3, cout))

    def conv(self, x: str, cin: int, cout: int, kernel: int = 1, pad: int = 0, stride: int = 1):
        w, b = self.weights(cin, cout, kernel)
        return self.op("Conv", x, w, b, pads=[pad] * 4, strides=[stride] * 2)

    def relu(self, x: str) -> str:
        return self.op("Relu", x)

    def norm(self, x: str, channels: int, **attributes: object) -> str:
        """A batch normalisation."""
        ranges = (0.5, 1.5), (-0.3, 0.6), (-0.2, 0.2), (0.5, 2.0)
        values = [self.const(self.draw(*each, channels)) for each in ranges]
        return self.op("BatchNormalization", x, *values, **attributes)

    def front(self, x: str) -> str:
        return x

    def conv1(self, x: str) -> str:
        return self.relu(self.conv(x, 3, 8, 3, self.padding, 2))

    def pool(self, x: str) -> str:
        return self.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)

    def squeeze(self, x: str, cin: int, cout: int) -> str:
        return self.relu(self.conv(x, cin, cout))

    def join(self, a: str, b: str) -> str:
        return self.op("Concat", self.relu(a), self.relu(b), axis=1)

    def fire(self, x: str, cin: int, squeeze: int, bypass: Bypass) -> str:
        s = self.squeeze(x, cin, squeeze)
        joined = self.join(self.conv(s, squeeze, 6), self.conv(s, squeeze, 10, 3, 1))
        if bypass is Bypass.SIMPLE:
            return self.op("Add", joined, x)
        if bypass is Bypass.COMPLEX:
            return self.op("Add", joined, self.relu(self.conv(x, cin, 16)))
        return joined

    def classifier(self, x: str) -> str:
        x = self.conv(x, 16, CLASSES)
        return self.relu(x) if self.last_relu else x

    def end(self, x: str) -> str:
        return self.op("Flatten", self.op("GlobalAveragePool", x))

    def network(self) -> str:
        """Draws all of it."""
        x = self.pool(self.conv1(self.front("x")))
        x = self.fire(x, 8, 4, Bypass.NONE)
        x = self.fire(x, 16, 3, self.bypass)
        return self.end(self.classifier(x))

    def model(self) -> onnx.ModelProto:
        outputs = self.network()
        outputs = [outputs] if isinstance(outputs, str) else outputs
        graph = helper.make_graph(
            self.nodes,
            "small",
            [helper.make_tensor_value_info("x", self.kind, self.shape)],
            [
                helper.make_tensor_value_info(*each, None)
                for each in zip(outputs, self.results, strict=True)
            ],
            self.constants,
        )
        own = [helper.make_opsetid(each, 1) for each in {n.domain for n in self.nodes} if each]
        opsets = [helper.make_opsetid("", self.opset), *own]
        return helper.make_model(graph, ir_version=8, opset_imports=opsets)

    def architecture(self) -> Architecture:
        return architecture(self.bypass, self.padding, self.last_relu)


def save(path: Path, drawing: Drawing | onnx.ModelProto) -> Path:
    """Writes an ONNX file; returns the path."""
    model = drawing.model() if isinstance(drawing, Drawing) else drawing
    path.write_bytes(model.SerializeToString())
    return path


def ours(path: Path, own: Architecture, pixels: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Logits of the imported network for pixels uint8 [N, H, W, C], and the notes."""
    checkpoint = read_checkpoint(path, own)
    with torch.no_grad():
        return checkpoint.model(normalise(own, pixels)).numpy(), checkpoint.notes


def assert_refused(path: Path, own: Architecture, reason: str) -> None:
    """The file is refused in one line that begins with its name and has the reason."""
    with pytest.raises(FirelineError, match=reason) as error:
        read_checkpoint(path, own)
    assert str(error.value).startswith(f"weights {path}: ") and "\n" not in str(error.value)


def assert_same(
    path: Path,
    own: Architecture,
    feed: Callable[[np.ndarray], np.ndarray] | None = None,
    tolerance: float = 1e-5,
) -> tuple[str, ...]:
    """The imported network computes onnxruntime's scores; returns the notes.

    ``feed`` makes the file's input of pixels uint8 [N, H, W, C]; by default that is what the
    architecture's preprocessing makes.
    """
    pixels = draw_pixels(own, 4)
    found, notes = ours(path, own, pixels)
    fed = normalise(own, pixels).numpy() if feed is None else feed(pixels)
    expected = run_onnx(path, torch.from_numpy(np.ascontiguousarray(fed))).numpy()
    assert expected.std(1).min() > 0.01  # the scores are not all alike
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=tolerance * np.abs(expected).max())
    return notes
