"""A PyTorch module to a TOSA graph by ExecuTorch's Arm backend, a16w8, and that graph's integers by tosa_reference_model."""
import contextlib
import copy
import os
import pathlib
import re
import shutil
import sys
import tempfile
import types
import warnings

import numpy as np
import torch

warnings.filterwarnings("ignore")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests" / "conformance"))

import executorch.backends.arm.ethosu.backend as ethosu_backend
from executorch.backends.arm.arm_vela import VelaCompileResult
from executorch.backends.arm.ethosu import EthosUCompileSpec, EthosUPartitioner
from executorch.backends.arm.quantizer import EthosUQuantizer, get_symmetric_a16w8_quantization_config
from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

import oracles
from tosa import Op, TosaGraph

# Every node that a pass makes gets a deep copy of its history for debuggers: a quarter of the time, and no part of the graph.
torch.fx.traceback.copy = types.SimpleNamespace(deepcopy=lambda value, *_: value, copy=copy.copy)

ACCELERATORS = {"u55": "ethos-u55-128", "u85": "ethos-u85-256"}
vela_compile = ethosu_backend.vela_compile


@contextlib.contextmanager
def without_vela():
    """The delegate holds an empty stream inside: the TOSA graph is all that is wanted."""
    ethosu_backend.vela_compile = lambda *args, **kwargs: VelaCompileResult(b"", [])
    try:
        yield
    finally:
        ethosu_backend.vela_compile = vela_compile


class Quantised:
    """A module after PT2E quantisation: `graph` as it is lowered; `open` with weights and constants still in float
    before their quantisers, for truth.py."""

    def __init__(self, module, samples, target="u85", epsilon=2**-16, plant=(), per_channel=True):
        self.spec = EthosUCompileSpec(ACCELERATORS[target])
        config = get_symmetric_a16w8_quantization_config(is_per_channel=per_channel, epsilon=epsilon)
        quantizer = EthosUQuantizer(self.spec)
        quantizer.set_global(config)
        quantizer.set_io(config)
        with torch.no_grad():
            prepared = prepare_pt2e(torch.export.export(module, samples[0], strict=False).module(), quantizer)
            for sample in samples:
                prepared(*sample)
            self.planted = [plant_scale(prepared, name, factor) for name, factor in plant]
            self.open = convert_pt2e(copy.deepcopy(prepared), fold_quantize=False)
            self.graph = convert_pt2e(prepared)
        self.samples = samples


def plant_scale(prepared, name, factor):
    """Makes the observer behind node `name` choose `factor` times its scale: what a bad calibration does."""
    for node in prepared.graph.nodes:
        if node.op == "call_module" and node.args and node.args[0].name == name:
            observer = prepared.get_submodule(node.target)
            scale, zero = observer.calculate_qparams()
            observer.calculate_qparams = FixedScale(scale * factor, zero)
            return [name, factor]
    names = [n.args[0].name for n in prepared.graph.nodes if n.op == "call_module" and n.args]
    raise ValueError(f"no observer behind {name}; there are {' '.join(names)}")


class FixedScale:
    def __init__(self, scale, zero):
        self.answer = scale, zero

    def __call__(self):
        return self.answer


class Lowered:
    """The TOSA graph (bytes), the scales of the program's inputs and outputs, and the program if Vela ran."""

    def __init__(self, quantised, vela=False):
        spec = copy.deepcopy(quantised.spec)
        with tempfile.TemporaryDirectory() as work, quiet(), contextlib.ExitStack() as stack:
            if not vela:
                stack.enter_context(without_vela())
            spec.dump_intermediate_artifacts_to(work)
            edge = to_edge_transform_and_lower(
                torch.export.export(quantised.graph, quantised.samples[0], strict=False), partitioner=[EthosUPartitioner(spec)],
                compile_config=EdgeCompileConfig(_check_ir_validity=False))
            program = edge.exported_program()
            self.graphs = [path.read_bytes() for path in sorted(pathlib.Path(work).glob("output*.tosa"))]
            nodes = [n for n in program.graph.nodes if n.op == "call_function"]
            inside = ("quantized_decomposed", "getitem", "delegate")
            self.outside = [str(n.target) for n in nodes if not any(part in str(n.target) for part in inside)]
            self.whole = len(self.graphs) == 1 and not self.outside
            if self.whole:
                self.find_interface(program.graph)
            self.pte = edge.to_executorch().buffer if vela else None

    def find_interface(self, graph):
        """The scales of the delegate's inputs in its own order, and which of the program's they are; those of the program's outputs."""
        places = [n for n in graph.nodes if n.op == "placeholder"]
        call = next(n for n in graph.nodes if "executorch_call_delegate" in str(n.target))
        results = graph.find_nodes(op="output")[0].args[0]
        self.input_scales = [n.args[1] for n in call.args[1:]]
        self.input_order = [places.index(n.args[0]) for n in call.args[1:]]
        self.output_scales = [n.args[1] for n in results]


