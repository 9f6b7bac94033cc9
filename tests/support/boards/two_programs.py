"""Two programs that classify on one board over one line."""

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from fireline.errors import FirelineError
from fireline.host.link.device import Device

from .shared_line import SharedLine


def share_a_board(
    port: str,
    picture: Callable[[int], np.ndarray],
    scores: Callable[[np.ndarray], list[int]],
    seed: int,
    frames: int = 6,
    **patience: float,
) -> Counter:
    """Counts the frames of both programs that are "right" and "refused"; others fail.

    ``picture`` makes a picture of a number, ``scores`` the right ones of a picture.
    """
    draw, counts = random.Random(seed), Counter()

    def use(device: Device, numbers: range) -> None:
        for number in numbers:
            pixels = picture(number)
            try:
                found = device.classify(pixels).tolist()
            except FirelineError:
                counts["refused"] += 1
            else:
                assert found == scores(pixels)
                counts["right"] += 1

    def pause():
        time.sleep(draw.choice([0, 0, 0.001, 0.003]))

    with SharedLine(port, pause) as line, ThreadPoolExecutor() as programs:
        first, second = (Device(each, **patience) for each in line.ports)
        with first, second:
            done = [
                programs.submit(use, device, range(start, start + frames))
                for device, start in ((first, 0), (second, frames))
            ]
            for each in done:
                each.result()
    return counts
