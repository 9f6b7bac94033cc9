"""Scales of the least squared error: clips great values where that pays for the others.

A map's error is over the values of the calibration pictures. A weight's error is weighted by the
mean square of its input channel. ``scale_search`` is the search itself.
"""

from .work import Report, Work


def squared_error(work: Work, report: Report) -> None:
    """The step: searches scales, multipliers and exponents anew, then rounds to nearest."""
    work.clip = True
    work.round()
