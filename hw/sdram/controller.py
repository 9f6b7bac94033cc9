"""The SDRAM's controller: bursts of eight words, back to back."""

from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
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

MOST_REFRESHES_AHEAD = 8
"""Refreshes that may be done before they fall due."""


class Action(enum.Enum, shape=2):
    READ = 0
    WRITE = 1
    REFRESH = 2


def request_layout(geometry: SdramGeometry) -> data.StructLayout:
    """An action and the number of the burst that it moves, which a refresh ignores."""
    return data.StructLayout({"action": Action, "burst": geometry.burst_bits})


class ChipCommand(data.Struct):
    """A command for the chip and its operands."""

    command: Command = Command.NOP
    bank: 2
    address: ADDRESS_BITS


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
"""The chip's pins except clock enable and chip select, which are always on.

All outputs come from registers. Each pad adds one more register, to `dq_i` too.
"""


class SdramController(wiring.Component):
    """Reads, writes and refreshes an SDRAM.

    Each request opens a row, moves the eight words of one burst and lets the chip close the row
    (auto precharge), so all banks are closed between bursts. Bursts of consecutive numbers lie in
    consecutive banks and follow each other without a gap. Any other burst, a change between reading
    and writing, and a refresh wait until all banks are idle::

        cycle      0      tRCD           8      8 + tRCD
        command    ACT    WRITE          ACT    WRITE
        bank       n      n              n+1    n+1
        words             0 1 2 ... 7           0 1 2 ... 7

    A refresh falls due every `cycles.interval` cycles. The controller does it between two bursts as
    soon as it can, unless `hold` is high: then the requester must ask for refreshes in time. A
    refresh that was requested before it falls due counts for a later one, up to
    `MOST_REFRESHES_AHEAD` of them.

    Parameters
        geometry: of the chip
        cycles: the chip's times at this clock
    Members
        pins: out, the chip's pins, see `PINS`
        request: in stream of actions; ready for the first time at the end of power-up
        hold: in, no refresh unless requested
        write_next: out, `write_data` is sampled in this cycle
        write_data: in, next word to write
        read_valid: out, `read_data` is a word; there is no back pressure
        read_data: out, the words of the bursts in the order of their requests
    Latency
        tRCD + `READ_LATENCY` + 1 cycles from the request of a read to its first word
    Throughput
        8 words in 8 cycles for consecutive bursts, in `cycles.rest` for any other; a refresh takes
        `cycles.rfc`
    Source
        data sheets of the chips that `chip.SdramTiming` names
    """

    PAD_CYCLES = 3
    """From a command to the chip and from the chip's word back: two registers out and one in."""

    READ_LATENCY = CAS_LATENCY + PAD_CYCLES
    """From a column's command to its first word."""

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
        m.submodules.next = register = SkidBuffer(request_layout(self.geometry))
        wiring.connect(m, wiring.flipped(self.request), register.i)
        request = register.o
        command = Signal(ChipCommand)
        m.d.sync += [
            self.pins.command.eq(command.command),
            self.pins.bank.eq(command.bank),
            self.pins.address.eq(command.address),
        ]
        refreshing, opening = Signal(), Signal()
        powered_up = self._build_power_up(m, command, refreshing)
        self._build_row_commands(m, request, powered_up, command, refreshing, opening)
        column = self._build_column_commands(m, request, opening, command)
        self._build_data(m, column)
        return m

    def _build_power_up(self, m, command, refreshing):
        """Waits, precharges all banks, refreshes, sets the mode. Returns whether that is done."""
        cycles = self.cycles
        wait = Signal(range(cycles.power_up + 1), init=cycles.power_up)
        refreshes = Signal(range(POWER_UP_REFRESHES + 1), init=POWER_UP_REFRESHES)
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.FSM() as steps:
            with m.State("WAIT"), m.If(wait == 0):
                m.d.comb += [
                    command.command.eq(Command.PRECHARGE),
                    command.address.eq(1 << AUTO_PRECHARGE),
                ]
                m.d.sync += wait.eq(cycles.rp - 1)
                m.next = "REFRESH"
            with m.State("REFRESH"), m.If(wait == 0):
                m.d.comb += [command.command.eq(Command.REFRESH), refreshing.eq(1)]
                m.d.sync += [wait.eq(cycles.rfc - 1), refreshes.eq(refreshes - 1)]
                with m.If(refreshes == 1):
                    m.next = "MODE"
            with m.State("MODE"), m.If(wait == 0):
                m.d.comb += [command.command.eq(Command.MODE), command.address.eq(MODE_REGISTER)]
                m.d.sync += wait.eq(cycles.mrd - 1)
                m.next = "SETTLE"
            with m.State("SETTLE"), m.If(wait == 0):
                m.next = "DONE"
            with m.State("DONE"):
                pass
        m.d.sync += self.pins.mask.eq(~steps.ongoing("DONE"))
        return steps.ongoing("DONE")

    def _build_row_commands(self, m, request, powered_up, command, refreshing, opening):
        """Refreshes, or opens the row of the next burst, as soon as the banks allow it."""
        cycles, place = self.cycles, burst_place(self.geometry, request)
        slot = Signal(range(max(cycles.rfc, BURST_WORDS)))  # cycles until the next burst may open
        rest = Signal(range(max(cycles.rfc, cycles.rest)))  # cycles until all banks are idle
        next_bank, writing = Signal(2), Signal()
        with m.If(slot != 0):
            m.d.sync += slot.eq(slot - 1)
        with m.If(rest != 0):
            m.d.sync += rest.eq(rest - 1)

        due = self._build_refresh_timer(m, refreshing)
        is_refresh = request.p.action == Action.REFRESH
        is_write = request.p.action == Action.WRITE
        refresh = (due & ~self.hold) | (request.valid & is_refresh)
        consecutive = (place.bank == next_bank) & (writing == is_write)
        can_open = request.valid & (slot == 0) & ((rest == 0) | consecutive)
        with m.If(powered_up & refresh & (rest == 0)):
            m.d.comb += [
                request.ready.eq(is_refresh),
                refreshing.eq(1),
                command.command.eq(Command.REFRESH),
            ]
            m.d.sync += [slot.eq(cycles.rfc - 1), rest.eq(cycles.rfc - 1)]
        with m.Elif(powered_up & ~refresh & can_open):
            m.d.comb += [
                request.ready.eq(1),
                opening.eq(1),
                command.command.eq(Command.ACTIVATE),
                command.bank.eq(place.bank),
                command.address.eq(place.row),
            ]
            m.d.sync += [
                next_bank.eq(place.bank + 1),
                writing.eq(is_write),
                slot.eq(BURST_WORDS - 1),
                rest.eq(cycles.rest - 1),
            ]

    def _build_refresh_timer(self, m, refreshing):
        """Counts the refreshes that fall due and those that are done. Returns whether one is due.

        Signal `due` falls a cycle late after a refresh, which is early enough: `rest` is not 0 yet.
        """
        refreshed = routing.delay(m, refreshing, 1, reset_less=False)  # cuts the choice's path
        left = Signal(range(self.cycles.interval), init=self.cycles.interval - 1)
        ahead, due = Signal(range(MOST_REFRESHES_AHEAD + 1)), Signal()
        another = left == 0
        m.d.sync += left.eq(Mux(another, self.cycles.interval - 1, left - 1))
        with m.If(another & ~refreshed):
            m.d.sync += [due.eq(ahead == 0), ahead.eq(ahead - (ahead != 0))]
        with m.Elif(refreshed & ~another):
            with m.If(due):
                m.d.sync += due.eq(0)
            with m.Elif(ahead != MOST_REFRESHES_AHEAD):
                m.d.sync += ahead.eq(ahead + 1)
        return due

    def _build_column_commands(self, m, request, opening, command):
        """Reads or writes the row that was opened tRCD ago. Returns that command."""
        place, bits = burst_place(self.geometry, request), self.geometry
        is_write = request.p.action == Action.WRITE
        layout = data.StructLayout(
            {"valid": 1, "write": 1, "bank": bits.bank_bits, "column": bits.column_bits}
        )
        opened = Cat(opening, is_write, place.bank, place.column)
        column = data.View(layout, delay(m, opened, self.cycles.rcd, reset_less=False))
        with m.If(column.valid):
            m.d.comb += [
                command.command.eq(Mux(column.write, Command.WRITE, Command.READ)),
                command.bank.eq(column.bank),
                command.address.eq(Cat(C(0, 3), column.column) | 1 << AUTO_PRECHARGE),
            ]
        return column

    def _build_data(self, m, column):
        """Moves the burst's words: out from its command on, in `READ_LATENCY` later."""
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


def burst_place(geometry: SdramGeometry, request):
    """The number of a request's burst as bank, column and row."""
    row_bits = geometry.burst_bits - geometry.bank_bits - geometry.column_bits
    layout = {"bank": geometry.bank_bits, "column": geometry.column_bits, "row": row_bits}
    return data.View(data.StructLayout(layout), request.p.burst)
