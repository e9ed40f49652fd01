"""The pytest plugin with the ExecuTorch that is installed beside the package."""
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

executorch = pytest.importorskip("executorch")
torch = pytest.importorskip("torch")

import npuscope  # noqa: E402


def operator_tests():
    import executorch.backends.arm as arm

    return pathlib.Path(list(arm.__path__)[0], "test", "ops")


def run_pytest(folder, *arguments):
    """The last line of pytest, without Arm's simulators on PATH."""
    environment = {**os.environ, "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", *map(str, arguments)],
                          cwd=folder, env=environment, capture_output=True, text=True).stdout.splitlines()[-1]


def test_executorchs_own_test(tmp_path):
    """Expected to fail without Arm's simulator; with npuscope in its place it is no longer, and passes."""
    test = [operator_tests() / "test_exp.py", "-k", "a16w8 and u85 and rank1"]
    assert "1 xfailed" in run_pytest(tmp_path, *test)
    assert "1 passed" in run_pytest(tmp_path, *test, "--npuscope-npu")


def test_recorded_case(tmp_path):
    """The case holds what the recorder's page names, and `suite` finds its integers right through all its stages."""
    said = run_pytest(tmp_path, operator_tests() / "test_exp.py", "-k", "a16w8 and u85 and rank1", "--npuscope-record", tmp_path / "cases")
    assert "1 xpassed" in said  # the reference model needs no simulator
    (case,) = (tmp_path / "cases").iterdir()
    assert {"float.json", "delegate0.tosa", "delegate0_out0.npy", "program.pte"} <= {p.name for p in case.iterdir()}
    found = npuscope.suite(paths=[tmp_path / "cases"], targets=["u85"], stages="ideal,quantised,eval")
    assert found["summary"]["passed"] == 1 and found["summary"]["failed"] == 0


def test_fixture(npu):
    """A linear layer keeps its precision; the outputs are the program's, near the float module's."""
    torch.manual_seed(0)
    module, x = torch.nn.Linear(16, 8).eval(), torch.randn(4, 16)
    verdict = npu(module, x)
    assert verdict.outside == [] and len(verdict.delegates) == 1
    assert 30 < verdict.sqnr_db < 120
    assert np.abs(verdict.outputs[0] - verdict.expected[0]).max() < 0.05
    assert np.array_equal(npuscope.load(verdict.program).run(x.numpy())[0], verdict.outputs[0])


def test_fixture_blames_what_diagnose_blames(npu):
    """Variances of 0.01 meet two segments of the table of rsqrt: on the delegate's own inputs, not on integers over the whole range."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(16, 24), torch.nn.LayerNorm(24), torch.nn.GELU(), torch.nn.Linear(24, 8)).eval()
    verdict = npu(module, 0.12 * torch.randn(32, 16))
    assert verdict.operators[0]["function"] == "rsqrt" and verdict.operators[0]["cause"] == "table"
    assert "TABLE rsqrt" in str(verdict) and "mend: lower the scale floor" in str(verdict)
