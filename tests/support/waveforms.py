"""Waveforms of simulations: written for every test on request, and read back in tests."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from amaranth.sim import Simulator as AmaranthSimulator
from fireline.sim import verilator
from fireline.sim.simulator import Simulator as CocotbSimulator


class Waveforms:
    """A pytest plugin: every simulation writes a waveform to a folder, named after its test.

    A test's later simulations get a number behind the name. Two kinds of simulation take part:
    Amaranth's simulator, and Verilator with cocotb (`fireline.sim.simulator`).
    """

    def __init__(self, folder: Path):
        self.folder = folder.absolute()
        self.name, self.count = "outside-of-tests", 0
        self.open = ExitStack()  # the waveforms of the current test

    def pytest_sessionstart(self) -> None:
        """Replaces the methods that run simulations."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.patch = pytest.MonkeyPatch()
        for method in ("run", "run_until", "advance"):
            self._patch_amaranth(method)
        self._patch_cocotb()

    def pytest_sessionfinish(self) -> None:
        self.patch.undo()

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        parts = re.sub(r"[^\w.=+-]+", "-", item.nodeid.removeprefix("tests/").replace(".py::", "-"))
        self.name, self.count = parts.strip("-")[:200], 0

    def pytest_runtest_teardown(self) -> None:
        self.open.close()

    def next_file(self) -> Path:
        """The file for the next simulation of the current test."""
        self.count += 1
        number = f"-{self.count}" if self.count > 1 else ""
        return self.folder / f"{self.name}{number}.vcd"

    def _patch_amaranth(self, method: str) -> None:
        original, traced = getattr(AmaranthSimulator, method), "_fireline_traced"

        def run(simulator, *args, **options):
            if not hasattr(simulator, traced):
                setattr(simulator, traced, True)
                self.open.enter_context(simulator.write_vcd(str(self.next_file())))
            return original(simulator, *args, **options)

        self.patch.setattr(AmaranthSimulator, method, run)

    def _patch_cocotb(self) -> None:
        original = CocotbSimulator.run

        def run(simulator, module, arguments, folder, vcd=None):
            return original(simulator, module, arguments, folder, vcd or self.next_file())

        self.patch.setattr(CocotbSimulator, "run", run)
        self.patch.setattr(verilator, "OPTIONS", (*verilator.OPTIONS, "--trace"))
        self.patch.setattr(verilator, "MAKE_OPTIONS", (*verilator.MAKE_OPTIONS, "VM_TRACE=1"))


@dataclass
class Waveform:
    """The part of a VCD file that tests look at."""

    names: set[str] = field(default_factory=set)  # such as harness.accelerator.pixel_data
    rises: dict[str, int] = field(default_factory=dict)  # rising edges of each one-bit signal


def read_vcd(path: Path) -> Waveform:
    """Reads a VCD file (IEEE 1364-2005, section 18); AssertionError if it is not one."""
    waveform, codes, scope = Waveform(), {}, []
    with path.open() as file:
        tokens = _tokens(file)
        for word in tokens:
            if word == "$enddefinitions":
                break
            if word == "$scope":
                _, name = next(tokens), next(tokens)
                scope.append(name)
            elif word == "$upscope":
                scope.pop()
            elif word == "$var":
                _, width, code, name = (next(tokens) for _ in range(4))
                waveform.names.add(".".join([*scope, name]))
                if width == "1":
                    codes.setdefault(code, []).append(".".join([*scope, name]))
        else:
            raise AssertionError(f"{path} has no $enddefinitions")
        values: dict[str, str] = {}
        for word in tokens:
            code = word[1:]
            if word[0] in "01" and code in codes:
                if word[0] == "1" and values.get(code) == "0":
                    for name in codes[code]:
                        waveform.rises[name] = waveform.rises.get(name, 0) + 1
                values[code] = word[0]
    return waveform


def _tokens(lines) -> Iterator[str]:
    for line in lines:
        yield from line.split()
