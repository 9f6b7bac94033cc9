"""The fixed latencies that the compiler's cycle model counts with."""

from dataclasses import dataclass

from .array.mac_array import MacArray
from .fire.issue import ADDRESS_CYCLES, ROM_ADDRESS_CYCLES
from .fire.sequencer import FETCH_CYCLES
from .lib.skid_buffer import SkidBuffer
from .memory.ram import Ram
from .memory.rom import Rom
from .output.average import ScoreAccumulator
from .output.drain import Drain
from .output.requantize import Requantizer
from .output.store import Store
from .program import Program


@dataclass(frozen=True)
class Latency:
    """Cycles from one event to the next, nothing in the way.

    `fetch`: between two operations being taken. `start`: from an operation being taken to its first
    word. `read`: from a word being issued to its activations being read. `load`: from a group's
    last word to its sums leaving the result queue. `credit`: from then to the first cycle in which
    a group's last word can take the place. `beat`: from sums leaving the queue to their first beat.
    `write`: from a beat to the first cycle in which its word can be read. `score`: from a frame's
    last beat to its first score.
    """

    fetch: int
    start: int
    read: int
    load: int
    credit: int
    beat: int
    write: int
    score: int

    @classmethod
    def of(cls, program: Program) -> "Latency":
        """Of the accelerator that is generated from the program."""
        queue = 1
        values = Rom.LATENCY + Requantizer.LATENCY  # with their parameters
        return cls(
            fetch=FETCH_CYCLES,
            start=4,
            read=ADDRESS_CYCLES,
            load=ROM_ADDRESS_CYCLES + Rom.LATENCY + MacArray.latency(program.array.ci) + queue,
            credit=2,
            beat=Drain.LATENCY,
            write=values + Store.latency(program) + Ram.WRITE_LATENCY,
            score=values + ScoreAccumulator.LATENCY + SkidBuffer.LATENCY,
        )
