#!/usr/bin/env python3
"""npuscope's evaluator against its peers in one run, on one core: LiteRT's kernels for the same layers, fp32 (XNNPACK) and 16x8; Arm's
tosa_reference_model as a whole process; PyTorch fp32 for the Conformer; and the limits of this machine, measured too.

  peers.py BENCH_EVAL [NPUSCOPE] [--json FILE] [--document docs/performance.md] [--large GRAPH.tosa]

Each figure is the least CPU time of several runs. --json writes all figures; --document writes the tables between the marks of that
file. Peers: TensorFlow and LiteRT ($NPUSCOPE_TFLITE, or build/venv-tflite of scripts/install-oracles tflite), tosa-tools
($NPUSCOPE_TOSA_TOOLS, scripts/install-oracles; with NPUSCOPE), ExecuTorch's torch ($NPUSCOPE_EXECUTORCH, a Python). What is not
installed is said, and left out. Layers alone: LiteRT's values are random, its results are not compared. --large: a second Conformer, as
`scripts/record-conformer --large GRAPH.tosa` makes it.
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SECONDS, RUNS = 0.3, 3
TFLITE = os.environ.get("NPUSCOPE_TFLITE", str(ROOT / "build/venv-tflite/bin/python"))
TORCH = os.environ.get("NPUSCOPE_EXECUTORCH", "")
MARKS = "<!-- made by bench/peers.py -->", "<!-- end -->"


# ---- LiteRT, in its own Python ----
def layers(tensorflow, weights):
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


def litert():
    """Prints {title: [fp32 seconds, 16x8 seconds]}; null where the converter or the interpreter has none."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import numpy
    import tensorflow
    from ai_edge_litert.interpreter import Interpreter

    random = numpy.random.default_rng(1)

    def weights(*shape):
        return tensorflow.constant(random.uniform(-1, 1, shape).astype(numpy.float32) / 8)

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

    def seconds(model):
        interpreter = Interpreter(model_content=model, num_threads=1)
        interpreter.allocate_tensors()
        for detail in interpreter.get_input_details():
            values = random.uniform(-1, 1, detail["shape"]) * (1 if detail["dtype"] == numpy.float32 else 30000)
            interpreter.set_tensor(detail["index"], values.astype(detail["dtype"]))
        return least(interpreter.invoke)

    def peer(shapes, function, quantised):
        try:
            return seconds(convert(shapes, function, quantised))
        except Exception:  # the converter has many, one for each operator that it lacks
            return None

    print(json.dumps({title: [peer(shapes, function, q) for q in (False, True)]
                      for title, shapes, function in layers(tensorflow, weights)}))


def least(call):
    best, total, runs = float("inf"), 0, 0
    while total < SECONDS or runs < RUNS:
        before = time.process_time()
        call()
        taken = time.process_time() - before
        best, total, runs = min(best, taken), total + taken, runs + 1
    return best


