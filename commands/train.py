"""fireline train: weights from labelled pictures."""

from pathlib import Path

import click

from ..errors import FirelineError
from .common import ARCH, NO_LAST_RELU, Output, architecture_of, command, weight_bits_of
from .float_weights import read_weights
from .options.numbers import COUNT, POSITIVE, SEED, Real
from .options.paths import INPUT, OutputFile
from .options.pictures import STRICT, reading
from .options.together import only_with


@command
@ARCH
@NO_LAST_RELU
@click.option("--data", metavar="DIR", type=INPUT, required=True, help="Labelled pictures.")
@click.option(
    "-o",
    "file",
    metavar="FILE",
    type=OutputFile((".partial",)),
    required=True,
    help="The weights, or the NET, to write.",
)
@click.option("--from", "initial", metavar="FILE", type=INPUT, help="Start from these weights.")
@click.option(
    "--quantize", "quantized", is_flag=True, help="Continue with integers in the loop; write a NET."
)
@click.option(
    "--weight-bits",
    metavar="4|8|FILE",
    type=INPUT,
    default="4",
    help="With --quantize: as in fireline quantize.",
)
@click.option("--epochs", type=COUNT, help="Passes over the pictures.  [default: 90, quantized 8]")
@click.option("--batch", type=COUNT, default=128, show_default=True, help="Pictures in a batch.")
@click.option("--optimizer", help="sgd or adamw.  [default: sgd, quantized adamw]")
@click.option(
    "--learning-rate", type=POSITIVE, help="The highest one.  [default: 0.1, quantized 0.0001]"
)
@click.option("--weight-decay", type=Real(0), help="[default: 0.0005, quantized 0]")
@click.option("--label-smoothing", type=Real(0, 1, max_open=True), default=0.05, show_default=True)
@click.option(
    "--dropout",
    type=Real(0, 1, max_open=True),
    default=0.0,
    show_default=True,
    help="Before the classifier.",
)
@click.option("--bfloat16", is_flag=True, help="Faster on processors that support it.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the random numbers.")
@STRICT
def train(
    output: Output,
    arch,
    no_last_relu,
    data,
    file,
    initial,
    quantized,
    weight_bits,
    strict,
    **recipe,
):
    """Train a network on labelled pictures.

    After an interrupt, the same command resumes. DIR is CIFAR-10 (the binary version), or has one
    sub-folder per class, or has such folders in train and test (or valid); without a test folder, a
    tenth of the pictures is held out. --from fine-tunes a network and makes a new classifier if the
    number of classes differs. --quantize trains with the hardware's integers and writes a NET.

    \b
    Examples:
      fireline train --arch cifar10 --data cifar-10 -o cifar10.safetensors
      fireline train --arch cifar10 --data cifar-10 --from cifar10.safetensors \\
          --quantize -o cifar10.fireline
      fireline train --arch my.toml --data photos --from squeezenet1_1.pth -o mine.safetensors
    """
    from dataclasses import asdict, replace

    from ..host.data.dataset import load_dataset
    from ..host.network.lookup import check_network_name
    from ..host.training.recipe import QUANTIZED, Recipe

    architecture = architecture_of(arch, no_last_relu)
    wanted = {k: v for k, v in recipe.items() if v is not None}
    chosen = replace(QUANTIZED if quantized else Recipe(), **wanted)
    only_with("--quantize", quantized, "weight_bits")
    if quantized and not initial:
        raise FirelineError("training quantized starts from trained weights: name them with --from")
    if quantized:
        check_network_name(file)
    elif Path(file).suffix != ".safetensors":
        raise FirelineError(f"output {file}: name it .safetensors")
    bits = weight_bits_of(architecture, weight_bits)
    model = None
    if initial:
        model = read_weights(output, initial, architecture, any_classes=not quantized).model
    dataset = load_dataset(data, architecture, chosen.seed, reading(output, strict))
    from ..host.training import train as training

    if quantized and model:
        network = training.train_quantized(model, dataset, file, chosen, output.console, bits)
        output.say(f"{file}: a network of {network.architecture.classes} classes")
    else:
        training.train(architecture, dataset, file, chosen, output.console, model)
        output.say(f"{file}: weights of {architecture.name}")
    output.result({"file": file, "recipe": asdict(chosen), "classes": list(dataset.classes)})
