#!/usr/bin/env python3
"""Golden tests of the command line.

  golden.py [--bless] FILE...

A FILE holds commands and what they print, all as text:
  # a comment
  $ npuscope run missing.tosa
  out: a line of standard output
  err: a line of standard error
  exit: 2
Commands run one after the other in one empty folder, by bash; $DATA is tests/data, npuscope the built
program. Without `exit:` the code is 0. --bless rewrites the expectations with what was printed.
"""
import os
import pathlib
import subprocess
import sys
import tempfile


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


def main():
    arguments = sys.argv[1:]
    bless = "--bless" in arguments
    failed = False
    here = pathlib.Path(__file__).resolve().parent
    program = os.environ.get("NPUSCOPE", str(here.parent.parent / "build" / "npuscope"))
    environment = dict(os.environ, DATA=os.environ.get("NPUSCOPE_TEST_DATA", str(here.parent / "data")), LC_ALL="C")
    environment["PATH"] = str(pathlib.Path(program).parent) + ":" + environment["PATH"]
    for path in (pathlib.Path(a) for a in arguments if a != "--bless"):
        output = []
        with tempfile.TemporaryDirectory() as folder:
            for comments, command, expected in parse(path.read_text()):
                actual = execute(command, folder, environment)
                output += [*comments, f"$ {command}", *actual]
                if actual != expected and not bless:
                    failed = True
                    print(f"{path}: $ {command}", "--- expected", *expected, "+++ printed", *actual, sep="\n")
        if bless:
            path.write_text("\n".join(output) + "\n")
    sys.exit(1 if failed else 0)


main()
