"""fireline classify: run pictures on a board, real or simulated."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import click

from ..errors import FirelineError
from ..hw.link.baud import BAUD
from .common import HEAD, TOOLS, Array, Output, command
from .options.numbers import COUNT
from .options.paths import INPUT
from .options.pictures import PICTURES, STRICT, class_name, load_pictures
from .options.together import only_with

if TYPE_CHECKING:
    import numpy as np

    from ..host.compiler.compile import Compiled
    from ..host.link.device import Device
    from ..host.network.quantized import QuantizedNetwork
    from ..host.tools import Tools
    from ..hw.link.protocol import Identity
    from ..hw.program import ArrayShape

SIMULATED = "simulated"
"""Stands for the name of a port."""


@command
@PICTURES
@click.option("--port", metavar="P", required=True, help="The board's serial port, or `simulated`.")
@click.option(
    "--net", metavar="NET", type=INPUT, help="Its network: names the classes, checks every score."
)
@click.option(
    "--array",
    type=Array(),
    default="8x8",
    show_default=True,
    help="The simulated board's array.",
)
@HEAD
@click.option(
    "--baud", type=COUNT, default=BAUD, show_default=True, help="The serial line's baud rate."
)
@TOOLS
@STRICT
def classify(output: Output, pictures, port, net, array, head, baud, tools, strict):
    """Classify pictures on a board.

    The command sends the pictures over the board's serial line. With --net, it compares every score
    with the golden model's, and loads the classifier's weights into a board that streams them and
    has none yet. With --port simulated, it simulates the whole board with its serial line (and its
    SDRAM with --head sdram) on a pseudo-terminal.

    \b
    Examples:
      fireline classify samples/cat-0.png --port /dev/ttyUSB0 --net cifar10
      fireline classify samples/cat-0.png --port simulated --net cifar10
    """
    from ..host.link.device import Device
    from ..host.network.lookup import load_network
    from ..host.tools import Tools

    only_with("--port simulated", port == SIMULATED, "array", "head", "tools")
    only_with("a board's port", port != SIMULATED, "baud")
    network = load_network(net) if net else None
    pixels = None
    board: AbstractContextManager[Device]
    if port == SIMULATED:
        if not network:
            raise FirelineError("a simulated board needs its network: name it with --net")
        pixels = load_pictures(output, pictures, network.architecture, strict)
        board = _simulated(output, network, array, head, Tools(tools, output.say))
    else:
        board = Device(port, baud)
    with board as device:
        if pixels is None:
            shape = network.architecture if network else device.identify()
            pixels = load_pictures(output, pictures, shape, strict)
        return _classify(output, device, pictures, pixels, network)


@contextmanager
def _simulated(
    output: Output, network: "QuantizedNetwork", array: "ArrayShape", head: str, tools: "Tools"
) -> Iterator["Device"]:
    """Simulates the whole board; yields a device that is connected to it."""
    from ..host.compiler.head_choice import HeadPlace, compile_for
    from ..host.link.device import Device
    from ..hw.accelerator import Accelerator
    from ..hw.system import contents_of, identity_of
    from ..sim.board import simulated_board

    program = compile_for(network, array, HeadPlace(head)).program
    output.say("building the simulated board, unless an earlier run built the same one")
    core, identity = Accelerator(program), identity_of(program)
    with simulated_board(core, identity, contents=contents_of(program), tools=tools) as port:
        output.say(f"a simulated board with a {array} array runs at {port}")
        # The simulation is slow.
        with Device(port, timeout=5.0, patience=60.0, deadline=600.0) as device:
            yield device


def _classify(
    output: Output,
    device: "Device",
    pictures: Sequence[str],
    pixels: "np.ndarray",
    network: "QuantizedNetwork | None",
) -> int:
    """Sends the pictures one by one; returns the command's exit status."""
    from ..host import golden

    identity = device.identify()
    output.say(f"the board runs network {identity.network:08x}")
    compiled = _compiled(device, identity, network) if network else None
    if device.needs_weights():
        _load_weights(output, device, compiled)
    expected = golden.run(network, pixels) if network else None
    frames = []
    for index, picture in enumerate(pictures):
        with output.progress(f"{picture}, bytes") as report:
            started = time.perf_counter()
            scores = device.classify(pixels[index], report)
            seconds = time.perf_counter() - started
        label = int(scores.argmax())
        frame = {"image": picture, "scores": scores.tolist(), "class": label, "seconds": seconds}
        name, score = class_name(network, label), int(scores[label])
        text = f"{picture}: {name}, score {score:,}, {seconds:.2f} s"
        if expected is not None:
            golden_scores = expected[index].tolist()
            frame["equal"] = scores.tolist() == golden_scores
            if not frame["equal"]:
                frame["expected"] = golden_scores
            text += ", as the golden model" if frame["equal"] else ", NOT as the golden model"
        output.say(text)
        frames.append(frame)
    output.result({"network": f"{identity.network:08x}", "frames": frames})
    return int(not all(frame.get("equal", True) for frame in frames))


def _compiled(device: "Device", identity: "Identity", network: "QuantizedNetwork") -> "Compiled":
    """The network, compiled for the board's array.

    Raises FirelineError, which names both identifiers, if the board runs another network.
    """
    from ..host.compiler.buffers import StreamedHead
    from ..host.compiler.compile import compile_network
    from ..hw.program import ArrayShape

    head = StreamedHead(1) if identity.weight_bytes else None
    compiled = compile_network(network, ArrayShape(identity.ci, identity.co), head=head)
    device.check_network(compiled.program.identifier)
    return compiled


def _load_weights(output: Output, device: "Device", compiled: "Compiled | None") -> None:
    """Loads the classifier's weights into the board."""
    if not compiled:
        raise FirelineError(
            "the board has no weights for its classifier yet: name its network with --net to load "
            "them"
        )
    weights = compiled.class_blocks
    assert weights is not None
    with output.progress("weights, bytes") as report:
        device.load_weights(weights, report)
    output.say(f"{len(weights):,} bytes of weights loaded; they stay until power-off")
