#!/usr/bin/env python3
"""SIGINT and SIGTERM end a run with 130 and 143, stop Vela's process and leave nothing; what SIGKILL leaves, the next run removes;
killed at any time, the cache is whole.

Vela is an interpreter that only looks like one with it, and never ends. Environment: NPUSCOPE, the program.
"""
import hashlib
import os
import pathlib
import signal
import struct
import subprocess
import tempfile
import time

NPUSCOPE = os.environ["NPUSCOPE"]
FAKE = """#!/bin/bash
[ "$2" = -c ] && {{ echo 9.9.9; echo {folder}/package; exit; }}
[ -e {folder}/quick ] && exit 1
[ -e {folder}/compiles ] && {{ n=0; while IFS=$'\\t' read -r graph made reason rest; do echo begin $n; head -c 200000 /dev/urandom > $made; echo end $n
n=$((n + 1)); done < $3; exit; }}
echo $$ > {folder}/vela.pid.part; mv {folder}/vela.pid.part {folder}/vela.pid
exec sleep 1000
"""


def is_alive(pid):
    """Whether the process runs; one that nobody has waited for does not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def check_entries(cache):
    """Every entry is whole: 32 bytes of magic, outcome, three sizes, checksum, parts (src/vela/entry.c); returns how many there are."""
    found = sorted(cache.glob("*.entry"))
    for path in found:
        data = path.read_bytes()
        outcome, *sizes = struct.unpack_from("<4Q", data, 32)
        assert len(data) == 96 + sum(sizes), path
        parts, at = [data[32:40]], 96
        for size in sizes:
            parts.append(data[at : at + size])
            at += size
        assert data[64:96] == hashlib.sha256(b"".join(struct.pack("<Q", len(part)) + part for part in parts)).digest(), path
    return len(found)


def kill_at_any_time(start, cache, marker):
    """Runs that compile, each killed a little later; what is in the cache is whole after each, and the last run goes through."""
    marker.touch()
    kept = 0
    for i in range(25):
        run = start()
        time.sleep(0.012 * i)
        run.kill()
        run.communicate(timeout=60)
        kept = max(kept, check_entries(cache))
    run = start()
    message = run.communicate(timeout=60)[1]
    assert run.returncode in (0, 1), message
    assert "made anew" not in message, message
    assert check_entries(cache) > 0
    # What a run left that was killed after its last entry; this run finds every graph in the cache.
    left = cache / f"run.{run.pid}.aaaaaa"
    left.mkdir()
    (left / "0.tosa").touch()
    run = start()
    message = run.communicate(timeout=60)[1]
    assert run.returncode in (0, 1), message
    assert not [path.name for path in cache.iterdir() if path.suffix != ".entry"]
    return kept


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        cache, pid_file = folder / "cache", folder / "vela.pid"
        (folder / "package").mkdir()
        (folder / "fake").write_text(FAKE.format(folder=folder))
        (folder / "vela").write_text(f"#!{folder}/fake\n")
        for name in "fake", "vela":
            (folder / name).chmod(0o700)

        def start():
            return subprocess.Popen([NPUSCOPE, "suite", "--op", "exp", "--stages", "eval,npu", "--vela", folder / "vela", "--json", folder / "out.json"],
                                    env=dict(os.environ, NPUSCOPE_CACHE=str(cache)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

        def end_with(number):
            """The exit code of a run that the signal meets while Vela is at work, and Vela's process."""
            pid_file.unlink(missing_ok=True)
            run = start()
            wait_until(pid_file.exists)
            vela = int(pid_file.read_text())
            assert is_alive(vela) and len(list(cache.glob("run.*"))) == 1
            run.send_signal(number)
            run.wait(timeout=60)
            return run.returncode, vela

        for number, expected in (signal.SIGTERM, 143), (signal.SIGINT, 130):
            code, vela = end_with(number)
            assert code == expected, code
            wait_until(lambda: not is_alive(vela))
            assert not list(cache.iterdir()), list(cache.iterdir())
        code, vela = end_with(signal.SIGKILL)
        assert code == -signal.SIGKILL, code
        os.kill(vela, signal.SIGKILL)
        left = list(cache.glob("run.*"))
        assert len(left) == 1
        shown = subprocess.run([NPUSCOPE, "cache", "show", "--folder", cache], capture_output=True, text=True, check=True).stdout
        assert "1 leftovers" in shown, shown
        (folder / "quick").touch()
        run = start()
        assert "does not run Vela 9.9.9" in run.communicate(timeout=60)[1] and run.returncode == 3
        assert not list(cache.iterdir()), list(cache.iterdir())
        left[0].mkdir()
        (left[0] / "0.tosa").touch()
        shown = subprocess.run([NPUSCOPE, "cache", "clear", "--folder", cache], capture_output=True, text=True, check=True).stdout
        assert "removed 0 entries, 0.0 MiB, 1 leftovers" in shown, shown
        assert not list(cache.iterdir())
        assert not (folder / "out.json").exists()
        (folder / "quick").unlink()
        print(kill_at_any_time(start, cache, folder / "compiles"), "entries at most before the last run")
        # A signal that is ignored stays so.
        ignoring = subprocess.run(["bash", "-c", f"trap '' INT; {NPUSCOPE} operators > /dev/null & kill -INT $!; wait $!"], timeout=60)
        assert ignoring.returncode == 0, ignoring.returncode


main()
