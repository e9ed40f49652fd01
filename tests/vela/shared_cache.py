#!/usr/bin/env python3
"""Two suite runs at once on one cache, one of them killed half-way: the other's results are those of a run
alone, and the cache is whole.

The run that is killed has a Python interpreter that stops for good before its sixth graph, so that it is always
killed there: with entries in the cache, a folder of its own, and Vela at work.

Environment: NPUSCOPE, the program. Exit 77 (skipped) where Vela is not installed.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

NPUSCOPE = os.environ["NPUSCOPE"]
OPERATORS = ["--op", "exp", "--op", "gelu", "--op", "conv1d"]
STOP_BEFORE = 5

# Started as `python -I script list` for the driver, which says "begin N" before it compiles graph N.
INTERPRETER = """#!{python}
import builtins, os, sys, time
if sys.argv[2] == "-c":
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
say = print
def print_and_stop(*words, **settings):
    say(*words, **settings)
    if words == ("begin", {stop_before}):
        open({marker!r}, "w").close()
        time.sleep(1000)
builtins.print = print_and_stop
sys.argv = sys.argv[2:]
exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"), {{"__name__": "__main__"}})
"""


def find_python():
    """The interpreter that has Vela; looked for as npuscope looks for it."""
    given = os.environ.get("NPUSCOPE_VELA")
    vela = pathlib.Path(given or ("build/venv" if os.path.exists("build/venv/bin/vela") else shutil.which("vela") or ""))
    if vela.is_dir():
        vela = vela / "bin/vela"
    first = vela.read_bytes().splitlines()[0]
    return first[2:].decode().split()[0] if first.startswith(b"#!") else str(vela)


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key != "seconds"}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def entries(cache):
    return {path.name for path in cache.iterdir() if path.suffix == ".entry"}


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def start(name, cache, *arguments):
            return subprocess.Popen([NPUSCOPE, "suite", *OPERATORS, "--stages", "eval,npu", "--json", folder / name,
                                     *arguments], env=dict(os.environ, NPUSCOPE_CACHE=str(cache)),
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        shared, alone = folder / "shared", folder / "alone"
        code = start("alone.json", alone).wait(timeout=200)
        if code == 3:
            print("Vela is not installed (scripts/install-vela)")
            return 77
        assert code == 0, code
        interpreter, script, marker = folder / "python", folder / "vela", folder / "stopped"
        interpreter.write_text(INTERPRETER.format(python=find_python(), stop_before=STOP_BEFORE, marker=str(marker)))
        script.write_text(f"#!{interpreter}\n")
        for path in interpreter, script:
            path.chmod(0o700)
        killed = start("killed.json", shared, "--vela", script)
        deadline = time.monotonic() + 100
        while not (marker.exists() and len(entries(shared)) >= STOP_BEFORE):
            assert killed.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline, "nothing is compiled"
            time.sleep(0.005)
        before = entries(shared)
        assert len(before) == STOP_BEFORE, before
        other = start("other.json", shared)
        while len(entries(shared)) == STOP_BEFORE:
            assert time.monotonic() < deadline + 100, "nothing is compiled"
            time.sleep(0.005)
        # Both are at work now.
        assert killed.poll() is None
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        assert not (folder / "killed.json").exists()
        assert other.wait(timeout=200) == 0
        results = [json.loads((folder / name).read_text()) for name in ("alone.json", "other.json")]
        assert without_times(results[0]) == without_times(results[1])
        assert entries(shared) == entries(alone), entries(shared) ^ entries(alone)
        for path in shared.glob("*.entry"):
            assert path.read_bytes() == (alone / path.name).read_bytes(), path
        leftovers = list(shared.glob("run.*"))
        assert len(leftovers) == 1, leftovers  # the killed run's; `npuscope cache clear` removes it
        again = start("again.json", shared)
        assert again.wait(timeout=200) == 0
        assert without_times(json.loads((folder / "again.json").read_text())) == without_times(results[0])
        subprocess.run([NPUSCOPE, "cache", "clear", "--folder", str(shared)], check=True,
                       stdout=subprocess.DEVNULL)
        assert not list(shared.iterdir())
    return 0


sys.exit(main())
