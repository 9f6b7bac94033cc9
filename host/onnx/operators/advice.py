"""What to do about operators that no SqueezeNet has."""

from ..graph import Node

OTHER_RELUS = (
    "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Sigmoid", "HardSigmoid", "HardSwish", "Swish",
    "Tanh", "Softplus", "Softsign", "Gelu", "Mish", "Erf", "ThresholdedRelu", "Clip", "Min", "Max",
    "Softmax", "LogSoftmax", "Exp", "QLinearLeakyRelu", "QLinearSigmoid", "QuickGelu", "BiasGelu",
)  # fmt: skip
PARTS = ("Split", "Slice", "Gather", "SplitToSequence", "Where", "ScatterND", "GatherND")
CONTROL = ("If", "Loop", "Scan")
NORMS = (
    "LRN", "InstanceNormalization", "LayerNormalization", "GroupNormalization",
    "MeanVarianceNormalization",     "LpNormalization", "SimplifiedLayerNormalization",
)  # fmt: skip
ENDS = (
    "GlobalMaxPool", "GlobalLpPool", "ReduceMax", "ReduceSum", "LpPool", "AveragePool",
    "ReduceMean", "Flatten", "Reshape",
)  # fmt: skip
INTEGERS = ("BitShift", "BitwiseAnd", "Round", "Floor", "Ceil", "Mod")


def advice(node: Node) -> str:
    """The words of a message behind the node: what is wrong with it and what to do."""
    domain, _, operator = node.operator.rpartition(".")
    if "nchwc" in domain or operator.startswith(("Reorder", "Nhwc")):
        return (
            "is one of onnxruntime's own for one processor; give the file from before, or optimise "
            "it with ORT_ENABLE_EXTENDED at most"
        )
    if operator in OTHER_RELUS:
        return (
            "stands where a ReLU, or nothing, is expected; train with ReLU, which is the "
            "only activation of the hardware"
        )
    if operator in CONTROL:
        return "is control flow; export the network for a fixed input size, without conditions"
    if operator in NORMS:
        return "is no batch normalisation; train with batch normalisation, or with none"
    if operator in PARTS:
        return (
            "takes a map apart or reorders it; use a network whose convolutions read whole maps, "
            'and say order = "bgr" under preprocessing if it swaps the pictures\' channels'
        )
    if operator in ENDS:
        return (
            "does not average over the whole map; end the network in a global average of the "
            "classifier's map"
        )
    if operator in INTEGERS or domain == "com.microsoft":
        return "is not part of a float SqueezeNet; give the float network, not optimised"
    return (
        "is not part of a SqueezeNet: Conv, Relu, MaxPool, Concat, Add and one global average; "
        "leave it out, or use a network of the family"
    )
