from fireline.host.compiler.plan import plan_layers
from fireline.host.network.architecture import Conv1
from support.networks.small import fire, network

PLAN = plan_layers(
    network(
        Conv1(22, 1, 1, 0), "pool", fire(5, 6, 16, "simple"), fire(20, 6, 17, "complex"), "pool",
        height=9, width=8,
    )
)  # fmt: skip


def test_program_layers_and_their_convolutions():
    assert [(layer.name, [conv.name for conv in layer.convolutions]) for layer in PLAN.layers] == [
        ("conv1", ["conv1"]),
        ("fire2/squeeze", ["fire2/squeeze"]),
        ("fire2", ["fire2/expand1x1", "fire2/expand3x3"]),
        ("fire3/squeeze", ["fire3/squeeze"]),
        ("fire3/bypass", ["fire3/bypass"]),
        ("fire3", ["fire3/expand1x1", "fire3/expand3x3"]),
        ("conv4", ["conv4"]),
    ]


def test_what_each_reads_and_writes():
    def name(each):
        return each and each.name

    assert {
        layer.name: (layer.source.name, layer.is_stored and layer.result.name, name(layer.keep))
        for layer in PLAN.layers
    } == {
        "conv1": ("windows", "pool1", "fire2"),
        "fire2/squeeze": ("pool1", "fire2/squeeze", None),
        "fire2": ("fire2/squeeze", "fire2", None),
        "fire3/squeeze": ("fire2", "fire3/squeeze", None),
        "fire3/bypass": ("fire2", False, "fire3"),
        "fire3": ("fire3/squeeze", "pool2", None),
        "conv4": ("pool2", False, None),
    }
    assert [layer.name for layer in PLAN.layers if layer.skip] == ["fire2", "fire3"]
    sizes = {layer.name: (layer.output.height, layer.output.width) for layer in PLAN.layers}
    assert sizes["conv1"] == (9, 8) and sizes["fire2/squeeze"] == sizes["fire3"] == (4, 4)
    assert sizes["conv4"] == (2, 2)


def test_channels_leave_the_array_as_words_hold_them():
    """The breaks of a Fire that is added to another map apply to both."""
    conv1, fire3 = PLAN.conv1, PLAN.fires[1]
    (outputs,) = conv1.outputs(8)
    assert outputs.tolist() == [
        *range(6), -1, -1, *range(6, 16), -1, -1, -1, -1, -1, -1, *range(16, 22)
    ]  # fmt: skip
    assert [part.tolist() for part in fire3.expand.outputs(8)] == [
        [*range(6)],
        [*range(6, 23)],
    ]
    (outputs,) = fire3.bypass.outputs(8)
    assert outputs.tolist() == [*range(6), -1, -1, *range(6, 23), *[-1] * 7]
    (outputs,) = fire3.squeeze.outputs(8)
    assert outputs.tolist() == [*range(20)]
    parts = [part.tolist() for part in PLAN.fires[0].expand.outputs(8)]
    assert parts == [
        [0, 1, 2, 3, 4, 5],
        [*range(6, 14), 14, 15, -1, -1, -1, -1, -1, -1, *range(16, 22)],
    ]
