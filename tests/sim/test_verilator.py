"""Which missing programs are reported."""

import pytest
from fireline.errors import FirelineError
from fireline.sim import verilator


@pytest.mark.parametrize("tool, package", verilator.COMPILERS.items())
def test_each_missing_tool_is_reported(tool, package, monkeypatch):
    monkeypatch.setattr(verilator.shutil, "which", lambda name: None if name == tool else name)
    with pytest.raises(FirelineError) as error:
        verilator.check_compilers()
    assert str(error.value) == f"{tool} is missing; on Debian: apt install {package}"