@contextlib.contextmanager
def quiet():
    """Vela and the backend print while they work: to a file that is thrown away."""
    with tempfile.NamedTemporaryFile() as log, oracles.quiet(log.name):
        yield


def codes(value, scale):
    return np.clip(np.rint(value.numpy().astype(np.float32) / np.float32(scale)), -32767, 32767).astype(np.int16)


def write(folder, quantised, lowered, inputs):
    """model.tosa, float_in<k>, in<k> and out<k> (tosa_reference_model's) into `folder`, in the graph's order, which is not always the
    program's: sets lowered.output_order, and sorts output_scales by it. Returns the outputs as floats in the program's order."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "model.tosa").write_bytes(lowered.graphs[0])
    if lowered.pte is not None:
        (folder / "program.pte").write_bytes(lowered.pte)
    names = oracles.block_names(folder / "model.tosa")
    for k, (source, scale) in enumerate(zip(lowered.input_order, lowered.input_scales, strict=True)):
        np.save(folder / f"float_in{k}.npy", inputs[source].numpy())
        np.save(folder / f"in{k}.npy", codes(inputs[source], scale))
    files = [folder / f"in{k}.npy" for k in range(len(inputs))], [folder / f"out{k}.npy" for k in range(len(names[1]))]
    status = oracles.reference((folder / "model.tosa").absolute(), [f.absolute() for f in files[0]], [f.absolute() for f in files[1]], names)
    if status[0] != "ok":
        raise RuntimeError(f"tosa_reference_model: {status}")
    results = [np.load(file).astype(np.float64) for file in files[1]]
    lowered.output_order = match(results, lowered.output_scales, as_list(quantised.graph, inputs))
    lowered.output_scales = [lowered.output_scales[k] for k in lowered.output_order]
    return real_outputs(folder, lowered.output_scales, lowered.output_order)


def as_list(module, inputs):
    with torch.no_grad():
        result = module(*inputs)
    return list(result) if isinstance(result, (tuple, list)) else [result]


def match(results, scales, eager):
    """Which of the program's outputs each of the graph's is: the one whose values PyTorch's quantised model gives too."""
    order = []
    for result in results:
        distance = {k: float(np.sum((result.ravel() * scales[k] - e.numpy().ravel()) ** 2)) for k, e in enumerate(eager)
                    if k not in order and e.numel() == result.size}
        order.append(min(distance, key=distance.get))
    return order


def real_outputs(folder, scales, order):
    """out<k>.npy in real values, in the program's order."""
    results = [np.load(folder / f"out{k}.npy").astype(np.float64) * scale for k, scale in enumerate(scales)]
    return [results[order.index(k)] for k in range(len(order))]


