"""Loading a build with stand-ins for openFPGALoader."""

import json
import shlex
from dataclasses import replace

import pytest
from fireline.errors import FirelineError
from fireline.host.bitstream import flash as flash_module
from fireline.host.bitstream.flash import INSTALL, flash_command
from fireline.host.bitstream.summary import SUMMARY
from fireline.host.tools import Choice, Tools
from support.built import summary
from support.networks.small import TINY, compiled

LOST = "openFPGALoader: error while loading shared libraries: libusb-1.0.so.0: cannot open shared"


@pytest.fixture
def folder(tmp_path):
    """A build's summary, and an empty bitstream."""
    summary(compiled(TINY)).write(tmp_path / SUMMARY)
    (tmp_path / "fireline.bit").touch()
    return tmp_path


@pytest.fixture
def loader(fake_tools):
    """A stand-in; returns a function that installs another script."""

    def install(script):
        fake_tools.install("openFPGALoader", script)

    install('echo loading "$@"')
    return install


def flash(folder, **options):
    flash_module.flash(folder, tools=Tools(Choice.PATH), **options)


def refuses(folder, **options) -> str:
    with pytest.raises(FirelineError) as error:
        flash(folder, show=lambda line: None, **options)
    (line,) = str(error.value).splitlines()
    return line


def test_it_shows_what_to_do_and_the_command_and_runs_it(loader, folder, capfd):
    flash(folder)
    printed = capfd.readouterr().out
    arguments = f"--board ulx3s {folder / 'fireline.bit'}"
    assert f"/openFPGALoader {arguments}\n" in printed
    assert f"loading {arguments}\n" in printed
    assert "close every program that uses the board's serial port" in printed
    assert "warning" not in printed
    assert flash_command(folder, permanent=True)[3] == "--write-flash"  # of pip's loader


def test_a_design_that_misses_its_clock_needs_force(loader, folder, capfd):
    missed = replace(summary(compiled(TINY)), clock_mhz=100.0, fmax_mhz=97.5)
    missed.write(folder / SUMMARY)
    line = refuses(folder)
    assert "100 MHz" in line and "97.5 MHz" in line and "--clock 97" in line and "--force" in line
    assert "loading" not in capfd.readouterr().out
    flash(folder, force=True)
    printed = capfd.readouterr().out
    assert "warning" in printed and "97.5 MHz" in printed and "loading" in printed


@pytest.mark.parametrize(
    "script, said",
    [
        ("exit 7", "(7): check that the board is plugged in"),
        ("exit 127", f"(127): it lacks a library; on Debian and Ubuntu: {INSTALL}"),
        (
            f"echo '{LOST}' >&2; exit 127",
            f"(127): it lacks libusb-1.0.so.0; on Debian and Ubuntu: {INSTALL}",
        ),
    ],
)
def test_errors_of_the_loader_say_what_to_do(loader, folder, script, said):
    loader(script)
    assert f"openFPGALoader failed {said}" in refuses(folder)


def test_what_the_loader_says_is_shown(loader, folder, capfd):
    loader("echo unable to open ftdi device >&2; exit 1")
    assert "serial port" in refuses(folder)
    assert capfd.readouterr().err == "unable to open ftdi device\n"


def test_a_loader_that_does_not_start(loader, folder, tmp_path):
    (tmp_path / "tools" / "openFPGALoader").write_text("")
    assert "openFPGALoader failed" in refuses(folder)


def test_the_command_is_quoted_for_the_shell(loader, folder, tmp_path, capfd):
    build = tmp_path / "it's a build; really"
    build.mkdir()
    for file in (SUMMARY, "fireline.bit"):
        (folder / file).rename(build / file)
    flash(build)
    (line,) = [line for line in capfd.readouterr().out.splitlines() if "--board" in line][:1]
    assert shlex.split(line)[-1] == str(build / "fireline.bit")


def test_a_bitstream_elsewhere_is_not_loaded(loader, folder, tmp_path, capfd):
    (folder / "fireline.bit").rename(tmp_path / "tools" / "other.bit")
    for elsewhere in ("tools/other.bit", str(tmp_path / "tools" / "other.bit"), "../tools"):
        replace(summary(compiled(TINY)), bitstream=elsewhere).write(folder / SUMMARY)
        assert "bitstream: Expected" in refuses(folder, force=True)
    assert "loading" not in capfd.readouterr().out


def test_a_folder_without_a_whole_summary(loader, tmp_path):
    assert "holds no build" in refuses(tmp_path)
    for broken in ("{", "[]", json.dumps({"luts": 3})):
        (tmp_path / SUMMARY).write_text(broken)
        assert "build summary" in refuses(tmp_path)
