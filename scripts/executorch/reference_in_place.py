"""pytest plugin: ExecuTorch's Arm tests with the TOSA reference model in the NPU's place.

Decides whether a test that fails on the stand-in fails because of the lowering. The stand-in runs first, then the
program that was lowered, with each call of the NPU computed by tosa_reference_model from the very TOSA graph that
Vela compiled; the rest is PyTorch. The test sees the second result. One line for each test goes to
$NPUSCOPE_REFERENCE_LOG as JSON: what the stand-in gave, and whether both results are the same, bit for bit. With
NPUSCOPE_CAPTURE=DIR the TOSA graphs (delegate<i>.tosa), the program, its inputs (in<i>.bin) and the second result
(out<i>.npy) go to DIR/TEST.
"""

import copy
import json
import os
import re
import shutil

import numpy
import pytest
import reference_model
import torch
from executorch.backends.arm.ethosu import backend as ethosu
from executorch.backends.arm.test.tester import arm_tester, serialize
from executorch.backends.test.harness.stages import StageType
from torch.utils._pytree import tree_flatten

# What the stand-in says when the runner lacks memory (cli/fvp_runner.c).
OUT_OF_MEMORY = "Failed to allocate|Could not allocate memory|FAST_MEMORY_REGION|uses a fast scratch memory"

record = {}  # of the running test

compile_graph = reference_model.compile_and_remember


def compile_and_capture(graph, specification):
    result = compile_graph(graph, specification)
    if (folder := capture_folder()) is not None:
        with open(os.path.join(folder, f"delegate{len(reference_model.compiled) - 1}.tosa"), "wb") as file:
            file.write(graph)
    return result


ethosu.EthosUBackend._compile_tosa_flatbuffer = staticmethod(compile_and_capture)


def count_call(number, inputs, outputs):
    record["delegate_calls"] = record.get("delegate_calls", 0) + 1


to_executorch = arm_tester.ArmTester.to_executorch


def keep_lowered_program(self, *args, **kwargs):
    self.lowered = copy.deepcopy(reference_model.lowered_program(self))
    return to_executorch(self, *args, **kwargs)


arm_tester.ArmTester.to_executorch = keep_lowered_program

serialize_stage = arm_tester.ArmTester.serialize


def serialize_and_link(self, *args, **kwargs):
    result = serialize_stage(self, *args, **kwargs)
    self.stages[StageType.SERIALIZE].lowered = self.lowered
    return result


arm_tester.ArmTester.serialize = serialize_and_link

run_artifact = serialize.Serialize.run_artifact
run_target = serialize.run_target


def capture_folder():
    if "NPUSCOPE_CAPTURE" not in os.environ:
        return None
    test = os.environ["PYTEST_CURRENT_TEST"].split(" (")[0].split("::")[-1]
    folder = os.path.join(os.environ["NPUSCOPE_CAPTURE"], test)
    os.makedirs(folder, exist_ok=True)
    return folder


def run_and_capture(manager, inputs, work, *args):
    try:
        return run_target(manager, inputs, work, *args)
    finally:
        if (folder := capture_folder()) is not None:
            shutil.copy(os.path.join(work, "program.pte"), folder)
            for i in range(len(inputs)):
                shutil.copy(os.path.join(work, f"i{i}.bin"), os.path.join(folder, f"in{i}.bin"))


serialize.run_target = run_and_capture


def same_bits(one, other):
    one, other = tree_flatten(one)[0], tree_flatten(other)[0]
    if len(one) > len(other):
        return False
    for a, b in zip(one, other):
        a, b = torch.as_tensor(a).contiguous(), torch.as_tensor(b).contiguous()
        if a.dtype != b.dtype or a.numel() != b.numel():
            return False
        if a.numpy(force=True).tobytes() != b.numpy(force=True).tobytes():
            return False
    return True


def run_on_both(self, inputs):
    record["reached_a_run"] = True
    npu = None
    try:
        npu = run_artifact(self, copy.deepcopy(inputs))
        record["stand_in"] = "ran"
    except RuntimeError as error:
        lines = [line for line in str(error).splitlines() if line.startswith(("E ", "E:"))]
        record["stand_in"] = lines[-1] if lines else str(error)
        if re.search(OUT_OF_MEMORY, record["stand_in"]):  # the reference model has no such limit
            record["out_of_memory"] = True
            raise
    flat = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    with torch.no_grad(), reference_model.ReferenceInPlace(count_call):
        try:
            reference = self.lowered.module()(*flat)
            record["reference"] = "ran"
        except Exception as error:
            record["reference"] = f"{type(error).__name__}: {error}"[:500]
            raise
    if (folder := capture_folder()) is not None:
        for i, tensor in enumerate(tree_flatten(reference)[0]):
            numpy.save(os.path.join(folder, f"out{i}.npy"), torch.as_tensor(tensor).contiguous().numpy(force=True))
    record["same"] = npu is not None and same_bits(npu, reference)
    return reference


serialize.Serialize.run_artifact = run_on_both


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when != "call":
        if report.when == "setup":
            record.clear()
        return
    # Not the marks that only say that no simulator was found.
    xfail = [mark for mark in item.iter_markers("xfail") if not mark.kwargs.get("reason", "").startswith("Did not find")]
    line = {
        "test": item.nodeid.split("/")[-1],
        "outcome": "failed" if call.excinfo else "passed",
        "error": f"{call.excinfo.typename}: {call.excinfo.value}"[:1000] if call.excinfo else "",
        "mark": xfail[0].kwargs.get("reason", "") if xfail else "",
        **record,
    }
    with open(os.environ["NPUSCOPE_REFERENCE_LOG"], "a") as log:
        log.write(json.dumps(line) + "\n")
    reference_model.compiled.clear()
