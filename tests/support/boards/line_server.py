"""A thread that serves the ends of serial lines for as long as a `with` block runs."""

import os
import pty
import threading
import tty


class LineServer:
    """Runs `_serve`, which must return when `_stop` can be read, and closes all `_ends` then."""

    def __init__(self):
        self._stop, self._stopper = os.pipe()
        self._ends = [self._stop, self._stopper]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.write(self._stopper, b"x")
        self._thread.join()
        for end in self._ends:
            os.close(end)

    def _serve(self):
        raise NotImplementedError

    def _open_terminal(self) -> tuple[int, str]:
        """A new pseudo-terminal: its controller, and the port at its other end."""
        controller, terminal = pty.openpty()
        tty.setraw(terminal)
        self._ends += [controller, terminal]
        return controller, os.ttyname(terminal)

    def _unplug(self):
        """Takes all terminals away."""
        while len(self._ends) > 2:
            os.close(self._ends.pop())
