"""Small networks as people write them, with random weights: what the numbers mean does not matter to a quantiser."""
import math

import torch
import torch.nn.functional as F
from torch import nn


class Linear(nn.Module):
    def __init__(self, enter=32, leave=24):
        super().__init__()
        self.linear = nn.Linear(enter, leave)

    def forward(self, x):
        return self.linear(x)


class LinearRelu(nn.Module):
    def __init__(self, enter=32, leave=24):
        super().__init__()
        self.a, self.b = nn.Linear(enter, leave), nn.Linear(leave, leave)

    def forward(self, x):
        return self.b(F.relu(self.a(x)))


class LinearReshape(nn.Module):
    """A linear layer behind a reshape, as a classifier's head has it."""

    def __init__(self, channels=6, length=8, leave=10):
        super().__init__()
        self.linear = nn.Linear(channels * length, leave)

    def forward(self, x):
        return F.relu(self.linear(x.reshape(x.shape[0], -1)))


class Chain(nn.Module):
    """Elementwise functions one after the other, each of which becomes a table."""

    def __init__(self, *functions, gain=1.0):
        super().__init__()
        self.functions, self.gain = functions, gain

    def forward(self, x):
        for function in self.functions:
            x = function(x)
        return x if self.gain == 1.0 else self.gain * x


class Mlp(nn.Module):
    def __init__(self, sizes, function=F.gelu, last=None):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.function, self.last = function, last

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = self.function(layer(x))
        x = self.layers[-1](x)
        return self.last(x) if self.last else x


class FeedForward(nn.Module):
    """Layer norm, then a feed-forward module with a residual, as in a transformer."""

    def __init__(self, width=24, factor=3, function=F.gelu, spread=1.0):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, factor * width), nn.Linear(factor * width, width)
        self.function, self.spread = function, spread

    def forward(self, x):
        return x + self.down(self.function(self.up(self.norm(self.spread * x if self.spread != 1.0 else x))))


