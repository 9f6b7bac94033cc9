"""A file with another network than the one that was named."""

import dataclasses

import pytest
from fireline.errors import FirelineError
from fireline.host.network.architecture import Bypass, Conv1, Fire, MaxPool
from fireline.host.network.families import family
from fireline.host.onnx.importer import import_onnx
from support.networks.onnx_networks import BASE, CONV1, SMALL, STACKS, Zoo


def test_pools_of_other_windows(tmp_path):
    """A pool without ceil mode is another one if a map has even sides, in both sizes."""
    floor = CONV1, MaxPool(3, ceil=False), Fire(4, 5, 6)
    ceil = CONV1, MaxPool(), Fire(4, 5, 6)
    even, odd = (dataclasses.replace(BASE, height=side, width=side) for side in (23, 21))
    paths = [
        Zoo(dataclasses.replace(size, stages=floor)).save(tmp_path / f"{size.height}.onnx")
        for size in (even, odd)
    ]
    import_onnx(paths[0], dataclasses.replace(even, stages=floor))
    import_onnx(paths[0], dataclasses.replace(odd, stages=ceil))
    import_onnx(paths[1], dataclasses.replace(even, stages=ceil))
    reason = "MaxPool 'r2' is a max pool with ceil False, but small has ceil True; use a TOML file"
    with pytest.raises(FirelineError, match=reason):
        import_onnx(paths[0], dataclasses.replace(even, stages=ceil))
    with pytest.raises(FirelineError, match="is a max pool with kernel 3, ceil True, but small"):
        import_onnx(paths[1], dataclasses.replace(odd, stages=(CONV1, MaxPool(2, ceil=False))))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"stages": (Conv1(9, 5, 2, 1), *STACKS["complex"][1:])},
            "Conv 'r0' is conv1 with channels 8, kernel 3, but small has channels 9, kernel 5; "
            "use a TOML file",
        ),
        (
            {"stages": (Conv1(8, 3, 1, 1), *STACKS["complex"][1:])},
            "stride 2, but small has stride 1",
        ),
        ({"stages": (CONV1, *STACKS["complex"][2:])}, "is a max pool where small has a Fire"),
        ({"stages": STACKS["complex"][:3]}, "is a Fire where small has the classifier"),
        (
            {"stages": (*STACKS["complex"], MaxPool())},
            "Conv 'r[0-9]+' is the classifier where small has a max pool",
        ),
        (
            {"stages": (*STACKS["complex"][:3], Fire(2, 5, 6))},
            "Add 'r[0-9]+' is a Fire with bypass simple, but small has bypass none",
        ),
        ({"classes": 8}, "Conv 'r[0-9]+' has 7 classes, but small has 8"),
    ],
)
def test_another_architecture(tmp_path, changes, reason):
    builder = Zoo(SMALL["complex"])
    for node in builder.model.graph.node:
        node.op_type = "Add" if node.op_type == "Sum" else node.op_type
    path = builder.save(tmp_path / "w.onnx")
    with pytest.raises(FirelineError, match=reason) as error:
        import_onnx(path, dataclasses.replace(SMALL["complex"], **changes))
    assert str(error.value).startswith(f"weights {path}: ") and "\n" not in str(error.value)


def test_another_family(tmp_path):
    path = Zoo(family("squeezenet1_1")).save(tmp_path / "squeezenet1_1.onnx")
    reason = "channels 64, kernel 3, but squeezenet1_0 has channels 96, kernel 7; "
    with pytest.raises(FirelineError, match=f"{reason}use --arch squeezenet1_1$"):
        import_onnx(path, family("squeezenet1_0"))
    fewer = Zoo(family("squeezenet1_1", classes=9)).save(tmp_path / "fewer.onnx")
    with pytest.raises(FirelineError, match=r"use a TOML file that describes this network$"):
        import_onnx(fewer, family("squeezenet1_0"))
    simple = family("squeezenet1_1", Bypass.SIMPLE)
    reason = "bypass none, but squeezenet1_1-simple has bypass simple; use --arch squeezenet1_1$"
    with pytest.raises(FirelineError, match=reason):
        import_onnx(path, simple)
