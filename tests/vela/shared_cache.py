#!/usr/bin/env python3
"""Two suite runs at once on one cache, one of them killed half-way: the other's results are those of a run
alone, and the cache is whole.

Environment: NPUSCOPE, the program. Exit 77 (skipped) where Vela is not installed.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

NPUSCOPE = os.environ["NPUSCOPE"]
OPERATORS = ["--op", "exp", "--op", "gelu", "--op", "conv1d"]


def command(json_path):
    return [NPUSCOPE, "suite", *OPERATORS, "--stages", "eval,npu", "--json", str(json_path)]


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key != "seconds"}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def entries(cache):
    return {path.name for path in cache.iterdir() if path.suffix in (".npz", ".reason")}


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def start(name, cache):
            return subprocess.Popen(command(folder / name), env=dict(os.environ, NPUSCOPE_CACHE=str(cache)),
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        shared, alone = folder / "shared", folder / "alone"
        code = start("alone.json", alone).wait(timeout=200)
        if code == 3:
            print("Vela is not installed (scripts/install-vela)")
            return 77
        assert code == 0, code
        killed, other = start("killed.json", shared), start("other.json", shared)
        deadline = time.monotonic() + 100
        while killed.poll() is None and (not shared.exists() or len(entries(shared)) < 5):
            assert time.monotonic() < deadline, "nothing is compiled"
            time.sleep(0.005)
        assert killed.poll() is None, "the run ended before it could be killed"
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        assert not (folder / "killed.json").exists()
        assert other.wait(timeout=200) == 0
        results = [json.loads((folder / name).read_text()) for name in ("alone.json", "other.json")]
        assert without_times(results[0]) == without_times(results[1])
        assert entries(shared) == entries(alone), entries(shared) ^ entries(alone)
        for path in shared.glob("*.npz"):
            assert zipfile.ZipFile(path).testzip() is None, path
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
