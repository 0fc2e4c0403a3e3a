"""
Lesson 57: two networks, one game (生成对抗网络)
================================================

A generator makes samples, and a discriminator learns to tell them from real ones. The
discriminator's loss measures JS of lesson 54. JS is almost constant where the two
distributions lie far apart.

:Notes: none; an addition
:Needs: lessons 25, 34 and 54
:Run: ``python lessons/lesson57_gan.py``
"""

import math

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.distributions import Normal
from torch.nn import functional as F

from utils import settings, show, stop_if_not_finite

opt = settings(
    steps=2000,
    density_steps=1000,
    longest=640,
    batch_size=256,
    lr=0.003,
    seeds=3,
    quick={"steps": 40, "density_steps": 40, "longest": 64, "seeds": 1},
)
torch.manual_seed(opt.seed)

# %%
# The game
# --------
# A generative adversarial network (生成对抗网络, GAN) has two parts. The generator
# (生成器) G turns random numbers z into a sample G(z). The discriminator (判别器) D
# gets a sample and gives the probability that it is real. It is trained as the
# classifier of lesson 24, on real samples x with label 1 and generated samples y = G(z)
# with label 0:
#
# .. math:: L_D = -E_x[\log D(x)] - E_y[\log(1 - D(y))]
#
# So its loss is the sum of two binary cross entropies (lesson 25). The discriminator
# gives logits, as the classifiers of the other lessons do.


def discriminator_loss(real_logits, fake_logits):
    ones, zeros = torch.ones_like(real_logits), torch.zeros_like(fake_logits)
    real = F.binary_cross_entropy_with_logits(real_logits, ones)
    fake = F.binary_cross_entropy_with_logits(fake_logits, zeros)
    return real + fake


real_logits, fake_logits = torch.randn(5, 1), torch.randn(5, 1)
by_hand = -real_logits.sigmoid().log().mean() - (1 - fake_logits.sigmoid()).log().mean()
loss_equal = torch.allclose(by_hand, discriminator_loss(real_logits, fake_logits))
print("by hand equal to the library:", loss_equal)
#: by hand equal to the library: True

# %%
# The best discriminator
# ----------------------
# The density (密度) of a distribution says how likely samples are near a place. Let p
# be the density of the real samples and q that of the generated ones. At one place x
# the loss is :math:`-p \log D - q \log(1 - D)`. Its derivative with respect to D is
# :math:`-p / D + q / (1 - D)`. It is zero at
#
# .. math:: D^*(x) = \frac{p(x)}{p(x) + q(x)}
#
# If the discriminator is ``D*``, the loss is :math:`\log 4 - 2 \, JS(p, q)`. So the
# best discriminator's loss measures JS. The example has the two Gaussians of lesson 54,
# and their JS is 0.128. A sum over points of a line replaces the integral.

step = 0.01
line = torch.arange(-2000, 3000, dtype=torch.float64) * step  # [5000]


def gaussian(mean, std):
    """Probabilities of the points of the line, with a sum of 1."""
    return torch.softmax(-(((line - mean) / std) ** 2) / 2, dim=0)


def js(p, q):
    """JS of lesson 54, of two vectors of probabilities."""
    m = (p + q) / 2
    kl_p = (torch.xlogy(p, p) - torch.xlogy(p, m)).sum()
    kl_q = (torch.xlogy(q, q) - torch.xlogy(q, m)).sum()
    return (kl_p + kl_q) / 2


p_line, q_line = gaussian(0.0, 1.0), gaussian(1.0, 2.0)
best = p_line / (p_line + q_line)
best_loss = -(torch.xlogy(p_line, best) + torch.xlogy(q_line, 1 - best)).nansum().item()
exact_js = js(p_line, q_line).item()
print(f"loss of the best D {best_loss:.3f}", end=", ")
#: loss of the best D 1.130,
print(f"log 4 - 2 JS = {math.log(4) - 2 * exact_js:.3f}, JS {exact_js:.3f}")
#: log 4 - 2 JS = 1.130, JS 0.128

# %%
# A network is trained on samples alone, without knowing p or q. Its learning rate falls
# to a hundredth of its first value, so that the last steps change little.


def layers(inputs, outputs, width=64):
    return nn.Sequential(
        nn.Linear(inputs, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, outputs),
    ).to(opt.device)


# %%
# Each step draws new samples from both Gaussians.


