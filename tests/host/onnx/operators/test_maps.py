"""Averages of any writing."""

import numpy as np
import pytest
from support.networks.onnx_drawing import Drawing, assert_refused, assert_same, save


class Mean(Drawing):
    opset = 18

    def end(self, x):
        return self.op("ReduceMean", x, self.ints(2, 3), keepdims=0)


class KeptMean(Drawing):
    def end(self, x):
        return self.op("Squeeze", self.op("ReduceMean", x, axes=[-1, 2], keepdims=1))


class RowsThenColumns(Drawing):
    """``x.mean(3).mean(2)``, as torch exports it."""

    def end(self, x):
        x = self.op("ReduceMean", x, axes=[3], keepdims=0)
        return self.op("ReduceMean", x, axes=[2], keepdims=0)


class ColumnsThenRows(Drawing):
    def end(self, x):
        x = self.op("ReduceMean", x, axes=[2], keepdims=0)
        return self.op("ReduceMean", x, axes=[-1], keepdims=0)


class OneByOneKept(Drawing):
    def end(self, x):
        x = self.op("ReduceMean", x, axes=[-2], keepdims=1)
        return self.op("Flatten", self.op("ReduceMean", x, axes=[3], keepdims=1))


class FlatMean(Drawing):
    """``x.view(n, c, -1).mean(2)``."""

    def end(self, x):
        x = self.op("Reshape", x, self.ints(0, 5, -1))
        return self.op("ReduceMean", x, axes=[2], keepdims=0)


class ComputedShape(Drawing):
    """The same with the shape that torch computes if the batch may have any size."""

    def end(self, x):
        first = self.op("Gather", self.op("Shape", x), self.const(0, int))
        first = self.op("Unsqueeze", first, self.ints(0))
        shape = self.op("Concat", first, self.ints(5), self.ints(-1), axis=0)
        return self.op("ReduceMean", self.op("Reshape", x, shape), axes=[-1], keepdims=0)


class Pool(Drawing):
    def end(self, x):
        return self.op("Reshape", self.op("AveragePool", x, kernel_shape=[8, 8]), self.ints(-1, 5))


class FixedBatch(Drawing):
    """``x.flatten(2).mean(2)`` of a file for batches of four."""

    shape = (4, *Drawing.shape[1:])

    def end(self, x):
        x = self.op("Reshape", x, self.ints(4, 5, 64))
        return self.op("Reshape", self.op("ReduceMean", x, axes=[2]), self.ints(4, 5))


class Gathered(Drawing):
    """``AdaptiveAvgPool2d(1)`` as torch's newer exporter writes it for batches of four."""

    shape = (4, *Drawing.shape[1:])

    def gather(self, x, order):
        x = self.op("ReduceMean", x, axes=[-1, -2], keepdims=1)
        x = self.op("Gather", self.op("Reshape", x, self.ints(-1)), order, axis=0)
        return self.op("Reshape", x, self.ints(-1, 5))

    def end(self, x):
        return self.gather(x, self.const(np.arange(20).reshape(4, 5, 1, 1), np.int64))


class GatheredAnyBatch(Gathered):
    """The same for batches of any size, whose indices torch computes."""

    shape = Drawing.shape

    def end(self, x):
        batch = self.op("Squeeze", self.op("Shape", x, start=0, end=1))
        rows = self.op("Range", self.const(0, np.int64), batch, self.const(1, np.int64))
        rows = self.op("Mul", rows, self.const(5, np.int64))
        rows = self.op("Unsqueeze", rows, self.ints(1, 2, 3))
        columns = self.const(np.arange(5).reshape(1, 5, 1, 1), np.int64)
        return self.gather(x, self.op("Add", rows, columns))


class OnePixel(Drawing):
    """``x[:, :, 0, 0]`` behind the average."""

    def end(self, x):
        x = self.op("Gather", self.op("GlobalAveragePool", x), self.const(0, np.int64), axis=2)
        return self.op("Gather", x, self.const(0, np.int64), axis=2)


class SameReshape(Drawing):
    """A Reshape that changes nothing."""

    def pool(self, x):
        return self.op("Reshape", super().pool(x), self.ints(-1, 8, 8, 8))


class Left(Drawing):
    """What exporters leave in a graph."""

    def classifier(self, x):
        return super().classifier(self.op("Dropout", self.op("Cast", self.op("Identity", x), to=1)))


