"""A line that two programs use at once, as adapters and terminal servers allow."""

import os
import pty
import select
import threading
import tty
from collections.abc import Callable


class SharedLine:
    """Two pseudo-terminals on one port; what the port says arrives at both.

    `pause` is called before each delivery to the port and decides how the programs interleave.
    """

    def __init__(self, port: str, pause: Callable[[], None] = lambda: None):
        self._pause = pause
        self._port = os.open(port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._port)
        pairs = [pty.openpty() for _ in range(2)]
        self._controllers, self._terminals = zip(*pairs, strict=True)
        for terminal in self._terminals:
            tty.setraw(terminal)
        self.ports = [os.ttyname(terminal) for terminal in self._terminals]
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.write(self._stop_write, b"x")
        self._thread.join()
        for end in (*self._controllers, *self._terminals, self._stop_read, self._stop_write):
            os.close(end)
        os.close(self._port)

    def _serve(self):
        """Passes on whole packets, since half of one would only be a broken packet."""
        unsent = dict.fromkeys(self._controllers, b"")
        while True:
            ready, _, _ = select.select([*self._controllers, self._port, self._stop_read], [], [])
            if self._stop_read in ready:
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
