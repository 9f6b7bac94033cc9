"""Networks by name and by file; unknown names are refused."""

from pathlib import Path

import pytest
from fireline.errors import FirelineError
from fireline.host.network.architecture import Bypass, Fire
from fireline.host.network.families import family
from fireline.host.network.lookup import is_network, load_network, resolve
from fireline.host.network.shipped import FOLDER


def test_resolve():
    assert resolve("squeezenet1_1") == family("squeezenet1_1")
    assert resolve("squeezenet1_0-simple") == family("squeezenet1_0", Bypass.SIMPLE)
    assert resolve("squeezenet1_1-complex").name == "squeezenet1_1-complex"
    shipped = resolve("cifar10")
    parameters = sum(layer.parameters for layer in shipped.layers())
    assert (shipped.name, shipped.classes, parameters) == ("cifar10", 10, 141_034)
    fires = [stage for stage in resolve("cifar10-simple").stages if isinstance(stage, Fire)]
    bypasses = [fire.bypass.value for fire in fires]
    assert bypasses == ["none", "simple", "none", "none", "simple", "none"]
    assert resolve("cifar10-complex").name == "cifar10-complex"


@pytest.mark.parametrize("name", ["", "squeezenet", "squeezenet1_1-none", "cifar10-half"])
def test_resolve_refuses(name):
    with pytest.raises(FirelineError, match=r"unknown network .* use squeezenet1_0"):
        resolve(name)


def test_is_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mine.toml", "mine", "mine.net"):
        Path(name).touch()
    assert all(map(is_network, ("cifar10", "mine", "mine.net", "none.fireline")))
    assert not any(map(is_network, ("mine.toml", "squeezenet1_1", "none", tmp_path)))


def test_load_network_by_name_and_by_file():
    by_name, by_file = load_network("cifar10"), load_network(FOLDER / "cifar10.fireline")
    assert by_name.architecture == by_file.architecture == resolve("cifar10")
    with pytest.raises(FirelineError, match=r"^network none: no such file, and .* use cifar10 or"):
        load_network("none")
