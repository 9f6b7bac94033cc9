"""`pytest --vcd DIR`: every simulation writes a waveform, named after its test."""

from types import SimpleNamespace

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator as AmaranthSimulator
from fireline.sim import verilator
from fireline.sim.simulator import Simulator as CocotbSimulator
from support.waveforms import Waveforms, read_vcd

NODE = "tests/hw/test_counter.py::test_it[0.5-a b]"
NAME = "hw-test_counter-test_it-0.5-a-b"


@pytest.fixture
def waveforms(tmp_path):
    """The plugin in the middle of a test."""
    plugin = Waveforms(tmp_path / "waveforms")
    plugin.pytest_sessionstart()
    plugin.pytest_runtest_setup(SimpleNamespace(nodeid=NODE))
    yield plugin
    plugin.pytest_sessionfinish()


def simulate_counter(pauses: list[int]) -> None:
    """Runs a counter in Amaranth's simulator, in several steps, up to cycle `pauses[-1]`."""
    m, count = Module(), Signal(8)
    m.d.sync += count.eq(count + 1)
    simulator = AmaranthSimulator(m)
    simulator.add_clock(1e-6)
    for cycles in pauses:
        simulator.run_until(1e-6 * cycles)


def test_amaranths_simulations_are_numbered_and_whole(waveforms):
    simulate_counter([5, 10])
    simulate_counter([3])
    waveforms.pytest_runtest_teardown()
    first, second = (read_vcd(waveforms.folder / f"{NAME}{end}.vcd") for end in ("", "-2"))
    assert "bench.top.count" in first.names
    assert (first.rises["bench.top.clk"], second.rises["bench.top.clk"]) == (10, 3)
    assert len(list(waveforms.folder.iterdir())) == 2


def test_verilators_simulations_are_traced(tmp_path, monkeypatch):
    files = []
    monkeypatch.setattr(CocotbSimulator, "run", lambda *arguments: files.append(arguments[-1]))
    options = verilator.OPTIONS
    plugin = Waveforms(tmp_path)
    plugin.pytest_sessionstart()
    plugin.pytest_runtest_setup(SimpleNamespace(nodeid=NODE))
    simulator = CocotbSimulator(tmp_path, "top")
    simulator.run("module", {}, tmp_path)
    simulator.run("module", {}, tmp_path, tmp_path / "own.vcd")
    assert files == [tmp_path / f"{NAME}.vcd", tmp_path / "own.vcd"]
    assert "--trace" in verilator.OPTIONS and "VM_TRACE=1" in verilator.MAKE_OPTIONS
    plugin.pytest_sessionfinish()
    assert options == verilator.OPTIONS
