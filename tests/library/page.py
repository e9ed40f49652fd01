"""The page for browsers in headless Chromium against the native program: the graph, the outputs and the findings of models
that are dropped on it.

  page.py SOURCE PAGE      PAGE is what `scripts/make-dist page` makes

Environment: NPUSCOPE, the program. Exit code 77 where Chromium or the page is missing.
"""
import base64
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

source, page = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
sys.path[:0] = [str(source / "tests"), str(source / "scripts" / "recording")]
import sets  # noqa: E402
from support import browser  # noqa: E402

NPUSCOPE = os.environ["NPUSCOPE"]
MODELS = ("mlp_narrow", "residual_wide", "se_block", "logsoftmax_head")
# Drops files on the page, as its own handler gets them, and waits for the answer.
DROP = """(async () => {
  const file = (name, text) => new File([Uint8Array.from(atob(text), c => c.charCodeAt(0))], name);
  await take([%s]);
  return JSON.stringify(window.npuscope);
})()"""


def skip(why):
    print(why)
    sys.exit(77)


def run(*command, codes=(0, 1)):
    result = subprocess.run([NPUSCOPE, *map(str, command)], capture_output=True, text=True)
    if result.returncode not in codes:
        sys.exit(f"{command}: {result.returncode}\n{result.stderr}")
    return result.stdout


def same(path, is_, wanted):
    """Texts and integers equal; reals to 0.01 dB: what dither estimates turns on the last bits of sums."""
    if isinstance(wanted, dict):
        for key in wanted:
            if key not in ("seconds", "model"):
                same(f"{path}.{key}", is_.get(key), wanted[key])
    elif isinstance(wanted, list):
        if len(is_) != len(wanted):
            sys.exit(f"{path}: {len(is_)} members, expected {len(wanted)}")
        for i, (a, b) in enumerate(zip(is_, wanted)):
            same(f"{path}[{i}]", a, b)
    elif isinstance(wanted, float) and isinstance(is_, (int, float)):
        if not math.isclose(is_, wanted, rel_tol=1e-6, abs_tol=0.01):
            sys.exit(f"{path}: {is_!r}, expected {wanted!r}")
    elif is_ != wanted:
        sys.exit(f"{path}: {is_!r}, expected {wanted!r}")


def checksums(folder):
    """Of each output of a run, as web/web.c makes them; arrays are int8, int16 or int32."""
    for path in sorted(folder.glob("*.npy")):
        data = path.read_bytes()
        start = 10 + int.from_bytes(data[8:10], "little")
        size = {b"i1": 1, b"i2": 2, b"i4": 4}[data[:start].split(b"'descr': '")[1][1:3]]
        total = 0
        for at in range(start, len(data), size):
            total = (total * 31 + int.from_bytes(data[at:at + size], "little", signed=True)) % 2**64
        yield total >> 12


def check(chromium, folder, name, data):
    files = {}
    for file in ("model.tosa", "in0.npy"):
        files[file] = folder / file
        files[file].write_bytes(data[f"{name}/{file}"])
    dropped = ", ".join(f"file('{n}', '{base64.b64encode(p.read_bytes()).decode()}')" for n, p in files.items())
    answer = json.loads(chromium.evaluate(DROP % dropped))
    if "error" in answer:
        sys.exit(f"{name}: {answer['error']}")
    same(f"{name} inspect", answer["inspect"], json.loads(run("inspect", "--json", files["model.tosa"])))
    run("diagnose", files["model.tosa"], "-i", files["in0.npy"], "--no-compile", "--cpu", "none", "--json", folder / "d.json")
    same(f"{name} diagnose", answer["diagnose"], json.loads((folder / "d.json").read_text()))
    run("run", files["model.tosa"], "-i", files["in0.npy"], "-o", folder / name)
    same(f"{name} run", [o["checksum"] for o in answer["run"]["outputs"]], list(checksums(folder / name)))


def main():
    chromium = browser.find()
    if not chromium:
        skip("no Chromium that starts (Debian: chromium)")
    if not page.exists():
        skip(f"{page} was not made (scripts/make-dist page; needs emscripten)")
    data = sets.read(source / "tests/data/diagnose.zip")
    with browser.Browser(chromium) as opened, tempfile.TemporaryDirectory() as name:
        opened.open(page.as_uri())
        for model in MODELS:
            check(opened, pathlib.Path(name), model, data)
        broken = json.loads(opened.evaluate(DROP % "file('x.tosa', 'AAAA')"))
        assert broken["error"], broken
        outside = opened.evaluate("performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length")
        same("requests", outside, 0)
    print(f"{len(MODELS)} models: page and program say the same")


main()
