"""Further kinds, each with what users meet: saturated gates, concatenation, several outputs, one-element tensors, constant
indices, masks and silent, constant or zero inputs, recursion, differences of large numbers, moments, distances, envelopes, decoders.

`saturated` is not made: ExecuTorch 1.5.1 takes its two products f * h for one, though they are quantised with different scales."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from first import DEFAULT, Recipe

R = torch.randn


class Separable(nn.Module):
    """Strided conv1d stem, three depthwise separable blocks with hardswish, global mean, head."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(8, 16, 5, stride=2, padding=2)
        self.dw = nn.ModuleList((nn.Conv1d(16, 16, 3, stride=2, padding=1, groups=16) for _ in range(2)))
        self.pw = nn.ModuleList((nn.Conv1d(16, 16, 1) for _ in range(2)))
        self.head = nn.Linear(16, 6)

    def forward(self, x):
        x = F.hardswish(self.stem(x))
        for d, p in zip(self.dw, self.pw):
            x = F.hardswish(p(F.relu(d(x))))
        return self.head(x.mean(-1))


class Saturated(nn.Module):
    """Gates at saturation: sigmoid(12 Wx + 6) * tanh, minimal gated unit, three steps."""

    def __init__(self, gain=12.0, shift=6.0, n=10):
        super().__init__()
        self.f, self.c, self.n, self.gain, self.shift = (nn.Linear(6 + n, n), nn.Linear(6 + n, n), n, gain, shift)

    def forward(self, x, h):
        for t in range(3):
            v = x[:, t]
            f = torch.sigmoid(self.f(torch.cat([v, h], -1)) * self.gain + self.shift)
            h = (1 - f) * torch.tanh(self.c(torch.cat([v, f * h], -1))) + f * h
        return h


class Concat(nn.Module):
    """Two inputs are joined; the first layer's weights make them equal."""

    def __init__(self, small):
        super().__init__()
        self.a, self.b = nn.Linear(20, 12), nn.Linear(12, 4)
        with torch.no_grad():
            self.a.weight[:, 10:] /= small

    def forward(self, x, y):
        return self.b(torch.tanh(self.a(torch.cat([x, y], -1))))


class Masked(nn.Module):
    """Mean over the frames that a mask leaves."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 16), nn.Linear(16, 5)

    def forward(self, x, m):
        h = F.relu(self.a(x)) * m
        return self.b(h.sum(1) / m.sum(1))


def masks(count, frames):
    made = []
    for _ in range(3):
        m = (torch.arange(frames)[None] < torch.randint(3, frames, (count, 1))).float()[..., None]
        made.append((R(count, frames, 8), m))
    return made


class Heads(nn.Module):
    """Several outputs of very different scale."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = (nn.Linear(12, 20), nn.Linear(20, 5), nn.Linear(20, 3), nn.Linear(20, 20))

    def forward(self, x):
        h = F.gelu(self.a(x))
        return (torch.softmax(self.b(h), -1), self.c(h) * 100.0, torch.tanh(self.d(h)), h.amax(-1))


class Scalar(nn.Module):
    """One-element tensors: a global loudness gates everything."""

    def __init__(self):
        super().__init__()
        self.w, self.out = (nn.Linear(1, 1), nn.Linear(16, 4))

    def forward(self, x):
        g = torch.sigmoid(self.w(x.abs().mean((1, 2)).reshape(1, 1)))
        y = x.mean(1) * g
        return (self.out(y), g)


class Embed(nn.Module):
    """Rows of a table taken by constant indices, added to projected frames, attention weights over them."""

    def __init__(self, frames=10, width=12):
        super().__init__()
        self.table, self.p, self.q, self.out = (nn.Embedding(30, width), nn.Linear(6, width), nn.Linear(width, 1), nn.Linear(width, 5))
        self.register_buffer("index", torch.randint(0, 30, (frames,)))

    def forward(self, x):
        e = self.p(x) + self.table(self.index)
        w = torch.softmax(self.q(torch.tanh(e)).squeeze(-1), -1)
        return self.out(torch.bmm(w.unsqueeze(1), e).squeeze(1))


