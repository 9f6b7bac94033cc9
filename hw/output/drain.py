"""Sums of the array in, beats of a few channels out: the queue in front of the requantizer."""

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
    """One beat: `lanes` sums, where their parameters and their skip word lie, and what it ends.

    `word_end`: last beat of a memory word (`segment_end`: since the pixel's 1x1 or 3x3 channels
    end); `row_end`: of the row.
    `opening` and `closing`: the first and the last pixel of the map, for the global average.
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
"""What a beat has of its group as it is."""


class Drain(wiring.Component):
    """Takes CO sums whenever the array has them, gives `lanes` of them a cycle in channel order.

    A queue of `QUEUE_DEPTH` results stands between, so that short groups may follow each other
    while longer ones make up for it; the issue holds a credit for each of its places. A result is
    loaded at the earliest the cycle after it came in, and its first beat comes `LATENCY` cycles
    later; the next result is loaded as many cycles later as there are beats. `context` brings one
    entry a row operation.
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
        lanes, array = self._program.requantizer_lanes, self._program.array
        beat = self.beat
        m.submodules.groups = groups = OutputGroups(self._program, self._tables)
        wiring.connect(m, wiring.flipped(self.context), groups.i)

        # When results are loaded, and when beats follow: a cycle ahead of all else.
        busy, load, final = Signal(), Signal(), Signal()
        waiting, some = Signal(range(QUEUE_DEPTH + 1)), Signal()
        following = groups.o.payload
        group = Signal(following.shape(), reset_less=True)
        beats = Countdown(following.last_beat.shape())
        m.d.comb += [
            final.eq(busy & beats.last),
            load.eq(some & groups.o.valid & (~busy | beats.last)),
            groups.o.ready.eq(load),
            self.credit.eq(load),
        ]
        m.d.sync += [
            waiting.eq(waiting + self.sums_valid - load),
            some.eq(self.sums_valid | (waiting > load)),
            busy.eq(load | (busy & ~beats.last)),
        ]
        with m.If(load):
            m.d.sync += [group.eq(following), beats.load(following.last_beat)]
        with m.Else():
            m.d.sync += beats.step()

        # The sums, shifted beat by beat. They are wide, so there is a register a lane pair to tell
        # that they are loaded.
        m.submodules.queue = queue = DistributedRam(self.sums.shape(), QUEUE_DEPTH)
        oldest, place = (Signal(range(QUEUE_DEPTH)) for _ in range(2))  # and that of the next one
        loaded = delay(m, load, 1, reset_less=False)
        m.d.sync += [oldest.eq(oldest + loaded), place.eq(place + self.sums_valid)]
        hold = Signal(self.sums.shape(), reset_less=True)
        m.d.comb += [
            queue.write.eq(self.sums_valid),
            queue.write_address.eq(place),
            queue.write_data.eq(self.sums),
            queue.address.eq(oldest + loaded),
            *(beat.sums[lane].eq(hold[lane]) for lane in range(lanes)),
        ]
        for pair in routing.slices(array.co, 2):
            taken = routing.copy(m, load, reset_less=False)
            for lane in range(pair.start, pair.stop):
                shifted = hold[lane + lanes if lane + lanes < array.co else lane]
                m.d.sync += hold[lane].eq(Mux(taken, queue.data[0][lane], shifted))

        # What goes with them.
        fresh = Signal(init=1)  # first beat of a pixel
        group = delay(m, group, 1)
        pixel_end = Signal()
        parameters = Signal(beat.parameters.shape())
        word, part = Signal(beat.skip_address.shape()), Signal(beat.skip_part.shape())
        last = delay(m, final, 1, reset_less=False)
        m.d.comb += [
            beat.valid.eq(delay(m, busy, 1, reset_less=False)),
            pixel_end.eq(last & group.pixel_end),
            beat.segment_end.eq(last & group.segment_end),
            beat.row_end.eq(last & group.row_end),
            beat.word_end.eq(beat.segment_end | (part == array.ci // lanes - 1)),
            beat.parameters.eq(Mux(fresh, group.parameters, parameters)),
            beat.skip_address.eq(group.skip_address + word),
            beat.skip_part.eq(part),
            *(beat[name].eq(group[name]) for name in GROUP_FIELDS),
        ]
        with m.If(beat.valid):
            m.d.sync += [
                fresh.eq(pixel_end),
                parameters.eq(beat.parameters + 1),
                part.eq(Mux(beat.word_end, 0, part + 1)),
                word.eq(Mux(beat.row_end, 0, word + beat.word_end)),
            ]
        return m
