"""Options that have a meaning only together with others."""

import click
from click.core import ParameterSource

from ...errors import FirelineError


def only_with(what: str, holds: bool, *names: str) -> None:
    """Raises FirelineError if the user gave one of these parameters, but ``what`` does not hold."""
    context = click.get_current_context()
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if not holds and parameter.name in names and source is ParameterSource.COMMANDLINE:
            raise FirelineError(
                f"{parameter.opts[0]} has a meaning only with {what}: leave it out, or add that"
            )
