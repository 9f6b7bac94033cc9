"""The core without any platform: pixels in, scores out."""

from amaranth.hdl import Cat, Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from .array.head_loader import HeadLoader
from .array.line_buffer import LineBuffer
from .array.mac_array import MacArray
from .array.weight_rom import WeightRom
from .array.weight_word import WeightWord
from .ecp5.mult18x18d import Form
from .fire.issue import Issue
from .fire.sequencer import Sequencer
from .fire.walker import RowWalker
from .latency import Latency
from .lib import routing
from .lib.delay import delay
from .lib.skid_buffer import SkidBuffer
from .memory.ram import Ram
from .memory.rom import Rom
from .output.average import Score, ScoreAccumulator
from .output.drain import Drain
from .output.output_groups import DRAIN_FIELDS
from .output.parameters import ParameterWord
from .output.requantize import Requantizer, values_signature
from .output.store import STORE_FIELDS, Store
from .program import QUEUE_DEPTH, STREAM_WORD_BITS, Program
from .tables import Tables, context_of

CONTEXTS = 2 * QUEUE_DEPTH
"""Depth of a context queue, which never fills.

An operation leaves the queue when the last beat of its last result has passed the requantizer, at
the latest. That is at most 48 cycles after the result's exit from the result queue: up to 32 beats,
and 16 cycles of latency. So the queue holds two kinds of operations:

- those sent by the sequencer in the last 48 cycles: at most 48 / `FETCH_CYCLES` = 12
- those sent earlier whose last result had not left the result queue 48 cycles ago: at most 4 that
  still had words to issue (one in the walker, two in its skid buffer, one in the issuer), and at
  most `QUEUE_DEPTH` = 16 others, because each result holds a credit until it leaves the queue
"""


