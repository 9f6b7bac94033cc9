"""Pages from templates; text in them is shown as it is."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..printable import printable


def page(template: Path, **values: object) -> str:
    """The template, filled with values: HTML that is also well-formed XML."""
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(**values)


def _finalize(value: object) -> object:
    """A name of a class may hold characters that XML does not allow."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value)
    return value
