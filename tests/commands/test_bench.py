"""The measurements, on a small network."""

import json

from fireline.host.compiler.compile import compile_network
from fireline.host.network.file import read_network
from fireline.hw.program import ArrayShape
from support.built import leave
from support.command_line import runs


def test_bench(net, weights, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("fireline.host.network.lookup.load_network", lambda _: read_network(net))
    monkeypatch.setattr("fireline.host.network.shipped.SAMPLES", {"cifar10": pictures})
    monkeypatch.setattr("fireline.host.network.shipped.WEIGHTS", {"cifar10": weights})
    monkeypatch.setattr("fireline.commands.bench.FULL_SIZE_PICTURES", 2)
    build = tmp_path / "build"
    build.mkdir()
    leave(compile_network(read_network(net), ArrayShape(4, 4)), build)
    file = tmp_path / "result.json"
    shown = runs("bench", "--built", build, "--json", file).stdout
    assert "82,409" in shown and "1,078,929" in shown
    result = json.loads(file.read_text())
    assert result["full_size"]["speed"]["images"] == 2
    rows = result["full_size"]["networks"]
    shapes = [(row["cycles"]["network"], row["cycles"]["array"]) for row in rows[:-1]]
    names, arrays = ("squeezenet1_1", "squeezenet1_0"), ("16x16", "16x32")
    assert shapes == [(name, array) for name in names for array in arrays]
    assert (rows[-1]["clock_mhz"], rows[-1]["luts"]) == (50.0, 4321)  # as it was built
    assert result["speed"]["images"] >= 1000
    assert [each["array"] for each in result["cycles"]] == ["8x8", "16x16"]
    fires = [each for each in result["peers"] if each["source_cycles"] == 82_409]
    assert {(each["bits"], each["multipliers"]) for each in fires} == {
        (8, 64), (8, 128), (4, 64), (4, 128),
    }  # fmt: skip
    assert result["boards"] == []
