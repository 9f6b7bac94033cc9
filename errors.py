"""The one exception for bad input."""


class FirelineError(Exception):
    """Bad input, told in one line: what is wrong, where, and what to do.

    The command line prints the message and exits with status 2, without a traceback.
    """
