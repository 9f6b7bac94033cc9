"""Runs the float network and the integers on the same pictures, layer by layer."""

from collections.abc import Callable

import torch

from ...float_network.walk import walk
from ...network.architecture import Layer
from .work import Report, Work

PICTURES = 512  # at most
BATCH = 4  # pictures at a time, so that their maps stay in the processor's caches


def side_by_side(work: Work, visit: Callable[[Layer, torch.Tensor], None], report: Report) -> None:
    """Runs both networks and calls ``visit`` with each layer and its input before it runs.

    The input is [2 N, C, H, W] without padding: N maps of the float network, then N of integers.
    Pictures and their mirror images give up to PICTURES maps. ``visit`` may change the student's
    layer, which then computes the input of the next.
    """
    folded, student = work.folded, work.student.eval()
    pixels = torch.from_numpy(work.pixels)
    pixels = torch.cat([pixels, pixels.flip(2)])[:PICTURES].permute(0, 3, 1, 2).bfloat16()
    count, done = len(pixels), 0

    def convolve(layer: Layer, pair: torch.Tensor) -> torch.Tensor:
        nonlocal done
        visit(layer, pair)
        done += 1
        report(done / len(student.convs))
        size = layer.output_channels, layer.output_height, layer.output_width
        output = torch.empty(2 * count, *size, dtype=torch.bfloat16)
        for half, run in ((slice(count), folded.rectified), (slice(count, None), student.convolve)):
            for x, y in zip(pair[half].split(BATCH), output[half].split(BATCH), strict=True):
                y.copy_(run(layer, x.float()))
        return output

    def join(name: str, expanded: torch.Tensor, skipped: torch.Tensor | None) -> torch.Tensor:
        if skipped is None:
            return expanded
        (exact, rounded), (added, skip) = expanded.chunk(2), skipped.chunk(2)
        return torch.cat([exact + added, student.join(name, rounded, skip)])

    with torch.no_grad():
        walk(folded.architecture, torch.cat([pixels, pixels]), convolve, join)
