#!/usr/bin/env python3
"""Every way to an allocation fails once, in runs of all commands and formats: allocation.py PROGRAM FAIL_MALLOC.so [--most N] [NAME...]

A run without a failure tells the allocations and who asked for them (tests/support/fail_malloc.c; the arenas ask the system for each
block, so that theirs are among them). Then each distinct caller's first allocation fails, in a run of its own (--most N: of N callers of each run, evenly
spread). Ten of the runs go on in address spaces of few MiB (prlimit --as),
each of which is too small somewhere. Such a run ends with exit code 4 and a message, or, where the allocation was not needed (a buffer of standard output),
as if nothing had happened. Either way nothing is leaked, and no file is left that the run without failure does not write alike.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "recording"))
import sets

BMM = "captured/test_bmm_a16w8_u85_INT[rand_diff]/"
ADD = "tflite/add_unequal_int8_u55_v5.1.0/"
NARROW = "diagnose/mlp_narrow/"
LOWERED = "lowered/"
RUNS = {
    "run a graph, tapped": ["run", BMM + "delegate0.tosa", "-i", BMM + "delegate0_in0.npy", "-i", BMM + "delegate0_in1.npy", "-o", "out", "--tap", "tap"],
    "run a stream, checked": ["run", BMM + "delegate0_vela.npz", "-i", BMM + "delegate0_in0.npy", "-i", BMM + "delegate0_in1.npy", "-o", "out",
                              "--tap", "tap", "--check"],
    "run a .tflite": ["run", ADD + "model.tflite", "-i", ADD + "in0.npy", "-i", ADD + "in1.npy", "-o", "out"],
    "run a program": ["run", BMM + "program.pte", "-i", BMM + "i0.bin", "-i", BMM + "i1.bin", "-o", "out", "--tap", "tap", "--hazards"],
    "inspect a graph": ["inspect", "--json", NARROW + "model.tosa"],
    "inspect a stream": ["inspect", BMM + "delegate0_vela.npz"],
    "inspect a stream as JSON": ["inspect", "--json", BMM + "delegate0_vela.npz"],
    "inspect a program": ["inspect", BMM + "program.pte"],
    "coverage": ["inspect", "--coverage", "--json", BMM + "delegate0_vela.npz"],
    "lint": ["lint", NARROW + "model.tosa", "--json", "lint.json"],
    "suite": ["suite", "--op", "bmm", "--case", "negative", "--target", "u85", "--stages", "ideal,quantised,eval", "--threads", "1", "--html", "s.html",
              "--json", "s.json", "--junit", "s.xml", "--csv", "s.csv", "--markdown", "s.md"],
    "sweep": ["sweep", "hardsigmoid", "rank1", "--stages", "eval", "--json", "sweep.json"],
    "search": ["sweep", "bmm", "negative", "--target", "u85", "--stages", "eval", "--trials", "3", "--json", "search.json", "-o", "found"],
    "diagnose": ["diagnose", NARROW + "model.tosa", "-i", NARROW + "in0.npy", "--no-compile", "--threads", "1", "--json", "d.json", "--html", "d.html",
                 "--markdown", "d.md", "--junit", "d.xml", "--csv", "d.csv", "--node-data", "d.nodes"],
    "lower": ["lower", "gelu", "rank1", "--target", "u85", "-o", "graph.tosa"],
    "a recorded case": ["lower", "--from", LOWERED + "test_add_tensor_u85_INT_16a8w[5d_float]", "-o", "graph.tosa"],
    "recorded cases": ["suite", "--cases", LOWERED + "test_addmm_16a8w_u55_INT[alpha_only]", "--stages", "eval", "--threads", "1", "--json", "s.json"],
    "operators": ["operators"],
    "compare": ["compare", BMM + "delegate0_in0.npy", BMM + "delegate0_in0.npy", "--json", "c.json"],
    "cache": ["cache", "show", "--folder", "none"],
    "write random graphs": ["fuzz-vela", "--write", "--graphs", "2", "-o", "graphs"],
    "a simulator's stand-in": ["FVP_Corstone_SSE-320", "-C", "semihosting-cwd=.", "-C", "semihosting-cmd_line=runner -m program.pte -i i0.bin -i i1.bin -o out"],
}
# KiB above the least address space in which the program's libraries are loaded, for these.
SPACES = [4, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 12288, 24576]
IN_SPACES = ["run a graph, tapped", "run a stream, checked", "run a .tflite", "run a program", "inspect a stream as JSON", "lint", "suite", "search", "diagnose",
             "recorded cases"]
TIMES = re.compile(rb'"seconds": ?[0-9.e-]+|time="[0-9.]+"|\([0-9.]+ s\)|[0-9.]+ s\b|20\d\d-\d\d-\d\dT[0-9:Z]*')


class Run:
    def __init__(self, program, shim, data, arguments):
        self.arguments = [argument if not argument.startswith(("captured/", "tflite/", "diagnose/", "lowered/")) else f"{data}/{argument}" for argument in arguments]
        self.program, self.shim, self.data = str(pathlib.Path(program).resolve()), str(pathlib.Path(shim).resolve()), data
        if arguments[0].startswith("FVP"):
            self.program = str(pathlib.Path(data) / arguments.pop(0))
            self.arguments = arguments

    def once(self, limit=(), **settings):
        """With `limit` before the command: (exit code, standard output, standard error, {file: bytes}, what fail_malloc left)"""
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder, "work")
            work.mkdir()
            if "FVP" in self.program:
                for name in ("program.pte", "i0.bin", "i1.bin"):
                    shutil.copy(pathlib.Path(self.data, BMM, name), work)
            environment = dict(os.environ, LD_PRELOAD=self.shim, NPUSCOPE_SEPARATE_ALLOCATIONS="1", FAIL_LEFT=f"{folder}/left",
                               HOME=folder, LC_ALL="C", **settings)
            environment.pop("MALLOC_PERTURB_", None)
            result = subprocess.run([*limit, self.program, *self.arguments], cwd=work, env=environment, capture_output=True, timeout=120)
            files = {str(path.relative_to(work)): TIMES.sub(b"T", path.read_bytes()) for path in work.rglob("*") if path.is_file()}
            left = pathlib.Path(folder, "left")
            return (result.returncode, TIMES.sub(b"T", result.stdout), result.stderr.decode(errors="replace"), files,
                    int(left.read_text()) if left.exists() else -1)


def callers(run):
    """The run without a failure, and the number of the first allocation of each caller."""
    with tempfile.NamedTemporaryFile("r") as file:
        good = run.once(FAIL_PATHS=file.name)
        first = {}
        for line in file.read().splitlines():
            number, caller = line.split()
            first.setdefault(caller, int(number))
    return good, sorted(first.values())


def problem_of(good, failed):
    """What is wrong with a run in which an allocation failed; "" for nothing."""
    code, out, err, files, left = failed
    if code < 0:
        return f"ended by signal {-code}"
    if left > good[4]:
        return f"{left - good[4]} blocks leaked"
    if code == good[0] and (out, files) == (good[1], good[3]):
        return ""
    if code != (4 if err.startswith("npuscope: ") or code == 4 else 1):
        return f"exit code {code}: {err.strip()}"
    if not err.startswith("npuscope: ") and b"E [npuscope:fvp]" not in out:
        return f"exit code {code} without a message"
    for name, data in files.items():
        if good[3].get(name) != data:
            return f"{name} is half-written, or a leftover"
    return ""


def least_space(program):
    """KiB of address space in which the program is loaded."""
    low, high = 1 << 10, 1 << 20
    while high - low > 4:
        middle = (low + high) // 8 * 4
        # 126, 127 and a signal are the loader's and the system's.
        loaded = subprocess.run(["prlimit", f"--as={middle << 10}", program, "--version"], capture_output=True).returncode in (0, 4)
        low, high = (low, middle) if loaded else (middle, high)
    return high


def in_small_spaces(name, run, good):
    """The run under `prlimit --as`: as if nothing had happened, or one message and exit code 4 (the system's want) or 2 (the budget's, half of the space)."""
    bad, codes, least = 0, {}, least_space(run.program)
    for space in SPACES:
        code, out, err, files, _ = run.once(["prlimit", f"--as={least + space << 10}", "env", "-u", "LD_PRELOAD"])
        told = code in (2, 4) and err.startswith("npuscope: ") and err.count("\n") == 1
        if (code, out, files) != (good[0], good[1], good[3]) and not (told and files.items() <= good[3].items()):
            print(f"{name}: in {least} + {space} KiB: exit code {code}: {err.strip()}")
            bad += 1
        codes.setdefault(code, []).append(space)
    if not {2, 4} & codes.keys():
        print(f"{name}: no space was too small")
        bad += 1
    print(f"{name}: " + ", ".join(f"exit {code} in {least} + {spaces[0]} to {spaces[-1]} KiB" for code, spaces in codes.items()))
    return bad


def main():
    arguments = sys.argv[1:]
    most = sys.maxsize
    if "--most" in arguments:
        at = arguments.index("--most")
        most = int(arguments[at + 1])
        del arguments[at : at + 2]
    program, shim, *names = arguments
    bad = total = 0
    with tempfile.TemporaryDirectory() as data:
        for name in ("captured", "tflite", "diagnose", "lowered"):
            sets.extract(sets.DATA / f"{name}.zip", f"{data}/{name}")
        shutil.copy(program, f"{data}/FVP_Corstone_SSE-320")
        for name, command in RUNS.items():
            if names and name not in names:
                continue
            run = Run(program, shim, data, list(command))
            good, numbers = callers(run)
            if good[0] not in (0, 1) or good[4] < 0:
                print(f"{name}: without a failure: exit code {good[0]}: {good[2]}")
                bad += 1
            if name in IN_SPACES:
                bad += in_small_spaces(name, run, good)
            step = max(1, -(-len(numbers) // most))
            for number in numbers[::step]:
                found = problem_of(good, run.once(FAIL_AT=str(number)))
                total += 1
                if found:
                    print(f"{name}: allocation {number}: {found}")
                    bad += 1
    print(f"{total} runs, {bad} problems")
    sys.exit(1 if bad else 0)


main()
