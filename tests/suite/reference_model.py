#!/usr/bin/env python3
"""Every case of the catalogue, lowered by `npuscope lower`: tosa_reference_model accepts the graph, and its
outputs equal those of `npuscope run` in every element, on random full-range integer inputs.

Environment: NPUSCOPE, the program; NPUSCOPE_TOSA_TOOLS, a Python that has tosa-tools and numpy (default: this
one). Exit 77 (skipped) where there is none.
"""
import json
import os
import pathlib
import subprocess
import sys
import sysconfig
import tempfile

other = os.environ.get("NPUSCOPE_TOSA_TOOLS")
if other and pathlib.Path(other).exists() and not os.environ.get("NPUSCOPE_TOSA_TOOLS_ENTERED"):
    os.environ["NPUSCOPE_TOSA_TOOLS_ENTERED"] = "1"
    os.execv(other, [other, *sys.argv])
BIN = pathlib.Path(sysconfig.get_path("purelib")) / "bin"
try:
    import numpy
except ImportError:
    numpy = None
if numpy is None or not (BIN / "tosa_reference_model").exists():
    print("tosa-tools is not installed (set NPUSCOPE_TOSA_TOOLS to a Python that has it)")
    sys.exit(77)

NPUSCOPE = os.environ["NPUSCOPE"]


# The operators whose rows are counted; others may come.
SEVEN = [word for name in ("bmm", "exp", "reciprocal", "mean.dim", "var", "conv1d", "gelu") for word in ("--op", name)]


def npuscope(*arguments):
    return subprocess.run([NPUSCOPE, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def tensors(graph):
    """Names and shapes of the graph's inputs, names of its outputs, from the schema that tosa-tools carries."""
    import tosa.TosaGraph
    root = tosa.TosaGraph.TosaGraph.GetRootAs(graph.read_bytes(), 0)
    block = root.Regions(0).Blocks(0)
    shapes = {}
    for i in range(block.TensorsLength()):
        tensor = block.Tensors(i)
        shapes[tensor.Name()] = [int(tensor.Shape(k)) for k in range(tensor.ShapeLength())]
    inputs = [block.Inputs(i) for i in range(block.InputsLength())]
    return ([(name.decode(), shapes[name]) for name in inputs],
            [block.Outputs(i).decode() for i in range(block.OutputsLength())])


def reference(folder, graph, inputs, outputs):
    description = {"tosa_file": str(graph), "ifm_name": [name for name, _ in inputs],
                   "ifm_file": [str(folder / f"in{i}.npy") for i in range(len(inputs))], "ofm_name": outputs,
                   "ofm_file": [str(folder / f"ref{i}.npy") for i in range(len(outputs))], "expected_failure": False}
    (folder / "desc.json").write_text(json.dumps(description))
    return subprocess.run([BIN / "tosa_reference_model", "--operator_fbs", BIN / "tosa.fbs", "--test_desc",
                           folder / "desc.json", "--flatbuffer_dir", "/", "--output_dir", "/"],
                          capture_output=True, text=True, timeout=120)


def compare(op, case, target, folder, random):
    """"rejected", "equal" or "unpredictable" (for both); anything else is what went wrong."""
    graph = folder / "graph.tosa"
    made = npuscope("lower", op, case, "--target", target, "-o", graph)
    if made.returncode == 2 and "keeps" in made.stderr:
        return "rejected"
    if made.returncode:
        return made.stderr
    inputs, outputs = tensors(graph)
    arguments = []
    for i, (_, shape) in enumerate(inputs):
        numpy.save(folder / f"in{i}.npy", random.integers(-32768, 32768, shape).astype(numpy.int16))
        arguments += ["-i", folder / f"in{i}.npy"]
    theirs = reference(folder, graph, inputs, outputs)
    ours = npuscope("run", graph, *arguments, "-o", folder / "out")
    # The reference model's exit code 1 is its "unpredictable".
    if theirs.returncode == 1 and ours.returncode == 2:
        return "unpredictable"
    if theirs.returncode or ours.returncode:
        return f"reference {theirs.returncode}: {theirs.stderr}{theirs.stdout}; npuscope {ours.returncode}: {ours.stderr}"
    for i in range(len(outputs)):
        a, b = numpy.load(folder / f"ref{i}.npy"), numpy.load(folder / "out" / f"out{i}.npy")
        if a.shape != b.shape or not numpy.array_equal(a, b):
            return f"output {i}: {numpy.count_nonzero(a != b)} of {a.size} elements differ"
    return "equal"


def main():
    counts = {}
    random = numpy.random.default_rng(0)
    for line in npuscope("suite", "--list", *SEVEN).stdout.splitlines():
        op, case, target = line.split()
        with tempfile.TemporaryDirectory() as folder:
            outcome = compare(op, case, target, pathlib.Path(folder), random)
        if outcome not in ("equal", "rejected", "unpredictable"):
            sys.exit(f"{op} {case} on {target}: {outcome}")
        counts[outcome] = counts.get(outcome, 0) + 1
    print(counts)
    if counts.get("rejected") != 5 or counts.get("equal", 0) + counts.get("unpredictable", 0) != 81 or \
            counts.get("equal", 0) < 70:
        sys.exit("the counts are not 81 compared (70 of them to the end) and 5 rejected")


main()