# ---- PyTorch, in its own Python ----
def torch_conformer():
    """Prints the seconds that the float models of tests/data/conformer.zip and of --large take."""
    import importlib.util
    from importlib.machinery import SourceFileLoader

    os.environ["NPUSCOPE_RECORDER"] = "executorch"
    loader = SourceFileLoader("record_conformer", str(ROOT / "scripts" / "record-conformer"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("record_conformer", loader))
    loader.exec_module(module)
    torch = module.torch
    torch.set_num_threads(1)
    models = [(module.Conformer(**shape).eval(), torch.randn(size)) for shape, size in (module.SMALL, module.LARGE)]
    with torch.no_grad():
        print(json.dumps([least(lambda: model(x)) for model, x in models]))


def ask(python, what, wants):
    """What another Python prints for peers.py WHAT; None, and a word, where it has not what it wants."""
    if not python or not os.path.exists(python):
        print(f"{wants} is not installed: left out", file=sys.stderr)
        return None
    done = subprocess.run([python, __file__, what], capture_output=True, text=True)
    if done.returncode:
        print(f"{wants}: {done.stderr.strip().splitlines()[-1:]}: left out", file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


# ---- npuscope ----
def measure(options):
    sys.path.insert(0, str(ROOT / "bench"))
    import reference
    sys.path.insert(0, str(ROOT / "scripts" / "recording"))
    import sets
    import tempfile

    reference.OUT = sys.stderr
    with tempfile.TemporaryDirectory() as folder:
        sets.extract(sets.DATA / "conformer.zip", pathlib.Path(folder))
        done = subprocess.run([options.bench, "--json"], capture_output=True, text=True)
        own = json.loads(done.stdout)
        graphs = [f"{folder}/conformer/graph.tosa"] + ([str(options.large)] if options.large else [])
        conformers = subprocess.run([options.bench, "--json", *graphs], capture_output=True, text=True)
        own["conformers"] = json.loads(conformers.stdout)["graphs"]
    print(done.stderr, end="", file=sys.stderr)
    own["processor"] = processor()
    own["litert"] = ask(TFLITE, "--litert", "TensorFlow with LiteRT")
    own["torch_conformers"] = ask(TORCH, "--torch", "PyTorch ($NPUSCOPE_EXECUTORCH)")
    own["processes"] = reference.run(options.bench, options.npuscope) if options.npuscope else None
    return own


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def fastest(row):
    return row["levels"][-1]["seconds"]


def share(row, limits):
    """Of what the machine can do: products a second, or a copy of two bytes in and two out for each element."""
    if row["products"]:
        most = limits.get("products_per_second")
        return row["products"] / fastest(row) / most if most else None
    return 4 * row["elements"] / fastest(row) / limits["copy_bytes_per_second_256K"] if row["elements"] else None


def rate(row):
    if row["macs"]:
        return f"{row['macs'] / fastest(row) * 1e-9:.1f} GMAC/s"
    return f"{row['elements'] / fastest(row) * 1e-9:.2f} G elements/s"


def cell(value, form):
    return form.format(value) if value is not None else "-"


def tables(own):
    peers = own["litert"] or {}
    limits = own["limits"]
    most = limits.get("products_per_second")
    yield f"Processor: {own['processor']}; instruction sets {', '.join(l['instructions'] for l in own['graphs'][0]['levels'][1:])}."
    yield (f"Its limits, measured: {cell(most and most * 1e-9, '{:.0f}')} G products/s (vpmaddwd and vpaddd in registers), copies of "
           f"{limits['copy_bytes_per_second_256K'] * 1e-9:.0f} GB/s in the second-level cache and "
           f"{limits['copy_bytes_per_second_32M'] * 1e-9:.0f} GB/s beyond, reads and writes together.")
    yield ""
    yield "| layer | npuscope | rate | share of the limit | LiteRT fp32 | multiple | LiteRT 16x8 | multiple | plain C |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in own["graphs"]:
        ours = fastest(row)
        single, wide = peers.get(row["name"], (None, None))
        yield (f"| {row['name']} | {ours * 1e3:.2f} ms | {rate(row)} | {cell(share(row, limits), '{:.0%}')} "
               f"| {cell(single and single * 1e3, '{:.2f} ms')} | {cell(single and ours / single, '{:.2f}')} "
               f"| {cell(wide and wide * 1e3, '{:.1f} ms')} | {cell(wide and ours / wide, '{:.2f}')} | {row['levels'][0]['seconds'] * 1e3:.1f} ms |")
    names = "`tests/data/conformer.zip`, 30.3 M multiply-accumulates", "`scripts/record-conformer --large`, 463 M multiply-accumulates"
    for name, row, torch in zip(names, own["conformers"], own["torch_conformers"] or [None, None]):
        ours = fastest(row)
        yield ""
        yield (f"A Conformer of four blocks ({name}): {ours * 1e3:.2f} ms; PyTorch fp32 on one "
               f"thread {cell(torch and torch * 1e3, '{:.2f} ms')}, a multiple of {cell(torch and ours / torch, '{:.2f}')}.")
    if own["processes"]:
        yield ""
        yield "Whole processes (reading, evaluating, writing) against tosa_reference_model:"
        yield ""
        yield "| graph | npuscope | reference model | ratio | outputs |"
        yield "|---|---|---|---|---|"
        for row in own["processes"]:
            yield (f"| {row['name']} | {row['npuscope'] * 1e3:.1f} ms | {row['reference'] * 1e3:.1f} ms "
                   f"| {row['reference'] / row['npuscope']:.1f} | {'equal' if row['equal'] else 'DIFFERENT'} |")


def document(path, text):
    before, rest = path.read_text().split(MARKS[0], 1)
    path.write_text(before + MARKS[0] + "\n" + text + "\n" + MARKS[1] + rest.split(MARKS[1], 1)[1])


def main():
    if sys.argv[1:] in (["--litert"], ["--torch"]):
        return litert() if sys.argv[1] == "--litert" else torch_conformer()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("npuscope", nargs="?")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--document", type=pathlib.Path)
    parser.add_argument("--large", type=pathlib.Path)
    options = parser.parse_args()
    own = measure(options)
    text = "\n".join(tables(own))
    print(text)
    if options.json:
        options.json.write_text(json.dumps(own, indent=1) + "\n")
    if options.document:
        document(options.document, text)
    bad = own["slower_levels"] or any(not row["equal"] for row in own["processes"] or [])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
