"""Lines have their texts, their fields and the right check."""

from functools import reduce
from operator import xor

import pytest
from amaranth.hdl import Const
from amaranth.sim import Simulator
from fireline.hw.selftest.report import Report, fields_of

TEMPLATES = ["one a={4} b=x", "two", "three bad={4},{2} c={1}"]
VALUES = [[Const(0xBEEF, 16)], [], [Const(0x12, 7), Const(0xFF, 8), Const(1, 1)]]
TEXTS = ["one a=beef b=x", "two", "three bad=0012,ff c=1"]


@pytest.mark.parametrize("number", range(3))
def test_a_line_is_text_fields_and_check(number):
    dut, sent = Report(TEMPLATES), []

    async def testbench(ctx):
        await ctx.tick()
        for _ in range(2):  # the second one shows that the check starts anew
            ctx.set(dut.line, number)
            ctx.set(dut.fields, int(fields_value(VALUES[number], TEMPLATES[number])))
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            ctx.set(dut.fields, 0)
            cycle = 0
            while ctx.get(dut.busy):
                ready = cycle % 5 == 4
                ctx.set(dut.o.ready, ready)
                if ready and ctx.get(dut.o.valid):
                    sent.append(ctx.get(dut.o.payload))
                await ctx.tick()
                cycle += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    check = reduce(xor, TEXTS[number].encode())
    assert bytes(sent).decode() == 2 * f"{TEXTS[number]}*{check:02x}\r\n"


def fields_value(values: list, template: str) -> int:
    """What the constants of a line make of the fields."""
    digits = "".join(
        f"{value.value:0{int(part.split('}')[0])}x}"
        for value, part in zip(values, template.split("{")[1:], strict=True)
    )
    assert len(fields_of(values, template)) == 4 * len(digits)
    return sum(int(digit, 16) << 4 * n for n, digit in enumerate(digits))
