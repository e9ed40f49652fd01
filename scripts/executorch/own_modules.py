"""Modules of one's own through ExecuTorch's pipelines, a16w8, for Ethos-U55 and U85: scripts/record-executorch --module.

$NPUSCOPE_MODULES names Python files; each defines cases(), which yields (name, module, inputs), the inputs a tuple of tensors, and
where it wants a dict of the pipeline's keywords (epsilon, per_channel_quantization). Without it: the modules below, of operators
and forms of them that ExecuTorch's own a16w8 tests leave out; scripts/record-lowered takes the small ones.
"""

import importlib.util
import os
import pathlib
import sys

import pytest
import torch
from executorch.backends.arm.test.tester.test_pipeline import EthosU55PipelineINT, EthosU85PipelineINT
from torch import nn
from torch.nn import functional

PER_TENSOR = {"per_channel_quantization": False}


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *operands):
        return self.function(*operands)


class Picked(nn.Module):
    """What `pick` takes of a module's results."""

    def __init__(self, module, pick):
        super().__init__()
        self.module, self.pick = module, pick

    def forward(self, *operands):
        return self.pick(self.module(*operands))


def functions(normal, uniform):
    attention = functional.scaled_dot_product_attention
    heads = lambda: (normal(1, 2, 4, 8), normal(1, 2, 4, 8), normal(1, 2, 4, 8))
    six = lambda: normal(2, 3, 2, 3, 2, 3)
    quotient = lambda: (normal(3, 5) * 5, uniform(3, 5) + 1)
    yield "slice_step", lambda x: x[:, 1:-1:2] * 2, (normal(3, 8),)
    yield "slice_step_alone", lambda x: x[:, :, ::2], (normal(2, 3, 9),)
    yield "split_sizes", lambda x: torch.cat([a * 2 for a in x.split([1, 3, 2], 1)], 1), (normal(3, 6),)
    yield "unbind", lambda x: sum(x.unbind(1)), (normal(3, 4, 5),)
    yield "squeeze", lambda x: x.squeeze() * 2, (normal(1, 3, 1, 5),)
    yield "squeeze_dims", lambda x: x.squeeze((0, 2)).unsqueeze(1) * 2, (normal(1, 3, 1, 5),)
    yield "pad_circular", lambda x: functional.pad(x, (1, 2, 2, 1), mode="circular") * 2, (normal(1, 2, 4, 5),)
    yield "pad_value", lambda x: functional.pad(x, (1, 2, 0, 1), value=0.7), (normal(1, 2, 3),)
    yield "sum_rank6", lambda x: x.sum((1, 3, 5)), (six(),)
    yield "mean_rank6", lambda x: x.mean((0, 3, -1), keepdim=True), (six(),)
    yield "var_rank6", lambda x: x.var((1, 4)), (six(),)
    yield "amax_rank6", lambda x: x.amax((1, 4)), (six(),)
    yield "amin_rank6", lambda x: x.amin((0, 5), keepdim=True), (six(),)
    yield "max_dim", lambda x: x.max(dim=1)[0] * 2, (normal(3, 5),)
    yield "any_dims", lambda x: torch.any(x > 0.3, dim=(0, 2), keepdim=True), (normal(3, 5, 2),)
    yield "any_all", lambda x: (x > 0.3).any(), (normal(3, 5),)
    yield "floor_divide", torch.floor_divide, quotient()
    yield "div_trunc", lambda x, y: torch.div(x, y, rounding_mode="trunc"), quotient()
    yield "remainder_tensor", torch.remainder, quotient()
    yield "remainder", lambda x: torch.remainder(x, 2.0), (normal(3, 5) * 5,)
    yield "sign", torch.sign, (normal(3, 5),)
    yield "erfinv", torch.erfinv, (uniform(3, 5) * 1.6 - 0.8,)
    yield "ne", lambda x, y: x != y, (normal(3, 5).round(), normal(3, 5).round())
    yield "where_not", lambda x, y: torch.where(torch.logical_not(x < y), x, y), (normal(3, 5), normal(3, 5))
    yield "masked_fill", lambda x: x.masked_fill(x > 0, 0.0) * 2, (normal(3, 5),)
    yield "rsub", lambda x: 1 - x, (normal(3, 5),)
    yield "sub_alpha", lambda x, y: torch.sub(x, y, alpha=2), (normal(3, 5), normal(5))
    yield "sdpa_mask", lambda q, k, v, m: attention(q, k, v, attn_mask=m), (*heads(), normal(1, 1, 4, 4))
    yield "sdpa_causal", lambda q, k, v: attention(q, k, v, is_causal=True), heads()
    yield "sdpa_groups", lambda q, k, v: attention(q, k, v, enable_gqa=True), (
        normal(1, 4, 4, 8), normal(1, 2, 4, 8), normal(1, 2, 4, 8))


