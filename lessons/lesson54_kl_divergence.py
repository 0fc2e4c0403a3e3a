"""
Lesson 54: how far apart two distributions are (KL散度)
=======================================================

Relative entropy (KL), its symmetric sister (JS) and the Wasserstein distance (W) are
three answers to one question. They differ most where distributions hardly overlap.

:Notes: KL散度
:Needs: lesson 25
:Run: ``python lessons/lesson54_kl_divergence.py``
"""

import itertools
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
# A distribution is a vector of probabilities on a line of points.
#
# .. math::
#    KL(p, q) = \sum_i p_i \log \frac{p_i}{q_i} \qquad
#    JS(p, q) = \tfrac12 KL(p, m) + \tfrac12 KL(q, m), \quad m = \tfrac12 (p + q)
#
# KL is the extra surprise of someone who expects q and sees p. W is the work of
# carrying p over to q, mass times way; on a line it is the area between the two
# cumulative distributions. ``xlogy(p, q)`` is p·log q, and zero where p is zero.

step = 0.01
x = torch.arange(-800, 1600, dtype=torch.float64) * step


def kl(p, q):
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum()


def js(p, q):
    m = (p + q) / 2
    return (kl(p, m) + kl(q, m)) / 2


def wasserstein(p, q):
    return (p.cumsum(0) - q.cumsum(0)).abs().sum() * step


def gaussian(mean, std):
    return torch.softmax(Normal(mean, std).log_prob(x), dim=0)


p, q = gaussian(0.0, 1.0), gaussian(1.0, 2.0)
print(f"p to q: KL {kl(p, q):.3f}, JS {js(p, q):.3f}, W {wasserstein(p, q):.3f}")
#: p to q: KL 0.443, JS 0.128, W 1.167
print(f"q to p: KL {kl(q, p):.3f}, JS {js(q, p):.3f}, W {wasserstein(q, p):.3f}")
#: q to p: KL 1.307, JS 0.128, W 1.167

# %%
# KL depends on the order; JS and W do not. The notes say that KL measures a distance.
# With a distance no way over a third point is shorter than the straight one. With KL it
# can be; with W and the root of JS it cannot.

a, b, c = gaussian(0.0, 1.0), gaussian(1.0, 1.0), gaussian(2.0, 1.0)
print(f"KL: a to c {kl(a, c):.1f}, by way of b {kl(a, b) + kl(b, c):.1f}")
#: KL: a to c 2.0, by way of b 1.0

# %%
# Moving apart
# ------------
# A narrow bump p moves out of a wide bump q, both of them zero beyond their edges: q
# reaches 3 to each side and p reaches 1, so that p begins to stick out at a shift of 2
# and has left q at a shift of 4. For comparison two Gaussians, which end nowhere.


def bump(width):
    """A smooth hill around x = 0, with a sum of 1."""
    hill = torch.where(x.abs() < width / 2, 1 + torch.cos(2 * torch.pi * x / width), 0)
    return hill / hill.sum()


pairs = {
    "a narrow bump leaves a wide one": (bump(width=2), bump(width=6)),
    "two Gaussians of standard deviation 1": (gaussian(0.0, 1.0), gaussian(0.0, 1.0)),
}
measures = {"KL(p, q)": kl, "JS": js, "W": wasserstein}
shifts, curves = [i / 10 for i in range(61)], {}
figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
for ax, (title, (p, q)) in zip(axes, pairs.items(), strict=True):
    moved = [p.roll(10 * i) for i in range(61)]  # 10 points are 0.1
    values = {name: [f(p, q).item() for p in moved] for name, f in measures.items()}
    curves[title] = values
    print(title)
    for i in 0, 10, 20, 21, 40, 60:
        print(f"  shift {shifts[i]}:", *(f"{k} {y[i]:.3f}" for k, y in values.items()))
    for name, y in values.items():
        ax.plot(shifts, y, label=name)
    ax.axhline(math.log(2), color="gray", linestyle=":", label="log 2")
    ax.set(title=title, xlabel="shift", ylabel="how far apart", ylim=(0, 6.5))
#: a narrow bump leaves a wide one
#:   shift 0.0: KL(p, q) 0.749 JS 0.219 W 0.595
#:   shift 1.0: KL(p, q) 1.049 JS 0.292 W 1.047
#:   shift 2.0: KL(p, q) 2.274 JS 0.494 W 2.000
#:   shift 2.1: KL(p, q) inf JS 0.517 W 2.100
#:   shift 4.0: KL(p, q) inf JS 0.693 W 4.000
#:   shift 6.0: KL(p, q) inf JS 0.693 W 6.000
#: two Gaussians of standard deviation 1
#:   shift 0.0: KL(p, q) 0.000 JS 0.000 W 0.000
#:   shift 1.0: KL(p, q) 0.500 JS 0.111 W 1.000
#:   shift 2.0: KL(p, q) 2.000 JS 0.337 W 2.000
#:   shift 2.1: KL(p, q) 2.205 JS 0.359 W 2.100
#:   shift 4.0: KL(p, q) 8.000 JS 0.633 W 4.000
#:   shift 6.0: KL(p, q) 18.000 JS 0.689 W 6.000
axes[0].axvspan(2.05, 6, color="C0", alpha=0.1, label="KL(p, q) infinite")
axes[0].legend(loc="upper left")
show("moving_apart")
print("KL(q, p) of the bumps, not shifted:", kl(bump(width=6), bump(width=2)).item())
#: KL(q, p) of the bumps, not shifted: inf

