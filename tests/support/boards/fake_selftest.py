"""A board in Python that prints the self-test on a pseudo-terminal."""

import os
import select
from collections.abc import Callable, Iterator

from support.boards.line_server import LineServer
from support.boards.selftest_lines import line


class FakeSelfTest(LineServer):
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
        super().__init__()
        self.lines = (text for each in rounds for text in each.values())
        self.echo, self.pause, self.left = echo, pause, unplug_after
        self._controller, self.port = self._open_terminal()

    def _serve(self):
        while True:
            ready, _, _ = select.select([self._controller, self._stop], [], [], self.pause)
            if self._stop in ready:
                return
            if ready and (request := os.read(self._controller, 1)) in (b"2", b"3") and self.echo:
                self._serve_echo(int(request))
            if self.left == 0:
                self._unplug()
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
