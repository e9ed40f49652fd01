"""The models that diagnose is judged by: made like first.py's, of other networks, other faults and other seeds."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from first import DEFAULT, Recipe, scaled


class RmsBlock(nn.Module):
    """Root-mean-square norm and a gated feed-forward module, as in recent language models."""

    def __init__(self, width=24, inner=32, floor=1e-5, quiet=1.0, residual=True):
        super().__init__()
        self.gain = nn.Parameter(1 + 0.1 * torch.randn(width))
        self.gate, self.up, self.down = nn.Linear(width, inner), nn.Linear(width, inner), nn.Linear(inner, width)
        self.floor, self.quiet, self.residual = floor, quiet, residual

    def forward(self, x):
        y = x * self.quiet if self.quiet != 1.0 else x
        y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + self.floor) * self.gain
        y = self.down(F.silu(self.gate(y)) * self.up(y))
        return x + y if self.residual else y


class CrossAttention(nn.Module):
    def __init__(self, width=20, scale=1.0, add=None):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.scale = scale / math.sqrt(width)
        self.register_buffer("add", add)

    def forward(self, x, memory):
        scores = torch.bmm(self.query(x), self.key(memory).permute(0, 2, 1)) * self.scale
        if self.add is not None:
            scores = scores + self.add
        return self.out(torch.bmm(torch.softmax(scores, -1), self.value(memory)))


class Elman(nn.Module):
    """Three steps of a plain recurrent network over the frames of its input."""

    def __init__(self, enter=10, width=16, classes=5):
        super().__init__()
        self.x, self.h, self.out = nn.Linear(enter, width), nn.Linear(width, width), nn.Linear(width, classes)

    def forward(self, x):
        h = torch.tanh(self.x(x[:, 0]))
        for k in range(1, 3):
            h = torch.tanh(self.x(x[:, k]) + self.h(h))
        return self.out(h)


class Inverted(nn.Module):
    """Expansion, depthwise, projection with residual (MobileNet)."""

    def __init__(self, channels=8, factor=3, function=F.relu):
        super().__init__()
        inner = channels * factor
        self.expand, self.depthwise = nn.Conv2d(channels, inner, 1), nn.Conv2d(inner, inner, 3, padding=1, groups=inner)
        self.project, self.function = nn.Conv2d(inner, channels, 1), function

    def forward(self, x):
        return x + self.project(self.function(self.depthwise(self.function(self.expand(x)))))


class Tdnn(nn.Module):
    """Dilated convolutions along time and an average."""

    def __init__(self, channels=10, width=14, classes=7):
        super().__init__()
        self.a, self.b = nn.Conv1d(channels, width, 3), nn.Conv1d(width, width, 3, dilation=2)
        self.out = nn.Linear(width, classes)

    def forward(self, x):
        return self.out(F.relu(self.b(F.relu(self.a(x)))).mean(2))


class Unet(nn.Module):
    """Down, up, and a concatenation of the skipped signal."""

    def __init__(self, channels=6, width=10):
        super().__init__()
        self.down, self.inner = nn.Conv1d(channels, width, 4, 2, 1), nn.Conv1d(width, 2 * channels, 3, padding=1)
        self.out = nn.Conv1d(2 * channels, 4, 3, padding=1)

    def forward(self, x):
        y = torch.tanh(self.inner(F.relu(self.down(x))))
        y = y.reshape(x.shape[0], -1, x.shape[2])
        return self.out(torch.cat([x, y], 1))


class Radial(nn.Module):
    """exp of minus a squared distance to centres."""

    def __init__(self, width=6, classes=8, sharp=1.0):
        super().__init__()
        self.centre, self.out, self.sharp = nn.Parameter(torch.randn(1, classes, width)), nn.Linear(classes, 5), sharp

    def forward(self, x):
        distance = (x[:, None] - self.centre).pow(2).sum(-1)
        return self.out(torch.exp(-self.sharp * distance))


class Experts(nn.Module):
    def __init__(self, width=16, experts=3, temperature=1.0):
        super().__init__()
        self.gate, self.temperature = nn.Linear(width, experts), temperature
        self.experts = nn.ModuleList(nn.Linear(width, width) for _ in range(experts))

    def forward(self, x):
        weights = torch.softmax(self.temperature * self.gate(x), -1)
        outputs = [F.silu(e(x)) * weights[:, k : k + 1] for k, e in enumerate(self.experts)]
        return sum(outputs[1:], outputs[0])


class Squash(nn.Module):
    """A capsule's squash: length to length^2 / (1 + length^2)."""

    def __init__(self, width=16, floor=1e-4, small=1.0):
        super().__init__()
        self.a, self.out, self.floor, self.small = nn.Linear(width, width), nn.Linear(width, 6), floor, small

    def forward(self, x):
        x = self.small * self.a(x)
        energy = (x * x).sum(-1, keepdim=True)
        return self.out(x * energy / (1 + energy) * torch.rsqrt(energy + self.floor))


