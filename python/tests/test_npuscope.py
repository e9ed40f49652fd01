"""The package against the captured cases of ExecuTorch 1.5.0 (tests/data/captured.zip) and against itself.

  python python/tests/test_npuscope.py [PROGRAM]     the table of times in docs/python.md: a sample through Python against the
                                                     program (without it, the one that the package brings)
"""
import io
import json
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time

import numpy as np
import pytest

import npuscope

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "recording"))
import sets  # noqa: E402

CASES = ["test_bmm_a16w8_u85_INT[rand_rect]", "test_conv1d_a16w8_u55_INT[2_1x2x14_st2_per_channel_quant=True]"]


@pytest.fixture(scope="session")
def data():
    """Reads a file of the captured cases."""
    files = sets.read(ROOT / "tests/data/captured.zip")
    return lambda case, name: files[f"{case}/{name}"]


def arrays(data, case, pattern):
    found = []
    while True:
        try:
            found.append(np.load(io.BytesIO(data(case, pattern.format(len(found))))))
        except KeyError:
            return found


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("file", ["delegate0.tosa", "delegate0_vela.npz"])
def test_run(data, case, file):
    model = npuscope.load(data(case, file))
    inputs, expected = arrays(data, case, "delegate0_in{}.npy"), arrays(data, case, "delegate0_out{}.npy")
    result = model.run(*inputs)
    assert len(result) == len(expected) == 1
    assert result[0].dtype == expected[0].dtype
    assert np.array_equal(result[0].reshape(expected[0].shape), expected[0])
    comparison = npuscope.compare(result[0], expected[0])
    assert comparison and comparison.sqnr_db == np.inf and comparison.count == expected[0].size


@pytest.mark.parametrize("case", CASES)
def test_program(data, case):
    model = npuscope.load(data(case, "program.pte"))
    inputs = [np.frombuffer(data(case, f"i{i}.bin"), np.float32).reshape(t.shape) for i, t in enumerate(model.inputs)]
    assert np.array_equal(model.run(*inputs)[0], arrays(data, case, "program_out{}.npy")[0])


def test_samples(data):
    model = npuscope.load(data(CASES[0], "delegate0.tosa"))
    inputs, expected = (arrays(data, CASES[0], f"delegate0_{k}{{}}.npy") for k in ("in", "out"))
    other = [x[..., ::-1, :] for x in inputs]
    both = model.run(*(np.stack(pair) for pair in zip(inputs, other)))[0]
    assert both.shape == (2, *expected[0].shape)
    assert np.array_equal(both[0], expected[0])
    assert np.array_equal(both[1], model.run(*other)[0])
    assert not np.array_equal(both[0], both[1])


def test_tap_changes_nothing_and_names_what_it_saw(data):
    model = npuscope.load(data(CASES[0], "delegate0.tosa"))
    inputs = arrays(data, CASES[0], "delegate0_in{}.npy")
    tapped = model.run(*inputs, tap=True)
    assert np.array_equal(tapped[0], model.run(*inputs)[0])
    assert np.array_equal(tapped.taps[-1].data, tapped[0])
    assert tapped.taps[-1].name == "RESCALE" and tapped.taps[-1].tensor == model.outputs[0].name


def test_statistics(data):
    model = npuscope.load(data(CASES[0], "delegate0_vela.npz"))
    inputs = arrays(data, CASES[0], "delegate0_in{}.npy")
    once = model.run(*inputs, check=True).statistics
    assert once["operations"] == len(model.run(*inputs, tap=True).taps) and once["hazards"] == once["signs"] == 0
    assert model.run(*(np.stack([x] * 3) for x in inputs)).statistics["macs"] == 3 * once["macs"]


