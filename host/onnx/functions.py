"""Local functions of an ONNX file, replaced by their nodes."""

from collections.abc import Iterable

import onnx
import onnx.inliner

from ...errors import FirelineError
from .limits import MAXIMUM_NODES


def inline_functions(file: str, model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without local functions; FirelineError if they call each other in a circle."""
    if not model.functions:
        return model
    _check_size(file, model)
    try:
        return onnx.inliner.inline_local_functions(model)
    except Exception as error:  # onnx raises many types
        raise FirelineError(
            f"{file}: its local functions cannot be inlined: {error}; export it without functions"
        ) from error


def _check_size(file: str, model: onnx.ModelProto) -> None:
    """Raises FirelineError unless the nodes with all functions inlined are finite and few.

    Functions may call functions, so a small file can stand for any number of nodes.
    """
    functions = {(each.domain, each.name): each.node for each in model.functions}
    sizes: dict[tuple[str, str], int] = {}

    def size(nodes: Iterable[onnx.NodeProto]) -> int | None:
        """The number of nodes; None if that of a function is not known yet."""
        total = 0
        for node in nodes:
            called = node.domain, node.op_type
            if called in functions and called not in sizes:
                return None
            total += sizes.get(called, 1)
        return total

    for _ in functions:  # a chain of calls has at most as many links as there are functions
        sizes |= {
            name: found
            for name, nodes in functions.items()
            if name not in sizes and (found := size(nodes)) is not None
        }
        if len(sizes) == len(functions):
            break
    total = size(model.graph.node)
    if total is None or total > MAXIMUM_NODES:
        raise FirelineError(
            f"{file}: its local functions call each other in a circle, or make more than "
            f"{MAXIMUM_NODES} nodes; export it without functions"
        )
