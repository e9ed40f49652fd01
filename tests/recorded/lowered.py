"""Each recorded case of lowered.zip, quantised and lowered from its float graph alone, gives the integers that
tosa_reference_model gave for the graph that ExecuTorch lowered, in every element.

argv: npuscope, lowered.zip. Cases that need what npuscope lacks are listed here with the reason that it must give."""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "recording"))
import sets

npuscope, data = sys.argv[1:]
# What the program must say of a case that it does not lower: by a part of the case's name.
NOT_KNOWN = {"conv_transpose2d": "aten.conv_transpose2d.input", "batch_norm": "aten.batch_norm.default",
             "conv_bn_relu": "aten.batch_norm.default", "[mha]": "aten.scaled_dot_product_attention.default", "[sdpa]": "aten.scaled_dot_product_attention.default"}


def run(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True)


def expected_refusal(name):
    return next((text for part, text in NOT_KNOWN.items() if part in name), None)


def payload(npy):
    """The bytes of the values of an .npy file: comparable where shapes differ by axes of 1."""
    length = int.from_bytes(npy[8:10], "little")
    return npy[10 + length:]


def check(case):
    """None, or what is wrong."""
    graph, out = case / "lowered.tosa", case / "out"
    settings = (case / "info.json").read_text()
    named = "board" in settings or "u55_subset" in settings
    lowered = run(npuscope, "lower", "--from", case, *([] if named else ["--target", "u85"]), "-o", graph)
    refusal = expected_refusal(case.name)
    if lowered.returncode:
        return None if lowered.returncode == 2 and refusal and refusal in lowered.stderr else lowered.stderr
    if refusal:
        return f"is lowered, and was expected to be refused: {refusal}"
    inputs = [a for i in sorted(case.glob("delegate0_in*.npy")) for a in ("-i", i)]
    ran = run(npuscope, "run", graph, *inputs, "-o", out)
    if ran.returncode:
        return ran.stderr
    got, wanted = sorted(out.glob("*.npy")), sorted(case.glob("delegate0_out*.npy"))
    if len(got) != len(wanted):
        return f"{len(got)} outputs, recorded are {len(wanted)}"
    pairs = [(w.name, g.read_bytes(), w.read_bytes()) for g, w in zip(got, wanted)]
    different = [name for name, g, w in pairs if payload(g) != payload(w)]
    return f"{different} differ" if different else None


failed = lowered = refused = 0
with tempfile.TemporaryDirectory() as folder:
    sets.extract(data, folder)
    for case in sorted(pathlib.Path(folder).iterdir()):
        problem = check(case)
        if problem:
            print(f"{case.name}: {problem}")
            failed += 1
        elif expected_refusal(case.name):
            refused += 1
        else:
            lowered += 1
print(f"{lowered} cases equal, {refused} refused as they must be, {failed} wrong")
sys.exit(1 if failed or not lowered else 0)
