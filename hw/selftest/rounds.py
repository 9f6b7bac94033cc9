"""The order of the self-test: the lines of a round one after another, and echoes in between."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .times import Times

ROUND_BITS = 16


class Rounds(wiring.Component):
    """For each line in turn: lets its test run, prints it, and waits. Starts again after the last.

    An echo that is requested begins after a line: the line that announces it is printed, the echo
    runs, and the line about it is printed.

    Parameters
        lines: the number of lines of a round; two more announce an echo of 2 or 3 Mbaud, and one
            follows it
        times: pause and patience
    Members
        number: out, the present line of the round
        line: out, the line to print
        testing: out, the test of line `number` may run
        ready: in, the line's test has ended
        print: out pulse
        printing: in, a line is on its way
        echo_rate: in, the Mbaud of the echo that is requested, or 0
        echo: out, the echo runs until `echo_done`
        round: out, completed rounds, modulo 2^16
        next_round: out pulse, `round` counts
    """

    def __init__(self, lines: int, times: Times):
        self.lines, self.times = lines, times
        super().__init__(
            {
                "number": Out(range(lines)),
                "line": Out(range(lines + 3)),
                "testing": Out(1),
                "ready": In(1),
                "print": Out(1),
                "printing": In(1),
                "echo_rate": In(2),
                "echo": Out(1),
                "echo_done": In(1),
                "round": Out(ROUND_BITS),
                "next_round": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        number = self.number
        since, waited = Signal(range(self.times.pause + 1)), Signal(range(self.times.patience + 1))
        announce, echoed = self.lines + self.echo_rate - 2, self.lines + 2
        m.d.comb += self.line.eq(number)
        with m.If(since != self.times.pause):
            m.d.sync += since.eq(since + 1)
        with m.FSM():
            with m.State("TEST"):
                m.d.comb += self.testing.eq(1)
                m.d.sync += waited.eq(waited + 1)
                with m.If(self.ready | (waited == self.times.patience)):
                    m.d.comb += self.print.eq(1)
                    m.d.sync += [since.eq(0), waited.eq(0)]
                    m.next = "PRINT"
            with m.State("PRINT"), m.If(~self.printing):
                m.next = "PAUSE"
            with m.State("PAUSE"):
                with m.If(self.echo_rate != 0):
                    m.d.comb += [self.line.eq(announce), self.print.eq(1)]
                    m.next = "ANNOUNCE"
                with m.Elif(since == self.times.pause):
                    m.d.sync += number.eq(number + 1)
                    with m.If(number == self.lines - 1):
                        m.d.comb += self.next_round.eq(1)
                        m.d.sync += [number.eq(0), self.round.eq(self.round + 1)]
                    m.next = "TEST"
            with m.State("ANNOUNCE"), m.If(~self.printing):
                m.next = "ECHO"
            with m.State("ECHO"):
                m.d.comb += [self.echo.eq(1), self.line.eq(echoed)]
                with m.If(self.echo_done):
                    m.d.comb += self.print.eq(1)
                    m.next = "ECHOED"
            with m.State("ECHOED"), m.If(~self.printing):
                m.next = "PAUSE"
        return m
