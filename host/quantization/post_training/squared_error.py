"""Scales of the least squared error: great values are cut off where that pays for the others.

For a map, over values that calibration shows; for weights, with each input channel's mean square as
the importance of an error, as in Nagel et al., "A White Paper on Neural Network Quantization",
2021, section 3.1. The search itself is ``host.rounding``.
"""

from .work import Report, Work


def squared_error(work: Work, report: Report) -> None:
    """The stage: scales, multipliers and exponents anew, and rounding to nearest."""
    work.clip = True
    work.round()
