"""fireline quantize: the hardware's integers from trained weights."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import FirelineError
from .common import Array, Output, command, weight_bits_of

if TYPE_CHECKING:
    import numpy as np

    from ..host.float_network.squeezenet import SqueezeNet
    from ..host.network.quantized import QuantizedNetwork
    from ..host.quantization.post_training.settings import Settings
    from ..host.quantization.quantize import StepResult
    from ..hw.program import ArrayShape


@command
@click.option("--arch", metavar="ARCH", required=True, help="The network's shape.")
@click.option("--weights", metavar="FILE", required=True, help=".pth, .safetensors or .onnx.")
@click.option(
    "--preprocess",
    type=click.Choice(["torchvision", "caffe"]),
    help="How the weights want their pixels, if not as ARCH says.",
)
@click.option("--calibration", metavar="DIR", required=True, help="Pictures, no labels needed.")
@click.option(
    "--weight-bits", metavar="4|8|FILE", help="[default: as the budget says; without one, 4]"
)
@click.option(
    "--exponent-bits",
    type=click.IntRange(0, 2),
    default=1,
    show_default=True,
    help="Of each 16 weights of 4 bits; 2 is nearer to float, and takes 1.5 % more ROM.",
)
@click.option(
    "--effort",
    type=click.Choice(["fast", "full"]),
    default="fast",
    show_default=True,
    help="full: with training, up to two hours for SqueezeNet on two cores.",
)
@click.option("--without", metavar="STAGE", multiple=True, help="Leave a stage out; repeatable.")
@click.option("--epochs", default=60, show_default=True, help="Of distillation, with full.")
@click.option("--bfloat16", is_flag=True, help="Train faster on processors that have it.")
@click.option("--seed", default=0, show_default=True)
@click.option("--board", metavar="BOARD", help="A budget: what fits that board.")
@click.option("--array", type=Array(), help="Of the budget, if not the board's own.")
@click.option("--rom-kbits", type=int, metavar="N", help="A budget: N times 1024 bits of weights.")
@click.option("-o", "file", metavar="NET", required=True, help="The quantized network to write.")
def quantize(
    output: Output,
    arch,
    weights,
    preprocess,
    calibration,
    weight_bits,
    board,
    array,
    rom_kbits,
    exponent_bits,
    file,
    **settings,
):
    """Round a trained network to the hardware's integers.

    Weights get 4 bits (conv1's 8), or all of them 8, or what a TOML or JSON FILE says by layer:
    lines such as "fire*/squeeze" = 8. With a budget and without --weight-bits, layers get 8 where 4
    would do the most harm, as measured on the pictures.

    All is fitted to the pictures of --calibration; an eighth of them is held back to judge how near
    each stage comes to the float network: one that comes no nearer is undone, the second and third
    if they end farther by more than a twentieth, the fourth, which measures for itself, never. The
    stages are, in this order,

    \b
      biases           means of the sums as in float
      equalization     channels and weights share their ranges more evenly
      squared-error    scales that cut off what costs less than it gains
      output-error     scales of maps with which the classes change least
      error-feedback   later weights make up for what earlier ones lose
      blocks           every Fire is trained to give float's map       (full)
      learned-scales   maps' scales and biases are trained             (full)
      distillation     all is trained to give float's classes          (full)

    An interrupted distillation goes on when the same command is given again.

    \b
    Examples:
      fireline quantize --arch cifar10 --weights cifar10.safetensors \\
          --calibration cifar-10 -o cifar10.fireline
      fireline quantize --arch squeezenet1_1 --weights squeezenet1_1.pth \\
          --calibration photos --weight-bits 8 -o squeezenet1_1.fireline
      fireline quantize --arch mine.toml --weights mine.safetensors \\
          --calibration photos --board ulx3s-85f --effort full -o mine.fireline
    """
    from dataclasses import asdict, replace

    from ..host.data.dataset import load_calibration
    from ..host.network.file import write_network
    from ..host.network.lookup import resolve
    from ..host.network.stage import PREPROCESSINGS

    if array and not board and rom_kbits is None:
        raise FirelineError("--array is what a budget is for: name one with --board or --rom-kbits")
    if not Path(file).absolute().parent.is_dir():
        raise FirelineError(f"output {file}: no such folder; choose another place")
    architecture = resolve(arch)
    if preprocess:
        architecture = replace(architecture, preprocessing=PREPROCESSINGS[preprocess])
    bits = weight_bits_of(architecture, weight_bits or "4")
    pictures = load_calibration(calibration, architecture)
    from ..host.float_network.squeezenet import load_checkpoint
    from ..host.float_network.weights import read_class_names
    from ..host.quantization import quantize as quantization

    chosen = quantization.Settings(exponent_max=(1 << exponent_bits) - 1, **settings)
    model = load_checkpoint(weights, architecture)
    if weight_bits is None and (board or rom_kbits is not None):
        bits = _bits_within(output, model, pictures, chosen, board, array, rom_kbits)
    results = []

    def log(result: quantization.StepResult) -> None:
        kept = [result for result in results if not result.rolled_back]
        output.say(_step_line(result, kept[-1] if kept else None))
        results.append(result)

    partial = Path(file).with_name(Path(file).name + ".partial")
    with output.steps() as tell:
        network = quantization.quantize(
            model,
            pictures,
            bits,
            chosen,
            log,
            lambda stage, share: tell(stage, f"{share:.0%}"),
            partial,
        ).network()
    network = replace(network, class_names=read_class_names(weights))
    kbits = network.weight_bits / 1024
    if rom_kbits is not None and kbits > rom_kbits:
        raise FirelineError(
            f"the weights take {kbits:.1f} kbits, more than {rom_kbits}; "
            "use fewer bits in some layers, or a smaller network"
        )
    if board:
        _check_board(network, board, array)
    write_network(network, file)
    output.say(
        f"{file}: {architecture.name}, fitted to {len(pictures)} pictures, "
        f"{kbits:,.0f} kbits of weights"
    )
    output.result(
        {
            "file": file,
            "images": len(pictures),
            "weight_bits": {name: conv.bits for name, conv in network.convs.items()},
            "rom_kbits": kbits,
            "stages": [asdict(result) for result in results],
        }
    )


def _bits_within(
    output: Output,
    model: "SqueezeNet",
    pictures: "np.ndarray",
    settings: "Settings",
    board: str | None,
    array: "ArrayShape | None",
    rom_kbits: int | None,
) -> dict[str, int]:
    """Bits by layer that a budget allows, and a table of what there was to choose from."""
    from ..host.compiler.bit_budget import board_room, choose, four_bits, options
    from ..host.quantization.post_training.sensitivity import sensitivity
    from ..host.quantization.quantize import check_pictures
    from ..hw.boards import BOARDS, find_board

    check_pictures(pictures)
    found = find_board(board) if board else None
    array = array or (found or BOARDS["ulx3s-85f"]).array
    program = four_bits(model.architecture, array, found, settings.exponent_max)
    limits = [] if rom_kbits is None else [1024 * rom_kbits]
    room = min([*limits, board_room(program, found)] if found else limits)
    choose(options(model.architecture, program, {}, bool(found)), room)  # first of all
    with output.progress("harm of 4 bits by layer") as report:
        harm = sensitivity(model, pictures, lambda share: report(round(100 * share), 100))
    choices = options(model.architecture, program, harm, bool(found))
    bits = choose(choices, room)
    table = output.table(
        f"room for {room / 1024:,.0f} kbits of weights; array {program.array}",
        *("<layer", "harm of 4 bits", "kbits with 4", "with 8", "cycles with 4", "with 8", "bits"),
    )
    for choice in choices:
        kbits = (f"{rom / 1024:,.1f}" for rom in choice.rom)
        cycles = (f"{count:,}" for count in choice.cycles)
        table.add_row(choice.name, f"{choice.harm:.4f}", *kbits, *cycles, str(bits[choice.name]))
    output.show(table)
    return bits


def _step_line(result: "StepResult", before: "StepResult | None") -> str:
    """What a stage reached, and how much more that is than what it began with."""
    now = result.fidelity
    was = before.fidelity if before else now
    parts = (
        f"{result.step:15} distance {now.distance:.4f} ({now.distance - was.distance:+.4f})",
        f"{now.decibels:5.1f} dB ({now.decibels - was.decibels:+.1f})",
        f"{100 * now.same:5.1f} % same class ({100 * (now.same - was.same):+.1f})",
        f"{result.seconds:5.0f} s",
    )
    return ", ".join(parts) + (", undone: no nearer to float" if result.rolled_back else "")


def _check_board(network: "QuantizedNetwork", name: str, array: "ArrayShape | None") -> None:
    from ..host.compiler.head_choice import compile_for
    from ..host.compiler.resources import check_fit
    from ..hw.boards import find_board

    board = find_board(name)
    check_fit(compile_for(network, array or board.array, board=board), board)
