"""Jobs on the workers of a Dask cluster."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import FirelineError
from .jobs import RESUME, Results, attempt

CONNECT = 5  # seconds in which a scheduler must answer
POLL = 0.2  # seconds between checks for results
PATIENCE = 60  # seconds without any worker after which the jobs are given up


def on_dask(
    function: Callable,
    jobs: Sequence,
    shared: tuple,
    address: str,
    tell: Callable[[str], None],
    patience: float = PATIENCE,
) -> Results:
    """Does jobs on the workers of the Dask scheduler at ``address``, such as ``tcp://host:8786``.

    Workers may come and go; when a worker dies, another repeats its unfinished jobs. See ``jobs``
    for the arguments that are not described here.

    Parameters
        tell: receives a message when no worker is left
        patience: seconds to wait for a worker

    Raises FirelineError when Dask is not installed, when no scheduler answers, when no worker comes
    in time, and when several workers die with the same job.
    """
    try:
        import dask
        import distributed
    except ImportError as error:
        raise FirelineError("Dask is not installed; pip install 'fireline[explore]'") from error
    # The scheduler keeps the shared arguments, however large, so that they outlive every worker.
    large = {"distributed.admin.large-graph-warning-threshold": "1TB"}
    with dask.config.set(large), _connect(distributed.Client, address) as client:
        held = client.submit(_identity, shared, pure=False)
        indices = {
            client.submit(attempt, function, job, held, pure=False): index
            for index, job in enumerate(jobs)
        }
        while indices:
            for future in _finished(client, list(indices), tell, patience):
                try:
                    result = future.result()
                except Exception as error:  # any error of another machine
                    raise FirelineError(f"Dask: {error or repr(error)}; {RESUME}") from error
                yield indices.pop(future), result


def _connect(client: Callable, address: str) -> Any:
    """A connected client."""
    try:
        if not address:
            raise ValueError("it is empty")  # Dask would start a cluster of its own
        return client(address, timeout=CONNECT)
    except (OSError, ValueError) as error:
        raise FirelineError(
            f"scheduler {address}: no answer ({error}); start `dask scheduler` and name its address"
        ) from error


def _finished(
    client: Any, futures: Sequence, tell: Callable[[str], None], patience: float
) -> list[Any]:
    """Waits until at least one future is done and returns all that are."""
    alone_since = None  # when the last worker was found to be gone
    while not (done := [future for future in futures if future.done()]):
        time.sleep(POLL)
        try:
            workers = client.nthreads()
        except OSError as error:
            raise FirelineError(f"the Dask scheduler is gone ({error}): {RESUME}") from error
        if workers:
            alone_since = None
        elif alone_since is None:
            alone_since = time.monotonic()
            tell(f"there is no Dask worker; waiting {patience:g} s for one")
        elif time.monotonic() > alone_since + patience:
            raise FirelineError(
                f"no Dask worker in {patience:g} s; start `dask worker` somewhere: {RESUME}"
            )
    return done


def _identity(shared: tuple) -> tuple:
    return shared
