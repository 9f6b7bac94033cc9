"""Which function reads which operator."""

from collections.abc import Callable, Mapping

from ..graph import Node
from ..terms import Term
from . import activations, ends, linear, maps, quantized, shapes
from .reader import Reader

READERS: Mapping[str, Callable[[Reader, Node], Term]] = {
    "Conv": linear.convolution,
    "com.microsoft.FusedConv": linear.fused_convolution,
    "Gemm": linear.gemm,
    "MatMul": linear.matrix,
    "BatchNormalization": linear.norm,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Sum"), linear.arithmetic),
    "Relu": activations.relu,
    "Clip": activations.clip,
    "Max": activations.maximum,
    **dict.fromkeys(("LeakyRelu", "ThresholdedRelu", "PRelu"), activations.leaky),
    "MaxPool": maps.max_pool,
    "GlobalAveragePool": maps.global_average,
    "AveragePool": maps.average_pool,
    "ReduceMean": maps.reduce_mean,
    "Concat": maps.concat,
    "Pad": maps.pad,
    **dict.fromkeys(("Identity", "Dropout"), shapes.same),
    **dict.fromkeys(("Cast", "CastLike"), shapes.cast),
    "Transpose": shapes.transpose,
    "Reshape": shapes.reshape,
    "Gather": shapes.gather,
    **dict.fromkeys(("Flatten", "Squeeze", "Unsqueeze"), shapes.flatten),
    "Shape": shapes.shape,
    **dict.fromkeys(
        ("Softmax", "LogSoftmax", "ArgMax", "TopK", "Sigmoid", "Exp", "Log", "Hardmax"), ends.rank
    ),
    **dict.fromkeys(("QuantizeLinear", "com.microsoft.QuantizeLinear"), quantized.quantize),
    **dict.fromkeys(("DequantizeLinear", "com.microsoft.DequantizeLinear"), quantized.dequantize),
    "DynamicQuantizeLinear": quantized.dynamic_quantize,
    "ConvInteger": quantized.convolve_integers,
    "MatMulInteger": quantized.multiply_integers,
    "QLinearConv": quantized.convolve,
    "QLinearMatMul": quantized.multiply,
    "com.microsoft.QGemm": quantized.gemm,
    "com.microsoft.QLinearAdd": quantized.add,
    "com.microsoft.QLinearConcat": quantized.concat,
    "com.microsoft.QLinearGlobalAveragePool": quantized.average,
    "com.microsoft.QLinearAveragePool": quantized.average,
    "com.microsoft.QLinearSoftmax": quantized.softmax,
}
