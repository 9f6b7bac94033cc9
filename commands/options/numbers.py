"""Option types for numbers."""

import math

import click


class Real(click.FloatRange):
    """A finite number in a range; click's own type lets NaN through."""

    name = "number"

    def convert(self, value, param, ctx):
        """Converts text or a number."""
        real = super().convert(value, param, ctx)
        if not math.isfinite(real):
            self.fail(f"{value} is not a number", param, ctx)
        return real


POSITIVE = Real(min=0, min_open=True)
COUNT = click.IntRange(1)
SEED = click.IntRange(0, 2**63 - 1)  # what torch and numpy take
