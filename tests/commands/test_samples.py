"""The pictures of the shipped network."""

import csv

from PIL import Image
from support.command_line import complains, runs


def test_samples(tmp_path):
    runs("samples", "cifar10", "-o", tmp_path / "new" / "samples")
    with (tmp_path / "new" / "samples" / "labels.csv").open() as table:
        names = [row["file"] for row in csv.DictReader(table)]
    assert len(names) == 100
    for name in names:
        with Image.open(tmp_path / "new" / "samples" / name) as picture:
            assert picture.size == (32, 32)


def test_other_labels_stay(tmp_path):
    (tmp_path / "labels.csv").write_text("file,class\nmine.png,0\n")
    assert "has another labels.csv" in complains("samples", "cifar10", "-o", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.csv"]
    assert "mine.png" in (tmp_path / "labels.csv").read_text()


def test_samples_again(tmp_path):
    for _ in range(2):
        runs("samples", "cifar10", "-o", tmp_path)
