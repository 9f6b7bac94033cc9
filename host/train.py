"""Training: stochastic gradient descent with a cosine schedule, resumable after every epoch."""

import dataclasses
import json
import math
from collections.abc import Callable
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
from .augment import augment
from .dataset import Dataset, Pictures
from .files import write_whole
from .model import SqueezeNet, load_checkpoint, normalise
from .weights import read_weights

EVALUATE_EVERY = 5  # epochs
MOMENTUM = "momentum."  # prefix of the optimizer's tensors in a partial file


@dataclass(frozen=True)
class Recipe:
    """How to train. The same recipe, pictures and machine give the same network.

    Raises FirelineError when a value is out of range.
    """

    epochs: int = 90
    batch: int = 128  # pictures a step
    learning_rate: float = 0.1  # at its peak; a cosine takes it to zero
    warmup: float = 0.02  # share of the steps in which the rate climbs from zero to its peak
    weight_decay: float = 5e-4
    label_smoothing: float = 0.05
    dropout: float = 0.0  # before the classifier
    bfloat16: bool = False  # compute in bfloat16: faster on processors that have it
    seed: int = 0

    def __post_init__(self) -> None:
        for what, low, high in (
            ("epochs", 1, 100_000),
            ("batch", 2, 65_536),
            ("learning_rate", 0, 10),
            ("warmup", 0, 0.9),
            ("weight_decay", 0, 1),
            ("label_smoothing", 0, 0.9),
            ("dropout", 0, 0.9),
            ("seed", 0, 2**32 - 1),
        ):
            if not low <= getattr(self, what) <= high:
                raise FirelineError(
                    f"training: {what} is {getattr(self, what)}; use {low} to {high}"
                )

    def rate(self, done: float) -> float:
        """The learning rate when that share of the steps, 0..1, is done."""
        if done < self.warmup:
            return self.learning_rate * done / self.warmup
        angle = math.pi * (done - self.warmup) / (1 - self.warmup)
        return self.learning_rate * (1 + math.cos(angle)) / 2


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
    _save(output, model.state_dict(), metadata)
    partial.unlink()
    return model.eval()


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
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=recipe.learning_rate,
        momentum=0.9,
        weight_decay=recipe.weight_decay,
        nesterov=True,
    )
    description = _description(architecture, recipe)
    first = _resume(partial, model, optimizer, description) if partial.exists() else 0
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
            _save_partial(partial, model, optimizer, description | {"epochs": str(epoch + 1)})


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


def _fine_tuned(architecture: Architecture, initial: str | Path) -> SqueezeNet:
    """The network with the weights of the file, and a new classifier if the classes differ."""
    head = read_weights(initial).get("classifier.1.weight")
    classes = architecture.classes if head is None or head.ndim != 4 else len(head)
    old = load_checkpoint(initial, dataclasses.replace(architecture, classes=classes))
    if classes == architecture.classes:
        return old
    model = SqueezeNet(architecture, batch_norm=old.norm("conv1") is not None)
    kept = {k: v for k, v in old.state_dict().items() if not k.startswith("classifier.")}
    model.load_state_dict(kept, strict=False)
    return model


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


def _save_partial(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, metadata: dict[str, str]
) -> None:
    tensors = dict(model.state_dict())
    for name, parameter in model.named_parameters():
        tensors[MOMENTUM + name] = optimizer.state[parameter]["momentum_buffer"]
    _save(path, tensors, metadata)


def _save(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    write_whole(path, safetensors.torch.save(contiguous, metadata), "weights")


def _resume(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, description: dict[str, str]
) -> int:
    """Puts the saved state into model and optimizer; the number of epochs that are done."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        raise FirelineError(f"{path}: damaged; delete it to begin anew") from error
    for what, text in description.items():
        if metadata.get(what) != text:
            raise FirelineError(f"{path}: begun with another {what}; repeat that or delete it")
    momentum = {k: v for k, v in tensors.items() if k.startswith(MOMENTUM)}
    try:
        model.load_state_dict({k: v for k, v in tensors.items() if k not in momentum})
        for name, parameter in model.named_parameters():
            buffer = torch.empty_like(parameter).copy_(momentum[MOMENTUM + name])
            optimizer.state[parameter]["momentum_buffer"] = buffer
        return int(metadata["epochs"])
    except (KeyError, ValueError, RuntimeError) as error:
        raise FirelineError(f"{path}: of another network; delete it to begin anew") from error
