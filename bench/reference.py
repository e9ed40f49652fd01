#!/usr/bin/env python3
"""CPU time of `npuscope run` against Arm's tosa_reference_model on the graphs of bench_eval.

  reference.py BENCH_EVAL NPUSCOPE

Both are timed as whole processes (reading, evaluating, writing), the least of several runs each, one after the
other in the same minute; the outputs must be equal byte for byte. Where tosa-tools is not installed
(scripts/install-oracles, or $NPUSCOPE_TOSA_TOOLS names a Python that has it) it says so.
"""
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

RUNS = 5


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
            case = pathlib.Path(folder) / str(index)
            files = [f"in{k}.npy" for k in range(len(inputs))]
            (case / "desc.json").write_text(json.dumps({
                "tosa_file": "graph.tosa", "ifm_name": inputs, "ifm_file": files, "ofm_name": [output],
                "ofm_file": ["reference.npy"], "expected_failure": False}))
            run = [npuscope, "run", case / "graph.tosa", "-o", case / "out"]
            for name in files:
                run += ["-i", case / name]
            theirs = cpu_seconds([reference, f"--test_desc={case}/desc.json"])
            ours = cpu_seconds(run)
            same = (case / "reference.npy").read_bytes() == (case / "out" / "out0.npy").read_bytes()
            different += not same
            print(f"{title:36} npuscope {ours * 1e3:8.1f} ms  tosa_reference_model {theirs * 1e3:8.1f} ms"
                  f"  {theirs / ours:6.1f} times  {'equal' if same else 'DIFFERENT'}", flush=True)
    return 1 if different else 0


sys.exit(main())