class Accelerator(wiring.Component):
    """A whole network: frames of pixels in raster order in, `classes` scores a frame out.

    Frames may follow each other without a gap. Only the issuer stalls; the blocks behind it have
    fixed latencies (`hw/latency.py`)::

        sequencer -> walker -> issue
                                 | one word a cycle
                                 +-> activations --------+
        pixel -> line buffer ----+-> window -------------+-> array -> drain -> requantizer -+
                                 +-> weight ROM ---------+                       ^          |
        head -> head loader -------> its slots                                   |          |
                                                                               skips        |
        activations, skips <- store (pool) <------------------------------------------------+
        score <- average <------------------------------------------------------------------+

    `abort` resets everything except the memories, which are written before they are read. The core
    resumes a cycle after `abort`; it loses words that come on `head` until then.

    Parameters
        program: what the accelerator computes
        dsp: number of the array's pair multipliers that are hardware multipliers; None:
            behavioural multipliers, for simulation
        scale_form: what the requantizer's multipliers are
    Members
        pixel: in, pixels (`channels` bytes)
        score: out, scores (unsigned, 32 bits); `last` marks a frame's last one
        abort: in, resets the core
        head: in, a streamed classifier's weights (words of 16 bits), block after block; the first
            one comes again after the last one, and after an `abort`
        block_wanted: out, one more block is wanted; sampled when the last one is complete
        watch: out, for tests: the values of each beat that leaves the requantizer
        watch_pool: out, for tests: each word that leaves the pool
    Latency, throughput
        `host/compiler/timing.py` counts the cycles of every frame
    """

    def __init__(self, program: Program, *, dsp: int | None = None, scale_form: Form = Form.PLAIN):
        self.program = program
        self.tables = Tables(program)
        self.latency = Latency.of(program)
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
        m, outer, program = Module(), Module(), self.program
        # Two registers, because the fan-out of the reset is the whole core.
        reset, closed = (Signal(name=name, attrs={"keep": 1}) for name in ("reset", "closed"))
        outer.d.sync += [reset.eq(self.abort), closed.eq(self.abort)]

        word = ArrayLayout(8, program.array.ci)
        m.submodules.activations = activations = Ram(word, program.activation_words)
        skips = Ram(word, program.skip_words) if program.skip_words else None
        pixels, scores = self._build_ports(m, closed)
        issue, drain_context, store_context = self._build_control(m)
        window = self._build_window(m, pixels, issue)
        weights = self._build_weights(m, issue, closed)
        array = self._build_array(m, issue, activations, window, weights)
        drain = self._build_drain(m, array, drain_context, issue)
        requantizer, beat = self._build_requantizer(m, drain, skips)
        store = self._build_store(m, requantizer, beat, store_context)
        m.d.comb += [
            activations.write.eq(store.store),
            activations.write_address.eq(store.store_address),
            activations.write_data.eq(store.data),
        ]
        if skips:
            m.submodules.skips = skips
            m.d.comb += [
                skips.write.eq(store.keep),
                skips.write_address.eq(store.keep_address),
                skips.write_data.eq(store.data),
            ]
        self._build_average(m, requantizer, beat, issue, scores)
        outer.submodules.core = ResetInserter(reset)(m)
        return outer

    def _build_ports(self, m, closed):
        """Skid buffers behind `pixel` and in front of `score`; no transfers while `closed`.

        Returns the streams inside: of pixels out, of scores in.
        """
        m.submodules.pixel_buffer = pixel = SkidBuffer(self.pixel.payload.shape())
        m.submodules.score_buffer = score = SkidBuffer(Score(self.program.score_bits))
        m.d.comb += [
            pixel.i.payload.eq(self.pixel.payload),
            pixel.i.valid.eq(self.pixel.valid & ~closed),
            self.pixel.ready.eq(pixel.i.ready & ~closed),
            self.score.payload.score.eq(score.o.payload.score),
            self.score.payload.last.eq(score.o.payload.last),
            self.score.valid.eq(score.o.valid & ~closed),
            score.o.ready.eq(self.score.ready & ~closed),
        ]
        return pixel.o, score.i

    def _build_control(self, m):
        """The row program becomes words.

        Returns the issuer and, for drain and store, queues of the fields that they need of each row
        operation.
        """
        m.submodules.sequencer = sequencer = Sequencer(self.tables)
        m.submodules.walker = walker = RowWalker(self.tables)
        m.submodules.issue = issue = Issue(self.tables)
        wiring.connect(m, sequencer.o, walker.i)
        wiring.connect(m, walker.o, issue.i)
        operation, taken = sequencer.o.payload, sequencer.o.valid & sequencer.o.ready
        stored = taken & ~operation.layer.scores
        drain_context = _context(m, "drain", operation, DRAIN_FIELDS, taken)
        store_context = _context(m, "store", operation, STORE_FIELDS, stored)
        return issue, drain_context, store_context

    def _build_window(self, m, pixels, issue):
        """Pixels become windows; returns a window's word, in time with the activation memory."""
        program = self.program
        m.submodules.lines = lines = LineBuffer(**vars(program.window))
        wiring.connect(m, pixels, lines.i)
        m.d.comb += [
            issue.window_valid.eq(lines.o.valid),
            lines.o.ready.eq(issue.window_taken),
        ]
        bits = 8 * program.array.ci
        window = delay(m, lines.o.payload.as_value(), routing.CHOOSE_CYCLES)
        words = [window[n * bits : (n + 1) * bits] for n in range(program.window_words)]
        word = routing.choose(m, words, issue.activation_address)
        return delay(m, word, self.latency.activation - routing.CHOOSE_CYCLES)

    def _build_weights(self, m, issue, closed):
        """The weight ROM; returns its words. A streamed classifier's weights go to its slots."""
        program, array = self.program, self.program.array
        layout = WeightWord(array.ci, array.co, program.exponent_bits)
        m.submodules.weights = weights = WeightRom(layout, program.weights, program.rom_words)
        m.d.comb += weights.address.eq(
            routing.delay(m, issue.rom_address, self.latency.read_weights)
        )
        if program.head:
            m.submodules.head = loader = HeadLoader(program.head, array, program.exponent_bits)
            m.d.comb += [
                loader.i.payload.eq(self.head.payload),
                loader.i.valid.eq(self.head.valid),
                self.block_wanted.eq(loader.block_wanted & ~closed),
                loader.block_taken.eq(issue.block_taken),
                issue.block_valid.eq(loader.block_valid),
                issue.next_block_valid.eq(loader.next_block_valid),
                weights.fill.eq(loader.fill),
            ]
        return weights.pairs

    def _build_array(self, m, issue, activations, window, weights):
        """Activations, from memory or `window`, meet their weights."""
        program, latency = self.program, self.latency
        m.submodules.array = array = MacArray(
            program.array.ci,
            program.array.co,
            accumulator_bits=program.accumulator_bits,
            exponent_bits=program.exponent_bits,
            dsp=self.dsp,
        )
        chosen = latency.activation - routing.CHOOSE_CYCLES
        control = delay(m, issue.word, chosen, reset_less=False)
        activation = routing.choose(m, [activations.data, window], control.window)
        control = delay(m, control, latency.array - chosen, reset_less=False)
        m.d.comb += [
            activations.address.eq(routing.delay(m, issue.activation_address, latency.read)),
            array.i.weights.eq(weights),
            array.i.activations.eq(
                routing.delay(m, activation, latency.array - latency.activation)
            ),
            *(
                array.i.control[name].eq(control[name])
                for name in ("valid", "first", "last", "low", "shift")
            ),
        ]
        return array

    def _build_drain(self, m, array, context, issue):
        """Sums wait in the result queue and become beats."""
        m.submodules.drain = drain = Drain(self.program, self.tables)
        wiring.connect(m, context, drain.context)
        credit_cycles = self.latency.credit - Issue.CREDIT_LATENCY
        m.d.comb += [
            drain.sums.eq(array.o.sums),
            drain.sums_valid.eq(array.o.valid),
            issue.credit.eq(routing.delay(m, drain.credit, credit_cycles, reset_less=False)),
        ]
        return drain

    def _build_requantizer(self, m, drain, skips):
        """Sums become values, with their channels' parameters and, if there are `skips`, a skip.

        Returns the requantizer and the beat that belongs to its output.
        """
        program, latency = self.program, self.latency
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
        wiring.connect(m, requantizer.o, wiring.flipped(self.watch))
        beat = delay(m, drain.beat, latency.parameters)
        valid = delay(m, drain.beat.valid, latency.parameters, reset_less=False)
        m.d.comb += [
            parameters.address.eq(drain.beat.parameters),
            requantizer.i.valid.eq(valid),
            requantizer.i.sums.eq(beat.sums),
            requantizer.i.parameters.eq(parameters.word),
            requantizer.i.shift.eq(beat.shift),
            requantizer.i.scores.eq(beat.scores),
        ]
        if skips:
            parts = program.array.ci // program.requantizer_lanes
            word = Signal(ArrayLayout(requantizer.i.skips.shape(), parts))
            m.d.comb += [
                skips.address.eq(drain.beat.skip_address),
                word.eq(delay(m, skips.data, latency.parameters - Ram.LATENCY)),
                requantizer.i.skips.eq(word[beat.skip_part]),
                requantizer.i.skip.enable.eq(beat.skip),
                requantizer.i.skip.multiplier.eq(beat.skip_multiplier),
                requantizer.i.skip.shift.eq(beat.skip_shift),
            ]
        return requantizer, delay(m, beat, latency.requantize)

    def _build_store(self, m, requantizer, beat, context):
        """Values become words for the memories, pooled or not."""
        m.submodules.store = store = Store(self.program, self.tables)
        wiring.connect(m, context, store.context)
        m.d.comb += [
            store.valid.eq(requantizer.o.valid & ~beat.scores),
            store.values.eq(requantizer.o.values),
            store.word_end.eq(beat.word_end),
            store.row_end.eq(beat.row_end),
            self.watch_pool.valid.eq(store.pooled),
            self.watch_pool.word.eq(store.data),
        ]
        return store

    def _build_average(self, m, requantizer, beat, issue, scores):
        """The classifier's values become scores."""
        program = self.program
        m.submodules.average = average = ScoreAccumulator(
            program.requantizer_lanes, program.classes, program.score_beats, program.score_bits
        )
        wiring.connect(m, average.o, scores)
        m.d.comb += [
            average.i.valid.eq(requantizer.o.valid & beat.scores),
            average.i.payload.values.eq(requantizer.o.values),
            average.i.payload.address.eq(beat.parameters - program.score_parameters),
            average.i.payload.first_pixel.eq(beat.opening),
            average.i.payload.last_pixel.eq(beat.closing),
            issue.scores_free.eq(average.free),
        ]


def _context(m, name, operation, fields, taken) -> stream.Interface:
    """A queue of the named fields of every operation that is `taken`; it is never full.

    Depth: see `CONTEXTS`. The skid buffer behind it cuts the long path to the reader.
    """
    values = Cat(context_of(operation, fields).values())
    m.submodules[f"{name}_queue"] = queue = SyncFIFO(width=len(values), depth=CONTEXTS)
    # Cuts the path from the walker's `ready`: the sequencer holds its payload for another cycle.
    enable = routing.delay(m, taken, 1, reset_less=False)
    m.d.comb += [queue.w_data.eq(values), queue.w_en.eq(enable)]
    m.submodules[f"{name}_context"] = buffer = SkidBuffer(len(values))
    wiring.connect(m, queue.r_stream, buffer.i)
    return buffer.o
