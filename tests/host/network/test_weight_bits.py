"""Bits of the weights by layer: numbers, patterns and files."""

import pytest
from fireline.errors import FirelineError
from fireline.host.network.architecture import Architecture
from fireline.host.network.stage import Conv1, Fire
from fireline.host.network.weight_bits import layer_bits, read_weight_bits
from support.networks.strategies import preprocessing

STAGES = (Conv1(4, 3, 1, 1), Fire(2, 3, 4), Fire(2, 3, 4))
ARCHITECTURE = Architecture("small", 3, 8, 8, preprocessing(3), STAGES, 5)
FIRES = ["squeeze", "expand1x1", "expand3x3"]


def test_4_keeps_8_for_conv1():
    bits = layer_bits(ARCHITECTURE, 4)
    assert bits.pop("conv1") == 8
    assert list(bits) == [f"fire{i}/{part}" for i in (2, 3) for part in FIRES] + ["conv4"]
    assert set(bits.values()) == {4}
    assert layer_bits(ARCHITECTURE, {}) == layer_bits(ARCHITECTURE, 4)


def test_8_is_for_all():
    assert set(layer_bits(ARCHITECTURE, 8).values()) == {8}


def test_the_last_pattern_counts():
    bits = layer_bits(ARCHITECTURE, {"fire*/squeeze": 8, "conv1": 4, "fire3/*": 4, "conv4": 8})
    assert [name for name, value in bits.items() if value == 8] == ["fire2/squeeze", "conv4"]


@pytest.mark.parametrize("bits", [5, 0, {"conv1": 3}, {"conv1": "8"}, {"conv1": True}, {"*": 8.0}])
def test_other_bits_are_refused(bits):
    with pytest.raises(FirelineError, match=r"weight bits: .* use 4 or 8"):
        layer_bits(ARCHITECTURE, bits)


def test_an_unknown_layer_is_refused():
    with pytest.raises(FirelineError, match="no layer has the name 'fire9/"):
        layer_bits(ARCHITECTURE, {"fire9/*": 8})


@pytest.mark.parametrize(
    ("name", "text"), [("bits.toml", '"fire*/squeeze" = 8'), ("bits.json", '{"fire*/squeeze": 8}')]
)
def test_files(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_weight_bits(tmp_path / name) == {"fire*/squeeze": 8}


@pytest.mark.parametrize(
    ("name", "text"), [("bits.toml", "conv1 8"), ("bits.json", "{"), ("bits.json", "[8]")]
)
def test_bad_files_are_refused(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(FirelineError, match=name) as error:
        read_weight_bits(tmp_path / name)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FirelineError, match="no such file"):
        read_weight_bits(tmp_path / "none.toml")
