"""The models that diagnose was tuned with: natural and planted faults, and healthy ones. Recipe: module, samples (the first is the
model's input, all calibrate), how it is quantised, a note."""
import torch
import torch.nn.functional as F

import nets

R = torch.randn
FINE, DEFAULT = 2**-16, 2**-12  # the least scale: what Arm's tests set, and what a16w8 configurations have by default


class Recipe:
    """`other`: the same model with its operators in another order, and the same weights."""

    def __init__(self, module, shape, note, count=3, plant=(), epsilon=FINE, per_channel=True, inputs=None, samples=None, other=None):
        self.other = other
        self.module, self.note, self.plant, self.epsilon, self.per_channel = module, note, list(plant), epsilon, per_channel
        shapes = shape if isinstance(shape, list) else [shape]
        self.samples = samples or [tuple(R(*s) for s in shapes) for _ in range(count)]
        self.inputs = inputs if inputs is not None else self.samples[0]


def log_softmax(x):
    return torch.log_softmax(x, -1)


def scaled(net, factor, layer):
    """The weights of one layer times a factor."""
    with torch.no_grad():
        layer(net).weight.mul_(factor)
    return net


def last(net):
    return net.layers[-1]


RECIPES = {
    # natural: the tables of log, rsqrt, reciprocal, sqrt, pow meet few codes
    "log_softmax_sharp": lambda: Recipe(
        scaled(nets.Mlp([24, 40, 16], last=log_softmax), 8, last), (24, 24), "log over sharp probabilities"),
    "log_softmax_flat": lambda: Recipe(nets.Mlp([24, 40, 48], last=log_softmax), (16, 24), "log over flat probabilities"),
    "layernorm_quiet": lambda: Recipe(nets.FeedForward(24, 2, spread=0.02), (1, 12, 24), "layer norm of a quiet signal: rsqrt near 0"),
    "layernorm_default": lambda: Recipe(nets.FeedForward(96, 1), (1, 6, 96), "layer norm with the default scale floor", epsilon=DEFAULT),
    "layernorm_plain": lambda: Recipe(nets.FeedForward(32, 2, F.silu), (1, 12, 32), "layer norm and feed-forward"),
    "log_mel_floor": lambda: Recipe(nets.LogMel(64, 12, 1e-3), (1, 12, 64), "log mel bands"),
    "log_mel_quiet": lambda: Recipe(nets.LogMel(32, 8, 1e-2), (1, 12, 32), "log mel bands, high floor"),
    "stat_pool_small": lambda: Recipe(nets.StatPool(small=0.05), (2, 10, 40), "sqrt of small variances"),
    "stat_pool": lambda: Recipe(nets.StatPool(small=1.0), (2, 10, 40), "mean and deviation"),
    "normalise_small": lambda: Recipe(nets.Normalise(small=0.05), (16, 24), "rsqrt of small energies"),
    "weighted_small": lambda: Recipe(nets.Weighted(bias=-5.0), (4, 12, 16), "division by a small sum"),
    "compress": lambda: Recipe(nets.Compress(power=0.3, floor=1e-3), (16, 16), "x^0.3 near 0"),
    "group_norm_quiet": lambda: Recipe(scaled(nets.GroupNorm(), 0.03, lambda n: n.first), (1, 16, 24), "group norm of a quiet signal"),
    "attention_sharp": lambda: Recipe(nets.Attention(24, 2, 12, temperature=12.0), (1, 12, 24), "sharp softmax"),
    "attention_mask_1e4": lambda: Recipe(nets.Attention(16, 2, 10, mask=-1e4), (1, 10, 16), "mask of -1e4: the scores vanish"),
    "attention_filled": lambda: Recipe(nets.Attention(16, 2, 10, fill=-1e9), (1, 10, 16), "masked_fill of -1e9: the scores vanish"),
    "attention_mask_30": lambda: Recipe(nets.Attention(16, 2, 10, mask=-30.0), (1, 10, 16), "mask of -30"),
    # scale floor, cancellation, addends, constants, underflow
    "ffn_floor": lambda: Recipe(scaled(nets.Mlp([24, 48, 12], F.silu), 0.02, lambda n: n.layers[0]), (16, 24),
                                "small activations with the default scale floor", epsilon=DEFAULT),
    "gain_underflow": lambda: Recipe(nets.Gain(small=1e-3), (16, 20), "signal of 1e-3 with the fine floor"),
    "gain_default": lambda: Recipe(nets.Gain(small=0.03), (16, 20), "signal of 0.03 with the default floor", epsilon=DEFAULT),
    "product_underflow": lambda: Recipe(nets.Product(bias=-4.0), (16, 16), "product of three small factors"),
    "offset_cancels": lambda: Recipe(nets.Offset(offset=150.0), (16, 20), "offset of 150 taken off again"),
    "bias_clipped": lambda: Recipe(nets.Offset(offset=330.0), (16, 20), "offset of 330: biases leave int32"),
    "addends": lambda: Recipe(nets.Plus(large=400.0), (16, 20), "addends of very different scale"),
    "mean_default": lambda: Recipe(nets.MeanPool(gain=1.0), (2, 8, 700), "1/700 with the default scale floor", epsilon=DEFAULT),
    "layernorm_96": lambda: Recipe(nets.FeedForward(48, 1, torch.tanh), (1, 8, 48), "1/48 with the default floor", epsilon=DEFAULT),
    # planted calibration faults
    "conv_narrow": lambda: Recipe(nets.SqueezeExcite(8, 4), (1, 8, 10, 10), "first ReLU's range times 0.3", plant=[("relu", 0.3)]),
    "gru_narrow": lambda: Recipe(nets.GruStep(), [(1, 16), (1, 20)], "tanh's input range times 0.25", plant=[("add_2", 0.25)]),
    "sigmoid_narrow": lambda: Recipe(nets.Chain(torch.sigmoid, lambda x: x * x, torch.tanh), (1, 8, 20), "sigmoid's range times 0.6",
                                     plant=[("sigmoid", 0.6)]),
    "residual_wide_1": lambda: Recipe(nets.Residual(24, 4, F.gelu), (16, 24), "second sum's range times 500", plant=[("add_1", 500.0)]),
    "silu_wide": lambda: Recipe(nets.Mlp([20, 30, 30, 8], F.silu), (16, 20), "second SiLU's input range times 600", plant=[("linear_1", 600.0)]),
    "attention_wide": lambda: Recipe(nets.Attention(24, 2, 12), (1, 12, 24), "probabilities' range times 300", plant=[("mul_1", 300.0)]),
    "emg_wide": lambda: Recipe(nets.Emg(stride=3), (1, 8, 90), "range of the first pointwise convolution times 800",
                               plant=[("relu_1", 800.0)]),
    "branches_equal": lambda: Recipe(nets.Branches(), (16, 20), "both branches' ranges times 0.45", plant=[("linear_1", 0.45), ("linear_3", 0.45)]),
    "series_wide": lambda: Recipe(nets.Residual(20, 4, torch.tanh), (16, 20), "three sums in series times 300",
                                  plant=[("add", 300.0), ("add_1", 300.0), ("add_2", 300.0)]),
    "series_narrow": lambda: Recipe(nets.Mlp([20, 24, 24, 24, 8], torch.tanh), (16, 20), "two linears in series times 0.4",
                                    plant=[("linear_1", 0.4), ("linear_2", 0.4)]),
    # weights, input
    "weights_outlier": lambda: Recipe(nets.Transform(outlier=60.0), (16, 24), "one input column dominates the weights' scales",
                                      samples=[(torch.cat([0.02 * R(16, 1), R(16, 23)], 1),) for _ in range(3)]),
    "weights_tensor": lambda: Recipe(scaled(nets.Transform(outlier=25.0), 3, lambda n: n.b), (16, 24), "weights of one scale per tensor",
                                     per_channel=False, samples=[(torch.cat([0.05 * R(16, 1), R(16, 23)], 1),) for _ in range(3)]),
    "input_clipped": lambda: Recipe(nets.Mlp([24, 32, 10]), (16, 24), "input three times as large as in calibration", inputs=(3 * R(16, 24),)),
    # healthy
    "healthy_attention": lambda: Recipe(nets.Attention(24, 3, 12), (1, 12, 24), "attention"),
    "healthy_lstm": lambda: Recipe(nets.LstmStep(), [(1, 16), (1, 20), (1, 20)], "LSTM step"),
    "healthy_gru": lambda: Recipe(nets.GruStep(12, 16), [(2, 12), (2, 16)], "GRU step"),
    "healthy_emg": lambda: Recipe(nets.Emg(), (1, 8, 120), "depthwise separable convolutions, stride 5"),
    "healthy_conv": lambda: Recipe(nets.ConvNet(width=6), (1, 3, 16, 16), "convolutions, batch norm, pooling"),
    "healthy_residual": lambda: Recipe(nets.Residual(24, 3, F.silu), (16, 24), "residual MLP"),
    "healthy_relu": lambda: Recipe(nets.Mlp([24, 48, 48, 10], F.relu), (16, 24), "three linears with ReLU"),
    "healthy_squeeze": lambda: Recipe(nets.SqueezeExcite(10, 4), (1, 10, 8, 8), "squeeze-excite"),
    "healthy_chain": lambda: Recipe(nets.Chain(torch.sin, torch.sigmoid, torch.tanh), (1, 6, 30), "three tables in a chain"),
    "healthy_pool": lambda: Recipe(nets.Pool(), (1, 4, 12, 12), "average pooling"),
    "healthy_elu": lambda: Recipe(nets.Mlp([20, 30, 10], F.elu, torch.tanh), (16, 20), "ELU"),
}
