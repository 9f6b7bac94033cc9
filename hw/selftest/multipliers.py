"""Tests every multiplier of the die at the core's clock."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..ecp5.mult18x18d import FACTOR_BITS, MULT18X18D_CYCLES, mult18x18d
from ..lib.delay import delay
from .duty import LEVELS, duty
from .plan import Site
from .saturating import count_up

PRODUCT_BITS = 2 * FACTOR_BITS
CAPTURE = FACTOR_BITS + MULT18X18D_CYCLES
"""The first cycle of a test in which a site's product is that of all bits of its factors."""

TEST_CYCLES = 40
"""From test to test; the product of a test is compared while the factors of the next come in."""

UNIT_BITS = 4
"""Bits of the number of tests that a line does not show."""

GENERATORS = (31, 27, 0x1F5A3C69), (29, 26, 0x0B3D9A71)
"""Length, lower tap and seed of the random generators of both factors; the periods are maximal."""


class Chain(data.Struct):
    """What the head of the chain tells the sites; each gets it a cycle after the one before."""

    a: 1
    b: 1
    shift: 1  # `a` and `b` are the next bits of the factors, the highest first
    capture: 1  # the product is ready
    check: 1  # `product` is the next bit of the right product, the lowest first
    product: 1
    clear: 1  # a new round of tests begins