class LogEnergy(nn.Module):
    """log of a frame's energy beside the frame's features."""

    def __init__(self, width=20, floor=1e-3, loud=1.0):
        super().__init__()
        self.a, self.out, self.floor, self.loud = nn.Linear(width, 12), nn.Linear(13, 6), floor, loud

    def forward(self, x):
        y = self.loud * x
        energy = torch.log((y * y).mean(-1, keepdim=True) + self.floor)
        return self.out(torch.cat([torch.tanh(self.a(x)), energy], -1))


class InstanceNorm(nn.Module):
    def __init__(self, channels=8, small=1.0, floor=1e-3):
        super().__init__()
        self.conv, self.out, self.small, self.floor = nn.Conv1d(channels, channels, 3, padding=1), nn.Conv1d(channels, 4, 1), small, floor

    def forward(self, x):
        x = self.small * self.conv(x)
        centred = x - x.mean(-1, keepdim=True)
        scale = torch.rsqrt((centred * centred).mean(-1, keepdim=True) + self.floor)
        return self.out(F.relu(centred * scale))


class Latent(nn.Module):
    """Mean and exp of half the log variance, with noise as a second input."""

    def __init__(self, width=16, latent=8, shift=0.0):
        super().__init__()
        self.mean, self.log, self.out, self.shift = nn.Linear(width, latent), nn.Linear(width, latent), nn.Linear(latent, width), shift

    def forward(self, x, noise):
        return self.out(self.mean(x) + torch.exp(0.5 * self.log(x) + self.shift) * noise)


class SoftSign(nn.Module):
    def __init__(self, width=18, loud=1.0):
        super().__init__()
        self.a, self.b, self.loud = nn.Linear(width, width), nn.Linear(width, 8), loud

    def forward(self, x):
        y = self.loud * self.a(x)
        return self.b(y / (1 + torch.abs(y)))


class Position(nn.Module):
    def __init__(self, width=16, frames=10, loud=1.0):
        super().__init__()
        self.a, self.b = nn.Linear(width, width), nn.Linear(width, width)
        angle = torch.outer(torch.arange(frames), 1 / 100 ** (torch.arange(width) / width))
        self.register_buffer("position", loud * torch.sin(angle)[None])

    def forward(self, x):
        return self.b(F.gelu(self.a(x) + self.position, approximate="tanh"))


class Detrend(nn.Module):
    """A slow large part is taken off a signal by an average; what is left is used."""

    def __init__(self, channels=6, length=40, large=200.0):
        super().__init__()
        self.a, self.out = nn.Conv1d(channels, channels, 3, padding=1), nn.Conv1d(channels, 4, 3, padding=1)
        with torch.no_grad():
            self.a.bias.add_(large)

    def forward(self, x):
        y = self.a(x)
        return self.out(torch.tanh(y - y.mean(-1, keepdim=True)))


class Ladder(nn.Module):
    """Scale down by layers and up again: every stage's signal gets smaller."""

    def __init__(self, width=16, step=0.05, depth=3):
        super().__init__()
        self.layers, self.step = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(depth)), step
        self.out = nn.Linear(width, 6)

    def forward(self, x):
        for layer in self.layers:
            x = self.step * layer(x)
        return torch.tanh(self.out(x * (4 / self.step) ** len(self.layers)))


