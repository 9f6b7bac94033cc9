"""Jobs that other processes do, on this machine (``processes``) or on a cluster (``cluster``).

Both call ``function(job, *shared)``, which the other processes must be able to import. Both yield
the index and the result of each job, in the order in which jobs end. A job's FirelineError is its
result. Closing the iterator ends the jobs that still run.
"""

from collections.abc import Callable, Generator

from ...errors import FirelineError

Results = Generator[tuple[int, object], None, None]  # a job's index, and its result
RESUME = "the same command resumes with the remaining jobs"  # what an error tells the user


def attempt(function: Callable, job: object, shared: tuple) -> object:
    """Does a job and returns its result or its FirelineError."""
    try:
        return function(job, *shared)
    except FirelineError as error:
        return error
