"""A streamed classifier's weights in the SDRAM: tests it, loads it, checks and reads it."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..lib.skid_buffer import SkidBuffer
from ..link.protocol import MemoryState
from .chip import WORD_BITS, SdramCycles, SdramGeometry
from .contents import SdramContents
from .controller import PINS, SdramController, request_layout
from .loader import SdramLoader
from .probe import SdramProbe
from .reader import BlockReader


class StreamedWeights(wiring.Component):
    """Grants the SDRAM to the probe, the loader or the reader, according to `state`::

        TESTING -> EMPTY -> LOADING -> CHECKING -> READY -> CORRUPT
           |                              |
           v                              v
         FAULT                          WRONG

    After power-up the probe tests the memory. `load` starts LOADING from every state but TESTING
    and FAULT. After the last byte the reader reads all contents back; if their check matches, the
    blocks are READY. Each later round is checked again. Except in LOADING, bytes are discarded.

    Parameters
        geometry: of the chip
        cycles: the chip's times at this clock
        contents: the blocks and their check
    Members
        pins: out, the chip's pins, see `PINS`
        load: in pulse, the contents' bytes follow
        i: in stream of bytes
        restart: in, as of `BlockReader`
        block_wanted: in, as of `BlockReader`; ignored unless the state is READY
        o: out stream of the blocks' words, without back pressure
        state: out, `MemoryState`
    Latency
        as of `BlockReader`
    Throughput
        of `i` as of `SdramLoader`, of `o` as of `BlockReader`
    """

    def __init__(self, geometry: SdramGeometry, cycles: SdramCycles, contents: SdramContents):
        self.geometry, self.cycles, self.contents = geometry, cycles, contents
        super().__init__(
            {
                "pins": Out(PINS),
                "load": In(1),
                "i": In(stream.Signature(8)),
                "restart": In(1),
                "block_wanted": In(1),
                "o": Out(stream.Signature(WORD_BITS, always_ready=True)),
                "state": Out(MemoryState, init=MemoryState.TESTING),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.controller = controller = SdramController(self.geometry, self.cycles)
        m.submodules.probe = probe = SdramProbe(self.geometry)
        # The probe may be far from the controller; its latency does not matter.
        m.submodules.probing = probing = SkidBuffer(request_layout(self.geometry))
        loader = SdramLoader(self.geometry, self.contents.bursts)
        m.submodules.loader = ResetInserter(self.load)(loader)
        m.submodules.reader = reader = BlockReader(self.geometry, self.cycles, self.contents)
        state = self.state

        connect(m, controller.pins, flipped(self.pins))
        connect(m, probe.request, probing.i)
        m.d.comb += [
            loader.i.payload.eq(self.i.payload),
            loader.i.valid.eq(self.i.valid & (state == MemoryState.LOADING)),
            self.i.ready.eq(loader.i.ready | (state != MemoryState.LOADING)),
            reader.restart.eq(self.restart | self.load),
            self.o.payload.eq(reader.o.payload),
            self.o.valid.eq(reader.o.valid & (state == MemoryState.READY)),
            probe.write_next.eq(controller.write_next),
            loader.write_next.eq(controller.write_next),
            controller.hold.eq(reader.hold),
            controller.write_data.eq(Mux(probe.done, loader.write_data, probe.write_data)),
            *(sink.read_valid.eq(controller.read_valid) for sink in (probe, reader)),
            *(sink.read_data.eq(controller.read_data) for sink in (probe, reader)),
        ]
        self._build_grant(m, controller, probing.o, loader, reader)
        self._build_states(m, probe, loader, reader)
        return m

    def _build_grant(self, m, controller, probe_request, loader, reader):
        """Connects the controller's requests to the client that the state selects."""
        for request, *states in (
            (probe_request, MemoryState.TESTING),
            (loader.request, MemoryState.LOADING),
            (reader.request, MemoryState.CHECKING, MemoryState.READY),
        ):
            granted = Signal(name="granted")
            m.d.sync += granted.eq(self.state.matches(*states))  # cuts the path from the state
            with m.If(granted):
                m.d.comb += [
                    controller.request.valid.eq(request.valid),
                    controller.request.payload.eq(request.payload),
                    request.ready.eq(controller.request.ready),
                ]

    def _build_states(self, m, probe, loader, reader):
        state = self.state
        with m.Switch(state):
            with m.Case(MemoryState.TESTING), m.If(probe.done):
                m.d.sync += state.eq(MemoryState.EMPTY)
                with m.If(~probe.sound):
                    m.d.sync += state.eq(MemoryState.FAULT)
            with m.Case(MemoryState.LOADING), m.If(loader.done):
                m.d.sync += state.eq(MemoryState.CHECKING)
            with m.Case(MemoryState.CHECKING):
                m.d.comb += reader.block_wanted.eq(1)
                with m.If(reader.round_end):
                    m.d.comb += reader.restart.eq(1)
                    m.d.sync += state.eq(MemoryState.WRONG)
                    with m.If(reader.intact):
                        m.d.sync += state.eq(MemoryState.READY)
            with m.Case(MemoryState.READY):
                m.d.comb += reader.block_wanted.eq(self.block_wanted)
                with m.If(reader.round_end & ~reader.intact):
                    m.d.comb += reader.restart.eq(1)
                    m.d.sync += state.eq(MemoryState.CORRUPT)
        with m.If(self.load & (state != MemoryState.TESTING) & (state != MemoryState.FAULT)):
            m.d.sync += state.eq(MemoryState.LOADING)
