"""What is to be known of each group of sums, worked out before they are there."""

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
"""What a group has in common with its row."""


def output_group_layout(program: Program, tables: Tables) -> data.StructLayout:
    """A group: its last beat's number, what ends with that, and what its channels have in common.

    `segment_end`: the pixel's 1x1 or 3x3 channels; `opening` and `closing`: it belongs to the first
    or the last pixel of the map.
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
    """The groups of each row, in order, from the context of its operation; one a cycle.

    Two groups are kept ready, so that they are always there before their sums are.
    """

    def __init__(self, program: Program, tables: Tables):
        self._full = program.array.co // program.requantizer_lanes - 1
        context = context_layout(tables, DRAIN_FIELDS)
        self._group = output_group_layout(program, tables)
        super().__init__(
            {"i": In(stream.Signature(context)), "o": Out(stream.Signature(self._group))}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.buffer = buffer = SkidBuffer(self._group)
        wiring.connect(m, buffer.o, wiring.flipped(self.o))
        row, here = Signal(self.i.payload.shape(), reset_less=True), buffer.i.payload
        busy, step = Signal(), Signal()
        wide, first_column = Signal(), Signal()
        groups = Countdown(max(len(row.last_pointwise_group), len(row.last_expand3x3_group)))
        columns = Countdown(row.last_column.shape())
        last_beat = Mux(wide, row.last_expand3x3_beat, row.last_pointwise_beat)
        m.d.comb += [
            step.eq(busy & buffer.i.ready),
            buffer.i.valid.eq(busy),
            self.i.ready.eq(~busy | (step & here.row_end)),
            here.segment_end.eq(groups.last),
            here.pixel_end.eq(groups.last & (wide | ~row.has_expand3x3)),
            here.row_end.eq(here.pixel_end & columns.last),
            here.last_beat.eq(Mux(groups.last, last_beat, self._full)),
            here.shift.eq(Mux(wide, row.expand3x3_shift, row.pointwise_shift)),
            here.parameters.eq(row.parameters + Mux(row.scores, row.write_address, 0)),
            here.opening.eq(row.first & first_column),
            here.closing.eq(row.last & columns.last),
            *(here[name].eq(row[name]) for name in SHARED_FIELDS),
        ]

        with m.If(step):
            m.d.sync += groups.step()
            with m.If(here.pixel_end):
                m.d.sync += [
                    wide.eq(0),
                    groups.load(row.last_pointwise_group),
                    first_column.eq(0),
                    columns.step(),
                ]
            with m.Elif(groups.last):
                m.d.sync += [wide.eq(1), groups.load(row.last_expand3x3_group)]
        with m.If(self.i.ready):
            m.d.sync += [
                busy.eq(self.i.valid),
                row.eq(self.i.payload),
                groups.load(self.i.payload.last_pointwise_group),
                first_column.eq(1),
                columns.load(self.i.payload.last_column),
            ]
        return m
