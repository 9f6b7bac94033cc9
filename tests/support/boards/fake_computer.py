"""A computer laid out below a folder, with USB devices, processes and rules, for the doctor."""

from collections.abc import Callable
from pathlib import Path

from fireline.host.doctor.computer import Computer

FTDI = "0403:6015"


class FakeComputer:
    """Lays out `/sys`, `/proc`, `/dev` and `/etc` below `root`; methods add what a test wants."""

    def __init__(self, root: Path):
        self.root = root
        self.forbidden = set()  # the ends of the device files that the user may not use
        self.write("proc/meminfo", "MemTotal:       16384000 kB\n")
        (root / "sys/bus/usb/devices").mkdir(parents=True)

    def write(self, place: str, text: str = "") -> Path:
        file = self.root / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def plug_in(
        self,
        usb_id: str = FTDI,
        *,
        number: int = 4,
        port: str | None = "ttyUSB0",
        latency: int = 1,
        product: str = "ULX3S FPGA 85K v3.0.8",
    ) -> None:
        """A device as Linux shows it: its folder, its file, its serial port, the port's timer."""
        vendor, chip = usb_id.split(":")
        place = f"sys/bus/usb/devices/1-{number}"
        values = {"idVendor": vendor, "idProduct": chip, "product": product, "serial": "D00123"}
        for name, value in {**values, "busnum": "1", "devnum": str(number)}.items():
            self.write(f"{place}/{name}", f"{value}\n")
        self.write(f"dev/bus/usb/001/{number:03}")
        (self.root / f"{place}:1.0").mkdir()
        if port:
            (self.root / f"{place}:1.0" / port).mkdir()
            self.write(f"sys/bus/usb-serial/devices/{port}/latency_timer", f"{latency}\n")
            self.write(f"dev/{port}")

    def run(self, number: int, name: str, *files: str) -> None:
        """A process with some files open."""
        self.write(f"proc/{number}/comm", f"{name}\n")
        folder = self.root / f"proc/{number}/fd"
        folder.mkdir()
        for index, file in enumerate(files):
            (folder / str(index)).symlink_to(file)

    def computer(self, group_of: Callable[[Path], str] = lambda file: "dialout") -> Computer:
        return Computer(
            root=self.root,
            may_use=lambda file: not str(file).endswith(tuple(self.forbidden) or ("\0",)),
            group_of=group_of,
            serial_ports=lambda: [],
        )
