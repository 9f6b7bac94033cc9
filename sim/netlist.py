"""The netlist that place and route gets, simulated whole: from power-up, with models of its cells.

Nothing in the netlist is changed. The host's own code talks to it over a pseudo-terminal, at the
design's own bit rate, and compares every score with the golden model.
"""

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import numpy as np

from ..errors import ComparisonFailed, FirelineError
from ..host import golden
from ..host.bitstream.steps import Progress
from ..host.link.device import Device
from ..host.network.quantized import QuantizedNetwork
from ..host.tools import PIP, Tools
from ..hw.boards.board import Board
from ..hw.boards.top import BoardTop
from .board import NAME, compilation, running

CELLS = "ecp5_cells.v"
STEP = "verify"

MOST_BYTES = 20_000
"""Bytes of a frame that are still simulated: an estimated ten minutes on an array of 8x8."""

PICTURES = 1
SEED = 1

SECONDS_TO_ANSWER = 3
SECONDS_TO_START = 600
SECONDS_TO_REPEAT = 300
SECONDS_TO_GIVE_UP = 1200


@contextmanager
def verification(
    file: Path, top: BoardTop, network: QuantizedNetwork, progress: Progress, tools: Tools = PIP
) -> Iterator[Callable[[], int]]:
    """Compiles the netlist in a file, Yosys' JSON for ``top``, in the background, beside the file.

    Yields a function that waits for it and runs `compare`. Leaving the context ends what is still
    running. Raises FirelineError for what `to_verilog`, the compilation and `compare` do.
    """
    netlist = json.loads(file.read_text())
    with (
        tempfile.TemporaryDirectory(
            dir=file.parent, prefix="verify-", ignore_cleanup_errors=True
        ) as folder,
        compilation(sources(netlist, top.board), Path(folder), tools) as finish,
    ):
        progress(STEP, "Verilator compiles the netlist")

        def run() -> int:
            program = finish()

            def tell(done: int, all_: int) -> None:
                progress(STEP, f"{done:,} of {all_:,} bytes of a frame")

            return compare(program, top, network, tell)

        yield run


def why_not(network: QuantizedNetwork, streamed: bool) -> str | None:
    """Why the simulation of a frame is refused, and what to do instead; None if it is not."""
    architecture = network.architecture
    size = architecture.height * architecture.width * architecture.channels
    if streamed:
        return (
            "a netlist that streams weights from SDRAM is not simulated, because the SDRAM's pads "
            "have no timing there: leave --verify out, or put the classifier on the chip"
        )
    if size > MOST_BYTES:
        return (
            f"a frame of {size:,} bytes would take hours in the netlist's simulation: leave "
            "--verify out, or verify cifar10 on the same board and array"
        )
    return None


def to_verilog(netlist: dict, board: Board) -> str:
    """A netlist in Yosys' JSON as Verilog, cell by cell, in a module whose clock is the oscillator.

    The module `board` has the ports of every simulated board. Raises FirelineError if the netlist
    lacks a pin of the board.
    """
    top = netlist["modules"]["top"]
    oscillator = f"{board.make_platform().default_clk}_0__io"
    pins = {oscillator: "clk", "uart_0__rx__io": "rx", "uart_0__tx__io": "tx"}
    for pin in pins:
        if pin not in top["ports"]:
            raise FirelineError(f"the netlist has no pin {pin}: build it for a board again")
    cells = [cell for cell in top["cells"].values() if not cell["type"].startswith("$")]
    bits = {bit for cell in cells for pin in cell["connections"].values() for bit in pin}
    bits |= {bit for port in top["ports"].values() for bit in port["bits"]}
    ports = [
        f"  {port['direction']} [{len(port['bits']) - 1}:0] {name}"
        for name, port in top["ports"].items()
    ]
    # A net that a pin shares with its port is one wire, in both directions.
    lines = ["module top(", ",\n".join(ports), ");"]
    lines += [f"  wire n{bit};" for bit in sorted(bit for bit in bits if isinstance(bit, int))]
    for name, port in top["ports"].items():
        for place, bit in enumerate(port["bits"]):
            ends = f"{name}[{place}]", f"n{bit}"
            left, right = ends if port["direction"] == "output" else ends[::-1]
            lines.append(f"  assign {left} = {right};")
    lines += [_instance(number, cell) for number, cell in enumerate(cells)]
    connections = ", ".join(f".{pin}({signal})" for pin, signal in pins.items())
    around = f"module {NAME}(input clk, rst, rx, output tx);\n  top top({connections});\nendmodule"
    return "\n".join([*lines, "endmodule", around, ""])


def sources(netlist: dict, board: Board) -> dict[str, str]:
    """The Verilog files of the simulation, {name: text}."""
    cells = resources.files(__package__).joinpath(CELLS).read_text()
    return {"board.v": to_verilog(netlist, board), CELLS: cells}


def compare(
    program: Path,
    top: BoardTop,
    network: QuantizedNetwork,
    progress: Callable[[int, int], None] | None = None,
    faults: Sequence[str] = (),
) -> int:
    """Runs a compiled netlist from power-up for a frame; returns how many scores it compared.

    The pixels are random, with a fixed seed. ``progress`` is that of `Device.classify`; ``faults``
    are arguments of the models. Raises FirelineError if the design does not answer, if it is of
    another network, and ComparisonFailed if a score differs.
    """
    architecture = network.architecture
    shape = (PICTURES, architecture.height, architecture.width, architecture.channels)
    pictures = np.random.default_rng(SEED).integers(0, 256, shape, dtype=np.uint8)
    mhz = top.board.oscillator_mhz
    compared = 0
    with running(program, round(mhz), faults, mhz, baud=1_000_000) as port:
        try:
            with Device(port, top.baud, SECONDS_TO_ANSWER, SECONDS_TO_START) as device:
                device.check_network(top.system.identity.network)
                device.timeout = SECONDS_TO_REPEAT
                device.patience = device.deadline = SECONDS_TO_GIVE_UP
                for picture, expected in zip(pictures, golden.run(network, pictures), strict=True):
                    scores = device.classify(picture, progress)
                    _equal(scores, expected)
                    compared += len(scores)
        except FirelineError as error:
            raise type(error)(f"the netlist, simulated: {error}") from None
    return compared


def _equal(scores: np.ndarray, expected: np.ndarray) -> None:
    """Raises ComparisonFailed for the first score that differs."""
    for number, (score, right) in enumerate(zip(scores, expected, strict=True)):
        if score != right:
            wrong = sum(a != b for a, b in zip(scores, expected, strict=True))
            raise ComparisonFailed(
                f"{wrong} of {len(expected)} scores differ from the golden model, the first of "
                f"class {number} with {score} instead of {right}: do not use this bitstream, and "
                "report it with the network"
            )


def _instance(number: int, cell: dict) -> str:
    parameters = ", ".join(f".{name}({_value(text)})" for name, text in cell["parameters"].items())
    pins = ", ".join(f".{name}({_nets(bits)})" for name, bits in cell["connections"].items())
    return f"  {cell['type']} #({parameters}) c{number}({pins});"


def _value(text: str) -> str:
    """A parameter: Yosys writes numbers in binary, and a space behind a string that looks so."""
    if re.fullmatch("[01xz]+", text):
        return f"{len(text)}'b{text}"
    return f'"{text[:-1] if re.fullmatch("[01xz]* +", text) else text}"'


def _nets(bits: list) -> str:
    names = [f"n{bit}" if isinstance(bit, int) else f"1'b{bit}" for bit in reversed(bits)]
    return names[0] if len(names) == 1 else f"{{{', '.join(names)}}}"
