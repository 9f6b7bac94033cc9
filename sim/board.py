"""A whole simulated board on a pseudo-terminal; the host's own code talks to it."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from ..errors import FirelineError
from ..host.tools import PIP, Tools
from ..hw.lib.verilog import convert
from ..hw.link.protocol import Identity
from ..hw.sdram.chip import SdramGeometry, SdramTiming
from ..hw.sdram.contents import SdramContents
from ..hw.system import SerialSystem, streamed_weights
from . import cache as caches
from .sdram import SOURCE, SimulatedSdram, model_source
from .verilator import MAKE_OPTIONS, PACKAGE_MAKE_OPTIONS

NAME = "board"
DIVISOR = 4
"""Clock cycles a bit, the minimum; with a real board's 25, most simulated cycles would be idle."""

CLOCK_MHZ = 100.0
"""The simulated board's clock, at which the SDRAM's model checks its timings."""

OPTIONS = (
    *("--cc", "--exe", "--build", "--build-jobs", "0", "-O3", "-Wno-fatal", "--timing"),
    *("-LDFLAGS", "-lutil"),
    *("-MAKEFLAGS", " ".join((*MAKE_OPTIONS, *PACKAGE_MAKE_OPTIONS))),
)


class SimulatedBoard(wiring.Component):
    """A core with its serial line and, if its weights are streamed, an SDRAM chip for them.

    Parameters
        core: the accelerator, or a stub with its ports
        identity: the network that the board reports
        contents: the SDRAM contents of streamed weights; None if all weights are in the core
        divisor: clock cycles a bit
    Members
        rx: In, serial data from the host
        tx: Out, serial data to the host
    """

    def __init__(
        self,
        core: wiring.Component,
        identity: Identity,
        contents: SdramContents | None,
        divisor: int,
    ):
        self.weights = streamed_weights(contents, CLOCK_MHZ) if contents else None
        self.system = SerialSystem(core, identity, divisor, self.weights)
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.system = system = self.system
        m.d.comb += [system.rx.eq(self.rx), self.tx.eq(system.tx)]
        if self.weights:
            m.submodules.chip = chip = SimulatedSdram(SdramGeometry(), SdramTiming(), CLOCK_MHZ)
            connect(m, system.memory, chip.pins)
        return m


@contextmanager
def simulated_board(
    core: wiring.Component,
    identity: Identity,
    *,
    contents: SdramContents | None = None,
    faults: Sequence[str] = (),
    divisor: int = DIVISOR,
    cache: Path = caches.CACHE,
    tools: Tools = PIP,
) -> Iterator[str]:
    """Runs a `SimulatedBoard` in Verilator; yields the name of its serial port.

    ``faults`` are arguments of the SDRAM's model, without the plus sign. Raises FirelineError when
    a tool is missing, the compilation fails or the system has no pseudo-terminal.
    """
    board = SimulatedBoard(core, identity, contents, divisor)
    sources = {"board.v": convert(board, NAME)} | ({SOURCE: model_source()} if contents else {})
    program = compile_board(sources, cache.expanduser(), tools)
    with running(program, divisor, faults) as port:
        yield port


@contextmanager
def running(
    program: Path,
    divisor: int = DIVISOR,
    faults: Sequence[str] = (),
    clock_mhz: float = CLOCK_MHZ,
    baud: int = 0,
) -> Iterator[str]:
    """Runs a compiled board; yields the name of its serial port.

    ``divisor`` counts cycles of the pin ``clk`` a bit; ``clock_mhz`` is the frequency of that pin.
    With ``baud`` the divisor is that of this bit rate, and bits are as short as the port's speed
    makes them; else the port's speed does not matter.
    """
    half_cycle = round(1e9 / (2 * clock_mhz))  # femtoseconds
    process = subprocess.Popen(
        [program, str(divisor), str(half_cycle), str(baud), *(f"+{fault}" for fault in faults)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            if not port:
                raise FirelineError(
                    "the simulated board got no pseudo-terminal; check that /dev/pts is mounted"
                )
            yield port
        finally:
            process.kill()


def compile_board(sources: Mapping[str, str], cache: Path, tools: Tools = PIP) -> Path:
    """The program that simulates Verilog files, {name: text}, unless ``cache`` has it already."""
    main = _main()
    verilator = tools.find("verilator")
    tool = str(verilator.path), str(verilator.path.stat().st_mtime_ns)
    finished = cache / caches.digest([*sources.values(), main, *tool, *OPTIONS])
    if not caches.is_kept(finished):
        with caches.scratch(cache) as folder:
            with compilation(sources, folder, tools) as finish:
                program = finish()
            caches.settle(program.parent, finished)
    return finished / f"V{NAME}"


@contextmanager
def compilation(
    sources: Mapping[str, str], folder: Path, tools: Tools = PIP
) -> Iterator[Callable[[], Path]]:
    """Compiles the simulation of Verilog files in ``folder`` in the background.

    Yields a function that waits for the program and returns it. Leaving the context ends a
    compilation that is still running. Raises FirelineError if Verilator is missing; the function
    does so if the compilation fails.
    """
    verilator = tools.find("verilator").path
    for file, text in (*sources.items(), ("board.cpp", _main())):
        (folder / file).write_text(text)
    command = [str(verilator), *OPTIONS, "--top-module", NAME, "--Mdir", "build"]
    environment = {name: value for name, value in os.environ.items() if name != "VERILATOR_ROOT"}
    environment |= {"TMPDIR": str(folder)}  # a compiler that is ended leaves files there
    log = folder / "verilator.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, *sources, "board.cpp"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its compilers end with it
        )

    def finish() -> Path:
        if process.wait():
            lines = log.read_text(errors="replace").strip().splitlines() or ["no message"]
            error = next((line for line in lines if "%Error" in line), lines[-1])
            raise FirelineError(f"compiling the simulated board: {error.strip()}")
        return folder / "build" / f"V{NAME}"

    with process:
        try:
            yield finish
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _main() -> str:
    return resources.files(__package__).joinpath("board.cpp").read_text()
