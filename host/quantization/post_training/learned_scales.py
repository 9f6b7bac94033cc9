"""Learned scales: the step of every map is trained with the biases, the weights held.

Esser et al., "Learned Step Size Quantization", ICLR 2020. A scale is shared by the layer that
writes a map and those that read it, so weights stretch with it. Where this stage is in, later ones
train the scales on.
"""

from .distill import train_towards_float
from .work import Report, Work

EPOCHS = 2


def learn_scales(work: Work, report: Report) -> None:
    """The stage: a short end-to-end training of scales and biases."""
    work.learn_scales = True
    train_towards_float(work, EPOCHS, report, weights=False, scales=True)
