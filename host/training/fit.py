"""The training loop: gradient descent on augmented pictures, resumable after every epoch."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn
from torch.nn import functional

from ...errors import FirelineError
from ..data.dataset import Dataset, Pictures
from ..float_network.partial import load_partial, save_partial
from ..float_network.squeezenet import normalise
from ..network.architecture import Architecture
from .accuracy import accuracy
from .augment import augment
from .recipe import Recipe

EVALUATE_EVERY = 5  # epochs


def fit(
    model: nn.Module,
    architecture: Architecture,
    dataset: Dataset,
    recipe: Recipe,
    partial: Path,
    console: Console,
) -> None:
    """Trains, in place, a module that takes normalised pixels [N, C, H, W] to logits.

    Saves the whole state to the file ``partial`` after every epoch. An interrupted run with the
    same recipe resumes from it and gives the same result as an uninterrupted one. The caller
    removes the file. Raises FirelineError for bad input and on divergence.
    """
    if len(dataset.train) < 2:
        raise FirelineError("training: one picture is too few; add more")
    if not partial.parent.is_dir():
        raise FirelineError(f"output folder {partial.parent}: no such folder; make it")
    optimizer = _optimizer(model, recipe)
    settings = description(architecture, recipe)
    first = load_partial(partial, model, optimizer, settings) if partial.exists() else 0
    columns = (TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"), BarColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("", total=recipe.epochs, completed=first)
        for epoch in range(first, recipe.epochs):

            def show(share: float, epoch: int = epoch) -> None:
                progress.update(task, completed=epoch + share)

            loss = _train_epoch(model, architecture, dataset.train, optimizer, recipe, epoch, show)
            line = f"epoch {epoch + 1}: loss {loss:.4f}"
            if (epoch + 1) % EVALUATE_EVERY == 0 or epoch + 1 == recipe.epochs:
                share = accuracy(model, architecture, dataset.test)
                line += f", {share:.2%} of {len(dataset.test):,} test pictures right"
            progress.console.print(line)
            save_partial(partial, model, optimizer, settings, epoch + 1)


def description(architecture: Architecture, recipe: Recipe) -> dict[str, str]:
    """What a training depends on besides its pictures; its files store it."""
    return {
        "architecture": json.dumps(architecture.to_dict()),
        "recipe": json.dumps(dataclasses.asdict(recipe)),
    }


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
    return torch.optim.SGD(
        model.parameters(), lr=rate, weight_decay=decay, momentum=0.9, nesterov=True
    )


def _train_epoch(
    model: nn.Module,
    architecture: Architecture,
    pictures: Pictures,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    epoch: int,
    show: Callable[[float], None],
) -> float:
    """Trains one pass over the pictures and returns the mean loss.

    Seed and epoch number determine every random choice.
    """
    model.train()
    seed = recipe.seed * 1_000_003 + epoch
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    pixels, labels = torch.as_tensor(pictures.pixels), torch.as_tensor(pictures.labels)
    order = torch.randperm(len(labels), generator=generator)
    batches = max(1, len(labels) // recipe.batch)
    total = 0.0
    for batch in range(batches):
        chosen = order[batch * recipe.batch : (batch + 1) * recipe.batch]
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate((epoch + (batch + 0.5) / batches) / recipe.epochs)
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
        show((batch + 1) / batches)
    return total / batches
