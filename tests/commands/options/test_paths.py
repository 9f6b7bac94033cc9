"""Files and folders of every command: refused at the start, and no input is overwritten."""

import os

import click
import pytest
from fireline import cli
from fireline.commands.options.paths import Input, OutputFile, OutputFolder
from support.command_line import complains, runs

METAVARS = {"FILE", "DIR", "NET", "ARCH", "NET|ARCH", "IMAGE...", "4|8|FILE"}
PARAMETERS = [
    (name, parameter) for name, command in cli.main.commands.items() for parameter in command.params
]
OUTPUTS = [
    (name, parameter)
    for name, parameter in PARAMETERS
    if isinstance(parameter.type, (OutputFile, OutputFolder))
]
INPUTS = [(name, each) for name, each in PARAMETERS if isinstance(each.type, Input)]


def named(value):
    return value if isinstance(value, str) else value.opts[0]


def given(command, chosen, value):
    """A command line with a value for one parameter, and something for those that are required."""
    line = [command]
    for parameter in cli.main.commands[command].params:
        text = value if parameter is chosen else f"no-{parameter.name}"
        if parameter is chosen or parameter.required:
            option = isinstance(parameter, click.Option)
            line += [parameter.opts[0], text] if option else [text]
    return line


def test_every_path_has_its_type():
    for name, parameter in PARAMETERS:
        typed = isinstance(parameter.type, (Input, OutputFile, OutputFolder))
        assert typed == (parameter.metavar in METAVARS), (name, parameter.name)
    assert len(OUTPUTS) >= len(cli.main.commands) + 10


@pytest.mark.parametrize("command, parameter", OUTPUTS, ids=named)
def test_an_output_that_cannot_be_written_is_refused_at_the_start(command, parameter, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    places = ["", tmp_path / "file" / "under", tmp_path / ("x" * 300)]
    if isinstance(parameter.type, OutputFile):
        places += [tmp_path / "folder", tmp_path / "none" / "file"]
        places += [tmp_path / ("x" * 250) for _ in parameter.type.beside]
    else:
        places += [tmp_path / "file"]
        (tmp_path / "taken" / next(iter(parameter.type.names()))).mkdir(parents=True)
        places += [tmp_path / "taken"]
    for place in places:
        line = complains(*given(command, parameter, place))
        assert str(place)[:250] in line and parameter.opts[0] in line
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "taken") == [
        "file",
        "folder",
    ]


@pytest.mark.parametrize("command, parameter", INPUTS, ids=named)
def test_an_empty_name_is_not_the_current_folder(command, parameter):
    assert "is empty; name a file or a folder" in complains(*given(command, parameter, ""))


@pytest.mark.parametrize("kind", ["same", "link", "hard link", "linked folder"])
@pytest.mark.parametrize("command, parameter", INPUTS, ids=named)
def test_no_output_overwrites_an_input(command, parameter, kind, tmp_path):
    """The result of each command, over each of its inputs."""
    file, other = tmp_path / "input", tmp_path / "other"
    file.write_bytes(b"input")
    if kind == "link":
        other.symlink_to(file)
    elif kind == "hard link":
        os.link(file, other)
    elif kind == "linked folder":
        other.symlink_to(tmp_path)
        other = other / "input"
    else:
        other = tmp_path / "." / "input"
    line = complains(*given(command, parameter, file), "--json", other)
    assert f"--json {other} is what" in line and "write to another file" in line
    assert file.read_bytes() == b"input"


def test_a_weights_file_is_not_trained_onto_itself(arch, pictures, weights):
    whole = weights.read_bytes()
    options = ("--arch", arch, "--data", pictures, "--from", weights)
    assert f"-o {weights} is what --from reads" in complains("train", *options, "-o", weights)
    partial = weights.with_name(f"{weights.name}.partial")
    weights.rename(partial)
    options = ("--arch", arch, "--data", pictures, "--from", partial)
    assert f"-o {partial} is what --from reads" in complains("train", *options, "-o", weights)
    assert partial.read_bytes() == whole


@pytest.mark.parametrize("place", ["network.fireline", "link.fireline"])
def test_a_build_does_not_replace_the_network_that_it_reads(net, tmp_path, place):
    folder = tmp_path / "built"
    folder.mkdir()
    net.rename(folder / "network.fireline")
    if place.startswith("link"):
        (tmp_path / place).symlink_to(folder / "network.fireline")
    named = (folder if place == "network.fireline" else tmp_path) / place
    line = complains("build", named, "--board", "ulx3s-25f", "-o", folder)
    assert f"-o {folder / 'network.fireline'} is what NET|ARCH reads" in line
    assert (folder / "network.fireline").exists()


def test_a_folder_may_hold_an_input_that_stays(net, tmp_path):
    runs("verilog", net, "--array", "4x4", "-o", tmp_path)
    runs("verilog", net, "--array", "4x4", "-o", tmp_path)
    assert net.exists()


@pytest.mark.parametrize("name", ["labels.csv", "a/0.png"])
def test_no_result_replaces_a_part_of_a_data_set(net, pictures, name):
    (pictures / "labels.csv").write_text("file,class\n")
    line = complains("evaluate", net, "--data", pictures, "--json", pictures / name)
    assert f"--json {pictures / name} is part of what --data reads" in line


def test_a_result_may_lie_in_a_data_set(net, pictures):
    for _ in range(2):
        runs("evaluate", net, "--data", pictures, "--json", pictures / "result.json")


def test_two_outputs_are_two_files(net, picture, tmp_path):
    file = tmp_path / "file"
    line = complains("export", net, "--onnx", file, "--json", file)
    assert f"--onnx and --json are both {file}; name two files" in line
    (tmp_path / "link").symlink_to(tmp_path / "manifest.json")
    for name in ("manifest.json", "link"):
        line = complains("verilog", net, "-o", tmp_path, "--json", tmp_path / name)
        assert "-o and --json are both" in line
    assert not file.exists() and not (tmp_path / "manifest.json").exists()


def test_devices_may_be_named_twice(net):
    runs("export", net, "--onnx", "/dev/null", "--json", "/dev/null")


def test_a_shipped_network_is_no_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        runs("summary", "cifar10", "--json", "cifar10")
