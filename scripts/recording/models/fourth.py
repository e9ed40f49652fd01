"""A fourth set: front ends for EMG and audio, Conformer parts, recurrent steps in a row, attention with masks and biases, gated and
normalised blocks, and the places where such models lose precision. Made and judged before diagnose was changed for it."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from first import DEFAULT, Recipe, scaled

R = torch.randn


class EmgFront(nn.Module):
    """Strided convolution over time, depthwise and pointwise, gelu, mean over time, head."""

    def __init__(self, channels=8, width=16, stride=5, quiet=1.0):
        super().__init__()
        self.first = nn.Conv1d(channels, width, 2 * stride, stride=stride)
        self.depth, self.point = nn.Conv1d(width, width, 5, padding=2, groups=width), nn.Conv1d(width, width, 1)
        self.head, self.quiet = nn.Linear(width, 7), quiet

    def forward(self, x):
        y = F.gelu(self.first(x * self.quiet if self.quiet != 1.0 else x))
        y = y + F.silu(self.point(self.depth(y)))
        return self.head(y.mean(-1))


class ConformerConv(nn.Module):
    """Layer norm, pointwise, GLU, depthwise, SiLU, pointwise, residual."""

    def __init__(self, width=16, kernel=7, quiet=1.0):
        super().__init__()
        self.norm, self.enter = nn.LayerNorm(width), nn.Conv1d(width, 2 * width, 1)
        self.depth, self.out = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width), nn.Conv1d(width, width, 1)
        self.quiet = quiet

    def forward(self, x):
        x = x * self.quiet if self.quiet != 1.0 else x
        y = self.enter(self.norm(x).permute(0, 2, 1))
        a, b = y.chunk(2, 1)
        y = F.silu(self.depth(a * torch.sigmoid(b)))
        return x + self.out(y).permute(0, 2, 1)


class Macaron(nn.Module):
    """Half a feed-forward, attention with heads, half a feed-forward, layer norm: a Conformer without its convolution."""

    def __init__(self, width=16, heads=2, bias=None):
        super().__init__()
        self.n1, self.n2, self.n3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.u1, self.d1 = nn.Linear(width, 24), nn.Linear(24, width)
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.heads, self.bias = heads, bias

    def forward(self, x):
        x = x + 0.5 * self.d1(F.silu(self.u1(self.n1(x))))
        y = self.n2(x)
        split = lambda t: t.reshape(t.shape[1], self.heads, -1).permute(1, 0, 2)
        q, k, v = split(self.q(y)), split(self.k(y)), split(self.v(y))
        scores = torch.bmm(q, k.permute(0, 2, 1)) / math.sqrt(q.shape[-1])
        scores = scores + self.bias if self.bias is not None else scores
        y = torch.bmm(torch.softmax(scores, -1), v).permute(1, 0, 2).reshape(x.shape)
        return self.n3(x + self.o(y))


class LstmRow(nn.Module):
    """Three steps of an LSTM, each gate a linear layer of its own."""

    def __init__(self, enter=8, width=12, forget=1.0):
        super().__init__()
        self.x, self.h, self.out = nn.Linear(enter, 4 * width), nn.Linear(width, 4 * width, bias=False), nn.Linear(width, 5)
        with torch.no_grad():
            self.x.bias[width:2 * width] += forget

    def forward(self, x):
        h = c = None
        for t in range(3):
            z = self.x(x[:, t]) if h is None else self.x(x[:, t]) + self.h(h)
            i, f, g, o = z.chunk(4, -1)
            new = torch.sigmoid(i) * torch.tanh(g)
            c = new if c is None else torch.sigmoid(f) * c + new
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.out(h)


class GruRow(nn.Module):
    """Two steps of a minimal GRU (one gate)."""

    def __init__(self, enter=10, width=14):
        super().__init__()
        self.z, self.c, self.u = nn.Linear(enter, width), nn.Linear(enter, width), nn.Linear(width, width)

    def forward(self, x):
        h = torch.tanh(self.c(x[:, 0]))
        for t in range(1, 3):
            z = torch.sigmoid(self.z(x[:, t]) + self.u(h))
            h = (1 - z) * h + z * torch.tanh(self.c(x[:, t]))
        return h


class MobileBlock(nn.Module):
    """Expansion, depthwise, squeeze-excite with hardsigmoid, hardswish, projection."""

    def __init__(self, channels=8, factor=2):
        super().__init__()
        wide = channels * factor
        self.up, self.depth = nn.Conv2d(channels, wide, 1), nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
        self.squeeze, self.excite, self.down = nn.Conv2d(wide, 4, 1), nn.Conv2d(4, wide, 1), nn.Conv2d(wide, channels, 1)

    def forward(self, x):
        y = F.hardswish(self.depth(F.hardswish(self.up(x))))
        s = F.hardsigmoid(self.excite(F.relu(self.squeeze(y.mean((2, 3), keepdim=True)))))
        return x + self.down(y * s)


class GroupNormGlu(nn.Module):
    def __init__(self, channels=8, groups=2, quiet=1.0):
        super().__init__()
        self.conv, self.norm, self.out = nn.Conv1d(4, 2 * channels, 3, padding=1), nn.GroupNorm(groups, 2 * channels), nn.Conv1d(channels, 6, 3)
        self.quiet = quiet

    def forward(self, x):
        a, b = self.norm(self.conv(x * self.quiet if self.quiet != 1.0 else x)).chunk(2, 1)
        return self.out(a * torch.sigmoid(b))


class Pcen(nn.Module):
    """Band energies, divided by a power of their mean over time, root-compressed."""

    def __init__(self, bins=24, bands=10, floor=1e-2, loud=1.0):
        super().__init__()
        self.bands, self.floor, self.loud = nn.Linear(bins, bands, bias=False), floor, loud
        with torch.no_grad():
            self.bands.weight.copy_(self.bands.weight.abs())

    def forward(self, x):
        energy = self.bands(x * x * self.loud)
        smooth = energy.mean(1, keepdim=True)
        return torch.sqrt(energy * torch.reciprocal(smooth + self.floor) + 1.0) - 1.0


class Magnitude(nn.Module):
    """Spectrum by two fixed projections, magnitude, log."""

    def __init__(self, length=32, bins=12, floor=1e-3, quiet=1.0):
        super().__init__()
        angle = 2 * math.pi * torch.arange(bins)[:, None] * torch.arange(length) / length
        self.re, self.im = nn.Linear(length, bins, bias=False), nn.Linear(length, bins, bias=False)
        with torch.no_grad():
            self.re.weight.copy_(torch.cos(angle) / length**0.5)
            self.im.weight.copy_(torch.sin(angle) / length**0.5)
        self.floor, self.quiet = floor, quiet

    def forward(self, x):
        x = x * self.quiet if self.quiet != 1.0 else x
        re, im = self.re(x), self.im(x)
        return torch.log(torch.sqrt(re * re + im * im + self.floor))


class Envelope(nn.Module):
    """Root mean square of EMG channels over windows, then a small net."""

    def __init__(self, channels=6, quiet=1.0, floor=1e-5):
        super().__init__()
        self.a, self.b, self.quiet, self.floor = nn.Linear(channels * 4, 20), nn.Linear(20, 5), quiet, floor

    def forward(self, x):
        x = x * self.quiet if self.quiet != 1.0 else x
        y = torch.sqrt((x * x).reshape(x.shape[0], x.shape[1], 4, -1).mean(-1) + self.floor)
        return self.b(F.relu(self.a(y.reshape(x.shape[0], -1))))


class Teager(nn.Module):
    """Teager-Kaiser energy: x[n]^2 - x[n-1] x[n+1], which cancels for slow signals."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Conv1d(4, 5, 3)

    def forward(self, x):
        middle, before, after = x[..., 1:-1], x[..., :-2], x[..., 2:]
        return self.mix(middle * middle - before * after)


