"""A board at the other end of a serial port."""

import errno
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import NoReturn

import numpy as np
import serial

from ...errors import FirelineError
from ...hw.link.protocol import (
    CHUNK_BYTES,
    IDENTITY_BYTES,
    SCORE_BYTES,
    SCORES_PER_PART,
    VERSION,
    WINDOW,
    Identity,
    Kind,
    MemoryState,
)
from .packets import Frame, FrameFinder

BAUD = 2_000_000
POLL_SECONDS = 0.002
UNSETTLED = (MemoryState.TESTING, MemoryState.CHECKING)
REFUSALS = {
    MemoryState.TESTING: "is still testing its memory: wait a little",
    MemoryState.FAULT: "has no sound SDRAM, its test failed at power-up: switch it off and on, or "
    "use another board, or a network whose classifier fits on the chip",
    MemoryState.EMPTY: "has no weights for its classifier yet: load them first",
    MemoryState.LOADING: "has not got all weights of its classifier: load them again",
    MemoryState.CHECKING: "is still checking its weights: wait a little",
    MemoryState.WRONG: "read back other weights than those it was built for: load those of the "
    "very network of its bitstream; if they were, its memory is faulty",
    MemoryState.CORRUPT: "found its weights changed while it computed, so there are no scores: "
    "load them again; if that does not last, its memory is faulty",
}
"""Why there are no scores, and what to do about it."""

OPEN_ERRORS = {
    errno.ENOENT: "it is not there: plug the board in and name its port, often /dev/ttyUSB0",
    errno.EACCES: "you may not open it: join the group dialout, or ask whoever owns the machine",
    errno.EBUSY: "another program uses it: close that one",
    errno.EAGAIN: "another program uses it: close that one",
    errno.ENOTTY: "it is not a serial port",
}


