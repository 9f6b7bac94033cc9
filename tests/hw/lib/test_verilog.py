"""Verilog does not depend on the Yosys on PATH."""

from fireline.hw.lib.skid_buffer import SkidBuffer
from fireline.hw.lib.verilog import convert


def test_the_text_is_the_same_whatever_yosys_is_on_path(fake_tools, monkeypatch):
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "system")
    expected = convert(SkidBuffer(8), "top")
    assert "module top(" in expected
    for script in ("exit 127", "echo Yosys 9.99", "exec sleep 60"):
        fake_tools.install_whole("yosys", f"#!/bin/sh\n{script}\n")
        monkeypatch.setenv("AMARANTH_USE_YOSYS", "system")
        assert convert(SkidBuffer(8), "top") == expected
