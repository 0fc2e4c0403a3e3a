"""
Lesson 58: a critic that measures a distance (WGAN-GP)
======================================================

The discriminator's JS is almost constant where real and generated samples lie far
apart. A critic estimates the Wasserstein distance W instead. W also has a slope there.

:Notes: none; an addition
:Needs: lessons 54 and 57
:Run: ``python lessons/lesson58_wgan.py``
"""

import math

import torch
from matplotlib import pyplot as plt
from scipy.optimize import linear_sum_assignment
from torch import nn, optim
from torch.nn import functional as F

from utils import settings, show, stop_if_not_finite

opt = settings(
    critic_steps=300,
    part_steps=100,
    batch_size=256,
    penalty=1.0,
    seeds=3,
    quick={"critic_steps": 20, "part_steps": 2, "seeds": 1},
)
torch.manual_seed(opt.seed)

# %%
# The distance of two samples
# ---------------------------
# W is the work of carrying one distribution over to the other (lesson 54). Two samples
# of n points each have the mass 1/n at each point. An assignment (指派) carries every
# point of one sample to one point of the other. W is the mean distance of the best
# assignment. Three points have six assignments, and the loops try all of them.


def wasserstein_by_loops(x, y):
    """x and y [3, d] => the smallest mean distance of an assignment."""
    distances = torch.cdist(x, y)  # [3, 3]
    smallest = math.inf
    for i in range(3):  # point 0 of x goes to i, 1 to j, 2 to k
        for j in range(3):
            for k in range(3):
                if i != j and i != k and j != k:
                    total = distances[0, i] + distances[1, j] + distances[2, k]
                    smallest = min(smallest, total.item() / 3)
    return smallest


# %%
# n points have n! = 1 · 2 · ... · n assignments. For 200 points these are too many to
# try. ``linear_sum_assignment`` of SciPy finds the best one without trying all of them.


def wasserstein(x, y):
    """The exact W of two samples [n, d]."""
    distances = torch.cdist(x, y).cpu().numpy()  # [n, n]
    rows, columns = linear_sum_assignment(distances)
    return distances[rows, columns].mean().item()


x, y = torch.randn(3, 2), torch.randn(3, 2)
by_loops, library = wasserstein_by_loops(x, y), wasserstein(x, y)
exact_equal = abs(by_loops - library) < 1e-6
print(f"by loops {by_loops:.4f}, SciPy {library:.4f}")
#: by loops 1.4311, SciPy 1.4311

# %%
# The critic
# ----------
# An assignment belongs to two samples, and each new batch needs a new one. There is a
# second way to W: a function that goes on learning from batch to batch. Let f be any
# function whose slope is at most 1 everywhere. Such a function is called 1-Lipschitz
# (利普希茨). Then
#
# .. math:: W(p, q) = \max_f \; E_{x \sim p}[f(x)] - E_{y \sim q}[f(y)]
#
# The network that is trained to be f is called the critic (评论家). It has no sigmoid,
# since its output is not a probability. The limit on the slope is necessary: without
# it, 2f would double the difference, so there would be no maximum.

# %%
# The gradient penalty
# --------------------
# WGAN-GP adds a term to the loss that keeps the slope near 1, the gradient penalty
# (梯度惩罚). m are random points on the lines between real and generated points. λ is
# the weight of the penalty:
#
# .. math:: \lambda \, E_m\big[(\lVert \nabla f(m) \rVert - 1)^2\big]
#
# A gradient is part of this loss, and training needs the gradient of the loss.
# ``create_graph=True`` keeps the graph of the first gradient, so that the second one
# can be computed.


def gradient_penalty(critic, x, y):
    share = torch.rand(len(x), 1, device=x.device)  # of x in each mixture
    m = (share * x + (1 - share) * y).requires_grad_()  # [b, d]
    gradient = torch.autograd.grad(critic(m).sum(), m, create_graph=True)[0]  # [b, d]
    return ((gradient.norm(dim=1) - 1) ** 2).mean()


# %%
# A linear critic f(x) = w·x is simple enough for a formula. Its gradient is w at each
# point, so the penalty is ``(|w| - 1)²``. The derivative of the penalty is
# ``2 (|w| - 1) w / |w|``.

critic = nn.Linear(2, 1)
w = critic.weight  # [1, 2]
x, y = torch.randn(8, 2), torch.randn(8, 2)
penalty = gradient_penalty(critic, x, y)
slope = torch.autograd.grad(penalty, w)[0]
length = w.detach().norm()
formula = 2 * (length - 1) * w.detach() / length
penalty_equal = torch.allclose(penalty, (length - 1) ** 2, atol=1e-6)
slope_equal = torch.allclose(slope, formula, atol=1e-6)
print(
    "penalty equal to the formula:", penalty_equal, "and its derivative:", slope_equal
)
#: penalty equal to the formula: True and its derivative: True

