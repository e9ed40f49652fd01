"""A float module of one's own, quantised and lowered by ExecuTorch, compiled by Vela, run on npuscope: the fixture `npu`."""
from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from .library import Error
from .model import load
from .suite import compare


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What became of a module. `outputs` and `sqnr_db` are against the float module, the least over the outputs."""

    sqnr_db: float
    outputs: list[np.ndarray]
    expected: list[np.ndarray]
    delegates: list[dict]  # of each: "verdict", "reason" and "operators", as npuscope/diagnose/1 has them
    outside: list[str]  # operators that stay on the CPU
    program: bytes  # the .pte

    @property
    def operators(self) -> list[dict]:
        """What each blamed operator costs, worst first, over all delegates."""
        return [blamed for delegate in self.delegates for blamed in delegate["operators"]]

    def __str__(self) -> str:
        """For an assertion: the distance, and of each blamed operator why and what would mend it."""
        lines = [f"{self.sqnr_db:.1f} dB against the float module"]
        lines += [f"delegate {i}: {d['verdict']}: {d['reason']}" for i, d in enumerate(self.delegates) if not d["operators"]]
        lines += [f"{b['op']} {b.get('function') or ''} {b['output']}: {b['why']}; mend: {b['mend'] or 'none known'}" for b in self.operators]
        return "\n".join(lines)


def _compile_spec(target: str, memory_mode: str | None, system_config: str | None):
    from executorch.backends.arm.ethosu import EthosUCompileSpec

    return EthosUCompileSpec(target, system_config=system_config, memory_mode=memory_mode)


def _quantise(module, inputs, spec, config):
    import torch
    from executorch.backends.arm.quantizer import EthosUQuantizer, get_symmetric_a16w8_quantization_config
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    quantizer = EthosUQuantizer(spec)
    quantizer.set_global(config or get_symmetric_a16w8_quantization_config())
    prepared = prepare_pt2e(torch.export.export(module, inputs, strict=True).module(), quantizer)
    prepared(*inputs)
    return convert_pt2e(prepared)


def _lower(quantised, inputs, spec):
    """The program, of each delegate the TOSA graph that Vela compiled and its inputs, and what stays outside."""
    import torch
    from executorch.backends.arm.ethosu import EthosUPartitioner
    from executorch.backends.arm.ethosu.backend import EthosUBackend
    from executorch.exir import to_edge_transform_and_lower

    graphs, compile_graph = [], EthosUBackend._compile_tosa_flatbuffer

    @functools.wraps(compile_graph)
    def keep(graph, *rest):
        graphs.append(bytes(graph))
        return compile_graph(graph, *rest)

    EthosUBackend._compile_tosa_flatbuffer = staticmethod(keep)
    try:
        edge = to_edge_transform_and_lower(torch.export.export(quantised, inputs, strict=True),
                                           partitioner=[EthosUPartitioner(spec)])
    finally:
        EthosUBackend._compile_tosa_flatbuffer = staticmethod(compile_graph)
    outside = [str(node.target) for node in edge.exported_program().graph.nodes if node.op == "call_function"
               and "call_delegate" not in str(node.target) and "getitem" not in str(node.target)
               and "quantize_per_tensor" not in str(node.target)]
    delegates = list(zip(graphs, _delegate_inputs(edge.exported_program(), inputs)))
    return bytes(edge.to_executorch().buffer), delegates, outside


def _delegate_inputs(edge, inputs):
    """Of each delegate the integers that the program's own inputs give it; None where operators on the CPU come before."""
    import torch

    placeholders = [node for node in edge.graph.nodes if node.name in edge.graph_signature.user_inputs]
    values = dict(zip(placeholders, inputs))
    found = []
    for node in edge.graph.nodes:
        if node.op != "call_function" or "call_delegate" not in str(node.target):
            continue
        arrays = []
        for argument in node.args[1:]:
            quantised = argument.op == "call_function" and "quantize_per_tensor" in str(argument.target)
            if quantised and argument.args[0] in values:
                arrays.append(torch.ops.quantized_decomposed.quantize_per_tensor(values[argument.args[0]], *argument.args[1:]).numpy())
        found.append(arrays if len(arrays) == len(node.args) - 1 else None)
    return found


def _diagnose(graph: bytes, inputs: list | None) -> dict:
    """What is to blame inside a delegate, on its own inputs."""
    if inputs is None:
        return {"verdict": "not judged", "operators": [], "reason": "operators on the CPU stand before the delegate: "
                "npuscope diagnose PROGRAM.pte --graph GRAPH.tosa -i IN.. judges it"}
    try:
        model = load(graph)
        found = model.diagnose(*(array.reshape(t.shape) for array, t in zip(inputs, model.inputs)))["precision"]
    except (Error, ValueError) as error:
        return {"verdict": "not known", "operators": [], "reason": str(error)}
    return {"verdict": found["verdict"], "operators": found.get("blame", []), "reason": found.get("reason", "")}


def run(module: Any, inputs: Any, target: str = "ethos-u85-128", *, config: Any = None, memory_mode: str | None = None,
        system_config: str | None = None) -> Verdict:
    """Quantises (a16w8 unless `config` says otherwise; calibrated on `inputs`), lowers, compiles and runs the module.

        def test_model(npu):
            assert npu(MyModel().eval(), (x,)).sqnr_db > 60

    `target`: an Ethos-U55, U65 or U85 of ExecuTorch's. Raises what ExecuTorch and Vela raise, and npuscope.Error where the
    program does not run.
    """
    import torch
    from torch.utils._pytree import tree_flatten

    inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    spec = _compile_spec(target, memory_mode, system_config)
    with torch.no_grad():
        expected = [t.numpy() for t in tree_flatten(module(*inputs))[0]]
        program, delegates, outside = _lower(_quantise(module, inputs, spec, config), inputs, spec)
    model = load(program)
    outputs = model.run(*(x.detach().numpy() for x in inputs)).outputs
    sqnr = min(compare(got, wanted).sqnr_db for got, wanted in zip(outputs, expected))
    return Verdict(sqnr, outputs, expected, [_diagnose(*delegate) for delegate in delegates], outside, program)
