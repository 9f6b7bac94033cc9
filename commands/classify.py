"""fireline classify: pictures to a board, real or simulated."""

import time
from contextlib import contextmanager

import click

from ..errors import FirelineError
from .common import HEAD, Array, Output, command
from .pictures import IMAGES, STRICT, class_name, load_pictures

SIMULATED = "simulated"  # the port that is none
SIMULATION_PATIENCE = {"timeout": 5.0, "patience": 60.0, "deadline": 600.0}  # s: it is slow


@command
@IMAGES
@click.option("--port", metavar="P", required=True, help="The board's serial port, or `simulated`.")
@click.option("--net", metavar="NET", help="What it runs: names the classes, checks every score.")
@click.option("--array", type=Array(), default="8x8", help="Of the simulated board.")
@HEAD
@click.option("--baud", default=2_000_000, show_default=True, help="Of the serial line.")
@STRICT
def classify(output: Output, images, port, net, array, head, baud, strict):
    """Classify images on a board.

    They go over its serial line. With --net, every score is compared with the golden model's, and
    a board that streams its classifier's weights gets them if it has none. The port `simulated` is
    no port: the whole board, serial line and all, is simulated on a pseudo-terminal; with
    --head sdram, its SDRAM, too.

    \b
    Examples:
      fireline classify samples/cat-0.png --port /dev/ttyUSB0 --net cifar10
      fireline classify samples/cat-0.png --port simulated --net cifar10
    """
    from ..host.link.device import Device
    from ..host.network.lookup import load_network

    network = load_network(net) if net else None
    if port == SIMULATED:
        if not network:
            raise FirelineError("a simulated board must know its network: name it with --net")
        device = _simulated(output, network, array, head)
    else:
        device = Device(port, baud)
    with device as board:
        return _classify(output, board, images, network, strict)


@contextmanager
def _simulated(output, network, array, head):
    """A device at the other end of whose serial line the whole board is simulated."""
    from ..host.compiler.head_choice import HeadPlace, compile_for
    from ..host.link.device import Device
    from ..hw.accelerator import Accelerator
    from ..hw.system import contents_of, identity_of
    from ..sim.board import simulated_board

    program = compile_for(network, array, HeadPlace(head)).program
    output.say("building the simulated board, unless it was built before")
    core, identity = Accelerator(program), identity_of(program)
    with simulated_board(core, identity, contents=contents_of(program)) as port:
        output.say(f"a simulated board with a {array} array runs at {port}")
        with Device(port, **SIMULATION_PATIENCE) as device:
            yield device


def _classify(output, device, images, network, strict):
    """Sends the images one by one; the command's exit status."""
    from ..host import golden

    identity = device.identify()
    output.say(f"network {identity.network:08x} is there")
    if device.needs_weights():
        _load_weights(output, device, identity, network)
    pixels = load_pictures(output, images, identity, strict)
    expected = golden.run(network, pixels) if network else None
    frames = []
    for index, image in enumerate(images):
        with output.progress(f"{image}, bytes") as report:
            started = time.perf_counter()
            scores = device.classify(pixels[index], report)
            seconds = time.perf_counter() - started
        label = int(scores.argmax())
        frame = {"image": image, "scores": scores.tolist(), "class": label, "seconds": seconds}
        text = (
            f"{image}: {class_name(network, label)}, score {int(scores[label]):,}, {seconds:.2f} s"
        )
        if network:
            frame["equal"] = scores.tolist() == expected[index].tolist()
            text += ", as the golden model" if frame["equal"] else ", NOT as the golden model"
        output.say(text)
        frames.append(frame)
    output.result({"network": f"{identity.network:08x}", "frames": frames})
    return int(not all(frame.get("equal", True) for frame in frames))


def _load_weights(output, device, identity, network):
    """Gives the board its classifier's weights."""
    from ..host.compiler.buffers import StreamedHead
    from ..host.compiler.compile import compile_network
    from ..hw.program import ArrayShape

    if not network:
        raise FirelineError(
            "the board has no weights for its classifier yet: name its network with --net, and it "
            "gets them"
        )
    array = ArrayShape(identity.ci, identity.co)
    compiled = compile_network(network, array, head=StreamedHead(1))
    device.check_network(compiled.program.identifier)
    with output.progress("weights, bytes") as report:
        device.load_weights(compiled.head, report)
    output.say(f"{len(compiled.head):,} bytes of weights loaded; they stay until power-off")