# %%
# The notes say that KL is infinite where the two do not overlap. It is so earlier: as
# soon as p has any mass where q has none. KL(q, p) is infinite from the start, since q
# is the wider one. With Gaussians KL stays finite and grows with the square of the
# shift. JS stays at log 2 where the overlap has ended; W goes on growing.
#
# ``F.kl_div``: order and logarithm
# ---------------------------------
# KL(p, q) is ``F.kl_div(q.log(), p)``: first what a network says, as logarithms, then
# the target, as probabilities. Both habits of the formula lead astray. ``batchmean``
# divides by the samples b; the default, ``mean``, by all b·k elements, and torch warns
# of it. ``log_target=True`` takes logarithms of the target, too: they do not underflow.

p = torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]])  # [b, k]
q = torch.tensor([[0.1, 0.1, 0.8], [0.2, 0.5, 0.3]])
print(f"KL(p, q) {kl(p, q):.3f}, F.kl_div {F.kl_div(q.log(), p, reduction='sum'):.3f}")
#: KL(p, q) 1.376, F.kl_div 1.376
print(f"order of the formula {F.kl_div(p.log(), q, reduction='sum'):.3f}")
#: order of the formula 1.488
print(f"no logarithm {F.kl_div(q, p, reduction='sum'):.3f}, and KL is never negative")
#: no logarithm -2.391, and KL is never negative
mean = F.kl_div(q.log(), p, reduction="batchmean")
logs = F.kl_div(q.log(), p.log(), reduction="batchmean", log_target=True)
print(f"a sample {kl(p, q) / 2:.3f}, batchmean {mean:.3f}, log_target {logs:.3f}")
#: a sample 0.688, batchmean 0.688, log_target 0.688

# %%
# Gaussians: a formula, and a sample
# ----------------------------------
# KL of p = N(μ₁, σ₁) from q = N(μ₂, σ₂) is log(σ₂/σ₁) + (σ₁² + (μ₁ - μ₂)²) / 2σ₂² - ½.
# Most distributions have no such formula, but there is the definition: the mean of
# log p(x) - log q(x) over samples x from p. Its standard error is the standard
# deviation of these n terms divided by √n.

p, q = Normal(0.0, 1.0), Normal(1.0, 2.0)
variances = (p.stddev / q.stddev) ** 2 + ((p.mean - q.mean) / q.stddev) ** 2
closed = (torch.log(q.stddev / p.stddev) + variances / 2 - 1 / 2).item()
print(f"formula {closed:.4f}, torch {kl_divergence(p, q):.4f}")
#: formula 0.4431, torch 0.4431
errors = []
for n in 100, 10_000, 1_000_000:
    samples = p.sample((n,))
    terms = p.log_prob(samples) - q.log_prob(samples)  # [n]
    errors.append((terms.mean().item() - closed) / (terms.std().item() / n**0.5))
    print(f"n = {n}: within 4 standard errors of it: {abs(errors[-1]) < 4}")
#: n = 100: within 4 standard errors of it: True
#: n = 10000: within 4 standard errors of it: True
#: n = 1000000: within 4 standard errors of it: True

# %%
# Which order to choose
# ---------------------
# One Gaussian q is fitted to a p of two hills, from two starts. KL(p, q) fines q for
# leaving out what p has: q covers both hills. KL(q, p) fines q for having what p has
# not: q takes the hill nearer to its start. (Between the hills it may be caught.)

p = (gaussian(1.0, 0.7) + gaussian(6.0, 0.7)) / 2
plt.figure(figsize=(8, 4))
plt.fill_between(x, p / step, color="lightgray", label="p")
plt.gca().set(xlim=(-4, 11), xlabel="x", ylabel="density")
fits = {}
for order, start in itertools.product(["KL(p, q)", "KL(q, p)"], [2, 5]):
    parameters = torch.tensor([start, 0.0], requires_grad=True)
    optimizer = torch.optim.Adam([parameters], lr=0.1)
    for _ in range(150):
        mean, std = parameters[0], parameters[1].exp()
        log_q = torch.log_softmax(Normal(mean, std).log_prob(x), dim=0)
        log_pair = (log_q, p.log()) if order == "KL(p, q)" else (p.log(), log_q)
        loss = F.kl_div(*log_pair, reduction="sum", log_target=True)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    fits[order, start] = mean.item(), std.item()
    print(f"{order} from {start}: mean {mean:.1f}, standard deviation {std:.1f}")
    style, label = {2: "-", 5: "--"}[start], f"q by {order} from {start}"
    plt.plot(x, log_q.detach().exp() / step, style, label=label)
#: KL(p, q) from 2: mean 3.5, standard deviation 2.6
#: KL(p, q) from 5: mean 3.5, standard deviation 2.6
#: KL(q, p) from 2: mean 1.0, standard deviation 0.7
#: KL(q, p) from 5: mean 6.0, standard deviation 0.7
plt.legend()
show("which_order")

# %%
# Cross entropy = entropy + KL
# ----------------------------
# Training does not change the entropy of the targets, so that less cross entropy is
# less KL. One-hot targets have no entropy: there the loss of lesson 25 is KL itself.
# Soft targets leave a floor below which no network gets.

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
# - Predict KL of two Gaussians at a shift of 5 from its value at 4.
# - Change a start of the fit to 3.4. Is KL(q, p) there as low as on a hill?
# - Build the slopes of JS and W over the shift. Which pulls the bump back from 5?
