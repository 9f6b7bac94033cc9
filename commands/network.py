"""The commands that make and judge quantized networks."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import FirelineError
from .common import NET, Output, command

if TYPE_CHECKING:
    import numpy as np

    from ..host.architecture import Architecture
    from ..host.model import SqueezeNet
    from ..host.network import QuantizedNetwork
    from ..host.quantize import StageResult


@command
@click.option("--arch", metavar="ARCH", required=True, help="The network's shape.")
@click.option("--data", metavar="DIR", required=True, help="Labelled pictures.")
@click.option(
    "-o", "file", metavar="FILE", required=True, help="The weights, or the NET, to write."
)
@click.option("--from", "initial", metavar="FILE", help="Start from these weights.")
@click.option(
    "--quantize", "quantized", is_flag=True, help="Train on with integers in the loop; write a NET."
)
@click.option(
    "--weight-bits", metavar="4|8|FILE", default="4", help="With --quantize; see the command."
)
@click.option("--epochs", type=int, help="Passes over the pictures.  [default: 90, quantized 8]")
@click.option("--batch", default=128, show_default=True, help="Pictures a step.")
@click.option("--optimizer", help="sgd or adamw.  [default: sgd, quantized adamw]")
@click.option("--learning-rate", type=float, help="At its peak.  [default: 0.1, quantized 0.0001]")
@click.option("--weight-decay", type=float, help="[default: 0.0005, quantized 0]")
@click.option("--label-smoothing", default=0.05, show_default=True)
@click.option("--dropout", default=0.0, show_default=True, help="Before the classifier.")
@click.option("--bfloat16", is_flag=True, help="Faster on processors that have it.")
@click.option("--seed", default=0, show_default=True)
def train(output: Output, arch, data, file, initial, quantized, weight_bits, **recipe):
    """Train a network on labelled pictures.

    After an interrupt, the same command goes on where it was. DIR is CIFAR-10, or has a sub-folder
    a class, or has such folders in train and test (or val); without a test folder a tenth is held
    out. With --from the network is tuned, with a new classifier if the number of classes is
    another. With --quantize it is trained as the hardware computes, and written as a NET.

    \b
    Examples:
      fireline train --arch cifar10 --data cifar-10 -o cifar10.safetensors
      fireline train --arch cifar10 --data cifar-10 --from cifar10.safetensors \\
          --quantize -o cifar10.fireline
      fireline train --arch my.toml --data photos --from squeezenet1_1.pth -o mine.safetensors
    """
    from dataclasses import asdict, replace

    from ..host.dataset import load_dataset
    from ..host.families import resolve
    from ..host.recipe import QUANTIZED, Recipe

    architecture = resolve(arch)
    wanted = {k: v for k, v in recipe.items() if v is not None}
    chosen = replace(QUANTIZED if quantized else Recipe(), **wanted)
    if quantized and not initial:
        raise FirelineError("training quantized starts from trained weights: name them with --from")
    bits = _weight_bits(architecture, weight_bits)
    dataset = load_dataset(data, architecture, chosen.seed)
    from ..host import train as training

    if quantized:
        from ..host.model import load_checkpoint

        model = load_checkpoint(initial, architecture)
        network = training.train_quantized(model, dataset, file, chosen, output.console, bits)
        output.say(f"{file}: a network of {network.architecture.classes} classes")
    else:
        model = training.train(architecture, dataset, file, chosen, output.console, initial)
        output.say(f"{file}: weights of {architecture.name}")
    output.result({"file": file, "recipe": asdict(chosen), "classes": list(dataset.classes)})


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
    rom_kbits,
    file,
    **settings,
):
    """Round a trained network to the hardware's integers.

    Weights get 4 bits (conv1's 8), or all of them 8, or what a TOML or JSON FILE says by layer:
    lines such as "fire*/squeeze" = 8. With a budget and without --weight-bits, layers get 8 where 4
    would do the most harm, as measured on the pictures.

    All is fitted to the pictures of --calibration; an eighth of them is held back to show how near
    each stage comes to the float network. The stages are, in this order,

    \b
      equalization     channels and weights share their ranges more evenly
      squared-error    scales that cut off what costs less than it gains
      biases           means of the sums as in float
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

    from ..host.dataset import load_calibration
    from ..host.families import resolve
    from ..host.stage import PREPROCESSINGS

    if not Path(file).absolute().parent.is_dir():
        raise FirelineError(f"output {file}: no such folder; choose another place")
    architecture = resolve(arch)
    if preprocess:
        architecture = replace(architecture, preprocessing=PREPROCESSINGS[preprocess])
    bits = _weight_bits(architecture, weight_bits or "4")
    pictures = load_calibration(calibration, architecture)
    from ..host import quantize as quantization
    from ..host.model import load_checkpoint
    from ..host.weights import read_class_names

    chosen = quantization.Settings(**settings)
    model = load_checkpoint(weights, architecture)
    if weight_bits is None and (board or rom_kbits is not None):
        bits = _bits_within(output, model, pictures, board, rom_kbits)
    results = []

    def log(result: quantization.StageResult) -> None:
        output.say(_stage_line(result, results[-1] if results else None))
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
        )
    network = replace(network, class_names=read_class_names(weights))
    kbits = network.weight_bits / 1024
    if rom_kbits is not None and kbits > rom_kbits:
        raise FirelineError(
            f"the weights take {kbits:.1f} kbits, more than {rom_kbits}; "
            "use fewer bits in some layers, or a smaller network"
        )
    if board:
        _check_board(network, board)
    network.save(file)
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


