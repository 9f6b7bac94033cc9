"""Talks to a board on a serial port."""

import errno
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import NoReturn

import numpy as np
import serial

from ...errors import FirelineError
from ...hw.link.baud import BAUD
from ...hw.link.protocol import (
    CHUNK_BYTES,
    MOST_CHUNKS_AHEAD,
    SCORE_BYTES,
    SCORES_PER_PART,
    Identity,
    Kind,
    MemoryState,
)
from .answers import read_identity, read_memory_state, read_scores
from .packets import Packet, PacketFinder

POLL_SECONDS = 0.002
WRITE_SECONDS = 10
"""A port that takes no bytes for so long is gone."""

TESTS = (MemoryState.TESTING, MemoryState.CHECKING)
"""States that the board leaves by itself."""
REFUSALS = {
    MemoryState.TESTING: "is still testing its SDRAM: wait a little and try again",
    MemoryState.FAULT: "has no working SDRAM, because the test at power-up failed: switch the "
    "board off and on; if that does not help, use another board or a network whose classifier "
    "fits on the chip",
    MemoryState.EMPTY: "has no weights for its classifier yet: load them first",
    MemoryState.LOADING: "has only a part of its classifier's weights: load them again",
    MemoryState.CHECKING: "is still checking its weights: wait a little and try again",
    MemoryState.WRONG: "read back other weights than those it was built for: load the weights of "
    "the network that its bitstream was built from; if you did, its SDRAM is faulty",
    MemoryState.CORRUPT: "found its weights changed during the computation, so there are no "
    "scores: load the weights again; if the error returns, its SDRAM is faulty",
    MemoryState.READY: "refuses a request although its weights are ready: flash it again",
}
"""Why a board has no scores, and what to do."""

IN_USE = "another program uses it: close that program (`fireline doctor` may name it)"
OPEN_ERRORS = {
    errno.ENOENT: "there is no such port: plug the board in, and name the port that `fireline "
    "doctor` shows, often /dev/ttyUSB0",
    errno.EACCES: "permission denied: add yourself to the group that owns the port, often "
    "`dialout`, and log in again (`fireline doctor` shows how)",
    errno.EBUSY: IN_USE,
    errno.EAGAIN: IN_USE,
    errno.ENOTTY: "it is not a serial port: name the board's port, often /dev/ttyUSB0",
}


