from fireline.host.compiler.buffers import BatchBuffer, StreamedHead, allocate, depth
from fireline.host.compiler.plan import plan_layers
from fireline.host.network.architecture import Conv1
from fireline.host.network.families import family
from support.networks.small import fire, network


def test_squeezenets_buffers_add_up_to_what_is_counted_by_hand():
    buffers = allocate(plan_layers(family("squeezenet1_1")), 16)
    assert buffers.activations["fire2/squeeze"].rows == 3
    assert buffers.activations["fire2/squeeze"].words == 55
    shared = max(55 * 4, 27 * 8, 55 * 8, 13 * 32)  # a row of 55 pixels of 128 channels
    squeezed = 3 * (55 * 1 * 2 + 27 * 2 * 2 + 13 * (3 + 3 + 4 + 4))
    assert depth(buffers.activations) == shared + squeezed
    assert buffers.skips == {}


def test_buffers_do_not_overlap_and_reuse_their_rows():
    buffers = allocate(plan_layers(network(Conv1(6, 1, 1, 0), fire(5, 6, 3), fire(9, 4, 4))), 4)
    squeezed = [buffers.activations[name] for name in ("fire2/squeeze", "fire3/squeeze")]
    shared = buffers.activations["fire2"]
    assert squeezed[1].end == shared.base and shared.end <= squeezed[0].base
    rows = [squeezed[1].address(row) for row in range(6)]
    assert rows[:3] == rows[3:] and len(set(rows)) == 3


def test_a_bypass_keeps_two_rows_and_a_single_row_one():
    stages = Conv1(8, 1, 1, 0), fire(4, 4, 4, "simple")
    assert allocate(plan_layers(network(*stages)), 4).skips["fire2"].rows == 2
    assert allocate(plan_layers(network(*stages, height=1)), 4).skips["fire2"].rows == 1


def test_batches_lie_side_by_side_and_the_last_one_reaches_below_the_buffer():
    buffer = BatchBuffer(base=100, rows=3, words=10, early=7)
    assert buffer.batches(13) == [range(0, 1), range(1, 4), range(4, 7), range(7, 13)]
    for batch in buffer.batches(13):
        addresses = sorted(buffer.address(row) for row in batch)
        assert addresses == [addresses[0] + 10 * n for n in range(len(batch))]
    assert [buffer.address(row) for row in range(7, 13)] == [100, 110, 120, 90, 80, 70]
    before = {row: buffer.before(row) for row in range(13)}
    assert {row for row in before if before[row] is None} == {0, 1, 2, 10, 11, 12}
    for row in range(3, 10):
        assert buffer.address(before[row]) == buffer.address(row)


def test_a_buffer_with_room_for_every_row_makes_one_batch():
    assert BatchBuffer(base=0, rows=5, words=1, early=0).batches(5) == [range(5)]


def test_a_streamed_classifiers_input_has_rows_of_its_own_and_the_last_fire_some_more():
    stages = Conv1(8, 1, 1, 0), fire(4, 4, 4), fire(4, 4, 4, "complex")
    plain = allocate(plan_layers(network(*stages, height=9)), 4)
    buffers = allocate(plan_layers(network(*stages, height=9)), 4, StreamedHead(3, overlaid=2))
    given = buffers.activations["fire3"]
    assert (given.rows, given.early) == (3, 4)
    assert given.base == max(
        buffer.end for name, buffer in buffers.activations.items() if name != "fire3"
    )
    assert buffers.activations["fire3/squeeze"].rows == plain.activations["fire3/squeeze"].rows + 2
    assert buffers.skips["fire3"].rows == plain.skips["fire3"].rows + 2
    assert buffers.activations["fire2/squeeze"].rows == 3
