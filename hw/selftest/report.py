"""Prints the self-test's lines: constant text, hexadecimal fields and a check."""

import re

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

FIELD = re.compile(r"\{(\d+)\}")

DIGIT = "\0"
"""Stands in the memory for a digit of a field."""

END = "*"
"""Ends the text of a line; its check follows."""


class Report(wiring.Component):
    """Prints line `line`: its template with the fields filled in, `*`, the XOR of all bytes before
    it as two hexadecimal digits, carriage return and line feed.

    Parameters
        templates: of the lines, ASCII; `{4}` is a field of four hexadecimal digits
    Members
        line: in, the line's number
        fields: in, as of `fields_of`
        start: in pulse, samples `line` and `fields`; ignored while `busy`
        busy: out
        o: out stream of bytes
    Throughput
        a byte in 3 cycles
    """

    def __init__(self, templates: list[str]):
        texts = [FIELD.sub(lambda field: DIGIT * int(field[1]), text) + END for text in templates]
        self.starts = [sum(map(len, texts[:n])) for n in range(len(texts))]
        self.text = "".join(texts).encode("ascii")
        self.digits = max(text.count(DIGIT) for text in texts)
        super().__init__(
            {
                "line": In(range(len(templates))),
                "fields": In(4 * self.digits),
                "start": In(1),
                "busy": Out(1),
                "o": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.text = memory = Memory(shape=8, depth=len(self.text), init=self.text)
        read = memory.read_port()
        address = Signal(range(len(self.text) + 1))
        digits, check = Signal(4 * self.digits), Signal(8)
        m.d.comb += [read.addr.eq(address), self.busy.eq(1)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(0)
                m.d.sync += [check.eq(0), digits.eq(self.fields)]
                m.d.sync += address.eq(Array(self.starts)[self.line])
                with m.If(self.start):
                    m.next = "FETCH"
            with m.State("FETCH"):
                m.next = "TEXT"
            with m.State("TEXT"):
                is_digit = read.data == ord(DIGIT)
                byte = Mux(is_digit, _hexadecimal(digits[:4]), read.data)
                with m.If(self._send(m, byte)):
                    m.d.sync += [check.eq(check ^ byte), address.eq(address + 1)]
                    with m.If(is_digit):
                        m.d.sync += digits.eq(digits >> 4)
                    m.next = "FETCH"
                    with m.If(read.data == ord(END)):
                        m.d.sync += check.eq(check)
                        m.next = "HIGH"
            ending = {
                "HIGH": _hexadecimal(check[4:]),
                "LOW": _hexadecimal(check[:4]),
                "RETURN": Const(ord("\r"), 8),
                "FEED": Const(ord("\n"), 8),
            }
            for (state, byte), after in zip(
                ending.items(), (*list(ending)[1:], "IDLE"), strict=True
            ):
                with m.State(state), m.If(self._send(m, byte)):
                    m.next = after
        return m

    def _send(self, m, byte):
        """Offers a byte in this state. Returns whether it is accepted."""
        m.d.comb += [self.o.payload.eq(byte), self.o.valid.eq(1)]
        return self.o.ready


def fields_of(values: list, template: str):
    """The fields of a line: `values`, one for each field of the template, as `Report` wants them.

    The digit that is printed first is the lowest.
    """
    widths = [int(digits) for digits in FIELD.findall(template)]
    digits = []
    for value, width in zip(values, widths, strict=True):
        padded = Cat(value, Const(0, 4 * width - len(value)))
        digits += [padded[4 * n : 4 * n + 4] for n in reversed(range(width))]
    return Cat(*digits)


def _hexadecimal(digit):
    return Mux(digit < 10, digit + ord("0"), digit + ord("a") - 10)[:8]
