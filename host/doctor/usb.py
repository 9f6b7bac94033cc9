"""The devices on the USB, as Linux shows them below /sys."""

from dataclasses import dataclass
from pathlib import Path

from .computer import Computer, read, read_name

FTDI = {
    "0403:6001": "FT232R",
    "0403:6010": "FT2232",
    "0403:6011": "FT4232",
    "0403:6014": "FT232H",
    "0403:6015": "FT231X",
}
"""FTDI's chips by vendor and product; boards and JTAG cables have them."""


@dataclass(frozen=True)
class UsbDevice:
    """A device that is plugged in."""

    usb_id: str
    """Vendor and product, such as 0403:6015."""
    product: str
    """What it calls itself; an ULX3S names its FPGA and the version of the board."""
    serial: str
    file: Path
    """Through it programs reach the device, such as /dev/bus/usb/001/004."""
    interfaces: tuple[str, ...]
    """Linux' names of its interfaces, such as 1-2:1.0; drivers are bound to them."""
    ports: tuple[str, ...]
    """Its serial ports, such as ttyUSB0."""

    def __str__(self) -> str:
        name = self.product or FTDI.get(self.usb_id, "unnamed device")
        return f"{name}, USB {self.usb_id}" + (f", serial {self.serial}" if self.serial else "")


def usb_devices(computer: Computer) -> list[UsbDevice] | None:
    """The devices that are plugged in, in the order of their sockets; None if not shown."""
    folder = computer.root / "sys" / "bus" / "usb" / "devices"
    if not folder.is_dir():
        return None
    return [
        _device(computer, place) for place in sorted(folder.iterdir()) if read(place / "idVendor")
    ]


def _device(computer: Computer, place: Path) -> UsbDevice:
    bus, number = (int(read(place / name) or 0) for name in ("busnum", "devnum"))
    interfaces = sorted(place.parent.glob(f"{place.name}:*"))  # they lie beside the device
    ports = [
        port.name
        for interface in interfaces
        for pattern in ("ttyUSB*", "tty/tty*")
        for port in interface.glob(pattern)
    ]
    return UsbDevice(
        usb_id=f"{read(place / 'idVendor')}:{read(place / 'idProduct')}",
        product=read_name(place / "product"),
        serial=read_name(place / "serial"),
        file=computer.root / "dev" / "bus" / "usb" / f"{bus:03}" / f"{number:03}",
        interfaces=tuple(interface.name for interface in interfaces),
        ports=tuple(sorted(ports)),
    )
