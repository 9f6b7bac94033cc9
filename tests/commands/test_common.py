"""Shared by all commands: the result, one-line errors, bad network files."""

import json
import signal
import subprocess
import sys

import pytest
from support.command_line import Result, complains, truncated


def test_the_result_alone_is_on_stdout_if_asked_for():
    result = Result("boards", "--json", "-")
    assert "ulx3s-25f" in {board["name"] for board in json.loads(result.stdout)["boards"]}
    assert "LFE5U-25F" in result.stderr


def test_a_result_that_cannot_be_written(net, tmp_path):
    file = tmp_path / "none" / "result.json"
    assert "folder does not exist" in complains("summary", net, "--json", file)


def test_an_interrupt(net, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("fireline.host.report.summary.summarise", interrupted)
    result = Result("summary", net)
    assert result.status == 130 and result.stderr.strip() == "fireline: interrupted"


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("--array", "8"), "both sides powers of two. See: "),
        (("--nothing",), "No such option '--nothing'. See: "),
    ],
)
def test_a_wrong_option_names_the_help(net, arguments, sentence):
    """Behind one full stop, whether the message brings its own or not."""
    line = complains("summary", net, *arguments)
    assert sentence in line and line.endswith("summary --help")


@pytest.mark.parametrize(
    "error, said",
    [
        (KeyError("layer"), "unexpected KeyError: 'layer'; this is a fault of Fireline: report it"),
        (RecursionError("deep"), "unexpected RecursionError: deep; this is a fault"),
        (MemoryError(), "unexpected MemoryError; use a smaller network, fewer pictures"),
        (ValueError("a\nb\x1b[2J" + "x" * 9999), r"a b\x1b[2Jxxx"),
    ],
)
def test_an_error_that_nobody_foresaw(net, monkeypatch, tmp_path, error, said):
    """It is no failed comparison, whose status is 1, and can be reported."""

    def fails(*_):
        raise error

    monkeypatch.setattr("fireline.host.report.summary.summarise", fails)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    line = complains("summary", net)
    assert said in line and len(line) < 1100
    (report,) = tmp_path.glob("fireline-*.txt")
    assert line.endswith(str(report))
    text = report.read_text()
    assert text.startswith("fireline 0.") and "in fails" in text and "Traceback" in text


def test_an_error_without_a_place_for_its_report(net, monkeypatch, tmp_path):
    def fails(*_):
        raise KeyError("layer")

    monkeypatch.setattr("fireline.host.report.summary.summarise", fails)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    assert complains("summary", net).endswith("'layer'; this is a fault of Fireline")


def test_an_error_of_the_system_without_a_number(net, monkeypatch):
    def fails(*_):
        raise OSError("cannot identify")

    monkeypatch.setattr("fireline.host.report.summary.summarise", fails)
    assert "cannot identify; check the path" in complains("summary", net)


WAITS = """
import sys, tempfile, time
from fireline import cli
from fireline.host.report import summary
def wait(*_):
    with tempfile.TemporaryDirectory(dir=folder):
        print("waits", flush=True)
        time.sleep(60)
summary.summarise = wait
folder = sys.argv.pop()
cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_is_ended_cleans_up(net, tmp_path, number):
    folder = tmp_path / "folder"
    folder.mkdir()
    command = [sys.executable, "-c", WAITS, "summary", str(net), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"waits\n" and list(folder.iterdir())
        process.send_signal(number)
        _, said = process.communicate(timeout=50)
    assert process.returncode == 128 + number and not said
    assert not list(folder.iterdir())


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def another_version(path):
    path.write_bytes(path.read_bytes().replace(b'\\"version\\":1', b'\\"version\\":2'))


@pytest.mark.parametrize(
    "damage, text",
    [
        (lambda path: path.unlink(), "no such file"),
        (truncated, "damaged"),
        (flipped, "damaged"),
        (another_version, "version 2, but this program reads 1"),
        (lambda path: path.write_text("hello"), "not a network file"),
    ],
)
@pytest.mark.parametrize(
    "command", ["summary", "evaluate", "export", "verilog", "simulate", "build"]
)
def test_a_damaged_network_file(command, damage, text, net, pictures, picture, tmp_path):
    damage(net)
    options = {
        "evaluate": ("--data", pictures),
        "export": ("--onnx", tmp_path / "out"),
        "verilog": ("-o", tmp_path / "out"),
        "simulate": (picture,),
        "build": ("--board", "ulx3s-25f", "-o", tmp_path / "out"),
    }
    assert text in complains(command, net, *options.get(command, ()))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["evaluate", "export", "verilog", "simulate"])
def test_a_toml_file_in_place_of_a_network(command, arch, pictures, picture, tmp_path):
    options = {
        "evaluate": ("--data", pictures),
        "export": ("--onnx", tmp_path / "out"),
        "verilog": ("-o", tmp_path / "out"),
        "simulate": (picture,),
    }
    assert "a TOML file has no weights" in complains(command, arch, *options[command])
    assert not (tmp_path / "out").exists()
