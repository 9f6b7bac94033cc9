"""`fireline flash` with a stand-in for openFPGALoader."""

from fireline.host.compiler.compile import compile_network
from fireline.host.network.file import read_network
from fireline.hw.program import ArrayShape
from support.built import change, leave
from support.command_line import Result, complains, runs


def test_flash(net, tmp_path, fake_tools):
    fake_tools.install("openFPGALoader", 'echo "$@"')
    leave(compile_network(read_network(net), ArrayShape(4, 4)), tmp_path)
    (tmp_path / "fireline.bit").touch()
    assert "fireline.bit" in runs("flash", tmp_path, "--tools", "path").stdout
    change(tmp_path / "build.json", fmax_mhz=49.0)
    assert "--force" in complains("flash", tmp_path)
    assert "49 MHz" in runs("flash", tmp_path, "--force", "--tools", "path").stdout


def test_an_old_loader_on_path_gives_way_to_pips(net, tmp_path, fake_tools):
    fake_tools.install("openFPGALoader", "echo never", version="v0.10.0")
    leave(compile_network(read_network(net), ArrayShape(4, 4)), tmp_path)
    (tmp_path / "fireline.bit").touch()
    shown = Result("flash", tmp_path, "--tools", "auto").stdout
    assert "openFPGALoader 0.10.0 (" in shown and "openfpgaloader-cli" in shown
    assert "never" not in shown


def test_a_build_without_its_bitstream(net, tmp_path):
    leave(compile_network(read_network(net), ArrayShape(4, 4)), tmp_path)
    assert "lost its bitstream fireline.bit" in complains("flash", tmp_path)


def test_nothing_to_flash(tmp_path):
    assert "fireline build" in complains("flash", tmp_path)
