"""The data of the report, gathered from a build's folder."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ...errors import FirelineError
from ...hw.boards import find_board
from ...hw.boards.board import Board
from ...hw.program import ArrayShape
from ..bitstream.floorplan import Floorplan
from ..bitstream.slow_paths import SlowPaths
from ..bitstream.summary import FLOORPLAN, NETWORK, SLOW_PATHS, SUMMARY, BuildSummary
from ..compiler.buffers import StreamedHead
from ..compiler.compile import Compiled, compile_network
from ..compiler.resources import Resources, resources
from ..data.dataset import QUIETLY, Reading, load_test
from ..evaluate import Accuracy
from ..network.file import read_network
from ..network.lookup import load_network
from ..network.quantized import QuantizedNetwork
from ..network.shipped import SAMPLES
from .gallery import Gallery, make_gallery
from .roofline import LayerLoad, layer_loads


@dataclass(frozen=True)
class Report:
    """A build: its network, compiled again, and the tools' figures."""

    summary: BuildSummary
    board: Board
    compiled: Compiled
    loads: tuple[LayerLoad, ...]
    resources: Resources
    floorplan: Floorplan
    slow_paths: SlowPaths
    gallery: Gallery | None  # None without pictures

    @property
    def frames_per_second(self) -> float:
        """Frame rate of the core."""
        return self.summary.frames_per_second(self.compiled.timing.cycles)

    @property
    def idle_cycles(self) -> int:
        """Cycles of a frame in which no operation runs."""
        busy = sum(last - first + 1 for first, last in self.compiled.timing.operations)
        return self.compiled.timing.cycles - busy

    def figures(self) -> dict[str, object]:
        """All figures of the page, as values for JSON."""
        summary, compiled, path = self.summary, self.compiled, self.slow_paths.path
        return {
            "network": compiled.network.architecture.name,
            "identifier": summary.network,
            "board": summary.board,
            "device": self.board.device,
            "array": summary.array,
            "tools": summary.tools,
            "clock_mhz": summary.clock_mhz,
            "fmax_mhz": summary.fmax_mhz,
            "frames_per_second": self.frames_per_second,
            "cycles_per_frame": compiled.timing.cycles,
            "idle_cycles": self.idle_cycles,
            "macs": compiled.macs,
            "mac_passes": compiled.mac_passes,
            "utilisation": compiled.utilisation,
            "layers": [
                asdict(load) | {"intensity": load.intensity, "rate": load.rate}
                for load in self.loads
            ],
            "luts": asdict(summary.luts),
            "ffs": asdict(summary.ffs),
            "multipliers": asdict(summary.multipliers),
            "block_rams": asdict(summary.block_rams),
            "memories": [asdict(memory) for memory in self.resources.memories],
            "critical_path": path
            and {
                "start": path.start,
                "end": path.end,
                "nanoseconds": path.nanoseconds,
                "wire_nanoseconds": path.wire_nanoseconds,
            },
            "slow_ends": [end._asdict() for end in self.slow_paths.ends],
            "accuracy": self.gallery and _accuracy(self.gallery.accuracy),
            "notes": dict(compiled.network.notes),
        }


def _accuracy(accuracy: Accuracy) -> dict[str, object]:
    return {
        "images": accuracy.pictures,
        "top1": accuracy.top1,
        "top5": accuracy.top5,
        "same": accuracy.same,
    }


def load_build(folder: str | Path) -> tuple[BuildSummary, Board, Compiled]:
    """The summary of the build in a folder, its board, and its network, compiled again.

    Raises FirelineError if there is no build, or if its files are damaged or do not match.
    """
    folder = Path(folder)
    summary = BuildSummary.read(folder / SUMMARY)
    network = read_network(folder / NETWORK)
    try:
        board = find_board(summary.board)
        array = ArrayShape(*map(int, summary.array.split("x")))
    except (AttributeError, TypeError, ValueError):
        raise FirelineError(f"{folder / SUMMARY} names no array: build again") from None
    head = None
    if summary.head_rows:
        head = StreamedHead(summary.head_rows, summary.head_overlaid, summary.clock_mhz)
    compiled = compile_network(network, array, head=head)
    identifier = f"{compiled.program.identifier:08x}"
    if identifier != summary.network:
        raise FirelineError(
            f"{folder / NETWORK} is network {identifier}, but {summary.network} was built: "
            "build again"
        )
    return summary, board, compiled


def load_report(
    folder: str | Path,
    data: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    reading: Reading = QUIETLY,
) -> Report:
    """Reads a build's folder and classifies the labelled pictures in the folder ``data``.

    Without ``data``, the shipped network classifies the shipped pictures. Raises FirelineError if
    there is no build, or if its files are damaged or do not match.
    """
    summary, board, compiled = load_build(folder)
    floorplan = Floorplan.read(Path(folder) / FLOORPLAN)
    slow_paths = SlowPaths.read(Path(folder) / SLOW_PATHS)
    network = compiled.network
    gallery = None
    if pictures := data or _samples(network):
        shown = load_test(pictures, network.architecture, network.class_names, reading)
        gallery = make_gallery(network, shown, progress)
    return Report(
        summary=summary,
        board=board,
        compiled=compiled,
        loads=tuple(layer_loads(compiled)),
        resources=resources(compiled.program),
        floorplan=floorplan,
        slow_paths=slow_paths,
        gallery=gallery,
    )


def _samples(network: QuantizedNetwork) -> Path | None:
    """The shipped pictures, if the network has their shape and their classes."""
    for name, folder in SAMPLES.items():
        shipped = load_network(name)
        same = shipped.architecture == network.architecture
        if same and shipped.class_names == network.class_names:
            return folder
    return None
