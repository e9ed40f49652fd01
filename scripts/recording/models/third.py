"""A third set, made after diagnose was tuned by the first two: other kinds of networks, other seeds."""
import torch

import third_nets as nets
from first import DEFAULT, Recipe, scaled

R = torch.randn

RECIPES = {
    # natural
    "linear_attention_loud": lambda: Recipe(nets.LinearAttention(loud=12.0), (1, 10, 16), "linear attention, loud features"),
    "mixer_quiet": lambda: Recipe(nets.Mixer(quiet=0.02), (1, 12, 20), "two layer norms of a quiet signal"),
    "mixer_default": lambda: Recipe(nets.Mixer(width=22), (1, 12, 22), "two layer norms, default floor", epsilon=DEFAULT),
    "pool_sharp": lambda: Recipe(nets.AttentivePool(sharp=12.0), (1, 30, 16), "sharp attentive pooling"),
    "cosine_quiet": lambda: Recipe(nets.Cosine(quiet=0.02), (16, 20), "cosine of short vectors"),
    "energy_hot": lambda: Recipe(nets.LogSumExp(hot=5.0), (16, 16), "log of a sum of large exponentials"),
    "fourier_wide": lambda: Recipe(nets.Fourier(wide=60.0), (16, 12), "cosine over many turns"),
    "cmvn_offset": lambda: Recipe(nets.Cmvn(offset=120.0), (1, 8, 40), "a large offset taken off"),
    "cmvn_quiet": lambda: Recipe(nets.Cmvn(quiet=0.03, floor=1e-5), (1, 8, 40), "deviation of a quiet signal"),
    "bilinear_floor": lambda: Recipe(scaled(nets.Bilinear(spread=0.01), 0.02, lambda n: n.left), [(16, 14), (16, 14)],
                                     "a small product at the floor"),
    # planted
    "wave_narrow": lambda: Recipe(nets.WaveBlock(), (1, 12, 40), "range of the first tanh's input times 0.3", plant=[("conv1d", 0.3)]),
    "wave_skip_wide": lambda: Recipe(nets.WaveBlock(), (1, 12, 40), "range of a skip sum times 400", plant=[("add_3", 400.0)]),
    "rotary_wide": lambda: Recipe(nets.Rotary(), (1, 10, 16), "range of one product times 500", plant=[("mul_1", 500.0)]),
    "film_narrow": lambda: Recipe(nets.Film(), [(1, 4, 30), (1, 6)], "range of the modulated features times 0.35", plant=[("mul", 0.35)]),
    "highway_wide": lambda: Recipe(nets.Highway(), (8, 20), "range of 1 - gate times 300", plant=[("sub", 300.0)]),
    "state_narrow": lambda: Recipe(nets.StateSpace(), (6, 4, 12), "range of a state times 0.4", plant=[("add_1", 0.4)]),
    "spotter_wide": lambda: Recipe(nets.Spotter(), (1, 1, 24, 20), "range of the pointwise convolution times 900", plant=[("relu_2", 900.0)]),
    # healthy
    "healthy_linear_attention": lambda: Recipe(nets.LinearAttention(), (1, 10, 16), "linear attention"),
    "healthy_wave": lambda: Recipe(nets.WaveBlock(), (1, 12, 40), "gated dilated convolutions"),
    "healthy_rotary": lambda: Recipe(nets.Rotary(), (1, 10, 16), "rotary positions"),
    "healthy_highway": lambda: Recipe(nets.Highway(), (8, 20), "highway layers"),
    "healthy_fourier": lambda: Recipe(nets.Fourier(), (16, 12), "Fourier features"),
    "healthy_cubic": lambda: Recipe(nets.Cubic(), (1, 1, 60), "cubic distortion"),
    "healthy_state": lambda: Recipe(nets.StateSpace(), (6, 4, 12), "state space"),
}
