"""Every command, from its arguments to what it prints, writes and returns; and all bad input."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib import metadata

import numpy as np
import pytest
import safetensors.torch
import torch
from built import leave
from click.testing import CliRunner
from distributed import LocalCluster
from fake_board import FakeBoard, babble, deaf
from fireline import cli
from fireline.errors import FirelineError
from fireline.host import workers as worker_processes
from fireline.host.buffers import StreamedHead
from fireline.host.compile import compile_network
from fireline.host.dataset import load_test
from fireline.host.families import resolve
from fireline.host.golden import run as golden
from fireline.host.model import SqueezeNet
from fireline.host.network import QuantizedNetwork
from fireline.host.random_network import random_network
from fireline.hw.geometry import ArrayShape
from fireline.hw.serial.protocol import Identity
from fireline.hw.system import identity_of
from PIL import Image

TOML = """
name = "tiny"
input = { channels = 3, height = 8, width = 8 }
preprocessing = "torchvision"
stages = [
    { conv1 = 8, kernel = 3, stride = 1, padding = 1 },
    "maxpool",
    { squeeze = 4, expand1x1 = 8, expand3x3 = 8 },
]
classes = 3
"""


class Result:
    """What a command printed and returned."""

    def __init__(self, *arguments):
        done = CliRunner().invoke(cli.main, [str(each) for each in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        self.status, self.stdout, self.stderr = done.exit_code, done.stdout, done.stderr


def runs(*arguments) -> Result:
    """Runs a command, which must succeed."""
    result = Result(*arguments)
    assert result.status == 0, result.stderr
    assert not result.stderr
    return result


def complains(*arguments) -> str:
    """Runs a command, which must refuse its input; returns the one line that it says."""
    result = Result(*arguments)
    assert result.status == 2, result.stdout
    (line,) = result.stderr.splitlines()
    assert line.startswith("fireline: ") and "Traceback" not in line
    return line


@pytest.fixture
def arch(tmp_path):
    file = tmp_path / "tiny.toml"
    file.write_text(TOML)
    return file


@pytest.fixture
def net(tmp_path, arch):
    file = tmp_path / "tiny.fireline"
    random_network(resolve(arch), 0).save(file)
    return file


@pytest.fixture
def weights(tmp_path, arch):
    torch.manual_seed(0)
    file = tmp_path / "tiny.safetensors"
    safetensors.torch.save_file(SqueezeNet(resolve(arch)).state_dict(), file)
    return file


@pytest.fixture
def pictures(tmp_path):
    """A sub-folder a class, four pictures in each."""
    draw = np.random.default_rng(0)
    folder = tmp_path / "pictures"
    for label in "abc":
        (folder / label).mkdir(parents=True)
        for number in range(4):
            pixels = draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder


@pytest.fixture
def image(pictures):
    return pictures / "a" / "0.png"


def test_alone_it_explains_itself():
    shown = runs().stdout
    assert all(name in shown for name in cli.main.commands)
    assert runs("--help").stdout == shown
    assert runs("--version").stdout == f"fireline {metadata.version('fireline')}\n"


@pytest.mark.parametrize("name", cli.main.commands)
def test_every_command_teaches_with_examples(name):
    shown = runs(name, "--help").stdout
    assert f"  fireline {name}" in shown.split("Example")[1]
    assert "--json FILE" in shown


@pytest.mark.parametrize(
    "name, parameters", [("squeezenet1_0", "1,248,424"), ("squeezenet1_1", "1,235,496")]
)
def test_summary_agrees_with_the_paper(name, parameters):
    assert f"total {parameters}" in " ".join(runs("summary", name).stdout.split())


def test_summary_of_a_network_with_its_cycles(net, arch, tmp_path):
    file = tmp_path / "result.json"
    runs("summary", net, "--array", "4x4", "--json", file)
    result = json.loads(file.read_text())
    layers = {layer["name"]: layer for layer in result["layers"]}
    assert layers["conv1"]["parameters"] == 8 * 27 + 8
    assert layers["conv1"]["bits"] == 4
    assert sum(layer["cycles"] or 0 for layer in layers.values()) == result["cycles"]
    assert result["parameters"] == sum(layer["parameters"] for layer in layers.values())
    assert 0 < result["weight_bytes"]["rom"] < result["weight_bytes"]["float32"] / 4
    assert result["weight_bytes"]["entropy_coded"] > 0
    assert result["paper_megabytes"]["float32"] == 4.8
    shape = json.loads(Result("summary", arch, "--json", "-").stdout)
    assert shape["weight_bytes"] == result["weight_bytes"] | {"rom": None, "entropy_coded": None}
    assert shape["parameters"] == result["parameters"] and shape["cycles"] is None


def test_the_result_alone_is_on_stdout_if_asked_for():
    result = Result("boards", "--json", "-")
    assert "ulx3s-25f" in {board["name"] for board in json.loads(result.stdout)["boards"]}
    assert "LFE5U-25F" in result.stderr


def test_evaluate(net, pictures):
    result = json.loads(Result("evaluate", net, "--data", pictures, "--json", "-").stdout)
    network = QuantizedNetwork.load(net)
    data = load_test(pictures, network.architecture)
    right = (golden(network, data.pixels).argmax(1) == data.labels).mean()
    assert result["images"] == 12 and result["top1"] == pytest.approx(right)
    assert result["top5"] == 1.0 and result["images_per_second"] > 0


def test_export(net, image, tmp_path):
    import onnxruntime

    file = tmp_path / "tiny.onnx"
    runs("export", net, "--onnx", file)
    pixels = np.asarray(Image.open(image))[None]
    session = onnxruntime.InferenceSession(file)
    (scores,) = session.run(None, {"pixels": pixels.transpose(0, 3, 1, 2)})
    assert (scores == golden(QuantizedNetwork.load(net), pixels)).all()


def test_samples(tmp_path):
    runs("samples", "cifar10", "-o", tmp_path / "new" / "samples")
    with (tmp_path / "new" / "samples" / "labels.csv").open() as table:
        names = [row["file"] for row in csv.DictReader(table)]
    assert len(names) == 100
    for name in names:
        with Image.open(tmp_path / "new" / "samples" / name) as picture:
            assert picture.size == (32, 32)


def test_train_quantize_and_train_quantized(arch, pictures, tmp_path):
    float_file, short = tmp_path / "float.safetensors", ("--epochs", 2, "--batch", 4)
    network_file, tuned_file = tmp_path / "a.fireline", tmp_path / "b.fireline"
    common = ("--arch", arch, "--data", pictures)
    shown = runs("train", *common, "-o", float_file, *short).stdout
    assert "epoch 2: loss" in shown
    rounding = ("--arch", arch, "--weights", float_file, "--calibration", pictures)
    runs("quantize", *rounding, "-o", network_file)
    runs("train", *common, "-o", tuned_file, *short, "--from", float_file, "--quantize")
    for file in (network_file, tuned_file):
        network = QuantizedNetwork.load(file)
        assert network.convs["conv1"].bits == 8 and network.convs["fire2/squeeze"].bits == 4
        assert network.class_names == ("a", "b", "c")
    budget = (*rounding, "-o", tmp_path / "c.fireline", "--rom-kbits")
    assert "at least" in complains("quantize", *budget, 1)
    assert "more than 1;" in complains("quantize", *budget, 1, "--weight-bits", 4)
    assert not (tmp_path / "c.fireline").exists()
    full = ("--effort", "full", "--epochs", 1, "--without", "blocks")
    shown = runs("quantize", *budget, 100, "--board", "ulx3s-25f", *full).stdout
    assert "harm of 4 bits" in shown and "distillation" in shown and "blocks" not in shown
    assert "distillation" in complains("quantize", *rounding, "-o", "x", "--without", "stage")
    judged = ("evaluate", network_file, "--data", pictures, "--against", float_file)
    result = json.loads(Result(*judged, "--json", "-").stdout)
    assert 0 <= result["same"] <= 1 and 0 <= result["float_top1"] <= result["float_top5"] <= 1
    assert "the same class as in float" in runs(*judged).stdout
    bits = tmp_path / "bits.toml"
    bits.write_text('"fire2/*" = 8\n')
    runs("quantize", *rounding, "-o", network_file, "--weight-bits", bits)
    assert QuantizedNetwork.load(network_file).convs["fire2/squeeze"].bits == 8


EXPLORE = ("explore", "--epochs", 1, "--batch", 4)


def test_explore(arch, pictures, tmp_path):
    common = (*EXPLORE, "--arch", arch, "--data", pictures, "-o", tmp_path / "x")
    first = ("--squeeze-ratio", "0.25,0.5", "--array", "4x4,8x8", "--workers", 2)
    shown = runs(*common, *first, "--json", tmp_path / "result.json").stdout
    points = json.loads((tmp_path / "result.json").read_text())["points"]
    assert [(each["network"], each["array"]) for each in points] == [
        (f"tiny-sr{ratio}", array) for ratio in (0.25, 0.5) for array in ("4x4", "8x8")
    ]
    assert (
        "0 of 2 networks are there already" in shown
        and "tiny: 1 epochs on 9 pictures (*: on the Pareto front)" in shown
    )
    files = {file.name for file in (tmp_path / "x").iterdir()}
    assert {"results.csv", "tradeoffs.svg", "tradeoffs.png"} < files
    again = runs(*common, *first).stdout
    assert "2 of 2 networks are there already" in again
    with LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        second = ("--bypass", "none,complex", "--weight-bits", "4,8", "--scheduler", address)
        runs(*common, *second, "--json", tmp_path / "result.json")
    points = json.loads((tmp_path / "result.json").read_text())["points"]
    assert len(points) == 4 + 4
    assert {each["network"] for each in points} >= {"tiny", "tiny-complex"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--squeeze-ratio", ""], "'' is not a valid float"),
        (["--squeeze-ratio", "0.5,0"], "squeeze ratio 0.0: use one above 0 and up to 1"),
        (["--squeeze-ratio", "0.5,0.5"], "name each once"),
        (["--share-3x3", "1"], "share of 3x3 filters 1.0: use"),
        (["--bypass", "simple,both"], "'both' is not one of"),
        (["--array", "8x8,9x9"], "'9x9' is no array"),
        (["--weight-bits", "6"], "'6' is not one of"),
        (["--epochs", "0"], "epochs is 0; use 1"),
        (["--pictures", "1000"], "1000 pictures to train on; use 2 to 9"),
        (["--workers", "0"], "0 is not in the range"),
        (["--scheduler", "tcp://127.0.0.1:9"], "start `dask scheduler`"),
        (["--data", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_explorations_that_cannot_be(options, text, arch, pictures, tmp_path):
    given = ("explore", "--arch", arch, "--data", pictures, "-o", tmp_path / "x")
    assert text in complains(*given, *options)
    assert not list(tmp_path.glob("x/*.csv"))


def test_an_interrupted_exploration_goes_on(arch, pictures, tmp_path):
    folder, temporary = tmp_path / "x", tmp_path / "temporary"
    temporary.mkdir()
    given = (*EXPLORE, "--arch", arch, "--data", pictures, "-o", folder)
    given = [*map(str, given), "--squeeze-ratio", "0.25,0.5,0.75", "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from fireline.cli import main; main()", *given],
        env=os.environ | {"TMPDIR": str(temporary), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not list(folder.glob("points/*")) and process.poll() is None:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate()
    assert (process.returncode, told.strip()) == (130, "fireline: interrupted")
    assert not list(temporary.iterdir())
    points = {file: file.stat().st_mtime_ns for file in folder.glob("points/*")}
    assert 1 <= len(points) < 3
    assert f"{len(points)} of 3 networks are there already" in runs(*given).stdout
    assert all(file.stat().st_mtime_ns == time for file, time in points.items())
    assert len(list(folder.glob("points/*"))) == 3


def test_networks_that_fail_leave_the_others(arch, pictures, tmp_path, monkeypatch):
    def first_fails(function, jobs, shared, workers):
        yield 1, FirelineError("training: the loss is nan")
        yield 0, function(jobs[0], *shared)

    monkeypatch.setattr(worker_processes, "in_processes", first_fails)
    given = (*EXPLORE, "--arch", arch, "--data", pictures, "-o", tmp_path / "x")
    result = Result(*given, "--bypass", "none,complex")
    assert result.status == 2
    assert "failed: tiny-complex: training: the loss is nan" in result.stderr
    assert [file.name for file in (tmp_path / "x/points").iterdir()] == ["tiny_8x8_4bit.json"]


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
    shown = runs("summary", net, "--array", "4x4", "--head", "sdram").stdout
    assert "bytes of weights are streamed each frame" in shown


def test_simulate(net, pictures, tmp_path):
    images = [pictures / "a" / "0.png", pictures / "b" / "1.png"]
    file = tmp_path / "result.json"
    runs("simulate", net, *images, "--array", "4x4", "--stall", 0.3, "--json", file)
    result = json.loads(file.read_text())
    assert [frame["image"] for frame in result["frames"]] == [str(image) for image in images]
    pixels = np.stack([np.asarray(Image.open(image)) for image in images])
    expected = golden(QuantizedNetwork.load(net), pixels)
    assert [frame["scores"] for frame in result["frames"]] == expected.tolist()
    assert [frame["class"] for frame in result["frames"]] == expected.argmax(1).tolist()
    assert result["mismatches"] == 0
    cycles = result["cycles_per_frame"]
    assert result["utilisation"] == pytest.approx(result["mac_passes"] / (cycles * 16))


def test_simulate_tells_a_mismatch(net, image, monkeypatch):
    def wrong(network, pixels):
        return golden(network, pixels) + 1

    monkeypatch.setattr("fireline.sim.bench.golden.run", wrong)
    result = Result("simulate", net, image, "--array", "4x4")
    assert result.status == 1
    assert "first value to differ" in result.stdout


def test_an_image_of_another_size_is_scaled_and_the_user_told(net, tmp_path):
    image = tmp_path / "large.png"
    Image.new("RGB", (20, 10), (200, 100, 0)).save(image)
    assert "20x10 pixels scaled" in runs("simulate", net, image, "--array", "4x4").stdout
    assert "20x10 pixels, but" in complains("simulate", net, image, "--array", "4x4", "--strict")


def test_build_report_and_flash(net, pictures, tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, script in {
        "yosys": """echo '{"modules": {"top": {"cells": {}, "ports": {}}}}' > top.json""",
        "nextpnr-ecp5": NEXTPNR,
        "ecppack": "cp $2 $3",
        "openFPGALoader": 'echo "$@"',
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    folder, file = tmp_path / "out", tmp_path / "result.json"
    options = ("--board", "ulx3s-25f", "--array", "4x4", "--clock", "50", "-o", folder)
    options += ("--json", file)
    shown = runs("build", net, *options).stdout
    assert "--board ulx3s" in shown
    result = json.loads(file.read_text())
    assert (result["fmax_mhz"], result["clock_mhz"], result["luts"]) == (55.5, 50.0, 1000)
    assert result["frames_per_second"] == pytest.approx(50e6 / result["cycles_per_frame"])
    assert os.path.exists(result["bitstream"])
    assert "fireline.bit" in runs("flash", folder).stdout
    page = folder / "report.html"
    assert str(page) in runs("report", folder, "--data", pictures, "--json", file).stdout
    figures = json.loads(file.read_text())
    assert figures["page"] == str(page) and figures["accuracy"]["images"] == 12
    assert figures["frames_per_second"] == pytest.approx(result["frames_per_second"])
    assert f"{figures['cycles_per_frame']:,}" in page.read_text()
    slow = Result("build", net, *options, "--clock", "80")
    assert slow.status == 1 and "--clock 55" in slow.stdout


NEXTPNR = """
while [ $# -gt 0 ]; do
  case $1 in --report) report=$2 ;; --textcfg) touch $2 ;; esac
  shift
