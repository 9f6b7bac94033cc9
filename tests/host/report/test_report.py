"""The report's data from a build's folder."""

import json

import numpy as np
import pytest
from fireline.errors import FirelineError
from fireline.host.compiler.compile import compile_network
from fireline.host.compiler.resources import resources
from fireline.host.network.file import write_network
from fireline.host.network.lookup import load_network
from fireline.host.report.report import load_report
from fireline.hw.program import ArrayShape
from PIL import Image
from support.built import change, floorplan, leave
from support.networks.small import TINY, compiled, pictures

JOB = compiled(TINY)


@pytest.fixture
def folder(tmp_path):
    return leave(JOB, tmp_path)


@pytest.fixture
def photos(tmp_path):
    """A folder with two pictures in each of three classes."""
    for number, pixels in enumerate(pictures(TINY, 6)):
        file = tmp_path / "photos" / "abc"[number % 3] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
    return tmp_path / "photos"


def refused(folder, **options) -> str:
    with pytest.raises(FirelineError) as error:
        load_report(folder, **options)
    (line,) = str(error.value).splitlines()
    return line


def test_the_report_compiles_the_network_that_was_built(folder):
    report = load_report(folder)
    assert report.compiled.program == JOB.program
    assert report.compiled.timing == JOB.timing
    assert report.resources == resources(JOB.program)
    assert report.floorplan == floorplan(folder)
    assert report.gallery is None
    assert report.frames_per_second == 50e6 / JOB.timing.cycles
    words = sum(last - first + 1 for first, last in JOB.timing.operations)
    assert report.idle_cycles == JOB.timing.cycles - words > 0


def test_the_figures_are_those_of_the_objects(folder):
    figures = json.loads(json.dumps(load_report(folder).figures()))
    assert figures["network"] == "small" and figures["board"] == "ulx3s-25f"
    assert (figures["clock_mhz"], figures["fmax_mhz"]) == (50.0, 62.5)
    assert figures["cycles_per_frame"] == JOB.timing.cycles
    assert figures["utilisation"] == JOB.utilisation
    assert figures["luts"] == {"used": 4321, "available": 24288}
    assert sum(layer["cycles"] for layer in figures["layers"]) == JOB.timing.cycles
    assert figures["memories"][0]["words"] == len(JOB.program.weights)
    assert figures["critical_path"]["nanoseconds"] == 3.0
    assert figures["accuracy"] is None


def test_given_pictures_are_classified(folder, photos):
    report = load_report(folder, photos)
    assert len(report.gallery.shown) == 6
    assert report.figures()["accuracy"]["images"] == 6


def test_the_shipped_network_brings_its_pictures(tmp_path):
    job = compile_network(load_network("cifar10"), ArrayShape(8, 8))
    report = load_report(leave(job, tmp_path))
    assert report.gallery.accuracy.pictures == 100
    assert np.mean([shown.is_right for shown in report.gallery.shown]) > 0.5


def test_a_folder_without_a_build_is_refused(tmp_path):
    assert "holds no build: run fireline build first" in refused(tmp_path / "none")
    assert "holds no build" in refused(tmp_path)


@pytest.mark.parametrize("name", ["network.fireline", "floorplan.json", "slow_paths.json"])
def test_a_missing_file_is_reported(folder, name):
    (folder / name).unlink()
    assert name in refused(folder)


@pytest.mark.parametrize(
    "name", ["build.json", "network.fireline", "floorplan.json", "slow_paths.json"]
)
@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"{}", b"[]"])
def test_a_damaged_file_is_reported(folder, name, data):
    (folder / name).write_bytes(data)
    assert name in refused(folder)


@pytest.mark.parametrize("array", ["", "8", "8x8x8", "5x5", "axb"])
def test_a_summary_without_an_array_is_refused(folder, array):
    change(folder / "build.json", array=array)
    assert "names no array: build again" in refused(folder)


@pytest.mark.parametrize(
    "values",
    [
        {"clock_mhz": "fast"},
        {"clock_mhz": 0},
        {"clock_mhz": True},
        {"fmax_mhz": 1e308},
        {"baud": 10**18},
        {"head_rows": 10**6},
        {"array": 8},
        {"seed": None},
        {"tools": ["yosys"]},
        {"tools": {"yosys": 0.7}},
        {"luts": {"used": "x", "available": 1}},
        {"ffs": {"used": 0, "available": 0}},
    ],
)
def test_impossible_values_are_refused(folder, values):
    change(folder / "build.json", **values)
    message = refused(folder)
    assert f"build.json: {next(iter(values))}" in message and "build again" in message


def test_an_unknown_board_is_refused(folder):
    change(folder / "build.json", board="ulx4m")
    assert "there is no board 'ulx4m'" in refused(folder)


def test_the_network_of_another_build_is_refused(folder):
    write_network(compiled(TINY, seed=1).network, folder / "network.fireline")
    assert "was built: build again" in refused(folder)


def test_a_missing_folder_of_pictures_is_refused(folder, tmp_path):
    assert "no such folder" in refused(folder, data=tmp_path / "none")
