"""Which of the networks in a file is meant; each stands under a prefix of the tensors' names."""

import re
from collections.abc import Sequence

from ....errors import FirelineError

AVERAGED = re.compile(r"(^|[._])(ema|swa|averaged|shadow)([._]|$)")
"""Parts of prefixes of weights that are averaged over the steps of a training."""
OPTIMIZER = re.compile(r"(^|[._])optim(izers?)?([._]|$)", re.IGNORECASE)
"""Part of names of tensors that an optimizer remembers, which may have the weights' shapes."""


def choose(where: str, prefixes: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The prefix of the network that is meant, and the notes about it.

    A file with averaged weights beside those of the last step means the averaged ones, as the
    trainers that write both evaluate them. Raises FirelineError, with the choices, when more than
    one network is left.
    """
    averaged = [prefix for prefix in prefixes if AVERAGED.search(prefix.lower())]
    left = averaged or prefixes
    if len(left) > 1:
        choices = " and ".join(repr(prefix) for prefix in left[:4])
        raise FirelineError(
            f"{where}: holds {len(left)} networks, under {choices}; save the state_dict of one"
        )
    chosen = left[0]
    others = [prefix for prefix in prefixes if prefix != chosen]
    if others:
        names = " and ".join(repr(prefix) for prefix in others[:4])
        return chosen, (f"{where}: takes the averaged weights {chosen!r}, not {names}",)
    return chosen, (f"{where}: takes the prefix {chosen!r} off the names",) if chosen else ()
