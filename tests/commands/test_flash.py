"""`fireline flash` with a stand-in for openFPGALoader."""

import os

from fireline.host.compiler.compile import compile_network
from fireline.host.network.file import read_network
from fireline.hw.program import ArrayShape
from support.built import change, leave
from support.command_line import complains, runs


def test_flash(net, tmp_path, monkeypatch):
    tool = tmp_path / "tools" / "openFPGALoader"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\necho "$@"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
    leave(compile_network(read_network(net), ArrayShape(4, 4)), tmp_path)
    (tmp_path / "fireline.bit").touch()
    assert "fireline.bit" in runs("flash", tmp_path).stdout
    change(tmp_path / "build.json", fmax_mhz=49.0)
    assert "--force" in complains("flash", tmp_path)
    assert "49 MHz" in runs("flash", tmp_path, "--force").stdout


def test_a_build_without_its_bitstream(net, tmp_path):
    leave(compile_network(read_network(net), ArrayShape(4, 4)), tmp_path)
    assert "lost its bitstream fireline.bit" in complains("flash", tmp_path)


def test_nothing_to_flash(tmp_path):
    assert "fireline build" in complains("flash", tmp_path)
