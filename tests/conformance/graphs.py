"""Graphs that the unit generator does not make: networks, large layers, fused chains, awkward broadcasts.

Each function builds one graph from a builder.Graph and its parameters; CATALOGUE lists them with the parameters that are
run. A graph's name is its group and its parameters.
"""
import math

import builder

CATALOGUE = []


def family(*parameters):
    """Registers a function for each dictionary of parameters."""
    def register(function):
        CATALOGUE.extend((function, chosen) for chosen in parameters)
        return function
    return register


def grid(**lists):
    """All combinations of the given lists, as dictionaries."""
    chosen = [{}]
    for name, values in lists.items():
        chosen = [{**one, name: value} for one in chosen for value in values]
    return chosen


def catalogue(seed):
    """(name, group, make) of every graph; make(folder) returns (graph file, {input name: file})."""
    for function, parameters in CATALOGUE:
        text = "_".join(f"{key}{text_of(value)}" for key, value in parameters.items())
        group = function.__name__
        name = f"{group}_{text}" if text else group

        def make(folder, function=function, parameters=parameters, name=name):
            graph = builder.Graph([seed, *name.encode()])
            outputs = function(graph, **parameters)
            return graph.finish(folder, *(outputs if isinstance(outputs, tuple) else (outputs,)))

        yield name, group, make


def text_of(value):
    return "x".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def zero_point(graph, dtype):
    return int(graph.random.integers(-20, 20)) if dtype == "int8" else 0


# ---- convolution layers ----
@family(*grid(dtype=["int8", "int16"], channels=[(3, 16), (16, 24), (72, 128), (128, 72)], kernel=[(1, 1), (3, 3)]),
        *grid(dtype=["int8", "int16"], channels=[(8, 8)], kernel=[(1, 7), (7, 1), (5, 5), (2, 2), (9, 9)]),
        *grid(dtype=["int8", "int16"], channels=[(20, 33)], kernel=[(3, 3)], stride=[(1, 2), (2, 1), (2, 2), (3, 3), (1, 3)]),
        *grid(dtype=["int8", "int16"], channels=[(12, 17)], kernel=[(3, 3)], dilation=[(1, 2), (2, 1), (2, 2)]),
        *grid(dtype=["int8", "int16"], channels=[(6, 10)], kernel=[(3, 3)], stride=[(2, 2), (3, 1)], dilation=[(2, 2)]),
        *grid(dtype=["int8"], channels=[(16, 32), (48, 40)], kernel=[(1, 1), (3, 3)], weights=["int4"]))
def conv_layer(graph, dtype, channels, kernel, stride=(1, 1), dilation=(1, 1), weights="int8", size=(9, 11)):
    zero = zero_point(graph, dtype)
    x = graph.input((1, *size, channels[0]), dtype)
    x = graph.conv2d(x, channels[1], kernel, stride, dilation, zero_point=zero, weights=weights)
    return graph.rescale(x, dtype, zero_point(graph, dtype), per_channel=True)


@family(*grid(dtype=["int8", "int16"], channels=[(256, 128), (128, 256), (64, 160)]))
def conv_1x1_deep(graph, dtype, channels):
    """Enough channels for fast weights on every number of cores."""
    x = graph.conv2d(graph.input((1, 4, 4, channels[0]), dtype), channels[1], (1, 1))
    return graph.rescale(x, dtype, per_channel=True)


@family(*grid(dtype=["int8", "int16"], channels=[3, 16, 40], multiplier=[1, 2], kernel=[(3, 3)], stride=[(1, 1), (2, 2)]),
        *grid(dtype=["int8", "int16"], channels=[8], multiplier=[1], kernel=[(5, 3), (1, 9)], dilation=[(1, 1), (2, 2)]))
def depthwise_layer(graph, dtype, channels, multiplier, kernel, stride=(1, 1), dilation=(1, 1)):
    x = graph.input((1, 10, 9, channels), dtype)
    x = graph.depthwise(x, multiplier, kernel, stride, dilation, zero_point=zero_point(graph, dtype))
    return graph.rescale(x, dtype, zero_point(graph, dtype), per_channel=True)


@family(*grid(dtype=["int8", "int16"], channels=[(4, 6), (17, 20)], kernel=[(2, 2), (3, 3), (4, 4)], stride=[(1, 1), (2, 2)]),
        *grid(dtype=["int8"], channels=[(8, 8)], kernel=[(1, 4), (5, 5)], stride=[(1, 2), (2, 2)]))
