"""The rules of udev that let users reach a board."""

from collections.abc import Iterable

from .computer import Computer, read

FILE = "/etc/udev/rules.d/60-fireline.rules"
FOLDERS = ("etc/udev/rules.d", "run/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d")

IGNORE = 'ENV{ID_MM_DEVICE_IGNORE}="1"'
"""Tells ModemManager to leave a device alone. Source: its reference manual, device filter."""

RELOAD = "sudo udevadm control --reload"


def rules(usb_ids: Iterable[str]) -> list[str]:
    """The lines of `FILE` for some USB chips, such as 0403:6015.

    Of each chip's three rules, the first gives JTAG and the second the serial port to the user at
    the screen and to the group dialout. The third shortens the serial port's latency.
    """
    lines = []
    for usb_id in usb_ids:
        vendor, product = usb_id.split(":")
        chip = f'ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}"'
        users = f'MODE="0660", GROUP="dialout", TAG+="uaccess", {IGNORE}'
        lines += [
            f'SUBSYSTEM=="usb", {chip}, {users}',
            f'SUBSYSTEM=="tty", {chip}, {users}',
            f'ACTION!="remove", SUBSYSTEM=="usb-serial", {chip}, ATTR{{latency_timer}}="1"',
        ]
    return lines


def install_commands(usb_ids: Iterable[str]) -> tuple[str, ...]:
    """The shell's lines that write the rules and make udev read them; indented, they work too."""
    quoted = (f"'{line}' \\" for line in rules(usb_ids))
    return ("printf '%s\\n' \\", *quoted, f"| sudo tee {FILE}", RELOAD)


def has_rule(computer: Computer, usb_id: str, what: str = "") -> bool:
    """Whether a rule names the USB chip, and has the text `what`."""
    vendor, product = usb_id.split(":")
    return any(
        f'"{vendor}"' in line and f'"{product}"' in line
        for folder in FOLDERS
        for file in (computer.root / folder).glob("*.rules")
        for line in read(file).splitlines()
        if what in line and not line.startswith("#")
    )
