"""Ordinary models for the compile half: whole networks that ExecuTorch lowers, without planted faults."""
import torch

import nets

R = torch.randn


def conformer():
    return nets.ConformerBlock(), [R(1, 16, 32)]


MODELS = {
    "conformer": conformer,
    "layernorm_ffn": lambda: (nets.FeedForward(24), [R(1, 8, 24)]),
    "attention": lambda: (nets.Attention(24, 2, 12), [R(1, 12, 24)]),
    "attention_masked": lambda: (nets.Attention(16, 2, 8, mask=-20.0), [R(1, 8, 16)]),
    "lstm_step": lambda: (nets.LstmStep(), [R(1, 16), R(1, 20), R(1, 20)]),
    "gru_step": lambda: (nets.GruStep(), [R(1, 16), R(1, 20)]),
    "log_mel": lambda: (nets.LogMel(), [R(1, 10, 64)]),
    "squeeze_excite": lambda: (nets.SqueezeExcite(), [R(1, 12, 10, 10)]),
    "group_norm": lambda: (nets.GroupNorm(), [R(1, 16, 24)]),
    "linear": lambda: (nets.Linear(), [R(1, 32)]),
    "linear_batch": lambda: (nets.Linear(), [R(5, 32)]),
    "relu": lambda: (nets.Chain(torch.relu), [R(1, 6, 24)]),
    "linear_relu": lambda: (nets.LinearRelu(), [R(4, 32)]),
    "linear_reshape": lambda: (nets.LinearReshape(), [R(1, 6, 8)]),
    "tables_chain": lambda: (nets.Chain(torch.sigmoid, torch.tanh), [R(1, 6, 24)]),
    "emg": lambda: (nets.Emg(), [R(1, 8, 200)]),
    "residual": lambda: (nets.Residual(), [R(4, 24)]),
    "conv_net": lambda: (nets.ConvNet(), [R(1, 3, 16, 16)]),
    "log_softmax_head": lambda: (nets.Mlp([20, 32, 12], last=lambda x: torch.log_softmax(x, -1)), [R(8, 20)]),
}
