"""Modules of one's own through ExecuTorch's pipelines, a16w8, for Ethos-U55 and U85: scripts/record-executorch --module.

$NPUSCOPE_MODULES names Python files; each defines cases(), which yields (name, module, inputs), the inputs a tuple of tensors.
"""

import importlib.util
import os
import pathlib
import sys

import pytest
import torch
from executorch.backends.arm.test.tester.test_pipeline import EthosU55PipelineINT, EthosU85PipelineINT


def cases():
    for path in map(pathlib.Path, os.environ["NPUSCOPE_MODULES"].split(os.pathsep)):
        loader = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(loader)
        sys.modules[path.stem] = module  # a step of the pipeline looks up the classes by their module's name
        loader.loader.exec_module(module)
        torch.manual_seed(0)
        for name, model, inputs in module.cases():
            yield pytest.param(model, inputs, id=f"{path.stem}_{name}")


@pytest.mark.parametrize("pipeline", [pytest.param(EthosU55PipelineINT, id="u55"), pytest.param(EthosU85PipelineINT, id="u85")])
@pytest.mark.parametrize("model, inputs", cases())
def test_own(pipeline, model, inputs):
    run = pipeline(model.eval(), inputs, [], [], a16w8_quantization=True)
    run.pop_stage("check_count.exir")  # a module may be split, or kept off the NPU in part
    run.pop_stage("check_not.quant_nodes")
    run.run()
