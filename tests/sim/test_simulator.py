"""Simulators: built once and kept, errors of a build, and waveforms."""

import os
import shutil

import pytest
from fireline.errors import FirelineError
from fireline.sim import cache as caches
from fireline.sim import simulator, verilator

EMPTY = {"empty.v": "module empty(input clk); endmodule\n"}


def test_a_missing_compiler_is_reported(monkeypatch, tmp_path):
    found = shutil.which
    monkeypatch.setattr(
        verilator.shutil, "which", lambda name: None if name == "c++" else found(name)
    )
    with pytest.raises(FirelineError, match="apt install g\\+\\+"):
        simulator.build(EMPTY, "empty", ["clk"], tmp_path)


def test_a_build_does_not_use_the_python_on_path(monkeypatch, tmp_path):
    """Many systems have no `python` on PATH, or one that cannot run cocotb."""
    for name in ("python", "python3"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 9\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert simulator.build(EMPTY, "empty", ["clk"], tmp_path / "cache").folder.is_dir()


def test_wrong_verilog_gives_an_error_of_one_line_and_leaves_nothing(tmp_path):
    with pytest.raises(FirelineError, match="building the simulator: %Error") as caught:
        simulator.build({"empty.v": "module empty(;\n"}, "empty", ["clk"], tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_created_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FirelineError, match="simulator in"):
        simulator.build(EMPTY, "empty", ["clk"], tmp_path / "file" / "folder")


@pytest.fixture
def builds(monkeypatch):
    """Replaces the compiler; the list grows by each build's top module and whether it is traced."""
    done = []

    def compile_(sources, toplevel, program, folder, traced):
        (folder / "build").mkdir(exist_ok=True)
        (folder / "build" / toplevel).write_text("")
        done.append((toplevel, traced))

    monkeypatch.setattr(simulator, "_compile", compile_)
    return done


def test_only_the_most_recent_builds_are_kept(builds, monkeypatch, tmp_path):
    monkeypatch.setattr(caches, "KEPT", 2)
    first = simulator.build(EMPTY, "empty", ["clk"], tmp_path)
    assert simulator.build(EMPTY, "empty", ["clk"], tmp_path) == first
    assert len(builds) == 1
    for number in range(3):
        simulator.build(EMPTY | {"more.v": f"// {number}\n"}, "empty", ["clk"], tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_traced_and_untraced_builds_are_kept_apart(builds, tmp_path):
    folders = [
        simulator.build(EMPTY, "empty", ["clk"], tmp_path, traced=traced).folder
        for traced in (False, True, False, True)
    ]
    assert builds == [("empty", False), ("empty", True)]
    assert folders[:2] == folders[2:] and len({*folders}) == 2
    assert len(list(tmp_path.glob("runtime-*"))) == 2
