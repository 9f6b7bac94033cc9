"""The exported graph."""

import numpy as np
from fireline.host.golden import run as golden
from fireline.host.network.file import read_network
from PIL import Image
from support.command_line import complains, runs


def test_export(net, picture, tmp_path):
    import onnxruntime

    file = tmp_path / "tiny.onnx"
    runs("export", net, "--onnx", file)
    pixels = np.asarray(Image.open(picture))[None]
    session = onnxruntime.InferenceSession(file)
    (scores,) = session.run(None, {"pixels": pixels.transpose(0, 3, 1, 2)})
    assert (scores == golden(read_network(net), pixels)).all()


def test_a_full_disk(net, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fireline.host.files.os.replace", full)
    line = complains("export", net, "--onnx", tmp_path / "tiny.onnx")
    assert "No space left" in line
    assert not list(tmp_path.glob("*.onnx")) and not list(tmp_path.glob("tmp*"))
