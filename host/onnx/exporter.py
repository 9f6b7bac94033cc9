"""Quantized networks as ONNX graphs of integer operators, which compute the same scores."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..files import write_whole
from ..network.architecture import Layer, LayerKind
from ..network.quantized import QuantizedNetwork
from ..network.stage import Bypass, Fire, MaxPool

OPSET = 17
IR_VERSION = 8


def export_onnx(network: QuantizedNetwork, path: str | Path) -> None:
    """Writes the graph, whole or not at all; FirelineError when the file cannot be written."""
    write_whole(path, to_onnx(network).SerializeToString(deterministic=True), "ONNX file")


def to_onnx(network: QuantizedNetwork) -> onnx.ModelProto:
    """The graph from "pixels" uint8 [N, C, H, W] (RGB or grey) to "scores" int64 [N, classes].

    The scores are the integers that the hardware sends; the metadata hold the score scale and
    the score offset. Integer operators give the same result in every runtime, whatever its order of
    summation.
    """
    architecture = network.architecture
    builder = _Builder(network)
    x = "pixels"
    for stage, layers in zip(architecture.stages, architecture.layers_by_stage(), strict=False):
        match stage:
            case MaxPool():
                x = builder.max_pool(layers[LayerKind.POOL], stage, x)
            case Fire():
                x = builder.fire(stage, layers, x)
            case _:
                x = builder.conv1(layers[LayerKind.CONV1], x)
    classifier = architecture.classifier
    x = builder.clamp(classifier.name, builder.requantize(classifier, x), 65535)
    builder.node("ReduceSum", "scores", x, builder.constant("axes", [2, 3]), keepdims=0)
    shape = ("N", architecture.channels, architecture.height, architecture.width)
    graph = helper.make_graph(
        builder.nodes,
        architecture.name,
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.INT64, ("N", architecture.classes))],
        builder.constants,
    )
    model = helper.make_model(
        graph,
        producer_name="fireline",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(
        model,
        {
            "score_scale": repr(network.score_scale),
            "score_offset": repr(network.score_offset),
        },
    )
    onnx.checker.check_model(model)
    return model


class _Builder:
    """Collects nodes and constants; each method takes and returns names of tensors.

    Tensors between layers are uint8 [N, C, H, W]; tensors inside a layer are int64.
    """

    def __init__(self, network: QuantizedNetwork) -> None:
        self.network = network
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, operator: str, output: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def constant(self, name: str, values: object, dtype: type = np.int64) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def conv1(self, layer: Layer, x: str) -> str:
        if layer.padding:
            x = self.pad(layer, x)
        return self.byte(layer.name, self.requantize(layer, x))

    def pad(self, layer: Layer, x: str) -> str:
        """Surrounds the pixels with the pad value, which has one number per channel."""
        sides = [0, 0, layer.padding, layer.padding] * 2
        x = self.node("Pad", "pad/zeros", x, self.constant("pad/sides", sides))
        inside = np.zeros((layer.input_height, layer.input_width), bool)
        border = np.pad(inside, layer.padding, constant_values=True)
        value = np.reshape(self.network.pad_value, (1, -1, 1, 1))
        return self.node(
            "Where",
            "pad",
            self.constant("pad/border", border, bool),
            self.constant("pad/value", value, np.uint8),
            x,
        )

    def max_pool(self, layer: Layer, pool: MaxPool, x: str) -> str:
        return self.node(
            "MaxPool",
            layer.name,
            x,
            kernel_shape=[pool.kernel] * 2,
            strides=[2, 2],
            pads=[pool.padding] * 4,
            ceil_mode=int(pool.ceil),
        )

    def fire(self, fire: Fire, layers: dict[LayerKind, Layer], x: str) -> str:
        squeeze = layers[LayerKind.SQUEEZE]
        name = squeeze.stage_name
        squeezed = self.byte(squeeze.name, self.requantize(squeeze, x))
        expands = layers[LayerKind.EXPAND1X1], layers[LayerKind.EXPAND3X3]
        parts = [self.requantize(expand, squeezed) for expand in expands]
        output = self.node("Concat", f"{name}/concatenated", *parts, axis=1)
        if fire.bypass is Bypass.COMPLEX:
            bypass = layers[LayerKind.BYPASS]
            x = self.byte(bypass.name, self.requantize(bypass, x))
        if fire.bypass is not Bypass.NONE:
            skip = self.network.skips[name]
            wide = self.node("Cast", f"{name}/skip/wide", x, to=TensorProto.INT64)
            skipped = self.scale(f"{name}/skip", wide, skip.multiplier, skip.shift)
            output = self.node("Add", f"{name}/sum", output, skipped)
        return self.byte(name, output)

    def requantize(self, layer: Layer, x: str) -> str:
        """A convolution with bias, ReLU and scaling but without the clamp, uint8 to int64.

        Weights are uint8 with zero point 128, because onnxruntime saturates sums of uint8 times
        int8 products to 16 bits on some processors.
        """
        conv, name = self.network.convs[layer.name], layer.name
        padding = 0 if layer.kind is LayerKind.CONV1 else layer.padding
        x = self.node(
            "ConvInteger",
            f"{name}/products",
            x,
            self.constant(f"{name}/weights", conv.effective_weights() + 128, np.uint8),
            self.constant(f"{name}/activation_zero", 0, np.uint8),
            self.constant(f"{name}/weight_zero", 128, np.uint8),
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
            pads=[padding] * 4,
        )
        x = self.node("Cast", f"{name}/wide", x, to=TensorProto.INT64)
        x = self.node("Add", f"{name}/biased", x, self.channels(f"{name}/bias", conv.bias))
        x = self.node("Max", f"{name}/relu", x, self.constant(f"{name}/zero", 0))
        return self.scale(name, x, conv.multiplier, conv.shift)

    def scale(self, name: str, x: str, multiplier: object, shift: int) -> str:
        """``(x * multiplier + (1 << (shift - 1))) >> shift`` for int64 ``x`` >= 0."""
        x = self.node("Mul", f"{name}/scaled", x, self.channels(f"{name}/multiplier", multiplier))
        x = self.node(
            "Add", f"{name}/half_added", x, self.constant(f"{name}/half", 1 << (shift - 1))
        )
        x = self.node("Cast", f"{name}/unsigned", x, to=TensorProto.UINT64)
        places = self.constant(f"{name}/shift", shift, np.uint64)
        x = self.node("BitShift", f"{name}/shifted", x, places, direction="RIGHT")
        return self.node("Cast", f"{name}/rounded", x, to=TensorProto.INT64)

    def clamp(self, name: str, x: str, maximum: int) -> str:
        return self.node("Min", f"{name}/clamped", x, self.constant(f"{name}/maximum", maximum))

    def byte(self, name: str, x: str) -> str:
        return self.node("Cast", name, self.clamp(name, x, 255), to=TensorProto.UINT8)

    def channels(self, name: str, values: object) -> str:
        """A constant that holds one number per channel, or one for all channels."""
        return self.constant(name, np.reshape(np.asarray(values, np.int64), (1, -1, 1, 1)))
