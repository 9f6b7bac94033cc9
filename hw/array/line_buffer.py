"""Pixels in, k x k windows out: what feeds the first convolution."""

from itertools import pairwise

from amaranth import Array, Module, Mux, Signal, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from ..memory.distributed_ram import SECTION_BITS, SECTION_WORDS, is_distributed, style


def pushes_before(height: int, width: int, kernel: int, stride: int, padding: int) -> list[int]:
    """How many pushes lie between the windows of a frame.

    One entry a window, in order: the pushes after the one that completed the window before (or
    after the frame's start), up to and including the one that completes this window. A last entry
    counts the pushes that follow the frame's last window. They add up to the padded raster.
    """
    rows, columns = height + 2 * padding, width + 2 * padding
    if not 0 <= padding < kernel <= min(rows, columns) or stride < 1:
        raise ValueError(f"no {kernel}x{kernel} window fits {height}x{width} padded by {padding}")
    completing = [
        row * columns + column
        for row in range(kernel - 1, rows, stride)
        for column in range(kernel - 1, columns, stride)
    ]
    return [after - before for before, after in pairwise([-1, *completing, rows * columns - 1])]


class Axis(wiring.Component):
    """Walks one axis of the padded raster, round and round, one position a ``step``.

    ``border`` marks the padding, ``last`` the axis' end, and ``wanted`` the positions where a
    window ends: ``kernel - 1``, then every ``stride``-th.
    """

    def __init__(self, size: int, kernel: int, stride: int, padding: int):
        self.size, self.kernel, self.stride, self.padding = size, kernel, stride, padding
        self.length = size + 2 * padding
        super().__init__(
            {
                "step": In(1),
                "position": Out(range(self.length)),
                "border": Out(1, init=padding > 0),
                "last": Out(1, init=self.length == 1),
                "wanted": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        to_go = Signal(range(max(self.kernel, self.stride)), init=self.kernel - 1)
        # Where the next position lies is known a step ahead; position 0 is next after the last.
        ahead = self.position + 1
        inside = (ahead >= self.padding) & (ahead < self.padding + self.size)
        m.d.comb += [
            self.wanted.eq(to_go == 0),
        ]
        with m.If(self.step):
            m.d.sync += [
                self.position.eq(Mux(self.last, 0, ahead)),
                self.border.eq(Mux(self.last, self.padding > 0, ~inside)),
                self.last.eq(Mux(self.last, self.length == 1, ahead == self.length - 1)),
                to_go.eq(Mux(self.wanted, self.stride - 1, to_go - 1)),
            ]
            with m.If(self.last):
                m.d.sync += to_go.eq(self.kernel - 1)
        return m


class LineBuffer(wiring.Component):
    """``o`` = the ``kernel`` x ``kernel`` windows of the frames of pixels on ``i``.

    Pixels arrive in raster order, frames back to back. A window is flattened as (row, column,
    channel); windows come in raster order, ``(size + 2 * padding - kernel) // stride + 1`` a side.

    Timing, exact from the first cycle after reset on. The padded raster is *pushed*, position by
    position, into a shift register; beyond the image ``pad_value`` is pushed instead of a pixel.

    - A push happens in every cycle in which no window waits in the shift register and (the position
      is padding, or ``i.valid``).
    - A push at the end of a window leaves it waiting from the next cycle on.
    - The waiting window moves on at the end of a cycle that began with fewer than two windows on
      their way out. A cycle later it has come there; the first of these is at ``o``.

    So a window is at ``o`` ``LATENCY`` cycles after its last push, or when those before it are
    taken, and the throughput is a push a cycle, but for a cycle after each window.
    """

    LATENCY = 3

    def __init__(
        self,
        channels: int,
        height: int,
        width: int,
        kernel: int,
        stride: int,
        padding: int,
        pad_value: tuple[int, ...],
    ):
        self.rows = Axis(height, kernel, stride, padding)
        self.columns = Axis(width, kernel, stride, padding)
        self.kernel, self.pad_value = kernel, list(pad_value)
        self.pixel = data.ArrayLayout(unsigned(8), channels)
        window = data.ArrayLayout(unsigned(8), kernel * kernel * channels)
        super().__init__(
            {"i": In(stream.Signature(self.pixel)), "o": Out(stream.Signature(window))}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.rows, m.submodules.columns = rows, columns = self.rows, self.columns
        push, waiting, move, full = Signal(), Signal(), Signal(), Signal()
        border = rows.border | columns.border
        m.d.comb += [
            move.eq(waiting & ~full),
            push.eq(~waiting & (border | self.i.valid)),
            self.i.ready.eq(~waiting & ~border),
            columns.step.eq(push),
            rows.step.eq(push & columns.last),
        ]

        # The column that enters the window: from the rows above, and the new pixel below them. It
        # enters a cycle after its push, which has to be told in many places.
        column = Signal(data.ArrayLayout(self.pixel, self.kernel))
        pixel = Mux(border, self.pixel.const(self.pad_value), self.i.payload)
        m.d.comb += column[-1].eq(delay(m, pixel, 1))
        if self.kernel > 1:
            self._build_rows(m, push, column)
        rows_layout = data.ArrayLayout(data.ArrayLayout(self.pixel, self.kernel), self.kernel)
        window = Signal(rows_layout, reset_less=True)
        for row in range(self.kernel):
            with m.If(routing.copy(m, push, reset_less=False)):
                m.d.sync += [
                    window[row][:-1].eq(window[row][1:]),
                    window[row][-1].eq(column[row]),
                ]
        with m.If(push):
            m.d.sync += waiting.eq(rows.wanted & columns.wanted)
        with m.Elif(move):
            m.d.sync += waiting.eq(0)

        # Two windows at the way out, in registers that take turns: what is taken meanwhile, which
        # is known late in a cycle, need not be known for the next one to move there.
        taken, moved = self.o.valid & self.o.ready, delay(m, move, 1, reset_less=False)
        first, last = Signal(), Signal()  # whose window is at `o`, and who gets the next one
        following, turn = first ^ taken, last ^ moved
        ways_out = [Signal(rows_layout, reset_less=True, name=f"way_out{n}") for n in range(2)]
        m.d.comb += self.o.payload.eq(routing.choose(m, ways_out, following))
        m.d.sync += [first.eq(following), last.eq(turn)]
        for n, way_out in enumerate(ways_out):
            for part in routing.slices(len(way_out.as_value()), routing.LOCAL_BITS):
                with m.If(routing.copy(m, move & (turn == n), reset_less=False)):
                    m.d.sync += way_out.as_value()[part].eq(window.as_value()[part])
        # Between two moves there is a push, so in time for the next one this one is counted.
        with m.If(moved & ~taken):
            m.d.sync += [self.o.valid.eq(1), full.eq(self.o.valid)]
        with m.Elif(taken & ~moved):
            m.d.sync += [self.o.valid.eq(full), full.eq(0)]
        return m

    def _build_rows(self, m, push, column):
        """Gives a column its pixels of the rows above, and keeps those that are above the next.

        All of it is told of a push a cycle later, by registers near each part of the rows.
        """
        length, position = self.columns.length, self.columns.position
        above, left = column[:-1].as_value(), column[1:].as_value()
        distributed = is_distributed(length, len(above))
        depth = SECTION_WORDS if distributed else length
        # What is read is that of the next position; what is written, that of the one before, if
        # these differ.
        later = min(1, length - 2)
        written, place = delay(m, push, later, reset_less=False), delay(m, position, later)
        for part in routing.slices(len(above), SECTION_BITS if distributed else len(above)):
            pushed = routing.copy(m, push, reset_less=False)
            following = Signal.like(position, init=1, attrs={"keep": 1})
            number = Signal(range(-(-length // depth)), attrs={"keep": 1})  # of the memory read
            with m.If(pushed):
                m.d.sync += [
                    following.eq(Mux(following == length - 1, 0, following + 1)),
                    number.eq(following // depth),
                ]
            writing = routing.copy(m, written, reset_less=False)
            own_place = routing.copy(m, place)
            found = []
            for words in routing.slices(length, depth):
                lines = memory.Memory(
                    shape=part.stop - part.start,
                    depth=words.stop - words.start,
                    init=[],
                    attrs=style(length, len(above)),
                )
                kind = "shallow" if distributed else "lines"
                m.submodules[f"{kind}{part.start}_{words.start}"] = lines
                write, read = lines.write_port(), lines.read_port()
                m.d.comb += [
                    read.en.eq(pushed),
                    read.addr.eq(following),
                    write.en.eq(writing & (own_place // depth == words.start // depth)),
                    write.addr.eq(own_place),
                    write.data.eq(delay(m, left[part], later)),
                ]
                found.append(read.data)
            m.d.comb += above[part].eq(Array(found)[number])
