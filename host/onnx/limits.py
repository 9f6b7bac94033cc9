"""How much of an ONNX file is read; networks of the family need a small part of it."""

MAXIMUM_BYTES = 1 << 29
"""Greatest size of a file, and of all constants in other files."""
MAXIMUM_NODES = 20_000
"""Greatest number of nodes. SqueezeNet has 66; quantized files have some hundred."""
MAXIMUM_WEIGHTS = 1 << 27
"""Greatest number of weights in all convolutions, counted anew for each operator that changes them.
SqueezeNet has 1.2 million."""
MAXIMUM_VALUES = 1 << 25
"""Greatest size of a constant that is computed from others: 4096 x 4096 weights take half."""
