"""The demo runs existing commands with existing options, and prints each one."""

import os
import re
import shlex
import shutil
import subprocess

from fireline import cli
from support.paths import ROOT

SCRIPT = ROOT / "demo.sh"


def shown(tmp_path, *arguments) -> list[list[str]]:
    """The command lines that the script prints, with a `fireline` that does nothing."""
    command = tmp_path / "fireline"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [shutil.which("sh"), SCRIPT, *arguments],
        cwd=tmp_path,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return [shlex.split(line) for line in re.findall(r"^\$ (.*)$", done.stdout, re.M)]


def test_every_step_is_a_command_with_existing_options(tmp_path):
    commands = shown(tmp_path)
    assert [words[:2] for words in commands] == [
        ["fireline", name]
        for name in (
            "summary", "samples", "evaluate", "verilog", "simulate", "classify", "build", "report",
            "flash", "classify",
        )
    ]  # fmt: skip
    for _, name, *arguments in commands:
        assert cli.main.commands[name].make_context(name, arguments)


def test_programs_on_path_do_not_change_its_results(tmp_path):
    ours = [words for words in shown(tmp_path) if "/dev/ttyUSB0" not in words]
    for _, name, *arguments in ours:
        command = cli.main.commands[name]
        if name != "flash" and any(option.name == "tools" for option in command.params):
            assert command.make_context(name, arguments).params["tools"] == "pip", name


def test_ci_verifies_the_netlist_of_the_demo(tmp_path):
    assert not any("--verify" in words for words in shown(tmp_path))
    (build,) = [words for words in shown(tmp_path, "--verify") if words[1] == "build"]
    assert cli.main.commands["build"].make_context("build", build[2:]).params["verify"]
    assert "make demo VERIFY=--verify" in (ROOT / ".ci" / "run").read_text()
    assert "demo.sh $(VERIFY)" in (ROOT / "Makefile").read_text()


def test_a_failing_step_ends_the_demo(tmp_path):
    (tmp_path / "fireline").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "fireline").chmod(0o755)
    done = subprocess.run(
        [shutil.which("sh"), SCRIPT],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stdout.count("$ ") == 1
