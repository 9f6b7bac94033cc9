"""One convolution that computes the hardware's integers and can be trained."""

import torch
from torch import nn
from torch.nn import functional

from ...errors import FirelineError
from ..network.exponent_groups import exponent_group_index
from ..network.quantized import CODES, QuantizedConv
from .scale_search import WeightScales
from .straight_through import requantize_through, round_through

BIAS_LIMIT = 2.0**31 - 128  # the greatest float32 that int32 holds


class TrainableConv(nn.Module):
    """Convolution, ReLU and requantization; inputs and outputs are integers in floating point.

    Training changes the weights and the bias, which are real numbers. Multipliers, shift and
    exponents change by ``refit`` only. The methods take the scales of input and output: the real
    value that the integer 1 stands for. Gradients ignore the rounding, see ``straight_through``.
    """

    step_size: torch.Tensor  # of the effective weights: 1, 2, 4 or 8, [cout, cin, k, k]
    ratio: torch.Tensor  # output integer per unit of the sum, [cout]

    def __init__(
        self,
        name: str,
        weight: torch.Tensor,
        bias: torch.Tensor,
        fit: WeightScales,
        bits: int,
        segments: tuple[int, ...],
        maximum: int,
        offset: float = 0.0,
    ) -> None:
        """Takes real weights [cout, cin, k, k] and bias [cout]; the rest as in QuantizedConv.

        The integers add ``offset``, a real value, to every output.
        """
        super().__init__()
        self.name, self.bits = name, bits
        self.segments, self.maximum, self.offset = segments, maximum, offset
        self.weight = nn.Parameter(weight.clone())
        self.bias = nn.Parameter(bias.clone())
        self.register_buffer("step_size", torch.ones_like(weight))
        self.register_buffer("ratio", torch.ones(len(weight)))
        self.refit(fit)

    def refit(self, fit: WeightScales) -> None:
        """Replaces multipliers, shift and exponents; the real weights and bias stay."""
        self.fit = fit
        self.step_size.copy_(self.per_weight(2.0 ** torch.from_numpy(fit.exponents)))
        self.ratio.copy_(torch.from_numpy(fit.scale(1.0)))

    def per_weight(self, values: torch.Tensor) -> torch.Tensor:
        """Each weight's share of values by exponent group.

        Takes [rows, taps, exponent groups] and returns [rows, cin, k, k].
        """
        _, inputs, kernel, _ = self.weight.shape
        weights = values[:, :, exponent_group_index(self.segments)]
        return weights.reshape(-1, kernel, kernel, inputs).permute(0, 3, 1, 2)

    def exponent_groups(self) -> list[torch.Tensor]:
        """The indices of each exponent group's weights in the flattened [cin, k, k].

        The groups are in the order of ``fit.exponents``: by tap, then by group.
        """
        shape = self.fit.exponents.shape[1:]
        index = torch.arange(shape[0] * shape[1]).view(1, *shape)
        owners = self.per_weight(index).flatten()
        return [torch.nonzero(owners == group).flatten() for group in index.flatten()]

    def integers(
        self, input_scale: torch.Tensor, output_scale: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Effective weights [cout, cin, k, k] and bias [cout], integers in float32."""
        scale = self.ratio * output_scale  # of a sum
        step = self.step_size * (scale / input_scale).view(-1, 1, 1, 1)
        codes = round_through(self.weight / step).clamp(*CODES[self.bits])
        bias = round_through((self.bias + self.offset) / scale)
        return codes * self.step_size, bias.clamp(-BIAS_LIMIT, BIAS_LIMIT)

    def sums(
        self,
        x: torch.Tensor,
        stride: int,
        input_scale: torch.Tensor,
        output_scale: torch.Tensor,
    ) -> torch.Tensor:
        """Exact sums of products with bias: padded input [N, cin, H, W] to [N, cout, H', W'].

        Computes in float64 where a sum may exceed the 24 bits that float32 holds exactly.
        """
        weight, bias = self.integers(input_scale, output_scale)
        bound = 255 * weight.abs().sum((1, 2, 3)) + bias.abs()
        if bound.max() >= 1 << 24:
            x, weight, bias = x.double(), weight.double(), bias.double()
        return functional.conv2d(x, weight, None, stride) + bias.view(-1, 1, 1)

    def requantize(self, sums: torch.Tensor) -> torch.Tensor:
        """``min(floor(max(sums, 0) * ratio + 1/2), maximum)``, exact."""
        y = sums.double() * self.ratio.double().view(-1, 1, 1)
        return y.add_(0.5).floor_().clamp_(0, self.maximum).float()

    def forward(
        self,
        x: torch.Tensor,
        stride: int,
        input_scale: torch.Tensor,
        output_scale: torch.Tensor,
    ) -> torch.Tensor:
        """The layer's output for the padded input: exact in evaluation mode, else float32."""
        if not self.training:
            return self.requantize(self.sums(x, stride, input_scale, output_scale))
        weight, bias = self.integers(input_scale, output_scale)
        sums = functional.conv2d(x, weight, None, stride)
        return requantize_through(sums, bias, self.ratio, self.maximum)

    def quantized(self, input_scale: torch.Tensor, output_scale: torch.Tensor) -> QuantizedConv:
        """The integers in the form that the golden model and the compiler take.

        A bias that makes every sum negative becomes the greatest such bias, which takes fewer bits.
        Raises FirelineError if a bias does not fit into 32 bits and its output depends on it.
        """
        with torch.no_grad():
            weight, bias = self.integers(input_scale, output_scale)
            products = 255 * weight.double().abs().sum((1, 2, 3))  # their sum is not greater
            bias = bias.double().maximum(-products)
            lowest = (bias - products) * self.ratio
            if ((bias >= BIAS_LIMIT) & (lowest < self.maximum)).any():
                raise FirelineError(
                    f"layer {self.name}: its biases are so much greater than its weights that they "
                    "do not fit into 32 bits; train with smaller biases"
                )
            codes = (weight / self.step_size).to(torch.int8)
        return QuantizedConv(
            name=self.name,
            bits=self.bits,
            codes=codes.numpy(),
            exponents=self.fit.exponents,
            bias=bias.to(torch.int32).numpy(),
            multiplier=self.fit.multiplier,
            shift=self.fit.shift,
            maximum=self.maximum,
            segments=self.segments,
        )
