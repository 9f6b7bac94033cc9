"""An SDRAM's controller: bursts of eight words, one behind the other."""

from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.delay import delay
from ..lib.skid_buffer import SkidBuffer
from .chip import (
    ADDRESS_BITS,
    AUTO_PRECHARGE,
    BURST_WORDS,
    CAS_LATENCY,
    MODE_REGISTER,
    POWER_UP_REFRESHES,
    WORD_BITS,
    Command,
    SdramCycles,
    SdramGeometry,
)

MOST_AHEAD = 8
"""Refreshes that may be done ahead of their time."""


class Action(enum.Enum, shape=2):
    READ = 0
    WRITE = 1
    REFRESH = 2


def request_layout(geometry: SdramGeometry) -> data.StructLayout:
    """What to do, and with which burst."""
    return data.StructLayout({"action": Action, "burst": geometry.burst_bits})


PINS = wiring.Signature(
    {
        "command": Out(Command, init=Command.NOP),
        "bank": Out(2),
        "address": Out(ADDRESS_BITS),
        "mask": Out(1),
        "dq_o": Out(WORD_BITS),
        "dq_oe": Out(1),
        "dq_i": In(WORD_BITS),
    }
)
"""The chip's, but for clock enable and chip select, which are always on. All outputs come from
registers and are meant to pass one more at the pad, as `dq_i` does on its way in."""