class Attention(nn.Module):
    """Multi-head self attention; `mask` is what is added to the scores of later frames, `fill` what takes their place, or None."""

    def __init__(self, width=24, heads=2, frames=12, mask=None, temperature=1.0, fill=None):
        super().__init__()
        self.heads, self.scale = heads, temperature / math.sqrt(width // heads)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        later = torch.triu(torch.ones(frames, frames), 1)
        self.register_buffer("mask", None if mask is None else mask * later[None])
        self.register_buffer("later", None if fill is None else later[None].bool())
        self.fill = fill

    def forward(self, x):
        _, frames, width = x.shape
        size = width // self.heads
        q, k, v = (f(x).reshape(frames, self.heads, size).permute(1, 0, 2) for f in (self.query, self.key, self.value))
        scores = torch.bmm(q, k.permute(0, 2, 1)) * self.scale
        if self.mask is not None:
            scores = scores + self.mask
        if self.fill is not None:
            scores = scores.masked_fill(self.later, self.fill)
        mixed = torch.bmm(torch.softmax(scores, dim=-1), v)
        return self.out(mixed.permute(1, 0, 2).reshape(1, frames, width))


class LstmStep(nn.Module):
    def __init__(self, enter=16, width=20):
        super().__init__()
        self.x, self.h = nn.Linear(enter, 4 * width), nn.Linear(width, 4 * width)

    def forward(self, x, h, c):
        i, f, g, o = (self.x(x) + self.h(h)).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class GruStep(nn.Module):
    def __init__(self, enter=16, width=20):
        super().__init__()
        self.x, self.h = nn.Linear(enter, 3 * width), nn.Linear(width, 3 * width)

    def forward(self, x, h):
        xr, xz, xn = self.x(x).chunk(3, dim=-1)
        hr, hz, hn = self.h(h).chunk(3, dim=-1)
        z = torch.sigmoid(xz + hz)
        n = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
        return n + z * (h - n)


class LogMel(nn.Module):
    """Windowed frames to log mel bands: a Fourier transform as two matrices, power, bands, log of the floored energy."""

    def __init__(self, size=64, bands=12, floor=1e-3):
        super().__init__()
        angle = 2 * math.pi * torch.outer(torch.arange(size // 2 + 1), torch.arange(size)) / size
        window = torch.hann_window(size)
        self.re, self.im = (nn.Linear(size, size // 2 + 1, bias=False) for _ in range(2))
        self.mel = nn.Linear(size // 2 + 1, bands, bias=False)
        centre = torch.linspace(1, size // 2 - 1, bands)[:, None]
        with torch.no_grad():
            self.re.weight.copy_(torch.cos(angle) * window / size)
            self.im.weight.copy_(torch.sin(angle) * window / size)
            self.mel.weight.copy_(torch.relu(1 - (torch.arange(size // 2 + 1) - centre).abs() / (size / 2 / bands)))
        self.floor = floor

    def forward(self, x):
        re, im = self.re(x), self.im(x)
        return torch.log(self.mel(re * re + im * im) + self.floor)


class SqueezeExcite(nn.Module):
    def __init__(self, channels=12, inner=4):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.squeeze, self.excite = nn.Conv2d(channels, inner, 1), nn.Conv2d(inner, channels, 1)

    def forward(self, x):
        y = F.relu(self.conv(x))
        gate = torch.sigmoid(self.excite(F.relu(self.squeeze(y.mean((2, 3), keepdim=True)))))
        return x + y * gate


class GroupNorm(nn.Module):
    def __init__(self, channels=16, groups=4, function=F.silu):
        super().__init__()
        self.first, self.norm = nn.Conv1d(channels, channels, 3, padding=1), nn.GroupNorm(groups, channels)
        self.second, self.function = nn.Conv1d(channels, channels, 1), function

    def forward(self, x):
        return self.second(self.function(self.norm(self.first(x))))


class Emg(nn.Module):
    """Depthwise separable convolutions along time, the first with a stride, as for signals of several electrodes."""

    def __init__(self, electrodes=8, width=16, classes=6, stride=5):
        super().__init__()
        self.enter = nn.Conv1d(electrodes, width, 11, stride, 5)
        self.depthwise = nn.ModuleList(nn.Conv1d(width, width, 7, 1, 3, groups=width) for _ in range(2))
        self.pointwise = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(2))
        self.out = nn.Linear(width, classes)

    def forward(self, x):
        x = F.relu(self.enter(x))
        for depthwise, pointwise in zip(self.depthwise, self.pointwise):
            x = x + F.relu(pointwise(depthwise(x)))
        return self.out(x.mean(-1))


class Residual(nn.Module):
    def __init__(self, width=24, blocks=3, function=torch.tanh):
        super().__init__()
        self.layers, self.function = nn.ModuleList(nn.Linear(width, width) for _ in range(blocks)), function

    def forward(self, x):
        for layer in self.layers:
            x = x + self.function(layer(x))
        return x


class ConvNet(nn.Module):
    """Convolution, batch norm, ReLU, max pooling, twice, then a linear layer."""

    def __init__(self, channels=3, width=8, classes=10):
        super().__init__()
        self.a, self.b = nn.Conv2d(channels, width, 3, padding=1), nn.Conv2d(width, 2 * width, 3, padding=1)
        self.na, self.nb = nn.BatchNorm2d(width), nn.BatchNorm2d(2 * width)
        self.out = nn.Linear(2 * width * 16, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.na(self.a(x))), 2)
        x = F.max_pool2d(F.relu(self.nb(self.b(x))), 2)
        return self.out(x.reshape(x.shape[0], -1))


class ConformerBlock(nn.Module):
    def __init__(self, width=32, heads=4, frames=16, kernel=7):
        super().__init__()
        self.first, self.second = FeedForward(width, 2, F.silu), FeedForward(width, 2, F.silu)
        self.norm_attention, self.attention = nn.LayerNorm(width), Attention(width, heads, frames)
        self.norm_convolution, self.enter = nn.LayerNorm(width), nn.Conv1d(width, 2 * width, 1)
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.batch_norm, self.leave = nn.BatchNorm1d(width), nn.Conv1d(width, width, 1)
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        x = self.first(x)
        x = x + self.attention(self.norm_attention(x))
        y = F.glu(self.enter(self.norm_convolution(x).permute(0, 2, 1)), dim=1)
        x = x + self.leave(F.silu(self.batch_norm(self.depthwise(y)))).permute(0, 2, 1)
        return self.norm(self.second(x))


class Plus(nn.Module):
    """Two addends of very different size, of which a later subtraction leaves the small one."""

    def __init__(self, width=20, large=300.0):
        super().__init__()
        self.a, self.b, self.out = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, 8)
        self.large = large

    def forward(self, x):
        u = self.large * torch.tanh(self.a(x))
        return self.out(torch.tanh(u + self.b(x) - u))


class Offset(nn.Module):
    """A large offset that is taken off again: what is left of the difference has few steps."""

    def __init__(self, width=20, offset=120.0):
        super().__init__()
        self.a, self.b = nn.Linear(width, width), nn.Linear(width, 10)
        with torch.no_grad():
            self.a.bias.add_(offset)
        self.offset = offset

    def forward(self, x):
        return self.b(torch.tanh(self.a(x) - self.offset))


class MeanPool(nn.Module):
    def __init__(self, channels=8, classes=6, gain=1.0):
        super().__init__()
        self.conv, self.out, self.gain = nn.Conv1d(channels, channels, 3, padding=1), nn.Linear(channels, classes), gain

    def forward(self, x):
        return self.out(self.gain * torch.mean(F.relu(self.conv(x)), dim=-1))


class StatPool(nn.Module):
    """Mean and standard deviation over time, as in a speaker embedding."""

    def __init__(self, channels=10, classes=6, small=1.0, floor=1e-4):
        super().__init__()
        self.conv, self.out = nn.Conv1d(channels, channels, 3, padding=1), nn.Linear(2 * channels, classes)
        self.small, self.floor = small, floor

    def forward(self, x):
        x = self.small * torch.tanh(self.conv(x))
        mean = x.mean(-1, keepdim=True)
        deviation = torch.sqrt(((x - mean) ** 2).mean(-1, keepdim=True) + self.floor)
        return self.out(torch.cat([mean, deviation], 1).reshape(x.shape[0], -1))


class Normalise(nn.Module):
    """Vectors of unit length by rsqrt, then the cosine to learned directions."""

    def __init__(self, width=24, classes=8, floor=1e-4, small=1.0):
        super().__init__()
        self.a, self.out, self.floor, self.small = nn.Linear(width, width), nn.Linear(width, classes), floor, small

    def forward(self, x):
        x = self.small * self.a(x)
        return self.out(x * torch.rsqrt((x * x).sum(-1, keepdim=True) + self.floor))


class Weighted(nn.Module):
    """An average by positive weights: a division by their sum."""

    def __init__(self, width=16, bias=-3.0):
        super().__init__()
        self.score, self.value = nn.Linear(width, 1), nn.Linear(width, width)
        with torch.no_grad():
            self.score.bias.add_(bias)

    def forward(self, x):
        weight = torch.sigmoid(self.score(x))
        return (weight * self.value(x)).sum(1) / (weight.sum(1) + 1e-3)


class Compress(nn.Module):
    """Power-law compression of energies."""

    def __init__(self, bands=16, power=0.3, floor=1e-2):
        super().__init__()
        self.a, self.out, self.power, self.floor = nn.Linear(bands, bands), nn.Linear(bands, 8), power, floor

    def forward(self, x):
        energy = self.a(x)
        return self.out(torch.pow(energy * energy + self.floor, self.power))


class Branches(nn.Module):
    """Two branches of the same kind, added."""

    def __init__(self, width=20):
        super().__init__()
        self.a, self.b, self.c, self.d = (nn.Linear(width, width) for _ in range(4))
        self.out = nn.Linear(width, 10)

    def forward(self, x):
        return self.out(torch.tanh(self.c(torch.tanh(self.a(x)))) + torch.tanh(self.d(torch.tanh(self.b(x)))))


class Gain(nn.Module):
    """A small signal between two layers, raised again behind them."""

    def __init__(self, width=20, small=1e-3):
        super().__init__()
        self.a, self.b, self.out = nn.Linear(width, width), nn.Linear(width, width, bias=False), nn.Linear(width, 8)
        self.small = small

    def forward(self, x):
        y = self.small * torch.tanh(self.a(x))
        return self.out(torch.tanh((1 / self.small) * self.b(y)))


class Product(nn.Module):
    """Likelihoods multiplied: every factor is small, and the product nearly nothing."""

    def __init__(self, width=16, bias=-3.0):
        super().__init__()
        self.a, self.b, self.c, self.out = (nn.Linear(width, width) for _ in range(4))
        with torch.no_grad():
            for layer in (self.a, self.b, self.c):
                layer.bias.add_(bias)

    def forward(self, x):
        p = torch.sigmoid(self.a(x)) * torch.sigmoid(self.b(x)) * torch.sigmoid(self.c(x))
        return torch.tanh(self.out(1000.0 * p))


class Transform(nn.Module):
    """A linear layer whose weights have a few outliers."""

    def __init__(self, width=24, outlier=1.0, inner=24):
        super().__init__()
        self.a, self.b = nn.Linear(width, inner), nn.Linear(inner, 12)
        with torch.no_grad():
            self.a.weight[:, 0] *= outlier

    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))


class Pool(nn.Module):
    """Average pooling between two convolutions."""

    def __init__(self, channels=4, width=6):
        super().__init__()
        self.a, self.b = nn.Conv2d(channels, width, 3, padding=1), nn.Conv2d(width, 5, 1)

    def forward(self, x):
        return self.b(F.avg_pool2d(F.hardswish(self.a(x)), 2))


# Ordinary models for the compile half: whole networks that ExecuTorch lowers, without planted faults.
R = torch.randn


def conformer():
    return ConformerBlock(), [R(1, 16, 32)]


MODELS = {
    "conformer": conformer,
    "layernorm_ffn": lambda: (FeedForward(24), [R(1, 8, 24)]),
    "attention": lambda: (Attention(24, 2, 12), [R(1, 12, 24)]),
    "attention_masked": lambda: (Attention(16, 2, 8, mask=-20.0), [R(1, 8, 16)]),
    "lstm_step": lambda: (LstmStep(), [R(1, 16), R(1, 20), R(1, 20)]),
    "gru_step": lambda: (GruStep(), [R(1, 16), R(1, 20)]),
    "log_mel": lambda: (LogMel(), [R(1, 10, 64)]),
    "squeeze_excite": lambda: (SqueezeExcite(), [R(1, 12, 10, 10)]),
    "group_norm": lambda: (GroupNorm(), [R(1, 16, 24)]),
    "linear": lambda: (Linear(), [R(1, 32)]),
    "linear_batch": lambda: (Linear(), [R(5, 32)]),
    "relu": lambda: (Chain(torch.relu), [R(1, 6, 24)]),
    "linear_relu": lambda: (LinearRelu(), [R(4, 32)]),
    "linear_reshape": lambda: (LinearReshape(), [R(1, 6, 8)]),
    "tables_chain": lambda: (Chain(torch.sigmoid, torch.tanh), [R(1, 6, 24)]),
    "emg": lambda: (Emg(), [R(1, 8, 200)]),
    "residual": lambda: (Residual(), [R(4, 24)]),
    "conv_net": lambda: (ConvNet(), [R(1, 3, 16, 16)]),
    "log_softmax_head": lambda: (Mlp([20, 32, 12], last=lambda x: torch.log_softmax(x, -1)), [R(8, 20)]),
}
