"""fireline quantize: the hardware's integers from trained weights."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import ARCH, NO_LAST_RELU, Array, Output, architecture_of, command, weight_bits_of
from .float_weights import read_weights
from .options.numbers import COUNT, SEED
from .options.paths import INPUT, OutputFile
from .options.pictures import STRICT, reading
from .options.together import only_with
from .weight_budget import Budget

if TYPE_CHECKING:
    import numpy as np

    from ..host.float_network.squeezenet import SqueezeNet
    from ..host.network.quantized import QuantizedNetwork
    from ..host.quantization.last_relu import Clipping
    from ..host.quantization.post_training.settings import Settings
    from ..host.quantization.quantize import StepResult


@command
@ARCH
@NO_LAST_RELU
@click.option(
    "--weights",
    metavar="FILE",
    type=INPUT,
    required=True,
    help="A checkpoint, safetensors or ONNX.",
)
@click.option(
    "--preprocess",
    type=click.Choice(["torchvision", "caffe"]),
    help="Preprocessing that the weights expect, if it differs from ARCH's.",
)
@click.option(
    "--calibration",
    metavar="DIR",
    type=INPUT,
    required=True,
    help="Pictures, no labels needed; at most 512 are used.",
)
@click.option(
    "--weight-bits", metavar="4|8|FILE", type=INPUT, help="[default: 4, or what the budget allows]"
)
@click.option(
    "--exponent-bits",
    type=click.IntRange(0, 2),
    default=1,
    show_default=True,
    help="Bits of the exponent of an exponent group (16 weights of 4 bits); 2 is more accurate and "
    "takes 1.5 % more memory for weights.",
)
@click.option(
    "--effort",
    type=click.Choice(["fast", "full"]),
    default="fast",
    show_default=True,
    help="fast takes minutes; full adds training: up to two hours for SqueezeNet on two cores.",
)
@click.option("--without", metavar="STEP", multiple=True, help="Leave a step out; repeatable.")
@click.option(
    "--epochs",
    type=COUNT,
    default=60,
    show_default=True,
    help="Of distillation, with --effort full.",
)
@click.option("--bfloat16", is_flag=True, help="Train faster on processors that support it.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the random numbers.")
@click.option("--board", metavar="BOARD", help="A budget: what fits that board.")
@click.option(
    "--array", type=Array(), help="The array that a budget assumes, if not the board's own."
)
@click.option(
    "--rom-kbits", type=COUNT, metavar="N", help="A budget: N times 1024 bits of weights."
)
@click.option(
    "-o",
    "file",
    metavar="NET",
    type=OutputFile((".partial",)),
    required=True,
    help="The quantized network to write.",
)
@STRICT
def quantize(
    output: Output,
    arch,
    no_last_relu,
    weights,
    preprocess,
    calibration,
    weight_bits,
    board,
    array,
    rom_kbits,
    exponent_bits,
    file,
    strict,
    **settings,
):
    """Round a trained network to the hardware's integers.

    Weights get 4 bits (conv1's 8), or all of them 8, or what a TOML or JSON FILE says by layer:
    lines such as "fire*/squeeze" = 8. With a budget and without --weight-bits, the layers in which
    4 bits would do the most harm get 8, as measured on the pictures.

    Fireline fits all integers to the pictures of --calibration. It holds back an eighth of them to
    measure the distance from the float network after each step. A step that does not reduce the
    distance is rolled back; equalization and squared-error may increase it by 5 %, and output-error
    is always kept. The first line, "rounding", shows the weights rounded to nearest, before any
    step. The steps are, in this order,

    \b
      biases           correct the mean of every channel's sums
      equalization     make the ranges of channels and weights more even
      squared-error    clip values where that reduces the squared error
      output-error     clip maps where the class scores change least
      error-feedback   let later weights compensate the errors of earlier ones
      blocks           train every Fire to reproduce float's map       (full)
      learned-scales   train the scales of maps, and biases            (full)
      distillation     train all layers to reproduce float's classes   (full)

    After an interrupt, the same command resumes distillation.

    If no ReLU stands between the classifier and the average, all classes get the same offset, which
    keeps their order and makes their values positive. An .onnx file says itself whether there is a
    ReLU; for other weights, --no-last-relu or the TOML file says so.

    \b
    Examples:
      fireline quantize --arch cifar10 --weights cifar10.safetensors \\
          --calibration cifar-10 -o cifar10.fireline
      fireline quantize --arch squeezenet1_1 --weights squeezenet1_1.pth \\
          --calibration photos --weight-bits 8 -o squeezenet1_1.fireline
      fireline quantize --arch mine.toml --weights mine.safetensors \\
          --calibration photos --board ulx3s-85f --effort full -o mine.fireline
    """
    from ..host.data.dataset import load_calibration
    from ..host.network.file import write_network
    from ..host.network.lookup import check_network_name, is_family
    from ..host.network.stage import PREPROCESSINGS
    from ..host.quantization.post_training.settings import Settings

    check_network_name(file)
    only_with("--effort full", settings["effort"] == "full", "epochs", "bfloat16")
    chosen = Settings(exponent_max=(1 << exponent_bits) - 1, **settings)
    budget = Budget.of(board, array, rom_kbits)
    architecture = architecture_of(arch, no_last_relu)
    if preprocess:
        architecture = replace(architecture, preprocessing=PREPROCESSINGS[preprocess])
    bits = weight_bits_of(architecture, weight_bits or "4")
    from ..host.quantization.last_relu import silence
    from ..host.quantization.quantize import selected_steps

    selected_steps(chosen)  # or one to be left out does not exist
    checkpoint = read_weights(output, weights, architecture, any_classes=is_family(arch))
    model = checkpoint.model
    if model.architecture.classes != architecture.classes:
        output.say(
            f"{architecture.name} gets the {model.architecture.classes} classes of {weights}"
        )
    if budget and weight_bits is None:
        budget.check_least(model.architecture, chosen.exponent_max)
    if budget:
        budget.check_bits(model.architecture, bits, chosen.exponent_max)
    pictures = load_calibration(calibration, model.architecture, reading=reading(output, strict))
    if warning := silence(model, pictures):
        output.say(warning)
    if budget and weight_bits is None:
        bits = budget.choose_bits(output, model, pictures, chosen)
        budget.check_bits(model.architecture, bits, chosen.exponent_max)
    network, results, clipped = _quantize(output, model, pictures, bits, chosen, Path(file))
    network = replace(network, class_names=checkpoint.class_names)
    write_network(network, file)
    kbits = network.weight_bits / 1024
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
            "clipping": asdict(clipped) if clipped else None,
            "stages": [_record(result) for result in results],
        }
    )


def _quantize(
    output: Output,
    model: "SqueezeNet",
    pictures: "np.ndarray",
    bits: Mapping[str, int],
    settings: "Settings",
    file: Path,
) -> tuple["QuantizedNetwork", list["StepResult"], "Clipping | None"]:
    """Quantizes and shows the result of each step; a file beside ``file`` allows to resume.

    Also shows and returns how often classes are clipped, for a network without last ReLU.
    """
    from ..host.quantization.last_relu import clipping
    from ..host.quantization.quantize import quantize

    results: list[StepResult] = []

    def log(result: "StepResult") -> None:
        kept = [result for result in results if not result.rolled_back]
        output.say(_step_line(result, kept[-1] if kept else None))
        results.append(result)

    partial = file.with_name(file.name + ".partial")
    with output.steps() as tell:
        student = quantize(
            model,
            pictures,
            bits,
            settings,
            log,
            lambda step, share: tell(step, f"{share:.0%}"),
            partial,
        )
    clipped = None if model.architecture.last_relu else clipping(student, pictures)
    if clipped:
        output.say(str(clipped))
    return student.network(), results, clipped


def _step_line(result: "StepResult", before: "StepResult | None") -> str:
    """What a step reached, and the change since the last step that was kept."""
    now = result.fidelity
    was = before.fidelity if before else now
    parts = (
        f"{result.step:15} distance {now.distance:.4f} ({now.distance - was.distance:+.4f})",
        f"{now.decibels:5.1f} dB ({now.decibels - was.decibels:+.1f})",
        f"{100 * now.same:5.1f} % same class ({100 * (now.same - was.same):+.1f})",
        f"{result.seconds:5.0f} s",
    )
    return ", ".join(parts) + (", rolled back: no nearer to float" if result.rolled_back else "")


def _record(result: "StepResult") -> dict[str, object]:
    """A step's result for ``--json``; the keys stay as they are, because scripts read them."""
    record = asdict(result)
    return {"stage": record.pop("step"), "undone": record.pop("rolled_back"), **record}
