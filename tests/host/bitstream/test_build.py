"""Builds: one with the real tools, and others with stand-ins that fail."""

import json
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import pytest
from fireline.errors import FirelineError
from fireline.host.bitstream import build as build_module
from fireline.host.bitstream.floorplan import Floorplan
from fireline.host.bitstream.slow_paths import SlowPaths
from fireline.host.bitstream.summary import BuildSummary
from fireline.host.compiler.compile import compile_network
from fireline.host.network.file import read_network
from fireline.host.tools import KNOWN, Choice, Tools
from fireline.hw.boards import find_board
from fireline.hw.boards.top import BoardTop
from fireline.hw.link.protocol import Identity
from support.boards.stub_core import StubCore
from support.networks.small import TINY, compiled

IDENTITY = Identity(network=0x0BADCAFE, width=8, height=8, channels=1, classes=3)
RESULTS = ["build.json", "fireline.bit", "floorplan.json", "slow_paths.json"]

NETLIST = {"modules": {"top": {"cells": {}, "ports": {}}}}
YOSYS = f"echo synthesizing; echo '{json.dumps(NETLIST)}' > top.json\n"
NEXTPNR = """while [ $# -gt 0 ]; do
  case $1 in
    --seed) seed=$2 ;;
    --report) report=$2 ;;
    --textcfg) config=$2 ;;
  esac
  shift
done
echo "seed $seed" > $config
cat > $report <<END
{"fmax": {"clk": {"achieved": 5$(( (seed * 7) % 10 )).5, "constraint": 50.0}}, "utilization": {
 "TRELLIS_COMB": {"used": 1000, "available": 24288}, "TRELLIS_FF": {"used": 1, "available": 24288},
 "MULT18X18D": {"used": 2, "available": 28}, "DP16KD": {"used": 3, "available": 56}}}
END
"""
ECPPACK = "cp $2 $3\n"
FAIL = "echo 'Info: so far so good'\necho 'ERROR: no room'\nexit 1\n"


@pytest.fixture
def tools(fake_tools, monkeypatch):
    """Stand-ins for the tools; returns a function that installs another."""
    monkeypatch.setattr(
        build_module, "check_bitstream", lambda *_: ["nothing, because no tool is real"]
    )
    scripts = {"yosys": YOSYS, "nextpnr-ecp5": NEXTPNR, "ecppack": ECPPACK, "ecpunpack": ""}
    for name, script in scripts.items():
        fake_tools.install(name, script)
    return fake_tools.install


def build(*arguments, **options) -> BuildSummary:
    """A build by the stand-ins."""
    return build_module.build(*arguments, tools=Tools(Choice.PATH), **options)


def top(**options) -> BoardTop:
    options = {"clock_mhz": 50.0, **options}
    return BoardTop(find_board("ulx3s-25f"), StubCore(IDENTITY), IDENTITY, **options)


def fails(folder, design=None, **options) -> str:
    """Runs a build that must fail and leave nothing behind; returns the line of its error."""
    before = sorted(folder.parent.iterdir())
    with pytest.raises(FirelineError) as error:
        build(design or top(), folder, **options)
    assert sorted(folder.parent.iterdir()) == before
    (line,) = str(error.value).splitlines()
    return line


def test_the_best_seed_is_kept(tools, tmp_path):
    lines = []
    folder = tmp_path / "new" / "out"
    summary = build(top(), folder, seeds=4, workers=2, progress=lambda *line: lines.append(line))
    assert (summary.seed, summary.fmax_mhz, summary.clock_mhz) == (4, 58.5, 50.0)
    assert summary.meets_timing and not replace(summary, clock_mhz=60.0).meets_timing
    assert summary.frames_per_second(1000) == 50_000
    assert replace(summary, clock_mhz=60.0).frames_per_second(1000) == 58_500
    assert (summary.board, summary.network, summary.baud) == ("ulx3s-25f", "0badcafe", 2_000_000)
    assert str(summary.luts) == "1000 of 24288"
    assert (summary.multipliers.used, summary.block_rams.used, summary.ffs.used) == (2, 3, 1)
    assert sorted(path.name for path in folder.iterdir()) == RESULTS
    assert list(folder.parent.iterdir()) == [folder]
    assert (folder / "fireline.bit").read_text() == "seed 4\n"
    assert BuildSummary.read(folder / "build.json") == summary
    assert ("yosys", "synthesizing") in lines


def test_the_placed_netlist_has_local_constants_and_fixed_multipliers(tools, tmp_path):
    pins = {"port_directions": {"RST0": "input"}, "connections": {"RST0": ["0"]}}
    multiplier = {"type": "MULT18X18D", "parameters": {}, "attributes": {}, **pins}
    cells = {"pair0.multiplier0.dsp": multiplier}
    netlist = {"modules": {"top": {"cells": cells, "ports": {}}}}
    tools("yosys", f"echo '{json.dumps(netlist)}' > top.json\n")
    tools("nextpnr-ecp5", NEXTPNR + f"cp top.json {tmp_path}\n")
    build(top(), tmp_path / "out")
    placed = json.loads((tmp_path / "top.json").read_text())["modules"]["top"]["cells"]
    assert [cell["type"] for cell in placed.values()] == ["MULT18X18D", "LUT4"]
    assert "BEL" in placed["pair0.multiplier0.dsp"]["attributes"]