class SdramController(wiring.Component):
    """Reads, writes and refreshes an SDRAM whose banks are all closed between bursts.

    Every request opens a row, moves the eight words of one burst and lets the chip close the row
    (auto precharge). Bursts of consecutive numbers lie in consecutive banks and follow each other
    without a gap. Any other burst, a change between reading and writing, and a refresh wait until
    all banks are at rest. After power-up, `request` becomes ready by itself.

    Of a write's words, each stands on `write_data` in the cycle in which `write_next` is high; a
    read's come on `read_data` with `read_valid`.

    Refreshes are done when they fall due, between two bursts, unless `hold` is high: who holds them
    back must request them. One is due each `cycles.interval` cycles; those that are requested
    before count for later ones, up to `MOST_AHEAD`.

    Latency:    `READ_LATENCY` + tRCD + 1 cycles from the request to its first word
    Throughput: 8 words each 8 cycles, in any order each `cycles.rest`; a refresh takes `cycles.rfc`
    """

    PAD_LATENCY = 3
    """Cycles for the way to the chip and back: two registers out and one in."""
    READ_LATENCY = CAS_LATENCY + PAD_LATENCY

    def __init__(self, geometry: SdramGeometry, cycles: SdramCycles):
        self.geometry, self.cycles = geometry, cycles
        super().__init__(
            {
                "pins": Out(PINS),
                "request": In(stream.Signature(request_layout(geometry))),
                "hold": In(1),
                "write_next": Out(1),
                "write_data": In(WORD_BITS),
                "read_valid": Out(1),
                "read_data": Out(WORD_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        geometry, cycles = self.geometry, self.cycles
        m.submodules.next = register = SkidBuffer(request_layout(geometry))
        wiring.connect(m, wiring.flipped(self.request), register.i)
        request = register.o
        command, bank, address = Signal(Command, init=Command.NOP), Signal(2), Signal(ADDRESS_BITS)
        m.d.sync += [
            self.pins.command.eq(command),
            self.pins.bank.eq(bank),
            self.pins.address.eq(address),
        ]
        m.d.comb += command.eq(Command.NOP)

        # When: cycles until the next burst, until all banks are at rest, until a refresh is due.
        slot = Signal(range(max(cycles.rfc, BURST_WORDS)))
        rest = Signal(range(max(cycles.rfc, cycles.rest)))
        next_bank, writing = Signal(2), Signal()
        refreshing = Signal()
        due = self._build_calendar(m, delay(m, refreshing, 1, reset_less=False))
        is_refresh = request.p.action == Action.REFRESH
        is_write = request.p.action == Action.WRITE
        with m.If(slot != 0):
            m.d.sync += slot.eq(slot - 1)
        with m.If(rest != 0):
            m.d.sync += rest.eq(rest - 1)

        # What: the row opens first, the column's command follows tRCD later.
        place = data.View(
            data.StructLayout(
                {
                    "bank": geometry.bank_bits,
                    "column": geometry.column_bits,
                    "row": geometry.burst_bits - geometry.bank_bits - geometry.column_bits,
                }
            ),
            request.p.burst,
        )
        opening = Signal()
        column_layout = data.StructLayout(
            {"valid": 1, "write": 1, "bank": geometry.bank_bits, "column": geometry.column_bits}
        )
        opened = Cat(opening, is_write, place.bank, place.column)
        column = data.View(column_layout, delay(m, opened, cycles.rcd, reset_less=False))

        running = self._build_power_up(m, command, address, refreshing)
        wanted = (due & ~self.hold) | (request.valid & is_refresh)
        flows = (place.bank == next_bank) & (writing == is_write)
        open_next = request.valid & (slot == 0) & ((rest == 0) | flows)
        with m.If(running & wanted & (rest == 0)):
            m.d.comb += [
                request.ready.eq(is_refresh),
                refreshing.eq(1),
                command.eq(Command.REFRESH),
            ]
            m.d.sync += [slot.eq(cycles.rfc - 1), rest.eq(cycles.rfc - 1)]
        with m.Elif(running & ~wanted & open_next):
            m.d.comb += [
                request.ready.eq(1),
                opening.eq(1),
                command.eq(Command.ACTIVATE),
                bank.eq(place.bank),
                address.eq(place.row),
            ]
            m.d.sync += [
                next_bank.eq(place.bank + 1),
                writing.eq(is_write),
                slot.eq(BURST_WORDS - 1),
                rest.eq(cycles.rest - 1),
            ]
        with m.If(column.valid):
            m.d.comb += [
                command.eq(Mux(column.write, Command.WRITE, Command.READ)),
                bank.eq(column.bank),
                address.eq(Cat(C(0, 3), column.column) | 1 << AUTO_PRECHARGE),
            ]
        self._build_data(m, column)
        return m

    def _build_calendar(self, m, refreshed):
        """A refresh falls due each interval, unless it was done before. Returns whether one is.

        One that was just done may come late: until the next could be, `rest` holds it back.
        """
        left = Signal(range(self.cycles.interval), init=self.cycles.interval - 1)
        ahead, due = Signal(range(MOST_AHEAD + 1)), Signal()
        another = left == 0
        m.d.sync += left.eq(Mux(another, self.cycles.interval - 1, left - 1))
        with m.If(another & ~refreshed):
            m.d.sync += [due.eq(ahead == 0), ahead.eq(ahead - (ahead != 0))]
        with m.Elif(refreshed & ~another):
            with m.If(due):
                m.d.sync += due.eq(0)
            with m.Elif(ahead != MOST_AHEAD):
                m.d.sync += ahead.eq(ahead + 1)
        return due

    def _build_power_up(self, m, command, address, refreshing):
        """Wait; precharge all; refresh a few times; set the mode. Returns whether that is done."""
        cycles = self.cycles
        wait = Signal(range(cycles.power_up + 1), init=cycles.power_up)
        refreshes = Signal(range(POWER_UP_REFRESHES + 1), init=POWER_UP_REFRESHES)
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.FSM() as steps:
            with m.State("WAIT"), m.If(wait == 0):
                m.d.comb += [command.eq(Command.PRECHARGE), address.eq(1 << AUTO_PRECHARGE)]
                m.d.sync += wait.eq(cycles.rp - 1)
                m.next = "REFRESH"
            with m.State("REFRESH"), m.If(wait == 0):
                m.d.comb += [command.eq(Command.REFRESH), refreshing.eq(1)]
                m.d.sync += [wait.eq(cycles.rfc - 1), refreshes.eq(refreshes - 1)]
                with m.If(refreshes == 1):
                    m.next = "MODE"
            with m.State("MODE"), m.If(wait == 0):
                m.d.comb += [command.eq(Command.MODE), address.eq(MODE_REGISTER)]
                m.d.sync += wait.eq(cycles.mrd - 1)
                m.next = "SETTLE"
            with m.State("SETTLE"), m.If(wait == 0):
                m.next = "DONE"
            with m.State("DONE"):
                pass
        m.d.sync += self.pins.mask.eq(~steps.ongoing("DONE"))
        return steps.ongoing("DONE")

    def _build_data(self, m, column):
        """Words leave from the cycle of the command on; those read come after a fixed time."""
        left, write = Signal(range(BURST_WORDS)), Signal()
        moving = column.valid | (left != 0)
        with m.If(column.valid):
            m.d.sync += [left.eq(BURST_WORDS - 1), write.eq(column.write)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        is_write = Mux(column.valid, column.write, write)
        reading = Signal()
        m.d.comb += [self.write_next.eq(moving & is_write), reading.eq(moving & ~is_write)]
        m.d.sync += [self.pins.dq_o.eq(self.write_data), self.pins.dq_oe.eq(self.write_next)]
        m.d.comb += [
            self.read_data.eq(self.pins.dq_i),
            self.read_valid.eq(delay(m, reading, self.READ_LATENCY, reset_less=False)),
        ]
