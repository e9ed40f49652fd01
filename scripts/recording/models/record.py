"""One recipe to one folder: the model, its integers, the truth, and the mend really lowered again."""
import json
import pathlib
import tempfile

import numpy as np
import torch

import emulate
import lowering
import truth

MEND_FLOOR = 2**-24


def lower_again(recipe, expected, epsilon, plant):
    """SQNR against float of the same module quantised without the planting, or with a finer scale floor."""
    quantised = lowering.Quantised(recipe.module, recipe.samples, epsilon=epsilon, plant=plant, per_channel=recipe.per_channel)
    lowered = lowering.Lowered(quantised)
    with tempfile.TemporaryDirectory() as work:
        outputs = lowering.write(pathlib.Path(work) / "mended", quantised, lowered, recipe.inputs)
    return truth.db(emulate.error([torch.as_tensor(o) for o in outputs], expected))


def mends(recipe, result, expected):
    """A planted fault: the planting removed. A natural one: a finer scale floor."""
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