def test_a_verifier_sees_the_netlist_that_is_placed(tools, tmp_path):
    seen = []

    @contextmanager
    def verifier(netlist):
        seen.append(json.loads(netlist.read_text()))
        yield lambda: 3
        seen.append("left")

    tools("verilator")
    summary = build(top(), tmp_path / "out", verifier=verifier)
    assert summary.verified == 3 and seen == [NETLIST, "left"]
    assert BuildSummary.read(tmp_path / "out" / "build.json").verified == 3


def test_a_build_whose_verifier_fails_leaves_nothing(tools, tmp_path):
    def wrong():
        raise FirelineError("1 of 3 scores differ")

    tools("verilator")
    verifier = lambda netlist: nullcontext(wrong)  # noqa: E731
    assert "scores differ" in fails(tmp_path / "out", verifier=verifier)


def test_other_files_in_the_folder_stay(tools, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    build(top(), folder)
    build(top(), folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*RESULTS, "notes.txt"])


@pytest.mark.parametrize(
    "tool, step",
    [("yosys", "yosys"), ("nextpnr-ecp5", "nextpnr-router1-1"), ("ecppack", "ecppack")],
)
def test_a_failing_tool_is_named(tools, tmp_path, tool, step):
    tools(tool, FAIL)
    assert fails(tmp_path / "out") == f"{step} failed: ERROR: no room"


def test_one_seed_may_fail(tools, tmp_path):
    tools("nextpnr-ecp5", NEXTPNR + 'test "$seed" -ne 4 || exit 1\n')
    assert build(top(), tmp_path / "out", seeds=4).seed == 1


def test_an_interrupt_leaves_nothing(tools, tmp_path):
    tools("nextpnr-ecp5", "echo started\nexec sleep 60\n")

    def interrupt(step, line):
        if line == "started":
            raise KeyboardInterrupt

    before = sorted(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        build(top(), tmp_path / "out", progress=interrupt)
    assert sorted(tmp_path.iterdir()) == before


def test_a_full_disk(tools, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fireline.host.bitstream.build.os.replace", full)
    (tmp_path / "out").mkdir()
    assert "No space left on device" in fails(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_where_the_folder_should_be(tools, tmp_path):
    (tmp_path / "out").write_text("")
    assert "is not a folder" in fails(tmp_path / "out", design="not used")


def test_the_compiled_network_is_kept(tools, tmp_path):
    folder, job = tmp_path / "out", compiled(TINY)
    summary = build(top(), folder, compiled=job)
    assert summary.array == "4x4"
    kept = read_network(folder / "network.fireline")
    assert compile_network(kept, job.program.array).program == job.program
    build(top(), folder)
    assert sorted(path.name for path in folder.iterdir()) == RESULTS  # and no old network


def test_a_bitstream_that_fails_its_check_leaves_nothing(tools, tmp_path, monkeypatch):
    def check(board, clock_mhz, program, ecpunpack, scratch, seed, progress):
        assert (scratch / "fireline.bit").read_text() == f"seed {seed}\n"
        raise FirelineError("the bitstream is not what it should be")

    monkeypatch.setattr(build_module, "check_bitstream", check)
    assert fails(tmp_path / "out") == "the bitstream is not what it should be"


def test_what_was_checked_is_recorded(tools, tmp_path):
    summary = build(top(), tmp_path / "out")
    assert summary.checks == ["nothing, because no tool is real"]
    assert BuildSummary.read(tmp_path / "out" / "build.json") == summary


def test_each_tool_is_named_with_its_version(tools, tmp_path):
    for name, version in (("yosys", "0.50+12"), ("ecppack", "1.3-7"), ("verilator", "5.045")):
        tools(name, {"yosys": YOSYS, "ecppack": ECPPACK}.get(name, ""), version)
    expected = {
        "yosys": "0.50+12, from PATH",
        "nextpnr-ecp5": f"{KNOWN['nextpnr-ecp5'].newest}, from PATH",
        "ecppack": "1.3-7, from PATH",
        "ecpunpack": f"{KNOWN['ecpunpack'].newest}, from PATH",
    }
    assert build(top(), tmp_path / "out").tools == expected
    expected["verilator"] = "5.045, from PATH"
    build(top(), tmp_path / "out", verifier=lambda netlist: nullcontext(lambda: 3))
    assert BuildSummary.read(tmp_path / "out" / "build.json").tools == expected


def test_real_tools(real_build):
    summary, folder = real_build.summary, real_build.folder
    assert all(tool.endswith(", from pip") for tool in summary.tools.values())
    assert [*summary.tools] == ["yosys", "nextpnr-ecp5", "ecppack", "ecpunpack"]
    assert summary.meets_timing
    assert 300 < summary.luts.used < 2000
    assert summary.luts.available == find_board("ulx3s-25f").luts
    assert summary.multipliers.available == find_board("ulx3s-25f").multipliers
    assert summary.block_rams.available == find_board("ulx3s-25f").block_rams
    slow = SlowPaths.read(folder / "slow_paths.json")
    assert slow.path.nanoseconds == pytest.approx(1000 / summary.fmax_mhz, rel=0.01)
    assert slow.ends[0].nanoseconds == pytest.approx(slow.path.nanoseconds, rel=0.1)
    tiles = Floorplan.read(folder / "floorplan.json").tiles
    for kind in ("luts", "ffs", "multipliers", "block_rams"):
        assert sum(getattr(tile, kind) for tile in tiles) == getattr(summary, kind).used, kind
    bitstream = (folder / summary.bitstream).read_bytes()
    assert bitstream.startswith(b"\xff\x00") and b"LFE5U-25F" in bitstream[:200]
