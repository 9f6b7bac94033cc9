"""Learned scales: trains the scale of every map together with the biases; weights stay.

Esser et al., "Learned Step Size Quantization", ICLR 2020. The layer that writes a map and those
that read it share its scale, so the effective weights change with it. After this step, later steps
train the scales as well.
"""

from .distill import train_towards_float
from .work import Report, Work

EPOCHS = 2


def learn_scales(work: Work, report: Report) -> None:
    """The step: a short end-to-end training of scales and biases."""
    work.learn_scales = True
    train_towards_float(work, EPOCHS, report, weights=False, scales=True)
