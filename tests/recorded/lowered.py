"""Each recorded case of lowered.zip, quantised and lowered from its float graph alone, gives the integers that
tosa_reference_model gave for the graph that ExecuTorch lowered, in every element.

argv: npuscope, lowered.zip."""
import ast
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "recording"))
import sets

npuscope, data = sys.argv[1:]


def run(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True)


def read(npy):
    """(shape, bytes of an element, the values' bytes) of an .npy file."""
    length = int.from_bytes(npy[8:10], "little")
    header = ast.literal_eval(npy[10:10 + length].decode())
    return header["shape"], int(header["descr"][2:]), npy[10 + length:]


def same(got, wanted):
    """Shapes may differ by axes of 1; ExecuTorch's runner hands a result [n, h, w, c] on as [n, c, h, w]."""
    (shape, size, values), (other, _, expected) = read(got), read(wanted)
    if len(shape) == len(other) == 4 and shape != other and other == tuple(shape[i] for i in (0, 3, 1, 2)):
        n, h, w, c = shape
        order = [((i * c + k) * h + y) * w + x for i in range(n) for y in range(h) for x in range(w) for k in range(c)]
        expected = b"".join(expected[i * size:(i + 1) * size] for i in order)
    return values == expected


def check(case):
    """None, or what is wrong."""
    graph, out = case / "lowered.tosa", case / "out"
    settings = (case / "info.json").read_text()
    named = "board" in settings or "u55_subset" in settings
    lowered = run(npuscope, "lower", "--from", case, *([] if named else ["--target", "u85"]), "-o", graph)
    if lowered.returncode:
        return lowered.stderr
    inputs = [a for i in sorted(case.glob("delegate0_in*.npy")) for a in ("-i", i)]
    ran = run(npuscope, "run", graph, *inputs, "-o", out)
    if ran.returncode:
        return ran.stderr
    got, wanted = sorted(out.glob("*.npy")), sorted(case.glob("delegate0_out*.npy"))
    if len(got) != len(wanted):
        return f"{len(got)} outputs, recorded are {len(wanted)}"
    pairs = [(w.name, g.read_bytes(), w.read_bytes()) for g, w in zip(got, wanted)]
    different = [name for name, g, w in pairs if not same(g, w)]
    return f"{different} differ" if different else None


failed = lowered = 0
with tempfile.TemporaryDirectory() as folder:
    sets.extract(data, folder)
    for case in sorted(pathlib.Path(folder).iterdir()):
        problem = check(case)
        if problem:
            print(f"{case.name}: {problem}")
            failed += 1
        else:
            lowered += 1
print(f"{lowered} cases equal, {failed} wrong")
sys.exit(1 if failed or not lowered else 0)
