"""pytest plugin: models and ExecuTorch's Arm tests on npuscope (docs/python.md).

  --npuscope-npu          delegates run on npuscope in the place of Arm's Corstone simulators; PATH stays as it is
  --npuscope-record DIR   what the tests lower becomes cases in DIR, for `npuscope suite --cases DIR`
  npu                     a fixture: a float module and its inputs in, a verdict out
"""
import os
import pathlib
import sys

import pytest

NEEDED = {"--npuscope-npu": ("executorch", "ExecuTorch"),
          "--npuscope-record": ("serializer", "tosa-tools, whose reference model stands in the NPU's place")}


def pytest_addoption(parser):
    group = parser.getgroup("npuscope", "quantised models on Arm's Ethos-U")
    group.addoption("--npuscope-npu", action="store_true",
                    help="run Ethos-U delegates on npuscope in the place of Arm's Corstone simulators")
    group.addoption("--npuscope-record", metavar="DIR",
                    help="record what tests lower through ExecuTorch's Arm backend as cases for npuscope suite --cases DIR")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """Before the tests' own files import ExecuTorch: some keep its functions by name."""
    options = early_config.known_args_namespace
    if options.npuscope_npu:
        require("--npuscope-npu")
        from . import executorch_npu

        executorch_npu.install()
    if options.npuscope_record:
        require("--npuscope-record")
        folder = pathlib.Path(options.npuscope_record).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["NPUSCOPE_RECORD"] = str(folder)
        sys.path.insert(0, str(pathlib.Path(__file__).with_name("recording")))
        early_config.pluginmanager.import_plugin("record_cases")


def require(option):
    module, words = NEEDED[option]
    try:
        __import__(module)
    except ImportError as error:
        raise pytest.UsageError(f"{option} needs {words}: {error}") from error


@pytest.fixture
def npu():
    """npu(module, inputs, ...): the module quantised, lowered by ExecuTorch, compiled by Vela and run on npuscope."""
    from .own_model import run

    return run
