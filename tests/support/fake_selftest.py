"""A board in Python that prints the self-test on a pseudo-terminal."""

import os
import pty
import select
import threading
import tty
from collections.abc import Callable, Iterator

from support.selftest_lines import line


class FakeSelfTest:
    """Prints `rounds`, a line every `pause` seconds, for ever or until they end.

    A line that begins with `!` is sent as it is, without a checksum and a line's end.

    It echoes through `echo`, a function from the bytes received to those sent back; None never
    answers a request. After `unplug_after` lines the port goes away.
    """

    def __init__(
        self,
        rounds: Iterator[dict[str, str]],
        *,
        echo: Callable[[bytes], bytes] | None = bytes,
        pause: float = 0.002,
        unplug_after: int | None = None,
    ):
        self.lines = (text for each in rounds for text in each.values())
        self.echo, self.pause, self.left = echo, pause, unplug_after
        self._controller, self._terminal = pty.openpty()
        tty.setraw(self._terminal)
        self.port = os.ttyname(self._terminal)
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.write(self._stop_write, b"x")
        self._thread.join()
        for end in (self._stop_read, self._stop_write, self._terminal, self._controller):
            if end is not None:
                os.close(end)

    def _serve(self):
        while True:
            ready, _, _ = select.select([self._controller, self._stop_read], [], [], self.pause)
            if self._stop_read in ready:
                return
            if ready and (request := os.read(self._controller, 1)) in (b"2", b"3") and self.echo:
                self._serve_echo(int(request))
            if self.left == 0:
                os.close(self._terminal)
                os.close(self._controller)
                self._terminal = self._controller = None
                return
            if (text := next(self.lines, None)) is not None and not self._is_full():
                self._send(text[1:].encode("latin-1") if text.startswith("!") else line(text))
                self.left = None if self.left is None else self.left - 1

    def _is_full(self) -> bool:
        """Returns whether nobody reads, so that writing would block."""
        return not select.select([], [self._controller], [], 0)[1]

    def _send(self, data: bytes):
        os.write(self._controller, data)

    def _serve_echo(self, mbaud: int):
        self._send(line(f"echo baud={mbaud * 1_000_000}"))
        arrived = 0
        while select.select([self._controller], [], [], 0.3)[0]:
            received = os.read(self._controller, 512)
            arrived += len(received)
            self._send(self.echo(received))
        self._send(line(f"echoed bytes={arrived:04x} framing=0000"))
