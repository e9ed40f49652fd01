"""Builds TOSA graphs with tosa-tools' serializer: tensors, constants and the operators that real networks are made of.

Random values come from one numpy generator per graph, so that a name and a seed give the same graph again.
"""
import math
import pathlib

import numpy
import serializer.tosa_serializer as ts
from tosa.NanPropagationMode import NanPropagationMode
from tosa.Op import Op
from tosa.ResizeMode import ResizeMode
from tosa.RoundingMode import RoundingMode

DTYPES = {"bool": ts.DType.BOOL, "int4": ts.DType.INT4, "int8": ts.DType.INT8, "int16": ts.DType.INT16, "int32": ts.DType.INT32,
          "int48": ts.DType.INT48, "shape": ts.DType.SHAPE}
BITS = {"int4": 4, "int8": 8, "int16": 16, "int32": 32, "int48": 48}
NUMPY = {"bool": numpy.bool_, "int4": numpy.int8, "int8": numpy.int8, "int16": numpy.int16, "int32": numpy.int32,
         "int48": numpy.int64, "shape": numpy.int64}


def accumulator_of(dtype):
    return "int48" if dtype == "int16" else "int32"


class Tensor:
    def __init__(self, name, shape, dtype, spread):
        self.name, self.shape, self.dtype = name, tuple(shape), dtype
        self.spread = spread  # standard deviation that the values are expected to have, about


