"""The page about a build."""

import json

import pytest
from fireline.host.compiler.compile import compile_network
from fireline.host.network.file import read_network
from fireline.hw.program import ArrayShape
from support.built import leave
from support.command_line import complains, runs


def test_report(net, pictures, tmp_path):
    folder, file = tmp_path / "out", tmp_path / "result.json"
    folder.mkdir()
    compiled = compile_network(read_network(net), ArrayShape(4, 4))
    leave(compiled, folder)
    page = folder / "report.html"
    assert str(page) in runs("report", folder, "--data", pictures, "--json", file).stdout
    figures = json.loads(file.read_text())
    assert figures["page"] == str(page) and figures["accuracy"]["images"] == 12
    assert figures["frames_per_second"] == pytest.approx(50e6 / compiled.timing.cycles)
    assert f"{compiled.timing.cycles:,}" in page.read_text()


def test_nothing_to_report(tmp_path):
    assert "fireline build" in complains("report", tmp_path)
