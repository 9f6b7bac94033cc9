"""The files of a build's folder, made without the tools."""

import json
from pathlib import Path

from fireline.host.bitstream.floorplan import Floorplan
from fireline.host.bitstream.slow_paths import SlowPaths
from fireline.host.bitstream.summary import (
    FLOORPLAN,
    NETWORK,
    SLOW_PATHS,
    SUMMARY,
    BuildSummary,
    Usage,
)
from fireline.host.compiler.compile import Compiled
from fireline.host.network.file import write_network
from fireline.hw.selftest.plan import SelfTestPlan

CONFIGURATION = """\
.device LFE5U-25F

.tile R2C3:PLC2
arc: A1 H02E0101
arc: E1_H02E0001 V02S0101
word: SLICEA.K0.INIT 1010101010101010
word: SLICEA.K1.INIT 0000000000000000
word: SLICED.K0.INIT 0000000000001110
enum: SLICEA.REG0.SD 1
enum: SLICEA.REG0.REGSET RESET
enum: SLICEB.REG1.SD 0

.tile CIB_R22C5:CIB_EBR
arc: JA0 H01W0000

.tile PLL0_LL:PLL0_LL
enum: MODE EHXPLLL
word: SLICEA.K0.INIT 1

.tile_group MIB_R22C5:MIB_EBR0 MIB_R22C6:MIB_EBR1
enum: EBR0.MODE DP16KD

.tile_group MIB_R13C4:MIB_DSP0 MIB_R13C4:MIB2_DSP0
enum: MULT18_0.MODE MULT18X18D
enum: MULT18_0.CLK0_DIV ENABLED
enum: MULT18_1.MODE MULT18X18D

.bram_init 3
000 000
"""


def hop(kind: str, delay: float, column: int, row: int, cell: str) -> dict:
    end = {"cell": cell, "loc": [column, row], "port": "Q"}
    return {"type": kind, "delay": delay, "from": end, "to": end}


def end(event: str, delay: float, cell: str) -> dict:
    return {"event": event, "delay": [delay / 2, delay], "cell": cell, "port": "DI"}


REPORT = {
    "critical_paths": [
        {"from": "<async>", "to": "posedge clk", "path": [hop("routing", 99.0, 0, 0, "pin")]},
        {
            "from": "posedge clk",
            "to": "posedge clk",
            "path": [
                hop("clk-to-q", 0.5, 3, 2, "first"),
                hop("routing", 2.25, 5, 22, "ram"),
                hop("setup", 0.25, 5, 22, "last"),
            ],
        },
        {"from": "slow", "to": "slow", "path": [hop("routing", 2.75, 1, 1, "another clock's")]},
    ],
    "detailed_net_timings": [
        {
            "event": "posedge clk",
            "endpoints": [
                end("posedge clk", 3.0, "core.last$12_TRELLIS_FF_Q_3"),
                end("posedge clk", 2.8, "core.last$12_TRELLIS_FF_Q"),
                end("posedge clk", 2.9, "core$7.lines.memory.0.12$DPRAM_COMB3"),
                end("posedge clk", 2.6, "core.quick.0.0"),
                end("posedge slow", 99.0, "another clock's"),
            ],
        }
    ],
}


def floorplan(folder: Path) -> Floorplan:
    """The floorplan of CONFIGURATION."""
    file = folder / "seed1.config"
    file.write_text(CONFIGURATION)
    plan = Floorplan.of("LFE5U-25F", file)
    file.unlink()
    return plan


def summary(compiled: Compiled) -> BuildSummary:
    return BuildSummary(
        board="ulx3s-25f",
        network=f"{compiled.program.identifier:08x}",
        baud=2_000_000,
        clock_mhz=50.0,
        fmax_mhz=62.5,
        luts=Usage(4_321, 24_288),
        ffs=Usage(1_234, 24_288),
        multipliers=Usage(8, 28),
        block_rams=Usage(5, 56),
        seed=3,
        bitstream="fireline.bit",
        array=str(compiled.program.array),
        tools={"yosys": "0.70, from pip", "nextpnr-ecp5": "0.9-3, from PATH"},
    )


def leave(compiled: Compiled, folder: Path) -> Path:
    """Writes the files that a build of the network would write; returns the folder."""
    summary(compiled).write(folder / SUMMARY)
    write_network(compiled.network, folder / NETWORK)
    floorplan(folder).write(folder / FLOORPLAN)
    SlowPaths.of(REPORT).write(folder / SLOW_PATHS)
    return folder


def change(file: Path, **values) -> None:
    """Replaces fields of a JSON file."""
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def leave_selftest(plan: SelfTestPlan, folder: Path) -> None:
    """Writes the summary that a build of the self-test would write, and an empty bitstream."""
    folder.mkdir(parents=True)
    (folder / "fireline.bit").touch()
    BuildSummary(
        board=plan.board.name,
        network="00000000",
        baud=1_000_000,
        clock_mhz=plan.core_mhz,
        fmax_mhz=plan.core_mhz + 10,
        luts=Usage(4_321, 24_288),
        ffs=Usage(1_234, 24_288),
        multipliers=Usage(24, 28),
        block_rams=Usage(56, 56),
        seed=1,
        bitstream="fireline.bit",
    ).write(folder / SUMMARY)
