"""Kernels of ExecuTorch's Cortex-M backend as CMSIS-NN computes them: its C sources, built for this machine.

Folder NPUSCOPE_CMSIS_NN holds CMSIS-NN (99f736a63036 was used). The functions have the operators' arguments; tensors of int8 in memory
order. cases(): programs that call the operators, for scripts/record-program.
"""
import ctypes
import os
import pathlib
import subprocess
import tempfile

import numpy as np
import torch
import executorch.backends.cortex_m.passes  # registers the operators

FOLDERS = "ConvolutionFunctions FullyConnectedFunctions PoolingFunctions SoftmaxFunctions NNSupportFunctions BasicMathFunctions " \
          "PadFunctions TransposeFunctions"
ops = torch.ops.cortex_m
library = None


def load():
    global library
    if library is None:
        source = pathlib.Path(os.environ["NPUSCOPE_CMSIS_NN"])
        path = pathlib.Path(tempfile.mkdtemp()) / "cmsis_nn.so"
        files = [file for folder in FOLDERS.split() for file in (source / "Source" / folder).glob("*.c")
             if not any(word in file.name for word in ("f16", "f32", "lstm"))]
        subprocess.run(["cc", "-w", "-O1", "-shared", "-fPIC", f"-I{source / 'Include'}", *files, "-o", path], check=True)
        library = ctypes.CDLL(str(path))
    return library


def call(name, *arguments):
    """Integers as int32, lists and arrays by address; the arrays stay alive until the call is over."""
    kept, words = [], []
    for value in arguments:
        if isinstance(value, torch.Tensor):
            value = value.numpy()
        if isinstance(value, (list, tuple)):
            value = np.array(value, np.int32)
        kept.append(value)
        words.append(ctypes.c_void_p(value.ctypes.data) if isinstance(value, np.ndarray) else
                     None if value is None else ctypes.c_int32(value))
    status = getattr(load(), name)(*words)
    assert name == "arm_softmax_s8" or status == 0, (name, status)


class Pointers(ctypes.Structure):
    _fields_ = [("first", ctypes.c_void_p), ("second", ctypes.c_void_p)]


def pointers(first, second):
    value = Pointers(first.ctypes.data, second.ctypes.data if second is not None else 0)
    array = np.frombuffer(bytes(value), np.uint8).copy()
    return array


def scratch():
    global memory
    memory = np.zeros(1 << 20, np.int8)
    return np.concatenate([np.array([memory.ctypes.data], np.int64).view(np.int8), np.array([memory.size], np.int64).view(np.int8)])


def nhwc(tensor):
    """Memory of a channels-last tensor, and its sizes n, h, w, c."""
    value = tensor.permute(0, 2, 3, 1).contiguous()
    return value, list(value.shape)


def shape_of(operator, *arguments):
    """Sizes n, h, w, c of the result."""
    n, c, h, w = operator(*(a.to("meta") if isinstance(a, torch.Tensor) else a for a in arguments)).shape
    return [n, h, w, c]


def nchw(value):
    return value.permute(0, 3, 1, 2)


def add(a, az, am, ash, b, bz, bm, bs, oz, om, os_, low, high):
    big, small, first, second = (a, b, (-az, am, ash), (-bz, bm, bs)) if a.numel() >= b.numel() else (b, a, (-bz, bm, bs), (-az, am, ash))
    x, y = (nhwc(t)[0] if t.dim() == 4 else t for t in (big, small))
    y = y.expand(x.shape).contiguous() if x.shape != y.shape else y
    out = torch.empty_like(x)
    call("arm_elementwise_add_s8", x, y, *first, *second, 20, out, oz, om, os_, low, high, x.numel())
    return nchw(out) if x.dim() == 4 else out


def mul(a, az, b, bz, oz, om, os_):
    big, small, bo, so = (a, b, -az, -bz) if a.numel() >= b.numel() else (b, a, -bz, -az)
    x, y = (nhwc(t)[0] if t.dim() == 4 else t for t in (big, small))
    y = y.expand(x.shape).contiguous() if x.shape != y.shape else y
    out = torch.empty_like(x)
    call("arm_elementwise_mul_s8", x, y, bo, so, out, oz, om, os_, -128, 127, x.numel())
    return nchw(out) if x.dim() == 4 else out