def transpose_conv_layer(graph, dtype, channels, kernel, stride):
    x = graph.input((1, 5, 6, channels[0]), dtype)
    x = graph.transpose_conv(x, channels[1], kernel, stride, zero_point=zero_point(graph, dtype))
    return graph.rescale(x, dtype, zero_point(graph, dtype), per_channel=True)


@family(*grid(dtype=["int8", "int16"], sizes=[(1, 64, 10), (5, 33, 40), (1, 300, 130), (1, 600, 16)]))
def fully_connected(graph, dtype, sizes):
    rows, depth, units = sizes
    x = graph.conv2d(graph.input((1, 1, rows, depth), dtype), units, (1, 1), zero_point=zero_point(graph, dtype))
    return graph.rescale(x, dtype, zero_point(graph, dtype), per_channel=True)


@family(*grid(dtype=["int8", "int16"], depth=[4, 7], height=[64, 150], width=[12, 40], channels=[8, 16]))
def conv_chain(graph, dtype, depth, height, width, channels):
    """A deep chain on a tall image: with a small arena Vela cascades it through rolling buffers (several tiles)."""
    x = graph.input((1, height, width, 3), dtype)
    for _ in range(depth):
        x = graph.rescale(graph.conv2d(x, channels), dtype, per_channel=True)
    return x


@family(*grid(dtype=["int8", "int16"], height=[96], width=[24], stride=[1, 2]))
def mixed_chain(graph, dtype, height, width, stride):
    """Convolution, depthwise, pooling and an elementwise operation in one cascade."""
    x = graph.input((1, height, width, 4), dtype)
    x = graph.rescale(graph.conv2d(x, 12, (3, 3)), dtype, per_channel=True)
    x = graph.rescale(graph.depthwise(x, 1, (3, 3), (stride, stride)), dtype, per_channel=True)
    y = graph.pool(x, "MAX_POOL2D", (3, 3), (1, 1), (1, 1, 1, 1))
    y = graph.rescale(graph.conv2d(y, 12, (3, 3)), dtype, per_channel=True)
    return add(graph, x, y, dtype, 0.7, 1.2)


# ---- whole small networks ----
def add(graph, a, b, dtype, scale_a=1.0, scale_b=1.0):
    """ADD of two quantised tensors as ExecuTorch and TFLite lower it: both to int32, added, back."""
    shift = 20 if dtype == "int8" else 12
    a = graph.rescale(a, "int32", factor=scale_a * (1 << shift))
    b = graph.rescale(b, "int32", factor=scale_b * (1 << shift))
    total = graph.elementwise("ADD", a, b)
    return graph.rescale(total, dtype, factor=0.5 / (1 << shift))


def silu(v):
    return v / (1 + math.exp(-8 * v))


def table(graph, x, function):
    x = graph.table(x, function)
    return graph.rescale(x, "int16", factor=1 / 128) if x.dtype == "int32" else x


@family(*grid(dtype=["int8", "int16"], width=[8, 20]))
def residual_net(graph, dtype, width):
    x = graph.input((1, 16, 16, 3), dtype)
    x = graph.rescale(graph.conv2d(x, width, (3, 3), (2, 2)), dtype, per_channel=True)
    for scales in ((1.0, 0.6), (0.8, 1.3)):
        y = graph.rescale(graph.conv2d(x, width), dtype, per_channel=True)
        y = graph.clamp(y, 0, 127 if dtype == "int8" else 32767)
        y = graph.rescale(graph.conv2d(y, width), dtype, per_channel=True)
        x = add(graph, x, y, dtype, *scales)
    x = graph.pool(x, "AVG_POOL2D", (8, 8), (1, 1))
    x = graph.reshape(x, 1, 1, 1, width)
    return graph.rescale(graph.conv2d(x, 10, (1, 1)), dtype, per_channel=True)


@family(*grid(dtype=["int8", "int16"]))
def separable_net(graph, dtype):
    x = graph.input((1, 25, 5, 1), dtype)
    x = graph.rescale(graph.conv2d(x, 32, (10, 4), (2, 2)), dtype, per_channel=True)
    for _ in range(3):
        x = graph.rescale(graph.depthwise(x), dtype, per_channel=True)
        x = graph.rescale(graph.conv2d(x, 32, (1, 1)), dtype, per_channel=True)
        x = table(graph, x, silu)
    n, h, w, c = x.shape
    x = graph.pool(x, "AVG_POOL2D", (h, w), (1, 1))
    return graph.rescale(graph.conv2d(x, 12, (1, 1)), dtype, per_channel=True)


