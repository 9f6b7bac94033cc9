"""An option type for several values separated by commas."""

import click


class CommaList(click.ParamType):
    """A tuple of values of another type: "4,8" is (4, 8)."""

    name = "list"

    def __init__(self, each: click.ParamType) -> None:
        self.each = each

    def convert(self, value, param, ctx):
        """Converts each part; a tuple is already converted."""
        if isinstance(value, tuple):
            return value
        return tuple(self.each.convert(part.strip(), param, ctx) for part in value.split(","))
