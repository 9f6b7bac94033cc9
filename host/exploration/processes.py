"""Jobs in processes of this machine."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing import connection, resource_tracker
from multiprocessing.context import SpawnProcess
from typing import cast

from ...errors import FirelineError
from .jobs import RESUME, Results, attempt


def in_processes(function: Callable, jobs: Sequence, shared: tuple, workers: int) -> Results:
    """Does up to ``workers`` jobs at a time, each in its own process; see ``jobs``.

    Raises FirelineError when a process ends without a result.
    """
    context = multiprocessing.get_context("spawn")
    waiting = list(enumerate(jobs))
    running: dict[connection.Connection, tuple[int, SpawnProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                index, job = waiting.pop(0)
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(
                    target=_send_result, args=(sender, function, job, shared), daemon=True
                )
                _start(process)
                sender.close()
                running[receiver] = index, process
            for receiver in cast(list[connection.Connection], connection.wait(list(running))):
                index, process = running.pop(receiver)
                yield index, _receive_result(receiver, process)
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


def _receive_result(receiver: connection.Connection, process: SpawnProcess) -> object:
    """The result that a process has sent; waits for its end."""
    try:
        result = receiver.recv()
    except EOFError as error:
        process.join()
        raise FirelineError(
            f"a process ended with status {process.exitcode}, perhaps because memory ran out; "
            f"use fewer workers: {RESUME}"
        ) from error
    process.join()
    return result


def _start(process: SpawnProcess) -> None:
    """Starts a process that ignores the keyboard's interrupt, because its parent ends it."""
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _send_result(
    sender: connection.Connection, function: Callable, job: object, shared: tuple
) -> None:
    """What the process does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that it removes temporary files
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sender.send(attempt(function, job, shared))


def _end_with_parent() -> None:
    """Waits for the parent's end, then ends this process."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # this is a child
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