@family(*grid(dtype=["int8", "int16"], shape=[(1, 1, 1, 10), (1, 3, 5, 17)]))
def softmax(graph, dtype, shape):
    """Softmax by maximum, table of exp, sum, table of the reciprocal, product: ExecuTorch's a16w8 way."""
    x = graph.input(shape, dtype)
    top = graph.reduce("REDUCE_MAX", x, 3, 1)
    wide = [graph.rescale(t, "int32", factor=1.0) for t in (x, top)]
    y = graph.rescale(graph.elementwise("SUB", *wide), "int16", factor=128.0 if dtype == "int8" else 0.5)
    y = table(graph, y, lambda v: 2 * math.exp(8 * min(v, 0)) - 1)
    wide = graph.rescale(y, "int32", factor=1.0, in_zero_point=0)
    total = graph.reduce("REDUCE_SUM", wide, 3)
    total = graph.rescale(total, "int16", factor=1 / shape[3])
    inverse = table(graph, total, lambda v: 0.1 / max(v + 1.0, 0.06) - 0.8)
    product = graph.mul(y, inverse)
    return graph.rescale(product, dtype, factor=2.0 ** -15 if dtype == "int16" else 2.0 ** -23)


@family(*grid(dtype=["int8", "int16"], sizes=[(1, 4, 8, 6), (3, 17, 33, 20)]))
def attention(graph, dtype, sizes):
    batch, rows, depth, columns = sizes
    a = graph.input((batch, rows, depth), dtype)
    b = graph.input((batch, depth, columns), dtype)
    x = graph.rescale(graph.matmul(a, b, (zero_point(graph, dtype), zero_point(graph, dtype))), dtype)
    y = graph.matmul(x, graph.rescale(graph.transpose(b, 0, 2, 1), dtype, factor=1.0))
    return graph.rescale(y, dtype)


# ---- elementwise ----
@family(*grid(op=["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"], dtype=["int8", "int16"], first=[(1, 1, 1, 1), (1, 1, 1, 7), (1, 4, 1, 7)],
              second=[(1, 4, 5, 7), (1, 1, 5, 1)]))
def broadcast(graph, op, dtype, first, second):
    a, b = graph.input(first, dtype), graph.input(second, dtype)
    if op in ("MAXIMUM", "MINIMUM"):
        a, b = (graph.rescale(t, "int32", factor=f) for t, f in ((a, 300.0), (b, 200.0)))
        return graph.elementwise(op, a, b, None, graph.attribute(op.capitalize(), 1))
    if op == "MUL":
        return graph.rescale(graph.mul(a, b), dtype)
    a, b = (graph.rescale(t, "int32", factor=1024.0) for t in (a, b))
    return graph.rescale(graph.elementwise(op, a, b), dtype, zero_point(graph, dtype))


@family(*grid(op=["ARITHMETIC_RIGHT_SHIFT", "LOGICAL_LEFT_SHIFT", "LOGICAL_RIGHT_SHIFT", "SUB", "INTDIV", "GREATER"],
              first=[(1, 1, 1, 1), (1, 1, 1, 7), (1, 1, 5, 7)]))
def small_first(graph, op, first):
    """The first operand broadcasts; the operation does not commute."""
    a = graph.input(first, "int32", -(1 << 30), 1 << 30)
    low, high = {"SUB": (-1 << 30, 1 << 30), "INTDIV": (1, 1000), "GREATER": (-1 << 30, 1 << 30)}.get(op, (0, 31))
    b = graph.input((1, 4, 5, 7), "int32", low, high)
    attributes = graph.attribute("ArithmeticRightShift", True) if op == "ARITHMETIC_RIGHT_SHIFT" else None
    return graph.elementwise(op, a, b, "bool" if op == "GREATER" else None, attributes)


@family(*grid(dtype=["int8", "int16"], scales=[(1.0, 1.0), (3.0, 5.0), (0.3, 0.011)], double=[False, True]))
def add_scaled(graph, dtype, scales, double):
    a, b = graph.input((1, 5, 6, 19), dtype), graph.input((1, 5, 6, 19), dtype)
    shift = 20 if dtype == "int8" else 12
    a = graph.rescale(a, "int32", factor=scales[0] * (1 << shift) / max(scales), double_round=double)
    b = graph.rescale(b, "int32", factor=scales[1] * (1 << shift) / max(scales), double_round=double)
    return graph.rescale(graph.elementwise("ADD", a, b), dtype, 0, 0.5 / (1 << shift), double_round=double)


