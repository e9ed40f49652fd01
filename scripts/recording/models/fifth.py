"""A fifth set, written before diagnose was tried on any of it: what users of wrist EMG, audio and gesture models build. PARTS holds it in
two, so that the second can be judged after what the first one taught was changed."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from first import DEFAULT, Recipe, scaled

R = torch.randn


class Extractor(nn.Module):
    """Strided convolutions with group norm and gelu, as in front of wav2vec."""

    def __init__(self, channels=6, width=12, quiet=1.0, floor=1e-5):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(a, width, k, stride=s) for a, k, s in ((channels, 8, 4), (width, 3, 2), (width, 3, 2)))
        self.norm, self.out, self.quiet = nn.GroupNorm(3, width, eps=floor), nn.Linear(width, 6), quiet

    def forward(self, x):
        x = F.gelu(self.norm(self.convs[0](x * self.quiet if self.quiet != 1.0 else x)))
        for conv in self.convs[1:]:
            x = F.gelu(conv(x))
        return self.out(x.mean(-1))


class Subsampling(nn.Module):
    """Two strided convolutions over time and electrodes, then a linear layer for each frame: a Conformer's entry."""

    def __init__(self, width=6, electrodes=12, out=16):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, width, 3, stride=2, padding=1), nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.out, self.norm = nn.Linear(width * electrodes // 4, out), nn.LayerNorm(out)

    def forward(self, x):
        y = F.relu(self.b(F.relu(self.a(x)))).permute(0, 2, 1, 3)
        return self.norm(self.out(y.reshape(1, y.shape[1], -1)))


class EegNet(nn.Module):
    """Filters over time, over electrodes, ELU and pooling, separable convolution, head."""

    def __init__(self, electrodes=8, filters=4, frames=64, classes=5):
        super().__init__()
        self.time, self.space = nn.Conv2d(1, filters, (1, 9), padding=(0, 4)), nn.Conv2d(filters, 2 * filters, (electrodes, 1), groups=filters)
        self.norm = nn.BatchNorm2d(2 * filters)
        self.depth, self.point = nn.Conv2d(2 * filters, 2 * filters, (1, 5), padding=(0, 2), groups=2 * filters), nn.Conv2d(2 * filters, 8, 1)
        self.head = nn.Linear(8 * frames // 8, classes)

    def forward(self, x):
        y = F.avg_pool2d(F.elu(self.norm(self.space(self.time(x)))), (1, 4))
        y = F.avg_pool2d(F.elu(self.point(self.depth(y))), (1, 2))
        return self.head(y.reshape(x.shape[0], -1))


class LogPower(nn.Module):
    """Filter, square, mean over time, log: band power of electrodes (shallow ConvNet)."""

    def __init__(self, channels=6, bands=10, floor=1e-3, quiet=1.0):
        super().__init__()
        self.filter, self.out, self.floor, self.quiet = nn.Conv1d(channels, bands, 7, bias=False), nn.Linear(bands, 5), floor, quiet

    def forward(self, x):
        y = self.filter(x * self.quiet if self.quiet != 1.0 else x)
        return self.out(torch.log((y * y).mean(-1) + self.floor))


class TimeFeatures(nn.Module):
    """Mean absolute value, root mean square and length of the wave for each electrode, as classical EMG has them."""

    def __init__(self, channels=8, floor=1e-4, quiet=1.0):
        super().__init__()
        self.a, self.b, self.floor, self.quiet = nn.Linear(3 * channels, 24), nn.Linear(24, 6), floor, quiet

    def forward(self, x):
        x = x * self.quiet if self.quiet != 1.0 else x
        mav, rms = x.abs().mean(-1), torch.sqrt((x * x).mean(-1) + self.floor)
        length = (x[..., 1:] - x[..., :-1]).abs().mean(-1)
        return self.b(F.relu(self.a(torch.cat([mav, rms, length], -1))))


class Hjorth(nn.Module):
    """Activity and mobility: log of the variance, root of a ratio of two."""

    def __init__(self, channels=6, floor=1e-3):
        super().__init__()
        self.out, self.floor = nn.Linear(2 * channels, 5), floor

    def forward(self, x):
        d = x[..., 1:] - x[..., :-1]
        power, slope = (x * x).mean(-1) + self.floor, (d * d).mean(-1)
        return self.out(torch.cat([torch.log(power), torch.sqrt(slope * torch.reciprocal(power))], -1))


class Covariance(nn.Module):
    """Products of all pairs of electrodes, mean over time, two layers."""

    def __init__(self, channels=6, gain=1.0):
        super().__init__()
        self.mix, self.a, self.b, self.gain = nn.Conv1d(channels, channels, 1), nn.Linear(channels * channels, 20), nn.Linear(20, 5), gain

    def forward(self, x):
        y = self.mix(x) * self.gain if self.gain != 1.0 else self.mix(x)
        c = torch.bmm(y, y.permute(0, 2, 1)) * (1.0 / y.shape[-1])
        return self.b(torch.tanh(self.a(c.reshape(x.shape[0], -1))))


class TimeDepth(nn.Module):
    """Time-depth separable block: convolution over time, residual, layer norm, feed-forward, residual, layer norm."""

    def __init__(self, channels=4, width=6, quiet=1.0):
        super().__init__()
        self.conv, self.a, self.b = nn.Conv2d(channels, channels, (5, 1), padding=(2, 0)), nn.Linear(channels * width, 30), nn.Linear(30, channels * width)
        self.n1, self.n2, self.quiet = nn.LayerNorm(channels * width), nn.LayerNorm(channels * width), quiet

    def forward(self, x):
        x = x * self.quiet if self.quiet != 1.0 else x
        y = (x + F.relu(self.conv(x))).permute(0, 2, 1, 3)
        y = self.n1(y.reshape(1, y.shape[1], -1))
        return self.n2(y + self.b(F.relu(self.a(y))))


class Inception(nn.Module):
    """Convolutions of three lengths side by side, concatenated, batch norm, bottleneck, residual."""

    def __init__(self, channels=8, width=5):
        super().__init__()
        self.arms = nn.ModuleList(nn.Conv1d(channels, width, k, padding=k // 2) for k in (3, 7, 15))
        self.norm, self.back, self.out = nn.BatchNorm1d(3 * width), nn.Conv1d(3 * width, channels, 1), nn.Linear(channels, 6)

    def forward(self, x):
        y = F.relu(self.norm(torch.cat([arm(x) for arm in self.arms], 1)))
        return self.out(F.relu(x + self.back(y)).mean(-1))


class ResNet1d(nn.Module):
    """Two blocks with batch norm, the second with a stride and a projected shortcut."""

    def __init__(self, channels=8, width=10):
        super().__init__()
        conv = lambda a, b, k, s=1: nn.Sequential(nn.Conv1d(a, b, k, stride=s, padding=k // 2), nn.BatchNorm1d(b))
        self.a, self.b, self.c, self.d = conv(channels, channels, 5), conv(channels, channels, 5), conv(channels, width, 5, 2), conv(width, width, 5)
        self.short, self.out = conv(channels, width, 1, 2), nn.Linear(width, 7)

    def forward(self, x):
        x = F.relu(x + self.b(F.relu(self.a(x))))
        x = F.relu(self.short(x) + self.d(F.relu(self.c(x))))
        return self.out(x.mean(-1))


class ChannelGate(nn.Module):
    """Efficient channel attention: means of channels, a short convolution over channels, sigmoid, gate."""

    def __init__(self, channels=10):
        super().__init__()
        self.conv, self.gate, self.out = nn.Conv1d(channels, channels, 5, padding=2), nn.Conv1d(1, 1, 3, padding=1), nn.Conv1d(channels, 5, 3)

    def forward(self, x):
        y = F.silu(self.conv(x))
        gate = torch.sigmoid(self.gate(y.mean(-1, keepdim=True).permute(0, 2, 1)))
        return self.out(y * gate.permute(0, 2, 1))


class GatedResidual(nn.Module):
    """ELU, linear, GLU, residual, layer norm (temporal fusion transformer)."""

    def __init__(self, width=16, quiet=1.0):
        super().__init__()
        self.a, self.b, self.gate, self.norm, self.quiet = nn.Linear(width, 24), nn.Linear(24, width), nn.Linear(width, 2 * width), nn.LayerNorm(width), quiet

    def forward(self, x):
        x = x * self.quiet if self.quiet != 1.0 else x
        u, v = self.gate(self.b(F.elu(self.a(x)))).chunk(2, -1)
        return self.norm(x + u * torch.sigmoid(v))


class SpatialGate(nn.Module):
    """gMLP: half of the channels, mixed over frames, gates the other half."""

    def __init__(self, frames=12, width=14, inner=20):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(inner)
        self.up, self.mix, self.down = nn.Linear(width, 2 * inner), nn.Linear(frames, frames), nn.Linear(inner, width)
        with torch.no_grad():
            self.mix.bias.fill_(1.0)

    def forward(self, x):
        u, v = F.gelu(self.up(self.n1(x))).chunk(2, -1)
        v = self.mix(self.n2(v).permute(0, 2, 1)).permute(0, 2, 1)
        return x + self.down(u * v)


class QkNorm(nn.Module):
    """Attention of unit queries and keys with a temperature, RMS norm before it."""

    def __init__(self, width=16, heads=2, temperature=6.0, floor=1e-4, quiet=1.0):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.heads, self.temperature, self.floor, self.quiet = heads, temperature, floor, quiet

    def unit(self, x):
        return x * torch.rsqrt((x * x).sum(-1, keepdim=True) + self.floor)

    def forward(self, x):
        x = x * self.quiet if self.quiet != 1.0 else x
        y = x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.floor)
        split = lambda t: t.reshape(t.shape[1], self.heads, -1).permute(1, 0, 2)
        q, k, v = self.unit(split(self.q(y))), self.unit(split(self.k(y))), split(self.v(y))
        p = torch.softmax(torch.bmm(q, k.permute(0, 2, 1)) * self.temperature, -1)
        return x + self.o(torch.bmm(p, v).permute(1, 0, 2).reshape(x.shape))


class LatentQueries(nn.Module):
    """Learned queries read a sequence (Perceiver), then a feed-forward with GEGLU."""

    def __init__(self, width=16, queries=4, sharp=1.0):
        super().__init__()
        self.latent = nn.Parameter(R(1, queries, width) * sharp / width**0.5)
        self.k, self.v, self.up, self.down = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, 40), nn.Linear(20, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        p = torch.softmax(torch.bmm(self.latent, self.k(x).permute(0, 2, 1)), -1)
        y = torch.bmm(p, self.v(x))
        u, v = self.up(self.norm(y)).chunk(2, -1)
        return y + self.down(F.gelu(u) * v)


class Gru(nn.Module):
    """Three full steps of a GRU and a head."""

    def __init__(self, enter=8, width=12):
        super().__init__()
        self.x, self.h, self.out = nn.Linear(enter, 3 * width), nn.Linear(width, 3 * width), nn.Linear(width, 5)
        self.first = nn.Linear(enter, width)

    def forward(self, x):
        h = torch.tanh(self.first(x[:, 0]))
        for t in range(1, 3):
            xr, xz, xn = self.x(x[:, t]).chunk(3, -1)
            hr, hz, hn = self.h(h).chunk(3, -1)
            z = torch.sigmoid(xz + hz)
            n = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
            h = (1 - z) * n + z * h
        return self.out(h)


class NormLstm(nn.Module):
    """Two LSTM steps with layer norm of the gates' sums."""

    def __init__(self, enter=8, width=10):
        super().__init__()
        self.x, self.h, self.norm, self.out = nn.Linear(enter, 4 * width), nn.Linear(width, 4 * width), nn.LayerNorm(4 * width), nn.Linear(width, 5)

    def forward(self, x, h, c):
        for t in range(2):
            i, f, g, o = self.norm(self.x(x[:, t]) + self.h(h)).chunk(4, -1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.out(h)


class Sru(nn.Module):
    """Simple recurrent units: gates of the input only, the state without matrices, highway."""

    def __init__(self, width=12, steps=4):
        super().__init__()
        self.u, self.steps, self.out = nn.Linear(width, 3 * width), steps, nn.Linear(width, 6)

    def forward(self, x):
        c = None
        for t in range(self.steps):
            v, f, r = self.u(x[:, t]).chunk(3, -1)
            f, r = torch.sigmoid(f), torch.sigmoid(r)
            c = v - f * v if c is None else f * (c - v) + v
        return self.out(r * torch.tanh(c) + (1 - r) * x[:, self.steps - 1])


class Legendre(nn.Module):
    """A linear memory of four steps and a nonlinear read-out."""

    def __init__(self, enter=6, order=10, gain=0.4):
        super().__init__()
        self.a, self.b, self.read, self.out = nn.Linear(order, order, bias=False), nn.Linear(enter, order, bias=False), nn.Linear(order, 16), nn.Linear(16, 4)
        with torch.no_grad():
            self.a.weight.mul_(gain)

    def forward(self, x):
        m = self.b(x[:, 0])
        for t in range(1, 4):
            m = m + self.a(m) + self.b(x[:, t])
        return self.out(F.silu(self.read(m)))


class DynamicConv(nn.Module):
    """A softmax of the mean frame weighs three convolutions."""

    def __init__(self, channels=6, temperature=1.0):
        super().__init__()
        self.convs, self.route = nn.ModuleList(nn.Conv1d(channels, channels, 5, padding=2) for _ in range(3)), nn.Linear(channels, 3)
        self.temperature, self.out = temperature, nn.Conv1d(channels, 4, 3)

    def forward(self, x):
        w = torch.softmax(self.route(x.mean(-1)) * self.temperature, -1)
        y = sum(conv(x) * w[:, k:k + 1].reshape(-1, 1, 1) for k, conv in enumerate(self.convs))
        return self.out(F.relu(y))


class FourierMixer(nn.Module):
    """FNet: real part of a transform over frames and channels, then a feed-forward."""

    def __init__(self, frames=12, width=16):
        super().__init__()
        turn = lambda n, f: f(2 * math.pi * torch.outer(torch.arange(n), torch.arange(n)).float() / n) / n**0.5
        self.cw, self.sw, self.ct, self.st = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False), nn.Linear(frames, frames, bias=False), nn.Linear(frames, frames, bias=False)
        with torch.no_grad():
            for layer, n, f in ((self.cw, width, torch.cos), (self.sw, width, torch.sin), (self.ct, frames, torch.cos), (self.st, frames, torch.sin)):
                layer.weight.copy_(turn(n, f))
        self.n1, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, 32), nn.Linear(32, width)

    def forward(self, x):
        over = lambda layer, y: layer(y.permute(0, 2, 1)).permute(0, 2, 1)
        y = self.n1(x + over(self.ct, self.cw(x)) - over(self.st, self.sw(x)))
        return y + self.down(F.gelu(self.up(y)))


class MelCmn(nn.Module):
    """Log band energies less their mean over time, then a strided convolution."""

    def __init__(self, bins=30, bands=10, floor=1e-2, loud=1.0):
        super().__init__()
        self.bands, self.conv, self.floor, self.loud = nn.Linear(bins, bands, bias=False), nn.Conv1d(bands, 6, 3, stride=2), floor, loud
        with torch.no_grad():
            self.bands.weight.copy_(self.bands.weight.abs())

    def forward(self, x):
        x = x * self.loud if self.loud != 1.0 else x
        y = torch.log(self.bands(x * x) + self.floor)
        return F.relu(self.conv((y - y.mean(1, keepdim=True)).permute(0, 2, 1)))


class ReZero(nn.Module):
    """Residual branches times one learned small number each."""

    def __init__(self, width=18, alphas=(0.1, 0.1, 0.1)):
        super().__init__()
        self.a, self.b = (nn.ModuleList(nn.Linear(width, width) for _ in alphas) for _ in range(2))
        self.alphas, self.out = alphas, nn.Linear(width, 6)

    def forward(self, x):
        for a, b, alpha in zip(self.a, self.b, self.alphas, strict=True):
            x = x + alpha * b(F.silu(a(x)))
        return self.out(x)


class AutoEncoder(nn.Module):
    """Bottleneck of tanh, sigmoid at the end."""

    def __init__(self, width=24, code=5, gain=1.0):
        super().__init__()
        self.a, self.b, self.c, self.d, self.gain = nn.Linear(width, 16), nn.Linear(16, code), nn.Linear(code, 16), nn.Linear(16, width), gain

    def forward(self, x):
        return torch.sigmoid(self.d(F.gelu(self.c(torch.tanh(self.b(F.gelu(self.a(x))))))) * self.gain)


class Temperature(nn.Module):
    """Classifier whose logits meet a temperature before the softmax."""

    def __init__(self, width=16, classes=8, temperature=1.0, last=torch.softmax):
        super().__init__()
        self.a, self.b, self.sharp, self.last = nn.Linear(width, 24), nn.Linear(24, classes), 1 / temperature, last

    def forward(self, x):
        return self.last(self.b(F.gelu(self.a(x))) * self.sharp, -1)


class L1Norm(nn.Module):
    """Channels divided by the sum of their sizes, then a layer."""

    def __init__(self, width=16, small=1.0, floor=1e-3):
        super().__init__()
        self.a, self.out, self.small, self.floor = nn.Linear(width, 20), nn.Linear(20, 6), small, floor

    def forward(self, x):
        y = self.a(x) * self.small if self.small != 1.0 else self.a(x)
        return self.out(y * torch.reciprocal(y.abs().sum(-1, keepdim=True) + self.floor))


class Rectify(nn.Module):
    """Envelope by rectification and a slow filter; its logarithm is compressed."""

    def __init__(self, channels=6, length=15, quiet=1.0, floor=1e-2):
        super().__init__()
        self.slow, self.out, self.quiet, self.floor = nn.Conv1d(channels, channels, length, stride=5, groups=channels, bias=False), nn.Conv1d(channels, 5, 3), quiet, floor
        with torch.no_grad():
            self.slow.weight.fill_(1.0 / length)

    def forward(self, x):
        x = x * self.quiet if self.quiet != 1.0 else x
        return self.out(torch.log(self.slow(x.abs()) + self.floor))


class Tracker(nn.Module):
    """An exponential mean over frames, by which the signal is divided (adaptive gain)."""

    def __init__(self, width=10, keep=0.8, floor=1e-2, loud=1.0):
        super().__init__()
        self.keep, self.floor, self.loud, self.out = keep, floor, loud, nn.Linear(width, 5)

    def forward(self, x):
        x = x * self.loud if self.loud != 1.0 else x
        mean = x[:, 0].abs()
        for t in range(1, 4):
            mean = self.keep * mean + (1 - self.keep) * x[:, t].abs()
        return self.out(torch.tanh(x[:, 3] * torch.reciprocal(mean + self.floor)))


class Siamese(nn.Module):
    """Distance of two embeddings as a score: exp of minus the mean absolute difference."""

    def __init__(self, width=14, inner=12, sharp=1.0):
        super().__init__()
        self.a, self.b, self.sharp = nn.Linear(width, 20), nn.Linear(20, inner), sharp

    def forward(self, x, y):
        embed = lambda z: self.b(F.relu(self.a(z)))
        return torch.exp((embed(x) - embed(y)).abs().mean(-1, keepdim=True) * -self.sharp)


class StridedAttention(nn.Module):
    """Front end of stride 5, then self attention over the frames, mean and head: emg1 in small."""

    def __init__(self, electrodes=8, width=16, sharp=1.0, bias=None):
        super().__init__()
        self.front, self.qkv, self.o = nn.Conv1d(electrodes, width, 11, stride=5, padding=5), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norm, self.head, self.scale, self.bias = nn.LayerNorm(width), nn.Linear(width, 6), sharp / width**0.5, bias

    def forward(self, x):
        y = F.silu(self.front(x)).permute(0, 2, 1)
        q, k, v = self.qkv(self.norm(y)).chunk(3, -1)
        s = torch.bmm(q, k.permute(0, 2, 1)) * self.scale
        y = y + self.o(torch.bmm(torch.softmax(s if self.bias is None else s + self.bias, -1), v))
        return self.head(y.mean(1))


class SquaredRelu(nn.Module):
    """Feed-forward with the square of ReLU (Primer), RMS norm before it."""

    def __init__(self, width=16, inner=32):
        super().__init__()
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x):
        y = F.relu(self.up(x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-3)))
        return x + self.down(y * y)


class Volume(nn.Module):
    """A signal, its loudness told apart: direction and log of the norm, both to one layer."""

    def __init__(self, width=12, floor=1e-3, quiet=1.0):
        super().__init__()
        self.out, self.floor, self.quiet = nn.Linear(width + 1, 6), floor, quiet

    def forward(self, x):
        x = x * self.quiet if self.quiet != 1.0 else x
        energy = (x * x).sum(-1, keepdim=True) + self.floor
        return self.out(torch.cat([x * torch.rsqrt(energy), 0.5 * torch.log(energy)], -1))


def swept(count, low, high, *shape):
    """Signals whose loudness goes from 10^low to 10^high along their first axis."""
    loud = torch.logspace(low, high, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    return [(R(*shape) * loud,) for _ in range(count)]


def along(axis, value):
    """A bias of scores that forbids what is more than `axis` frames apart."""
    t = torch.arange(16)
    return (((t[:, None] - t[None]).abs() > axis) * value).float()[None]


FIRST = {
    # natural
    "extractor_quiet": lambda: Recipe(Extractor(quiet=0.01, floor=1e-6), (1, 6, 96), "group norm behind a quiet front end"),
    "log_power_quiet": lambda: Recipe(LogPower(quiet=0.05, floor=1e-6), (3, 6, 48), "log of the power of a quiet signal"),
    "log_power_swept": lambda: Recipe(LogPower(floor=1e-5), (8, 6, 48), "band power over 40 dB", samples=swept(3, -2, 0.3, 8, 6, 48)),
    "time_features_quiet": lambda: Recipe(TimeFeatures(quiet=0.01, floor=1e-8), (2, 8, 60), "root mean square of a quiet signal"),
    "hjorth_swept": lambda: Recipe(Hjorth(floor=1e-5), (6, 6, 40), "ratio of small variances", samples=swept(3, -1.7, 0.2, 6, 6, 40)),
    "covariance_default": lambda: Recipe(Covariance(gain=0.05), (2, 6, 50), "products of small signals, default floor", epsilon=DEFAULT),
    "time_depth_quiet": lambda: Recipe(TimeDepth(quiet=0.01), (1, 4, 14, 6), "layer norm of a quiet block"),
    "gated_residual_default": lambda: Recipe(GatedResidual(quiet=0.2), (10, 16), "layer norm, default floor", epsilon=DEFAULT),
    "qk_norm_quiet": lambda: Recipe(QkNorm(quiet=0.02), (1, 10, 16), "RMS norm of a quiet signal"),
    "latent_sharp": lambda: Recipe(LatentQueries(sharp=25.0), (1, 14, 16), "sharp queries"),
    "mel_cmn_loud": lambda: Recipe(MelCmn(loud=12.0, floor=1e-2), (1, 15, 30), "log energies of a loud signal",
                                   samples=[(s[0][None],) for s in swept(3, -1.5, 0.5, 15, 30)]),
    "rezero_default": lambda: Recipe(ReZero(alphas=(1e-3, 1e-3, 1e-3)), (12, 18), "branches of 1e-3, default floor", epsilon=DEFAULT),
    "autoencoder_loud": lambda: Recipe(AutoEncoder(gain=60.0), (12, 24), "sigmoid of large values"),
    "temperature_log": lambda: Recipe(Temperature(temperature=0.02, last=torch.log_softmax), (14, 16), "log softmax at a low temperature"),
    "l1_small": lambda: Recipe(L1Norm(small=0.003), (14, 16), "reciprocal of a small sum"),
    "attention_far": lambda: Recipe(StridedAttention(bias=along(3, -1e4)), (1, 8, 80), "attention with a band mask of -1e4"),
    # planted
    "subsampling_narrow": lambda: Recipe(Subsampling(), (1, 1, 20, 12), "range of the second ReLU times 0.3", plant=[("relu_1", 0.3)]),
    "resnet_wide": lambda: Recipe(ResNet1d(), (1, 8, 40), "range of the first sum times 600", plant=[("relu_1", 600.0)]),
    "spatial_gate_narrow": lambda: Recipe(SpatialGate(), (1, 12, 14), "range of the gated product times 0.3", plant=[("mul", 0.3)]),
    "gru_full_narrow": lambda: Recipe(Gru(), (6, 3, 8), "range of the candidate's input times 0.25", plant=[("add_1", 0.25)]),
    "norm_lstm_wide": lambda: Recipe(NormLstm(), [(4, 2, 8), (4, 10), (4, 10)], "range of a cell times 500", plant=[("add_1", 500.0)]),
    "inception_narrow": lambda: Recipe(Inception(), (1, 8, 40), "range of the residual sum times 0.4", plant=[("relu_1", 0.4)]),
    "strided_attention_wide": lambda: Recipe(StridedAttention(), (1, 8, 80), "range of the mixture times 600", plant=[("bmm_1", 600.0)]),
    "weights_legendre": lambda: Recipe(scaled(Legendre(), 30, lambda n: n.read), (6, 4, 6), "weights of one scale, a loud layer", per_channel=False),
    "input_burst": lambda: Recipe(Inception(), (1, 8, 40), "input of three times the calibration's size", inputs=(3 * R(1, 8, 40),)),
    # healthy
    "healthy_extractor": lambda: Recipe(Extractor(), (1, 6, 96), "strided convolutions, group norm, gelu"),
    "healthy_eegnet": lambda: Recipe(EegNet(), (1, 1, 8, 64), "EEGNet"),
    "healthy_log_power": lambda: Recipe(LogPower(floor=0.1), (3, 6, 48), "band power"),
    "healthy_covariance": lambda: Recipe(Covariance(), (2, 6, 50), "covariance of electrodes"),
    "healthy_time_depth": lambda: Recipe(TimeDepth(), (1, 4, 14, 6), "time-depth separable block"),
    "healthy_inception": lambda: Recipe(Inception(), (1, 8, 40), "convolutions of three lengths"),
    "healthy_channel_gate": lambda: Recipe(ChannelGate(), (1, 10, 30), "channel attention"),
    "healthy_spatial_gate": lambda: Recipe(SpatialGate(), (1, 12, 14), "gMLP"),
    "healthy_qk_norm": lambda: Recipe(QkNorm(), (1, 10, 16), "attention of unit vectors"),
    "healthy_gru_full": lambda: Recipe(Gru(), (6, 3, 8), "three GRU steps"),
    "healthy_norm_lstm": lambda: Recipe(NormLstm(), [(4, 2, 8), (4, 10), (4, 10)], "LSTM steps with layer norm"),
    "healthy_strided_attention": lambda: Recipe(StridedAttention(), (1, 8, 80), "front end and attention"),
}

SECOND = {
    # natural
    "rectify_quiet": lambda: Recipe(Rectify(quiet=0.02, floor=1e-4), (1, 6, 90), "log envelope of a quiet signal"),
    "tracker_loud": lambda: Recipe(Tracker(loud=0.01, floor=1e-4), (8, 4, 10), "adaptive gain of a quiet signal"),
    "siamese_sharp": lambda: Recipe(Siamese(sharp=40.0), [(20, 14), (20, 14)], "exp of large negative distances"),
    "volume_swept": lambda: Recipe(Volume(floor=1e-4), (16, 12), "direction and loudness over 46 dB", samples=swept(3, -2, 0.3, 16, 12)),
    "squared_default": lambda: Recipe(SquaredRelu(width=40), (1, 8, 40), "RMS norm and squares, default floor", epsilon=DEFAULT),
    "dynamic_sharp": lambda: Recipe(DynamicConv(temperature=60.0), (1, 6, 40), "sharp routing"),
    "temperature_sharp": lambda: Recipe(Temperature(temperature=0.05), (14, 16), "softmax at a low temperature"),
    # planted
    "sru_wide": lambda: Recipe(Sru(), (8, 4, 12), "range of a state times 700", plant=[("add_1", 700.0)]),
    "legendre_narrow": lambda: Recipe(Legendre(), (6, 4, 6), "range of a memory times 0.35", plant=[("add_3", 0.35)]),
    "eegnet_narrow": lambda: Recipe(EegNet(), (1, 1, 8, 64), "range of the first ELU times 0.4", plant=[("elu", 0.4)]),
    "channel_gate_wide": lambda: Recipe(ChannelGate(), (1, 10, 30), "range of the gated features times 500", plant=[("mul", 500.0)]),
    "fourier_mixer_narrow": lambda: Recipe(FourierMixer(), (1, 12, 16), "range of the mixed sum times 0.4", plant=[("sub", 0.4)]),
    # healthy
    "healthy_sru": lambda: Recipe(Sru(), (8, 4, 12), "simple recurrent units"),
    "healthy_legendre": lambda: Recipe(Legendre(), (6, 4, 6), "linear memory"),
    "healthy_dynamic": lambda: Recipe(DynamicConv(), (1, 6, 40), "weighted convolutions"),
    "healthy_fourier_mixer": lambda: Recipe(FourierMixer(), (1, 12, 16), "FNet"),
    "healthy_rectify": lambda: Recipe(Rectify(), (1, 6, 90), "log envelope"),
    "healthy_tracker": lambda: Recipe(Tracker(), (8, 4, 10), "adaptive gain"),
    "healthy_siamese": lambda: Recipe(Siamese(), [(20, 14), (20, 14)], "distance of embeddings"),
    "healthy_resnet": lambda: Recipe(ResNet1d(), (1, 8, 40), "residual convolutions"),
}

PARTS = FIRST, SECOND
RECIPES = FIRST | SECOND
