"""What follows the average: it keeps the order of the classes and is left out."""

from ....errors import FirelineError
from ..graph import Node
from ..terms import Averaged, Convolution, Flat, Ranked, Rectified, Scaled, Term, Turned
from .reader import Reader, foreign


def rank(reader: Reader, node: Node) -> Term:
    """Softmax, ArgMax, TopK and others of the average, along the axis of the classes."""
    x = reader.term(node)
    axis = node.integer("axis", -1 if node.operator == "TopK" else 1)
    if x.shape[1:] != (1, 1) or axis in (2, 3, -2) or not node.integer("largest", 1):
        return foreign(node)
    return Ranked(node, x.shape, False, x.source if isinstance(x, Ranked) else x)


def classes_map(reader: Reader, outputs: tuple[Term, ...]) -> Term:
    """The map whose average are the scores.

    All outputs are the scores or what keeps their order. Raises FirelineError for others.
    """
    found = [_scores(reader, output) for output in outputs]
    first = found[0]
    if any(each is not first for each in found):
        raise FirelineError(
            f"{first.node.file}: the graph has {len(found)} outputs that are not all the same "
            "classes; export a network with one output"
        )
    if isinstance(first, Averaged):
        return first.source
    if first.shape[1:] == (1, 1) and isinstance(first, Convolution | Rectified):
        return first
    raise FirelineError(
        f"{first.node.where} stands where the global average is expected; end the network in the "
        "average over the classifier's map"
    )


def _scores(reader: Reader, x: Term) -> Term:
    """What an output ranks: the average, if the network has one."""
    match x:
        case Ranked():
            reader.note(
                f"{x.node.title} behind the average is left out; the order of the classes is the "
                "same"
            )
            return _scores(reader, x.source)
        case Flat() | Turned():
            return _scores(reader, x.source)
        case Rectified(source=Averaged()):
            reader.note(
                f"{x.node.title} behind the average is left out; it changes no class unless no "
                "score is above 0"
            )
            return _scores(reader, x.source)
        case Averaged(source=Scaled() as scaled) if _is_uniform(scaled):
            reader.note(
                f"{scaled.node.title} behind the average is left out; it scales all classes alike"
            )
            return _scores(reader, Averaged(x.node, x.shape, False, scaled.source))
    return x


def _is_uniform(x: Scaled) -> bool:
    """Whether a scaled map keeps the order of its channels."""
    return len({*x.factor.tolist()}) == len({*x.offset.tolist()}) == 1 and x.factor[0] > 0
