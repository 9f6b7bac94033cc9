"""Sums of the array in, beats of a few channels out: the queue in front of the requantizer."""

from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from .geometry import QUEUE_DEPTH, Program
from .tables import Tables, context_layout

DRAIN_FIELDS = {
    "row": ["skip_address", "write_address", "first", "last"],
    "layer": [
        "last_column",
        "last_point_group",
        "last_point_beat",
        "has_wide",
        "last_wide_group",
        "last_wide_beat",
        "parameters",
        "point_shift",
        "wide_shift",
        "scores",
        "skip",
        "skip_multiplier",
        "skip_shift",
    ],
}


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
            "sums": data.ArrayLayout(signed(program.accumulator_bits), program.lanes),
            "parameters": max(1, (len(program.parameters) - 1).bit_length()),
            "skip_address": max(1, (program.skip_words - 1).bit_length()),
            "skip_part": max(1, (program.array.ci // program.lanes - 1).bit_length()),
            "shift": max(layer["point_shift"].width, layer["wide_shift"].width),
            "skip_multiplier": layer["skip_multiplier"].width,
            "skip_shift": layer["skip_shift"].width,
            **{flag: 1 for flag in flags},
        }
    )


class Drain(wiring.Component):
    """Takes CO sums whenever the array has them, gives `lanes` of them a cycle in channel order.

    A queue of `QUEUE_DEPTH` results stands between, so that short groups may follow each other
    while longer ones make up for it; the issue holds a credit for each of its places. A result is
    loaded at the earliest the cycle after it came in, its beats follow in the cycles after that,
    and the next result is loaded with the last beat. `context` brings one entry a row operation.
    """

    def __init__(self, program: Program, tables: Tables):
        self._program = program
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
        lanes, array = self._program.lanes, self._program.array
        context, beat = self.context.payload, self.beat

        m.submodules.queue = queue = SyncFIFO(
            width=Shape.cast(self.sums.shape()).width, depth=QUEUE_DEPTH
        )
        hold = Signal(self.sums.shape())
        busy, load, final = Signal(), Signal(), Signal()
        m.d.comb += [
            queue.w_data.eq(self.sums),
            queue.w_en.eq(self.sums_valid),
            queue.r_en.eq(load),
            load.eq(queue.r_rdy & (~busy | final)),
            self.credit.eq(load),
        ]
        for lane in range(lanes):
            m.d.comb += beat.sums[lane].eq(hold[lane])
        for lane in range(array.co - lanes):
            m.d.sync += hold[lane].eq(hold[lane + lanes])
        with m.If(load):
            m.d.sync += hold.eq(queue.r_data)
        m.d.sync += busy.eq(load | (busy & ~final))

        # Where this beat stands: beat of its group, group of its segment, segment, column.
        number = Signal(range(array.co // lanes + 1))
        group = Signal(max(context.last_point_group.shape().width, len(context.last_wide_group)))
        wide, last_group, pixel_end = Signal(), Signal(), Signal()
        column = Signal(context.last_column.shape())
        m.d.comb += [
            last_group.eq(group == Mux(wide, context.last_wide_group, context.last_point_group)),
            final.eq(
                busy
                & Mux(
                    last_group,
                    number == Mux(wide, context.last_wide_beat, context.last_point_beat),
                    number == array.co // lanes - 1,
                )
            ),
            beat.segment_end.eq(final & last_group),
            pixel_end.eq(beat.segment_end & (wide | ~context.has_wide)),
            beat.row_end.eq(pixel_end & (column == context.last_column)),
            self.context.ready.eq(beat.row_end),
        ]
        with m.If(busy):
            m.d.sync += number.eq(number + 1)
        with m.If(final):
            m.d.sync += [number.eq(0), group.eq(group + 1)]
        with m.If(beat.segment_end):
            m.d.sync += [group.eq(0), wide.eq(context.has_wide & ~wide)]
        with m.If(pixel_end):
            m.d.sync += column.eq(column + 1)
        with m.If(beat.row_end):
            m.d.sync += column.eq(0)

        # What goes with it.
        fresh = Signal(init=1)  # first beat of a pixel
        own_parameters = context.parameters + Mux(context.scores, context.write_address, 0)
        parameters = Signal(beat.parameters.shape())
        word, part = Signal(beat.skip_address.shape()), Signal(beat.skip_part.shape())
        m.d.comb += [
            beat.valid.eq(busy),
            beat.scores.eq(context.scores),
            beat.opening.eq(context.first & (column == 0)),
            beat.closing.eq(context.last & (column == context.last_column)),
            beat.parameters.eq(Mux(fresh, own_parameters, parameters)),
            beat.shift.eq(Mux(wide, context.wide_shift, context.point_shift)),
            beat.skip.eq(context.skip),
            beat.skip_address.eq(context.skip_address + word),
            beat.skip_part.eq(part),
            beat.skip_multiplier.eq(context.skip_multiplier),
            beat.skip_shift.eq(context.skip_shift),
        ]
        with m.If(busy):
            m.d.sync += [fresh.eq(pixel_end), parameters.eq(beat.parameters + 1)]
            m.d.sync += part.eq(part + 1)
            with m.If(beat.segment_end | (part == array.ci // lanes - 1)):
                m.d.sync += [part.eq(0), word.eq(word + 1)]
            with m.If(beat.row_end):
                m.d.sync += word.eq(0)
        m.d.comb += beat.word_end.eq(beat.segment_end | (part == array.ci // lanes - 1))
        return m
