"""A board's lights, as many as it has."""

from typing import Any

from amaranth.hdl import Module, ValueLike
from amaranth.lib import io


def connect_lights(m: Module, platform: Any, lights: ValueLike) -> None:
    """Shows the first bits of `lights` on the platform's `led` 0, 1, ... or on its `rgb_led` 0.

    Bits without a light are left out; a board may have none.
    """
    for number, (light, pad) in enumerate(zip(lights, _pads(platform), strict=False)):
        m.submodules[f"led{number}"] = buffer = io.Buffer("o", pad)
        m.d.comb += buffer.o.eq(light)


def _pads(platform: Any) -> list[Any]:
    """One for each light, in their order; of a light of three colours, red, green and blue."""
    count = sum(name == "led" for name, _ in platform.resources)
    if count or ("rgb_led", 0) not in platform.resources:
        return [platform.request("led", number, dir="-") for number in range(count)]
    colours = platform.request("rgb_led", 0, dir={name: "-" for name in "rgb"})
    return [colours.r, colours.g, colours.b]