class Sum(nn.Module):
    """A residual stream that one channel rules."""

    def __init__(self, width=16, ruler=300.0):
        super().__init__()
        self.a, self.b, self.ruler = nn.Linear(width, width), nn.Linear(width - 1, 8), ruler
        with torch.no_grad():
            self.a.weight[0] *= ruler

    def forward(self, x):
        y = x + self.a(x)
        return self.b(torch.tanh(y[:, 1:]))


class Average(nn.Module):
    def __init__(self, channels=3, width=8):
        super().__init__()
        self.a, self.out = nn.Conv2d(channels, width, 3, 2, 1), nn.Linear(width * 16, 6)

    def forward(self, x):
        x = F.avg_pool2d(F.hardswish(self.a(x)), 2)
        return self.out(x.reshape(x.shape[0], -1))


class Deep(nn.Module):
    def __init__(self, sizes, functions):
        super().__init__()
        self.layers, self.functions = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])), functions

    def forward(self, x):
        for layer, function in zip(self.layers, self.functions):
            x = function(layer(x))
        return x


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
    "rms_quiet": lambda: Recipe(RmsBlock(quiet=0.03), (1, 10, 24), "RMS norm of a quiet signal"),
    "rms_default": lambda: Recipe(RmsBlock(width=40, inner=24), (1, 8, 40), "RMS norm with the default floor", epsilon=DEFAULT),
    "rms_plain": lambda: Recipe(RmsBlock(), (1, 10, 24), "RMS norm"),
    "squash_small": lambda: Recipe(Squash(small=0.04), (16, 16), "squash of short vectors"),
    "squash": lambda: Recipe(Squash(), (16, 16), "squash"),
    "log_energy_quiet": lambda: Recipe(LogEnergy(loud=0.05, floor=1e-4), (16, 20), "log of a small energy"),
    "log_energy_varied": lambda: Recipe(LogEnergy(), (16, 20), "log of energies over 40 dB",
                                        samples=[(R(16, 20) * torch.logspace(-2, 0.3, 16)[:, None],) for _ in range(3)]),
    "instance_quiet": lambda: Recipe(InstanceNorm(small=0.02, floor=1e-4), (2, 8, 30), "instance norm of a quiet signal"),
    "instance": lambda: Recipe(InstanceNorm(), (2, 8, 30), "instance norm"),
    "softsign_loud": lambda: Recipe(SoftSign(loud=40.0), (16, 18), "division by large sums"),
    "radial_sharp": lambda: Recipe(Radial(sharp=2.0), (24, 6), "exp of large negative distances"),
    "radial": lambda: Recipe(Radial(sharp=0.1), (24, 6), "exp of distances"),
    "cross_sharp": lambda: Recipe(CrossAttention(scale=10.0), [(1, 6, 20), (1, 9, 20)], "sharp cross attention"),
    "cross_mask": lambda: Recipe(CrossAttention(add=torch.tensor([0.0] * 6 + [-1e5] * 3).reshape(1, 1, 9)), [(1, 6, 20), (1, 9, 20)],
                                 "padding mask of -1e5"),
    "experts_sharp": lambda: Recipe(Experts(temperature=15.0), (16, 16), "sharp gate"),
    "latent_wide": lambda: Recipe(Latent(shift=4.0), [(16, 16), (16, 8)], "exp with a large range"),
    # floors, cancellation, addends, constants, underflow
    "ladder_floor": lambda: Recipe(Ladder(step=0.06), (16, 16), "signals that shrink"),
    "ladder_default": lambda: Recipe(Ladder(step=0.2, depth=2), (16, 16), "signals that shrink, default floor", epsilon=DEFAULT),
    "tdnn_floor": lambda: Recipe(scaled(Tdnn(), 0.01, lambda n: n.a), (1, 10, 60), "small activations, default floor", epsilon=DEFAULT),
    "detrend": lambda: Recipe(Detrend(large=250.0), (1, 6, 40), "a large mean taken off"),
    "sum_ruled": lambda: Recipe(Sum(ruler=600.0), (16, 16), "one channel rules the range"),
    "position_loud": lambda: Recipe(Position(loud=900.0), (1, 10, 16), "a loud constant added"),
    "mean_long": lambda: Recipe(Tdnn(10, 12, 5), (1, 10, 1010), "1/1004, default floor", epsilon=DEFAULT),
    "latent_default": lambda: Recipe(Latent(shift=-5.0), [(16, 16), (16, 8)], "exp of negative numbers, default floor", epsilon=DEFAULT),
    # planted
    "inverted_narrow": lambda: Recipe(Inverted(), (1, 8, 9, 9), "range of the expansion times 0.35", plant=[("relu", 0.35)]),
    "elman_narrow": lambda: Recipe(Elman(), (8, 3, 10), "input range of the first tanh times 0.2", plant=[("linear", 0.2)]),
    "unet_narrow": lambda: Recipe(Unet(), (1, 6, 32), "range of the last tanh times 0.5", plant=[("tanh", 0.5)]),
    "deep_wide": lambda: Recipe(Deep([18, 30, 30, 9], [F.silu, F.silu, same]), (16, 18), "range of the second linear times 700",
                                plant=[("linear_1", 700.0)]),
    "cross_wide": lambda: Recipe(CrossAttention(), [(1, 6, 20), (1, 9, 20)], "range of the mixture times 400", plant=[("bmm_1", 400.0)]),
    "experts_wide": lambda: Recipe(Experts(), (16, 16), "range of one product times 350", plant=[("mul_3", 350.0)]),
    "average_narrow": lambda: Recipe(Average(), (1, 3, 16, 16), "range of hardswish times 0.4", plant=[("hardswish", 0.4)]),
    "gates_equal": lambda: Recipe(RmsBlock(residual=False), (1, 10, 24), "both factors' ranges times 0.4",
                                  plant=[("linear_1", 0.4), ("silu", 0.4)]),
    "deep_series": lambda: Recipe(Deep([18, 24, 24, 24, 9], [torch.tanh, torch.tanh, torch.tanh, same]), (16, 18),
                                  "three linears in series times 400", plant=[("linear", 400.0), ("linear_1", 400.0), ("linear_2", 400.0)]),
    "deep_mixed": lambda: Recipe(Deep([18, 24, 24, 9], [torch.tanh, F.gelu, same]), (16, 18), "one too wide, one too narrow",
                                 plant=[("linear", 600.0), ("gelu", 0.5)]),
    # weights, input
    "weights_columns": lambda: Recipe(outlier(Deep([20, 24, 8], [torch.tanh, same]), lambda n: n.layers[0], 80.0), (16, 20),
                                      "a column of weights dominates", samples=[quiet_column(16, 20, 0.015) for _ in range(3)]),
    "input_loud": lambda: Recipe(Deep([20, 24, 8], [F.silu, same]), (16, 20), "input of 2.5 times the calibration's size",
                                 inputs=(2.5 * R(16, 20),)),
    # healthy
    "healthy_cross": lambda: Recipe(CrossAttention(), [(1, 6, 20), (1, 9, 20)], "cross attention"),
    "healthy_elman": lambda: Recipe(Elman(), (8, 3, 10), "recurrent network"),
    "healthy_inverted": lambda: Recipe(Inverted(function=F.hardswish), (1, 8, 8, 8), "inverted residual"),
    "healthy_tdnn": lambda: Recipe(Tdnn(), (1, 10, 40), "dilated convolutions"),
    "healthy_unet": lambda: Recipe(Unet(), (1, 6, 32), "skip connection"),
    "healthy_experts": lambda: Recipe(Experts(), (16, 16), "mixture of experts"),
    "healthy_average": lambda: Recipe(Average(), (1, 3, 16, 16), "hardswish and average pooling"),
    "healthy_position": lambda: Recipe(Position(), (1, 10, 16), "positions, tanh form of gelu"),
    "healthy_softsign": lambda: Recipe(SoftSign(), (16, 18), "x / (1 + |x|)"),
    "healthy_leaky": lambda: Recipe(Deep([20, 32, 32, 6], [F.leaky_relu, F.hardswish, torch.sigmoid]), (16, 20), "leaky ReLU, hardswish, sigmoid"),
    "healthy_deep": lambda: Recipe(Deep([16, 20, 20, 20, 20, 5], [F.relu, torch.tanh, F.gelu, F.relu, same]), (16, 16), "five layers"),
}
