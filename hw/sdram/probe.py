"""Is the SDRAM there, and are all its lines sound?"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.delay import delay
from .chip import BURST_WORDS, WORD_BITS, SdramGeometry
from .controller import Action, request_layout

STEP = 0x9E37
"""Odd, so that its multiples are all different: 2^16 divided by the golden ratio."""


class SdramProbe(wiring.Component):
    """Writes and reads the bursts 0, 1, 2, 4, ... once, twice: then `done`, and `sound` or not.

    The words written are the multiples of `STEP`, the second time their complements. All are
    written before the first is read. So every data line must carry both values, an address line
    that is stuck or joined with another makes two bursts one, and a chip that is absent cannot
    answer, whatever is left on its lines. What lay in these bursts is lost.

    The controller must be the probe's alone. It takes some 1,000 cycles from the controller's
    power-up.
    """

    def __init__(self, geometry: SdramGeometry):
        self.geometry = geometry
        super().__init__(
            {
                "request": Out(stream.Signature(request_layout(geometry))),
                "write_next": In(1),
                "write_data": Out(WORD_BITS),
                "read_valid": In(1),
                "read_data": In(WORD_BITS),
                "done": Out(1),
                "sound": Out(1, init=1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        probes = self.geometry.burst_bits + 1
        asked = Signal(range(probes + 1))
        burst = Signal(self.geometry.burst_bits)
        words = Signal(range(probes * BURST_WORDS + 1))  # moved in this sweep
        multiple, word = Signal(WORD_BITS), Signal(WORD_BITS)
        reading, again = Signal(), Signal()
        moves = self.write_next | self.read_valid
        moved = delay(m, moves, 1, reset_less=False)  # early enough: the next sweep has yet to ask

        m.d.comb += [
            self.request.valid.eq((asked != probes) & ~self.done),
            self.request.p.action.eq(Mux(reading, Action.READ, Action.WRITE)),
            self.request.p.burst.eq(burst),
            word.eq(Mux(again, ~multiple, multiple)),
            self.write_data.eq(word),
        ]
        with m.If(self.request.valid & self.request.ready):
            m.d.sync += [asked.eq(asked + 1), burst.eq(Mux(asked == 0, 1, burst << 1))]
        with m.If(moves):
            m.d.sync += multiple.eq(multiple + STEP)
        wrong = delay(m, self.read_valid & (self.read_data != word), 1, reset_less=False)
        with m.If(wrong):
            m.d.sync += self.sound.eq(0)
        with m.If(moved):
            m.d.sync += words.eq(words + 1)
            with m.If(words == probes * BURST_WORDS - 1):
                m.d.sync += [
                    asked.eq(0),
                    burst.eq(0),
                    words.eq(0),
                    multiple.eq(0),
                    reading.eq(~reading),
                ]
                with m.If(reading):
                    m.d.sync += [again.eq(1), self.done.eq(again)]
        return m