SAME = [Mean, KeptMean, RowsThenColumns, ColumnsThenRows, OneByOneKept, FlatMean, ComputedShape]
SAME += [Pool, FixedBatch, Gathered, GatheredAnyBatch, OnePixel, SameReshape, Left]


@pytest.mark.parametrize("drawing", SAME)
def test_same(tmp_path, drawing):
    drawn = drawing()
    assert assert_same(save(tmp_path / "w.onnx", drawn), drawn.architecture()) == ()


class SmallPool(Drawing):
    reason = "AveragePool 'AveragePool19' averages windows of 7x7, .* in a map of 8x8; use a"

    def end(self, x):
        return self.op("Flatten", self.op("AveragePool", x, kernel_shape=[7, 7], strides=[7, 7]))


class PaddedPool(Drawing):
    reason = r"averages windows of 8x8, padded by \(1, 1, 1, 1\), in a map of 8x8"

    def end(self, x):
        pads = {"pads": [1] * 4, "strides": [8, 8]}
        return self.op("Flatten", self.op("AveragePool", x, kernel_shape=[8, 8], **pads))


class PoolInTheMiddle(Drawing):
    reason = "AveragePool 'AveragePool2' averages windows of 3x3, .* in a map of 16x16; use a max"

    def pool(self, x):
        return self.op("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)


class GlobalMax(Drawing):
    reason = "GlobalMaxPool 'GlobalMaxPool19' does not average over the whole map; end the network"

    def end(self, x):
        return self.op("Flatten", self.op("GlobalMaxPool", x))


class OverChannels(Drawing):
    reason = "ReduceMean 'ReduceMean19' does not average over the whole map"

    def end(self, x):
        return self.op("ReduceMean", x, axes=[1, 2], keepdims=0)


class OverChannelsLast(Drawing):
    reason = "ReduceMean 'ReduceMean20' does not average over the whole map"

    def end(self, x):
        x = self.op("ReduceMean", x, axes=[2], keepdims=0)
        return self.op("ReduceMean", x, axes=[1], keepdims=0)


class OverRows(Drawing):
    reason = "ReduceMean 'ReduceMean19' stands where the global average is expected"

    def end(self, x):
        return self.op("ReduceMean", x, axes=[2], keepdims=0)


class OverBatch(Drawing):
    reason = "ReduceMean 'ReduceMean19' does not average over the whole map"

    def end(self, x):
        return self.op("ReduceMean", x, axes=[0, 2, 3], keepdims=0)


class Shuffled(Drawing):
    """Channels that change places."""

    reason = "Reshape 'Reshape3' does not average over the whole map|Reshape 'Reshape3'"

    def pool(self, x):
        return self.op("Reshape", super().pool(x), self.ints(-1, 8, 4, 16))


class OtherOrder(Gathered):
    """Classes that change places."""

    reason = "Gather 'Gather21' takes a map apart or reorders it"

    def end(self, x):
        return self.gather(x, self.const(np.arange(20)[::-1].reshape(4, 5, 1, 1), np.int64))


class OneClass(Drawing):
    reason = "Gather 'Gather20' takes a map apart or reorders it"

    def end(self, x):
        x = self.op("GlobalAveragePool", x)
        return self.op("Flatten", self.op("Gather", x, self.ints(0), axis=1))


class OneClassOfVector(Drawing):
    """Class 0 of [N, 1, classes]."""

    reason = "Gather 'Gather22' takes a map apart or reorders it"

    def end(self, x):
        x = self.op("Transpose", self.op("GlobalAveragePool", x), perm=[0, 2, 3, 1])
        x = self.op("Squeeze", x, self.ints(1))
        return self.op("Gather", x, self.const(0, np.int64), axis=2)


class AveragedTwice(Drawing):
    reason = "GlobalAveragePool 'GlobalAveragePool4' stands where .* is expected; average only once"

    def squeeze(self, x, cin, cout):
        return super().squeeze(self.op("GlobalAveragePool", x), cin, cout)


REFUSED = [SmallPool, PaddedPool, PoolInTheMiddle, GlobalMax, OverChannels, OverChannelsLast]
REFUSED += [OverRows, OverBatch, Shuffled, OtherOrder, OneClass, OneClassOfVector]


@pytest.mark.parametrize("drawing", REFUSED)
def test_refused(tmp_path, drawing):
    drawn = drawing()
    assert_refused(save(tmp_path / "w.onnx", drawn), drawn.architecture(), drawn.reason)