# %%
# Clipping
# --------
# The first WGAN limits the slope in a simpler way. Each weight is clipped (截断) to a
# small interval after every step. That limits the slope, too, but the value of this
# limit is unknown. Clipping is the control for the penalty. ``layers`` makes the
# networks of this lesson.


def clip_weights(critic, limit):
    with torch.no_grad():
        for weight in critic.parameters():
            weight.clamp_(-limit, limit)


def layers(inputs, outputs, width=64):
    return nn.Sequential(
        nn.Linear(inputs, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, outputs),
    ).to(opt.device)


# %%
# The estimate and the exact distance
# -----------------------------------
# Two samples of 256 points come from two Gaussians with a standard deviation of ½. The
# second Gaussian is shifted, and each shift gives a new pair of samples. A critic is
# trained on each pair.


def critic_loss(critic, x, y, kind, weight):
    """What a critic minimises: minus its estimate of W, and the penalty."""
    loss = critic(y).mean() - critic(x).mean()
    if kind == "penalty":
        loss = loss + weight * gradient_penalty(critic, x, y)
    return loss


# %%
# In this experiment λ is 10, and clipped weights lie between -0.1 and 0.1. With another
# limit or learning rate, the clipped critic has other estimates.


def train_critic(x, y, kind):
    critic = layers(2, 1)
    optimizer = optim.Adam(critic.parameters(), lr=0.005, betas=(0.5, 0.9))
    scheduler = optim.lr_scheduler.LinearLR(optimizer, 1, 0.01, opt.critic_steps)
    for _ in range(opt.critic_steps):
        loss = critic_loss(critic, x, y, kind, weight=10.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if kind == "clipping":
            clip_weights(critic, 0.1)
    return critic


# %%
# Suppose that the critic has the slope s along the way from one sample to the other. It
# gains :math:`s W`, and the penalty costs it :math:`\lambda (s - 1)^2`. The difference
# of the two is largest for :math:`s = 1 + W / (2 \lambda)`. So the penalty lets the
# slope go a little above 1. The estimate should be :math:`W \, (1 + W / (2 \lambda))`,
# which is a little more than W.


def samples_apart(shift, seed):
    torch.manual_seed(opt.seed + seed)
    x = 0.5 * torch.randn(256, 2, device=opt.device)
    y = 0.5 * torch.randn(256, 2, device=opt.device)
    y[:, 0] += shift
    return x, y


def slope_at(critic, y):
    """The mean length of the critic's gradient at the points y [b, d]."""
    y = y.clone().requires_grad_()
    gradient = torch.autograd.grad(critic(y).sum(), y)[0]  # [b, d]
    return gradient.norm(dim=1).mean().item()


# %%
# ``expected`` is the value of this formula.


def measure(x, y):
    """The exact W of two samples, its estimates, and the slopes."""
    exact = wasserstein(x, y)
    row = {"exact": exact, "expected": exact * (1 + exact / (2 * 10.0))}
    for kind in "penalty", "clipping":
        critic = train_critic(x, y, kind)
        row[kind] = (critic(x).mean() - critic(y).mean()).item()
        row[f"{kind}, slope"] = slope_at(critic, y)
    return row


# %%
# Each row of the table has one value for each seed.

shifts = [0.0, 1.0, 2.0, 4.0]
distances = {}  # for each shift a row a seed
for shift in shifts:
    distances[shift] = []
    for seed in range(opt.seeds):
        x, y = samples_apart(shift, seed)
        distances[shift].append(measure(x, y))
    print(f"shift {shift}")
    for name in distances[shift][0]:
        values = [row[name] for row in distances[shift]]
        print(f"  {name}:", " ".join(f"{value:.2f}" for value in values))
#: shift 0.0
#:   exact: 0.17 0.14 0.11
#:   expected: 0.17 0.14 0.12
#:   penalty: 0.13 0.09 0.05
#:   penalty, slope: 1.01 1.00 0.99
#:   clipping: 0.25 0.17 0.05
#:   clipping, slope: 2.05 2.05 1.01
#: shift 1.0
#:   exact: 0.89 0.97 1.03
#:   expected: 0.93 1.02 1.09
#:   penalty: 0.93 1.02 1.09
#:   penalty, slope: 1.05 1.04 1.05
#:   clipping: 1.48 1.90 1.77
#:   clipping, slope: 1.37 1.71 1.41
#: shift 2.0
#:   exact: 1.89 1.97 2.03
#:   expected: 2.07 2.16 2.24
#:   penalty: 2.07 2.16 2.24
#:   penalty, slope: 1.09 1.10 1.10
#:   clipping: 2.31 2.72 2.99
#:   clipping, slope: 0.69 0.85 0.92
#: shift 4.0
#:   exact: 3.89 3.97 4.03
#:   expected: 4.65 4.76 4.85
#:   penalty: 4.65 4.75 4.85
#:   penalty, slope: 1.19 1.19 1.20
#:   clipping: 3.51 3.83 4.49
#:   clipping, slope: 0.52 0.64 0.77

# %%
# Drawn: the mean over the seeds of each estimate. The horizontal axis is the exact
# distance.

styles = {"exact": "k:", "penalty": "o-", "clipping": "o-", "expected": "kx"}
plt.figure(figsize=(6, 4))
for name in styles:
    exact, means = [], []
    for rows in distances.values():
        exact.append(sum(row["exact"] for row in rows) / len(rows))
        means.append(sum(row[name] for row in rows) / len(rows))
    plt.plot(exact, means, styles[name], label=name)
plt.xlabel("exact Wasserstein distance")
plt.ylabel("estimate")
plt.legend()
show("distances")

# %%
# At the shifts 1, 2 and 4, the critic with the penalty gives what the formula expects,
# a little more than W. At the shift 0 its estimate is smaller than W. Its slope stays
# near 1 at every distance, and rises a little with W. So the generator gets a gradient
# at every distance, and the problem of the flat JS is solved.
#
# The estimate of the clipped critic is not in the units of W. At the shift 1 it is much
# larger than W. From the shift 1 to the shift 4, its slope falls.

# %%
# The ring again
# --------------
# The data, the two networks and the judge are those of lesson 57.

angles = torch.arange(8) * (2 * math.pi / 8)
centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1).to(opt.device)  # [8, 2]