class Variance(nn.Module):
    """E[x^2] - E[x]^2: cancels where the mean is large."""

    def __init__(self, offset=0.0):
        super().__init__()
        self.offset, self.out = offset, nn.Linear(8, 6)

    def forward(self, x):
        x = x + self.offset if self.offset else x
        mean = x.mean(-1)
        return self.out((x * x).mean(-1) - mean * mean)


class LayerScale(nn.Module):
    """Residual branches times a learned small number per channel (CaiT)."""

    def __init__(self, width=20, scale=1e-4, back=1.0, depth=2):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.scales = nn.ParameterList(nn.Parameter(scale * (1 + 0.3 * R(width))) for _ in range(depth))
        self.back = back

    def forward(self, x):
        for layer, scale in zip(self.layers, self.scales, strict=True):
            x = x + F.gelu(layer(x)) * scale
        return x * self.back if self.back != 1.0 else x


class SwiGlu(nn.Module):
    def __init__(self, width=16, inner=28):
        super().__init__()
        self.norm, self.gate, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, inner), nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x):
        y = self.norm(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Gaussian(nn.Module):
    """exp(-x^2 / 2) of projections, normalised by their sum (soft assignment)."""

    def __init__(self, width=10, centres=12, spread=1.0):
        super().__init__()
        self.project, self.out, self.spread = nn.Linear(width, centres), nn.Linear(centres, 5), spread

    def forward(self, x):
        y = self.project(x) * self.spread
        w = torch.exp(y * y * -0.5)
        return self.out(w * torch.reciprocal(w.sum(-1, keepdim=True)))


class Steering(nn.Module):
    """Phases to weights of a beam: cosine and sine times two signals."""

    def __init__(self, width=12, turns=1.0):
        super().__init__()
        self.phase, self.out, self.turns = nn.Linear(width, width), nn.Linear(width, 6), turns

    def forward(self, x, y):
        p = self.phase(x) * self.turns
        return self.out(torch.cos(p) * x + torch.sin(p) * y)


class SoftThreshold(nn.Module):
    """Shrinkage: sign by a clip, relu(|x| - t); then a filter."""

    def __init__(self, channels=6, threshold=0.4):
        super().__init__()
        self.a, self.b, self.threshold = nn.Conv1d(channels, 10, 5, padding=2), nn.Conv1d(10, 4, 5), threshold

    def forward(self, x):
        y = self.a(x)
        return self.b(F.relu(y - self.threshold) - F.relu(-y - self.threshold))


class Tcn(nn.Module):
    """Temporal blocks: depthwise dilated, pointwise, residual; batch norm between."""

    def __init__(self, channels=10, depth=3):
        super().__init__()
        self.depths = nn.ModuleList(nn.Conv1d(channels, channels, 3, padding=2**k, dilation=2**k, groups=channels) for k in range(depth))
        self.points = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in range(depth))
        self.norms = nn.ModuleList(nn.BatchNorm1d(channels) for _ in range(depth))
        self.out = nn.Conv1d(channels, 4, 1)

    def forward(self, x):
        for d, p, n in zip(self.depths, self.points, self.norms, strict=True):
            x = x + F.relu(n(p(F.relu(d(x)))))
        return self.out(x)


