"""Numbers that no command can use are refused at once, by the command line itself."""

import pytest
from support.command_line import complains

COMMANDS = {
    "build": ("build", "cifar10", "--board", "ulx3s-25f", "-o", "none"),
    "selftest": ("selftest", "--board", "ulx3s-25f", "-o", "none"),
    "evaluate": ("evaluate", "cifar10", "--data", "none"),
    "explore": ("explore", "--data", "none", "-o", "none"),
    "quantize": ("quantize", "cifar10", "--weights", "n", "--calibration", "n", "-o", "n"),
    "train": ("train", "cifar10", "--data", "none", "-o", "none"),
    "simulate": ("simulate", "cifar10", "none.png"),
    "classify": ("classify", "none.png", "--port", "none"),
}
COUNTS = "0", "-1", "1.5", "nan"
REALS = "-1", "nan", "inf", "x"


@pytest.mark.parametrize(
    ("name", "option", "values"),
    [
        ("build", "--clock", ("0", *REALS)),
        ("build", "--seeds", COUNTS),
        ("selftest", "--clock", ("0", *REALS)),
        ("evaluate", "--batch", COUNTS),
        ("explore", "--batch", COUNTS),
        ("explore", "--pictures", COUNTS),
        ("explore", "--workers", COUNTS),
        ("explore", "--seed", ("-1", "9223372036854775808")),
        ("explore", "--squeeze-ratio", ("0", "0.5,1.1", "0.5,nan", "0.5,")),
        ("explore", "--share-3x3", ("0", "1", "0.5,nan")),
        ("quantize", "--rom-kbits", COUNTS),
        ("quantize", "--seed", ("-1",)),
        ("train", "--epochs", COUNTS),
        ("train", "--batch", COUNTS),
        ("train", "--learning-rate", ("0", *REALS)),
        ("train", "--weight-decay", REALS),
        ("train", "--label-smoothing", ("1", *REALS)),
        ("train", "--dropout", ("1", *REALS)),
        ("train", "--seed", ("-1",)),
        ("simulate", "--stall", ("0.96", *REALS)),
        ("simulate", "--seed", ("-1",)),
        ("classify", "--baud", COUNTS),
    ],
)
def test_a_number_out_of_range_is_refused(name, option, values):
    for value in values:
        line = complains(*COMMANDS[name], option, value)
        assert option in line and "Invalid value" in line, line


@pytest.mark.parametrize(
    ("clock", "reason"), [(1, "the PLL cannot make 1 MHz"), (3.2, "baud"), (500, "500 MHz")]
)
def test_a_clock_that_the_board_cannot_run_at_is_refused_before_compiling(
    clock, reason, monkeypatch
):
    from fireline.host.network import lookup

    monkeypatch.setattr(lookup, "load_network", lambda *_: pytest.fail("it began to work"))
    assert reason in complains(*COMMANDS["build"], "--clock", clock)
