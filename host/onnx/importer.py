"""Float SqueezeNets from ONNX files, as torch or the ONNX model zoo writes them.

The network is recognised by its structure; the names of tensors do not matter.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...errors import FirelineError
from ..network.architecture import (
    Architecture,
    Bypass,
    Conv1,
    Fire,
    LayerKind,
    MaxPool,
)
from ..network.stage import MAX_POOLS
from .channels import weights_by_layer
from .graph import read_graph
from .mismatch import check_same
from .network import OnnxFire, OnnxNetwork, OnnxStage
from .pictures import taken_up
from .read import Found, read_terms
from .rewrite.pool import windows
from .terms import (
    Averaged,
    Convolution,
    Joined,
    Padded,
    Pictures,
    Pooled,
    Rectified,
    Scaled,
    Summed,
    Term,
)


def read_onnx(path: str | Path, architecture: Architecture) -> OnnxNetwork:
    """The network in an ONNX file.

    Stages, classes and last ReLU are those of the file, and so is the input size if the file states
    it. Name, preprocessing and otherwise the input size are those of ``architecture``; if the file
    normalises its input, conv1 does so behind that preprocessing (``pictures``). Raises
    FirelineError for a file that cannot be read, and one that names the node for a network that is
    not of the family.
    """
    graph = read_graph(path)
    try:
        found = read_terms(graph, architecture.channels, architecture.height, architecture.width)
        return _network(graph.file, found, architecture)
    except RecursionError as error:
        raise FirelineError(
            f"{graph.file}: too many operators in a row; use a network of the SqueezeNet family"
        ) from error


def import_onnx(
    path: str | Path, architecture: Architecture, any_classes: bool = False
) -> tuple[OnnxNetwork, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """The network in an ONNX file, and weights [cout, cin, k, k] and biases [cout], float64.

    The network has the architecture's size, and a last ReLU if the file has one; with
    ``any_classes`` it has as many classes as the file. Weights are by layer name, their channels in
    the architecture's order, and batch normalisation is folded in. A note tells of a file that
    takes pictures of another size. Raises FirelineError as ``read_onnx`` does, and for a file with
    other stages or classes.
    """
    network = read_onnx(path, architecture)
    if any_classes:
        architecture = dataclasses.replace(architecture, classes=network.architecture.classes)
    check_same(network, architecture)
    own = dataclasses.replace(architecture, last_relu=network.architecture.last_relu)
    notes = (*network.notes, *_size_notes(network.architecture, architecture))
    return dataclasses.replace(network, architecture=own, notes=notes), dict(
        weights_by_layer(network)
    )


def _size_notes(found: Architecture, given: Architecture) -> tuple[str, ...]:
    """What the user should know if the file states another size than was given."""
    if (found.height, found.width) == (given.height, given.width):
        return ()
    return (
        f"the file takes pictures of {found.height}x{found.width}, but Fireline uses the "
        f"{given.height}x{given.width} of {given.name}; for another size use a TOML file",
    )


def _network(file: str, found: Found, architecture: Architecture) -> OnnxNetwork:
    """The network of which the terms are the classifier's map."""
    last_relu = isinstance(found.classes, Rectified)
    linear = found.classes.source if isinstance(found.classes, Rectified) else found.classes
    classifier = _convolution(linear, "the classifier").require(1)
    conv1, *others = tuple(_stages(classifier.source))[::-1]
    conv1, note = _behind_preprocessing(conv1, architecture)
    stages = conv1, *others
    try:
        own = dataclasses.replace(
            architecture,
            height=found.height,
            width=found.width,
            stages=tuple(each.stage for each in stages),
            classes=len(classifier.bias),
            last_relu=last_relu,
        )
    except FirelineError as error:
        raise FirelineError(f"{file}: {error}") from error
    notes = (*found.notes, note) if note else found.notes
    return OnnxNetwork(file, own, stages, classifier, notes)


def _behind_preprocessing(stage: OnnxStage, architecture: Architecture) -> tuple[OnnxStage, str]:
    """conv1 with what the file does to the pictures taken up, and a note or ""."""
    pictures, conv = stage.source, stage.convolutions[LayerKind.CONV1]
    if not isinstance(pictures, Pictures):
        raise FirelineError(
            f"{conv.node.where} reads {pictures.node.title} instead of the pictures; "
            "use one convolution before the first Fire"
        )
    if pictures.channels != architecture.channels:
        raise FirelineError(
            f"{conv.node.where} reads pictures of {pictures.channels} channels, but "
            f"{architecture.name} has {architecture.channels}; check the number of input channels"
        )
    conv, note = taken_up(pictures, conv, architecture.preprocessing)
    return dataclasses.replace(stage, convolutions={LayerKind.CONV1: conv}), note


def _stages(term: Term) -> Iterator[OnnxStage]:
    """The stages from last to first; the last one makes that map."""
    while True:
        stage: OnnxStage
        match term:
            case Pooled():
                stage = OnnxStage(_max_pool(term), term.node, term.source, {})
            case Joined():
                stage = _fire(term)
            case Summed():
                stage = _bypassed_fire(term)
            case Rectified(source=Convolution()):
                yield _conv1(term)
                return
            case _:
                raise _unexpected(term, "a max pool, a Fire or conv1")
        yield stage
        term = stage.source


