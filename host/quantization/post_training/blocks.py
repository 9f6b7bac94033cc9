"""Block-wise reconstruction: trains the layers of each Fire to reproduce the float network's map.

Li et al., "BRECQ: Pushing the Limit of Post-Training Quantization by Block Reconstruction", ICLR
2021. Different from the paper, the loss is the plain squared error, and rounding is learned through
the straight-through estimator. A block's input comes from the integers of the blocks before it; its
target comes from the float network alone.
"""

from collections.abc import Callable, Iterator

import torch

from ...float_network.walk import walk_stage
from ...network.architecture import LayerKind
from ..maps import convolutions
from .training import BATCH, mixed_precision, optimizer, relative_error, set_rates, training_device
from .work import Report, Work

EPOCHS = 4  # passes over the pictures for each block
PICTURES = 512  # at most


def reconstruct_blocks(work: Work, report: Report) -> None:
    """The step: trains one Fire after the other, then the classifier."""
    architecture, device = work.folded.architecture, training_device()
    folded, student = work.folded.to(device), work.student.to(device)
    student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs
    generator = torch.Generator().manual_seed(work.settings.seed)
    pixels = torch.from_numpy(work.pixels[:PICTURES]).permute(0, 3, 1, 2)
    exact, rounded = pixels.bfloat16(), pixels  # the maps between stages, of all pictures
    stages = len(architecture.stages) + 1
    for index in range(stages):

        def run_exact(x: torch.Tensor, index: int = index) -> torch.Tensor:
            return walk_stage(architecture, index, x, folded.rectified, folded.join)

        def run_student(x: torch.Tensor, index: int = index) -> torch.Tensor:
            return walk_stage(architecture, index, x, student.convolve, student.join)

        exact = _apply(run_exact, exact, device)
        layers = [layer for layer in convolutions(architecture) if layer.stage == index]
        if layers and layers[0].kind is not LayerKind.CONV1:
            scale = student.scales[layers[0].stage_name]
            adam = optimizer(student, layers, weights=True, scales=work.learn_scales)
            student.train()
            for done, chosen in _batches(len(pixels), generator):
                set_rates(adam, done)
                with mixed_precision(work, device):
                    found = run_student(rounded[chosen].to(device, torch.float32)) * scale()
                    found = found - student.offset_of(layers[0])
                adam.zero_grad()
                relative_error(found, exact[chosen].to(device)).backward()
                adam.step()
                report((index + done) / stages)
            student.eval()
        if index + 1 < stages:
            rounded = _apply(run_student, rounded, device)
    work.student = student.cpu()


def _apply(
    run: Callable[[torch.Tensor], torch.Tensor], maps: torch.Tensor, device: torch.device
) -> torch.Tensor:
    """Runs all maps through one stage and keeps their type."""
    with torch.no_grad():
        batches = (x.to(device, torch.float32) for x in maps.split(BATCH))
        return torch.cat([run(x).to("cpu", maps.dtype) for x in batches])


def _batches(pictures: int, generator: torch.Generator) -> Iterator[tuple[float, torch.Tensor]]:
    """Yields a block's batches: the share of its training done before it, and picture indices."""
    batches = -(-pictures // BATCH)
    for number in range(EPOCHS * batches):
        if number % batches == 0:
            order = torch.randperm(pictures, generator=generator)
        yield number / (EPOCHS * batches), order[number % batches :: batches]