class Flat(nn.Module):
    """Layer norm of rows that are nearly constant."""

    def __init__(self, spread=0.01, eps=1e-05):
        super().__init__()
        self.norm, self.a, self.b, self.spread = (nn.LayerNorm(24, eps=eps), nn.Linear(24, 32), nn.Linear(32, 6), spread)

    def forward(self, x, level):
        return self.b(F.gelu(self.a(self.norm(level + self.spread * x))))


class Iir(nn.Module):
    """Biquad with poles near the unit circle, unrolled."""

    def __init__(self, steps=12, r=0.95, w=0.5):
        super().__init__()
        self.steps, self.a1, self.a2 = (steps, 2 * r * math.cos(w), -r * r)

    def forward(self, x):
        y1, y2, out = (torch.zeros_like(x[:, 0]), torch.zeros_like(x[:, 0]), [])
        y1 = x[:, 0]
        y2 = x[:, 0] * 0.5
        for t in range(self.steps):
            y = x[:, t] + self.a1 * y1 + self.a2 * y2
            y1, y2 = (y, y1)
            out.append(y)
        return torch.stack(out, 1)


class Delta(nn.Module):
    """Differences over time of a signal with a large offset."""

    def __init__(self, gain=1.0):
        super().__init__()
        self.conv, self.out, self.gain = (nn.Conv1d(6, 8, 3), nn.Linear(8, 4), gain)

    def forward(self, x):
        d = (x[..., 1:] - x[..., :-1]) * self.gain
        return self.out(F.relu(self.conv(d)).mean(-1))


class Bce(nn.Module):
    """Log of a sigmoid, and of one minus it."""

    def __init__(self, gain=1.0):
        super().__init__()
        self.a, self.b, self.gain = (nn.Linear(16, 24), nn.Linear(24, 5), gain)

    def forward(self, x):
        p = torch.sigmoid(self.b(torch.tanh(self.a(x))) * self.gain)
        return (torch.log(p + 1e-06), torch.log(1 - p + 1e-06))


class Moments(nn.Module):
    """Skewness and kurtosis of windows."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(12, 5)

    def forward(self, x):
        c = x - x.mean(-1, keepdim=True)
        v = (c * c).mean(-1) + 0.01
        skew = (c * c * c).mean(-1) * torch.rsqrt(v) / v
        kurt = (c * c * c * c).mean(-1) / (v * v)
        return self.out(torch.cat([skew, kurt], -1))


class Clusters(nn.Module):
    """Distance to centres by |x|^2 + |c|^2 - 2 x c, root, softmin."""

    def __init__(self, near=1.0, offset=0.0):
        super().__init__()
        self.c = nn.Parameter(R(8, 10) * near + offset)
        self.out = nn.Linear(8, 4)

    def forward(self, x):
        d = (x * x).sum(-1, keepdim=True) + (self.c * self.c).sum(-1) - 2 * (x @ self.c.t())
        d = torch.sqrt(F.relu(d) + 0.0001)
        return (self.out(torch.softmax(-d, -1)), d)


class Hilbert(nn.Module):
    """Magnitude of two filters" outputs, pooled, log."""

    def __init__(self, quiet=1.0, floor=0.001):
        super().__init__()
        self.re, self.im, self.quiet, self.floor = (nn.Conv1d(4, 8, 9, bias=False), nn.Conv1d(4, 8, 9, bias=False), quiet, floor)
        self.out = nn.Linear(8, 5)

    def forward(self, x):
        a, b = (self.re(x) * self.quiet, self.im(x) * self.quiet)
        m = torch.sqrt(a * a + b * b + self.floor * self.floor)
        return self.out(torch.log(m.mean(-1) + self.floor))