@command
@NET
@click.option("--data", metavar="DIR", required=True, help="Labelled pictures.")
@click.option("--against", metavar="FILE", help="Float weights: how often is the class theirs?")
@click.option("--batch", default=32, show_default=True, help="Pictures at a time.")
def evaluate(output: Output, net, data, against, batch):
    """Measure a quantized network's accuracy.

    The golden model computes the very integers that the hardware does. DIR has a sub-folder a
    class, or labels.csv (file,class) beside the pictures, or is CIFAR-10.

    \b
    Examples:
      fireline samples cifar10 -o samples
      fireline evaluate cifar10 --data samples
      fireline evaluate mine.fireline --data photos --against mine.safetensors
    """
    from ..host.dataset import load_test
    from ..host.evaluate import evaluate as measure
    from ..host.evaluate import rank
    from ..host.shipped import load_network

    network = load_network(net)
    pictures = load_test(data, network.architecture)
    wanted = _float_logits(network, against, pictures.pixels) if against else None
    others = None if wanted is None else wanted.argmax(1)
    started = time.perf_counter()
    with output.progress("golden model") as report:
        accuracy = measure(network, pictures.pixels, pictures.labels, batch, report, others)
    rate = accuracy.images / (time.perf_counter() - started)
    output.say(
        f"{accuracy.top1:.2%} top-1, {accuracy.top5:.2%} top-5 of {accuracy.images:,} pictures, "
        f"{rate:,.0f} a second"
    )
    result = {
        "images": accuracy.images,
        "top1": accuracy.top1,
        "top5": accuracy.top5,
        "images_per_second": rate,
    }
    if wanted is not None:
        places = rank(wanted, pictures.labels)
        float_top1, float_top5 = float((places < 1).mean()), float((places < 5).mean())
        output.say(
            f"{accuracy.same:.2%} the same class as in float, which gets {float_top1:.2%} top-1, "
            f"{float_top5:.2%} top-5"
        )
        result |= {"same": accuracy.same, "float_top1": float_top1, "float_top5": float_top5}
    output.result(result)


@command
@NET
@click.option("--onnx", "file", metavar="FILE", required=True, help="The graph to write.")
def export(output: Output, net, file):
    """Write a network as an ONNX graph.

    It has integer operators only. Its input is uint8 [N, channels, height, width], RGB pixels; its
    output are the very integers that the hardware sends.

    \b
    Example:
      fireline export cifar10 --onnx cifar10.onnx
    """
    from ..host.onnx_export import export_onnx
    from ..host.shipped import load_network

    network = load_network(net)
    export_onnx(network, file)
    output.say(f"{file}: pixels in, {network.architecture.classes} integer scores out")
    output.result({"file": file, "score_scale": network.score_scale})


def _float_logits(network: "QuantizedNetwork", weights: str, pixels: "np.ndarray") -> "np.ndarray":
    """What the network with float weights from a file says, [N, classes]."""
    from ..host.fold import fold
    from ..host.model import load_checkpoint
    from ..host.post_training.fidelity import logits

    return logits(fold(load_checkpoint(weights, network.architecture)), pixels).numpy()


def _weight_bits(architecture: "Architecture", text: str) -> dict[str, int]:
    """Bits by layer from "4", "8" or the name of a file."""
    from ..host.weight_bits import layer_bits, read_weight_bits

    return layer_bits(architecture, int(text) if text in ("4", "8") else read_weight_bits(text))


def _bits_within(
    output: Output,
    model: "SqueezeNet",
    pictures: "np.ndarray",
    board: str | None,
    rom_kbits: int | None,
) -> dict[str, int]:
    """Bits by layer that a budget allows, and a table of what there was to choose from."""
    from ..host.bit_budget import board_room, choose, four_bits, options
    from ..host.post_training.sensitivity import sensitivity
    from ..host.quantize import check_pictures
    from ..hw.boards import BOARDS, find_board

    check_pictures(pictures)
    found = find_board(board) if board else None
    program = four_bits(model.architecture, (found or BOARDS["ulx3s-85f"]).array, found)
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


def _stage_line(result: "StageResult", before: "StageResult | None") -> str:
    """What a stage reached, and how much more that is than before."""
    now = result.fidelity
    gain = f" ({now.decibels - before.fidelity.decibels:+.1f})" if before else ""
    more = f" ({100 * (now.same - before.fidelity.same):+.1f})" if before else ""
    undone = ", undone: no nearer to float" if result.undone else ""
    return (
        f"{result.stage:15} {now.decibels:5.1f} dB{gain:8} {100 * now.same:5.1f} % same class"
        f"{more:8} {result.seconds:6.0f} s{undone}"
    )


def _check_board(network: "QuantizedNetwork", name: str) -> None:
    from ..host.head_choice import compile_for
    from ..host.resources import check_fit
    from ..hw.boards import find_board

    board = find_board(name)
    check_fit(compile_for(network, board.array, board=board), board)