@family(*grid(op=["ADD", "SUB"], dtype=["int8", "int16"], scales=[(3, 5), (1, 1), (7, 2)]))
def add_small_integers(graph, op, dtype, scales):
    """Input scales that are small integers: Vela may fold them into the operation's input scaling."""
    a, b = graph.input((1, 4, 6, 9), dtype), graph.input((1, 4, 6, 9), dtype)
    a, b = (graph.rescale(t, "int32", factor=float(s)) for t, s in zip((a, b), scales))
    return graph.rescale(graph.elementwise(op, a, b), dtype, 0, 0.125)


@family(*grid(dtype=["int8", "int16"], shape=[(1, 3, 4, 5), (1, 8, 8, 30)]))
def mul_tables(graph, dtype, shape):
    """SiLU: a table, and its product with the input."""
    x = graph.input(shape, dtype)
    y = table(graph, x, lambda v: 1 / (1 + math.exp(-6 * v)))
    return graph.rescale(graph.mul(x, y), dtype)


@family(*grid(dtype=["int8", "int16"], function=["tanh", "exp", "step", "gelu"]))
def table_chain(graph, dtype, function):
    functions = {"tanh": lambda v: math.tanh(3 * v), "exp": lambda v: math.exp(2 * v - 2), "step": lambda v: round(4 * v) / 4,
                 "gelu": lambda v: v * (1 + math.erf(3 * v)) / 2}
    x = graph.input((1, 6, 7, 21), dtype)
    x = graph.rescale(graph.conv2d(x, 16, (1, 1)), dtype, per_channel=True)
    return table(graph, x, functions[function])


@family(*grid(dtype=["int8", "int16"], mac=["conv", "reshaped", "matmul", "depthwise"], sizes=[(5, 33, 40), (3, 16, 20), (130, 8, 7)]))
def table_of_batches(graph, dtype, mac, sizes):
    """MLBEDSW-11805 (ExecuTorch 1.5.0, propagate_view_copy_permute_pass.py): "Ethos-U85 miscompiles a TABLE fed by a MAC op when
    that operand is [N, 1, 1, C] with N > 1"."""
    batches, depth, channels = sizes
    if mac == "matmul":
        x = graph.matmul(graph.input((1, batches, depth), dtype), graph.input((1, depth, channels), dtype))
        x = graph.rescale(x, dtype)
    elif mac == "depthwise":
        x = graph.rescale(graph.depthwise(graph.input((batches, 1, 1, depth), dtype), 1, (1, 1)), dtype, per_channel=True)
        channels = depth
    elif mac == "reshaped":
        x = graph.rescale(graph.conv2d(graph.input((1, 1, batches, depth), dtype), channels, (1, 1)), dtype, per_channel=True)
    else:
        x = graph.rescale(graph.conv2d(graph.input((batches, 1, 1, depth), dtype), channels, (1, 1)), dtype, per_channel=True)
    if mac in ("matmul", "reshaped"):
        x = graph.reshape(x, batches, 1, 1, channels)
    return graph.reshape(table(graph, x, math.tanh), batches, channels)


@family(*grid(dtype=["int8", "int16"]))
def table_twice(graph, dtype):
    """Two tables in one chain."""
    x = graph.input((1, 4, 5, 18), dtype)
    a = table(graph, x, math.tanh)
    b = table(graph, a, silu)
    return a, graph.rescale(graph.mul(a, b), dtype)


@family(*grid(dtype=["int8", "int16"], behind=["input", "conv", "table"]))
def rescale_unsigned(graph, dtype, behind):
    """To unsigned elements, whose zero point is half the range, and back."""
    x = graph.input((1, 5, 7, 18), dtype)
    half = -128 if dtype == "int8" else -32768
    if behind == "conv":
        x = graph.rescale(graph.conv2d(x, 12, (1, 1)), dtype, per_channel=True)
    if behind == "table":
        x = table(graph, x, math.tanh)
    x = graph.rescale(x, dtype, half, 1.0, unsigned=(False, True))
    return x, graph.rescale(x, dtype, 0, 0.75, in_zero_point=half, unsigned=(True, False))


