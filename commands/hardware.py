"""The commands that make hardware, simulate it and talk to it."""

import time
from contextlib import contextmanager

import click

from ..errors import FirelineError
from .common import HEAD, NET, Array, Output, command

ARRAY = click.option(
    "--array", type=Array(), default="16x32", show_default=True, help="Its shape, such as 8x8."
)
IMAGES = click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
STRICT = click.option("--strict", is_flag=True, help="Refuse images of another size.")
SIMULATED = "simulated"  # the port that is none
SIMULATION_PATIENCE = {"timeout": 5.0, "patience": 60.0, "deadline": 600.0}  # s: it is slow


@command
@NET
@ARRAY
@HEAD
@click.option("-o", "folder", metavar="DIR", required=True, help="Where the files go.")
def verilog(output: Output, net, array, head, folder):
    """Write the accelerator as one Verilog file.

    A manifest in JSON beside it tells ports, formats, cycles and memories. With --head sdram the
    classifier's weights come in by ports of their own, and lie beside it in a file; its input has
    as much memory as on a ulx3s-85f.

    \b
    Example:
      fireline verilog cifar10 --array 8x8 -o build/verilog
    """
    from ..host.head_choice import HeadPlace, compile_for
    from ..host.manifest import write_verilog
    from ..host.shipped import load_network

    compiled = compile_for(load_network(net), array, HeadPlace(head))
    manifest = write_verilog(compiled, folder)
    output.say(
        f"{folder}/{manifest['verilog']}: module {manifest['module']}, {array} array, "
        f"{compiled.timing.cycles:,} cycles a frame; {folder}/manifest.json describes it"
    )
    output.result(manifest)


@command
@NET
@IMAGES
@ARRAY
@HEAD
@click.option("--stall", default=0.0, metavar="P", help="Share of cycles in which each end waits.")
@click.option("--seed", default=0, show_default=True, help="Of the waiting.")
@STRICT
def simulate(output: Output, net, images, array, head, stall, seed, strict):
    """Run images through the simulated Verilog.

    The images are sent back to back. Every score must equal the golden model's; if one does not,
    the first value inside of the network that differs is named and the status is 1. With --head
    sdram the classifier's weights come from a simulated SDRAM; its input has as much memory as on a
    ulx3s-85f.

    \b
    Examples:
      fireline simulate cifar10 samples/cat-0.png --array 8x8
      fireline simulate cifar10 samples/*.png --array 16x16 --stall 0.3 --json result.json
    """
    from ..host.head_choice import HeadPlace, compile_for
    from ..host.shipped import load_network
    from ..sim.bench import simulate as run

    network = load_network(net)
    pixels = _load_images(output, images, network.architecture, strict)
    compiled = compile_for(network, array, HeadPlace(head))
    result = run(compiled, pixels, stall, seed, progress=output.say)
    table = output.table("", "<image", "<class", "score", "cycles")
    for image, frame in zip(images, result.frames, strict=True):
        score = frame.scores[frame.label]
        table.add_row(image, _class(network, frame.label), f"{score:,}", f"{frame.cycles:,}")
    output.show(table)
    output.say(
        f"{result.cycles_per_frame:,} cycles a frame (predicted: {compiled.timing.cycles:,}), "
        f"utilisation {result.utilisation:.1%}; "
        f"{result.cycles_per_second:,.0f} cycles a second simulated"
    )
    output.result(result.to_json(images))
    if result.mismatches:
        output.say(f"{result.mismatches} scores differ from the golden model's")
        output.say(f"the first value to differ: {result.difference}")
        return 1
    output.say("every score equals the golden model's")
    return 0


