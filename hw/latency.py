"""Latencies of the accelerator that is generated from a program.

The accelerator delays its signals by these numbers, and the compiler's cycle model adds them up. To
add a register, change the component or the wire, and the constant beside it; nothing else counts
it.
"""

from dataclasses import dataclass

from .array.mac_array import MacArray
from .array.weight_rom import WeightRom
from .fire.issue import ADDRESS_CYCLES, CREDIT_CYCLES, OPERAND_CYCLES, Issue
from .fire.sequencer import FETCH_CYCLES
from .fire.walker import RowWalker
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
    """Cycles from one event to another, if nothing stalls between them."""

    fetch: int
    """From one row operation's transfer to the next one's, at least."""
    run: int
    """From a row operation's transfer to its first run."""
    start: int
    """From a row operation's transfer to its first word."""

    read: int
    """From a word to the address at the activation memory."""
    read_weights: int
    """From a word to the address at the weight ROM."""
    activation: int
    """From a word to the data at the activation memory's output."""
    array: int
    """From a word to its control bits and activations at the array."""
    load: int
    """From an output group's last word to its sums' exit from the result queue."""
    credit: int
    """From an exit from the result queue to the first last word that can take the place."""

    beat: int
    """From an exit from the result queue to the sums' first beat."""
    parameters: int
    """From a beat at the drain to the beat and its parameters at the requantizer."""
    requantize: int
    """From a beat at the requantizer to its values."""
    write: int
    """From a beat at the drain to the first cycle in which its word can be read."""
    score: int
    """From a frame's last beat at the drain to its first score."""

    @classmethod
    def of(cls, program: Program) -> "Latency":
        """The latencies of the accelerator that is generated from the program."""
        activation = ADDRESS_CYCLES + Ram.LATENCY
        array = activation + OPERAND_CYCLES
        values = Rom.LATENCY + Requantizer.LATENCY
        return cls(
            fetch=FETCH_CYCLES,
            run=RowWalker.RUN_CYCLES,
            start=RowWalker.LATENCY + Issue.LATENCY,
            read=ADDRESS_CYCLES,
            read_weights=array + MacArray.WEIGHT_CYCLES - WeightRom.LATENCY,
            activation=activation,
            array=array,
            load=array + MacArray.latency(program.array.ci) + Drain.QUEUE_CYCLES,
            credit=CREDIT_CYCLES + Issue.CREDIT_LATENCY,
            beat=Drain.LATENCY,
            parameters=Rom.LATENCY,
            requantize=Requantizer.LATENCY,
            write=values + Store.latency(program) + Ram.WRITE_LATENCY,
            score=values + ScoreAccumulator.LATENCY + SkidBuffer.LATENCY,
        )
