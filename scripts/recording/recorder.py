"""What scripts/record-* share: the Python they run in, and their command line.

  record-SET [-o FILE]      records tests/data/SET.zip anew, or into FILE
  record-SET --check        records a sample of it and says what differs; 77 where the packages are not installed
"""
import argparse
import os
import pathlib
import sys

import environments
import sets


def run_in(kind):
    """Goes on in a Python that has "executorch" or the "oracles"."""
    if os.environ.get("NPUSCOPE_RECORDER") != kind:
        python = environments.oracles_python() if kind == "oracles" else environments.find_python(install="--check" not in sys.argv)
        os.execve(python, [python, *sys.argv], {**os.environ, "NPUSCOPE_RECORDER": kind})


def case_of(file):
    return file.split("/")[0]


def main(text, name, record, sample, split=lambda files: files):
    """The command line of a recorder of tests/data/NAME.zip.

    `record(names)` gives {file: bytes} of the cases of those names, or of all for None; `sample` names those for --check.
    `split` takes a set's files apart into {CASE/FILE: bytes} where one file holds several cases.
    """
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=pathlib.Path, default=sets.DATA / f"{name}.zip")
    parser.add_argument("--check", action="store_true", help="record a sample and compare it with the set")
    parser.add_argument("--all", action="store_true", help="with --check: the whole set")
    options = parser.parse_args()
    if not options.check:
        files = record(None)
        sets.write(options.output, files)
        print(f"{options.output}: {len(files)} files, {options.output.stat().st_size} bytes")
        return 0
    recorded = split(record(None if options.all else sample))
    cases = {case_of(file) for file in recorded}
    kept = {file: data for file, data in split(sets.read(sets.DATA / f"{name}.zip")).items() if case_of(file) in cases}
    lines = sets.differences(recorded, kept)
    print(*lines[:40], f"{len(recorded)} files of {len(cases)} cases compared, {len(lines)} differ", sep="\n")
    return 1 if lines or not recorded else 0
