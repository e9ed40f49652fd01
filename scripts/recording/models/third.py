"""A third set, made after diagnose was tuned by the first two: other kinds of networks, other seeds."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from first import DEFAULT, Recipe, scaled


class LinearAttention(nn.Module):
    """Attention without softmax: elu(x) + 1 as feature map, divided by the keys' sum."""

    def __init__(self, width=16, loud=1.0):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.loud = loud

    def forward(self, x):
        q, k = F.elu(self.query(x) * self.loud) + 1, F.elu(self.key(x) * self.loud) + 1
        mixed = torch.bmm(q, torch.bmm(k.permute(0, 2, 1), self.value(x)))
        norm = (q * k.sum(1, keepdim=True)).sum(-1, keepdim=True)
        return self.out(mixed / norm)


class WaveBlock(nn.Module):
    """Gated dilated convolutions with residual and skip sums (WaveNet)."""

    def __init__(self, channels=12, depth=3):
        super().__init__()
        self.filters = nn.ModuleList(nn.Conv1d(channels, channels, 2, dilation=2**k, padding=2**k) for k in range(depth))
        self.gates = nn.ModuleList(nn.Conv1d(channels, channels, 2, dilation=2**k, padding=2**k) for k in range(depth))
        self.mix = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in range(depth))
        self.out = nn.Conv1d(channels, 5, 1)

    def forward(self, x):
        skip, length = 0, x.shape[-1]
        for a, g, m in zip(self.filters, self.gates, self.mix, strict=True):
            y = m(torch.tanh(a(x)[..., :length]) * torch.sigmoid(g(x)[..., :length]))
            x, skip = x + y, skip + y
        return self.out(F.relu(skip))


class Mixer(nn.Module):
    """Layer norm, mixing over tokens, layer norm, mixing over channels (MLP-Mixer)."""

    def __init__(self, tokens=12, width=20, quiet=1.0, floor=1e-5):
        super().__init__()
        self.first, self.second = nn.LayerNorm(width, eps=floor), nn.LayerNorm(width, eps=floor)
        self.a, self.b = nn.Linear(tokens, 24), nn.Linear(24, tokens)
        self.c, self.d = nn.Linear(width, 32), nn.Linear(32, width)
        self.quiet = quiet

    def forward(self, x):
        x = x * self.quiet if self.quiet != 1.0 else x
        x = x + self.b(F.gelu(self.a(self.first(x).permute(0, 2, 1)))).permute(0, 2, 1)
        return x + self.d(F.gelu(self.c(self.second(x))))