def div(a, az, b, bz, oz, scale):
    """op_quantized_div.cpp, which calls no CMSIS-NN: float32, halves away from zero."""
    x, y = (t.numpy().astype(np.float32) - np.float32(z) for t, z in ((a, az), (b, bz)))
    quotient = np.where(y != 0, x / np.where(y != 0, y, 1), np.float32(0)).astype(np.float32) * np.float32(scale)
    rounded = np.sign(quotient) * np.floor(np.abs(quotient.astype(np.float64)) + 0.5) + oz
    info = np.iinfo(a.numpy().dtype)
    return torch.from_numpy(np.clip(rounded, info.min, info.max).astype(a.numpy().dtype))


def softmax(x, dim, iz, oz, multiplier, shift, least):
    out = torch.empty_like(x)
    call("arm_softmax_s8", x, x.numel() // x.shape[-1], x.shape[-1], multiplier, shift, least, out)
    return out


def convolution(name, x, w, bias, shape, offsets, head, tail, multipliers, shifts, limits, dims):
    value, sizes = nhwc(x)
    out = torch.empty(shape, dtype=torch.int8)
    m, s = multipliers.numpy(), shifts.numpy()
    more = [scratch()] if "transpose" in name else []
    kept = more and memory
    call(name, scratch(), *more, [*offsets, *head, *[v for pair in tail for v in reversed(pair)], *limits], pointers(m, s), sizes, value,
         dims, w.contiguous(), [1, 1, 1, shape[3]], bias, list(shape), out)
    del kept
    return nchw(out)


def conv2d(x, w, bias, stride, padding, dilation, io, oo, m, s, low, high, _):
    shape = shape_of(ops.quantized_conv2d, x, w, bias, stride, padding, dilation, io, oo, m, s, low, high, _)
    return convolution("arm_convolve_wrapper_s8", x, w, bias, shape, [io, oo], [], [stride, padding, dilation], m, s, [low, high], list(w.shape))


def depthwise(x, w, bias, stride, padding, dilation, multiplier, io, oo, m, s, low, high, _):
    shape = shape_of(ops.quantized_depthwise_conv2d, x, w, bias, stride, padding, dilation, multiplier, io, oo, m, s, low, high, _)
    return convolution("arm_depthwise_conv_wrapper_s8", x, w, bias, shape, [io, oo], [multiplier], [stride, padding, dilation], m, s,
                       [low, high], list(w.shape))


def transpose_conv2d(x, w, bias, stride, padding, extra, dilation, io, oo, m, s, low, high, _, __):
    shape = shape_of(ops.quantized_transpose_conv2d, x, w, bias, stride, padding, extra, dilation, io, oo, m, s, low, high, _, __)
    return convolution("arm_transpose_conv_wrapper_s8", x, w, bias, shape, [io, oo], [], [stride, padding, extra, dilation], m, s,
                       [low, high], list(w.shape))


def pool(name, x, kernel, stride, padding, limits, shape):
    value, sizes = nhwc(x)
    out = torch.empty(shape, dtype=torch.int8)
    call(name, scratch(), [*reversed(stride), *reversed(padding), *limits], sizes, value, [1, *kernel, 1], list(shape), out)
    return nchw(out)


def avg_pool2d(x, kernel, stride, padding, ceil_mode, zero_point, multiplier, shift, _):
    shape = shape_of(ops.quantized_avg_pool2d, x, kernel, stride, padding, ceil_mode, zero_point, multiplier, shift, _)
    return pool("arm_avgpool_s8", x, kernel, stride, padding, (-128, 127), shape)


def max_pool2d(x, kernel, stride, padding, dilation, ceil_mode, iz, oz, low, high):
    shape = shape_of(ops.quantized_max_pool2d, x, kernel, stride, padding, dilation, ceil_mode, iz, oz, low, high)
    return pool("arm_max_pool_s8", x, kernel, stride, padding, (low, high), shape)


def linear(x, w, bias, sums, io, fo, oo, m, s, high, low):
    if sums is not None:  # of programs for Helium, which C does not read: the sum has the offset's part in it
        bias = sums - w.to(torch.int32).sum(1).to(torch.int32) * io
    rows, inner = x.numel() // x.shape[-1], x.shape[-1]
    out = torch.empty((*x.shape[:-1], w.shape[0]), dtype=torch.int8)
    call("arm_fully_connected_s8", scratch(), [io, fo, oo, low, high], [m[0], s[0]], [rows, 1, 1, inner], x, [inner, 1, 1, w.shape[0]], w,
         [1, 1, 1, w.shape[0]], bias, [rows, 1, 1, w.shape[0]], out)
    return out


def matmul(a, ao, b, bo, oo, m, s, _):
    out = torch.empty((a.shape[0], a.shape[1], b.shape[1]), dtype=torch.int8)
    call("arm_batch_matmul_s8", scratch(), [0, ao, bo, oo, -128, 127], [m, s], [1, *a.shape], a, [1, *b.shape], b, [1, *out.shape], out)
    return out


def pad(x, before, after, value):
    data, sizes = nhwc(x) if x.dim() == 4 else (x, [1] * (4 - x.dim()) + list(x.shape))
    out = torch.empty([s + b + a for s, b, a in zip(sizes, before, after)], dtype=torch.int8)
    call("arm_pad_s8", data, out, value, sizes, before, after)
    return nchw(out) if x.dim() == 4 else out.reshape([s + b + a for s, b, a in zip(sizes, before, after)][4 - x.dim():])


def cases(same):
    """{name: (function, inputs, buffers, expected)}; same(f, g): a model of f with the results of g."""
    torch.manual_seed(11)
    last = dict(memory_format=torch.channels_last)
    codes = lambda *shape: torch.randint(-128, 128, shape, dtype=torch.int8)
    scales = lambda n, low=-9, high=-6: dict(m=torch.randint(1 << 30, 2**31 - 1, (n,)).to(torch.int32), h=torch.randint(low, high, (n,)).to(torch.int32))
    s0 = torch.zeros(0, dtype=torch.uint8)
    image = codes(2, 4, 7, 6).to(**last)
    everywhere = lambda f: (f,)
    add_, mul_ = (3, 1518500250, -1), (-5, 1102738410, -2)
    out = {}
    out["cortex_m_elementwise"] = same(
        lambda k, self, a, b, c, d, e, f, g, h: (
            k["add"](a, *add_, b, *mul_, 7, 1302514674, -17, -128, 127), k["add"](c, *add_, d, *mul_, -9, 1902514674, -16, -100, 90),
            k["mul"](a, 3, b, -5, 7, 1302514674, -6), k["mul"](d, -2, c, 4, 0, 1976544321, -5), k["div"](a, 3, b, -5, 2, 11.5),
            k["div"](e, 0, f, 100, 0, 300.25), k["activation"](a, self.lut), k["minimum"](a, b), k["maximum"](a, g), k["maximum"](h, a)),
        (codes(3, 5, 7), codes(3, 5, 7), image, codes(1, 4, 1, 1), torch.randint(-30000, 30000, (40,), dtype=torch.int16),
         torch.randint(-30000, 30000, (40,), dtype=torch.int16), codes(1), codes(5, 1)), dict(lut=codes(256)))
    equal = torch.full((3, 8), 17, dtype=torch.int8)
    out["cortex_m_softmax"] = same(
        lambda k, self, a, b, c: (k["softmax"](a, -1, 4, -128, 1624257408, 22, -248), k["softmax"](b, 1, 0, -128, 1073741824, 20, -992),
                                  k["softmax"](c, -1, 0, -128, 1973741824, 24, -62), k["transpose"](a, [2, 0, 1]), k["transpose"](b, [1, 0]),
                                  k["pad"](a, [0, 1, 0, 2], [0, 0, 3, 1], -7), k["pad"](self.im + 0, [0, 1, 2, 0], [0, 0, 1, 1], 5)),
        (codes(2, 3, 10), equal, codes(4, 300)), dict(im=image))
    w, t = codes(6, 3, 3, 4), codes(6, 3, 2, 4)
    wide, g = codes(5, 3, 2, 20), codes(6, 2, 3, 2)
    out["cortex_m_conv"] = same(
        lambda k, self, a, b, x: (
            k["conv2d"](a, self.w, self.b, [2, 1], [1, 0], [1, 1], 5, -3, self.m, self.h, -128, 127, s0),
            k["conv2d"](a, self.p, None, [1, 1], [0, 0], [1, 1], -127, 10, self.m, self.h, -90, 80, s0),
            k["conv2d"](a, self.w, None, [1, 1], [2, 2], [2, 1], 127, 0, self.m, self.h, -128, 127, s0),
            k["conv2d"](a, self.g, self.b, [1, 2], [1, 1], [1, 1], 9, 1, self.m, self.h, -128, 127, s0),
            k["depthwise"](a, self.d, self.e, [2, 2], [1, 1], [1, 1], 2, 12, 4, self.u, self.v, -128, 127, s0),
            k["depthwise"](a, self.o, None, [1, 1], [0, 2], [1, 2], 1, -9, 0, self.y, self.z, -100, 127, s0),
            k["transpose_conv2d"](a, self.t, self.b, [2, 2], [1, 0], [1, 0], [1, 1], 7, -2, self.m, self.h, -128, 127, s0, s0),
            k["transpose_conv2d"](x, self.x, None, [2, 1], [1, 0], [1, 0], [1, 1], 128, 3, self.k, self.l, -128, 127, s0, s0),
            k["conv2d_nhwc"](b, self.w, self.b, [1, 1], [1, 1], [1, 1], 5, -3, self.m, self.h, -128, 127, s0),
            k["depthwise_nhwc"](b, self.d, None, [1, 1], [1, 1], [1, 1], 2, 12, 4, self.u, self.v, -128, 127, s0),
            k["transpose_conv2d_nhwc"](b, self.t, None, [1, 3], [0, 1], [0, 2], [1, 1], 7, -2, self.m, self.h, -128, 127, s0, s0)),
        (image, image.permute(0, 2, 3, 1).contiguous(), codes(1, 20, 5, 4).to(**last)),
        dict(w=w, b=torch.randint(-9000, 9000, (6,)).to(torch.int32), p=codes(6, 1, 1, 4), g=g, d=codes(1, 3, 3, 8),
             e=torch.randint(-5000, 5000, (8,)).to(torch.int32), o=codes(1, 2, 2, 4), t=t, x=wide,
             **scales(6), **{a: b for a, b in zip("uv", scales(8).values())}, **{a: b for a, b in zip("yz", scales(4).values())},
             **{a: b for a, b in zip("kl", scales(5).values())}))
    out["cortex_m_pool"] = same(
        lambda k, self, a, b: (
            k["avg_pool2d"](a, [2, 3], [2, 2], [1, 1], False, 3, 1073741824, -3, s0), k["avg_pool2d"](a, [3, 2], [2, 3], [0, 1], True, 0, 1073741824, -3, s0),
            k["max_pool2d"](a, [3, 2], [2, 1], [1, 1], [1, 1], False, 4, 4, -128, 127), k["max_pool2d"](a, [2, 2], [2, 2], [0, 0], [1, 1], False, 4, 4, -20, 60),
            k["avg_pool2d_nhwc"](b, [7, 6], [1, 1], [0, 0], False, 3, 1073741824, -3, s0), k["max_pool2d_nhwc"](b, [2, 2], [1, 1], [0, 0], [1, 1], False, 4, 4, -128, 127)),
        (image, image.permute(0, 2, 3, 1).contiguous()))
    out["cortex_m_product"] = same(
        lambda k, self, a, b, c: (
            k["linear"](a, self.w, self.b, None, 12, 0, 5, [1876543210], [-8], 127, -128), k["linear"](a, self.w, None, self.n, -30, 0, -5, [1476543210], [-8], 100, -90),
            k["linear"](a, self.w, None, None, 12, -3, 5, [1876543210], [-9], 127, -128), k["matmul"](b, 3, c, -7, 1, 1876543210, -9, s0)),
        (codes(2, 3, 18), codes(3, 4, 9), codes(3, 5, 9)),
        dict(w=codes(7, 18), b=torch.randint(-9000, 9000, (7,)).to(torch.int32), n=torch.randint(-9000, 9000, (7,)).to(torch.int32)))
    return out


def wrapped(function):
    return lambda x, *rest: nhwc(function(nchw(x), *rest))[0]


OPERATORS = {short: getattr(ops, name) for short, name in dict(
    add="quantized_add", mul="quantized_mul", div="quantized_div", activation="quantized_activation", minimum="minimum", maximum="maximum",
    softmax="softmax", transpose="transpose", pad="pad", linear="quantized_linear", matmul="quantized_batch_matmul",
    **{short + tail: f"quantized_{name}{tail}" for tail in ("", "_nhwc") for short, name in dict(
        conv2d="conv2d", depthwise="depthwise_conv2d", transpose_conv2d="transpose_conv2d", avg_pool2d="avg_pool2d", max_pool2d="max_pool2d").items()}).items()}
KERNELS = dict(add=add, mul=mul, div=div, activation=ops.quantized_activation, minimum=ops.minimum, maximum=ops.maximum, softmax=softmax,
               transpose=ops.transpose, pad=pad, linear=linear, matmul=matmul, conv2d=conv2d, depthwise=depthwise,
               transpose_conv2d=transpose_conv2d, avg_pool2d=avg_pool2d, max_pool2d=max_pool2d,
               conv2d_nhwc=wrapped(conv2d), depthwise_nhwc=wrapped(depthwise), transpose_conv2d_nhwc=wrapped(transpose_conv2d),
               avg_pool2d_nhwc=wrapped(avg_pool2d), max_pool2d_nhwc=wrapped(max_pool2d))
