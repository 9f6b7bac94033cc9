"""Networks of the shape of a peer's, on our arrays."""

from dataclasses import dataclass

from ...host.compiler.compile import compile_network
from ...host.network.random_network import random_network
from ...host.report.summary import layer_cycles
from ...hw.program import ArrayShape
from .cycles import Cycles, Tell, measure_cycles, random_pixels
from .peers import Peer


@dataclass(frozen=True)
class Comparison:
    """A peer's work on one of our arrays."""

    peer: Peer
    bits: int  # of our weights
    products: int  # a cycle
    multipliers: int  # of the device; each computes two products
    macs: int
    cycles: int  # of the layers that the peer counts
    frame: Cycles  # of the whole network

    @property
    def ratio(self) -> float:
        """The peer's cycles divided by ours."""
        return self.peer.cycles / self.cycles


def compare(
    peer: Peer, bits: int, array: ArrayShape, simulated: bool = False, tell: Tell | None = None
) -> Comparison:
    """Compiles, and with `simulated` simulates, a network of the peer's shape.

    Its weights are random, because cycles do not depend on them.
    """
    network = random_network(peer.network, 0, bits)
    compiled = compile_network(network, array)
    cycles = layer_cycles(compiled)
    counted = peer.counted or tuple(cycles)
    macs = sum(
        layer.macs
        for layer in peer.network.layers()
        if not peer.counted or layer.stage_name in peer.counted
    )
    pixels = random_pixels(peer.network, 2) if simulated else None
    return Comparison(
        peer=peer,
        bits=bits,
        products=array.products,
        multipliers=array.products // 2,
        macs=macs,
        cycles=sum(cycles[name] for name in counted),
        frame=measure_cycles(compiled, pixels, tell),
    )
