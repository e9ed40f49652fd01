"""The TOSA reference model in the NPU's place, for plugins of ExecuTorch's Arm tests.

`compiled` lists what was lowered; within ReferenceInPlace each call of a delegate is computed by tosa_reference_model from the
very TOSA graph that Vela compiled, and the rest by PyTorch.
"""

import os
from importlib.metadata import version

import torch
from ethosu.vela import vela
from executorch.backends.arm.ethosu import backend as ethosu
from executorch.backends.arm.ethosu.compile_spec import EthosUCompileSpec
from executorch.backends.arm.test import runner_utils
from executorch.backends.test.harness.stages import StageType
from torch.overrides import TorchFunctionMode


class Compiled:
    """A delegate: its TOSA graph, the .npz that Vela made of it, and the stream that the program carries."""

    def __init__(self, graph, npz, stream):
        self.graph, self.npz, self.stream = graph, npz, stream


compiled = []
last_npz = None
compile_graph = ethosu.EthosUBackend._compile_tosa_flatbuffer
vela_main = vela.main


def keep_npz(arguments=None):
    global last_npz
    result = vela_main(arguments)
    folder = [a.split("=", 1)[1] for a in arguments or [] if a.startswith("--output-dir=")]
    if folder and os.path.exists(path := os.path.join(folder[-1], "out_vela.npz")):
        with open(path, "rb") as file:
            last_npz = file.read()
    return result


def compile_and_remember(graph, specification):
    global last_npz
    last_npz = None
    result = compile_graph(graph, specification)
    compiled.append(Compiled(bytes(graph), last_npz, bytes(result.processed_bytes)))
    return result


vela.main = keep_npz
ethosu.EthosUBackend._compile_tosa_flatbuffer = staticmethod(compile_and_remember)


def release():
    """The releases that took part."""
    return {name: version(name) for name in ("executorch", "torch", "ethos-u-vela", "tosa-tools")}


def lowered_program(tester):
    for stage in (StageType.TO_EDGE_TRANSFORM_AND_LOWER, StageType.PARTITION, StageType.TO_EDGE):
        if tester.stages.get(stage) is not None:
            return tester.stages[stage].artifact.exported_program()
    raise RuntimeError("nothing was lowered")


class ReferenceInPlace(TorchFunctionMode):
    """Runs calls of delegates on the reference model; `watch(delegate's number, inputs, outputs)` sees each."""

    def __init__(self, watch=lambda number, inputs, outputs: None):
        super().__init__()
        self.watch = watch

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is not torch._higher_order_ops.executorch_call_delegate:
            # quantize and dequantize by way of NCHW, as TosaReferenceModelDispatch does.
            if function in runner_utils._QDQ_MEMORY_FORMAT_OPS and args[0].dim_order() in (
                runner_utils.NHWC_ORDER,
                runner_utils.NNHWC_ORDER,
            ):
                contiguous = args[0].to(memory_format=torch.contiguous_format)
                result = function(contiguous, *args[1:], **(kwargs or {}))
                return result.to(memory_format=torch.channels_last)
            return function(*args, **(kwargs or {}))
        module, inputs = args[0], args[1:]
        if module.backend_id != "EthosUBackend":
            raise RuntimeError(f"a delegate of {module.backend_id}")
        specification = EthosUCompileSpec._from_list(module.compile_specs)
        stream = bytes(module.processed_bytes)
        number = next(i for i, delegate in enumerate(compiled) if delegate.stream == stream)
        outputs = runner_utils.run_tosa_graph(
            compiled[number].graph,
            specification.tosa_spec,
            inputs,
            module.original_module.graph.output_node(),
        )
        self.watch(number, inputs, outputs)
        return outputs
