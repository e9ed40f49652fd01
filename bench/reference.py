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

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "recording"))
import sets

RUNS = 5
OUT = sys.stdout


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
    """Times npuscope on FOLDER's `model` and the reference model on its graph.tosa; prints a line and returns it."""
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
    return line(title, ours, theirs, same)


def line(title, ours, theirs, same):
    print(f"{title:36} npuscope {ours * 1e3:8.1f} ms  tosa_reference_model {theirs * 1e3:8.1f} ms"
          f"  {theirs / ours:6.1f} times  {'equal' if same else 'DIFFERENT'}", file=OUT, flush=True)
    return {"name": title, "npuscope": ours, "reference": theirs, "equal": same}


def values(path):
    """Element type and values of an .npy file, without its shape: a stream's output has leading ones."""
    data = path.read_bytes()
    length = int.from_bytes(data[8:10], "little")
    return re.search(rb"'descr': *'([^']*)'", data[10:10 + length])[1], data[10 + length:]


def conformer(folder, npuscope, reference):
    """The TOSA graph, and the program with Vela's stream, which takes and gives floats: its own recorded outputs are the measure."""
    sets.extract(sets.DATA / "conformer.zip", folder)
    case = folder / "conformer"
    inspected = subprocess.run([npuscope, "inspect", case / "graph.tosa", "--json"], capture_output=True, text=True, check=True)
    block = json.loads(inspected.stdout)["regions"][0]["blocks"][0]
    graph = compare("a16w8 Conformer, TOSA graph", case, (block["inputs"], block["outputs"][0]), "graph.tosa", npuscope, reference)
    ours = cpu_seconds([npuscope, "run", case / "ethos-u85-256_vela.pte", "-i", case / "program_in0.npy", "-o", case / "out"])
    same = values(case / "program_out0.npy") == values(case / "out" / "out0.npy")
    return [graph, line("a16w8 Conformer, Ethos-U85 stream", ours, graph["reference"], same)]


def run(bench, npuscope):
    """All rows; None where the reference model is not installed."""
    reference = find_reference_model()
    if reference is None:
        return None
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([bench, "--write", folder], check=True)
        for index, text in enumerate((pathlib.Path(folder) / "names.txt").read_text().splitlines()):
            title, output, *inputs = text.split("|")
            rows.append(compare(title, pathlib.Path(folder) / str(index), (inputs, output), "graph.tosa", npuscope, reference))
        rows += conformer(pathlib.Path(folder), npuscope, reference)
    return rows


def main():
    rows = run(*sys.argv[1:3])
    if rows is None:
        print("tosa_reference_model is not installed (scripts/install-oracles): nothing to compare with")
        return 0
    return 0 if all(row["equal"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
