"""Float networks as ONNX files, as torch and the ONNX model zoo write them."""

import dataclasses
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from fireline.host.float_network.squeezenet import SqueezeNet
from fireline.host.network.architecture import Architecture, Bypass, Conv1, Fire, LayerKind, MaxPool
from fireline.host.network.families import family
from onnx import TensorProto, helper, numpy_helper

BASE = dataclasses.replace(family("squeezenet1_1", size=41, classes=7), name="small")
CONV1 = Conv1(8, 3, 2, 1)
STACKS = {
    "vanilla": (CONV1, MaxPool(), Fire(4, 5, 6), Fire(3, 6, 4), MaxPool(), Fire(4, 2, 9)),
    "simple": (CONV1, Fire(4, 3, 5, Bypass.SIMPLE), MaxPool(), Fire(2, 3, 5, Bypass.SIMPLE)),
    "complex": (CONV1, MaxPool(), Fire(4, 5, 6, Bypass.COMPLEX), Fire(2, 5, 6, Bypass.SIMPLE)),
}
SMALL = {name: dataclasses.replace(BASE, stages=stages) for name, stages in STACKS.items()}


def torch_export(path: Path, model: SqueezeNet, folding: bool = True, opset: int = 17) -> Path:
    """Exports a model with torch, with a batch of any size; returns the path."""
    architecture = model.architecture
    x = torch.zeros(1, architecture.channels, architecture.height, architecture.width)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch deprecates this exporter
        torch.onnx.export(
            model,
            (x,),
            str(path),
            dynamo=False,
            do_constant_folding=folding,
            opset_version=opset,
            input_names=["x"],
            dynamic_axes={"x": {0: "N"}},
        )
    return path


def run_onnx(path: Path, x: torch.Tensor) -> torch.Tensor:
    """The output of onnxruntime for pictures [N, C, H, W], float32 [N, classes]."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    return torch.tensor(y).flatten(1)


class Zoo:
    """Random networks in the style of the ONNX model zoo: numbered tensors, no ceil mode.

    ``swapped`` puts expand3x3 first in each Concat; ``average`` is the operator at the end.
    """

    def __init__(
        self,
        architecture: Architecture,
        swapped: bool = False,
        average: str = "GlobalAveragePool",
        softmax: bool = False,
        norm: bool = False,
        dtype: type = np.float32,
        seed: int = 0,
    ) -> None:
        self.random = np.random.default_rng(seed)
        self.swapped, self.norm, self.dtype = swapped, norm, dtype
        self.nodes, self.constants = [], []
        x = "data_0"
        for stage, own in zip(architecture.stages, architecture.layers_by_stage(), strict=False):
            match stage:
                case MaxPool():
                    x = self.pool(stage, own[LayerKind.POOL], x)
                case Fire():
                    x = self.fire(stage, own, x)
                case _:
                    x = self.convolution(own[LayerKind.CONV1], x)
        classifier, map_layer = architecture.layers()[-2:]
        x = self.convolution(classifier, self.node("Dropout", x), architecture.last_relu)
        match average:
            case "AveragePool":
                size = [map_layer.input_height, map_layer.input_width]
                x = self.node("AveragePool", x, kernel_shape=size)
            case "ReduceMean":
                x = self.node("ReduceMean", x, self.constant([-1, -2], np.int64), keepdims=1)
            case _:
                x = self.node("GlobalAveragePool", x)
        x = self.node("Reshape", x, self.constant([0, -1], np.int64))
        if softmax:
            x = self.node("Softmax", x)
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        size = ["N", architecture.channels, architecture.height, architecture.width]
        graph = helper.make_graph(
            self.nodes,
            "zoo",
            [helper.make_tensor_value_info("data_0", kind, size)],
            [helper.make_tensor_value_info(x, kind, None)],
            self.constants,
        )
        opset = [helper.make_opsetid("", 18)]
        self.model = helper.make_model(graph, ir_version=8, opset_imports=opset)

    def save(self, path: Path) -> Path:
        path.write_bytes(self.model.SerializeToString())
        return path

    def node(self, operator: str, *inputs: str, **attributes: object) -> str:
        name = f"r{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, values: object, dtype: type | None = None) -> str:
        name = f"c{len(self.constants)}"
        array = np.asarray(values).astype(dtype or self.dtype)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def convolution(self, layer, x: str, relu: bool = True) -> str:
        shape = layer.output_channels, layer.input_channels, layer.kernel, layer.kernel
        spread = np.sqrt(2 / np.prod(shape[1:]))
        x = self.node(
            "Conv",
            x,
            self.constant(self.random.normal(0, spread, shape)),
            self.constant(self.random.uniform(-0.1, 0.3, shape[0])),
            kernel_shape=shape[2:],
            strides=[layer.stride] * 2,
            pads=[layer.padding] * 4,
        )
        if self.norm:
            ranges = (0.5, 1.5), (-0.3, 0.6), (-0.2, 0.2), (0.5, 2.0)
            values = [self.constant(self.random.uniform(*each, shape[0])) for each in ranges]
            x = self.node("BatchNormalization", x, *values, epsilon=0.01)
        return self.node("Relu", x) if relu else x

    def pool(self, pool: MaxPool, layer, x: str) -> str:
        kernel, starts, ends = [pool.kernel] * 2, [pool.padding] * 2, [pool.padding] * 2
        if pool.ceil:
            windows = (pool.windows(side)[-1] for side in (layer.input_height, layer.input_width))
            ends = [pool.kernel - len(window) for window in windows]
        return self.node("MaxPool", x, kernel_shape=kernel, strides=[2, 2], pads=[*starts, *ends])

    def fire(self, fire: Fire, layers: dict, x: str) -> str:
        squeezed = self.convolution(layers[LayerKind.SQUEEZE], x)
        expands = LayerKind.EXPAND1X1, LayerKind.EXPAND3X3
        parts = [self.convolution(layers[kind], squeezed) for kind in expands]
        joined = self.node("Concat", *(parts[::-1] if self.swapped else parts), axis=1)
        match fire.bypass:
            case Bypass.NONE:
                return joined
            case Bypass.SIMPLE:
                return self.node("Sum", x, joined)
        return self.node("Add", joined, self.convolution(layers[LayerKind.BYPASS], x))


def value(graph: onnx.GraphProto, name: str) -> TensorProto:
    """The initializer of that name."""
    return next(tensor for tensor in graph.initializer if tensor.name == name)
