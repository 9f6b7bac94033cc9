"""Elements of the report's drawings in SVG; the page sets colours and fonts, by class."""


def box(x: float, y: float, width: float, height: float) -> str:
    """A rectangle, as a piece of a path; `x` and `y` are its left upper corner."""
    return f"M{x} {y}h{width}v{height}h-{width}z"


def text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    """Words at a point, of the class `kind`."""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{words}</text>'