class Device:
    """Talks to the board on ``port``; a context manager.

    A question is asked again when no answer comes within ``timeout``, until nothing has come of it
    for ``patience``. ``deadline`` is how long the core may work on one image. All are in seconds.
    """

    def __init__(
        self,
        port: str,
        baud: int = BAUD,
        timeout: float = 0.5,
        patience: float = 3.0,
        deadline: float = 60.0,
    ):
        self.port = port
        self.timeout = timeout
        self.patience = patience
        self.deadline = deadline
        self._sequence = 0
        self._finder = FrameFinder()
        self._arrived = 0  # bytes since the last valid frame, to tell silence from noise
        self._frames: list[Frame] = []
        self._serial = _open(port, baud)
        with self._plugged():
            self._serial.reset_input_buffer()
            self._serial.write(b"\0")  # ends whatever the board has half received

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._serial.close()

    def identify(self) -> Identity:
        """Which network the board runs."""
        data = self._ask(Kind.HELLO).data
        if data[:1] != bytes([VERSION]) or len(data) != IDENTITY_BYTES:
            raise FirelineError(
                f"the board at {self.port} speaks version {data[0] if data else '?'} of the link, "
                f"this program version {VERSION}: build and flash the board anew"
            )
        return Identity.from_bytes(data)

    def check_network(self, network: int) -> Identity:
        """Refuses a board that runs another network than the one with this CRC-32."""
        identity = self.identify()
        if identity.network != network:
            raise FirelineError(
                f"the board at {self.port} runs network {identity.network:08x}, not {network:08x}: "
                "flash the bitstream that was built from this network"
            )
        return identity

    def classify(
        self, pixels: np.ndarray, progress: Callable[[int, int], None] | None = None
    ) -> np.ndarray:
        """Sends one image, uint8 ``[height, width, channels]``; returns the scores, uint32.

        ``progress`` is called with the bytes that the board has, and all. A board that needs
        weights must have them, see `load_weights`.
        """
        identity = self.identify()
        expected = (identity.height, identity.width, identity.channels)
        if pixels.dtype != np.uint8 or pixels.shape != expected:
            raise FirelineError(
                f"the board at {self.port} takes images of {_size(expected)} bytes, "
                f"not {_size(pixels.shape)} of {pixels.dtype}: resize the image"
            )
        self._ask(Kind.START)
        self._send_chunks("image", pixels.tobytes(), progress)
        return self._fetch_scores(identity.classes)

    def needs_weights(self) -> bool:
        """Whether there are weights to be loaded before anything can be classified.

        Raises FirelineError if the board cannot take them.
        """
        return bool(self.identify().weight_bytes) and self._memory() is not MemoryState.READY

    def load_weights(
        self, weights: bytes, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Loads the classifier's weights, which the board then checks and keeps until power-off.

        ``progress`` is called with the bytes that the board has, and all.
        """
        expected = self.identify().weight_bytes
        if len(weights) != expected:
            raise FirelineError(
                f"the board at {self.port} takes {expected} bytes of weights, not {len(weights)}: "
                "flash the bitstream that was built from this network"
            )
        self._memory()
        self._ask(Kind.LOAD)
        self._send_chunks("weights", weights, progress)
        state = self._memory()
        if state is not MemoryState.READY:
            self._refuse(state)

    def _memory(self) -> MemoryState:
        """The state of the board's memory, once a test or a check is over.

        Raises FirelineError if the board has no memory that works.
        """
        until = time.monotonic() + self.deadline
        while True:
            state = MemoryState(self._ask(Kind.MEMORY).data[0])
            if state is MemoryState.FAULT:
                self._refuse(state)
            if state not in UNSETTLED or time.monotonic() > until:
                return state
            time.sleep(POLL_SECONDS)

    def _refuse(self, state: MemoryState) -> NoReturn:
        raise FirelineError(f"the board at {self.port} {REFUSALS[state]}")

    def _send_chunks(self, what: str, content: bytes, progress: Callable[[int, int], None] | None):
        """Sends the chunks, up to `WINDOW` ahead of the answers; one by one after a loss."""
        chunks = [content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]
        taken, sent, window = 0, 0, WINDOW
        until = time.monotonic() + self.patience
        while taken < len(chunks):
            while sent < min(taken + window, len(chunks)):
                self._send(Frame(Kind.CHUNK, sent % 256, chunks[sent]))
                sent += 1
            answer = self._receive(self.timeout)
            ahead = (answer.sequence - taken) % 256 if answer else 0
            if answer and answer.kind is Kind.TAKEN and 0 < ahead <= WINDOW:
                taken += ahead
                sent = max(sent, taken)  # more than was sent again: the first try had arrived
                window = min(window + 1, WINDOW)
                until = time.monotonic() + self.patience
                if progress:
                    progress(min(taken * CHUNK_BYTES, len(content)), len(content))
            elif time.monotonic() > until:
                self._give_up(f"while the {what} was sent", answer)
            elif answer is None or answer.kind is Kind.BROKEN:
                sent, window = taken, 1

    def _fetch_scores(self, classes: int) -> np.ndarray:
        """Asks for the scores until the core has them, part by part."""
        encoded = bytearray()
        until = time.monotonic() + self.deadline
        while len(encoded) < classes * SCORE_BYTES:
            part = len(encoded) // (SCORE_BYTES * SCORES_PER_PART)
            data = self._ask(Kind.RESULT, bytes([part])).data
            if len(data) == SCORE_BYTES * SCORES_PER_PART:
                encoded += data
            elif time.monotonic() > until:
                raise FirelineError(
                    f"the board at {self.port} gave no scores within {self.deadline:g} s: "
                    "reset it and try again"
                )
            else:
                time.sleep(POLL_SECONDS)
        return np.frombuffer(encoded, dtype="<u4", count=classes).astype(np.uint32)

    def _ask(self, kind: Kind, data: bytes = b"") -> Frame:
        """Sends a request until its own answer comes.

        Raises FirelineError if the board's memory is not fit for it.
        """
        self._sequence = (self._sequence + 1) % 256
        until = time.monotonic() + self.patience
        while time.monotonic() < until:
            self._send(Frame(kind, self._sequence, data))
            again = min(time.monotonic() + self.timeout, until)
            while answer := self._receive(again - time.monotonic()):
                if (answer.kind, answer.sequence) == (kind | Kind.ANSWER, self._sequence):
                    return answer
                if (answer.kind, answer.sequence) == (Kind.STATE, self._sequence):
                    self._refuse(MemoryState(answer.data[0]))
                if answer.kind is Kind.BROKEN:
                    break
        self._give_up(f"when asked for {kind.name}", answer)

    def _send(self, frame: Frame):
        with self._plugged():
            self._serial.write(frame.encode())

    def _receive(self, seconds: float) -> Frame | None:
        """The next whole frame, or nothing within so many seconds."""
        until = time.monotonic() + seconds
        while not self._frames and (left := until - time.monotonic()) > 0:
            with self._plugged():
                self._serial.timeout = left
                arrived = self._serial.read(max(1, self._serial.in_waiting))
            self._arrived += len(arrived)
            self._frames += self._finder.feed(arrived)
        if not self._frames:
            return None
        self._arrived = 0
        return self._frames.pop(0)

    def _give_up(self, when: str, answer: Frame | None) -> NoReturn:
        if answer and answer.kind is Kind.BROKEN:
            what, check = "got nothing but broken frames", "that the cable is sound and short"
        elif self._arrived:
            what = "sent only noise"
            check = f"that it is the board's port and its baud rate is {self._serial.baudrate}"
        else:
            what, check = "did not answer", "that it is the board's port and the board is flashed"
        raise FirelineError(
            f"the board at {self.port} {what} {when}, for {self.patience:g} s: check {check}"
        )

    @contextmanager
    def _plugged(self):
        try:
            yield
        except (OSError, serial.SerialException) as error:
            raise FirelineError(
                f"the serial port {self.port} went away ({_reason(error)}): "
                "plug the board in again and start over"
            ) from None


def _open(port: str, baud: int) -> serial.Serial:
    try:
        return serial.Serial(port, baud, exclusive=True, write_timeout=10)
    except (OSError, ValueError, serial.SerialException) as error:
        number = getattr(error, "errno", None) or (error.__context__ or error).args[0]
        advice = OPEN_ERRORS.get(number, _reason(error))
        raise FirelineError(f"cannot open the serial port {port}: {advice}") from None


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in shape)