class Distance(nn.Module):
    """Euclidean distances to prototypes by |x|^2 - 2 x p + |p|^2, their root, negative as scores."""

    def __init__(self, width=12, classes=6, near=1.0, floor=1e-3):
        super().__init__()
        self.body, self.cross = nn.Linear(width, 10), nn.Linear(10, classes, bias=False)
        self.register_buffer("own", (self.cross.weight**2).sum(1)[None].detach() * 0.25)
        self.near, self.floor = near, floor

    def forward(self, x):
        y = torch.tanh(self.body(x)) * self.near
        return torch.sqrt(F.relu((y * y).sum(-1, keepdim=True) - self.cross(y) + self.own) + self.floor)


class Pinball(nn.Module):
    """Normalised by the largest value of each row, then a root."""

    def __init__(self, width=16, small=1.0):
        super().__init__()
        self.a, self.out, self.small = nn.Linear(width, 20), nn.Linear(20, 5), small

    def forward(self, x):
        y = F.relu(self.a(x)) * self.small
        return self.out(y * torch.reciprocal(y.amax(-1, keepdim=True) + 1e-3))


class Cascade(nn.Module):
    """Linears whose signals have gains; the last brings them back."""

    def __init__(self, width=18, gains=(1.0, 1.0), function=torch.tanh):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in gains)
        self.gains, self.function, self.out = gains, function, nn.Linear(width, 6)

    def forward(self, x):
        for layer, gain in zip(self.layers, self.gains, strict=True):
            x = self.function(layer(x)) * gain
        return self.out(x)