@family(*grid(dtype=["int8", "int16", "int32"], second=["ARITHMETIC_RIGHT_SHIFT", "BITWISE_XOR", "CAST"]))
def shift_chain(graph, dtype, second):
    """A shift to the left, whose upper bits are lost, and what depends on that they are."""
    shape, bits = (1, 4, 6, 11), int(dtype[3:])
    x = graph.input(shape, dtype, -(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    x = graph.elementwise("LOGICAL_LEFT_SHIFT", x, graph.input(shape, dtype, 0, bits - 1))
    if second == "CAST":
        x = graph.apply("CAST", [x], shape, "int16" if dtype != "int16" else "int32")
        return graph.apply("BITWISE_NOT", [x], shape, x.dtype)
    if second == "BITWISE_XOR":
        x = graph.elementwise("BITWISE_XOR", x, graph.input(shape, dtype))
    return graph.elementwise("ARITHMETIC_RIGHT_SHIFT", x, graph.input(shape, dtype, 0, bits - 1), None,
                             graph.attribute("ArithmeticRightShift", True))


# ---- reductions and pooling ----
@family(*grid(dtype=["int8", "int16"], axis=[1, 2, 3], shape=[(1, 6, 7, 20), (1, 3, 40, 33)]))
def mean(graph, dtype, axis, shape):
    x = graph.rescale(graph.input(shape, dtype), "int32", factor=1.0)
    return graph.rescale(graph.reduce("REDUCE_SUM", x, axis), dtype, 0, 1 / shape[axis])


@family(*grid(dtype=["int8", "int16"], kernel=[(2, 2), (3, 3), (5, 4)], stride=[(1, 1), (2, 2)], padded=[False, True]),
        *grid(dtype=["int8", "int16"], kernel=[(3, 3), (5, 4)], stride=[(3, 2)], padded=[True]))
def average_pool(graph, dtype, kernel, stride, padded):
    x = graph.input((1, 12, 10, 18), dtype)
    pad = [k // 2 for k in kernel for _ in (0, 1)] if padded else [0] * 4
    return graph.pool(x, "AVG_POOL2D", kernel, stride, pad)


@family(*grid(dtype=["int8", "int16"], kernel=[(2, 2), (3, 3)], factor=[1.0, 0.6]))
def average_rescaled(graph, dtype, kernel, factor):
    """Without padding: a reciprocal, with which the rescale may be fused."""
    x = graph.input((1, 9, 10, 18), dtype)
    return graph.rescale(graph.pool(x, "AVG_POOL2D", kernel, (1, 1)), dtype, 0, factor)


@family(*grid(dtype=["int8", "int16"], kernel=[(2, 2), (3, 3)], fused=["clamp", "rescale", "table"]))
def max_pool_fused(graph, dtype, kernel, fused):
    x = graph.input((1, 9, 10, 18), dtype)
    x = graph.pool(x, "MAX_POOL2D", kernel, (1, 1))
    if fused == "clamp":
        return graph.clamp(x, -50, 60)
    return graph.rescale(x, dtype, 0, 0.7) if fused == "rescale" else table(graph, x, math.tanh)


@family(*grid(dtype=["int8", "int16"], mode=["NEAREST", "BILINEAR"], scale=[(4, 2, 4, 2), (2, 1, 2, 1), (8, 2, 8, 2), (6, 4, 6, 2)]))
def resize_layer(graph, dtype, mode, scale):
    x = graph.input((1, 5, 5, 18), dtype)
    border = [scale[0] - scale[1], scale[2] - scale[3]] if mode == "NEAREST" else [0, 0]
    border = [b - ((4 * n + b) % d) for b, n, d in zip(border, scale[::2], scale[1::2])]
    x = graph.resize(x, mode, scale, (0, 0), border)
    return graph.rescale(x, dtype, 0, 1.0 / (scale[0] * scale[2])) if mode == "BILINEAR" else x


# ---- data movement inside networks ----
@family(*grid(dtype=["int8", "int16", "int32"], axis=[1, 2, 3]))
def split_concat(graph, dtype, axis):
    x = graph.input((1, 8, 6, 34), dtype)
    size = list(x.shape)
    size[axis] //= 2
    start = [0] * 4
    a = graph.slice(x, start, size)
    start[axis] = size[axis]
    return graph.concat([graph.slice(x, start, size), a], axis)


@family(*grid(dtype=["int8", "int16", "int32"], order=[(0, 2, 1, 3), (0, 3, 1, 2), (0, 1, 3, 2), (0, 3, 2, 1), (0, 2, 3, 1)]))
def transposed(graph, dtype, order):
    return graph.transpose(graph.input((1, 5, 7, 19), dtype), *order)


@family(*grid(dtype=["int8", "int16"], order=[(0, 2, 1, 3), (0, 3, 1, 2)]))
def conv_transposed(graph, dtype, order):
    x = graph.rescale(graph.conv2d(graph.input((1, 6, 7, 5), dtype), 18), dtype, per_channel=True)
    return graph.transpose(x, *order)
