"""The pictures of the shipped network."""

import csv

from PIL import Image
from support.command_line import runs


def test_samples(tmp_path):
    runs("samples", "cifar10", "-o", tmp_path / "new" / "samples")
    with (tmp_path / "new" / "samples" / "labels.csv").open() as table:
        names = [row["file"] for row in csv.DictReader(table)]
    assert len(names) == 100
    for name in names:
        with Image.open(tmp_path / "new" / "samples" / name) as picture:
            assert picture.size == (32, 32)
