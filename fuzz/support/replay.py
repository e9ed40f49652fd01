#!/usr/bin/env python3
"""Runs a fuzz target on its corpus, past findings among it: replay.py TARGET PROGRAM. One process for all; where it fails, each alone."""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "recording"))
import sets

target, program = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    sets.extract(sets.DATA / "fuzz.zip", folder)
    files = sorted(map(str, pathlib.Path(folder, target).iterdir()))
    if subprocess.run([program, *files], timeout=600).returncode:
        bad = [name for name in files if subprocess.run([program, name], timeout=120, capture_output=True).returncode]
        sys.exit(f"{target}: {', '.join(pathlib.Path(name).name for name in bad)}")