def real_samples(count):
    chosen = torch.randint(8, (count,), device=opt.device)
    return centres[chosen] + 0.05 * torch.randn(count, 2, device=opt.device)


def noise(count):
    return torch.randn(count, 2, device=opt.device)


def modes_found(points):
    """How many of the eight get at least 1 % of the points [n, 2]."""
    nearest = torch.cdist(points, centres).min(dim=1)  # values and indices, [n]
    belongs = nearest.values < 0.2
    counts = torch.bincount(nearest.indices[belongs], minlength=8)
    return (counts >= 0.01 * len(points)).sum().item()


# %%
# Three kinds of training are compared, and they differ in their losses. "GAN" trains
# the discriminator of lesson 57. "clipping" and "penalty" train a critic.


def d_loss(net, x, y, kind):
    """The loss of a discriminator or critic for real x and generated y."""
    if kind == "GAN":
        return -F.logsigmoid(net(x)).mean() - F.logsigmoid(-net(y)).mean()
    return critic_loss(net, x, y, kind, weight=opt.penalty)


def g_loss(logits, kind):
    """The loss of a generator; the logits are those of its samples."""
    if kind == "GAN":
        return -F.logsigmoid(logits).mean()
    return -logits.mean()


# %%
# Each network also estimates a distance between the real and the generated samples. A
# discriminator estimates JS (lesson 57), a critic estimates W.


def distance_estimate(net, x, y, kind):
    if kind == "GAN":
        return (math.log(4) - d_loss(net, x, y, kind).item()) / 2
    return (net(x).mean() - net(y).mean()).item()


# %%
# One step of a discriminator or critic:


def d_step(net, generator, optimizer, kind):
    """Train on new samples; returns the estimate of their distance."""
    x = real_samples(opt.batch_size)
    y = generator(noise(opt.batch_size)).detach()
    loss = d_loss(net, x, y, kind)
    stop_if_not_finite(loss)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if kind == "clipping":
        clip_weights(net, 0.1)
    return distance_estimate(net, x, y, kind)


# %%
# One step of a generator:


def g_step(net, generator, optimizer, kind):
    loss = g_loss(net(generator(noise(opt.batch_size))), kind)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


# %%
# The learning rates 0.0003, 0.001, 0.003 and 0.01 were tried for each kind, with three
# seeds. These rates have the smallest exact W at the end. In the same way λ = 1 was
# chosen among 0.1, 1 and 10. The limit of the clipped weights was chosen among 0.03,
# 0.1 and 0.3. The first beta of Adam (lesson 57) is 0, so that Adam uses only the
# newest gradient for its direction. With 0.5 the GAN is worse.

rates = {"GAN": 0.001, "clipping": 0.003, "penalty": 0.001}

# %%
# A discriminator and its generator take turns. A critic takes two steps before each
# step of its generator, so that its estimate is better. Each run is divided into twenty
# parts. For each part two numbers are kept: the mean estimate, and at the end of the
# part the exact W of 500 real and 500 generated points.


