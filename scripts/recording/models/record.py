"""One recipe to one folder: the model, its integers, the truth, and the mend really lowered again. And a program of two delegates."""
import json
import pathlib
import tempfile

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import emulate
import lowering  # finds oracles
import oracles
import truth
from executorch.backends.arm.quantizer import TOSAQuantizer, get_symmetric_a16w8_quantization_config
from executorch.backends.arm.tosa import TosaSpecification
from executorch.backends.arm.tosa.compile_spec import TosaCompileSpec
from executorch.backends.arm.tosa.partitioner import TOSAPartitioner
from executorch.exir import to_edge_transform_and_lower
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

MEND_FLOOR = 2**-24


def lower_again(recipe, expected, epsilon, plant, module=None):
    """SQNR against float of the same module quantised without the planting, or with a finer scale floor; or of `module`."""
    quantised = lowering.Quantised(module or recipe.module, recipe.samples, epsilon=epsilon, plant=plant, per_channel=recipe.per_channel)
    lowered = lowering.Lowered(quantised)
    with tempfile.TemporaryDirectory() as work:
        outputs = lowering.write(pathlib.Path(work) / "mended", quantised, lowered, recipe.inputs)
    return truth.db(emulate.error([torch.as_tensor(o) for o in outputs], expected))


def mends(recipe, result, expected):
    """A planted fault: the planting removed. A natural one: another order of the operators, or a finer scale floor."""
    if result["verdict"] == "operator" and recipe.other:
        return [{"how": "another order", "sqnr_db": lower_again(recipe, expected, recipe.epsilon, [], recipe.other.eval())}]
    if result["verdict"] != "operator" or not (recipe.plant or recipe.epsilon > MEND_FLOOR):
        return []
    epsilon = recipe.epsilon if recipe.plant else MEND_FLOOR
    how = "planting removed" if recipe.plant else f"scale floor {MEND_FLOOR:g}"
    return [{"how": how, "sqnr_db": lower_again(recipe, expected, epsilon, [])}]


def write_floats(folder, kind, values, order):
    for k, source in enumerate(order):
        np.save(folder / f"{kind}_out{k}.npy", values[source].numpy())


def judge(quantised, recipe, folder, outputs, expected, order, scales):
    """The truth's part that PyTorch tells."""
    eager = lowering.as_list(quantised.graph, recipe.inputs)
    write_floats(folder, "float", expected, order)
    write_floats(folder, "eager", eager, order)
    judged = truth.Truth(quantised, recipe.inputs, folder / "model.tosa", lowering.intermediates(folder), outputs, expected, eager)
    codes = [np.load(folder / f"float_in{k}.npy").astype(np.float64) / scale for k, scale in enumerate(scales)]
    return truth.report(judged, codes)[0]


# Below this the graph is not what the quantised PyTorch graph computes. Seen once: ExecuTorch lowers neg without a RESCALE, whatever the
# scales of its input and output are.
LEAST_AGREEMENT = 40  # dB


def quantise(recipe):
    module = recipe.module.eval()
    quantised = lowering.Quantised(module, recipe.samples, epsilon=recipe.epsilon, plant=recipe.plant, per_channel=recipe.per_channel)
    return quantised, lowering.as_list(module, recipe.inputs)


def write_truth(folder, result):
    (folder / "truth.json").write_text(json.dumps(result, indent=1) + "\n")
    return result


def record(name, recipe, folder, seed, mend=True):
    quantised, expected = quantise(recipe)
    lowered = lowering.Lowered(quantised)
    if not lowered.whole:
        raise RuntimeError(f"{len(lowered.graphs)} delegates, outside: {' '.join(lowered.outside)}")
    outputs = lowering.write(folder, quantised, lowered, recipe.inputs)
    result = judge(quantised, recipe, folder, outputs, expected, lowered.output_order, lowered.input_scales)
    if result["sqnr_db"]["emulation_vs_tosa"] < LEAST_AGREEMENT:
        raise RuntimeError(f"the emulation is {result['sqnr_db']['emulation_vs_tosa']} dB from the graph: there is no truth")
    known = {"planted": quantised.planted, "epsilon": recipe.epsilon, "input_scales": lowered.input_scales,
             "output_scales": lowered.output_scales, "output_order": lowered.output_order, "note": recipe.note,
             "mended": mends(recipe, result, [o.double() for o in expected]) if mend else []}
    return write_truth(folder, {"model": name, "seed": seed} | result | known)


