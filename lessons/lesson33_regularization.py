"""
Lesson 33: regularization (正则化)
==================================

Large weights cost something: squared (L2) they shrink, by their size (L1) they go to
zero. Which of the two helps on unseen images is measured.

:Notes: lesson32 正则化
:Needs: lessons 29 and 31
:Run: ``python lessons/lesson33_regularization.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import batches, evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(steps=400, batch_size=50, lr=0.1)
torch.manual_seed(opt.seed)
steps, seeds = (20, 1) if opt.quick else (opt.steps, 3)
every = max(1, steps // 10)  # steps from one point of a curve to the next

# %%
# Occam's razor
# -------------
# Of two explanations that fit, take the simpler. A penalty makes this a number: simple
# is what has small weights, or few. With a strength :math:`\lambda` it is added to the
# loss, most often without the biases:
#
# .. math:: \text{L2: } \frac{\lambda}{2} \sum w^2, \text{ gradient } \lambda w
#    \qquad \text{L1: } \lambda \sum |w|, \text{ gradient } \lambda \, \text{sign}(w)
#
# L2 pulls less the smaller a weight is, and never gets it to zero. L1 pulls with the
# same force all the way. For one weight that the data want at a, the least of
# :math:`(w - a)^2 / 2` plus the penalty has a formula.

wanted = torch.linspace(-3, 3, 601)
strength = 1.0
l2_solution = wanted / (1 + strength)
l1_solution = wanted.sign() * (wanted.abs() - strength).clamp(min=0)
zero_shares = [(w == 0).float().mean().item() for w in (l2_solution, l1_solution)]
print("share of exact zeros: L2 {:.3f}, L1 {:.3f}".format(*zero_shares))
#: share of exact zeros: L2 0.000, L1 0.334

plt.figure(figsize=(5, 4))
plt.plot(wanted, wanted, "--", color="0.6", label="no penalty")
plt.plot(wanted, l2_solution, label="L2")
plt.plot(wanted, l1_solution, label="L1")
plt.xlabel("what the data want")
plt.ylabel("the weight")
plt.legend()
show("one_weight")

# %%
# ``weight_decay``
# ----------------
# Three ways to L2: the penalty in the loss; the optimizer's ``weight_decay``, which
# adds :math:`\lambda w` to the gradient; and shrinking each weight by the factor
# :math:`1 - \eta\lambda` before the step, which is what decay means.

data = torch.randn(40, 5, dtype=torch.float64)
target = torch.randn(40, dtype=torch.float64)


def fit(optimizer_class, penalty=0.0, shrink=0.0, **options):
    """The weights [5] of a linear fit after 50 steps."""
    w = torch.ones(5, dtype=torch.float64, requires_grad=True)
    optimizer = optimizer_class([w], lr=0.05, **options)
    for _ in range(50):
        loss = F.mse_loss(data @ w, target) + penalty / 2 * w.square().sum()
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        with torch.no_grad():
            w *= 1 - 0.05 * shrink
        optimizer.step()
    return w.detach()


def difference(a, b):
    return (a - b).abs().max().item()


# %%
# For plain SGD the three are one. For Adam they are not: it divides each gradient by
# its usual size, and the penalty's part with it, so that weights with large gradients
# are pulled less. ``Adam(weight_decay=...)`` equals the penalty; the decay is
# ``AdamW``'s.

errors = {}
for name in "SGD", "Adam", "AdamW":
    optimizer_class = getattr(optim, name)
    free = optim.Adam if name == "AdamW" else optimizer_class
    built_in = fit(optimizer_class, weight_decay=0.5)
    errors[name] = (
        difference(built_in, fit(free, penalty=0.5)),
        difference(built_in, fit(free, shrink=0.5)),
    )
    equal = [error < 1e-6 for error in errors[name]]
    print(f"{name:5} equals the penalty: {equal[0]}, the decay: {equal[1]}")
#: SGD   equals the penalty: True, the decay: True
#: Adam  equals the penalty: True, the decay: False
#: AdamW equals the penalty: False, the decay: True

# %%
# On 500 images
# -------------
# A network with 50000 weights learns so few by heart (lesson 31). The control has no
# penalty; all have the same three seeds. A weight below 0.001 counts as near zero.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = (tensor[:500] for tensor in train_set.tensors)
norms = {"L1": lambda w: w.abs().sum(), "L2": lambda w: w.square().sum() / 2}


def train(seed, kind="L2", strength=0.0):
    """Scores [4]; training and test loss on the way [points, 2]; the weights."""
    torch.manual_seed(opt.seed + seed)
    layers = nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10)
    net = nn.Sequential(*layers).to(opt.device)
    optimizer = optim.SGD(net.parameters(), lr=opt.lr)
    order, curve = [], []
    for step in range(1, steps + 1):
        order = order or list(torch.randperm(len(images)).split(opt.batch_size))
        i = order.pop()  # which images, [b]
        penalty = norms[kind](net[1].weight) + norms[kind](net[3].weight)
        loss = F.cross_entropy(net(images[i]), labels[i]) + strength * penalty
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % every == 0:
            with torch.no_grad():
                train_loss = F.cross_entropy(net(images), labels).item()
            test_loss, accuracy = evaluate(net, batches(test_set, batch_size=1000))
            curve.append([train_loss, test_loss])
    weights = torch.cat([net[1].weight.flatten(), net[3].weight.flatten()]).detach()
    near_zero = (weights.abs() < 1e-3).float().mean().item()
    scores = torch.tensor([train_loss, test_loss, accuracy, near_zero])
    return scores, torch.tensor(curve), weights.cpu()


# %%
# Strengths of each penalty, from too weak to too strong.

results, curves, weights = {}, {}, {}
runs = [("L2", 0.0), *(("L2", s) for s in (0.03, 0.1))]
runs += [("L1", s) for s in (0.0001, 0.0003, 0.001)]
print("penalty        train loss  test loss  accuracy  near zero")
#: penalty        train loss  test loss  accuracy  near zero
for kind, strength in runs:
    name = f"{kind} {strength:g}" if strength else "no penalty"
    found = [train(seed, kind, strength) for seed in range(seeds)]
    scores, losses, (weights[name], *_) = zip(*found, strict=True)
    results[name] = torch.stack(scores).mean(dim=0).tolist()  # [seeds, 4] => [4]
    curves[name] = torch.stack(losses).mean(dim=0)  # [seeds, points, 2] => [points, 2]
    print(f"{name:14}", "{:10.2f} {:10.2f} {:9.2f} {:10.2f}".format(*results[name]))
#: no penalty           0.01       0.58      0.85       0.03
#: L2 0.03              0.07       0.50      0.85       0.07
#: L2 0.1               0.25       0.59      0.83       0.16
#: L1 0.0001            0.01       0.56      0.85       0.12
#: L1 0.0003            0.02       0.54      0.85       0.32
#: L1 0.001             0.05       0.53      0.84       0.80

# %%
# Both lower the test loss: the network is less sure of its mistakes. The accuracy does
# not rise, and falls once the penalty is so strong that the network underfits.
#
# The notes say that regularization forces weights to 0 or towards it. Only L1 drives
# most of them there; L2 makes all smaller. Even L1 leaves hardly one exactly at zero:
# its gradient jumps from :math:`-\lambda` to :math:`\lambda`, so that gradient descent
# steps to and fro across zero, by :math:`\eta\lambda`.

figure, axes = plt.subplots(1, 4, figsize=(14, 3.4), layout="tight")
shown = ("no penalty", "L2 0.03", "L1 0.001")
for ax, name, color in zip(axes, shown, ("C0", "C1", "C2"), strict=False):
    ax.hist(weights[name], bins=101, range=(-0.1, 0.1), log=True, color=color)
    share = (weights[name].abs() < 1e-3).float().mean()
    ax.set(title=f"{name}: {share:.0%} near zero", xlabel="weight", ylim=(1, 1e5))
    at = range(every, steps + 1, every)
    axes[3].plot(at, curves[name][:, 0], "--", c=color)
    axes[3].plot(at, curves[name][:, 1], c=color, label=name)
axes[3].set(xlabel="step", title="test loss (dashed: training loss)")
axes[3].legend()
show("weights")

# %%
# Try it
# ------
# - Predict the accuracy at an L1 strength of 0.03. Add it to the runs and look.
# - Change 500 images to 5000. Does a penalty still lower the test loss?
# - Build exact zeros: take the L1 penalty out of the loss, and after each step move
#   every weight towards zero by :math:`\eta\lambda`, and no further than zero.