class Graph:
    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)
        self.serializer = ts.TosaSerializer("", tosa_version_minor=0, tosa_version_draft=False)
        self.values = {}

    # ---- tensors ----
    def values_of(self, shape, dtype, low=None, high=None):
        limit = 1 << (BITS[dtype] - 1) if dtype != "bool" else 0
        if dtype == "bool":
            return self.random.integers(0, 2, shape).astype(bool)
        low, high = -limit if low is None else low, limit - 1 if high is None else high
        values = self.random.integers(low, high, shape, endpoint=True, dtype=numpy.int64)
        return values.astype(NUMPY[dtype])

    def input(self, shape, dtype, low=None, high=None, values=None):
        values = self.values_of(shape, dtype, low, high) if values is None else values
        tensor = self.serializer.addPlaceholder(list(shape), DTYPES[dtype], None)
        self.values[tensor.name] = (values, dtype)
        return Tensor(tensor.name, shape, dtype, max(1.0, float(numpy.std(values.astype(numpy.float64)))))

    def const(self, values, dtype):
        values = numpy.asarray(values, NUMPY[dtype])
        shape = list(values.shape)
        tensor = self.serializer.addConst(shape, DTYPES[dtype], values)
        return Tensor(tensor.name, shape, dtype, max(1.0, float(numpy.std(values.astype(numpy.float64)))))

    def shape(self, *values):
        return self.const(numpy.array(values), "shape")

    def random_const(self, shape, dtype, low=None, high=None):
        return self.const(self.values_of(shape, dtype, low, high), dtype)

    def apply(self, op, inputs, shape, dtype, spread=None, attributes=None):
        tensor = self.serializer.currRegion.addIntermediate(list(shape), DTYPES[dtype])
        self.serializer.addOperator(getattr(Op, op), [t.name for t in inputs], [tensor.name], attributes)
        return Tensor(tensor.name, shape, dtype, inputs[0].spread if spread is None else spread)

    def attribute(self, name, *arguments):
        union = ts.TosaSerializerAttribute()
        getattr(union, name + "Attribute")(*arguments)
        return union

    # ---- convolutions: 8-bit or 16-bit input, per-channel random weights, accumulator out ----
    def conv2d(self, x, channels, kernel=(3, 3), stride=(1, 1), dilation=(1, 1), pad=None, zero_point=0, weights="int8", bias=None):
        n, h, w, c = x.shape
        extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
        pad = self.same_padding((h, w), extent, stride) if pad is None else list(pad)
        out = self.conv_extent((h, w), extent, stride, pad)
        weight = self.weights((channels, *kernel, c), weights)
        return self.conv("CONV2D", "Conv2d", x, weight, channels, (n, *out, channels), kernel[0] * kernel[1] * c, zero_point,
                         [pad, list(stride), list(dilation)], bias)

    def depthwise(self, x, multiplier=1, kernel=(3, 3), stride=(1, 1), dilation=(1, 1), pad=None, zero_point=0, weights="int8"):
        n, h, w, c = x.shape
        extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
        pad = self.same_padding((h, w), extent, stride) if pad is None else list(pad)
        out = self.conv_extent((h, w), extent, stride, pad)
        weight = self.weights((*kernel, c, multiplier), weights)
        return self.conv("DEPTHWISE_CONV2D", "DepthwiseConv2d", x, weight, c * multiplier, (n, *out, c * multiplier),
                         kernel[0] * kernel[1], zero_point, [pad, list(stride), list(dilation)], None)

    def transpose_conv(self, x, channels, kernel=(3, 3), stride=(2, 2), out_pad=(0, 0, 0, 0), zero_point=0):
        n, h, w, c = x.shape
        out = ((h - 1) * stride[0] + out_pad[0] + out_pad[1] + kernel[0], (w - 1) * stride[1] + out_pad[2] + out_pad[3] + kernel[1])
        weight = self.weights((channels, *kernel, c), "int8")
        taps = kernel[0] * kernel[1] * c / (stride[0] * stride[1])
        return self.conv("TRANSPOSE_CONV2D", "TransposeConv2d", x, weight, channels, (n, *out, channels), taps, zero_point,
                         [list(out_pad), list(stride)], None)

    def weights(self, shape, dtype):
        """Weights of mixed sparsity, as trained and pruned models have them."""
        values = self.values_of(shape, dtype, *((-7, 7) if dtype == "int4" else (-127, 127)))
        values[self.random.random(shape) < self.random.choice([0, 0, 0.3, 0.8])] = 0
        return self.const(values, dtype)

    def conv(self, op, attribute, x, weight, channels, shape, taps, zero_point, lists, bias):
        accumulator = accumulator_of(x.dtype)
        spread = x.spread * weight.spread * math.sqrt(max(1, taps))
        limit = int(2 * spread)
        bias = self.random_const((channels,), accumulator, -limit, limit) if bias is None else bias
        inputs = [x, weight, bias, self.const([zero_point], x.dtype), self.const([0], weight.dtype)]
        return self.apply(op, inputs, shape, accumulator, 1.5 * spread,
                          self.attribute(attribute, *lists, False, DTYPES[accumulator]))

    @staticmethod
    def same_padding(size, extent, stride):
        pad = []
        for s, e, t in zip(size, extent, stride):
            total = max(0, (math.ceil(s / t) - 1) * t + e - s)
            total += (s + total - e) % t  # TOSA wants an exact division
            pad += [total // 2, total - total // 2]
        return pad

    @staticmethod
    def conv_extent(size, extent, stride, pad):
        out = []
        for axis in (0, 1):
            total = size[axis] + pad[2 * axis] + pad[2 * axis + 1] - extent[axis]
            shrink = total % stride[axis]
            pad[2 * axis + 1] -= shrink
            if pad[2 * axis + 1] < 0:  # give whole strides more instead
                pad[2 * axis + 1] += stride[axis]
            total = size[axis] + pad[2 * axis] + pad[2 * axis + 1] - extent[axis]
            out.append(total // stride[axis] + 1)
        return tuple(out)

    # ---- scaling ----
    def rescale(self, x, dtype, zero_point=0, factor=None, per_channel=False, double_round=False, in_zero_point=0,
                unsigned=(False, False)):
        """To `dtype`, with a factor that fills its range when none is given. `unsigned`: input, output."""
        scale32 = x.dtype != "int48"
        factor = (1 << (BITS[dtype] - 1)) / (3.0 * x.spread) if factor is None else factor
        count = x.shape[-1] if per_channel else 1
        factors = factor * (self.random.uniform(0.5, 1.5, count) if per_channel else numpy.ones(count))
        multipliers, shifts = zip(*(self.multiplier(f, 31 if scale32 else 15) for f in factors))
        inputs = [x, self.const(multipliers, "int32" if scale32 else "int16"), self.const(shifts, "int8"),
                  self.const([in_zero_point], x.dtype), self.const([zero_point], dtype)]
        mode = RoundingMode.DOUBLE_ROUND if double_round and scale32 else RoundingMode.SINGLE_ROUND
        return self.apply("RESCALE", inputs, x.shape, dtype, min(x.spread * factor, 0.4 * (1 << (BITS[dtype] - 1))),
                          self.attribute("Rescale", scale32, mode, per_channel, *unsigned))

    @staticmethod
    def multiplier(factor, bits):
        """multiplier * 2^-shift = factor about, multiplier with `bits` bits (its top one set)."""
        fraction, exponent = math.frexp(factor)
        value = round(fraction * (1 << bits))
        if value == 1 << bits:
            value, exponent = value >> 1, exponent + 1
        shift = bits - exponent
        if not 2 <= shift <= 62:
            value, shift = (0, 2) if shift > 62 else ((1 << bits) - 1, 2)
        return value, shift

    # ---- the rest ----
    def clamp(self, x, low, high):
        width = BITS[x.dtype] // 8
        as_bytes = [list(int(v).to_bytes(width, "little", signed=True)) for v in (low, high)]
        attributes = self.attribute("Clamp", self.serializer.builder, *as_bytes, NanPropagationMode.PROPAGATE)
        return self.apply("CLAMP", [x], x.shape, x.dtype, None, attributes)

    def table(self, x, function):
        """A table of `function`, which maps [-1, 1) to [-1, 1)."""
        bits = BITS[x.dtype]
        limit = 1 << (bits - 1)
        size = 256 if bits == 8 else 513
        points = numpy.array([function(v) for v in numpy.linspace(-1, 1, size + (bits == 8))[:size]])
        values = numpy.clip(numpy.round(points * limit), -limit, limit - 1)
        return self.apply("TABLE", [x, self.const(values, x.dtype)], x.shape, "int32" if bits == 16 else "int8",
                          limit * 0.4 * (128 if bits == 16 else 1))

    def pool(self, x, kind, kernel, stride, pad=(0, 0, 0, 0)):
        n, h, w, c = x.shape
        pad = list(pad)
        out = self.conv_extent((h, w), kernel, stride, pad)
        if kind == "MAX_POOL2D":
            attributes = self.attribute("MaxPool2d", list(kernel), list(stride), pad, NanPropagationMode.PROPAGATE)
            return self.apply(kind, [x], (n, *out, c), x.dtype, None, attributes)
        attributes = self.attribute("AvgPool2d", list(kernel), list(stride), pad, ts.DType.INT32)
        zero = self.const([0], x.dtype)
        return self.apply("AVG_POOL2D", [x, zero, zero], (n, *out, c), x.dtype, x.spread / 2, attributes)

    def elementwise(self, op, a, b, dtype=None, attributes=None, extra=()):
        shape = numpy.broadcast_shapes(a.shape, b.shape)
        spread = a.spread * b.spread if op == "MUL" else a.spread + b.spread
        return self.apply(op, [a, b, *extra], shape, dtype or a.dtype, spread, attributes)

    def mul(self, a, b, shift=0):
        return self.elementwise("MUL", a, b, "int32", None, [self.const([shift], "int8")])

    def reduce(self, op, x, axis, *arguments):
        shape = list(x.shape)
        factor = math.sqrt(shape[axis]) if op == "REDUCE_SUM" else 1
        shape[axis] = 1
        name = {"REDUCE_SUM": "ReduceSum", "REDUCE_MAX": "ReduceMax", "REDUCE_MIN": "ReduceMin"}[op]
        return self.apply(op, [x], shape, x.dtype, x.spread * factor, self.attribute(name, axis, *arguments))

    def matmul(self, a, b, zero_points=(0, 0)):
        inputs = [a, b, self.const([zero_points[0]], a.dtype), self.const([zero_points[1]], b.dtype)]
        return self.apply("MATMUL", inputs, (a.shape[0], a.shape[1], b.shape[2]), accumulator_of(a.dtype),
                          a.spread * b.spread * math.sqrt(a.shape[2]))

    def reshape(self, x, *shape):
        return self.apply("RESHAPE", [x, self.shape(*shape)], shape, x.dtype)

    def transpose(self, x, *order):
        return self.apply("TRANSPOSE", [x], [x.shape[axis] for axis in order], x.dtype, None,
                          self.attribute("Transpose", list(order)))

    def slice(self, x, start, size):
        return self.apply("SLICE", [x, self.shape(*start), self.shape(*size)], size, x.dtype)

    def concat(self, tensors, axis):
        shape = list(tensors[0].shape)
        shape[axis] = sum(t.shape[axis] for t in tensors)
        return self.apply("CONCAT", tensors, shape, tensors[0].dtype, None, self.attribute("Concat", axis))

    def resize(self, x, mode, scale, offset=(0, 0), border=(0, 0)):
        n, h, w, c = x.shape
        bilinear = mode == "BILINEAR"
        out = [((s - 1) * scale[2 * k] - offset[k] + border[k]) // scale[2 * k + 1] + 1 for k, s in enumerate((h, w))]
        dtype = ({"int8": "int32", "int16": "int48"}[x.dtype]) if bilinear else x.dtype
        inputs = [x, self.shape(*scale), self.shape(*offset), self.shape(*border)]
        return self.apply("RESIZE", inputs, (n, *out, c), dtype, x.spread * (scale[0] * scale[2] if bilinear else 1),
                          self.attribute("Resize", getattr(ResizeMode, mode)))

    def finish(self, folder, *outputs):
        """Writes the graph and its inputs. Returns (graph file, {input name: file})."""
        folder = pathlib.Path(folder)
        for output in outputs:
            self.serializer.currRegion.currBasicBlock.addOutput(output.name)
        (folder / "graph.tosa").write_bytes(bytes(self.serializer.serialize()))
        files = {}
        for name, (values, _) in self.values.items():
            files[name] = folder / f"{name}.npy"
            numpy.save(files[name], values)
        return folder / "graph.tosa", files
