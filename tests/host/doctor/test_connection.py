"""What the doctor says about boards: plugged in, forbidden, in use, absent, two of them."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from fireline.host.doctor.check import Check, State
from fireline.host.doctor.computer import Computer
from fireline.host.doctor.connection import connection_checks
from fireline.host.doctor.udev import IGNORE, RELOAD, install_commands, rules
from support.boards.fake_computer import FTDI, FakeComputer


@pytest.fixture
def fake(tmp_path):
    return FakeComputer(tmp_path)


def states(checks: list[Check]) -> dict[str, State]:
    return {check.name: check.state for check in checks}


def only(checks: list[Check], name: str) -> Check:
    (check,) = [check for check in checks if check.name == name]
    return check


def test_a_board_that_is_ready(fake):
    fake.plug_in()
    checks = connection_checks(fake.computer())
    names = ["board", "JTAG", "serial port", "latency", "other programs"]
    assert states(checks) == dict.fromkeys(names, State.GOOD)
    assert not any(check.advice or check.commands or check.stops for check in checks)
    assert only(checks, "board").found == "ULX3S FPGA 85K v3.0.8, USB 0403:6015, serial D00123"
    assert only(checks, "serial port").found == "/dev/ttyUSB0, unused"


def test_names_are_shown_without_what_a_terminal_obeys(fake):
    fake.plug_in(product="\x1b[2Jboard\x07\nof\x9b31m mine")
    fake.run(300, "\x1b]0;title\x07", "/dev/ttyUSB0")
    checks = connection_checks(fake.computer())
    assert only(checks, "board").found.startswith("?[2Jboard??of?31m mine, USB")
    assert only(checks, "serial port").found == "/dev/ttyUSB0, used by ?]0;title? (process 300)"


def test_a_group_without_a_name(fake, monkeypatch):
    fake.plug_in()
    fake.forbidden = {"ttyUSB0"}
    number = (fake.root / "dev/ttyUSB0").stat().st_gid
    monkeypatch.setattr("grp.getgrgid", {}.__getitem__)
    computer = replace(fake.computer(), group_of=Computer.group_of)
    check = only(connection_checks(computer), "serial port")
    assert check.stops and f"--group-add {number}" in check.advice


def test_no_board(fake):
    checks = connection_checks(fake.computer())
    assert only(checks, "board").stops and "plug the board in" in only(checks, "board").advice
    rule = only(checks, "udev rule")
    assert rule.state is State.BETTER and rule.commands == install_commands([FTDI])
    fake.write("etc/udev/rules.d/60-fireline.rules", "\n".join(rules([FTDI])))
    assert only(connection_checks(fake.computer()), "udev rule").state is State.GOOD


def test_other_devices_are_no_boards(fake):
    fake.plug_in("0403:6010", port=None, product="")
    fake.plug_in("046d:c31c", number=5, port=None, product="Keyboard")
    checks = connection_checks(fake.computer())
    other = only(checks, "FTDI device")
    assert other.state is State.NOT_NEEDED and "FT2232, USB 0403:6010" in other.found
    assert only(checks, "board").state is State.MISSING


def test_two_boards(fake):
    fake.plug_in()
    fake.plug_in(number=5, port="ttyUSB1", product="ULX3S FPGA 25K v3.1.7")
    checks = connection_checks(fake.computer())
    assert [check.found for check in checks if check.name == "serial port"] == [
        "/dev/ttyUSB0, unused",
        "/dev/ttyUSB1, unused",
    ]
    both = only(checks, "boards")
    assert both.state is State.BETTER and "unplug all but one" in both.advice


def test_no_permission_for_jtag(fake):
    fake.plug_in()
    fake.forbidden = {"usb/001/004"}
    jtag = only(connection_checks(fake.computer()), "JTAG")
    assert jtag.stops and "write udev's rules" in jtag.advice
    assert jtag.commands == install_commands([FTDI])
    fake.write("usr/lib/udev/rules.d/99-loader.rules", f"{rules([FTDI])[0]}\n")
    jtag = only(connection_checks(fake.computer()), "JTAG")
    assert jtag.stops and "udev has a rule" in jtag.advice and jtag.commands == (RELOAD,)


def test_a_rule_that_is_a_comment_or_for_another_chip_does_not_count(fake):
    lines = rules([FTDI])
    fake.write("etc/udev/rules.d/1.rules", "".join(f"# {line}\n" for line in lines))
    fake.write("etc/udev/rules.d/2.rules", "\n".join(lines).replace("6015", "6010"))
    fake.write("etc/udev/rules.d/3.txt", "\n".join(lines))
    assert only(connection_checks(fake.computer()), "udev rule").state is State.BETTER


def test_no_permission_for_the_serial_port(fake):
    fake.plug_in()
    fake.forbidden = {"ttyUSB0"}
    port = only(connection_checks(fake.computer()), "serial port")
    assert port.stops and port.commands == ("sudo usermod -aG dialout $USER",)
    port = only(connection_checks(fake.computer(lambda file: "root")), "serial port")
    assert port.stops and port.commands == install_commands([FTDI])


def test_device_files_that_a_container_lacks(fake):
    fake.plug_in()
    (fake.root / "dev/ttyUSB0").unlink()
    (fake.root / "dev/bus/usb/001/004").unlink()
    checks = connection_checks(fake.computer())
    for name in ("JTAG", "serial port"):
        assert only(checks, name).stops and "container" in only(checks, name).advice


def test_a_board_whose_driver_is_gone(fake):
    fake.plug_in(port=None)
    port = only(connection_checks(fake.computer()), "serial port")
    bind = "echo 1-4:1.0 | sudo tee /sys/bus/usb/drivers/ftdi_sio/bind"
    assert port.state is State.MISSING and port.commands == ("sudo modprobe ftdi_sio", bind)


def test_a_port_of_a_chip_that_is_not_ftdis(fake):
    fake.plug_in(port=None)
    (fake.root / "sys/bus/usb/devices/1-4:1.0/tty/ttyACM0").mkdir(parents=True)
    fake.write("dev/ttyACM0")
    checks = connection_checks(fake.computer())
    assert only(checks, "serial port").found == "/dev/ttyACM0, unused"
    assert "latency" not in states(checks)


def test_a_port_that_is_used(fake):
    fake.plug_in()
    fake.run(77, "bash", "/dev/pts/3", "socket:[5]")
    fake.run(812, "picocom", "/dev/pts/3", "/dev/ttyUSB0")
    port = only(connection_checks(fake.computer()), "serial port")
    assert port.stops and port.found == "/dev/ttyUSB0, used by picocom (process 812)"
    assert "close that program" in port.advice


def test_files_of_other_users_are_hidden(fake, monkeypatch):
    fake.plug_in()
    fake.run(5, "root's", "/dev/ttyUSB0")
    listed = Path.iterdir

    def guarded(place):
        if str(place).endswith("proc/5/fd"):
            raise PermissionError
        return listed(place)

    monkeypatch.setattr(Path, "iterdir", guarded)
    port = only(connection_checks(fake.computer()), "serial port")
    assert port.state is State.GOOD and "those of others are hidden" in port.found


def test_a_process_that_ends_meanwhile_is_left_out(fake):
    fake.plug_in()
    fake.write("proc/9/comm", "ended\n")
    assert only(connection_checks(fake.computer()), "serial port").found == "/dev/ttyUSB0, unused"


def test_the_latency_that_linux_starts_with(fake):
    fake.plug_in(latency=16)
    latency = only(connection_checks(fake.computer()), "latency")
    assert latency.state is State.BETTER and latency.found == "ttyUSB0: 16 ms"
    place = "/sys/bus/usb-serial/devices/ttyUSB0/latency_timer"
    assert latency.commands == (f"echo 1 | sudo tee {place}",)


def test_programs_that_use_serial_ports_unasked(fake):
    fake.plug_in()
    fake.run(300, "ModemManager")
    fake.run(301, "brltty")
    checks = connection_checks(fake.computer())
    assert only(checks, "ModemManager").commands == install_commands([FTDI])
    assert only(checks, "brltty").commands == ("sudo apt remove brltty",)
    assert {states(checks)[name] for name in ("ModemManager", "brltty")} == {State.BETTER}
    for text, state in ((IGNORE, State.GOOD), ("", State.BETTER)):
        lines = "\n".join(rules([FTDI])).replace(IGNORE, text)
        fake.write("etc/udev/rules.d/60-fireline.rules", lines)
        assert only(connection_checks(fake.computer()), "ModemManager").state is state


def test_a_system_without_sys(tmp_path):
    """Such as macOS, Windows, and most containers: only pyserial knows the ports."""
    bare = FakeComputer(tmp_path / "empty").computer()
    bare = replace(bare, root=tmp_path / "nothing")
    assert states(connection_checks(bare)) == {"USB": State.UNKNOWN, "board": State.MISSING}
    ports = [
        SimpleNamespace(device="COM3", vid=0x0403, pid=0x6015),
        SimpleNamespace(device="COM1", vid=None, pid=None),
        SimpleNamespace(device="COM2", vid=0x2341, pid=0x0043),
    ]
    checks = connection_checks(replace(bare, serial_ports=lambda: ports))
    assert states(checks) == {"USB": State.UNKNOWN, "serial port": State.GOOD}
    assert only(checks, "serial port").found == "COM3"


def test_this_computer_can_be_looked_at():
    from fireline.host.doctor.computer import Computer

    assert connection_checks(Computer())
