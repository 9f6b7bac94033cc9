"""Rounding of a weight matrix in which each error moves the weights that are not yet rounded.

Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers",
ICLR 2023, section 3.
"""

import torch

BLOCK = 64  # weights whose errors reach the weights behind them in one product


def round_with_feedback(
    weight: torch.Tensor, square: torch.Tensor, step_size: torch.Tensor, codes: tuple[int, int]
) -> torch.Tensor:
    """Weights rounded to multiples of their step sizes within the range of the codes.

    Inputs of great second moments are rounded first.

    Parameters
        weight: [cout, K]
        square: second moments of the inputs, positive definite, [K, K]
        step_size: [cout, K]
        codes: the least and the greatest multiple
    """
    order = square.diagonal().argsort(descending=True)
    weight, step_size = weight[:, order], step_size[:, order]
    inverse = torch.linalg.inv(square[order][:, order])
    factor = torch.linalg.cholesky((inverse + inverse.T) / 2, upper=True)
    for first in range(0, weight.shape[1], BLOCK):
        block, own = weight[:, first : first + BLOCK], factor[first : first + BLOCK]
        errors = torch.empty_like(block)
        for k in range(block.shape[1]):
            step = step_size[:, first + k]
            rounded = torch.floor(block[:, k] / step + 0.5).clamp(*codes) * step
            errors[:, k] = (block[:, k] - rounded) / own[k, first + k]
            block[:, k] = rounded
            block[:, k + 1 :] -= errors[:, k, None] * own[k, first + k + 1 : first + BLOCK]
        weight[:, first + BLOCK :] -= errors @ own[:, first + BLOCK :]
    return weight[:, order.argsort()]