def modules(normal):
    image = lambda *shape: (normal(*shape).to(memory_format=torch.channels_last),)
    yield "conv2d_same", nn.Conv2d(2, 3, (3, 5), padding="same"), (normal(1, 2, 5, 5),)
    yield "conv3d_same", nn.Conv3d(2, 3, 3, padding="same"), (normal(1, 2, 4, 4, 4),)
    yield "conv1d_circular", nn.Conv1d(2, 3, 3, padding=2, padding_mode="circular"), (normal(1, 2, 7),)
    yield "conv1d_groups", nn.Conv1d(4, 6, 3, groups=2, stride=2, padding=1), (normal(1, 4, 9),)
    yield "conv3d_groups", nn.Conv3d(4, 6, 2, stride=2, padding=1, groups=2, bias=False), (normal(1, 4, 4, 4, 4),)
    yield "conv_transpose2d", nn.ConvTranspose2d(2, 3, 3, 2, 1, output_padding=1), (normal(1, 2, 4, 4),)
    yield "conv_transpose2d_groups", nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (normal(1, 4, 5, 5),), PER_TENSOR
    yield "conv2d_channels_last", nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.AvgPool2d(2)), image(1, 2, 6, 6)
    yield "linear_batch_norm", nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4)), (normal(3, 5),)
    yield "batch_norm2d", nn.BatchNorm2d(3), (normal(1, 3, 4, 4),)
    yield "group_norm", nn.GroupNorm(2, 4), (normal(1, 4, 3, 3),)
    yield "in_place", nn.Sequential(nn.Linear(5, 4), nn.LeakyReLU(0.1, inplace=True), nn.SiLU(inplace=True)), (normal(3, 5),)
    yield "flatten", nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, 4)), (normal(1, 2, 4, 4),)
    yield "gru", Picked(nn.GRU(4, 4, bidirectional=True), lambda r: (r[0], r[1])), (normal(3, 2, 4),)
    yield "lstm", Picked(nn.LSTM(4, 4), lambda r: (r[0], r[1][0], r[1][1])), (normal(3, 1, 4),)
    yield "rnn", Picked(nn.RNN(4, 4), lambda r: r[0]), (normal(3, 1, 4),)
    yield "encoder_layer", nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (normal(1, 4, 8),)
    yield "max_pool_dilation", nn.MaxPool2d((3, 2), stride=1, padding=(1, 0), dilation=2), (normal(1, 2, 7, 6),)
    yield "unfold_copy", Function(lambda x: torch.unfold_copy(x, 1, 3, 2)), (normal(2, 9, 3),)
    yield "celu", nn.CELU(0.5), (normal(3, 5),)
    yield "selu", nn.SELU(), (normal(3, 5),)


def own():
    for name, function, inputs in functions(torch.randn, torch.rand):
        yield name, Function(function), inputs, {"epsilon": 2**-16}
    for name, module, inputs, *keywords in modules(torch.randn):
        yield name, module, inputs, {"epsilon": 2**-16, **dict(*keywords)}


def read(path):
    loader = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(loader)
    sys.modules[path.stem] = module  # a step of the pipeline looks up the classes by their module's name
    loader.loader.exec_module(module)
    return module.cases


def cases():
    paths = [pathlib.Path(path) for path in os.environ.get("NPUSCOPE_MODULES", "").split(os.pathsep) if path]
    for stem, make in [(path.stem, read(path)) for path in paths] or [("own", own)]:
        torch.manual_seed(0)
        for name, model, inputs, *keywords in make():
            yield pytest.param(model, inputs, dict(*keywords), id=f"{stem}_{name}")


@pytest.mark.parametrize("pipeline", [pytest.param(EthosU55PipelineINT, id="u55"), pytest.param(EthosU85PipelineINT, id="u85")])
@pytest.mark.parametrize("model, inputs, keywords", cases())
def test_own(pipeline, model, inputs, keywords):
    run = pipeline(model.eval(), inputs, [], [], a16w8_quantization=True, **keywords)
    run.pop_stage("check_count.exir")  # a module may be split, or kept off the NPU in part
    run.pop_stage("check_not.quant_nodes")
    run.run()
