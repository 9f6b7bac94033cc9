"""The queue in front of the requantizer: sums of the array in, beats of a few channels out."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.countdown import Countdown
from ..lib.delay import delay
from ..memory.distributed_ram import DistributedRam
from ..program import QUEUE_DEPTH, Program
from ..tables import Tables, context_layout
from .output_groups import DRAIN_FIELDS, OutputGroups


def beat_layout(program: Program, tables: Tables) -> data.StructLayout:
    """One beat: `sums`, and the control that goes with them through the requantizer.

    `parameters`: address of the channels' parameters; `skip_address`, `skip_part`: word of the skip
    memory, and the beat's part of it. `segment_end`: last beat of the pixel's 1x1 or 3x3 channels;
    `word_end`: last beat of a memory word; `row_end`: of the row. `opening`, `closing`: the beat
    belongs to the first or the last pixel of the map.
    """
    flags = ["valid", "segment_end", "word_end", "row_end", "scores", "opening", "closing", "skip"]
    layer = tables.layer
    return data.StructLayout(
        {
            "sums": data.ArrayLayout(signed(program.accumulator_bits), program.requantizer_lanes),
            "parameters": max(1, (len(program.parameters) - 1).bit_length()),
            "skip_address": max(1, (program.skip_words - 1).bit_length()),
            "skip_part": max(1, (program.array.ci // program.requantizer_lanes - 1).bit_length()),
            "shift": max(layer["pointwise_shift"].width, layer["expand3x3_shift"].width),
            "skip_multiplier": layer["skip_multiplier"].width,
            "skip_shift": layer["skip_shift"].width,
            **{flag: 1 for flag in flags},
        }
    )


GROUP_FIELDS = ("shift", "scores", "opening", "closing", "skip", "skip_multiplier", "skip_shift")
"""The fields that a beat copies from its output group."""


class Drain(wiring.Component):
    """Sends the CO sums of each output group in beats of as many channels as requantizer lanes.

    A queue of `QUEUE_DEPTH` results decouples the array from the requantizer: output groups of few
    words may follow each other faster than their beats leave. The issuer holds one credit per place
    of the queue, so the queue never overflows. For a result whose sums arrive in cycle 0::

        cycle 1              at the earliest: `load`, and `credit` gives its place back
        cycle 1 + LATENCY    the first beat; one beat a cycle follows
        cycle 1 + beats      at the earliest: `load` of the next result

    Parameters
        program, tables: the program and its tables
    Members
        sums, sums_valid: in, a result of the array
        context: stream in, one entry per row operation
        credit: out, a place of the queue is free again
        beat: out, see `beat_layout`
    Latency
        `LATENCY` cycles from the load of a result to its first beat
    Throughput
        one beat a cycle
    """

    LATENCY = 2

    QUEUE_CYCLES = 1
    """From sums at the array's output to their exit from the result queue, at the earliest."""

    def __init__(self, program: Program, tables: Tables):
        self._program, self._tables = program, tables
        sums = data.ArrayLayout(signed(program.accumulator_bits), program.array.co)
        super().__init__(
            {
                "sums": In(sums),
                "sums_valid": In(1),
                "context": In(stream.Signature(context_layout(tables, DRAIN_FIELDS))),
                "credit": Out(1),
                "beat": Out(beat_layout(program, tables)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.groups = groups = OutputGroups(self._program, self._tables)
        wiring.connect(m, wiring.flipped(self.context), groups.i)
        load, busy, last = self._build_control(m, groups.o)
        m.d.comb += self.beat.valid.eq(delay(m, busy, 1, reset_less=False))
        self._build_sums(m, load)
        group = Signal(groups.o.payload.shape(), reset_less=True)
        with m.If(load):
            m.d.sync += group.eq(groups.o.payload)
        self._build_fields(m, delay(m, group, 1), delay(m, last, 1, reset_less=False))
        return m

    def _build_control(self, m, group):
        """When results are loaded, and when beats follow; one cycle ahead of the beats."""
        load, busy, last = Signal(), Signal(), Signal()
        waiting, some = Signal(range(QUEUE_DEPTH + 1)), Signal()  # `some`: waiting > 0
        beats = Countdown(group.payload.last_beat.shape())
        m.d.comb += [
            last.eq(busy & beats.last),
            load.eq(some & group.valid & (~busy | beats.last)),
            group.ready.eq(load),
            self.credit.eq(load),
        ]
        m.d.sync += [
            waiting.eq(waiting + self.sums_valid - load),
            some.eq(self.sums_valid | (waiting > load)),
            busy.eq(load | (busy & ~beats.last)),
        ]
        with m.If(load):
            m.d.sync += beats.load(group.payload.last_beat)
        with m.Else():
            m.d.sync += beats.step()
        return load, busy, last

    def _build_sums(self, m, load):
        """The queue, and the register that holds a result and shifts by one beat a cycle."""
        lanes, co = self._program.requantizer_lanes, self._program.array.co
        m.submodules.queue = queue = DistributedRam(self.sums.shape(), QUEUE_DEPTH)
        oldest, free = Signal(range(QUEUE_DEPTH)), Signal(range(QUEUE_DEPTH))
        loaded = delay(m, load, 1, reset_less=False)
        m.d.sync += [oldest.eq(oldest + loaded), free.eq(free + self.sums_valid)]
        hold = Signal(self.sums.shape(), reset_less=True)
        m.d.comb += [
            queue.write.eq(self.sums_valid),
            queue.write_address.eq(free),
            queue.write_data.eq(self.sums),
            queue.address.eq(oldest + loaded),
            *(self.beat.sums[lane].eq(hold[lane]) for lane in range(lanes)),
        ]
        for pair in routing.slices(co, 2):
            own_load = routing.copy(m, load, reset_less=False)
            for lane in range(pair.start, pair.stop):
                shifted = hold[lane + lanes if lane + lanes < co else lane]
                m.d.sync += hold[lane].eq(Mux(own_load, queue.data[0][lane], shifted))

    def _build_fields(self, m, group, last):
        """The other fields of a beat of `group`; `last` marks the group's last beat."""
        beat, parts = self.beat, self._program.array.ci // self._program.requantizer_lanes
        pixel_end, pixel_start = Signal(), Signal(init=1)
        parameters = Signal(beat.parameters.shape())
        word, part = Signal(beat.skip_address.shape()), Signal(beat.skip_part.shape())
        m.d.comb += [
            pixel_end.eq(last & group.pixel_end),
            beat.segment_end.eq(last & group.segment_end),
            beat.row_end.eq(last & group.row_end),
            beat.word_end.eq(beat.segment_end | (part == parts - 1)),
            beat.parameters.eq(Mux(pixel_start, group.parameters, parameters)),
            beat.skip_address.eq(group.skip_address + word),
            beat.skip_part.eq(part),
            *(beat[name].eq(group[name]) for name in GROUP_FIELDS),
        ]
        with m.If(beat.valid):
            m.d.sync += [
                pixel_start.eq(pixel_end),
                parameters.eq(beat.parameters + 1),
                part.eq(Mux(beat.word_end, 0, part + 1)),
                word.eq(Mux(beat.row_end, 0, word + beat.word_end)),
            ]
