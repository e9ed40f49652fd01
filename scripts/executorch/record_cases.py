"""pytest plugin: records what ExecuTorch's Arm tests lower as cases (docs/recorded-cases.md), without changing the tests.

Each test that lowers for Ethos-U, or asks the partitioner what it rejects, leaves a folder named after it in $NPUSCOPE_RECORD.
In the NPU's place stands tosa_reference_model. No random number is drawn, so that the tests see those that they always do.
"""

import copy
import functools
import inspect
import os
import pathlib
import re

import pytest
import reference_model
import torch
from case_files import configuration, document, graph_files, npy, plain
from executorch.backends.arm.quantizer import TOSAQuantizer
from executorch.backends.arm.test import runner_utils
from executorch.backends.arm.test.tester import arm_tester, serialize, test_pipeline
from executorch.backends.arm.test.tester.quantize import ArmQuantize
from executorch.backends.arm.tosa.backend import TOSABackend
from executorch.backends.test.harness.stages import StageType
from torch.utils._pytree import tree_flatten

files = {}  # of the running test
info = {}
state = {}


def around(owner, name, before=None, after=None):
    """Calls `before` and `after` with what owner.name is called with; `after` gets its result first."""
    inner = getattr(owner, name)

    @functools.wraps(inner)
    def call(*args, **kwargs):
        if before:
            before(*args, **kwargs)
        result = inner(*args, **kwargs)
        if after:
            after(result, *args, **kwargs)
        return result

    setattr(owner, name, staticmethod(call) if isinstance(inspect.getattr_static(owner, name), staticmethod) else call)


def outputs_of(module, inputs):
    with torch.no_grad():
        return tree_flatten(module(*copy.deepcopy(inputs)))[0]


def keep_outputs(prefix, outputs):
    for i, tensor in enumerate(outputs):
        files[f"{prefix}{i}.npy"] = npy(tensor)


# ---- the float graph, the quantised graph ----


def keep_float(stage, artifact, inputs):
    graph = torch.export.export(artifact, inputs, strict=True).module()
    files.update(graph_files(graph, "float.json", lambda node: f"float_{node.target}"))
    keep_outputs("float_out", outputs_of(artifact, inputs))
    flat = tree_flatten(inputs)[0]
    info["inputs"] = [{"shape": list(x.shape), "dtype": str(x.dtype), "dim_order": list(x.dim_order())}
                      if isinstance(x, torch.Tensor) else {"value": x} for x in flat]
    for i, value in enumerate(flat):
        files[f"i{i}.bin"] = runner_utils.prep_data_for_save(value, f"i{i}").tobytes()


def keep_quantised(_, stage, artifact, inputs):
    files.update(graph_files(stage.converted_graph, "quantised.json", lambda node: node.name))
    keep_outputs("quantised_out", outputs_of(stage.converted_graph, inputs))


around(ArmQuantize, "run", keep_float, keep_quantised)
around(TOSAQuantizer, "set_global", lambda quantizer, config: info["quantizer"].update(set_global=configuration(config)))
around(TOSAQuantizer, "set_io", lambda quantizer, config: info["quantizer"].update(set_io=configuration(config)))


# ---- the delegates ----


def keep_graph(result, *args, **kwargs):
    files[f"delegate{info['delegates']}.tosa"] = bytes(result.processed_bytes)
    info["delegates"] += 1


def keep_lowered(result, tester, *args, **kwargs):
    state["lowered"] = copy.deepcopy(reference_model.lowered_program(tester))
    for i, delegate in enumerate(reference_model.compiled):
        files[f"delegate{i}_vela.npz"] = delegate.npz
    info["outside"] = [str(node.target) for node in state["lowered"].graph.nodes
                       if node.op == "call_function" and "call_delegate" not in str(node.target)
                       and "getitem" not in str(node.target)]


def keep_flags(graph, spec):
    info["vela_args"] = list(spec.compiler_flags)
    info["board"] = runner_utils.get_target_board(spec)


around(TOSABackend, "_preprocess", after=keep_graph)
around(reference_model.ethosu.EthosUBackend, "_compile_tosa_flatbuffer", keep_flags)
around(arm_tester.ArmTester, "to_edge_transform_and_lower", after=keep_lowered)
around(arm_tester.ArmTester, "partition", after=keep_lowered)


# ---- the program and its run ----


def keep_program(_, stage, artifact, inputs=None):
    files["program.pte"] = bytes(artifact.buffer)


def keep_integers(number, inputs, outputs):
    for kind, tensors in (("in", inputs), ("out", outputs)):
        for i, tensor in enumerate(tensors):
            files[f"delegate{number}_{kind}{i}.npy"] = npy(tensor)


def run_on_reference_model(stage, inputs):
    with torch.no_grad(), reference_model.ReferenceInPlace(keep_integers):
        outputs = state["lowered"].module()(*copy.deepcopy(inputs))
    keep_outputs("program_out", tree_flatten(outputs)[0])
    return outputs


def keep_tolerances(tester, *args, **kwargs):
    info["compare"] = {name: kwargs[name] for name in ("atol", "rtol", "qtol") if name in kwargs}


around(serialize.Serialize, "run", after=keep_program)
around(arm_tester.ArmTester, "run_method_and_compare_outputs", keep_tolerances)
serialize.Serialize.run_artifact = run_on_reference_model


# ---- what the test asks for ----


def keep_parameters(pipeline, *args, **kwargs):
    info["pipeline"] = type(pipeline).__name__
    bound = inspect.signature(type(pipeline).__init__).bind_partial(pipeline, *args, **kwargs)
    bound.apply_defaults()
    left_out = ("self", "module", "test_data", "aten_ops", "exir_ops", "custom_path", "tosa_debug_mode")
    info["module"] = type(bound.arguments["module"]).__name__
    info["params"] = {name: plain(value) for name, value in bound.arguments.items() if name not in left_out}


def keep_operators(_, pipeline, *args, **kwargs):
    info["aten_ops"] = pipeline.aten_ops


for pipeline_class in ("EthosU55PipelineINT", "EthosU65PipelineINT", "EthosU85PipelineINT", "OpNotSupportedPipeline"):
    around(getattr(test_pipeline, pipeline_class), "__init__", keep_parameters, keep_operators)


def start(item):
    files.clear()
    state.clear()
    reference_model.compiled.clear()
    info.clear()
    info.update(test=item.name, file=item.path.name, function=item.originalname, board=None, delegates=0, outside=[], compare={},
                quantizer={}, vela_args=None,
                marks=[{name: plain(mark.kwargs.get(name)) for name in ("reason", "strict", "raises")} for mark in item.iter_markers("xfail")])


def finish(call):
    info["verdict"] = "failed" if call.excinfo else "passed"
    info["error"] = f"{call.excinfo.typename}: {call.excinfo.value}"[:1000] if call.excinfo else ""
    info["release"] = reference_model.release()
    files["info.json"] = document(info, indent=1)
    folder = pathlib.Path(os.environ["NPUSCOPE_RECORD"], re.sub(r"[^\w\[\]=.+-]", "_", info["test"]))
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    if call.when == "setup":
        start(item)
    if call.when == "call" and "quantised.json" in files and "pipeline" in info:
        finish(call)
    return (yield)