def intermediates(folder):
    """Every tensor of the graph with its integers, from tosa_reference_model's dump: {name: (type, array)}."""
    folder = folder.absolute()
    names = oracles.block_names(folder / "model.tosa")
    inputs = sorted(folder.glob("in*.npy"))
    with tempfile.TemporaryDirectory() as work:
        outputs = ",".join(f"{work}/{k}.npy" for k in range(len(names[1])))
        command = [oracles.REFERENCE_MODEL, "--operator_fbs", oracles.SCHEMA, "--tosa_file", folder / "model.tosa", "--flatbuffer_dir",
                   "/", "--output_dir", "/", "--ifm_name", ",".join(names[0]), "--ifm_file", ",".join(map(str, inputs)),
                   "--ofm_name", ",".join(names[1]), "--ofm_file", outputs, "--dump_intermediates", "1"]
        text = os.popen(" ".join(f"'{part}'" for part in command) + " 2>&1").read()
    found = {}
    pattern = re.compile(r"^Name: (\S+) DType=(\w+) isValid=1 Rank=\d+ Shape=\[([^\]]*)\]\s*\n(\[.*?)(?=^\S*[A-Za-z])", re.S | re.M)
    for name, kind, shape, body in pattern.findall(text):
        shape = [int(s) for s in shape.split(",") if s.strip()]
        values = np.array(body.replace("[", " ").replace("]", " ").split(), dtype=np.float64)
        if values.size == int(np.prod(shape)):
            found[name] = kind, values.reshape(shape)
    return found


NAMES = {value: name for name, value in vars(Op.Op).items() if isinstance(value, int)}
MOVES = {"RESHAPE", "TRANSPOSE", "SLICE", "CONCAT", "PAD", "TILE", "IDENTITY", "REVERSE", "GATHER", "REDUCE_MAX", "REDUCE_MIN", "MAX_POOL2D",
         "CLAMP"}
NOT_KINDS = MOVES | {"RESCALE", "CONST", "CONST_SHAPE"}


class Names:
    """Which tensor of the TOSA graph holds what a quantiser of the PyTorch graph gave: told by the values, for names are not kept.
    `values`: intermediates()."""

    def __init__(self, path, values):
        block = TosaGraph.TosaGraph.GetRootAs(path.read_bytes(), 0).Regions(0).Blocks(0)
        self.values, self.producer, self.order, constant = values, {}, [], set()
        for k in range(block.OperatorsLength()):
            op = block.Operators(k)
            inputs = [op.Inputs(i).decode() for i in range(op.InputsLength())]
            kind = NAMES[op.Op()]
            for i in range(op.OutputsLength()):
                name = op.Outputs(i).decode()
                self.producer[name] = kind, inputs
                self.order.append(name)
                if all(n in constant for n in inputs):
                    constant.add(name)
        self.codes = {n: np.sort(values[n][1].ravel()) for n in self.order
                      if n not in constant and n in values and values[n][0] == "INT16"}
        self.constant = constant

    def stage_of(self, codes):
        """(stored tensor, distance in steps) of the stage whose values are nearest to `codes`, or None if none is near."""
        wanted = np.sort(np.asarray(codes, np.float64).ravel())
        size = np.sqrt(np.mean(wanted**2))
        found = []
        for name in self.order:
            have = self.codes.get(name)
            if have is not None and have.size == wanted.size:
                distance = np.mean(np.abs(have - wanted))
                if distance <= max(2.0, 0.03 * size):
                    found.append((distance, name))
        if not found:
            return None
        least = min(found)[0]
        name = next(n for d, n in found if d <= 1.05 * least + 0.02)
        stored = self.stored(name)
        return (stored, least) if stored else None

    def stored(self, name):
        """Back over data movement to the RESCALE (or pooling) that stores the values."""
        while name in self.producer:
            kind, inputs = self.producer[name]
            if kind not in MOVES:
                return name
            live = [n for n in inputs if n not in self.constant]
            if kind == "CONCAT" or len(live) != 1:
                return None
            name = live[0]
        return None

    def kind(self, name):
        """The last operator of the stage that computes, and the table's constant if it is one."""
        pending, first = [name], True
        moved = None
        while pending:
            kind, inputs = self.producer.get(name := pending.pop(0), (None, []))
            if kind is None or name in self.constant:
                continue
            if kind not in NOT_KINDS:
                return kind, inputs[1] if kind == "TABLE" else None
            if not first and name in self.codes and kind == "RESCALE":
                continue
            if kind in ("REDUCE_MAX", "REDUCE_MIN", "MAX_POOL2D"):
                moved = moved or kind
            first = False
            pending += inputs[:2] if kind == "CONCAT" else inputs[:1]
        return moved or "RESCALE", None
