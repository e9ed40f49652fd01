#!/usr/bin/env python3
"""tests/data/floats.zip: `npuscope run` keeps to the specification's bounds around the reference model's results in double, as
tosa-tools' own verifier judges them; integers, and the scales of block-scaled tensors, are equal.

Environment: NPUSCOPE, the program; NPUSCOPE_TOSA_TOOLS, a Python that has tosa-tools. Exit 77 (skipped) where there is none.
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
LIBRARY = pathlib.Path(sysconfig.get_path("purelib")) / "tosa_reference_model" / "libtosa_reference_verify_lib.so"
if not LIBRARY.exists():
    print("tosa-tools is not installed (set NPUSCOPE_TOSA_TOOLS to a Python that has it)")
    sys.exit(77)

import ml_dtypes
import numpy
from checker.verifier import VerifierLibrary

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "recording"))
import sets

FILES = sets.read(sets.DATA / "floats.zip")
LEAST_GRAPHS = 140  # below these the set is not the one that the test was written for
ELEMENTS = {"FP6E2M3": (ml_dtypes.float6_e2m3fn, 3, 0), "FP6E3M2": (ml_dtypes.float6_e3m2fn, 2, -2),
            "FP4E2M1": (ml_dtypes.float4_e2m1fn, 1, 0), "FP8E4M3": (ml_dtypes.float8_e4m3fn, 3, -6),
            "FP8E5M2": (ml_dtypes.float8_e5m2, 2, -14)}


def is_block_element_close(result, reference, kind):
    """Within one unit in the last place; the reference is the quotient by the scale, not rounded."""
    if kind == "MXINT8":
        return bool((abs(result.view(numpy.int8) / 64 - reference) <= 1 / 64).all())
    dtype, mantissa, least = ELEMENTS[kind]
    values = result.view(numpy.uint8).view(dtype).astype(float)
    exponents = numpy.floor(numpy.log2(numpy.maximum(abs(reference), 1e-30)))
    return bool((abs(values - reference) <= 2.0**(numpy.maximum(exponents, least) - mantissa)).all())


def is_good(verifier, compliance, name, result, reference, bounds):
    tensor = compliance["tensors"][name]
    if "scale_tensor_name" in tensor:
        return is_block_element_close(result, reference, tensor["data_type"])
    if tensor["data_type"] == "FP8UE8M0":
        return bool((2.0**(result.view(numpy.uint8).astype(float) - 127) == reference).all())
    if tensor["mode"] == "EXACT" and result.dtype.kind in "biu" and reference.dtype.kind in "biu":
        return result.shape == reference.shape and bool((result == reference).all())
    return verifier.verify_data(name, compliance, result, reference, bounds)


def check(case, names, verifier, folder):
    """What is wrong with a case; "" where nothing is."""
    for name in names:
        (folder / name).write_bytes(FILES[f"{case}/{name}"])
    inputs = [word for k in range(len(names)) if f"in{k}.npy" in names for word in ("-i", folder / f"in{k}.npy")]
    done = subprocess.run([os.environ["NPUSCOPE"], "run", folder / "graph.tosa", *inputs, "-o", folder / "out"],
                          capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip()
    description = json.loads((folder / "compliance.json").read_text())
    for k, name in enumerate(description["outputs"]):
        bounds = folder / f"bounds{k}.npy"
        if not is_good(verifier, description["compliance"], name, numpy.load(folder / "out" / f"out{k}.npy"),
                       numpy.load(folder / f"ref{k}.npy"), numpy.load(bounds) if bounds.exists() else None):
            return f"{name} is outside the bounds of mode {description['compliance']['tensors'][name]['mode']}"
    return ""


def main():
    verifier, cases = VerifierLibrary(LIBRARY), {}
    for name in FILES:
        cases.setdefault(name.split("/")[0], []).append(name.split("/")[1])
    bad = 0
    for case, names in sorted(cases.items()):
        with tempfile.TemporaryDirectory() as folder:
            wrong = check(case, names, verifier, pathlib.Path(folder))
        if wrong:
            print(f"{case}: {wrong}")
            bad += 1
    print(f"{len(cases)} graphs, {bad} of them wrong")
    return 1 if bad or len(cases) < LEAST_GRAPHS else 0


if __name__ == "__main__":
    sys.exit(main())