def judge_again(name, recipe, folder, seed):
    """The same model's truth anew, by the rules of truth.py as they are now; nothing is lowered."""
    quantised, expected = quantise(recipe)
    before = json.loads((folder / "truth.json").read_text())
    order = before.get("output_order", list(range(len(expected))))
    saved = [np.load(folder / f"float_out{k}.npy") for k in range(len(expected))]
    if not all(np.array_equal(s, expected[k].numpy()) for s, k in zip(saved, order, strict=True)):
        raise RuntimeError("the recipe makes another model now: record it again")
    outputs = lowering.real_outputs(folder, before["output_scales"], order)
    result = judge(quantised, recipe, folder, outputs, expected, order, before["input_scales"])
    kept = {key: before[key] for key in ("planted", "epsilon", "input_scales", "output_scales", "note", "mended")} | {"output_order": order}
    return write_truth(folder, {"model": name, "seed": seed} | result | kept)


class TwoDelegates(nn.Module):
    """A quiet channel norm (its rsqrt meets one segment of its table), a grouped transposed convolution, a convolution."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(11)
        self.middle, self.last = nn.ConvTranspose2d(4, 4, 2, groups=2), nn.Conv2d(4, 3, 2)

    def forward(self, x):
        y = x - x.mean((2, 3), keepdim=True)
        y = y * torch.rsqrt((y * y).mean((2, 3), keepdim=True) + 1e-3)
        return F.relu(self.last(self.middle(y)))


class WithReference(torch.fx.Interpreter):
    """Runs the lowered program with tosa_reference_model in the delegates' place. `graphs`: their files, in order."""

    def __init__(self, module, graphs):
        super().__init__(module)
        self.graphs = iter(graphs)

    def call_function(self, target, args, kwargs):
        if "executorch_call_delegate" not in str(target):
            return super().call_function(target, args, kwargs)
        graph = next(self.graphs)
        names = oracles.block_names(graph)
        with tempfile.TemporaryDirectory() as work:
            files = [[pathlib.Path(work) / f"{kind}{k}.npy" for k in range(len(part))] for kind, part in zip(("in", "out"), names)]
            for file, value in zip(files[0], args[1:], strict=True):
                np.save(file, value.numpy())
            status = oracles.reference(graph, files[0], files[1], names)
            if status[0] != "ok":
                raise RuntimeError(f"tosa_reference_model: {status}")
            return [torch.as_tensor(np.load(file)) for file in files[1]]


def record_program(folder):
    """A program of two delegates that hold TOSA graphs, with an operator on the CPU between them: the first has a fault."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model = TwoDelegates().eval()
    x = (0.01 * torch.randn(1, 4, 6, 5),)
    spec = TosaCompileSpec(TosaSpecification.create_from_string("TOSA-1.0+INT+int16"))
    quantizer = TOSAQuantizer(spec).set_global(get_symmetric_a16w8_quantization_config(epsilon=2**-12))
    with torch.no_grad():
        prepared = prepare_pt2e(torch.export.export(model, x, strict=False).module(), quantizer)
        prepared(*x)
        converted = convert_pt2e(prepared)
        with tempfile.TemporaryDirectory() as work:
            spec.dump_intermediate_artifacts_to(work)
            edge = to_edge_transform_and_lower(torch.export.export(converted, x, strict=False), partitioner=[TOSAPartitioner(spec)])
            graphs = sorted(pathlib.Path(work).glob("output*.tosa"), key=lambda path: path.stat().st_mtime_ns)
            result = WithReference(edge.exported_program().module(), graphs).run(*x)
        np.save(folder / "out0.npy", (result[0] if isinstance(result, (tuple, list)) else result).numpy())
        np.save(folder / "float_out0.npy", model(*x).numpy())
    (folder / "program.pte").write_bytes(edge.to_executorch().buffer)
    np.save(folder / "in0.npy", x[0].numpy())
    (folder / "in0.bin").write_bytes(x[0].numpy().tobytes())
