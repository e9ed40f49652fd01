"""Graphs, tensors and configurations of PyTorch as the files of a case (docs/recorded-cases.md)."""

import io
import json

import numpy
import torch
from executorch.backends.arm.test import runner_utils


def npy(tensor):
    """The .npy file of a tensor as it lies in memory (channels last: as NHWC), or of a number."""
    array = runner_utils.torch_tensor_to_numpy(tensor) if isinstance(tensor, torch.Tensor) else numpy.asarray(tensor)
    buffer = io.BytesIO()
    numpy.save(buffer, numpy.ascontiguousarray(array) if array.ndim else array)
    return buffer.getvalue()


def document(value, indent=0):
    return json.dumps(value, indent=indent).encode()


def plain(value):
    """A node's argument as JSON; other nodes are {"node": NAME}."""
    if isinstance(value, torch.fx.Node):
        return {"node": value.name}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if abs(value) != float("inf") else str(value)
    return str(value)


def constant_of(module, target):
    for part in target.split("."):
        module = getattr(module, part)
    return module


def graph_files(module, name, constant_name):
    """{file: bytes} of a GraphModule: `name`, its nodes in order, and each constant as constant_name(node).npy."""
    files, nodes = {}, []
    for node in module.graph.nodes:
        entry = {"name": node.name, "kind": node.op, "target": str(node.target), "args": plain(node.args), "kwargs": plain(node.kwargs)}
        value = node.meta.get("val")
        if node.op == "get_attr":
            value = constant_of(module, node.target)
            if isinstance(value, torch.fx.GraphModule):  # of a control flow operator
                entry["graph"] = json.loads(graph_files(value, "", constant_name)[""])
            if isinstance(value, torch.Tensor):
                entry["tensor"] = f"{constant_name(node)}.npy"
                files[entry["tensor"]] = npy(value)
        if isinstance(value, torch.Tensor):
            entry.update(shape=list(value.shape), dtype=str(value.dtype))
        nodes.append(entry)
    return {name: document(nodes), **files}


def specification(spec):
    """A QuantizationSpec as JSON."""
    if spec is None or not hasattr(spec, "observer_or_fake_quant_ctr"):
        return None if spec is None else str(spec)
    keywords = getattr(getattr(spec.observer_or_fake_quant_ctr, "p", None), "keywords", {})
    observer = getattr(getattr(spec.observer_or_fake_quant_ctr, "p", None), "func", spec.observer_or_fake_quant_ctr)
    return {
        "dtype": str(spec.dtype), "qmin": spec.quant_min, "qmax": spec.quant_max, "qscheme": str(spec.qscheme),
        "observer": getattr(observer, "__name__", str(observer)), "observer_args": plain(keywords),
    }


def configuration(config):
    """A QuantizationConfig as JSON."""
    if config is None:
        return None
    bias = config.bias
    return {
        "label": config.label, "input": specification(config.input_activation),
        "output": specification(config.output_activation), "weight": specification(config.weight),
        "bias": f"<function {bias.__name__}>" if callable(bias) else specification(bias),
    }
