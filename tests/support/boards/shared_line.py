"""A line that two programs use at once, as adapters and terminal servers allow."""

import os
import select
import tty
from collections.abc import Callable

from support.boards.line_server import LineServer


class SharedLine(LineServer):
    """Two pseudo-terminals on one port; what the port says arrives at both.

    `pause` is called before each delivery to the port and decides how the programs interleave.
    """

    def __init__(self, port: str, pause: Callable[[], None] = lambda: None):
        super().__init__()
        self._pause = pause
        self._port = os.open(port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._port)
        self._ends.append(self._port)
        self._controllers, self.ports = zip(*(self._open_terminal() for _ in range(2)), strict=True)

    def _serve(self):
        """Passes on whole packets, since half of one would only be a broken packet."""
        unsent = dict.fromkeys(self._controllers, b"")
        while True:
            ready, _, _ = select.select([*self._controllers, self._port, self._stop], [], [])
            if self._stop in ready:
                return
            for end in ready:
                arrived = os.read(end, 4096)
                if end == self._port:
                    for controller in self._controllers:
                        os.write(controller, arrived)
                    continue
                *whole, unsent[end] = (unsent[end] + arrived).split(b"\0")
                for packet in whole:
                    self._pause()
                    os.write(self._port, packet + b"\0")
