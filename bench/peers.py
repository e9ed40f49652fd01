#!/usr/bin/env python3
"""CPU time of eval against LiteRT's kernels for the same layers: fp32 (XNNPACK) and 16x8, on one thread.

  peers.py BENCH_EVAL

The least of several runs each, in the same minute. Wants a Python with TensorFlow and LiteRT ($NPUSCOPE_TFLITE, or
build/venv-tflite of scripts/install-tflite); where there is none it says so. Layers alone: the values are random, the results are
not compared (bench/reference.py compares with Arm's model).
"""
import os
import pathlib
import re
import subprocess
import sys
import time

PYTHON = os.environ.get("NPUSCOPE_TFLITE", "build/venv-tflite/bin/python")
if os.path.exists(PYTHON) and pathlib.Path(sys.prefix).resolve() != pathlib.Path(PYTHON).parent.parent.resolve():
    os.execv(PYTHON, [PYTHON, *sys.argv])
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
try:
    import numpy
    import tensorflow
    from ai_edge_litert.interpreter import Interpreter
except ImportError:
    print("TensorFlow and LiteRT are not installed (scripts/install-tflite): nothing to compare with")
    sys.exit(0)

SECONDS, RUNS = 0.3, 3
random = numpy.random.default_rng(1)


def weights(*shape):
    return tensorflow.constant(random.uniform(-1, 1, shape).astype(numpy.float32) / 8)


def layers():
    """Title in bench_eval, shapes of the inputs, function."""
    nn = tensorflow.nn
    dense, one, each, matrix = weights(3, 3, 64, 64), weights(1, 5, 64, 64), weights(3, 3, 128, 1), weights(1024, 1024)
    yield "conv2d 3x3 64->64, 56x56", [(1, 56, 56, 64)], lambda x: nn.conv2d(x, dense, 1, "SAME")
    yield "conv1d k5 64->64, length 4096", [(1, 1, 4096, 64)], lambda x: nn.conv2d(x, one, 1, "SAME")
    yield "depthwise 3x3, 128 channels, 56x56", [(1, 56, 56, 128)], lambda x: nn.depthwise_conv2d(x, each, [1] * 4, "SAME")
    yield "linear 1024x1024, 256 rows", [(256, 1024)], lambda x: tensorflow.matmul(x, matrix)
    yield "bmm 8 x 256^3, int16 x int16", [(8, 256, 256)] * 2, lambda x, y: tensorflow.matmul(x, y)
    yield "table and rescale, 1 M elements", [(1, 1 << 20)], tensorflow.exp
    yield "softmax 8x512x512", [(8, 512, 512)], nn.softmax


def convert(shapes, function, quantised):
    signature = [tensorflow.TensorSpec(shape, tensorflow.float32) for shape in shapes]
    concrete = tensorflow.function(function, input_signature=signature).get_concrete_function()
    converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([concrete], tensorflow.Module())
    if quantised:
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [random.uniform(-1, 1, shape).astype(numpy.float32) for shape in shapes] for _ in range(2))
        converter.target_spec.supported_ops = [
            tensorflow.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
        converter.inference_input_type = converter.inference_output_type = tensorflow.int16
    return converter.convert()


def milliseconds(model):
    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        values = random.uniform(-1, 1, detail["shape"]) * (1 if detail["dtype"] == numpy.float32 else 30000)
        interpreter.set_tensor(detail["index"], values.astype(detail["dtype"]))
    best, total, runs = float("inf"), 0, 0
    while total < SECONDS or runs < RUNS:
        before = time.process_time()
        interpreter.invoke()
        taken = time.process_time() - before
        best, total, runs = min(best, taken), total + taken, runs + 1
    return best * 1e3


def peer(shapes, function, quantised):
    try:
        return milliseconds(convert(shapes, function, quantised))
    except Exception:  # the converter has many, one for each operator that it lacks
        return None


def text(theirs, ours):
    return "     none           " if theirs is None else f"{theirs:8.2f} ms {ours / theirs:6.2f} x"


def main():
    lines = subprocess.run([sys.argv[1]], capture_output=True, text=True).stdout.splitlines()
    ours = {line[:36].strip(): float(re.match(r" *([0-9.]+) ms", line[36:])[1]) for line in lines
            if re.match(r".{36} +[0-9.]+ ms", line)}
    print("npuscope's time, LiteRT's, and npuscope's as a multiple of it")
    for title, shapes, function in layers():
        own = ours[title]
        single, wide = peer(shapes, function, False), peer(shapes, function, True)
        print(f"{title:36} {own:8.2f} ms   fp32 {text(single, own)}   16x8 {text(wide, own)}", flush=True)
    return 0


sys.exit(main())
