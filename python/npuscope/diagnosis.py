"""The precision half of `npuscope diagnose`, on numpy arrays."""
import numpy as np

from .library import ffi, lib, new_arena, new_error, raise_for
from .model import document


def _read_graph(data: bytes):
    out, error = ffi.new("ns_graph **"), new_error()
    raise_for(lib.ns_graph_read(data, len(data), out, error), error)
    graph = ffi.gc(out[0], lib.ns_graph_free)
    raise_for(lib.ns_graph_validate(graph, error), error)
    return graph


def _tensors(block, arrays, kept):
    """ns_tensor for each input: type and shape as declared, all samples behind the address."""
    tensors = ffi.new("ns_tensor[]", max(len(arrays), 1))
    for i, array in enumerate(arrays):
        tensors[i] = block.tensors[block.inputs[i]].tensor
        kept.append(ffi.from_buffer(array))
        tensors[i].data = kept[-1]
    kept.append(tensors)  # a struct that points to them does not keep them
    return tensors


def _pointers(references, count, kept):
    """One array of doubles for each output."""
    if len(references) != count:
        raise TypeError(f"the graph has {count} outputs, {len(references)} references were given")
    for reference in references:
        kept.append(ffi.from_buffer("double[]", np.ascontiguousarray(reference, np.float64)))
    return ffi.new("double *[]", kept[-count:])


def diagnose(model, arrays, samples, references, threads) -> dict:
    """The document npuscope/diagnose/1 (docs/diagnose.schema.json) of the precision half."""
    graph = _read_graph(model.source)
    block = graph.regions[0].blocks[0]
    arena, error, kept = new_arena(), new_error(), []
    options = ffi.new("ns_diagnose_options *", {
        "inputs": _tensors(block, arrays, kept), "input_count": len(arrays), "samples": samples,
        "cpu_mask": lib.ns_cpu_detect(), "threads": threads})
    if references is not None:
        kept.append(_pointers(references, block.output_count, kept))
        kept.append(ffi.new("double[]", block.output_count))  # 0: not known
        options.references, options.reference_scales = kept[-2:]
    precision = ffi.new("ns_diagnose_precision *")
    raise_for(lib.ns_diagnose_precision_run(graph, options, arena, precision, error), error)
    name = ffi.new("char[]", b"model")
    result = ffi.new("ns_diagnose_result *", {"model": name, "region": graph.regions[0].name, "precision": precision})
    return document(lib.ns_report_diagnosis_json, result, arena)
