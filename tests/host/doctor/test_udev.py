"""The rules that the doctor writes, as a shell writes them."""

import subprocess

from fireline.host.doctor.udev import FILE, install_commands, rules


def test_the_commands_write_the_rules(tmp_path):
    commands = install_commands(["0403:6015", "0403:6010"])
    file = tmp_path / "written.rules"
    script = "\n".join(f"  {line}" for line in commands)
    script = script.replace("sudo ", "").replace(FILE, str(file))
    tools = tmp_path / "udevadm"
    tools.write_text('#!/bin/sh\necho "$@"\n')
    tools.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    done = subprocess.run(
        ["sh", "-eu", "-c", script], env={"PATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("\ncontrol --reload\n")
    assert file.read_text().splitlines() == rules(["0403:6015", "0403:6010"])


def test_each_chip_has_a_rule_for_jtag_port_and_latency():
    lines = rules(["0403:6015"])
    for line, subsystem in zip(lines, ("usb", "tty", "usb-serial"), strict=True):
        assert f'SUBSYSTEM=="{subsystem}", ATTRS{{idVendor}}=="0403", ' in line
        assert 'ATTRS{idProduct}=="6015"' in line
    assert lines[2].endswith('ATTR{latency_timer}="1"')