def _max_pool(pool: Pooled) -> MaxPool:
    """The max pool with the windows of the file's, however it writes them."""
    kernel, sides, pads = pool.kernel, pool.source.shape[1:], pool.pads
    if kernel not in ((2, 2), (3, 3)) or pool.strides != (2, 2):
        raise FirelineError(
            f"{pool.node.where} has kernel {kernel}, strides {pool.strides}; "
            "use 2x2 or 3x3 with stride 2"
        )
    wanted = [
        windows(side, kernel[0], 2, start, end, pool.ceil)
        for side, start, end in zip(sides, pads[:2], pads[2:], strict=True)
    ]
    for found in MAX_POOLS:
        if [found.windows(side) for side in sides] == wanted:
            return found
    raise FirelineError(
        f"{pool.node.where} has pads {pads}, ceil_mode {int(pool.ceil)} on a map of "
        f"{sides[0]}x{sides[1]} pixels; use no pads, or 1 on all sides without ceil_mode"
    )


def _conv1(term: Term) -> OnnxStage:
    conv = _rectified(term, "conv1")
    conv1 = Conv1(len(conv.bias), conv.weight.shape[2], conv.stride, conv.padding)
    return OnnxStage(conv1, conv.node, conv.source, {LayerKind.CONV1: conv})


def _fire(joined: Joined) -> OnnxFire:
    if len(joined.sources) != 2:
        raise FirelineError(
            f"{joined.node.where} joins {len(joined.sources)} maps; use Fires, which join two maps"
        )
    expands = [_rectified(each, "an expand") for each in joined.sources]
    swapped = expands[0].weight.shape[2] > expands[1].weight.shape[2]
    expand1x1, expand3x3 = expands[::-1] if swapped else expands
    expand1x1.require(1)
    expand3x3.require(3)
    if not _is_same(expand1x1.source, expand3x3.source):
        raise FirelineError(
            f"{joined.node.where} joins expands of different maps; use Fires, whose expands read "
            "the same map"
        )
    squeeze = _rectified(expand1x1.source, "a squeeze").require(1)
    fire = Fire(len(squeeze.bias), len(expand1x1.bias), len(expand3x3.bias))
    convolutions = {
        LayerKind.SQUEEZE: squeeze,
        LayerKind.EXPAND1X1: expand1x1,
        LayerKind.EXPAND3X3: expand3x3,
    }
    return OnnxFire(fire, joined.node, squeeze.source, convolutions, swapped)


def _bypassed_fire(total: Summed) -> OnnxFire:
    """A Fire with its bypass: the map that it reads, or a convolution of that map."""
    for source in total.sources:
        if isinstance(source, Scaled):
            raise _unexpected(source, "a bypass")
    for expanded, skipped in (total.sources, total.sources[::-1]):
        if not isinstance(expanded, Joined):
            continue
        found = _fire(expanded)
        if _is_same(skipped, found.source):
            fire = dataclasses.replace(found.stage, bypass=Bypass.SIMPLE)
            return dataclasses.replace(found, stage=fire, node=total.node)
        match skipped:
            case Rectified(source=Convolution() as bypass) if _is_same(bypass.source, found.source):
                fire = dataclasses.replace(found.stage, bypass=Bypass.COMPLEX)
                convolutions = {**found.convolutions, LayerKind.BYPASS: bypass.require(1)}
                return OnnxFire(fire, total.node, found.source, convolutions, found.swapped)
            case Convolution() if _is_same(skipped.source, found.source):
                raise _unexpected(skipped, "a bypass")
    raise FirelineError(
        f"{total.node.where} is not a bypass; add to a Fire's Concat only the map that the Fire "
        "reads, or the ReLU of a 1x1 convolution of that map"
    )


def _rectified(term: Term, wanted: str) -> Convolution:
    """The convolution whose ReLU makes a map; FirelineError if another operator does."""
    if not isinstance(term, Rectified):
        raise _unexpected(term, wanted)
    return _convolution(term.source, wanted)


def _convolution(term: Term, wanted: str) -> Convolution:
    """The convolution that makes a map; FirelineError if another operator does."""
    if isinstance(term, Convolution):
        return term
    raise _unexpected(term, wanted)


def _unexpected(term: Term, wanted: str) -> FirelineError:
    """The error that a map is not what is expected there; says what to do."""
    where = f"{term.node.where} stands where {wanted} is expected"
    match term:
        case Convolution():
            return FirelineError(
                f"{term.node.where} has no ReLU behind it where {wanted} is expected; put one "
                "there and train again, because only the classifier may lack it"
            )
        case Scaled():
            return FirelineError(
                f"{term.node.where} scales a map that other operators than convolutions read; put "
                "it directly behind a convolution"
            )
        case Padded():
            return FirelineError(
                f"{term.node.where} pads with {term.value} where {wanted} is expected; pad with "
                "zeros, in front of a convolution or a max pool"
            )
        case Rectified(source=Scaled() as scaled):
            return FirelineError(
                f"{term.node.where} follows {scaled.node.title}, which no convolution in front of "
                "it takes up; put that directly behind a convolution"
            )
        case Averaged():
            return FirelineError(f"{where}; average only once, behind the classifier")
    return FirelineError(f"{where}; use a network of the SqueezeNet family")


def _is_same(a: Term, b: Term) -> bool:
    """Whether two terms are one map, perhaps with a ReLU of its own for each reader."""
    if isinstance(a, Rectified) and isinstance(b, Rectified):
        a, b = a.source, b.source
    return a is b