class Horner(nn.Module):
    """Polynomial of degree 4 in Horner"s form of a bounded signal, then softplus and mish."""

    def __init__(self):
        super().__init__()
        self.a, self.b = (nn.Linear(10, 16), nn.Linear(16, 4))

    def forward(self, x):
        t = torch.tanh(self.a(x))
        p = ((0.3 * t - 0.7) * t + 0.2) * t + 1.1
        return self.b(F.silu(p) * F.gelu(t))


class Agc(nn.Module):
    """Running energy over four frames, adaptive gain, limiter."""

    def __init__(self, quiet=1.0):
        super().__init__()
        self.out, self.quiet = (nn.Linear(6, 4), quiet)

    def forward(self, x):
        x = x * self.quiet if self.quiet != 1.0 else x
        e = (x[:, 0] * x[:, 0]).mean(-1, keepdim=True)
        ys = []
        for t in range(4):
            e = 0.9 * e + 0.1 * (x[:, t] * x[:, t]).mean(-1, keepdim=True)
            ys.append(torch.tanh(x[:, t] * torch.rsqrt(e + 1e-05) * 0.5))
        return self.out(torch.stack(ys, 1))


class Wide(nn.Module):
    """Exp of a wide range, then log1p: a signal of four decades between."""

    def __init__(self, gain=4.0):
        super().__init__()
        self.a, self.b, self.gain = (nn.Linear(12, 16), nn.Linear(16, 5), gain)

    def forward(self, x):
        return self.b(torch.log1p(torch.exp(self.gain * torch.tanh(self.a(x)))))


def level(*shape):
    return [(R(*shape), R(*shape[:-1], 1) * 2) for _ in range(3)]


def offset(value, *shape):
    return [(R(*shape).cumsum(-1) * 0.05 + value + R(*shape[:-1], 1),) for _ in range(3)]


class Decoder(nn.Module):
    """Strided encoder, transposed convolutions, leaky ReLU, skip by concatenation."""

    def __init__(self):
        super().__init__()
        self.a, self.b = (nn.Conv2d(4, 8, (1, 4), stride=(1, 2), padding=(0, 1)), nn.Conv2d(8, 12, (1, 4), stride=(1, 2), padding=(0, 1)))
        self.u, self.v = (nn.ConvTranspose2d(12, 8, (1, 4), stride=(1, 2), padding=(0, 1)), nn.ConvTranspose2d(16, 4, (1, 4), stride=(1, 2), padding=(0, 1)))

    def forward(self, x):
        a = F.leaky_relu(self.a(x), 0.1)
        b = F.leaky_relu(self.b(a), 0.1)
        return torch.tanh(self.v(torch.cat([F.leaky_relu(self.u(b), 0.1), a], 1)))


class Shuffle(nn.Module):
    """Electrodes in another order (a constant gather), differences of neighbours, maxima over time."""

    def __init__(self):
        super().__init__()
        self.register_buffer("order", torch.randperm(8))
        self.out = nn.Linear(16, 5)

    def forward(self, x):
        y = torch.index_select(x, 1, self.order)
        d = y[:, 1:] - y[:, :-1]
        d = torch.cat([d, y[:, :1] - y[:, 7:]], 1)
        return self.out(torch.cat([d.amax(-1), d.abs().mean(-1)], -1))


class Towers(nn.Module):
    """Cosine of two embeddings at temperature 0.07."""

    def __init__(self, t=0.07):
        super().__init__()
        self.a, self.b, self.t = (nn.Linear(12, 10), nn.Linear(9, 10), t)

    def forward(self, x, y):
        a, b = (self.a(x), self.b(y))
        a = a / torch.sqrt((a * a).sum(-1, keepdim=True) + 1e-06)
        b = b / torch.sqrt((b * b).sum(-1, keepdim=True) + 1e-06)
        return torch.softmax(a @ b.t() / self.t, -1)


