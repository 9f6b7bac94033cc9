"""The platform-free top: pixels in, scores out."""

from amaranth.hdl import Cat, Module, ResetInserter, Shape, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from .array.head_loader import HeadLoader
from .array.line_buffer import LineBuffer
from .array.mac_array import MacArray
from .array.mac_lanes import WeightWord
from .array.weight_rom import WeightRom
from .ecp5.mult18x18d import Form
from .fire.issue import ADDRESS_CYCLES, ROM_ADDRESS_CYCLES, Issue
from .fire.sequencer import Sequencer
from .fire.walker import RowWalker
from .lib import routing
from .lib.delay import delay
from .lib.skid_buffer import SkidBuffer
from .memory.ram import Ram
from .memory.rom import Rom
from .output.average import Score, ScoreAccumulator
from .output.drain import Drain
from .output.output_groups import DRAIN_FIELDS
from .output.requantize import ParameterWord, Requantizer, values_signature
from .output.store import STORE_FIELDS, Store
from .program import QUEUE_DEPTH, STREAM_WORD_BITS, Program
from .tables import Tables, context_of

CONTEXTS = 2 * QUEUE_DEPTH
"""Row operations that can be under way: each has a result in the queue, or is nearly done."""


class Accelerator(wiring.Component):
    """A whole network: frames of pixels in raster order in, `classes` scores a frame out.

    Frames may follow each other back to back; the compiler's cycle model tells how long each takes.
    `abort` brings everything back to its state after reset, memories aside, which are written
    before they are read. `watch` shows every value as it leaves the requantizer and `watch_pool`
    every word that leaves the pool, for tests; left open they cost nothing. `dsp` is the number of
    pair multipliers of the array that are made of hardware multipliers, None for behavioural ones;
    `scale_form` says what the requantizer's are.

    A streamed classifier's weights come on `head`: a group whenever `block_wanted` is set and the
    last one is through, and from the first one again after the last and after `abort`. Words that
    come in the cycle after `abort` are lost.

    The data path, left to right (all but `issue` never wait)::

        sequencer -> stage -> issue -+-> activations or window -+-> array -> drain -> requantizer -+
                             head -> +-> weights ---------------+                                  |
        pixel -> lines (windows)        activations, skips <- store (pool) <-----------------------+
                                        score <- average <-----------------------------------------+
    """

    def __init__(self, program: Program, *, dsp: int | None = None, scale_form: Form = Form.PLAIN):
        self.program = program
        self.tables = Tables(program)
        self.dsp, self.scale_form = dsp, scale_form
        ports = {
            "pixel": In(stream.Signature(ArrayLayout(8, program.window.channels))),
            "score": Out(stream.Signature(Score(32))),
            "abort": In(1),
            "watch": Out(values_signature(program.requantizer_lanes)),
            "watch_pool": Out(
                wiring.Signature({"valid": Out(1), "word": Out(ArrayLayout(8, program.array.ci))})
            ),
        }
        if program.head:
            ports |= {
                "head": In(stream.Signature(STREAM_WORD_BITS, always_ready=True)),
                "block_wanted": Out(1),
            }
        super().__init__(ports)

    def elaborate(self, platform):
        m, outer = Module(), Module()
        self._word = ArrayLayout(8, self.program.array.ci)
        self._reset, self._closed = (
            Signal(name=name, attrs={"keep": 1}) for name in ("reset", "closed")
        )
        issue = self._build_control(m)
        array = self._build_array(m, issue)
        requantizer, tag = self._build_drain(m, array, issue)
        self._build_store(m, requantizer, tag)
        self._build_average(m, requantizer, tag, issue)
        # Registers of their own: the reset goes everywhere. They last a cycle longer than `abort`.
        outer.d.sync += [self._reset.eq(self.abort), self._closed.eq(self.abort)]
        outer.submodules.core = ResetInserter(self._reset)(m)
        return outer

    def _build_control(self, m):
        """The row program becomes words; what later blocks must know of each row waits for them."""
        m.submodules.sequencer = sequencer = Sequencer(self.tables)
        m.submodules.stage = stage = RowWalker(self.tables)
        m.submodules.issue = issue = Issue(self.tables)
        wiring.connect(m, sequencer.o, stage.i)
        wiring.connect(m, stage.o, issue.i)
        operation, taken = sequencer.o.payload, sequencer.o.valid & sequencer.o.ready
        self._drain_context = _context(m, "drain", operation, DRAIN_FIELDS, taken)
        self._store_context = _context(
            m, "store", operation, STORE_FIELDS, taken & ~operation.layer.scores
        )
        return issue

    def _build_array(self, m, issue):
        """Words of activations or pixels meet their weights."""
        program, array = self.program, self.program.array
        weight = WeightWord(array.ci, array.co, program.exponent_bits)
        m.submodules.weights = weights = WeightRom(weight, program.weights, program.rom_words)
        m.submodules.lines = lines = LineBuffer(**vars(program.window))
        m.submodules.entry = entry = SkidBuffer(self.pixel.payload.shape())
        wiring.connect(m, entry.o, lines.i)
        m.submodules.activations = activations = Ram(self._word, program.activation_words)
        m.submodules.array = macs = MacArray(
            array.ci,
            array.co,
            accumulator_bits=program.accumulator_bits,
            exponent_bits=program.exponent_bits,
            dsp=self.dsp,
        )
        self._activations = activations
        if program.head:
            self._build_head(m, issue, weights)
        size = Shape.cast(self._word).width
        pixels = delay(m, lines.o.payload.as_value(), 1)
        windows = [pixels[n * size : (n + 1) * size] for n in range(program.window_words)]
        window = routing.choose(m, windows, issue.activation_address)
        read = ADDRESS_CYCLES + Ram.LATENCY - 1
        window = delay(m, window, read)
        control = delay(m, issue.word, read, reset_less=False)
        activation = delay(m, routing.choose(m, [activations.data, window], control.window), 1)
        control = delay(m, control, 2, reset_less=False)
        m.d.comb += [
            entry.i.payload.eq(self.pixel.payload),
            entry.i.valid.eq(self.pixel.valid & ~self._closed),
            self.pixel.ready.eq(entry.i.ready & ~self._closed),
            issue.window_valid.eq(lines.o.valid),
            lines.o.ready.eq(issue.window_taken),
            activations.address.eq(delay(m, issue.activation_address, ADDRESS_CYCLES)),
            weights.address.eq(delay(m, issue.rom_address, ROM_ADDRESS_CYCLES)),
            macs.i.weights.eq(weights.pairs),
            macs.i.activations.eq(activation),
            *(
                macs.i.control[name].eq(control[name])
                for name in ("valid", "first", "last", "low", "shift")
            ),
        ]
        return macs

    def _build_head(self, m, issue, weights):
        """A streamed classifier's weights come into the slots at the end of the weight ROM."""
        program = self.program
        m.submodules.head = loader = HeadLoader(program.head, program.array, program.exponent_bits)
        m.d.comb += [
            loader.i.payload.eq(self.head.payload),
            loader.i.valid.eq(self.head.valid),
            self.block_wanted.eq(loader.block_wanted & ~self._closed),
            loader.block_taken.eq(issue.block_taken),
            issue.block_valid.eq(loader.block_valid),
            issue.next_block_valid.eq(loader.next_block_valid),
            weights.fill.eq(loader.fill),
        ]

    def _build_drain(self, m, array, issue):
        """Sums become values, each with its channel's parameters and, if wanted, its skip."""
        program = self.program
        m.submodules.drain = drain = Drain(program, self.tables)
        m.submodules.parameters = parameters = Rom(
            ParameterWord(program.requantizer_lanes, program.bias_bits, program.multiplier_bits),
            program.parameters,
        )
        m.submodules.requantizer = requantizer = Requantizer(
            program.requantizer_lanes,
            accumulator_bits=program.accumulator_bits,
            bias_bits=program.bias_bits,
            multiplier_bits=program.multiplier_bits,
            shifts=program.shifts,
            skip_shifts=program.skip_shifts,
            form=self.scale_form,
        )
        wiring.connect(m, self._drain_context, drain.context)
        wiring.connect(m, requantizer.o, wiring.flipped(self.watch))
        beat = delay(m, drain.beat, Rom.LATENCY)
        valid = delay(m, drain.beat.valid, Rom.LATENCY, reset_less=False)
        m.d.comb += [
            drain.sums.eq(array.o.sums),
            drain.sums_valid.eq(array.o.valid),
            issue.credit.eq(delay(m, drain.credit, 1, reset_less=False)),
            parameters.address.eq(drain.beat.parameters),
            requantizer.i.valid.eq(valid),
            requantizer.i.sums.eq(beat.sums),
            requantizer.i.parameters.eq(parameters.word),
            requantizer.i.shift.eq(beat.shift),
            requantizer.i.scores.eq(beat.scores),
        ]
        if program.skip_words:
            self._build_skip(m, drain, requantizer, beat)
        return requantizer, delay(m, beat, Requantizer.LATENCY)

    def _build_skip(self, m, drain, requantizer, beat):
        """The skip memory, read a word at a time, used a beat at a time."""
        m.submodules.skips = skips = Ram(self._word, self.program.skip_words)
        self._skips = skips
        parts = ArrayLayout(
            requantizer.i.skips.shape(), self.program.array.ci // self.program.requantizer_lanes
        )
        word = Signal(parts)
        m.d.comb += [
            skips.address.eq(drain.beat.skip_address),
            word.eq(delay(m, skips.data, Rom.LATENCY - Ram.LATENCY)),
            requantizer.i.skips.eq(word[beat.skip_part]),
            requantizer.i.skip.enable.eq(beat.skip),
            requantizer.i.skip.multiplier.eq(beat.skip_multiplier),
            requantizer.i.skip.shift.eq(beat.skip_shift),
        ]

    def _build_store(self, m, requantizer, tag):
        """Values go back to the memories, pooled or not."""
        m.submodules.store = store = Store(self.program, self.tables)
        wiring.connect(m, self._store_context, store.context)
        m.d.comb += [
            store.valid.eq(requantizer.o.valid & ~tag.scores),
            store.values.eq(requantizer.o.values),
            store.word_end.eq(tag.word_end),
            store.row_end.eq(tag.row_end),
            self.watch_pool.valid.eq(store.pooled),
            self.watch_pool.word.eq(store.data),
            self._activations.write.eq(store.store),
            self._activations.write_address.eq(store.store_address),
            self._activations.write_data.eq(store.data),
        ]
        if self.program.skip_words:
            m.d.comb += [
                self._skips.write.eq(store.keep),
                self._skips.write_address.eq(store.keep_address),
                self._skips.write_data.eq(store.data),
            ]

    def _build_average(self, m, requantizer, tag, issue):
        """The classifier's values become scores."""
        program = self.program
        m.submodules.average = average = ScoreAccumulator(
            program.requantizer_lanes, program.classes, program.score_beats, program.score_bits
        )
        m.submodules.leaving = leaving = SkidBuffer(average.o.payload.shape())
        wiring.connect(m, average.o, leaving.i)
        m.d.comb += [
            self.score.payload.score.eq(leaving.o.payload.score),
            self.score.payload.last.eq(leaving.o.payload.last),
            self.score.valid.eq(leaving.o.valid & ~self._closed),
            leaving.o.ready.eq(self.score.ready & ~self._closed),
            average.i.valid.eq(requantizer.o.valid & tag.scores),
            average.i.payload.values.eq(requantizer.o.values),
            average.i.payload.address.eq(tag.parameters - program.score_parameters),
            average.i.payload.first_pixel.eq(tag.opening),
            average.i.payload.last_pixel.eq(tag.closing),
            issue.scores_free.eq(average.free),
        ]


def _context(m, name, operation, fields, taken) -> stream.Interface:
    """A queue of the named fields of every operation taken, never full (see `CONTEXTS`).

    What takes from it is far from what fills it, so there is a buffer between.
    """
    values = Cat(context_of(operation, fields).values())
    m.submodules[f"{name}_queue"] = queue = SyncFIFO(width=len(values), depth=CONTEXTS)
    # The sequencer still shows an operation the cycle after it was taken.
    m.d.comb += [queue.w_data.eq(values), queue.w_en.eq(delay(m, taken, 1, reset_less=False))]
    m.submodules[f"{name}_context"] = buffer = SkidBuffer(len(values))
    wiring.connect(m, queue.r_stream, buffer.i)
    return buffer.o