def train_on_densities():
    net = layers(1, 1)
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    scheduler = optim.lr_scheduler.LinearLR(optimizer, 1, 0.01, opt.density_steps)
    for _ in range(opt.density_steps):
        x = torch.randn(512, 1, device=opt.device)  # from p
        y = 1 + 2 * torch.randn(512, 1, device=opt.device)  # from q
        loss = discriminator_loss(net(x), net(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    return net


# %%
# The trained D is compared with ``D*`` at 141 points from -3 to 4.

grid = torch.linspace(-3, 4, 141, device=opt.device).view(-1, 1)
log_p = Normal(0.0, 1.0).log_prob(grid)
log_q = Normal(1.0, 2.0).log_prob(grid)
best_on_grid = (log_p - log_q).sigmoid()  # p / (p + q), [141, 1]


def judge_discriminator(net):
    """The largest difference from D* on the grid, and JS from the loss."""
    x = torch.randn(100_000, 1, device=opt.device)
    y = 1 + 2 * torch.randn(100_000, 1, device=opt.device)
    with torch.no_grad():
        difference = (net(grid).sigmoid() - best_on_grid).abs().max()
        loss = discriminator_loss(net(x), net(y))
    return difference.item(), (math.log(4) - loss.item()) / 2


# %%
# The loss of the trained D gives an estimate of JS, which is
# :math:`(\log 4 - L_D) / 2`.

largest_differences, measured_js = [], []
for seed in range(opt.seeds):
    torch.manual_seed(opt.seed + seed)
    net = train_on_densities()
    difference, js_from_loss = judge_discriminator(net)
    largest_differences.append(difference)
    measured_js.append(js_from_loss)
    print(f"seed {seed}: largest |D - D*| {difference:.2f}", end=", ")
    print(f"JS from the loss {js_from_loss:.3f}")
#: seed 0: largest |D - D*| 0.01, JS from the loss 0.128
#: seed 1: largest |D - D*| 0.01, JS from the loss 0.129
#: seed 2: largest |D - D*| 0.02, JS from the loss 0.127

# %%
# Drawn: both densities, ``D*``, and the trained D of the last seed.

points = grid.flatten().cpu()
plt.figure(figsize=(7, 4))
plt.fill_between(points, log_p.exp().flatten().cpu(), alpha=0.3, label="p, real")
plt.fill_between(points, log_q.exp().flatten().cpu(), alpha=0.3, label="q, generated")
plt.plot(points, best_on_grid.flatten().cpu(), "k--", label="D* = p / (p + q)")
plt.plot(points, net(grid).detach().sigmoid().flatten().cpu(), "C3", label="trained D")
plt.xlabel("x")
plt.legend()
show("best_discriminator")

# %%
# Where JS is flat
# ----------------
# The generator needs samples y with a large D(y). In the original game it minimises
# log(1 - D(y)). This is called the minimax loss (极小极大损失), since D maximises what
# the generator minimises. The usual loss today is -log D(y). Both losses fall when D(y)
# grows. They differ in their slopes where D is sure that y is generated.
#
# The example has real samples from N(0, 1), and a generator with one parameter, the
# shift θ. It makes y = θ + ε, with ε from N(0, 1). D is the best discriminator for this
# θ. D does not change while the gradient of the generator is computed. The mean over ε
# is a weighted sum.

epsilon = line[1000:3000]  # from -10 to 10
weights = gaussian(0.0, 1.0)[1000:3000]


def generator_slopes(shift):
    """The derivative of each loss with respect to the shift."""
    theta = torch.tensor(shift, dtype=torch.float64, requires_grad=True)
    y = theta + epsilon
    logits = -(y**2) / 2 + (y - shift) ** 2 / 2  # of D*: log p(y) - log q(y)
    minimax = (weights * F.logsigmoid(-logits)).sum()  # log(1 - D)
    other = -(weights * F.logsigmoid(logits)).sum()  # -log D
    return {
        "log(1 - D)": torch.autograd.grad(minimax, theta, retain_graph=True)[0].item(),
        "-log D": torch.autograd.grad(other, theta)[0].item(),
    }


# %%
# The slope of JS is computed by a central difference (lesson 17): θ changes by a small
# step to each side.


def js_of_shift(shift):
    return js(gaussian(0.0, 1.0), gaussian(shift, 1.0)).item()


shifts = [0.5, 1.0, 2.0, 4.0, 8.0, 12.0]
slopes = []  # a row a shift
print("shift      JS  2 slope of JS  slope of log(1 - D)  slope of -log D")
#: shift      JS  2 slope of JS  slope of log(1 - D)  slope of -log D
for shift in shifts:
    row = generator_slopes(shift)
    row["JS"] = js_of_shift(shift)
    row["slope of JS"] = (js_of_shift(shift + 1e-4) - js_of_shift(shift - 1e-4)) / 2e-4
    slopes.append(row)
    print(f"{shift:5.1f} {row['JS']:7.4f} {2 * row['slope of JS']:15.1e}", end=" ")
    print(f"{row['log(1 - D)']:19.1e} {row['-log D']:15.1e}")
#:   0.5  0.0303         2.4e-01             2.4e-01         2.6e-01
#:   1.0  0.1114         4.0e-01             4.0e-01         6.0e-01
#:   2.0  0.3368         4.5e-01             4.5e-01         1.6e+00
#:   4.0  0.6327         1.4e-01             1.4e-01         3.9e+00
#:   8.0  0.6931         3.9e-04             3.9e-04         8.0e+00
#:  12.0  0.6931         1.8e-08             1.8e-08         1.2e+01

# %%
# The slope of log(1 - D) is twice the slope of JS. So the minimax loss falls where JS
# falls. At a shift of 8, JS is close to log 2, which is its maximum, and almost
# constant. The generator is far from its target, and its gradient is almost zero: the
# gradient vanishes, as in lesson 50. The slope of -log D grows with the shift.

# %%
# A discriminator that is too good
# --------------------------------
# The same happens with networks. The real data are eight narrow Gaussians on a ring.
# The generator is untrained and does not change while the discriminator is trained. The
# norm of the generator's gradient is measured during this training.

angles = torch.arange(8) * (2 * math.pi / 8)
centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1).to(opt.device)  # [8, 2]


def real_samples(count):
    """Points [count, 2], each near one of the eight centres."""
    chosen = torch.randint(8, (count,), device=opt.device)
    return centres[chosen] + 0.05 * torch.randn(count, 2, device=opt.device)


def noise(count):
    return torch.randn(count, 2, device=opt.device)


# %%
# ``gradient_norm`` is the norm of the generator's gradient, for each of the two losses.


def generator_loss(fake_logits, kind):
    if kind == "log(1 - D)":
        return F.logsigmoid(-fake_logits).mean()
    return -F.logsigmoid(fake_logits).mean()


def gradient_norm(generator, discriminator, kind):
    generator.zero_grad()
    generator_loss(discriminator(generator(noise(1000))), kind).backward()
    squares = [(w.grad**2).sum().item() for w in generator.parameters()]
    return math.sqrt(sum(squares))


# %%
# In a step of the discriminator, ``detach`` stops the gradient before the generator.


def d_step(generator, discriminator, optimizer):
    """One step of the discriminator; returns its loss."""
    x = real_samples(opt.batch_size)
    y = generator(noise(opt.batch_size)).detach()  # no gradient for the generator
    loss = discriminator_loss(discriminator(x), discriminator(y))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return stop_if_not_finite(loss)


# %%
# ``d_norms`` trains a discriminator against a generator that does not change.


def d_norms(checkpoints):
    """The norms of both gradients after each number of steps of the discriminator."""
    generator, discriminator = layers(2, 2), layers(2, 1)
    optimizer = optim.Adam(discriminator.parameters(), lr=opt.lr)
    norms = {"log(1 - D)": [], "-log D": []}
    for step in range(1, checkpoints[-1] + 1):
        d_step(generator, discriminator, optimizer)
        if step in checkpoints:
            for kind in norms:
                norms[kind].append(gradient_norm(generator, discriminator, kind))
    return norms


# %%
# The norms differ by powers of ten, so their logarithms are printed. The discriminator
# has been trained for 10, 40, 160 and 640 steps.

kinds = ["log(1 - D)", "-log D"]
longest = opt.longest
checkpoints = [longest // 64, longest // 16, longest // 4, longest]
norms = []  # a dict a seed
for seed in range(opt.seeds):
    torch.manual_seed(opt.seed + seed)
    norms.append(d_norms(checkpoints))
    for kind in kinds:
        powers = [f"{math.log10(norm):.1f}" for norm in norms[seed][kind]]
        print(f"seed {seed}, {kind}: 10 to the power of", " ".join(powers))
#: seed 0, log(1 - D): 10 to the power of -0.9 -1.4 -2.5 -3.3
#: seed 0, -log D: 10 to the power of -0.8 -0.0 0.4 0.5
#: seed 1, log(1 - D): 10 to the power of -0.6 -1.0 -2.3 -3.3
#: seed 1, -log D: 10 to the power of -0.6 0.3 0.7 0.8
#: seed 2, log(1 - D): 10 to the power of -1.0 -1.3 -2.6 -3.6
#: seed 2, -log D: 10 to the power of -0.9 0.3 0.5 0.6

# %%
# The gradient of the minimax loss becomes smaller while D is trained. After 640 steps
# it is less than a hundredth of what it was after 10 steps. The gradient of -log D
# grows.

# %%
# The ring
# --------
# Now both networks are trained in turn: one step of the discriminator, then one step of
# the generator. In the generator's step, gradients pass through D, but only the
# generator's optimizer takes a step.


def g_step(generator, discriminator, optimizer, kind):
    """One step of the generator."""
    loss = generator_loss(discriminator(generator(noise(opt.batch_size))), kind)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


# %%
# Each network has an optimizer of its own. The two betas of Adam say how slowly it
# forgets old gradients and old squared gradients. Both are smaller here than their
# defaults, 0.9 and 0.999.


def train(kind):
    """A generator, and the discriminator's loss at each step."""
    generator, discriminator = layers(2, 2), layers(2, 1)
    g_optimizer = optim.Adam(generator.parameters(), lr=opt.lr, betas=(0.5, 0.9))
    d_optimizer = optim.Adam(discriminator.parameters(), lr=opt.lr, betas=(0.5, 0.9))
    losses = []
    for _ in range(opt.steps):
        losses.append(d_step(generator, discriminator, d_optimizer))
        g_step(generator, discriminator, g_optimizer, kind)
    return generator, losses


# %%
# A point belongs to a Gaussian if its distance from the centre is less than 0.2, which
# is four standard deviations. A Gaussian counts as found if at least 1 % of 2000 points
# belong to it. A mode (模式) is a peak of a density. If the generator leaves out some
# of the modes, that is called mode collapse (模式坍塌).


def judged(points):
    """How many of the eight are found, and the share of points that belong to one."""
    distances = torch.cdist(points, centres)  # [n, 2], [8, 2] => [n, 8]
    nearest = distances.min(dim=1)  # values and indices, [n]
    belongs = nearest.values < 0.2
    counts = torch.bincount(nearest.indices[belongs], minlength=8)
    found = (counts >= 0.01 * len(points)).sum().item()
    return found, belongs.float().mean().item()


# %%
# The learning rates 0.0003, 0.001 and 0.003 were tried for -log D, and the last two for
# the minimax loss. With 0.003, both losses find the most Gaussians.

modes, good_shares, samples, loss_curves = {}, {}, {}, {}
for kind in kinds:
    modes[kind], good_shares[kind], samples[kind] = [], [], []
    for seed in range(opt.seeds):
        torch.manual_seed(opt.seed + seed)
        generator, loss_curves[kind] = train(kind)
        points = generator(noise(2000)).detach()
        found, share = judged(points)
        modes[kind].append(found)
        good_shares[kind].append(share)
        samples[kind].append(points.cpu())
    print(f"{kind}: found {modes[kind]} of 8,", end=" ")
    print("points that belong", [f"{share:.2f}" for share in good_shares[kind]])
#: log(1 - D): found [8, 8, 8] of 8, points that belong ['0.93', '0.82', '0.83']
#: -log D: found [8, 7, 8] of 8, points that belong ['0.85', '0.83', '0.93']

# %%
# Drawn: what each generator makes (blue) and the eight centres (crosses).

figure, axes = plt.subplots(2, opt.seeds, figsize=(9, 6), squeeze=False)
for row, kind in enumerate(kinds):
    for seed in range(opt.seeds):
        ax = axes[row, seed]
        points = samples[kind][seed]
        ax.scatter(points[:, 0], points[:, 1], s=1, alpha=0.5)
        ax.plot(centres[:, 0].cpu(), centres[:, 1].cpu(), "kx")
        ax.set_title(f"{kind}, seed {seed}: {modes[kind][seed]} of 8")
        ax.set_aspect("equal")
        ax.set_xlim(-2.8, 2.8)
        ax.set_ylim(-2.8, 2.8)
show("ring")

# %%
# Drawn: the discriminator's loss in the last run. The dotted line is log 4. This is the
# loss of the best D if p = q.

plt.figure(figsize=(7, 3.5))
plt.plot(loss_curves["-log D"], linewidth=0.5, label="discriminator's loss")
plt.axhline(math.log(4), color="gray", linestyle=":", label="log 4")
plt.xlabel("step")
plt.legend()
show("loss")

# %%
# Some runs of a GAN find all eight Gaussians and some do not. The seed decides. On this
# ring the minimax loss does not fail. Both networks are trained in turn here, so D
# never becomes good enough for the gradient to vanish. In the section before, D was
# trained alone.
#
# The loss says little about the samples, because it depends on both networks. In the
# picture it goes up and down at first, also above log 4. Later it rises slowly until it
# is close to log 4, while the samples get better. Lesson 58 replaces JS by the
# Wasserstein distance, which does not become flat at a large distance.

# %%
# Try it
# ------
# ``python check.py 57`` checks the function that is named here.
#
# - Predict the discriminator's loss if the generator were perfect.
# - Change the learning rate with ``--lr 0.0003``. How many of the eight are found?
# - Build ``gan_losses``. Only the generator's loss may reach the generator's weights.
