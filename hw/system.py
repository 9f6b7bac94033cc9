"""The accelerator with its serial line, without any platform: what all boards share."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from .lib import routing
from .link.link import Link
from .link.protocol import Identity
from .link.uart import UARTReceiver, UARTTransmitter
from .program import Program
from .sdram.chip import SdramCycles, SdramGeometry, SdramTiming
from .sdram.contents import SdramContents
from .sdram.controller import PINS
from .sdram.streamed_weights import StreamedWeights

HEARTBEAT_BITS = 26
"""Bits of the counter whose highest bit is the heartbeat light."""


class Lights(data.Struct):
    """What a board's lights show."""

    heartbeat: 1
    receiving: 1  # toggles with every whole packet
    broken: 1  # a broken packet has arrived since the last frame began
    done: 1  # the last frame's scores are ready


def identity_of(program: Program) -> Identity:
    """How a board introduces itself."""
    window, array, contents = program.window, program.array, contents_of(program)
    return Identity(
        network=program.identifier,
        width=window.width,
        height=window.height,
        channels=window.channels,
        classes=program.classes,
        weight_bytes=contents.bytes if contents else 0,
        ci=array.ci,
        co=array.co,
    )


def contents_of(program: Program) -> SdramContents | None:
    """The contents of the board's SDRAM; None unless the classifier is streamed."""
    head = program.head
    return SdramContents(head.blocks, head.stream_words, head.check) if head else None


def streamed_weights(contents: SdramContents, clock_mhz: float) -> StreamedWeights:
    """The memory system of every board that has an SDRAM.

    Raises FirelineError if the memory does not run at the clock.
    """
    cycles = SdramCycles.of(SdramTiming(), clock_mhz)
    return StreamedWeights(SdramGeometry(), cycles, contents)


class SerialSystem(wiring.Component):
    """Serial line, link and core::

        rx -> receiver -> link -> core -> link -> transmitter -> tx
                            |      ^
                            +-> weights <-> memory

    Parameters
        core: a component with the accelerator's ports
        identity: what the link answers to a host that asks
        divisor: cycles of a bit on the serial line
        weights: the memory system of a streamed classifier or None
    Members
        rx, tx: in and out, the serial line
        lights: out, for the board's LEDs
        memory: out, the pins of the SDRAM; exists with `weights` only
    """

    def __init__(
        self,
        core: wiring.Component,
        identity: Identity,
        divisor: int,
        weights: StreamedWeights | None = None,
    ):
        self.core = core
        self.identity = identity
        self.divisor = divisor
        self.weights = weights
        ports = {"rx": In(1, init=1), "tx": Out(1, init=1), "lights": Out(Lights)}
        super().__init__(ports | ({"memory": Out(PINS)} if weights else {}))

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = UARTReceiver(self.divisor)
        m.submodules.link = link = Link(self.identity)
        m.submodules.core = core = self.core
        m.submodules.transmitter = transmitter = UARTTransmitter(self.divisor)

        connect(m, receiver.o, link.i)
        connect(m, link.pixel, core.pixel)
        connect(m, core.score, link.score)
        connect(m, link.o, transmitter.i)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            core.abort.eq(link.abort),
        ]

        if self.weights:
            m.submodules.weights = weights = self.weights
            connect(m, link.weights, weights.i)
            connect(m, weights.o, core.head)
            connect(m, weights.pins, flipped(self.memory))
            m.d.comb += [
                weights.load.eq(link.load),
                # Cuts the path to the SDRAM. It must not be shorter than the core's reset path.
                weights.restart.eq(routing.delay(m, link.abort, 1, reset_less=False)),
                weights.block_wanted.eq(core.block_wanted),
                link.memory.eq(weights.state),
            ]
        self._build_lights(m, link)
        return m

    def _build_lights(self, m, link):
        heartbeat = Signal(HEARTBEAT_BITS)
        m.d.sync += heartbeat.eq(heartbeat + 1)
        m.d.comb += [self.lights.heartbeat.eq(heartbeat[-1]), self.lights.done.eq(link.status.done)]
        with m.If(link.status.whole):
            m.d.sync += self.lights.receiving.eq(~self.lights.receiving)
        with m.If(link.status.broken):
            m.d.sync += self.lights.broken.eq(1)
        with m.Elif(link.abort):
            m.d.sync += self.lights.broken.eq(0)
