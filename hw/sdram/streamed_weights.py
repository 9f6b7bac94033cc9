"""Weights in an SDRAM: the memory tested, the weights loaded, checked, and read again and again."""

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
    """Who has the SDRAM, by what is known of its weights; see `MemoryState`.

    After power-up the memory is tested. `load` for a cycle makes room for the image's bytes on `i`;
    with the last one the board reads the whole image back and checks it. When that went well, `o`
    follows `block_wanted` as in `BlockReader`, with the image's first word after every `restart`;
    each pass is checked again. Without weights no block comes.

    Bytes beyond the image, or that nobody asked for, are taken and forgotten.
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
        # The probe need not be near, and no cycle of its counts.
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
        # Whose the controller is; from registers, for the way is long.
        for request, *states in (
            (probing.o, MemoryState.TESTING),
            (loader.request, MemoryState.LOADING),
            (reader.request, MemoryState.CHECKING, MemoryState.READY),
        ):
            granted = Signal(name="granted")
            m.d.sync += granted.eq(state.matches(*states))
            with m.If(granted):
                m.d.comb += [
                    controller.request.valid.eq(request.valid),
                    controller.request.payload.eq(request.payload),
                    request.ready.eq(controller.request.ready),
                ]
        with m.Switch(state):
            with m.Case(MemoryState.TESTING), m.If(probe.done):
                m.d.sync += state.eq(MemoryState.EMPTY)
                with m.If(~probe.sound):
                    m.d.sync += state.eq(MemoryState.FAULT)
            with m.Case(MemoryState.LOADING), m.If(loader.done):
                m.d.sync += state.eq(MemoryState.CHECKING)
            with m.Case(MemoryState.CHECKING):
                m.d.comb += reader.block_wanted.eq(1)
                with m.If(reader.passed):
                    m.d.comb += reader.restart.eq(1)
                    m.d.sync += state.eq(MemoryState.WRONG)
                    with m.If(reader.intact):
                        m.d.sync += state.eq(MemoryState.READY)
            with m.Case(MemoryState.READY):
                m.d.comb += reader.block_wanted.eq(self.block_wanted)
                with m.If(reader.passed & ~reader.intact):
                    m.d.comb += reader.restart.eq(1)
                    m.d.sync += state.eq(MemoryState.CORRUPT)
        with m.If(self.load & (state != MemoryState.TESTING) & (state != MemoryState.FAULT)):
            m.d.sync += state.eq(MemoryState.LOADING)
        return m