done
cat > $report <<END
{"fmax": {"clk": {"achieved": 55.5, "constraint": 50.0}}, "utilization": {
 "TRELLIS_COMB": {"used": 1000, "available": 24288}, "TRELLIS_FF": {"used": 1, "available": 24288},
 "MULT18X18D": {"used": 2, "available": 28}, "DP16KD": {"used": 3, "available": 56}}}
END"""

IDENTITY = Identity(network=0x1234, width=8, height=8, channels=3, classes=3)


def test_classify_on_a_board(image, tmp_path):
    file = tmp_path / "result.json"
    with FakeBoard(IDENTITY) as board:
        runs("classify", image, image, "--port", board.port, "--json", file)
        result = json.loads(file.read_text())
        assert result["network"] == "00001234"
        assert [frame["scores"] for frame in result["frames"]] == [board.scores()] * 2
    with FakeBoard(IDENTITY) as board:
        assert "NOT" not in Result("classify", image, "--port", board.port).stdout


def test_classify_compares_with_the_network(net, image):
    with FakeBoard(IDENTITY) as board:
        result = Result("classify", image, "--port", board.port, "--net", net)
    assert result.status == 1 and "NOT as the golden model" in result.stdout


@pytest.mark.slow
def test_classify_on_the_simulated_board(net, image):
    shown = runs("classify", image, "--port", "simulated", "--net", net, "--array", "4x4").stdout
    assert "as the golden model" in shown and "NOT" not in shown


@pytest.mark.slow
def test_classify_on_the_simulated_board_with_streamed_weights(net, image):
    options = ("--port", "simulated", "--net", net, "--array", "4x4", "--head", "sdram")
    shown = runs("classify", image, image, *options).stdout
    assert shown.count("bytes of weights loaded") == 1
    assert shown.count("as the golden model") == 2 and "NOT" not in shown


def test_classify_gives_the_board_its_weights_once(net, image):
    compiled = compile_network(QuantizedNetwork.load(net), ArrayShape(4, 4), head=StreamedHead(2))
    with FakeBoard(identity_of(compiled.program)) as board:
        command = ("classify", image, "--port", board.port, "--net", net)
        assert f"{len(compiled.head):,} bytes of weights loaded" in Result(*command).stdout
        assert board.weights == compiled.head
        assert "loaded" not in Result(*command).stdout


def test_classify_without_weights_says_what_to_do(net, image):
    identity = replace(IDENTITY, weight_bytes=64, ci=4, co=4)
    with FakeBoard(identity) as board:
        assert "--net" in complains("classify", image, "--port", board.port)
        command = ("classify", image, "--port", board.port, "--net", net)
        assert "runs network 00001234" in complains(*command)


def test_bench(net, weights, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("fireline.host.shipped.load_network", lambda _: QuantizedNetwork.load(net))
    monkeypatch.setattr("fireline.host.shipped.SAMPLES", {"cifar10": pictures})
    monkeypatch.setattr("fireline.host.shipped.WEIGHTS", {"cifar10": weights})
    monkeypatch.setattr("fireline.commands.bench.FULL_SIZE_IMAGES", 2)
    build = tmp_path / "build"
    build.mkdir()
    leave(compile_network(QuantizedNetwork.load(net), ArrayShape(4, 4)), build)
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


def truncated(path):
    path.write_bytes(path.read_bytes()[:-10])


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
        (another_version, "version 2, not 1"),
        (lambda path: path.write_text("hello"), "not a network file"),
    ],
)
@pytest.mark.parametrize(
    "command", ["summary", "evaluate", "export", "verilog", "simulate", "build"]
)
def test_a_damaged_network_file(command, damage, text, net, pictures, image, tmp_path):
    damage(net)
    options = {
        "evaluate": ("--data", pictures),
        "export": ("--onnx", tmp_path / "out"),
        "verilog": ("-o", tmp_path / "out"),
        "simulate": (image,),
        "build": ("--board", "ulx3s-25f", "-o", tmp_path / "out"),
    }
    assert text in complains(command, net, *options.get(command, ()))
    assert not (tmp_path / "out").exists()


class Evil:
    """What a pickle may run."""

    def __reduce__(self):
        return os.system, ("touch evil",)


def change(name, function):
    """A damage to weights: one tensor changed."""

    def damage(path):
        state = safetensors.torch.load_file(path)
        state[name] = function(state[name])
        safetensors.torch.save_file(state, path)

    return damage


@pytest.mark.parametrize(
    "damage, text",
    [
        (lambda path: path.unlink(), "no such file"),
        (truncated, "cut short"),
        (change("features.0.weight", lambda t: t[:4].clone()), "shape"),
        (change("features.0.weight", lambda t: t * float("nan")), "NaN or infinity"),
        (change("features.0.bias", lambda t: t + float("inf")), "NaN or infinity"),
    ],
)
def test_weights_that_are_none(damage, text, arch, weights, pictures, tmp_path):
    damage(weights)
    line = complains(
        "quantize", "--arch", arch, "--weights", weights, "--calibration", pictures,
        "-o", tmp_path / "out.fireline",
    )  # fmt: skip
    assert text in line
    assert not (tmp_path / "out.fireline").exists()


def test_weights_that_are_code(arch, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"features.0.weight": Evil()}, "evil.pth")
    complains(
        "quantize", "--arch", arch, "--weights", "evil.pth", "--calibration", pictures, "-o", "out"
    )
    assert not (tmp_path / "evil").exists() and not (tmp_path / "out").exists()


def test_a_folder_to_write_to_that_is_not_there(arch, weights, pictures, tmp_path):
    options = ("--arch", arch, "--weights", weights, "--calibration", pictures)
    assert "no such folder" in complains("quantize", *options, "-o", tmp_path / "none" / "x")


def test_an_empty_calibration_folder(arch, weights, tmp_path):
    (tmp_path / "empty").mkdir()
    options = ("--arch", arch, "--weights", weights, "-o", tmp_path / "out.fireline")
    assert "no pictures" in complains("quantize", *options, "--calibration", tmp_path / "empty")
    assert "no such folder" in complains("quantize", *options, "--calibration", tmp_path / "none")


@pytest.mark.parametrize("content, text", [(b"hello", "not an image"), (None, "no such file")])
def test_an_image_that_is_none(net, content, text, tmp_path):
    image = tmp_path / "image.png"
    if content:
        image.write_bytes(content)
    assert text in complains("simulate", net, image, "--array", "4x4")


def test_an_image_cut_short_or_grey(net, image, tmp_path):
    grey = tmp_path / "grey.png"
    Image.new("L", (8, 8)).save(grey)
    assert "grey" in complains("simulate", net, grey, "--array", "4x4")
    image.write_bytes(image.read_bytes()[:60])
    assert "cut short" in complains("simulate", net, image, "--array", "4x4")


def test_an_unknown_board(net, tmp_path):
    line = complains("build", net, "--board", "ulx4m", "-o", tmp_path / "out")
    assert "ulx3s-25f" in line and not (tmp_path / "out").exists()


def test_a_network_that_does_not_fit(tmp_path):
    net = tmp_path / "large.fireline"
    shape = tmp_path / "large.toml"
    shape.write_text(TOML.replace("squeeze = 4, expand1x1 = 8", "squeeze = 256, expand1x1 = 512"))
    random_network(resolve(shape), 0, 8).save(net)
    line = complains("build", net, "--board", "ulx3s-12f", "-o", tmp_path / "out")
    assert "block RAMs" in line and "try" in line and not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["nix", "nix.toml", "nix.fireline", "squeezenet2_0"])
def test_an_unknown_network(name):
    assert name in complains("summary", name)


@pytest.mark.parametrize("array", ["5x5", "8", "8x8x8", "64x64", "axb"])
def test_an_array_that_is_none(net, array):
    assert "is no array" in complains("summary", net, "--array", array)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nix"],
        ["nix"],
        ["summary"],
        ["simulate", "cifar10"],
        ["simulate", "x", "y", "--stall", "z"],
    ],
)
def test_a_command_that_is_none(arguments):
    assert "--help" in complains(*arguments)


def test_a_port_that_is_absent_silent_or_noisy(image, monkeypatch):
    assert "not there" in complains("classify", image, "--port", "/dev/ttyNone")
    short = 2_000_000, 0.2, 2.0, 5.0  # baud, timeout, patience, deadline
    monkeypatch.setattr("fireline.host.device.Device.__init__.__defaults__", short)
    for line, text in ((deaf, "did not answer"), (babble, "noise")):
        with FakeBoard(IDENTITY) as board:
            board.to_host = line
            assert text in complains("classify", image, "--port", board.port)


def test_a_port_that_is_unplugged(image):
    with FakeBoard(IDENTITY) as board:
        board.unplug_after_chunks = 0
        assert "went away" in complains("classify", image, "--port", board.port)


def test_a_simulated_board_must_know_its_network(image):
    assert "--net" in complains("classify", image, "--port", "simulated")


def test_a_result_that_cannot_be_written(net, tmp_path):
    file = tmp_path / "none" / "result.json"
    assert "no such folder" in complains("summary", net, "--json", file)


def test_a_full_disk(net, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fireline.host.files.os.replace", full)
    line = complains("export", net, "--onnx", tmp_path / "tiny.onnx")
    assert "No space left" in line
    assert not list(tmp_path.glob("*.onnx")) and not list(tmp_path.glob("tmp*"))


def test_an_interrupt(net, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("fireline.host.summary.summarise", interrupted)
    result = Result("summary", net)
    assert result.status == 130 and result.stderr.strip() == "fireline: interrupted"


def test_nothing_to_flash(tmp_path):
    assert "fireline build" in complains("flash", tmp_path)


def test_nothing_to_report(tmp_path):
    assert "fireline build" in complains("report", tmp_path)


def test_training_quantized_needs_weights(arch, pictures, tmp_path):
    options = ("--arch", arch, "--data", pictures, "-o", tmp_path / "x.fireline", "--quantize")
    assert "--from" in complains("train", *options)
    assert "epochs is 0" in complains("train", *options, "--epochs", 0)
