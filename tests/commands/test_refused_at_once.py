"""What can be known at the start is refused at the start: before pictures are read."""

import pytest
from fireline import cli
from support.command_line import complains

QUANTIZE = ("quantize", "--weights", "no-weights", "--calibration", "no-pictures")
BUDGET = ("quantize", "--weights", "tiny.safetensors", "--calibration", "no-pictures")
FLOAT = ("train", "--data", "no-pictures")
SWEEP = ("explore", "--data", "no-pictures", "-o", "explored")


@pytest.fixture(autouse=True)
def here(tmp_path, arch, weights, monkeypatch):
    """The current folder has tiny.toml and tiny.safetensors, but no pictures."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "line, reason",
    [
        ((*QUANTIZE, "--epochs", 3), "--epochs has a meaning only with --effort full"),
        ((*QUANTIZE, "--bfloat16"), "--bfloat16 has a meaning only with --effort full"),
        ((*QUANTIZE, "--effort", "full", "--epochs", 0), "0 is not in the range"),
        ((*QUANTIZE, "--without", "nothing"), "no step is called 'nothing'"),
        ((*QUANTIZE, "--board", "ulx3s"), "there is no board 'ulx3s'"),
        ((*QUANTIZE, "--board", ""), "there is no board ''"),
        ((*QUANTIZE, "--array", "4x4"), "name one with --board or --rom-kbits"),
        ((*BUDGET, "--rom-kbits", 1), "take at least 3.3 kbits"),
        ((*BUDGET, "--rom-kbits", 3, "--weight-bits", 8), "take 4.8 kbits, more than 3"),
        ((*BUDGET, "--board", "ulx3s-25f", "--array", "16x32"), "the weights take at least"),
        (
            (*BUDGET, "--board", "ulx3s-25f", "--array", "16x32", "--weight-bits", 4),
            "block RAMs and ulx3s-25f has 56",
        ),
        ((*QUANTIZE, "--weight-bits", "none.toml"), "none.toml"),
        ((*QUANTIZE[:-1], "x", "-o", "net.toml"), "a .toml file has an architecture"),
        ((*QUANTIZE[:-1], "x", "-o", "cifar10"), "would take the shipped network of that name"),
        ((*QUANTIZE, "--weight-bits", 16), "weight bits 16: use 4, 8 or a TOML or JSON file"),
        ((*FLOAT, "-o", "x.pth"), "name it .safetensors"),
        ((*FLOAT, "-o", "x.safetensors", "--weight-bits", 8), "only with --quantize"),
        ((*FLOAT, "-o", "x.fireline", "--quantize"), "name them with --from"),
        ((*FLOAT, "-o", "x.toml", "--quantize", "--from", "x"), "a .toml file has an architecture"),
        ((*FLOAT, "-o", "x.safetensors", "--optimizer", "none"), "use sgd or adamw"),
        ((*FLOAT, "-o", "x.safetensors", "--batch", 1), "batch is 1; use 2"),
        ((*SWEEP, "--workers", 1, "--scheduler", "tcp://a"), "exclude each other"),
        ((*SWEEP, "--pictures", 1), "1 is not in the range"),
        ((*SWEEP, "--epochs", 0), "0 is not in the range"),
        ((*SWEEP[:-1], "."), "holds other files"),
        (("summary", "tiny.toml", "--head", "sdram"), "--head has a meaning only with --array"),
        (("classify", "x.png", "--port", "none", "--array", "4x4"), "--port simulated"),
        (("classify", "x.png", "--port", "none", "--head", "chip"), "--port simulated"),
        (("classify", "x.png", "--port", "simulated", "--baud", 9600), "only with a board's port"),
        (("classify", "x.png", "--port", "none", "--net", "cifar10"), "there is no such port"),
        (("bench", "-o", "there"), "-o has a meaning only with --build"),
        (("bench", "--built", "none"), "none"),
        (("evaluate", "cifar10", "--data", "no-pictures", "--against", "none.pth"), "none.pth"),
        (("build", "cifar10", "--board", "ulx3s-25f", "-o", "b", "--seeds", 10**9), "range"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(map(str, value[:1])),
)
def test_refused_before_pictures_are_read(line, reason):
    command = cli.main.commands[line[0]]
    needed = {"--arch": "tiny.toml", "-o": "out.fireline"}
    for option in [each.opts[0] for each in command.params if each.required]:
        if option in needed and option not in line:
            line = (*line, option, needed[option])
    if line[0] == "explore":
        line = (*line, "--arch", "tiny.toml")
    assert reason in complains(*line)


def test_a_wrong_number_of_names_is_told_before_the_pictures_are_read(arch, weights):
    import safetensors.torch

    state = safetensors.torch.load_file(weights)
    safetensors.torch.save_file(state, weights, {"classes": '["a", "b"]'})
    line = ("quantize", "--arch", arch, "--calibration", "no-pictures", "-o", "x.fireline")
    assert "names 2 classes, but has 3" in complains(*line, "--weights", weights)


def test_a_missing_port_is_told_before_the_pictures(net):
    line = complains("classify", "no.png", "--port", "none", "--net", net)
    assert "there is no such port" in line
