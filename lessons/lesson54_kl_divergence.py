"""
Lesson 54: how far apart two distributions are (KL散度)
=======================================================

The KL divergence, the JS divergence and the Wasserstein distance (W) measure how far
apart two distributions are. They differ most where the distributions hardly overlap.

:Notes: KL散度
:Needs: lesson 25
:Run: ``python lessons/lesson54_kl_divergence.py``
"""

import math

import torch
from matplotlib import pyplot as plt
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from utils import show

torch.manual_seed(0)

# %%
# Three measures
# --------------
# A distribution (分布) is here a vector of probabilities, one for each point of a line.
# The KL divergence (KL散度, relative entropy) is the extra surprise of someone who
# expects q while p is true. The JS divergence (JS散度) is the mean KL divergence of
# both from their mixture m.
#
# .. math::
#    KL(p, q) = \sum_i p_i \log \frac{p_i}{q_i} \qquad
#    JS(p, q) = \tfrac12 KL(p, m) + \tfrac12 KL(q, m), \quad m = \tfrac12 (p + q)
#
# The Wasserstein distance (Wasserstein 距离) is the least work that moves p onto q:
# mass times distance (距离). On a line it is the area between the two cumulative
# distributions (累积分布). ``xlogy(p, q)`` is p·log q, and zero where p is zero.

step = 0.01
x = torch.arange(-800, 1600, dtype=torch.float64) * step


def kl(p, q):
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum()


def js(p, q):
    m = (p + q) / 2
    return (kl(p, m) + kl(q, m)) / 2


def wasserstein(p, q):
    return (p.cumsum(0) - q.cumsum(0)).abs().sum() * step


# %%
# Two Gaussians (正态分布), in both orders:


def gaussian(mean, std):
    """The probabilities of all points, with a sum of 1."""
    return torch.softmax(Normal(mean, std).log_prob(x), dim=0)


p, q = gaussian(0.0, 1.0), gaussian(1.0, 2.0)
print(f"p to q: KL {kl(p, q):.3f}, JS {js(p, q):.3f}, W {wasserstein(p, q):.3f}")
#: p to q: KL 0.443, JS 0.128, W 1.167
print(f"q to p: KL {kl(q, p):.3f}, JS {js(q, p):.3f}, W {wasserstein(q, p):.3f}")
#: q to p: KL 1.307, JS 0.128, W 1.167

# %%
# The notes say that KL is not symmetric, and that JS and W are symmetric. The numbers
# confirm it.
#
# The notes say that KL is a measure of distance. In fact a distance satisfies the
# triangle inequality (三角不等式): a detour through a third point is never shorter. KL
# violates it. W and the square root of JS satisfy it.

a, b, c = gaussian(0.0, 1.0), gaussian(1.0, 1.0), gaussian(2.0, 1.0)
print(f"KL: a to c {kl(a, c):.1f}, a to b to c {kl(a, b) + kl(b, c):.1f}")
#: KL: a to c 2.0, a to b to c 1.0
print(f"W: a to c {wasserstein(a, c):.1f}", end=", ")
#: W: a to c 2.0,
print(f"a to b to c {wasserstein(a, b) + wasserstein(b, c):.1f}")
#: a to b to c 2.0

# %%
# Moving apart
# ------------
# A narrow bump p moves away from a wide bump q. Both are zero outside their edges: q
# reaches 3 to each side, and p reaches 1. From a shift (平移) of 2 on, a part of p lies
# outside q. From a shift of 4 on, they do not overlap. Two Gaussians are compared with
# them, which have no edges.


def bump(width):
    """A smooth hill around x = 0, with a sum of 1."""
    hill = torch.where(x.abs() < width / 2, 1 + torch.cos(2 * torch.pi * x / width), 0)
    return hill / hill.sum()


