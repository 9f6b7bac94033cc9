"""Training: augmentation, schedule, resumable checkpoints."""

import dataclasses
import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn
from torch.nn import functional

from ..errors import FirelineError
from .architecture import Architecture
from .dataset import Dataset, Pictures
from .model import SqueezeNet, network_from_state, normalise

MOMENTUM = "momentum."


@dataclass(frozen=True)
class Schedule:
    """How to train; the same schedule and seed give the same network."""

    epochs: int = 90
    batch: int = 128  # pictures a step
    learning_rate: float = 0.1  # at its peak, after the warm-up
    warmup: float = 2.0  # epochs in which the rate climbs from zero; a cosine follows, to zero
    momentum: float = 0.9  # Nesterov's
    weight_decay: float = 5e-4
    label_smoothing: float = 0.05
    dropout: float = 0.0  # before the classifier
    bfloat16: bool = False  # compute in bfloat16 (faster on processors that have it)
    seed: int = 0

    def rate(self, epoch: float) -> float:
        """The learning rate at that point, 0 <= epoch <= epochs."""
        if epoch < self.warmup:
            return self.learning_rate * epoch / self.warmup
        done = (epoch - self.warmup) / (self.epochs - self.warmup)
        return self.learning_rate * (1 + math.cos(math.pi * done)) / 2


def augment(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Pictures uint8 [N, H, W, C], each shifted by up to an eighth and mirrored every other time.

    What a shift uncovers is filled with the mirrored border.
    """
    count, height, width, _ = pixels.shape
    rows = _shifted(count, height, generator)
    columns = _shifted(count, width, generator)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    return pixels[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def _shifted(count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    """Source coordinates [count, size] of randomly shifted lines."""
    reach = size // 8
    shift = torch.randint(-reach, reach + 1, (count, 1), generator=generator)
    source = (torch.arange(size) + shift).abs()
    return (size - 1) - (size - 1 - source).abs()


def evaluate(model: nn.Module, architecture: Architecture, pictures: Pictures) -> float:
    """The share of the pictures, 0..1, that the network classifies right, in float32."""
    model.eval()
    right = 0
    with torch.inference_mode():
        for start in range(0, len(pictures), 500):
            logits = model(normalise(architecture, pictures.pixels[start : start + 500]))
            labels = torch.as_tensor(pictures.labels[start : start + 500])
            right += int((logits.argmax(1) == labels).sum())
    return right / len(pictures)


def train(
    architecture: Architecture,
    dataset: Dataset,
    output: Path,
    schedule: Schedule,
    console: Console,
) -> SqueezeNet:
    """Trains a network, with batch normalisation, and writes its weights to ``output``.

    After every epoch the whole state goes to ``<output>.partial``, from which an interrupted
    run with the same schedule continues as if nothing had happened.
    """
    partial = output.with_name(output.name + ".partial")
    torch.manual_seed(schedule.seed)
    model = SqueezeNet(architecture, batch_norm=True, dropout=schedule.dropout)
    model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=schedule.learning_rate,
        momentum=schedule.momentum,
        weight_decay=schedule.weight_decay,
        nesterov=True,
    )
    first = _resume(partial, model, optimizer, schedule) if partial.exists() else 0
    columns = [TextColumn("epoch {task.completed:.0f} of {task.total:.0f}"), BarColumn()]
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("train", total=schedule.epochs, completed=first)
        for epoch in range(first, schedule.epochs):
            loss = _train_epoch(
                model, architecture, dataset.train, optimizer, schedule, epoch,
                lambda share, epoch=epoch: progress.update(task, completed=epoch + share),
            )
            line = f"epoch {epoch + 1}: loss {loss:.4f}"
            if (epoch + 1) % 5 == 0 or epoch + 1 == schedule.epochs or epoch < 2:
                accuracy = evaluate(model, architecture, dataset.test)
                line += f", {accuracy:.2%} of {len(dataset.test):,} test pictures right"
            progress.console.print(line)
            _save_partial(partial, model, optimizer, schedule, epoch + 1)
    _save(output, model.state_dict(), {})
    return model


def _train_epoch(
    model: nn.Module,
    architecture: Architecture,
    pictures: Pictures,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
    epoch: int,
    progress: Callable[[float], None],
) -> float:
    """One pass over the pictures; the mean loss."""
    model.train()
    generator = torch.Generator().manual_seed(schedule.seed * 1_000_003 + epoch)
    torch.manual_seed(schedule.seed * 1_000_003 + epoch)
    pixels, labels = torch.as_tensor(pictures.pixels), torch.as_tensor(pictures.labels)
    order = torch.randperm(len(labels), generator=generator)
    steps = max(1, len(labels) // schedule.batch)
    total = 0.0
    for step in range(steps):
        chosen = order[step * schedule.batch : (step + 1) * schedule.batch]
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(epoch + (step + 0.5) / steps)
        x = normalise(architecture, augment(pixels[chosen], generator))
        with torch.autocast("cpu", torch.bfloat16, enabled=schedule.bfloat16):
            logits = model(x)
        loss = functional.cross_entropy(
            logits.float(), labels[chosen], label_smoothing=schedule.label_smoothing
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
        progress((step + 1) / steps)
    return total / steps


def _save_partial(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
    epoch: int,
) -> None:
    tensors = dict(model.state_dict())
    for name, parameter in model.named_parameters():
        tensors[MOMENTUM + name] = optimizer.state[parameter]["momentum_buffer"]
    metadata = {"epoch": str(epoch), "schedule": json.dumps(dataclasses.asdict(schedule))}
    _save(path, tensors, metadata)


def _resume(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, schedule: Schedule
) -> int:
    """Puts the saved state into model and optimizer; the number of epochs done."""
    with safetensors.safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    if json.loads(metadata["schedule"]) != dataclasses.asdict(schedule):
        raise FirelineError(
            f"{path} was begun with another schedule; repeat that one or delete the file"
        )
    model.load_state_dict({k: v for k, v in tensors.items() if not k.startswith(MOMENTUM)})
    for name, parameter in model.named_parameters():
        momentum = torch.empty_like(parameter).copy_(tensors[MOMENTUM + name])
        optimizer.state[parameter]["momentum_buffer"] = momentum
    return int(metadata["epoch"])


def _save(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    """Writes the file whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    safetensors.torch.save_file(contiguous, temporary, metadata)
    os.replace(temporary, path)