class Kalman(nn.Module):
    """A scalar filter for each channel: gain p / (p + r), four steps."""

    def forward(self, x):
        p, m, ys = (1.0 + 0 * x[:, 0].abs(), x[:, 0], [])
        for t in range(1, 5):
            p = p + 0.1
            k = p / (p + 0.5)
            m = m + k * (x[:, t] - m)
            p = (1 - k) * p
            ys.append(m)
        return torch.stack(ys, 1)


class Levelled(nn.Module):
    """Rows of sizes from 1 to 2048, levelled by a factor of each row before, or after, they gate a layer."""

    def __init__(self, early=False):
        super().__init__()
        self.first, self.last, self.early = (nn.Linear(24, 24), nn.Linear(24, 8), early)
        self.register_buffer("down", 1 / SIZES)

    def forward(self, x, rows):
        h = torch.tanh(self.first(x))
        return self.last(rows * self.down * h if self.early else h * rows * self.down)


class Residual(nn.Module):
    """A small branch beside a large one, of which nearly all is taken off again: first, or after the sum."""

    def __init__(self, early=False):
        super().__init__()
        self.large, self.small, self.last, self.early = (nn.Linear(24, 24), nn.Linear(24, 24), nn.Linear(24, 8), early)

    def forward(self, x):
        a, b = (self.large(x) * 40, torch.tanh(self.small(x)) * 0.3)
        off = a * 0.995
        return self.last(a - off + b if self.early else a + b - off)


class Scores(nn.Module):
    """Scores of a quiet query, scaled before the product with the keys, or behind it."""

    def __init__(self, early=True):
        super().__init__()
        self.q, self.k, self.v, self.early = (nn.Linear(24, 24), nn.Linear(24, 24), nn.Linear(24, 24), early)

    def forward(self, x):
        q, k, v = (self.q(x) * 0.02, (self.k(x) * 30).transpose(1, 2), self.v(x))
        return torch.bmm(torch.bmm(q * 0.02, k) if self.early else torch.bmm(q, k) * 0.02, v)


SIZES = 2.0 ** torch.linspace(0, 11, 16).reshape(1, 16, 1)


def reordered(kind, early, samples, note, **more):
    """A model whose mend is the other order, with the same weights."""
    module, other = kind(early), kind(not early)
    other.load_state_dict(module.state_dict())
    return Recipe(module, None, note, samples=samples, other=other, **more)


