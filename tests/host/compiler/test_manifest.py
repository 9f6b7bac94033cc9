import json
import re
import zlib

import pytest
from fireline.errors import FirelineError
from fireline.host.compiler.buffers import StreamedHead
from fireline.host.compiler.compile import compile_network
from fireline.host.compiler.manifest import manifest, write_verilog
from fireline.host.network.architecture import Architecture, Conv1, Fire, MaxPool, Preprocessing
from fireline.host.network.random_network import random_network
from fireline.hw.program import ArrayShape


@pytest.fixture(scope="module")
def compiled():
    grey = Preprocessing("grey", 1.0, (0.0,), (255.0,))
    stages = (Conv1(8, 3, 1, 1), MaxPool(), Fire(4, 8, 8))
    network = random_network(Architecture("tiny", 1, 8, 8, grey, stages, 3, last_relu=False), 0)
    return compile_network(network, ArrayShape(4, 4))


@pytest.fixture(scope="module")
def streamed(compiled):
    return compile_network(compiled.network, ArrayShape(4, 4), head=StreamedHead(2))


@pytest.mark.parametrize("name", ["compiled", "streamed"])
def test_the_manifest_names_the_ports_of_the_module(name, request, tmp_path):
    compiled = request.getfixturevalue(name)
    written = write_verilog(compiled, tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    files = ["fireline.v", *(["head.bin"] if compiled.class_blocks else []), "manifest.json"]
    assert sorted(path.name for path in folder.iterdir()) == files
    assert json.loads((folder / "manifest.json").read_text()) == written == manifest(compiled)
    text = (folder / "fireline.v").read_text()
    (module,) = re.findall(rf"^module {written['module']}\((.*?)^endmodule", text, re.M | re.S)
    declared = re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", module, re.M)
    found = {name: (way, int(high or 0) + 1) for way, high, name in declared}
    assert found == {port["name"]: (port["direction"], port["bits"]) for port in written["ports"]}
    assert str(tmp_path) not in text


def test_scores_become_logits(compiled):
    network, described = compiled.network, manifest(compiled)["scores"]
    assert described["scale"] == network.score_scale > 0
    assert described["offset"] == network.score_offset > 0


def test_the_manifest_lists_cycles_and_memories(compiled):
    described = manifest(compiled)
    assert described["cycles_per_frame"] == compiled.timing.cycles
    assert described["latency_cycles"] == compiled.timing.latency
    assert described["pixels"]["channels"] == 1 and described["scores"]["classes"] == 3
    weights = next(each for each in described["memories"] if each["name"] == "weights")
    assert weights["words"] == len(compiled.program.weights)


@pytest.mark.parametrize("name", ["compiled", "streamed"])
def test_the_manifest_says_how_every_stream_is_used(name, request):
    described = manifest(request.getfixturevalue(name))
    rules = described["handshake"]
    text = " ".join([*rules, *rules.values()])
    for port in described["ports"]:
        if port["name"].endswith(("_valid", "_wanted")) or port["name"] == "abort":
            assert port["name"] in text
    assert ("weights" in rules) == (described["head"] is not None)


def test_the_manifest_describes_what_is_streamed(compiled, streamed, tmp_path):
    assert manifest(compiled)["head"] is None
    head = write_verilog(streamed, tmp_path)["head"]
    contents = (tmp_path / head["file"]).read_bytes()
    assert contents == streamed.class_blocks
    assert len(contents) == 2 * head["blocks"] * head["block_words"]
    assert zlib.crc32(contents) == int(head["crc32"], 16)


def test_a_folder_that_cannot_be(compiled, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FirelineError, match="choose another place"):
        write_verilog(compiled, tmp_path / "file" / "folder")
