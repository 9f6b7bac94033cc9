"""A serial port whose board prints text."""

from .device import open_port, plugged


class TextPort:
    """The serial port `port`, for bytes as they are; a context manager that closes it.

    Raises FirelineError if the port cannot be opened, and in every method if it goes away.
    """

    def __init__(self, port: str, baud: int):
        self.port = port
        self._serial = open_port(port, baud)

    def __enter__(self) -> "TextPort":
        return self

    def __exit__(self, *_: object) -> None:
        self._serial.close()

    def read(self, seconds: float) -> bytes:
        """The bytes that arrived; waits for the first one for up to `seconds`."""
        with plugged(self.port):
            self._serial.timeout = max(0.0, seconds)
            return self._serial.read(max(1, self._serial.in_waiting))

    def write(self, data: bytes) -> None:
        """Sends bytes; returns when they have left this computer."""
        with plugged(self.port):
            self._serial.write(data)
            self._serial.flush()

    def set_baud(self, baud: int) -> None:
        """Changes the bit rate and drops what arrived before."""
        with plugged(self.port):
            self._serial.baudrate = baud
            self._serial.reset_input_buffer()
