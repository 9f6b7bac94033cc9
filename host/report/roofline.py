"""Each layer's load compared with the limits of array and requantizer (a roofline model).

Reads never limit the array, because it gets a word of activations and a word of weights every
cycle. Its results leave through the requantizer, L results a cycle (the requantizer lanes), where a
layer with few MACs a result may have to wait. With intensity = MAC passes / results:

    MAC passes a cycle <= min(CI * CO, L * intensity)

Source: Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance Model for
Multicore Architectures", Communications of the ACM 52 (4), 2009.
"""

from dataclasses import dataclass

from ..compiler.compile import Compiled
from ..network.architecture import Layer
from .summary import layer_cycles


@dataclass(frozen=True)
class LayerLoad:
    """The load of a program layer; a Fire's two expands are one."""

    name: str
    kind: str  # "conv1", "squeeze", "expand", "bypass" or "classifier"
    bits: tuple[int, ...]  # of its convolutions' weights
    shape: tuple[int, int, int]  # channels, height and width of the output
    macs: int
    mac_passes: int  # an 8-bit weight takes two
    cycles: int  # a frame
    utilisation: float  # of the array; taps beyond the border count but take no time
    roof: float  # the upper limit of `rate`, see above

    @property
    def results(self) -> int:
        """Output values a frame."""
        channels, height, width = self.shape
        return channels * height * width

    @property
    def intensity(self) -> float:
        """MAC passes a result."""
        return self.mac_passes / self.results

    @property
    def rate(self) -> float:
        """MAC passes a cycle."""
        return self.mac_passes / self.cycles


def layer_loads(compiled: Compiled) -> list[LayerLoad]:
    """The program's layers, in the order of their first row operations."""
    convs: dict[str, list[Layer]] = {}
    for layer in compiled.network.architecture.layers():
        if layer.is_convolution:
            convs.setdefault(layer.output_map, []).append(layer)
    return [
        _load(compiled, name, convs[name], cycles)
        for name, cycles in layer_cycles(compiled).items()
    ]


def _load(compiled: Compiled, name: str, convs: list[Layer], cycles: int) -> LayerLoad:
    program = compiled.program
    bits = tuple(compiled.network.convs[conv.name].bits for conv in convs)
    passes = sum(conv.macs * width // 4 for conv, width in zip(convs, bits, strict=True))
    channels = sum(conv.output_channels for conv in convs)
    shape = (channels, convs[0].output_height, convs[0].output_width)
    intensity = passes / (channels * shape[1] * shape[2])
    return LayerLoad(
        name=name,
        kind=convs[0].kind.value.removesuffix("1x1"),
        bits=bits,
        shape=shape,
        macs=sum(conv.macs for conv in convs),
        mac_passes=passes,
        cycles=cycles,
        utilisation=passes / (cycles * program.array.products),
        roof=min(program.array.products, intensity * program.requantizer_lanes),
    )
