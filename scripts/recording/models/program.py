"""A program of two delegates that hold TOSA graphs, with an operator on the CPU between them: the first has a fault."""
import pathlib
import tempfile

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import lowering  # finds oracles
import oracles
from executorch.backends.arm.quantizer import TOSAQuantizer, get_symmetric_a16w8_quantization_config
from executorch.backends.arm.tosa import TosaSpecification
from executorch.backends.arm.tosa.compile_spec import TosaCompileSpec
from executorch.backends.arm.tosa.partitioner import TOSAPartitioner
from executorch.exir import to_edge_transform_and_lower
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e


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


def record(folder):
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