def test_errors(data):
    model = npuscope.load(data(CASES[0], "delegate0.tosa"))
    inputs = arrays(data, CASES[0], "delegate0_in{}.npy")
    with pytest.raises(npuscope.Error, match="no model") as caught:
        npuscope.load(b"text")
    assert caught.value.code == "INPUT" and caught.value.exit_code == 2
    with pytest.raises(npuscope.Error, match="there are u55, u65, u85, ethos-u55-32") as caught:
        npuscope.load(data(CASES[0], "delegate0_vela.npz"), accelerator="ethos-u99")
    assert caught.value.code == "USAGE"
    with pytest.raises(npuscope.Error) as caught:
        model.run(*inputs, max_work=1)
    assert caught.value.code == "BUDGET"
    with pytest.raises(TypeError, match=r"takes 2 inputs \(.*\), 1 was given"):
        model.run(inputs[0])
    program = npuscope.load(data(CASES[0], "program.pte"))
    assert [t.scale for t in model.inputs + program.outputs] == [None] * 3  # neither file tells it
    with pytest.raises(npuscope.Error, match="this is an ExecuTorch program; give the .tosa"):
        program.diagnose(*(np.zeros(t.shape, t.dtype) for t in program.inputs))
    with pytest.raises(ValueError, match="does not hold"):
        model.run(inputs[0].astype(np.int32) + 70000, inputs[1])
    with pytest.raises(TypeError, match="float64"):
        model.run(inputs[0] * 0.5, inputs[1])
    with pytest.raises(ValueError, match="expected \\[1, 55, 3\\]"):
        model.run(inputs[0][:, 1:], inputs[1])


def program():
    return shutil.which("npuscope", path=sysconfig.get_path("scripts")) or shutil.which("npuscope")


def test_diagnose(data, tmp_path):
    """The document is the command's."""
    inputs = arrays(data, CASES[0], "delegate0_in{}.npy")
    (tmp_path / "model.tosa").write_bytes(data(CASES[0], "delegate0.tosa"))
    given = []
    for i, array in enumerate(inputs):
        np.save(tmp_path / f"in{i}.npy", array)
        given += ["-i", f"in{i}.npy"]
    subprocess.run([program(), "diagnose", "model.tosa", *given, "--no-compile", "--json", "out.json"], cwd=tmp_path,
                   capture_output=True)
    expected = json.loads((tmp_path / "out.json").read_text())
    found = npuscope.load(tmp_path / "model.tosa").diagnose(*inputs)
    assert found["schema"] == expected["schema"] == "npuscope/diagnose/1"
    assert found["precision"]["stages"] and found["precision"] == expected["precision"]


def test_suite():
    found = npuscope.suite(ops=["exp"], targets=["u85"], stages="ideal,quantised,eval")
    assert found["summary"]["failed"] == 0 and found["summary"]["passed"] == len(found["cases"]) > 0
    assert {c["op"] for c in found["cases"]} == {"exp"}


def test_compare():
    result = npuscope.compare([1, 2, 4], [[1], [2], [3]], atol=0.5)
    assert not result
    assert (result.differences, result.first, result.worst, result.max_error) == (1, 2, 2, 1.0)
    assert result.sqnr_db == pytest.approx(10 * np.log10(14))
    with pytest.raises(ValueError, match="dims of 1"):
        npuscope.compare([1, 2], [[1, 2], [3, 4]])


def test_threads(data):
    """Models of different threads do not meet."""
    inputs, expected = (arrays(data, CASES[0], f"delegate0_{k}{{}}.npy") for k in ("in", "out"))
    wrong = []

    def work():
        model = npuscope.load(data(CASES[0], "delegate0.tosa"))
        wrong.extend(i for i in range(20) if not np.array_equal(model.run(*inputs)[0], expected[0]))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_call_costs_less_than_a_millisecond(data):
    """Beside what the graph itself takes: a graph of eight small operators, least of many calls."""
    model = npuscope.load(data(CASES[0], "delegate0.tosa"))
    inputs = arrays(data, CASES[0], "delegate0_in{}.npy")

    def call():
        begin = time.perf_counter()
        model.run(*inputs)
        return time.perf_counter() - begin

    assert min(call() for _ in range(200)) < 1e-3


