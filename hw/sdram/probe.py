"""Tests the SDRAM: whether it answers, and whether each of its lines works."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from .chip import BURST_WORDS, WORD_BITS, SdramGeometry
from .controller import Action, request_layout

STEP = 0x9E37
"""2^16 divided by the golden ratio; odd, so its multiples modulo 2^16 all differ."""


class SdramProbe(wiring.Component):
    """Writes bursts 0, 1, 2, 4, 8, ..., then reads and compares them; does so twice.

    The words are the multiples of `STEP`, and in the second round their complements, so every data
    line must carry both values. All are written before the first is read: an address line that is
    stuck or shorted makes two bursts one, and an absent chip cannot return what was last on the
    lines. The test overwrites these bursts. The probe must be the controller's only client.

    Parameters
        geometry: of the chip
    Members
        request, write_next, write_data, read_valid, read_data: the controller's
        done: out, the test is over
        sound: out, valid with `done`: every word was right
    Latency
        about 1,000 cycles from the end of the controller's power-up to `done`
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
        words = Signal(range(probes * BURST_WORDS + 1))  # written or read in this sweep
        multiple, word = Signal(WORD_BITS), Signal(WORD_BITS)
        reading, again = Signal(), Signal()
        moves = self.write_next | self.read_valid
        # Cut the paths from the controller. Late is early enough: the next sweep has yet to begin.
        moved = routing.delay(m, moves, 1, reset_less=False)

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
        wrong = routing.delay(m, self.read_valid & (self.read_data != word), 1, reset_less=False)
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
