"""Training, with and without the hardware's integers."""

from fireline.host.network.file import read_network
from support.command_line import complains, runs

SHORT = ("--epochs", 2, "--batch", 4)


def test_train_and_train_quantized(arch, pictures, tmp_path):
    float_file, network_file = tmp_path / "float.safetensors", tmp_path / "tuned.fireline"
    common = ("train", "--arch", arch, "--data", pictures, *SHORT)
    assert "epoch 2: loss" in runs(*common, "-o", float_file).stdout
    runs(*common, "-o", network_file, "--from", float_file, "--quantize")
    network = read_network(network_file)
    assert network.convs["conv1"].bits == 8 and network.convs["fire2/squeeze"].bits == 4
    assert network.class_names == ("a", "b", "c")


def test_training_quantized_needs_weights(arch, pictures, tmp_path):
    options = ("--arch", arch, "--data", pictures, "-o", tmp_path / "x.fireline", "--quantize")
    assert "--from" in complains("train", *options)
    assert "0 is not in the range" in complains("train", *options, "--epochs", 0)
