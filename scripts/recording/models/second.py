"""The models that diagnose is judged by: made like first.py's, of other networks, other faults and other seeds."""
import torch
import torch.nn.functional as F

import second_nets as nets
from first import DEFAULT, Recipe, scaled

R = torch.randn
same = lambda x: x


def outlier(net, layer, factor):
    with torch.no_grad():
        layer(net).weight[:, 1] *= factor
    return net


def quiet_column(count, width, factor):
    x = R(count, width)
    x[:, 1] *= factor
    return (x,)


RECIPES = {
    "rms_quiet": lambda: Recipe(nets.RmsBlock(quiet=0.03), (1, 10, 24), "RMS norm of a quiet signal"),
    "rms_default": lambda: Recipe(nets.RmsBlock(width=40, inner=24), (1, 8, 40), "RMS norm with the default floor", epsilon=DEFAULT),
    "rms_plain": lambda: Recipe(nets.RmsBlock(), (1, 10, 24), "RMS norm"),
    "squash_small": lambda: Recipe(nets.Squash(small=0.04), (16, 16), "squash of short vectors"),
    "squash": lambda: Recipe(nets.Squash(), (16, 16), "squash"),
    "log_energy_quiet": lambda: Recipe(nets.LogEnergy(loud=0.05, floor=1e-4), (16, 20), "log of a small energy"),
    "log_energy_varied": lambda: Recipe(nets.LogEnergy(), (16, 20), "log of energies over 40 dB",
                                        samples=[(R(16, 20) * torch.logspace(-2, 0.3, 16)[:, None],) for _ in range(3)]),
    "instance_quiet": lambda: Recipe(nets.InstanceNorm(small=0.02, floor=1e-4), (2, 8, 30), "instance norm of a quiet signal"),
    "instance": lambda: Recipe(nets.InstanceNorm(), (2, 8, 30), "instance norm"),
    "softsign_loud": lambda: Recipe(nets.SoftSign(loud=40.0), (16, 18), "division by large sums"),
    "radial_sharp": lambda: Recipe(nets.Radial(sharp=2.0), (24, 6), "exp of large negative distances"),
    "radial": lambda: Recipe(nets.Radial(sharp=0.1), (24, 6), "exp of distances"),
    "cross_sharp": lambda: Recipe(nets.CrossAttention(scale=10.0), [(1, 6, 20), (1, 9, 20)], "sharp cross attention"),
    "cross_mask": lambda: Recipe(nets.CrossAttention(add=torch.tensor([0.0] * 6 + [-1e5] * 3).reshape(1, 1, 9)), [(1, 6, 20), (1, 9, 20)],
                                 "padding mask of -1e5"),
    "experts_sharp": lambda: Recipe(nets.Experts(temperature=15.0), (16, 16), "sharp gate"),
    "latent_wide": lambda: Recipe(nets.Latent(shift=4.0), [(16, 16), (16, 8)], "exp with a large range"),
    # floors, cancellation, addends, constants, underflow
    "ladder_floor": lambda: Recipe(nets.Ladder(step=0.06), (16, 16), "signals that shrink"),
    "ladder_default": lambda: Recipe(nets.Ladder(step=0.2, depth=2), (16, 16), "signals that shrink, default floor", epsilon=DEFAULT),
    "tdnn_floor": lambda: Recipe(scaled(nets.Tdnn(), 0.01, lambda n: n.a), (1, 10, 60), "small activations, default floor", epsilon=DEFAULT),
    "detrend": lambda: Recipe(nets.Detrend(large=250.0), (1, 6, 40), "a large mean taken off"),
    "sum_ruled": lambda: Recipe(nets.Sum(ruler=600.0), (16, 16), "one channel rules the range"),
    "position_loud": lambda: Recipe(nets.Position(loud=900.0), (1, 10, 16), "a loud constant added"),
    "mean_long": lambda: Recipe(nets.Tdnn(10, 12, 5), (1, 10, 1010), "1/1004, default floor", epsilon=DEFAULT),
    "latent_default": lambda: Recipe(nets.Latent(shift=-5.0), [(16, 16), (16, 8)], "exp of negative numbers, default floor", epsilon=DEFAULT),
    # planted
    "inverted_narrow": lambda: Recipe(nets.Inverted(), (1, 8, 9, 9), "range of the expansion times 0.35", plant=[("relu", 0.35)]),
    "elman_narrow": lambda: Recipe(nets.Elman(), (8, 3, 10), "input range of the first tanh times 0.2", plant=[("linear", 0.2)]),
    "unet_narrow": lambda: Recipe(nets.Unet(), (1, 6, 32), "range of the last tanh times 0.5", plant=[("tanh", 0.5)]),
    "deep_wide": lambda: Recipe(nets.Deep([18, 30, 30, 9], [F.silu, F.silu, same]), (16, 18), "range of the second linear times 700",
                                plant=[("linear_1", 700.0)]),
    "cross_wide": lambda: Recipe(nets.CrossAttention(), [(1, 6, 20), (1, 9, 20)], "range of the mixture times 400", plant=[("bmm_1", 400.0)]),
    "experts_wide": lambda: Recipe(nets.Experts(), (16, 16), "range of one product times 350", plant=[("mul_3", 350.0)]),
    "average_narrow": lambda: Recipe(nets.Average(), (1, 3, 16, 16), "range of hardswish times 0.4", plant=[("hardswish", 0.4)]),
    "gates_equal": lambda: Recipe(nets.RmsBlock(residual=False), (1, 10, 24), "both factors' ranges times 0.4",
                                  plant=[("linear_1", 0.4), ("silu", 0.4)]),
    "deep_series": lambda: Recipe(nets.Deep([18, 24, 24, 24, 9], [torch.tanh, torch.tanh, torch.tanh, same]), (16, 18),
                                  "three linears in series times 400", plant=[("linear", 400.0), ("linear_1", 400.0), ("linear_2", 400.0)]),
    "deep_mixed": lambda: Recipe(nets.Deep([18, 24, 24, 9], [torch.tanh, F.gelu, same]), (16, 18), "one too wide, one too narrow",
                                 plant=[("linear", 600.0), ("gelu", 0.5)]),
    # weights, input
    "weights_columns": lambda: Recipe(outlier(nets.Deep([20, 24, 8], [torch.tanh, same]), lambda n: n.layers[0], 80.0), (16, 20),
                                      "a column of weights dominates", samples=[quiet_column(16, 20, 0.015) for _ in range(3)]),
    "input_loud": lambda: Recipe(nets.Deep([20, 24, 8], [F.silu, same]), (16, 20), "input of 2.5 times the calibration's size",
                                 inputs=(2.5 * R(16, 20),)),
    # healthy
    "healthy_cross": lambda: Recipe(nets.CrossAttention(), [(1, 6, 20), (1, 9, 20)], "cross attention"),
    "healthy_elman": lambda: Recipe(nets.Elman(), (8, 3, 10), "recurrent network"),
    "healthy_inverted": lambda: Recipe(nets.Inverted(function=F.hardswish), (1, 8, 8, 8), "inverted residual"),
    "healthy_tdnn": lambda: Recipe(nets.Tdnn(), (1, 10, 40), "dilated convolutions"),
    "healthy_unet": lambda: Recipe(nets.Unet(), (1, 6, 32), "skip connection"),
    "healthy_experts": lambda: Recipe(nets.Experts(), (16, 16), "mixture of experts"),
    "healthy_average": lambda: Recipe(nets.Average(), (1, 3, 16, 16), "hardswish and average pooling"),
    "healthy_position": lambda: Recipe(nets.Position(), (1, 10, 16), "positions, tanh form of gelu"),
    "healthy_softsign": lambda: Recipe(nets.SoftSign(), (16, 18), "x / (1 + |x|)"),
    "healthy_leaky": lambda: Recipe(nets.Deep([20, 32, 32, 6], [F.leaky_relu, F.hardswish, torch.sigmoid]), (16, 20), "leaky ReLU, hardswish, sigmoid"),
    "healthy_deep": lambda: Recipe(nets.Deep([16, 20, 20, 20, 20, 5], [F.relu, torch.tanh, F.gelu, F.relu, same]), (16, 16), "five layers"),
}
