"""Checks of the way to a board: USB, permissions, serial port, and programs in the way."""

from collections.abc import Iterable

from ...hw.boards import BOARDS
from .check import Check, State
from .computer import Computer, read
from .udev import IGNORE, RELOAD, has_rule, install_commands
from .usb import FTDI, UsbDevice, usb_devices

USB_IDS = tuple(sorted({board.usb_id for board in BOARDS.values()}))
"""The USB chips of the boards that Fireline knows."""

NAMES = f"USB {' or '.join(USB_IDS)}"

PLUG_IN = (
    "plug the board in (an ULX3S at its port US1), without a hub, with a cable that carries data "
    "(some only charge)"
)
PLUG_IN_AGAIN = "then unplug the board and plug it in again"

LATENCY_MS = 1
"""The shortest latency of FTDI's chips. Linux starts with 16: a chip holds back what does not fill
a packet for so long, and the host waits for each answer."""

PROBERS = {
    "ModemManager": (
        "it opens new serial ports for some seconds: write udev's rules",
        install_commands(USB_IDS),
    ),
    "brltty": (
        "it may take the board's serial port: if you do not read Braille, remove it",
        ("sudo apt remove brltty",),
    ),
}
"""Programs that use serial ports unasked, and what to do about them."""


def connection_checks(computer: Computer) -> list[Check]:
    """Everything between this computer and the boards that are plugged in."""
    devices = usb_devices(computer)
    if devices is None:
        unknown = Check("USB", State.UNKNOWN, "this system does not show its USB devices")
        ports = [
            Check("serial port", State.GOOD, port.device)
            for port in computer.serial_ports()
            if port.vid is not None and f"{port.vid:04x}:{port.pid:04x}" in USB_IDS
        ]
        return [unknown, *(ports or [_no_board(f"no serial port of {NAMES} is there")])]
    boards = [device for device in devices if device.usb_id in USB_IDS]
    checks = []
    for device in boards:
        checks += [
            Check("board", State.GOOD, str(device)),
            _jtag_check(computer, device),
            *_port_checks(computer, device),
        ]
    if not boards:
        checks = [_no_board(f"no {NAMES} is plugged in"), *_rule_checks(computer)]
    if len(boards) > 1:
        advice = "unplug all but one: `fireline flash` loads the first that it finds"
        checks.append(Check("boards", State.BETTER, f"{len(boards)} may be boards", advice))
    others = (device for device in devices if device.usb_id in FTDI and device not in boards)
    return [*checks, *_other_devices(others), *_prober_checks(computer)]


def _no_board(found: str) -> Check:
    return Check("board", State.MISSING, found, PLUG_IN)


def _other_devices(devices: Iterable[UsbDevice]) -> list[Check]:
    return [
        Check("FTDI device", State.NOT_NEEDED, f"{device}: no board that Fireline knows has it")
        for device in devices
    ]


def _rule_checks(computer: Computer) -> list[Check]:
    """Without a board, only the rules can be looked at."""
    return [
        Check("udev rule", State.GOOD, f"for USB {usb_id}")
        if has_rule(computer, usb_id)
        else Check(
            "udev rule",
            State.BETTER,
            f"none names USB {usb_id}",
            "without it only root may use a board's JTAG",
            install_commands(USB_IDS),
        )
        for usb_id in USB_IDS
    ]


def _jtag_check(computer: Computer, device: UsbDevice) -> Check:
    """The loader opens the device itself, not its serial port."""
    if not device.file.exists():
        found = f"there is no {device.file}"
        advice = "in a container, pass the folder /dev/bus/usb on; else plug the board in again"
        return Check("JTAG", State.WRONG, found, advice)
    if computer.may_use(device.file):
        return Check("JTAG", State.GOOD, f"you may use {device.file}")
    found = f"no permission for {device.file}"
    if has_rule(computer, device.usb_id):
        advice = f"udev has a rule: let it read its rules, {PLUG_IN_AGAIN}, and log in again"
        return Check("JTAG", State.WRONG, found, advice, (RELOAD,))
    advice = f"write udev's rules, {PLUG_IN_AGAIN}"
    return Check("JTAG", State.WRONG, found, advice, install_commands(USB_IDS))


def _port_checks(computer: Computer, device: UsbDevice) -> list[Check]:
    if not device.ports:
        advice = "bind its driver, from which a loader may have taken it; the bitstream stays"
        driver = "/sys/bus/usb/drivers/ftdi_sio"
        bind = [f"echo {each} | sudo tee {driver}/bind" for each in device.interfaces]
        commands = ("sudo modprobe ftdi_sio", *bind)
        return [Check("serial port", State.MISSING, "the board has none", advice, commands)]
    return [
        check
        for port in device.ports
        for check in (_port_check(computer, port), *_latency_checks(computer, port))
    ]


def _port_check(computer: Computer, port: str) -> Check:
    name, file = f"/dev/{port}", computer.root / "dev" / port
    if not file.exists():
        advice = f"in a container, pass {name} on; else plug the board in again"
        return Check("serial port", State.WRONG, f"there is no {name}", advice)
    if not computer.may_use(file):
        found, group = f"no permission for {name}", computer.group_of(file)
        if group == "root":
            advice = f"write udev's rules, {PLUG_IN_AGAIN}"
            return Check("serial port", State.WRONG, found, advice, install_commands(USB_IDS))
        if group.isdigit():
            advice = (
                f"the group {group} has no name here; start a container with --group-add {group}"
            )
            return Check("serial port", State.WRONG, found, advice)
        join = (f"sudo usermod -aG {group} $USER",)
        advice = f"join the group {group}, then log in again"
        return Check("serial port", State.WRONG, found, advice, join)
    users, complete = computer.users_of(name)
    if users:
        advice = "close that program: JTAG and serial port share one chip"
        return Check("serial port", State.WRONG, f"{name}, used by {', '.join(users)}", advice)
    unused = "unused" if complete else "unused by your processes; those of others are hidden"
    return Check("serial port", State.GOOD, f"{name}, {unused}")


def _latency_checks(computer: Computer, port: str) -> list[Check]:
    """Only drivers of FTDI's chips have a latency timer."""
    place = f"sys/bus/usb-serial/devices/{port}/latency_timer"
    latency = read(computer.root / place)
    if not latency.isdigit():
        return []
    if int(latency) <= LATENCY_MS:
        return [Check("latency", State.GOOD, f"{port}: {latency} ms")]
    command = f"echo {LATENCY_MS} | sudo tee /{place}"
    advice = f"{LATENCY_MS} ms makes `fireline classify` faster; udev's rules keep it"
    return [Check("latency", State.BETTER, f"{port}: {latency} ms", advice, (command,))]


def _prober_checks(computer: Computer) -> list[Check]:
    names = {name for _, name, _ in computer.processes()}
    checks = []
    for name, (advice, commands) in PROBERS.items():
        if name not in names:
            continue
        if name == "ModemManager" and all(has_rule(computer, each, IGNORE) for each in USB_IDS):
            checks.append(Check(name, State.GOOD, "it runs; udev's rules keep it off the board"))
        else:
            checks.append(Check(name, State.BETTER, "it runs", advice, commands))
    return checks or [Check("other programs", State.GOOD, f"no {' or '.join(PROBERS)} runs")]
