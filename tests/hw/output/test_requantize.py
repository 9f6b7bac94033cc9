"""The requantizer against the formula in plain integers."""

from amaranth.sim import Simulator
from fireline.hw.ecp5.mult18x18d import Form
from fireline.hw.output.requantize import Requantizer
from fireline.hw.output.scale import Scale
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

LANES = 4


def scale(x, multiplier, shift):
    return (x * multiplier + (1 << (shift - 1))) >> shift


@st.composite
def cases(draw):
    """A configuration, and operations with extreme values."""

    def unsigned(bits):
        most = (1 << bits) - 1
        return st.one_of(st.sampled_from([0, 1, most]), st.integers(0, most))

    def signed(bits):
        least = -(1 << (bits - 1))
        return st.one_of(
            st.sampled_from([least, -1, 0, -least - 1]), st.integers(least, -least - 1)
        )

    shifts = st.lists(st.integers(1, 31), min_size=1, max_size=4, unique=True)
    skip_shifts = st.lists(st.integers(1, 15), max_size=3, unique=True)
    configuration = {
        "accumulator_bits": draw(st.integers(12, 28)),
        "bias_bits": draw(st.integers(8, 32)),
        "multiplier_bits": draw(st.integers(1, 12)),
        "shifts": tuple(sorted(draw(shifts))),
        "skip_shifts": tuple(sorted(draw(skip_shifts))),
        "form": draw(st.sampled_from([Form.PLAIN, Form.LUT])),
    }
    c = configuration
    parameters = st.fixed_dictionaries(
        {"bias": signed(c["bias_bits"]), "multiplier": unsigned(c["multiplier_bits"])}
    )

    def lanes(each):
        return st.lists(each, min_size=LANES, max_size=LANES)

    fields = {
        "valid": st.integers(0, 1),
        "sums": lanes(signed(c["accumulator_bits"])),
        "parameters": lanes(parameters),
        "shift": st.integers(0, len(c["shifts"]) - 1),
        "scores": st.integers(0, 1),
    }
    if c["skip_shifts"]:
        control = {
            "enable": st.integers(0, 1),
            "multiplier": unsigned(8),
            "shift": st.integers(0, len(c["skip_shifts"]) - 1),
        }
        fields |= {"skip": st.fixed_dictionaries(control), "skips": lanes(unsigned(8))}
    return configuration, draw(st.lists(st.fixed_dictionaries(fields), min_size=1, max_size=20))


def expected(configuration, operation):
    """The values of the lanes by the formula of the docstring."""
    values = []
    for lane in range(LANES):
        parameters = operation["parameters"][lane]
        x = max(operation["sums"][lane] + parameters["bias"], 0)
        y = scale(x, parameters["multiplier"], configuration["shifts"][operation["shift"]])
        if "skip" in operation and operation["skip"]["enable"]:
            skip = operation["skip"]
            shift = configuration["skip_shifts"][skip["shift"]]
            y += scale(operation["skips"][lane], skip["multiplier"], shift)
        values.append(min(y, 65535 if operation["scores"] else 255))
    return values


@settings(max_examples=40, deadline=None, phases=(Phase.generate,))
@given(cases())
def test_values(case):
    configuration, operations = case
    dut = Requantizer(LANES, **configuration)
    seen = []

    async def drive(ctx):
        for operation in operations:
            for name, value in operation.items():
                ctx.set(getattr(dut.i, name), value)
            await ctx.tick()
        ctx.set(dut.i.valid, 0)
        await ctx.tick().repeat(dut.LATENCY)

    async def watch(ctx):
        cycle = 0
        async for _, _, valid, values in ctx.tick().sample(dut.o.valid, dut.o.values):
            if valid:
                seen.append((cycle, list(values)))
            cycle += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(drive)
    simulator.add_testbench(watch, background=True)
    simulator.run()
    assert seen == [
        (cycle + dut.LATENCY, expected(configuration, operation))
        for cycle, operation in enumerate(operations)
        if operation["valid"]
    ]


def test_latency():
    assert Requantizer.LATENCY == 11
    assert Scale.LATENCY == 6