RECIPES = {
    "levelled_late": lambda: reordered(
        Levelled, False, [(R(1, 16, 24), SIZES * (1 + 0.3 * R(1, 16, 24))) for _ in range(3)], "rows levelled after a product"),
    "residual_late": lambda: reordered(Residual, False, [(R(1, 16, 24),) for _ in range(3)], "a large addend taken off after the sum"),
    "scores_early": lambda: reordered(
        Scores, True, [(R(1, 16, 24),) for _ in range(3)], "scores scaled before the product, default floor", epsilon=DEFAULT),
    "scores_early_quiet": lambda: reordered(
        Scores, True, [(0.2 * R(1, 16, 24),) for _ in range(3)], "quiet scores scaled before the product"),
    "masked": lambda: Recipe(Masked(), None, "mean over valid frames: an input of 0 and 1", samples=masks(6, 12)),
    "concat_small": lambda: Recipe(Concat(1e-3), None, "two inputs of very different scale in one layer",
        samples=[(R(16, 10), 1e-3 * R(16, 10)) for _ in range(3)]),
    "healthy_separable": lambda: Recipe(Separable(), (1, 8, 64), "depthwise separable, strided"),
    "saturated": lambda: Recipe(Saturated(), [(6, 3, 6), (6, 10)], "gates at saturation"),
    "concat_even": lambda: Recipe(Concat(1.0), [(16, 10), (16, 10)], "concatenation"),
    "heads": lambda: Recipe(Heads(), (12, 12), "four outputs of different scale"),
    "scalar": lambda: Recipe(Scalar(), (1, 20, 16), "one-element tensors"),
    "embed": lambda: Recipe(Embed(), (4, 10, 6), "embedding of constant indices"),
    "zero_input": lambda: Recipe(Masked(), None, "mask all one", samples=[(R(6, 12, 8), torch.ones(6, 12, 1)) for _ in range(3)]),
    "silent_input": lambda: Recipe(Concat(1.0), None, "second input zero",
        samples=[(R(16, 10), R(16, 10)) for _ in range(3)], inputs=(R(16, 10), torch.zeros(16, 10))),
    "constant_input": lambda: Recipe(Separable(), None, "input all 0.7",
        samples=[(R(1, 8, 64),) for _ in range(3)], inputs=(torch.full((1, 8, 64), 0.7),)),
    "flat_norm": lambda: Recipe(Flat(), None, "layer norm of nearly constant rows", samples=level(10, 24)),
    "flat_norm_even": lambda: Recipe(Flat(spread=1.0), None, "layer norm of rows with a level", samples=level(10, 24)),
    "iir": lambda: Recipe(Iir(), (2, 12, 10), "biquad unrolled"),
    "delta_offset": lambda: Recipe(Delta(), None, "differences of a signal with an offset of 50", samples=offset(50.0, 2, 6, 40)),
    "delta": lambda: Recipe(Delta(), None, "differences", samples=offset(0.0, 2, 6, 40)),
    "bce": lambda: Recipe(Bce(), (14, 16), "log of probabilities"),
    "bce_sharp": lambda: Recipe(Bce(gain=14.0), (14, 16), "log of extreme probabilities"),
    "moments": lambda: Recipe(Moments(), (4, 6, 40), "skewness and kurtosis"),
    "clusters": lambda: Recipe(Clusters(), (16, 10), "distances by expansion"),
    "clusters_far": lambda: Recipe(Clusters(near=0.3, offset=4.0), None, "distances by expansion, far from 0",
        samples=[(0.3 * R(16, 10) + 4.0,) for _ in range(3)]),
    "hilbert": lambda: Recipe(Hilbert(), (2, 4, 48), "envelope of two filters"),
    "hilbert_quiet": lambda: Recipe(Hilbert(quiet=0.01, floor=1e-4), (2, 4, 48), "envelope of a quiet signal"),
    "horner": lambda: Recipe(Horner(), (14, 10), "polynomial"),
    "horner_narrow": lambda: Recipe(Horner(), (14, 10), "range of the last product times 0.4", plant=[("mul_3", 0.4)]),
    "agc": lambda: Recipe(Agc(), (4, 4, 6), "adaptive gain"),
    "agc_quiet": lambda: Recipe(Agc(quiet=0.02), (4, 4, 6), "adaptive gain of a quiet signal"),
    "wide_exp": lambda: Recipe(Wide(), (14, 12), "exp over 3.5 decades"),
    "wide_exp_more": lambda: Recipe(Wide(gain=8.0), (14, 12), "exp over 7 decades"),
    "separable_wide": lambda: Recipe(Separable(), (1, 8, 64), "range of a depthwise output times 500", plant=[("relu", 500.0)]),
    "decoder": lambda: Recipe(Decoder(), (1, 4, 1, 32), "transposed convolutions"),
    "decoder_narrow": lambda: Recipe(Decoder(), (1, 4, 1, 32), "range of the second leaky ReLU times 0.3", plant=[("leaky_relu_1", 0.3)]),
    "shuffle": lambda: Recipe(Shuffle(), (2, 8, 30), "electrodes reordered"),
    "towers": lambda: Recipe(Towers(), [(12, 12), (10, 9)], "cosine at a low temperature"),
    "towers_sharp": lambda: Recipe(Towers(t=0.005), [(12, 12), (10, 9)], "cosine at a very low temperature"),
    "kalman": lambda: Recipe(Kalman(), (3, 5, 6), "Kalman filter"),
}
