"""The rows of pixels above the one that arrives."""

from amaranth import Array, Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay
from ..memory.distributed_ram import SECTION_BITS, SECTION_WORDS, is_distributed, style


class LineRows(wiring.Component):
    """`above` = the pixels of the last `rows` rows at the column of the pixel that is pushed.

    The pixels of a column are one word of memory, the oldest lowest. A push reads the word of the
    next column, and writes the word of its own column one row older::

        word of column x    before    after the push of row y, column x
        above[0]            y - 2     y - 1
        above[1]            y - 1     y = `pixel`

    Columns are pushed in order, round and round, from column 0 after reset on.

    Parameters
        channels: of a pixel, 8 bits each
        rows: at least 1
        length: columns of a row, at least 2
    Members
        push: in, cycle 0
        column: in, cycle 0, the column of the push, in 0..`length - 1`
        pixel: in, cycle 1, the pixel that is pushed
        above: out, cycle 1, one pixel per row
    Latency
        1 cycle from `push` to `above`
    Throughput
        one push a cycle
    """

    def __init__(self, channels: int, rows: int, length: int):
        pixel = data.ArrayLayout(unsigned(8), channels)
        above = data.ArrayLayout(pixel, rows)
        self._length = length
        # A push writes one cycle late, except with two columns, where the next push already reads
        # this column.
        self._write_cycles = min(1, length - 2)
        self._distributed = is_distributed(length, above.size)
        self._style = style(length, above.size)
        super().__init__(
            {"push": In(1), "column": In(range(length)), "pixel": In(pixel), "above": Out(above)}
        )

    def elaborate(self, platform):
        m = Module()
        bits = len(self.above.as_value())
        for part in routing.slices(bits, SECTION_BITS if self._distributed else bits):
            self._build_part(m, part)
        return m

    def _build_part(self, m, part: slice):
        """The memories of some bits, beside local copies of what controls them."""
        write_cycles, depth = self._write_cycles, self._length
        if self._distributed:
            depth = SECTION_WORDS
        pushed = routing.copy(m, self.push, reset_less=False)
        following, section = self._count_columns(m, pushed, depth)
        write = routing.copy(
            m, delay(m, self.push, write_cycles, reset_less=False), reset_less=False
        )
        write_column = routing.copy(m, delay(m, self.column, write_cycles))
        older = Cat(self.above.as_value()[len(self.pixel.as_value()) :], self.pixel)
        found = []
        for words in routing.slices(self._length, depth):
            lines = memory.Memory(
                shape=part.stop - part.start,
                depth=words.stop - words.start,
                init=[],
                attrs=self._style,
            )
            kind = "shallow" if self._distributed else "lines"
            m.submodules[f"{kind}{part.start}_{words.start}"] = lines
            port, read = lines.write_port(), lines.read_port()
            m.d.comb += [
                read.en.eq(pushed),
                read.addr.eq(following),
                port.en.eq(write & (write_column // depth == words.start // depth)),
                port.addr.eq(write_column),
                port.data.eq(delay(m, older[part], write_cycles)),
            ]
            found.append(read.data)
        m.d.comb += self.above.as_value()[part].eq(Array(found)[section])

    def _count_columns(self, m, pushed, depth: int):
        """The column behind the pushed one, and the section that was read last.

        Each part of the rows counts for itself, because the address would be far from some parts.
        """
        following = Signal(range(self._length), init=1, attrs={"keep": 1})
        section = Signal(range(-(-self._length // depth)), attrs={"keep": 1})
        with m.If(pushed):
            m.d.sync += [
                following.eq(Mux(following == self._length - 1, 0, following + 1)),
                section.eq(following // depth),
            ]
        return following, section
