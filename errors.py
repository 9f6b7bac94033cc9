"""The exceptions whose message is all that a user needs."""


class FirelineError(Exception):
    """Bad input; the message says in one line what is wrong, where, and what to do.

    The command line prints the message without a traceback and exits with status 2.
    """


class ComparisonFailed(FirelineError):
    """Integers differ that must be equal; the command line exits with status 1."""
