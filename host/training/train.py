"""Trains a network in float, or on with quantization in the loop, and writes its file."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import torch
from rich.console import Console
from torch import nn

from ...errors import FirelineError
from ..data.dataset import Dataset
from ..float_network.partial import save_tensors
from ..float_network.squeezenet import SqueezeNet
from ..network.architecture import Architecture
from ..network.file import write_network
from ..network.quantized import QuantizedNetwork
from ..quantization.last_relu import clipping, silence
from ..quantization.quantize import quantize
from .fit import description, fit
from .recipe import Recipe

CALIBRATION = 512  # pictures that the first scales are fitted to


def train(
    architecture: Architecture,
    dataset: Dataset,
    output: str | Path,
    recipe: Recipe,
    console: Console,
    initial: SqueezeNet | None = None,
) -> SqueezeNet:
    """Trains a network and writes its weights to ``output``, a safetensors file.

    A new network has batch normalisation. Training starts from the network ``initial`` if there is
    one, with a new classifier if it has another number of classes. ``fit`` resumes an interrupted
    run. Raises FirelineError for bad input and on divergence.
    """
    output = Path(output)
    if output.suffix != ".safetensors":
        raise FirelineError(f"output {output}: name it .safetensors")
    torch.manual_seed(recipe.seed)
    if initial is None:
        model = SqueezeNet(architecture, batch_norm=True)
    else:
        model = _with_classes(initial, architecture)
    cast(nn.Dropout, model.classifier[0]).p = recipe.dropout
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs
    partial = output.with_name(output.name + ".partial")
    fit(model, architecture, dataset, recipe, partial, console)
    metadata = {"classes": json.dumps(dataset.classes), **description(architecture, recipe)}
    save_tensors(output, model.state_dict(), metadata)
    partial.unlink()
    return model.eval()


def train_quantized(
    model: SqueezeNet,
    dataset: Dataset,
    output: str | Path,
    recipe: Recipe,
    console: Console,
    bits: Mapping[str, int] | int = 4,
) -> QuantizedNetwork:
    """Continues to train a network with quantization in the loop and writes a network file.

    ``bits`` are those of ``quantize``; QUANTIZED is a suitable recipe. ``fit`` resumes an
    interrupted run. Raises FirelineError for bad input and on divergence.
    """
    output = Path(output)
    order = np.random.default_rng(recipe.seed).permutation(len(dataset.train))
    calibration = dataset.train.pixels[order[:CALIBRATION]]
    if warning := silence(model, calibration):
        console.print(warning, soft_wrap=True, markup=False)
    quantized = quantize(model, calibration, bits)
    partial = output.with_name(output.name + ".partial")
    fit(quantized, model.architecture, dataset, recipe, partial, console)
    network = dataclasses.replace(quantized.eval().network(), class_names=dataset.classes)
    if not network.architecture.last_relu:
        console.print(str(clipping(quantized, calibration)), soft_wrap=True, markup=False)
    write_network(network, output)
    partial.unlink()
    return network


def _with_classes(old: SqueezeNet, architecture: Architecture) -> SqueezeNet:
    """The network itself, or with a new classifier if the number of classes differs.

    Raises FirelineError if it keeps its classifier but not its last ReLU.
    """
    if old.architecture.classes == architecture.classes:
        if old.architecture.last_relu != architecture.last_relu:
            has, wants = ("no", "one") if architecture.last_relu else ("a", "none")
            raise FirelineError(
                f"training: the weights to start from have {has} ReLU behind the classifier, but "
                f"the network to train has {wants}; use --no-last-relu, or last_relu in the TOML "
                "file, for a network without it only"
            )
        return old
    model = SqueezeNet(architecture, batch_norm=old.norm("conv1") is not None)
    kept = {k: v for k, v in old.state_dict().items() if not k.startswith("classifier.")}
    model.load_state_dict(kept, strict=False)
    return model