def test_command():
    """The command of the same version comes with the package."""
    said = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout
    assert said == f"npuscope {npuscope.__version__}\n"
    listed = subprocess.run([program(), "suite", "--list"], capture_output=True, text=True, check=True).stdout
    assert "exp" in listed


def test_stand_ins_start(tmp_path):
    """Where the package's program finds its libraries beside itself, they are links to it."""
    listed = subprocess.run([program(), "fvp", "install", tmp_path], capture_output=True, text=True, check=True).stdout.split()
    assert len(listed) == 3
    for path in listed:
        assert "npuscope" in subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout


# ---- times ----

SAMPLES = 100


def least(calls, rounds=100):
    """Seconds of the quickest of many runs of each call, which take turns: other work on the machine meets all alike."""
    found = [np.inf] * len(calls)
    for _ in range(rounds):
        for i, call in enumerate(calls):
            begin = time.perf_counter()
            call()
            found[i] = min(found[i], time.perf_counter() - begin)
    return found


def models():
    """What it is, the file's bytes, its inputs."""
    captured = sets.read(ROOT / "tests/data/captured.zip")
    conformer = sets.read(ROOT / "tests/data/conformer.zip")

    def load(files, name):
        return np.load(io.BytesIO(files[name]))

    bmm = CASES[0]
    inputs = [load(captured, f"{bmm}/delegate0_in{i}.npy") for i in range(2)]
    yield "bmm and two RESCALE, .tosa", ".tosa", captured[f"{bmm}/delegate0.tosa"], inputs
    yield "the same, stream for Ethos-U85", ".npz", captured[f"{bmm}/delegate0_vela.npz"], inputs
    yield ("the same, program", ".pte", captured[f"{bmm}/program.pte"],
           [np.frombuffer(captured[f"{bmm}/i{i}.bin"], np.float32).reshape(x.shape) for i, x in enumerate(inputs)])
    yield "one-block Conformer, .tosa", ".tosa", conformer["conformer/graph.tosa"], [load(conformer, "conformer/in0.npy")]


def measure(folder, suffix, data, inputs, command):
    """Milliseconds: a call of one sample, a sample of a call of many, the program with one sample, a sample of the program with many."""
    model = npuscope.load(data)
    many = [np.repeat(x[None], SAMPLES, 0) for x in inputs]
    path = folder / f"model{suffix}"
    path.write_bytes(data)

    def started(name, arrays):
        files = []
        for i, array in enumerate(arrays):
            np.save(folder / f"{name}{i}.npy", array)
            files += ["-i", folder / f"{name}{i}.npy"]
        return lambda: subprocess.run([command, "run", path, *files, "-o", folder / "out"], check=True, stdout=subprocess.DEVNULL)

    calls = [lambda: model.run(*inputs), lambda: model.run(*inputs), lambda: model.run(*many), started("one", inputs)]
    # A program takes one sample there.
    _, one, batch, alone, *more = least(calls + ([started("many", many)] if suffix != ".pte" else []))
    return [1e3 * x for x in (one, batch / SAMPLES, alone, more[0] / SAMPLES if more else np.nan)]


def main():
    command = sys.argv[1] if len(sys.argv) > 1 else program()
    print("| model | Python, one call | Python, a sample of 100 | the program, once | the program, a sample of 100 | a call beside its sample |")
    print("|---|---|---|---|---|---|")
    for name, suffix, data, inputs in models():
        with tempfile.TemporaryDirectory() as folder:
            times = measure(pathlib.Path(folder), suffix, data, inputs, command)
        print(f"| {name} |", " | ".join("-" if np.isnan(x) else f"{x:.3f}" for x in times), f"| {times[0] - times[1]:.3f} |")


if __name__ == "__main__":
    main()