class Rotary(nn.Module):
    """Queries turned by their position, scores of neighbours."""

    def __init__(self, tokens=10, width=16):
        super().__init__()
        angle = torch.arange(tokens)[:, None] / 100 ** (torch.arange(width // 2) / (width // 2))
        self.register_buffer("cos", torch.cos(angle)[None])
        self.register_buffer("sin", torch.sin(angle)[None])
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, 6)

    def forward(self, x):
        a, b = self.query(x).chunk(2, -1)
        return self.out(torch.cat([a * self.cos - b * self.sin, b * self.cos + a * self.sin], -1))


class Film(nn.Module):
    """A condition scales and shifts the features of a convolution."""

    def __init__(self, channels=12, condition=6):
        super().__init__()
        self.conv, self.out = nn.Conv1d(4, channels, 3, padding=1), nn.Conv1d(channels, 4, 3, padding=1)
        self.gamma, self.beta = nn.Linear(condition, channels), nn.Linear(condition, channels)

    def forward(self, x, c):
        return self.out(torch.tanh(self.conv(x) * self.gamma(c)[:, :, None] + self.beta(c)[:, :, None]))


class Highway(nn.Module):
    def __init__(self, width=20, depth=2, bias=-1.0):
        super().__init__()
        self.h = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.t = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        for layer in self.t:
            nn.init.constant_(layer.bias, bias)

    def forward(self, x):
        for h, t in zip(self.h, self.t, strict=True):
            gate = torch.sigmoid(t(x))
            x = F.gelu(h(x)) * gate + x * (1 - gate)
        return x


class AttentivePool(nn.Module):
    """Weights over time by softmax, then the weighted sum (x-vector)."""

    def __init__(self, width=16, sharp=1.0):
        super().__init__()
        self.frames, self.score, self.out = nn.Linear(width, 24), nn.Linear(24, 24), nn.Linear(24, 8)
        self.sharp = sharp

    def forward(self, x):
        h = torch.tanh(self.frames(x))
        weights = torch.softmax(self.score(h) * self.sharp, 1)
        return self.out((weights * h).sum(1))


class Cosine(nn.Module):
    """Cosine of an embedding and of prototypes."""

    def __init__(self, width=20, classes=8, quiet=1.0, floor=1e-4):
        super().__init__()
        self.body, self.prototypes = nn.Linear(width, 16), nn.Linear(16, classes, bias=False)
        self.quiet, self.floor = quiet, floor

    def forward(self, x):
        y = self.body(x) * self.quiet
        return self.prototypes(y * torch.rsqrt((y * y).sum(-1, keepdim=True) + self.floor))


class LogSumExp(nn.Module):
    """Energy of a classifier: log of the sum of exponentials."""

    def __init__(self, width=16, classes=10, hot=1.0):
        super().__init__()
        self.a, self.b, self.hot = nn.Linear(width, 24), nn.Linear(24, classes), hot

    def forward(self, x):
        logits = self.b(torch.tanh(self.a(x))) * self.hot
        return torch.log(torch.exp(logits).sum(-1, keepdim=True)) - logits


class Fourier(nn.Module):
    """Random Fourier features: cosine of a projection."""

    def __init__(self, width=12, features=32, wide=1.0):
        super().__init__()
        self.project, self.out = nn.Linear(width, features), nn.Linear(features, 5)
        with torch.no_grad():
            self.project.weight *= wide

    def forward(self, x):
        return self.out(torch.cos(self.project(x)))


class StateSpace(nn.Module):
    """A diagonal state space: h = decay * h + B x, four steps."""

    def __init__(self, width=12, states=20, decay=0.9):
        super().__init__()
        self.enter, self.out = nn.Linear(width, states), nn.Linear(states, 6)
        self.register_buffer("decay", decay + 0.05 * torch.rand(1, states))

    def forward(self, x):
        h = self.enter(x[:, 0])
        for k in range(1, 4):
            h = h * self.decay + self.enter(x[:, k])
        return self.out(torch.tanh(h))


class Cmvn(nn.Module):
    """Features less their mean over time, over their deviation; then a convolution."""

    def __init__(self, channels=8, offset=0.0, quiet=1.0, floor=1e-3):
        super().__init__()
        self.conv = nn.Conv1d(channels, 10, 3)
        self.offset, self.quiet, self.floor = offset, quiet, floor

    def forward(self, x):
        x = x * self.quiet + self.offset
        x = x - x.mean(-1, keepdim=True)
        return F.relu(self.conv(x / torch.sqrt((x * x).mean(-1, keepdim=True) + self.floor)))


class Cubic(nn.Module):
    """A distortion: x + a x^3, then a filter."""

    def __init__(self, a=0.2):
        super().__init__()
        self.a, self.filter = a, nn.Conv1d(1, 4, 9)

    def forward(self, x):
        return self.filter(x + self.a * (x * x * x))


class Spotter(nn.Module):
    """Keyword spotter: strided convolution, depthwise pairs, max pool, mean, linear."""

    def __init__(self, channels=16):
        super().__init__()
        self.first = nn.Conv2d(1, channels, (4, 10), stride=2, padding=(1, 4))
        self.depth = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.point, self.out = nn.Conv2d(channels, channels, 1), nn.Linear(channels, 6)

    def forward(self, x):
        y = F.max_pool2d(F.relu(self.first(x)), 2)
        y = F.relu(self.point(F.relu(self.depth(y))))
        return self.out(y.mean((2, 3)))


class Bilinear(nn.Module):
    """Two towers and the product of their features."""

    def __init__(self, width=14, rank=24, spread=1.0):
        super().__init__()
        self.left, self.right, self.out = nn.Linear(width, rank), nn.Linear(width, rank), nn.Linear(rank, 7)
        self.spread = spread

    def forward(self, x, y):
        return self.out(self.left(x) * torch.sigmoid(self.right(y)) * self.spread)


R = torch.randn

RECIPES = {
    # natural
    "linear_attention_loud": lambda: Recipe(LinearAttention(loud=12.0), (1, 10, 16), "linear attention, loud features"),
    "mixer_quiet": lambda: Recipe(Mixer(quiet=0.02), (1, 12, 20), "two layer norms of a quiet signal"),
    "mixer_default": lambda: Recipe(Mixer(width=22), (1, 12, 22), "two layer norms, default floor", epsilon=DEFAULT),
    "pool_sharp": lambda: Recipe(AttentivePool(sharp=12.0), (1, 30, 16), "sharp attentive pooling"),
    "cosine_quiet": lambda: Recipe(Cosine(quiet=0.02), (16, 20), "cosine of short vectors"),
    "energy_hot": lambda: Recipe(LogSumExp(hot=5.0), (16, 16), "log of a sum of large exponentials"),
    "fourier_wide": lambda: Recipe(Fourier(wide=60.0), (16, 12), "cosine over many turns"),
    "cmvn_offset": lambda: Recipe(Cmvn(offset=120.0), (1, 8, 40), "a large offset taken off"),
    "cmvn_quiet": lambda: Recipe(Cmvn(quiet=0.03, floor=1e-5), (1, 8, 40), "deviation of a quiet signal"),
    "bilinear_floor": lambda: Recipe(scaled(Bilinear(spread=0.01), 0.02, lambda n: n.left), [(16, 14), (16, 14)],
                                     "a small product at the floor"),
    # planted
    "wave_narrow": lambda: Recipe(WaveBlock(), (1, 12, 40), "range of the first tanh's input times 0.3", plant=[("conv1d", 0.3)]),
    "wave_skip_wide": lambda: Recipe(WaveBlock(), (1, 12, 40), "range of a skip sum times 400", plant=[("add_3", 400.0)]),
    "rotary_wide": lambda: Recipe(Rotary(), (1, 10, 16), "range of one product times 500", plant=[("mul_1", 500.0)]),
    "film_narrow": lambda: Recipe(Film(), [(1, 4, 30), (1, 6)], "range of the modulated features times 0.35", plant=[("mul", 0.35)]),
    "highway_wide": lambda: Recipe(Highway(), (8, 20), "range of 1 - gate times 300", plant=[("sub", 300.0)]),
    "state_narrow": lambda: Recipe(StateSpace(), (6, 4, 12), "range of a state times 0.4", plant=[("add_1", 0.4)]),
    "spotter_wide": lambda: Recipe(Spotter(), (1, 1, 24, 20), "range of the pointwise convolution times 900", plant=[("relu_2", 900.0)]),
    # healthy
    "healthy_linear_attention": lambda: Recipe(LinearAttention(), (1, 10, 16), "linear attention"),
    "healthy_wave": lambda: Recipe(WaveBlock(), (1, 12, 40), "gated dilated convolutions"),
    "healthy_rotary": lambda: Recipe(Rotary(), (1, 10, 16), "rotary positions"),
    "healthy_highway": lambda: Recipe(Highway(), (8, 20), "highway layers"),
    "healthy_fourier": lambda: Recipe(Fourier(), (16, 12), "Fourier features"),
    "healthy_cubic": lambda: Recipe(Cubic(), (1, 1, 60), "cubic distortion"),
    "healthy_state": lambda: Recipe(StateSpace(), (6, 4, 12), "state space"),
}