def move_apart(p, q):
    """The three measures for shifts of p from 0 to 6, in steps of 0.1."""
    curves = {"KL(p, q)": [], "JS": [], "W": []}
    for i in range(61):
        moved = p.roll(10 * i)  # 10 points are 0.1
        curves["KL(p, q)"].append(kl(moved, q).item())
        curves["JS"].append(js(moved, q).item())
        curves["W"].append(wasserstein(moved, q).item())
    return curves


# %%
# The three measures at some shifts:

shifts = [i / 10 for i in range(61)]
curves = {
    "bumps": move_apart(bump(width=2), bump(width=6)),
    "Gaussians": move_apart(gaussian(0.0, 1.0), gaussian(0.0, 1.0)),
}
for title, values in curves.items():
    print(title)
    for i in 0, 10, 20, 21, 40, 60:
        row = ", ".join(f"{name} {values[name][i]:.3f}" for name in values)
        print(f"  shift {shifts[i]}: {row}")
#: bumps
#:   shift 0.0: KL(p, q) 0.749, JS 0.219, W 0.595
#:   shift 1.0: KL(p, q) 1.049, JS 0.292, W 1.047
#:   shift 2.0: KL(p, q) 2.274, JS 0.494, W 2.000
#:   shift 2.1: KL(p, q) inf, JS 0.517, W 2.100
#:   shift 4.0: KL(p, q) inf, JS 0.693, W 4.000
#:   shift 6.0: KL(p, q) inf, JS 0.693, W 6.000
#: Gaussians
#:   shift 0.0: KL(p, q) 0.000, JS 0.000, W 0.000
#:   shift 1.0: KL(p, q) 0.500, JS 0.111, W 1.000
#:   shift 2.0: KL(p, q) 2.000, JS 0.337, W 2.000
#:   shift 2.1: KL(p, q) 2.205, JS 0.359, W 2.100
#:   shift 4.0: KL(p, q) 8.000, JS 0.633, W 4.000
#:   shift 6.0: KL(p, q) 18.000, JS 0.689, W 6.000
print("KL(q, p) of the bumps, not shifted:", kl(bump(width=6), bump(width=2)).item())
#: KL(q, p) of the bumps, not shifted: inf

# %%
# Drawn: the three measures over the shift.

figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
titles = ["a narrow bump leaves a wide one", "two Gaussians of standard deviation 1"]
for ax, title, values in zip(axes, titles, curves.values(), strict=True):
    for name, heights in values.items():
        ax.plot(shifts, heights, label=name)
    ax.axhline(math.log(2), color="gray", linestyle=":", label="log 2")
    ax.set(title=title, xlabel="shift", ylim=(0, 6.5))
axes[0].axvspan(2.05, 6, color="C0", alpha=0.1, label="KL(p, q) infinite")
axes[0].set_ylabel("how far apart")
axes[0].legend(loc="upper left")
show("moving_apart")

# %%
# The notes say that KL is infinite, or has no meaning, where the two do not overlap. In
# fact KL(p, q) is infinite earlier: as soon as p has any mass where q has none. KL(q,
# p) is infinite without any shift, because q is wider than p. With Gaussians KL stays
# finite. There it grows with the square of the shift.
#
# JS reaches log 2 where the overlap ends, and stays there. So it has no slope, and
# gradient descent has no direction. W goes on growing. These two facts are the subject
# of lessons 57 (GAN) and 58 (WGAN). Lesson 56 trains with the KL divergence.
#
# ``F.kl_div``: order and logarithm
# ---------------------------------
# KL(p, q) is ``F.kl_div(q.log(), p)``. The first argument is the prediction of the
# network, as logarithms. The second argument is the target, as probabilities. So both
# the order and the logarithm differ from the formula, and a mistake gives no error.

p = torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]])  # [b, k]
q = torch.tensor([[0.1, 0.1, 0.8], [0.2, 0.5, 0.3]])
print(f"KL(p, q) {kl(p, q):.3f}, F.kl_div {F.kl_div(q.log(), p, reduction='sum'):.3f}")
#: KL(p, q) 1.376, F.kl_div 1.376
print(f"order of the formula {F.kl_div(p.log(), q, reduction='sum'):.3f}")
#: order of the formula 1.488
print(f"no logarithm {F.kl_div(q, p, reduction='sum'):.3f}, and KL is never negative")
#: no logarithm -2.391, and KL is never negative

# %%
# ``reduction="batchmean"`` divides by the number of samples b. The default, ``"mean"``,
# divides by all b·k elements, and PyTorch warns about that. With ``log_target=True``
# the target is given as logarithms, too, which do not underflow (下溢).

mean = F.kl_div(q.log(), p, reduction="batchmean")
logs = F.kl_div(q.log(), p.log(), reduction="batchmean", log_target=True)
print(f"a sample {kl(p, q) / 2:.3f}, batchmean {mean:.3f}, log_target {logs:.3f}")
#: a sample 0.688, batchmean 0.688, log_target 0.688

# %%
# Gaussians: a formula and a sample
# ---------------------------------
# KL of p = N(μ₁, σ₁) and q = N(μ₂, σ₂) has a formula (σ is the standard deviation, 标准
# 差):
#
# .. math::
#    KL(p, q) = \log\frac{\sigma_2}{\sigma_1} +
#    \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2 \sigma_2^2} - \frac12

p, q = Normal(0.0, 1.0), Normal(1.0, 2.0)
squares = p.stddev**2 + (p.mean - q.mean) ** 2
formula = torch.log(q.stddev / p.stddev) + squares / (2 * q.stddev**2) - 1 / 2
print(f"formula {formula:.4f}, torch {kl_divergence(p, q):.4f}")
#: formula 0.4431, torch 0.4431

# %%
# Most distributions have no such formula. The Monte Carlo method (蒙特卡洛方法) uses
# the definition: draw n samples x from p, and take the mean of log p(x) - log q(x). Its
# standard error (标准误差) is the standard deviation of the n terms divided by √n.

errors = []
for n in 100, 10_000, 1_000_000:
    samples = p.sample((n,))  # [n]
    terms = p.log_prob(samples) - q.log_prob(samples)  # [n]
    standard_error = terms.std() / n**0.5
    errors.append(((terms.mean() - formula) / standard_error).item())
    print(f"n = {n}: within 4 standard errors of the formula: {abs(errors[-1]) < 4}")
#: n = 100: within 4 standard errors of the formula: True
#: n = 10000: within 4 standard errors of the formula: True
#: n = 1000000: within 4 standard errors of the formula: True

# %%
# Cross entropy = entropy + KL
# ----------------------------
# The cross entropy (交叉熵) of lesson 25 is the entropy (熵) of the targets plus the KL
# divergence. Training does not change the targets, so less cross entropy means less KL.
# One-hot targets have the entropy 0. There the cross entropy is the KL divergence.
# Other targets have an entropy above 0, and no network has a smaller cross entropy.

logits = torch.tensor([[2.0, -1.0, 0.5]])
for p in torch.tensor([[0.7, 0.2, 0.1]]), torch.tensor([[1.0, 0.0, 0.0]]):
    entropy = torch.special.entr(p).sum()
    divergence = F.kl_div(F.log_softmax(logits, dim=1), p, reduction="batchmean")
    cross_entropy = F.cross_entropy(logits, p)  # takes probabilities as targets, too
    print(f"{entropy:.3f} + {divergence:.3f} = {cross_entropy:.3f}")
#: 0.802 + 0.189 = 0.991
#: 0.000 + 0.241 = 0.241

# %%
# Try it
# ------
# ``python check.py 54`` checks the function that is named here.
#
# - Predict KL of two Gaussians at a shift of 5 from its value at 4.
# - Change the given ``kl_loss``, which lacks a logarithm, until no result is negative.
# - Build the slopes of JS and W over the shift. Which one leads the bump back from 5?
