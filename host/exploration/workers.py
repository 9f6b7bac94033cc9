"""Many jobs on many processors: processes of this machine, or the workers of a Dask cluster.

Both call ``function(job, *shared)``, which other processes must be able to import, and yield each
job's place with its result or its FirelineError, once each, as they come. Closing the iterator ends
what still runs.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection, resource_tracker

from ...errors import FirelineError

Done = Iterator[tuple[int, object]]  # a job's place, and its result or FirelineError
REACHABLE = 5  # seconds in which a scheduler must answer
POLL = 0.2  # seconds between looks at what is done
PATIENCE = 60  # seconds without any worker after which it is given up
AGAIN = "the same command goes on with what is left"


def in_processes(function: Callable, jobs: Sequence, shared: tuple, workers: int) -> Done:
    """So many at a time, each in a process of its own.

    Raises FirelineError when a process ends without an answer.
    """
    context = multiprocessing.get_context("spawn")
    waiting, running = list(enumerate(jobs)), {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                place, job = waiting.pop(0)
                answer, sender = context.Pipe(duplex=False)
                process = context.Process(
                    target=_answer, args=(sender, function, job, shared), daemon=True
                )
                _start(process)
                sender.close()
                running[answer] = place, process
            for answer in connection.wait(list(running)):
                place, process = running.pop(answer)
                try:
                    result = answer.recv()
                except EOFError as error:
                    process.join()
                    raise FirelineError(
                        f"a process ended with status {process.exitcode}, perhaps for want of "
                        f"memory; use fewer workers: {AGAIN}"
                    ) from error
                process.join()
                yield place, result
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


def on_dask(
    function: Callable,
    jobs: Sequence,
    shared: tuple,
    address: str,
    tell: Callable[[str], None],
    patience: float = PATIENCE,
) -> Done:
    """On the workers of the Dask scheduler at an address such as ``tcp://host:8786``.

    Workers may come and go: what a worker had not answered when it died is done again by another.
    ``tell`` hears when none is left. Raises FirelineError when Dask is not installed, no scheduler
    answers, no worker comes in ``patience`` seconds or several die over the same job.
    """
    try:
        import dask
        import distributed
    except ImportError as error:
        raise FirelineError("Dask is not installed; pip install 'fireline[explore]'") from error
    # the scheduler keeps what is shared, however large, so that it outlives every worker
    large = {"distributed.admin.large-graph-warning-threshold": "1TB"}
    with dask.config.set(large), _connect(distributed.Client, address) as client:
        held = client.submit(_same, shared, pure=False)
        places = {
            client.submit(_attempt, function, job, held, pure=False): place
            for place, job in enumerate(jobs)
        }
        while places:
            for future in _finished(client, places, tell, patience):
                try:
                    result = future.result()
                except Exception as error:  # whatever went wrong on another machine
                    raise FirelineError(f"Dask: {error or repr(error)}; {AGAIN}") from error
                yield places.pop(future), result


def _connect(client: Callable, address: str):
    try:
        if not address:
            raise ValueError("it is empty")  # Dask would start a cluster of its own
        return client(address, timeout=REACHABLE)
    except (OSError, ValueError) as error:
        raise FirelineError(
            f"scheduler {address}: no answer ({error}); start `dask scheduler` and name its address"
        ) from error


def _finished(client, futures, tell: Callable[[str], None], patience: float) -> list:
    """The futures that are done, at least one; waits for them and, not for ever, for workers."""
    left = None  # when the last worker was seen to be gone
    while not (done := [future for future in futures if future.done()]):
        time.sleep(POLL)
        try:
            workers = client.nthreads()
        except OSError as error:
            raise FirelineError(f"the Dask scheduler is gone ({error}): {AGAIN}") from error
        if workers:
            left = None
        elif left is None:
            left = time.monotonic()
            tell(f"there is no Dask worker; waiting {patience:g} s for one")
        elif time.monotonic() > left + patience:
            raise FirelineError(
                f"no Dask worker in {patience:g} s; start `dask worker` somewhere: {AGAIN}"
            )
    return done


def _start(process: multiprocessing.Process) -> None:
    """Starts a process that an interrupt from the keyboard does not reach: its parent ends it."""
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _answer(sender: connection.Connection, function: Callable, job: object, shared: tuple) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leaving no temporary files behind
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sender.send(_attempt(function, job, shared))


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os.kill(os.getpid(), signal.SIGTERM)


def _attempt(function: Callable, job: object, shared: tuple) -> object:
    try:
        return function(job, *shared)
    except FirelineError as error:
        return error


def _same(shared: tuple) -> tuple:
    return shared