@command
@NET
@click.option("--board", metavar="BOARD", required=True, help="See: fireline boards.")
@click.option("--array", type=Array(), help="Its shape, if not the board's own.")
@HEAD
@click.option("--clock", type=float, metavar="MHZ", help="The core's, if not the board's own.")
@click.option(
    "--seeds", default=1, show_default=True, metavar="N", help="Placements to choose from."
)
@click.option("-o", "folder", metavar="DIR", required=True, help="Where the bitstream goes.")
def build(output: Output, net, board, array, head, clock, seeds, folder):
    """Make a bitstream for a board.

    Yosys, nextpnr and ecppack do it. Nothing is left behind by a build that fails. The status is 1
    if the clock is too fast for what came out.

    \b
    Examples:
      fireline build cifar10 --board ulx3s-25f -o build/ulx3s-25f
      fireline build cifar10 --board ulx3s-85f --array 16x16 --seeds 4 -o build/ulx3s-85f
    """
    from ..host.build import build as make
    from ..host.build import flash_command
    from ..host.design import design
    from ..host.head_choice import HeadPlace, compile_for
    from ..host.shipped import load_network
    from ..hw.boards import find_board

    network, chosen = load_network(net), find_board(board)
    compiled = compile_for(network, array or chosen.array, HeadPlace(head), chosen, clock)
    top = design(compiled, chosen, clock)
    with output.steps() as progress:
        summary = make(top, folder, compiled=compiled, seeds=seeds, progress=progress)
    frames = summary.clock_mhz * 1e6 / compiled.timing.cycles
    table = output.table("", "<", "used", "of")
    for what in ("luts", "ffs", "multipliers", "block_rams"):
        usage = getattr(summary, what)
        name = {"luts": "LUTs", "ffs": "flip-flops"}.get(what, what.replace("_", " "))
        table.add_row(name, f"{usage.used:,}", f"{usage.available:,}")
    output.show(table)
    output.say(
        f"clock {summary.clock_mhz:g} MHz, up to {summary.fmax_mhz:g} MHz possible; "
        f"{frames:,.0f} frames a second of {compiled.timing.cycles:,} cycles"
    )
    output.say(f"to load it: {' '.join(flash_command(folder))}")
    output.result(
        {
            "board": summary.board,
            "array": str(compiled.program.array),
            "fmax_mhz": summary.fmax_mhz,
            "clock_mhz": summary.clock_mhz,
            "frames_per_second": frames,
            "cycles_per_frame": compiled.timing.cycles,
            "utilisation": compiled.utilisation,
            "luts": summary.luts.used,
            "ffs": summary.ffs.used,
            "multipliers": summary.multipliers.used,
            "block_rams": summary.block_rams.used,
            "seed": summary.seed,
            "bitstream": f"{folder}/{summary.bitstream}",
        }
    )
    if not summary.meets_timing:
        output.say(f"the clock is too fast: build again with --clock {int(summary.fmax_mhz)}")
        return 1
    return 0


@command
@click.argument("folder", metavar="DIR")
@click.option("--permanent", is_flag=True, help="Into the flash memory: it outlasts power-off.")
def flash(output: Output, folder, permanent):
    """Load a build onto its board.

    DIR is what `fireline build` made; openFPGALoader does it.

    \b
    Example:
      fireline flash build/ulx3s-25f
    """
    from ..host.build import flash as load

    summary = load(folder, permanent=permanent, show=output.say)
    output.result({"board": summary.board, "bitstream": f"{folder}/{summary.bitstream}"})


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
    from ..host.device import Device
    from ..host.shipped import load_network

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
    from ..host.device import Device
    from ..host.head_choice import HeadPlace, compile_for
    from ..hw.accelerator import Accelerator
    from ..hw.system import identity_of, image_of
    from ..sim.board import simulated_board

    program = compile_for(network, array, HeadPlace(head)).program
    output.say("building the simulated board, unless it was built before")
    core, identity = Accelerator(program), identity_of(program)
    with simulated_board(core, identity, image=image_of(program)) as port:
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
    pixels = _load_images(output, images, identity, strict)
    expected = golden.run(network, pixels) if network else None
    frames = []
    for index, image in enumerate(images):
        with output.progress(f"{image}, bytes") as report:
            started = time.perf_counter()
            scores = device.classify(pixels[index], report)
            seconds = time.perf_counter() - started
        label = int(scores.argmax())
        frame = {"image": image, "scores": scores.tolist(), "class": label, "seconds": seconds}
        text = f"{image}: {_class(network, label)}, score {int(scores[label]):,}, {seconds:.2f} s"
        if network:
            frame["equal"] = scores.tolist() == expected[index].tolist()
            text += ", as the golden model" if frame["equal"] else ", NOT as the golden model"
        output.say(text)
        frames.append(frame)
    output.result({"network": f"{identity.network:08x}", "frames": frames})
    return int(not all(frame.get("equal", True) for frame in frames))


def _load_weights(output, device, identity, network):
    """Gives the board its classifier's weights."""
    from ..host.buffers import StreamedHead
    from ..host.compile import compile_network
    from ..hw.geometry import ArrayShape

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


def _load_images(output, images, shape, strict):
    """The pixels of the images, uint8 [N, H, W, C]; people are told what was done to them."""
    import numpy as np

    from ..host.image import load_image

    height, width, channels = shape.height, shape.width, shape.channels
    pixels = []
    for image in images:
        loaded, note = load_image(image, height, width, channels, strict)
        pixels.append(loaded)
        if note:
            output.say(f"{image}: {note}")
    return np.stack(pixels)


def _class(network, label):
    """A class by name, or by number if it has none."""
    names = network.class_names if network else ()
    return names[label] if names else str(label)