def train(kind):
    """The generator, and the estimates and the exact distances of the twenty parts."""
    generator, net = layers(2, 2), layers(2, 1)
    lr, betas = rates[kind], (0.0, 0.9)
    g_optimizer = optim.Adam(generator.parameters(), lr=lr, betas=betas)
    d_optimizer = optim.Adam(net.parameters(), lr=lr, betas=betas)
    estimates, exact = [], []
    for step in range(1, 20 * opt.part_steps + 1):
        estimates.append(d_step(net, generator, d_optimizer, kind))
        if kind == "GAN" or step % 2 == 0:
            g_step(net, generator, g_optimizer, kind)
        if step % opt.part_steps == 0:
            y = generator(noise(500)).detach()
            exact.append(wasserstein(real_samples(500), y))
    parts = torch.tensor(estimates).view(20, -1)  # [steps] => [20, steps of a part]
    return generator, parts.mean(dim=1).tolist(), exact


# %%
# The rank correlation (秩相关) of two curves compares only the order of their values.
# It is 1 if the estimate falls whenever the exact distance falls. It is near 0 if the
# order of the estimates says nothing about the order of the distances.


def ranks(values):
    return torch.tensor(values).argsort().argsort().float()  # 0 for the smallest


def rank_correlation(a, b):
    return torch.corrcoef(torch.stack([ranks(a), ranks(b)]))[0, 1].item()


# %%
# Each kind of training runs once with each seed.

modes, correlations, final = {}, {}, {}
samples, curves = {}, {}
for kind in rates:
    modes[kind], correlations[kind], final[kind], samples[kind] = [], [], [], []
    for seed in range(opt.seeds):
        torch.manual_seed(opt.seed + seed)
        generator, estimates, exact = train(kind)
        curves[kind] = {"estimate": estimates, "exact": exact}
        correlations[kind].append(rank_correlation(estimates, exact))
        final[kind].append(sum(exact[-5:]) / 5)
        samples[kind].append(generator(noise(2000)).detach())
        modes[kind].append(modes_found(samples[kind][seed]))

# %%
# "W at the end" is the mean of the last five exact distances of a run.

for kind in rates:
    listed = " ".join(f"{value:.2f}" for value in correlations[kind])
    print(f"{kind}: found {modes[kind]} of 8, rank correlation {listed}")
    print("  W at the end", " ".join(f"{value:.2f}" for value in final[kind]))
#: GAN: found [8, 8, 8] of 8, rank correlation -0.19 0.11 -0.46
#:   W at the end 0.23 0.24 0.32
#: clipping: found [7, 8, 7] of 8, rank correlation 0.85 0.91 0.85
#:   W at the end 0.33 0.27 0.33
#: penalty: found [8, 8, 8] of 8, rank correlation 0.83 0.89 0.64
#:   W at the end 0.27 0.25 0.30

# %%
# Drawn: samples of the three kinds (rows) and seeds (columns), with the eight centres.

figure, axes = plt.subplots(3, opt.seeds, figsize=(8, 8), squeeze=False)
for row, kind in enumerate(samples):
    for seed in range(opt.seeds):
        ax = axes[row, seed]
        points = samples[kind][seed].cpu()
        ax.scatter(points[:, 0], points[:, 1], s=1, alpha=0.5)
        ax.plot(centres[:, 0].cpu(), centres[:, 1].cpu(), "kx")
        ax.set_title(f"{kind}, seed {seed}: {modes[kind][seed]} of 8")
        ax.set_aspect("equal")
        ax.set_xlim(-2.8, 2.8)
        ax.set_ylim(-2.8, 2.8)
show("ring")

# %%
# Drawn: the estimate and the exact distance in the last run of each kind.

figure, axes = plt.subplots(1, 3, figsize=(11, 3.5))
for ax, (kind, curve) in zip(axes, curves.items(), strict=True):
    ax.plot(curve["exact"], label="exact W")
    ax.plot(
        curve["estimate"], label="JS by D" if kind == "GAN" else "critic's estimate"
    )
    ax.set_title(kind)
    ax.set_xlabel("twentieth of the run")
    ax.legend()
show("estimate_and_distance")

# %%
# With the penalty, each run finds all eight Gaussians, at least as many as in lesson
# 57. But each run of the GAN finds all eight, too, now that the first beta is 0. So on
# this ring a GAN needs no critic to find all of them. Clipping finds seven, eight and
# seven.
#
# The critic is better in its second task. With clipping and with the penalty, the
# estimate falls while the samples get better. The JS of the discriminator does not: its
# rank correlation is small or negative. The critic's estimate is not W itself. One
# reason is λ = 1, which lets the slope go above 1. But the estimate shows whether
# training makes progress.

# %%
# Try it
# ------
# ``python check.py 58`` checks the function that is named here.
#
# - Predict the critic's estimate for a shift of 8, from the formula with λ = 10.
# - Change λ with ``--penalty 10``. How many of the eight does each run find?
# - Build ``one_sided_penalty``, which only punishes slopes above 1.