class Device:
    """The board on serial port `port`; a context manager that closes the port.

    Parameters
        port: name of the port, e.g. /dev/ttyUSB0
        baud: bit rate, the same as the bitstream's
        timeout: seconds to wait for an answer before the request is sent again
        patience: seconds without progress after which a call fails
        deadline: seconds that the core may take for a frame, and the board for a memory test

    Every method raises FirelineError if the board does not answer or the port goes away.
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
        self._board = f"the board at {port}"
        self.timeout = timeout
        self.patience = patience
        self.deadline = deadline
        self._sequence = 0
        self._finder = PacketFinder()
        self._arrived = 0  # bytes since the last valid packet: tells silence from noise
        self._packets: list[Packet] = []
        self._serial = open_port(port, baud)
        with self._plugged():
            self._serial.reset_input_buffer()
            self._serial.write(b"\0")  # ends a packet that the board has received in part

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._serial.close()

    def identify(self) -> Identity:
        """Returns which network the board runs.

        Raises FirelineError if the board speaks another version of the protocol.
        """
        return read_identity(self._board, self._ask(Kind.HELLO).data)

    def check_network(self, network: int) -> Identity:
        """Returns the board's identity if it runs the network with this CRC-32.

        Raises FirelineError if it runs another one.
        """
        identity = self.identify()
        if identity.network != network:
            raise FirelineError(
                f"{self._board} runs network {identity.network:08x}, not {network:08x}: "
                "flash the bitstream that was built from this network"
            )
        return identity

    def classify(
        self, pixels: np.ndarray, progress: Callable[[int, int], None] | None = None
    ) -> np.ndarray:
        """Sends one frame and returns its scores.

        `pixels` is a picture as the network takes it, uint8 ``[height, width, channels]``; the
        result is uint32 ``[classes]``. `progress` is called with the number of bytes that the board
        has taken, and with the number of all.

        Raises FirelineError for pixels of another shape or type, if a board that streams its
        classifier's weights has none (see `load_weights`), if the core gives no scores, or if it
        gives those of a picture that another program sent.
        """
        identity = self.identify()
        expected = (identity.height, identity.width, identity.channels)
        if pixels.dtype != np.uint8 or pixels.shape != expected:
            raise FirelineError(
                f"{self._board} takes pictures of {_size(expected)} uint8, "
                f"not of {_size(pixels.shape)} {pixels.dtype}: resize or convert it"
            )
        frame = pixels.tobytes()
        self._ask(Kind.START)
        self._send_chunks("frame", frame, progress)
        return self._fetch_scores(identity.classes, zlib.crc32(frame))

    def needs_weights(self) -> bool:
        """Returns whether the board needs weights before it can classify.

        Raises FirelineError if its SDRAM does not work.
        """
        return bool(self.identify().weight_bytes) and self._memory() is not MemoryState.READY

    def load_weights(
        self, weights: bytes, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Loads the classifier's weights, which the board checks and keeps until power-off.

        `progress` is called as by `classify`. Raises FirelineError if the weights are of another
        network, or if the board's SDRAM does not work.
        """
        expected = self.identify().weight_bytes
        if len(weights) != expected:
            raise FirelineError(
                f"{self._board} takes {expected} bytes of weights, not {len(weights)}: "
                "flash the bitstream that was built from this network"
            )
        self._memory()
        self._ask(Kind.LOAD)
        self._send_chunks("weights", weights, progress)
        # The board answers the last chunk before all of its bytes are in the memory.
        state = self._memory(passing=(MemoryState.LOADING, *TESTS))
        if state is not MemoryState.READY:
            self._refuse(state)

    def _memory(self, passing: Sequence[MemoryState] = TESTS) -> MemoryState:
        """The state of the board's memory after those that pass by themselves.

        Raises FirelineError if the board has no memory that works.
        """
        until = time.monotonic() + self.deadline
        while True:
            state = read_memory_state(self._board, self._ask(Kind.MEMORY).data)
            if state is MemoryState.FAULT:
                self._refuse(state)
            if state not in passing or time.monotonic() > until:
                return state
            time.sleep(POLL_SECONDS)

    def _refuse(self, state: MemoryState) -> NoReturn:
        raise FirelineError(f"{self._board} {REFUSALS[state]}")

    def _send_chunks(self, what: str, content: bytes, progress: Callable[[int, int], None] | None):
        """Sends all chunks of a frame or of weights.

        Up to `MOST_CHUNKS_AHEAD` chunks are sent ahead of the answers. After a loss a single one is
        sent again, and each answer then allows one more.
        """
        chunks = [content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]
        taken, sent, most_ahead = 0, 0, MOST_CHUNKS_AHEAD
        until = time.monotonic() + self.patience
        while taken < len(chunks):
            while sent < min(taken + most_ahead, len(chunks)):
                self._send(Packet(Kind.CHUNK, sent % 256, chunks[sent]))
                sent += 1
            answer = self._receive(self.timeout)
            newly_taken = (answer.sequence - taken) % 256 if answer else 0
            if answer and answer.kind is Kind.TAKEN and 0 < newly_taken <= MOST_CHUNKS_AHEAD:
                taken += newly_taken
                sent = max(sent, taken)  # chunks thought lost may have arrived at the first try
                most_ahead = min(most_ahead + 1, MOST_CHUNKS_AHEAD)
                until = time.monotonic() + self.patience
                if progress:
                    progress(min(taken * CHUNK_BYTES, len(content)), len(content))
            elif time.monotonic() > until:
                self._give_up(f"sending the {what}", answer)
            elif answer is None or answer.kind is Kind.BROKEN:
                sent, most_ahead = taken, 1

    def _fetch_scores(self, classes: int, check: int) -> np.ndarray:
        """Reads the scores of the frame with this check part by part, as soon as there are any."""
        encoded = bytearray()
        until = time.monotonic() + self.deadline
        while len(encoded) < classes * SCORE_BYTES:
            part = len(encoded) // (SCORE_BYTES * SCORES_PER_PART)
            scores = read_scores(self._board, self._ask(Kind.RESULT, bytes([part])).data)
            if scores and scores.check != check:
                raise FirelineError(
                    f"{self._board} has the scores of another picture: another program uses the "
                    "board; close that program and repeat (`fireline doctor` may name it)"
                )
            if scores and scores.part == part:  # another program may ask for another part
                encoded += scores.encoded
            elif time.monotonic() > until:
                raise FirelineError(
                    f"{self._board} gave no scores within {self.deadline:g} s: "
                    "flash it again and repeat"
                )
            else:
                time.sleep(POLL_SECONDS)
        return np.frombuffer(encoded, dtype="<u4", count=classes).astype(np.uint32)

    def _ask(self, kind: Kind, data: bytes = b"") -> Packet:
        """Sends a request, repeatedly if need be, and returns its answer.

        Raises FirelineError if the state of the board's memory does not allow the request.
        """
        self._sequence = (self._sequence + 1) % 256
        until = time.monotonic() + self.patience
        answer = None
        while time.monotonic() < until:
            self._send(Packet(kind, self._sequence, data))
            again = min(time.monotonic() + self.timeout, until)
            while received := self._receive(again - time.monotonic()):
                answer = received
                if (answer.kind, answer.sequence) == (kind | Kind.ANSWER, self._sequence):
                    return answer
                if (answer.kind, answer.sequence) == (Kind.STATE, self._sequence):
                    self._refuse(read_memory_state(self._board, answer.data))
                if answer.kind is Kind.BROKEN:
                    break
        self._give_up(f"request {kind.name}", answer)

    def _send(self, packet: Packet):
        with self._plugged():
            self._serial.write(packet.encode())

    def _receive(self, seconds: float) -> Packet | None:
        """The next whole packet, or None if none arrives within `seconds`."""
        until = time.monotonic() + seconds
        while not self._packets and (left := until - time.monotonic()) > 0:
            with self._plugged():
                self._serial.timeout = left
                arrived = self._serial.read(max(1, self._serial.in_waiting))
            self._arrived += len(arrived)
            self._packets += self._finder.feed(arrived)
        if not self._packets:
            return None
        self._arrived = 0
        return self._packets.pop(0)

    def _give_up(self, step: str, answer: Packet | None) -> NoReturn:
        if answer and answer.kind is Kind.BROKEN:
            what, advice = "received only broken packets", "use a shorter or another cable"
        elif self._arrived:
            what = "sent only noise"
            advice = f"check that it is the board's port and its baud rate {self._serial.baudrate}"
        else:
            what = "did not answer"
            advice = "check that it is the board's port and that the board is flashed"
        raise FirelineError(f"{self._board} {what} for {self.patience:g} s ({step}): {advice}")

    def _plugged(self):
        return plugged(self.port)


@contextmanager
def plugged(port: str):
    """Turns errors of the serial port `port` into FirelineErrors."""
    try:
        yield
    except (OSError, serial.SerialException) as error:
        raise FirelineError(
            f"the serial port {port} went away ({_reason(error)}): "
            "plug the board in again and repeat"
        ) from None


def open_port(port: str, baud: int) -> serial.Serial:
    """Opens a serial port for this program alone. Raises FirelineError if it cannot."""
    try:
        return serial.Serial(port, baud, exclusive=True, write_timeout=WRITE_SECONDS)
    except (OSError, ValueError, serial.SerialException) as error:
        number = getattr(error, "errno", None) or (error.__context__ or error).args[0]
        advice = OPEN_ERRORS.get(number, _reason(error))
        raise FirelineError(f"cannot open the serial port {port}: {advice}") from None


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in shape)
