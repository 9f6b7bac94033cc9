"""The core as files for another design."""

import json

from support.command_line import Result


def test_verilog(net, tmp_path):
    manifest = json.loads(
        Result("verilog", net, "--array", "4x4", "-o", tmp_path / "v", "--json", "-").stdout
    )
    assert json.loads((tmp_path / "v" / "manifest.json").read_text()) == manifest
    assert "module fireline(" in (tmp_path / "v" / manifest["verilog"]).read_text()


def test_verilog_with_a_streamed_classifier(net, tmp_path):
    options = ("--array", "4x4", "--head", "sdram", "-o", tmp_path / "v", "--json", "-")
    manifest = json.loads(Result("verilog", net, *options).stdout)
    assert (tmp_path / "v" / manifest["head"]["file"]).stat().st_size > 0
