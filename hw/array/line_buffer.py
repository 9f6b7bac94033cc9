"""The line buffer: pixels in, the k x k windows of the first convolution out."""

from itertools import pairwise

from amaranth import Module, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from .line_rows import LineRows
from .raster_axis import RasterAxis


def pushes_before(height: int, width: int, kernel: int, stride: int, padding: int) -> list[int]:
    """How many pushes lie between the windows of a frame; see `LineBuffer`.

    One entry per window, in order: the pushes after the one that completed the window before (or
    after the frame's start), up to and including the one that completes this window. A last entry
    counts the pushes after the last window. All entries add up to the padded raster. Raises
    ValueError if no window fits.
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


class LineBuffer(wiring.Component):
    """`o` = the `kernel` x `kernel` windows of the frames on `i`.

    Pixels arrive in raster order, frames back to back. Windows leave in raster order,
    `(size + 2 * padding - kernel) // stride + 1` per axis, flattened as (row, column, channel).

    The padded raster is *pushed*, position by position, into a shift register; at a position of the
    padding the push takes `pad_value` instead of a pixel::

        pixel -+--------------------> row k-1 [ ][ ][ ]
               |   +-- above[k-2] --> row k-2 [ ][ ][ ] -> one of two output registers -> o
               v   |   ...
             LineRows - above[0] --> row 0   [ ][ ][ ]

    The timing is exact from the first cycle after reset on:

    - A push happens in every cycle in which no window waits in the shift register and either the
      position is padding or `i.valid` is asserted.
    - A push that completes a window leaves it waiting from the next cycle on.
    - The waiting window moves on at the end of a cycle that began with fewer than two windows
      behind the shift register. It reaches its output register one cycle later; `o` shows the
      first one.

    Parameters
        channels, height, width: of a frame
        kernel, stride, padding: of the convolution
        pad_value: the pixel of the padding, one byte per channel
    Members
        i: stream in, a pixel, 8 bits per channel
        o: stream out, a window
    Latency
        `LATENCY` cycles from the push that completes a window to `o`, if `o` is free
    Throughput
        one push a cycle, except in the cycle after the end of a window
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
        self._rows = RasterAxis(height, kernel, stride, padding)
        self._columns = RasterAxis(width, kernel, stride, padding)
        self._kernel, self._pad_value = kernel, list(pad_value)
        self._pixel = data.ArrayLayout(unsigned(8), channels)
        window = data.ArrayLayout(unsigned(8), kernel * kernel * channels)
        super().__init__(
            {"i": In(stream.Signature(self._pixel)), "o": Out(stream.Signature(window))}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.rows = rows = self._rows
        m.submodules.columns = columns = self._columns
        push, waiting, move, full = Signal(), Signal(), Signal(), Signal()
        border = rows.border | columns.border
        m.d.comb += [
            move.eq(waiting & ~full),
            push.eq(~waiting & (border | self.i.valid)),
            self.i.ready.eq(~waiting & ~border),
            columns.step.eq(push),
            rows.step.eq(push & columns.last),
        ]
        with m.If(push):
            m.d.sync += waiting.eq(rows.wanted & columns.wanted)
        with m.Elif(move):
            m.d.sync += waiting.eq(0)
        window = self._build_window(m, push, border)
        self._build_output(m, window, move, full)
        return m

    def _build_window(self, m, push, border):
        """The shift register of the window. A column is shifted in one cycle after its push."""
        column = Signal(data.ArrayLayout(self._pixel, self._kernel))
        pixel = Signal(self._pixel)
        m.d.comb += pixel.eq(self.i.payload)
        with m.If(border):
            m.d.comb += pixel.eq(self._pixel.const(self._pad_value))
        m.d.comb += column[-1].eq(delay(m, pixel, 1))
        if self._kernel > 1:
            m.submodules.lines = lines = LineRows(
                self._pixel.length, self._kernel - 1, self._columns.length
            )
            m.d.comb += [
                lines.push.eq(push),
                lines.column.eq(self._columns.position),
                lines.pixel.eq(column[-1]),
                column[:-1].eq(lines.above),
            ]
        row = data.ArrayLayout(self._pixel, self._kernel)
        window = Signal(data.ArrayLayout(row, self._kernel), reset_less=True)
        for number in range(self._kernel):
            with m.If(routing.copy(m, push, reset_less=False)):
                m.d.sync += [
                    window[number][:-1].eq(window[number][1:]),
                    window[number][-1].eq(column[number]),
                ]
        return window

    def _build_output(self, m, window, move, full):
        """Two output registers that take turns.

        The window moves to one of them whether or not the other is taken in the same cycle, because
        `o.ready` arrives late in the cycle.
        """
        taken, moved = self.o.valid & self.o.ready, delay(m, move, 1, reset_less=False)
        first, last = Signal(), Signal()  # register that `o` shows; register of the next window
        following, turn = first ^ taken, last ^ moved
        outputs = [Signal.like(window, name=f"output{n}") for n in range(2)]
        m.d.comb += self.o.payload.eq(routing.choose(m, outputs, following))
        m.d.sync += [first.eq(following), last.eq(turn)]
        for n, output in enumerate(outputs):
            for part in routing.slices(len(output.as_value()), routing.LOCAL_BITS):
                with m.If(routing.copy(m, move & (turn == n), reset_less=False)):
                    m.d.sync += output.as_value()[part].eq(window.as_value()[part])
        # `full` counts a move one cycle late. That is early enough, because a push lies between two
        # moves.
        with m.If(moved & ~taken):
            m.d.sync += [self.o.valid.eq(1), full.eq(self.o.valid)]
        with m.Elif(taken & ~moved):
            m.d.sync += [self.o.valid.eq(full), full.eq(0)]
