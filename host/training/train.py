"""Training: stochastic gradient descent with a cosine schedule, resumable after every epoch."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn
from torch.nn import functional

from ...errors import FirelineError
from ..data.dataset import Dataset, Pictures
from ..float_network.partial import load_partial, save_partial, save_tensors
from ..float_network.squeezenet import SqueezeNet, checkpoint_classes, load_checkpoint, normalise
from ..network.architecture import Architecture
from ..network.file import write_network
from ..network.quantized import QuantizedNetwork
from ..quantization.quantize import quantize
from .augment import augment
from .recipe import Recipe

EVALUATE_EVERY = 5  # epochs
CALIBRATION = 512  # pictures that the first scales are fitted to


def train(
    architecture: Architecture,
    dataset: Dataset,
    output: str | Path,
    recipe: Recipe,
    console: Console,
    initial: str | Path | None = None,
) -> SqueezeNet:
    """Trains a network and writes its weights to ``output``, a safetensors file.

    A new network has batch normalisation. One that starts from the weights file ``initial`` has it
    if the file has, and a new classifier if the file's is for another number of classes. An
    interrupted run continues, see ``fit``. Raises FirelineError for bad input and on divergence.
    """
    output = Path(output)
    if output.suffix != ".safetensors":
        raise FirelineError(f"output {output}: name it .safetensors")
    torch.manual_seed(recipe.seed)
    if initial is None:
        model = SqueezeNet(architecture, batch_norm=True)
    else:
        model = _fine_tuned(architecture, initial)
    model.classifier[0].p = recipe.dropout
    model.to(memory_format=torch.channels_last)
    partial = output.with_name(output.name + ".partial")
    fit(model, architecture, dataset, recipe, partial, console)
    metadata = {"classes": json.dumps(dataset.classes), **_description(architecture, recipe)}
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
    """Trains a network on with quantization in the loop and writes it, a network file.

    ``bits`` are those of ``quantize``; the recipe QUANTIZED suits. An interrupted run continues,
    see ``fit``. Raises FirelineError for bad input and on divergence.
    """
    output = Path(output)
    order = np.random.default_rng(recipe.seed).permutation(len(dataset.train))
    quantized = quantize(model, dataset.train.pixels[order[:CALIBRATION]], bits)
    partial = output.with_name(output.name + ".partial")
    fit(quantized, model.architecture, dataset, recipe, partial, console)
    network = dataclasses.replace(quantized.eval().network(), class_names=dataset.classes)
    write_network(network, output)
    partial.unlink()
    return network


def fit(
    model: nn.Module,
    architecture: Architecture,
    dataset: Dataset,
    recipe: Recipe,
    partial: Path,
    console: Console,
) -> None:
    """Trains, in place, a module that takes normalised pixels [N, C, H, W] to logits.

    After every epoch the whole state goes to the file ``partial``, from which an interrupted run
    with the same recipe continues as if nothing had happened; it is left to the caller.
    """
    if len(dataset.train) < 2:
        raise FirelineError("training: one picture is too few; add more")
    if not partial.parent.is_dir():
        raise FirelineError(f"output folder {partial.parent}: no such folder; make it")
    optimizer = _optimizer(model, recipe)
    description = _description(architecture, recipe)
    first = load_partial(partial, model, optimizer, description) if partial.exists() else 0
    columns = (TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"), BarColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("", total=recipe.epochs, completed=first)
        for epoch in range(first, recipe.epochs):

            def show(share: float, epoch: int = epoch) -> None:
                progress.update(task, completed=epoch + share)

            loss = _train_epoch(model, architecture, dataset.train, optimizer, recipe, epoch, show)
            line = f"epoch {epoch + 1}: loss {loss:.4f}"
            if (epoch + 1) % EVALUATE_EVERY == 0 or epoch + 1 == recipe.epochs:
                share = evaluate(model, architecture, dataset.test)
                line += f", {share:.2%} of {len(dataset.test):,} test pictures right"
            progress.console.print(line)
            save_partial(partial, model, optimizer, description, epoch + 1)


def evaluate(
    model: nn.Module, architecture: Architecture, pictures: Pictures, batch: int = 500
) -> float:
    """The share of the pictures, 0..1, that the network classifies right, in float32."""
    model.eval()
    right = 0
    with torch.inference_mode():
        for start in range(0, len(pictures), batch):
            logits = model(normalise(architecture, pictures.pixels[start : start + batch]))
            labels = torch.as_tensor(pictures.labels[start : start + batch])
            right += int((logits.argmax(1) == labels).sum())
    return right / len(pictures)


def _fine_tuned(architecture: Architecture, initial: str | Path) -> SqueezeNet:
    """The network with the weights of the file, and a new classifier if the classes differ."""
    classes = checkpoint_classes(initial, architecture)
    old = load_checkpoint(initial, dataclasses.replace(architecture, classes=classes))
    if classes == architecture.classes:
        return old
    model = SqueezeNet(architecture, batch_norm=old.norm("conv1") is not None)
    kept = {k: v for k, v in old.state_dict().items() if not k.startswith("classifier.")}
    model.load_state_dict(kept, strict=False)
    return model


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    shared = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(model.parameters(), **shared)
    return torch.optim.SGD(model.parameters(), momentum=0.9, nesterov=True, **shared)


def _train_epoch(
    model: nn.Module,
    architecture: Architecture,
    pictures: Pictures,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    epoch: int,
    show: Callable[[float], None],
) -> float:
    """One pass over the pictures; the mean loss. All that is random follows from seed and epoch."""
    model.train()
    seed = recipe.seed * 1_000_003 + epoch
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    pixels, labels = torch.as_tensor(pictures.pixels), torch.as_tensor(pictures.labels)
    order = torch.randperm(len(labels), generator=generator)
    steps = max(1, len(labels) // recipe.batch)
    total = 0.0
    for step in range(steps):
        chosen = order[step * recipe.batch : (step + 1) * recipe.batch]
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate((epoch + (step + 0.5) / steps) / recipe.epochs)
        x = normalise(architecture, augment(pixels[chosen], generator))
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
            logits = model(x)
        loss = functional.cross_entropy(
            logits.float(), labels[chosen], label_smoothing=recipe.label_smoothing
        )
        if not torch.isfinite(loss):
            raise FirelineError(
                f"training: the loss is {loss.item()} in epoch {epoch + 1}; lower the learning rate"
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
        show((step + 1) / steps)
    return total / steps


def _description(architecture: Architecture, recipe: Recipe) -> dict[str, str]:
    return {
        "architecture": json.dumps(architecture.to_dict()),
        "recipe": json.dumps(dataclasses.asdict(recipe)),
    }
