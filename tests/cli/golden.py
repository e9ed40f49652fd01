#!/usr/bin/env python3
"""Golden tests of the command line.

  golden.py [--bless] FILE...

A FILE holds commands and what they print, all as text:
  # a comment
  $ npuscope run missing.tosa
  out: a line of standard output
  err: a line of standard error
  exit: 2
Commands run one after the other in one empty folder, by bash; npuscope is the built program, $DATA a folder with the
files of those sets of tests/data that the commands name: $DATA/captured/CASE/FILE is CASE/FILE of captured.zip. Without `exit:` the code is 0. --bless rewrites the expectations with what was printed.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "recording"))
import sets


def parse(text):
    """Splits a file into [comment lines, command, expected lines]."""
    blocks = []
    comments = []
    for line in text.splitlines():
        if line.startswith("$ "):
            blocks.append([comments, line[2:], []])
            comments = []
        elif line.startswith(("out:", "err:", "exit:")):
            blocks[-1][2].append(line)
        elif not line or line.startswith("#"):
            comments.append(line)
        else:
            sys.exit(f"not understood: {line}")
    return blocks


def execute(command, folder, environment):
    result = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, timeout=60)
    lines = []
    for name, stream in (("out", result.stdout), ("err", result.stderr)):
        text = stream.decode(errors="replace").replace(environment["DATA"], "$DATA")
        lines += [f"{name}: {line}".rstrip() for line in text.splitlines()]
    if result.returncode:
        lines.append(f"exit: {result.returncode}")
    return lines


def run_file(path, environment):
    """The blocks of a file with what they print now: [comments, command, expected, printed]."""
    blocks = parse(path.read_text())
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        for name in sorted({name for _, command, _ in blocks for name in re.findall(r"\bDATA\W+(\w+)/", command)}):
            sets.extract(sets.DATA / f"{name}.zip", f"{data}/{name}")
        environment = {**environment, "DATA": data}
        return [[*block, execute(block[1], folder, environment)] for block in blocks]


def main():
    arguments = sys.argv[1:]
    bless = "--bless" in arguments
    failed = False
    program = os.environ.get("NPUSCOPE", str(ROOT / "build" / "npuscope"))
    environment = dict(os.environ, LC_ALL="C")
    environment["PATH"] = str(pathlib.Path(program).parent) + ":" + environment["PATH"]
    for path in (pathlib.Path(a) for a in arguments if a != "--bless"):
        output = []
        for comments, command, expected, printed in run_file(path, environment):
            output += [*comments, f"$ {command}", *printed]
            if printed != expected and not bless:
                failed = True
                print(f"{path}: $ {command}", "--- expected", *expected, "+++ printed", *printed, sep="\n")
        if bless:
            path.write_text("\n".join(output) + "\n")
    sys.exit(1 if failed else 0)


main()
