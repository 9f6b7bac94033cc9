"""A build of a small design with the real tools, made once."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from fireline.host.bitstream import build as build_module
from fireline.host.bitstream.summary import BuildSummary
from fireline.hw.boards import find_board
from fireline.hw.boards.top import BoardTop
from fireline.hw.link.protocol import Identity
from support.boards.stub_core import StubCore

IDENTITY = Identity(network=0x0BADCAFE, width=8, height=8, channels=1, classes=3)


@dataclass(frozen=True)
class RealBuild:
    """A build's folder, and a copy of the one in which its tools ran."""

    top: BoardTop
    summary: BuildSummary
    folder: Path
    scratch: Path

    @property
    def written(self) -> Path:
        """nextpnr's configuration."""
        return self.scratch / "seed1.config"

    @property
    def netlist(self) -> dict:
        return json.loads((self.scratch / "top.json").read_text())["modules"]["top"]


@pytest.fixture(scope="session")
def real_build(tmp_path_factory) -> RealBuild:
    """A stub core on a 25F at 50 MHz."""
    folder, scratch = (tmp_path_factory.mktemp("real") / name for name in ("out", "scratch"))
    top = BoardTop(find_board("ulx3s-25f"), StubCore(IDENTITY), IDENTITY, clock_mhz=50.0)
    with pytest.MonkeyPatch.context() as patch:
        check = build_module.check_bitstream

        def copy_and_check(board, clock_mhz, program, ecpunpack, place, *rest):
            checks = check(board, clock_mhz, program, ecpunpack, place, *rest)
            shutil.copytree(place, scratch)
            return checks

        patch.setattr(build_module, "check_bitstream", copy_and_check)
        summary = build_module.build(top, folder)
    return RealBuild(top, summary, folder, scratch)
