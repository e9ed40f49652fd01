#!/usr/bin/env python3
"""CPU time of `npuscope run` against Arm's tosa_reference_model: the graphs of bench_eval, and a whole model for
Ethos-U85 (tests/data/conformer.zip), its TOSA graph and the stream that Vela made of it.

  reference.py BENCH_EVAL NPUSCOPE

Both are timed as whole processes (reading, evaluating, writing), the least of several runs each, one after the
other in the same minute; the outputs must be equal byte for byte. Where tosa-tools is not installed
(scripts/install-oracles, or $NPUSCOPE_TOSA_TOOLS names a Python that has it) it says so.
"""
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import zipfile

RUNS = 5
ROOT = pathlib.Path(__file__).resolve().parents[1]


def find_reference_model():
    python = os.environ.get("NPUSCOPE_TOSA_TOOLS", "build/venv/bin/python")
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    try:
        folder = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    program = pathlib.Path(folder) / "bin" / "tosa_reference_model"
    return program if program.exists() else None


def cpu_seconds(command):
    best = float("inf")
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def compare(title, folder, names, model, npuscope, reference):
    """Times npuscope on FOLDER's `model` and the reference model on its graph.tosa; prints a line. Returns 1 if the outputs differ."""
    inputs, output = names
    files = [f"in{k}.npy" for k in range(len(inputs))]
    (folder / "desc.json").write_text(json.dumps({
        "tosa_file": "graph.tosa", "ifm_name": inputs, "ifm_file": files, "ofm_name": [output],
        "ofm_file": ["reference.npy"], "expected_failure": False}))
    command = [npuscope, "run", folder / model, "-o", folder / "out"]
    for name in files:
        command += ["-i", folder / name]
    theirs = cpu_seconds([reference, f"--test_desc={folder}/desc.json"])
    ours = cpu_seconds(command)
    same = values(folder / "reference.npy") == values(folder / "out" / "out0.npy")
    print(f"{title:36} npuscope {ours * 1e3:8.1f} ms  tosa_reference_model {theirs * 1e3:8.1f} ms"
          f"  {theirs / ours:6.1f} times  {'equal' if same else 'DIFFERENT'}", flush=True)
    return not same


def values(path):
    """Element type and values of an .npy file, without its shape: a stream's output has leading ones."""
    data = path.read_bytes()
    length = int.from_bytes(data[8:10], "little")
    return re.search(rb"'descr': *'([^']*)'", data[10:10 + length])[1], data[10 + length:]


def conformer(folder, npuscope, reference):
    with zipfile.ZipFile(ROOT / "tests" / "data" / "conformer.zip") as archive:
        archive.extractall(folder)
    case = folder / "conformer"
    inspected = subprocess.run([npuscope, "inspect", case / "graph.tosa", "--json"], capture_output=True, text=True, check=True)
    block = json.loads(inspected.stdout)["regions"][0]["blocks"][0]
    names = block["inputs"], block["outputs"][0]
    different = compare("a16w8 Conformer, TOSA graph", case, names, "graph.tosa", npuscope, reference)
    return different + compare("a16w8 Conformer, Ethos-U85 stream", case, names, "ethos-u85-256_vela.npz", npuscope,
                               reference)


def main():
    bench, npuscope = sys.argv[1:3]
    reference = find_reference_model()
    if reference is None:
        print("tosa_reference_model is not installed (scripts/install-oracles): nothing to compare with")
        return 0
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([bench, "--write", folder], check=True)
        for index, line in enumerate((pathlib.Path(folder) / "names.txt").read_text().splitlines()):
            title, output, *inputs = line.split("|")
            different += compare(title, pathlib.Path(folder) / str(index), (inputs, output), "graph.tosa", npuscope, reference)
        different += conformer(pathlib.Path(folder), npuscope, reference)
    return 1 if different else 0


sys.exit(main())
