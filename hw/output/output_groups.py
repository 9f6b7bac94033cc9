"""Control for each output group (last beat, shift, parameters), prepared before its sums arrive."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.countdown import Countdown
from ..lib.skid_buffer import SkidBuffer
from ..program import Program
from ..tables import Tables, context_layout

DRAIN_FIELDS = {
    "row": ["skip_address", "write_address", "first", "last"],
    "layer": [
        "last_column",
        "last_pointwise_group",
        "last_pointwise_beat",
        "has_expand3x3",
        "last_expand3x3_group",
        "last_expand3x3_beat",
        "parameters",
        "pointwise_shift",
        "expand3x3_shift",
        "scores",
        "skip",
        "skip_multiplier",
        "skip_shift",
    ],
}

SHARED_FIELDS = ("scores", "skip", "skip_address", "skip_multiplier", "skip_shift")
"""The fields that an output group copies from its row operation."""


def output_group_layout(program: Program, tables: Tables) -> data.StructLayout:
    """The control of an output group.

    `last_beat`: number of its last beat; `parameters`: address of the pixel's first parameters.
    `segment_end`, `pixel_end`, `row_end`: the group is the last one of the pixel's 1x1 or 3x3
    channels, of the pixel, of the row. `opening`, `closing`: it belongs to the first or the last
    pixel of the map.
    """
    layer, context = tables.layer, context_layout(tables, DRAIN_FIELDS)
    flags = ("segment_end", "pixel_end", "row_end", "opening", "closing")
    return data.StructLayout(
        {
            "last_beat": range(program.array.co // program.requantizer_lanes),
            "parameters": range(len(program.parameters)),
            "shift": max(layer["pointwise_shift"].width, layer["expand3x3_shift"].width),
            **{name: context[name].shape for name in SHARED_FIELDS},
            **{flag: 1 for flag in flags},
        }
    )


class OutputGroups(wiring.Component):
    """The output groups of each row operation, in order.

    A skid buffer keeps two groups ready, so that each is there before its sums arrive.

    Parameters
        program, tables: the program and its tables
    Members
        i: stream in, the operation context of a row
        o: stream out, see `output_group_layout`
    Latency
        2 cycles from a context on `i` to its first output group on `o`
    Throughput
        one output group a cycle, across rows too
    """

    def __init__(self, program: Program, tables: Tables):
        self._last_beat = program.array.co // program.requantizer_lanes - 1
        context = context_layout(tables, DRAIN_FIELDS)
        self._group = output_group_layout(program, tables)
        super().__init__(
            {"i": In(stream.Signature(context)), "o": Out(stream.Signature(self._group))}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.buffer = buffer = SkidBuffer(self._group)
        wiring.connect(m, buffer.o, wiring.flipped(self.o))
        row, group = Signal(self.i.payload.shape(), reset_less=True), buffer.i.payload
        busy, step = Signal(), Signal()
        expand3x3, first_column = Signal(), Signal()
        groups = Countdown(max(len(row.last_pointwise_group), len(row.last_expand3x3_group)))
        columns = Countdown(row.last_column.shape())
        last_beat = Mux(expand3x3, row.last_expand3x3_beat, row.last_pointwise_beat)
        m.d.comb += [
            step.eq(busy & buffer.i.ready),
            buffer.i.valid.eq(busy),
            self.i.ready.eq(~busy | (step & group.row_end)),
            group.segment_end.eq(groups.last),
            group.pixel_end.eq(groups.last & (expand3x3 | ~row.has_expand3x3)),
            group.row_end.eq(group.pixel_end & columns.last),
            group.last_beat.eq(Mux(groups.last, last_beat, self._last_beat)),
            group.shift.eq(Mux(expand3x3, row.expand3x3_shift, row.pointwise_shift)),
            group.parameters.eq(row.parameters + Mux(row.scores, row.write_address, 0)),
            group.opening.eq(row.first & first_column),
            group.closing.eq(row.last & columns.last),
            *(group[name].eq(row[name]) for name in SHARED_FIELDS),
        ]

        with m.If(step):
            m.d.sync += groups.step()
            with m.If(group.pixel_end):
                m.d.sync += [
                    expand3x3.eq(0),
                    groups.load(row.last_pointwise_group),
                    first_column.eq(0),
                    columns.step(),
                ]
            with m.Elif(groups.last):
                m.d.sync += [expand3x3.eq(1), groups.load(row.last_expand3x3_group)]
        with m.If(self.i.ready):
            m.d.sync += [
                busy.eq(self.i.valid),
                row.eq(self.i.payload),
                groups.load(self.i.payload.last_pointwise_group),
                first_column.eq(1),
                columns.load(self.i.payload.last_column),
            ]
        return m