class Multipliers(wiring.Component):
    """Compares the products of all multipliers with those of a serial shift-and-add multiplier::

        head -> site 0 -> site 1 -> ...

    All sites get the same factors, bit by bit, along a chain of registers. So does the right
    product, with which each site compares its own. The product is captured in the first cycle in
    which it must be there.

    Parameters
        sites: the multipliers
        plain: whether they are behavioural, for Amaranth's simulator, instead of MULT18X18D
    Members
        level: in, quarters of the time for which tests run, see `duty`
        stop: in, ends the tests
        done: out, all tests have ended
        wrong: out, a bit for each site: a product was wrong since reset
        zero: out, a bit for each site: every product was 0 since reset
        tests: out, of each site, in units of 16, at most 65,535
    Throughput
        a test in `TEST_CYCLES`
    """

    def __init__(self, sites: tuple[Site, ...], *, plain: bool = False):
        self.sites, self.plain = sites, plain
        super().__init__(
            {
                "level": In(range(LEVELS)),
                "stop": In(1),
                "done": Out(1),
                "wrong": Out(len(sites)),
                "zero": Out(len(sites)),
                "tests": Out(16),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.head = head = MultiplierHead(last_cycles=len(self.sites) + TEST_CYCLES)
        m.d.comb += [
            head.level.eq(self.level),
            head.stop.eq(self.stop),
            self.done.eq(head.done),
            self.tests.eq(head.tests[UNIT_BITS:]),
        ]
        chain = head.chain
        for number, site in enumerate(self.sites):
            m.submodules[f"site{number}"] = tester = MultiplierSite(site, plain=self.plain)
            m.d.comb += [
                tester.before.eq(chain),
                self.wrong[number].eq(tester.wrong),
                self.zero[number].eq(~tester.nonzero),
            ]
            chain = tester.after
        return m


class MultiplierHead(wiring.Component):
    """Makes the factors and the right products.

    Parameters
        last_cycles: for which the sites go on after the last test has begun to end
    Members
        chain: out, see `Chain`
        level, stop, done: as of `Multipliers`
        tests: out, stops at its highest number
    """

    def __init__(self, last_cycles: int):
        self.last_cycles = last_cycles
        super().__init__(
            {
                "chain": Out(Chain),
                "level": In(range(LEVELS)),
                "stop": In(1),
                "done": Out(1),
                "tests": Out(16 + UNIT_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        cycle = Signal(range(TEST_CYCLES))
        waiting = Signal(range(self.last_cycles + 1), init=self.last_cycles)
        fresh, running, checking = Signal(init=1), Signal(), Signal()
        last = cycle == TEST_CYCLES - 1
        runs = duty(m, self.level, last)
        m.d.sync += cycle.eq(Mux(last, 0, cycle + 1))
        with m.If(last):
            m.d.sync += [running.eq(runs & ~self.stop), fresh.eq(0)]
        count_up(m, self.tests, last & running)
        with m.If(cycle == CAPTURE):
            m.d.sync += checking.eq(running)
        with m.If(~self.stop | running | fresh):
            m.d.sync += waiting.eq(self.last_cycles)
        with m.Elif(waiting != 0):
            m.d.sync += waiting.eq(waiting - 1)
        shift = running & (cycle < FACTOR_BITS)
        bits = [self._random(m, *each, shift) for each in GENERATORS]
        factors = [self._factor(m, bit, shift) for bit in bits]
        product = self._product(m, *factors, cycle == CAPTURE)
        m.d.comb += self.done.eq(waiting == 0)
        m.d.sync += self.chain.eq(
            Cat(*bits, shift, running & (cycle == CAPTURE), checking, product, fresh)
        )
        return m

    def _random(self, m, length, tap, seed, step):
        """A bit of a linear feedback shift register."""
        state = Signal(length, init=seed)
        with m.If(step):
            m.d.sync += state.eq(Cat(state[-1] ^ state[tap], state[:-1]))
        return state[-1]

    def _factor(self, m, bit, shift):
        factor = Signal(FACTOR_BITS)
        with m.If(shift):
            m.d.sync += factor.eq(Cat(bit, factor[:-1]))
        return factor

    def _product(self, m, a, b, begin):
        """The bits of `a * b`, the lowest first, from the cycle after `begin` on."""
        addend, left, total = Signal(FACTOR_BITS), Signal(FACTOR_BITS), Signal(FACTOR_BITS)
        after = Signal(FACTOR_BITS + 1)
        m.d.comb += after.eq(total + Mux(left[0], addend, 0))
        m.d.sync += [total.eq(after[1:]), left.eq(left[1:])]
        with m.If(begin):
            m.d.sync += [addend.eq(a), left.eq(b), total.eq(0)]
        return after[0]


class MultiplierSite(wiring.Component):
    """One multiplier, its factors, and the comparison of its product.

    Parameters
        site: the multiplier
        plain: as of `Multipliers`
    Members
        before, after: in and out, the chain
        wrong, nonzero: out, a product was wrong, or not 0, since `clear`
    """

    before: In(Chain)
    after: Out(Chain)
    wrong: Out(1)
    nonzero: Out(1)

    def __init__(self, site: Site, *, plain: bool = False):
        self.site, self.plain = site, plain
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        chain = self.before
        a, b = (Signal(FACTOR_BITS, name=name, reset_less=True) for name in "ab")
        p, product = (Signal(PRODUCT_BITS, name=name, reset_less=True) for name in ("p", "product"))
        wrong, nonzero = (Signal(name=name, reset_less=True) for name in ("wrong", "nonzero"))
        m.d.comb += [
            self.after.eq(delay(m, chain, 1)),
            self.wrong.eq(wrong),
            self.nonzero.eq(nonzero),
        ]
        with m.If(chain.shift):
            m.d.sync += [a.eq(Cat(chain.a, a[:-1])), b.eq(Cat(chain.b, b[:-1]))]
        m.d.sync += product.eq(Mux(chain.capture, p, product >> 1))
        with m.If(chain.clear):
            m.d.sync += [wrong.eq(0), nonzero.eq(0)]
        with m.Elif(chain.check):
            m.d.sync += [
                wrong.eq(wrong | (product[0] ^ chain.product)),
                nonzero.eq(nonzero | product[0]),
            ]
        if self.plain:
            m.d.comb += p.eq(delay(m, a * b, MULT18X18D_CYCLES))
        else:
            control = int(self.site.reset[-1])
            m.submodules.dsp = mult18x18d(a, b, p, control=control, bel=self.site.bel)
        return m
