"""Training, with and without the hardware's integers."""

from fireline.host.float_network.checkpoint.load import load_checkpoint
from fireline.host.network.file import read_network
from fireline.host.network.lookup import resolve
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


def test_training_without_last_relu(arch, pictures, tmp_path):
    """The weights file remembers it, so it can neither be forgotten nor be mixed up."""
    float_file, network_file = tmp_path / "float.safetensors", tmp_path / "tuned.fireline"
    common = ("train", "--arch", arch, "--data", pictures, *SHORT)
    runs(*common, "--no-last-relu", "-o", float_file)
    assert load_checkpoint(float_file, resolve(arch)).architecture.last_relu is False
    shown = runs(*common, "-o", network_file, "--from", float_file, "--quantize").stdout
    assert "no last ReLU: all classes have the offset" in shown
    assert not read_network(network_file).architecture.last_relu
    again = (*common, "-o", tmp_path / "again.safetensors", "--from", float_file)
    assert "have no ReLU behind the classifier" in complains(*again)
    runs(*again, "--no-last-relu")


def test_training_quantized_needs_weights(arch, pictures, tmp_path):
    options = ("--arch", arch, "--data", pictures, "-o", tmp_path / "x.fireline", "--quantize")
    assert "--from" in complains("train", *options)
    assert "0 is not in the range" in complains("train", *options, "--epochs", 0)
