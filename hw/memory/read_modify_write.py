"""A memory whose words are read, modified and written back, one word a cycle."""

from amaranth.hdl import Cat, Module, Mux, Shape
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..lib import routing
from ..lib.delay import delay, history


class ReadModifyWrite(wiring.Component):
    """The word at `address`, with the results of all earlier beats; `result` replaces it.

    A beat reads its word several cycles before it writes the result. Beats may follow each other
    at equal addresses without a gap: the component forwards every result that the memory does not
    show yet. With R = `latency()`, for a beat in cycle 0::

        cycle 0      `valid`, `address`
        cycle R      `word`: the word without the result of the beat in cycle -1, which is not
                     known yet; the user registers it
        cycle R + 1  `follows`: the beat in cycle -1 had the same address, so its result,
                     `previous`, replaces the registered word; the user drives `result`

    A beat without `valid` reads, but writes nothing.

    Parameters
        layout: `ArrayLayout` of a word
        memory: `BlockRam`, `ShallowRam` or `Ram` of words of `layout`
    Members
        valid: in, whether `result` will be written
        address: in, the word to read and write
        word: out, cycle R
        previous: out, cycle R + 1
        follows: out, cycle R + 1, one bit per element of a word, all equal
        result: in, cycle R + 1
    Latency
        `latency()` cycles from `address` to `word`
    Throughput
        one word a cycle
    """

    def __init__(self, layout: data.ArrayLayout, memory):
        self._elements, self._element_bits = layout.length, Shape.cast(layout.elem_shape).width
        self._memory = memory
        super().__init__(
            {
                "valid": In(1),
                "address": In(memory.address.shape()),
                "word": Out(layout),
                "previous": Out(layout),
                "follows": Out(data.ArrayLayout(1, layout.length)),
                "result": In(layout),
            }
        )

    def latency(self) -> int:
        """Cycles from `address` to `word`."""
        return self._memory.latency()

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = self._memory
        read = self.latency()
        hidden = read + memory.WRITE_LATENCY  # a read misses the results of this many beats
        valid = history(m, self.valid, read - 2 + hidden, reset_less=False)
        address = history(m, self.address, read - 2 + hidden)
        results = history(m, self.result, hidden - 1)
        m.d.comb += [
            memory.address.eq(self.address),
            memory.write.eq(valid[read + 1]),
            memory.write_address.eq(address[read + 1]),
            memory.write_data.eq(self.result),
            self.previous.eq(results[1]),
        ]

        def meets(age, distance):
            """Whether the beat of `age` cycles ago follows one at its address by `distance`."""
            return valid[age + distance] & (address[age + distance] == address[age])

        # The comparisons are two cycles early: one for their register, one for the local copies.
        follows = delay(m, meets(read - 1, 1), 1)
        hits = [meets(read - 2, distance) for distance in range(2, hidden + 1)]
        forwards, *same = (delay(m, hit, 1) for hit in (Cat(hits).any(), *hits[:-1]))
        together = max(1, routing.LOCAL_BITS // self._element_bits)
        for part in routing.slices(self._elements, together):
            own_follows, own_forwards = routing.copy(m, follows), routing.copy(m, forwards)
            own_same = [routing.copy(m, hit) for hit in same]
            for n in range(part.start, part.stop):
                forwarded = results[-1][n]
                for hit, result in reversed(list(zip(own_same, results[1:-1], strict=True))):
                    forwarded = Mux(hit, result[n], forwarded)
                m.d.comb += [
                    self.word[n].eq(Mux(own_forwards, forwarded, memory.data[n])),
                    self.follows[n].eq(own_follows),
                ]
        return m