def causal(frames, value):
    return torch.triu(torch.full((frames, frames), value), 1)[None]


def slow(*shape):
    """Slow signals: neighbours nearly equal."""
    t = torch.arange(shape[-1]) / shape[-1]
    return torch.sin(2 * math.pi * (t * (1 + torch.rand(*shape[:-1], 1)) + torch.rand(*shape[:-1], 1))) * (1 + torch.rand(*shape[:-1], 1))


RECIPES = {
    # natural
    "emg_front_quiet": lambda: Recipe(EmgFront(quiet=4e-4), (1, 8, 200), "front end of a signal of 4e-4"),
    "conformer_conv_quiet": lambda: Recipe(ConformerConv(quiet=0.015), (1, 14, 16), "Conformer convolution, quiet"),
    "conformer_conv_default": lambda: Recipe(ConformerConv(width=20), (1, 12, 20), "Conformer convolution, default floor", epsilon=DEFAULT),
    "macaron_causal_1e9": lambda: Recipe(Macaron(bias=causal(10, -1e9)), (1, 10, 16), "causal mask of -1e9"),
    "macaron_causal_50": lambda: Recipe(Macaron(bias=causal(10, -50.0)), (1, 10, 16), "causal mask of -50"),
    "pcen_loud": lambda: Recipe(Pcen(loud=30.0), (1, 12, 24), "band energies over a wide range"),
    "pcen_quiet": lambda: Recipe(Pcen(loud=0.01, floor=1e-3), (1, 12, 24), "small band energies"),
    "magnitude_quiet": lambda: Recipe(Magnitude(quiet=0.05, floor=1e-5), (12, 32), "log magnitude of a quiet signal"),
    "envelope_quiet": lambda: Recipe(Envelope(quiet=0.02), (2, 6, 80), "envelope of a quiet signal"),
    "teager_slow": lambda: Recipe(Teager(), (1, 4, 60), "two products that cancel", samples=[(slow(1, 4, 60),) for _ in range(3)]),
    "variance_offset": lambda: Recipe(Variance(offset=25.0), (2, 8, 40), "two squares that cancel"),
    "layer_scale_default": lambda: Recipe(LayerScale(scale=3e-4), (12, 20), "branches of 3e-4, default floor", epsilon=DEFAULT),
    "gaussian_far": lambda: Recipe(Gaussian(spread=6.0), (12, 10), "exp of large negative squares"),
    "steering_turns": lambda: Recipe(Steering(turns=40.0), [(10, 12), (10, 12)], "phases of many turns"),
    "distance_near": lambda: Recipe(Distance(near=0.03, floor=1e-5), (14, 12), "root of small distances"),
    "rows_small": lambda: Recipe(Pinball(small=0.004), (14, 16), "reciprocal of small maxima"),
    "cascade_underflow": lambda: Recipe(Cascade(gains=(2e-4, 5000.0)), (12, 18), "a product that underflows"),
    # planted
    "lstm_row_narrow": lambda: Recipe(LstmRow(), (6, 3, 8), "range of a cell times 0.35", plant=[("add_1", 0.35)]),
    "lstm_row_wide": lambda: Recipe(LstmRow(), (6, 3, 8), "range of a hidden state times 600", plant=[("mul_1", 600.0)]),
    "gru_row_wide": lambda: Recipe(GruRow(), (6, 3, 10), "range of the gated candidate times 500", plant=[("mul_1", 500.0)]),
    "mobile_narrow": lambda: Recipe(MobileBlock(), (1, 8, 8, 8), "range of the excitation's product times 0.3", plant=[("mul", 0.3)]),
    "glu_wide": lambda: Recipe(GroupNormGlu(), (1, 4, 40), "range of the GLU's product times 700", plant=[("mul", 700.0)]),
    "scores_narrow": lambda: Recipe(Macaron(), (1, 10, 16), "range of the scores times 0.2", plant=[("mul_13", 0.2)]),
    "swiglu_narrow": lambda: Recipe(SwiGlu(), (1, 10, 16), "range of the product times 0.3", plant=[("mul", 0.3)]),
    "envelope_wide": lambda: Recipe(Envelope(), (2, 6, 80), "range of the mean square times 200", plant=[("mul_1", 200.0)]),
    "tcn_two": lambda: Recipe(Tcn(), (1, 10, 40), "one too narrow, one much too wide", plant=[("relu_1", 0.4), ("relu_3", 900.0)]),
    "cascade_series": lambda: Recipe(Cascade(gains=(1.0, 1.0, 1.0), function=F.silu), (12, 18), "three in series times 500",
                                     plant=[("linear", 500.0), ("linear_1", 500.0), ("linear_2", 500.0)]),
    "threshold_narrow": lambda: Recipe(SoftThreshold(), (1, 6, 50), "range of the first convolution times 0.25", plant=[("conv1d", 0.25), ("neg", 0.25)]),
    # weights, input
    "weights_cascade": lambda: Recipe(scaled(Cascade(gains=(1.0, 30.0)), 20, lambda n: n.layers[1]), (12, 18), "weights of one scale, loud",
                                      per_channel=False),
    "input_hot": lambda: Recipe(EmgFront(), (1, 8, 200), "input of twice the calibration's size", inputs=(2 * R(1, 8, 200),)),
    # healthy
    "healthy_front": lambda: Recipe(EmgFront(), (1, 8, 200), "EMG front end"),
    "healthy_conformer_conv": lambda: Recipe(ConformerConv(), (1, 14, 16), "Conformer convolution"),
    "healthy_macaron": lambda: Recipe(Macaron(bias=0.5 * R(1, 10, 10)), (1, 10, 16), "attention with a bias of positions"),
    "healthy_lstm_row": lambda: Recipe(LstmRow(), (6, 3, 8), "three LSTM steps"),
    "healthy_gru_row": lambda: Recipe(GruRow(), (6, 3, 10), "GRU steps"),
    "healthy_mobile": lambda: Recipe(MobileBlock(), (1, 8, 8, 8), "squeeze-excite with hardsigmoid"),
    "healthy_glu": lambda: Recipe(GroupNormGlu(), (1, 4, 40), "group norm and GLU"),
    "healthy_pcen": lambda: Recipe(Pcen(), (1, 12, 24), "energy normalisation"),
    "healthy_magnitude": lambda: Recipe(Magnitude(), (12, 32), "log magnitude"),
    "healthy_swiglu": lambda: Recipe(SwiGlu(), (1, 10, 16), "SwiGLU"),
    "healthy_steering": lambda: Recipe(Steering(), [(10, 12), (10, 12)], "phases"),
    "healthy_tcn": lambda: Recipe(Tcn(), (1, 10, 40), "temporal blocks"),
    "healthy_threshold": lambda: Recipe(SoftThreshold(), (1, 6, 50), "soft threshold"),
    "healthy_variance": lambda: Recipe(Variance(), (2, 8, 40), "variance of signals without mean"),
    "healthy_gaussian": lambda: Recipe(Gaussian(), (12, 10), "soft assignment"),
}
