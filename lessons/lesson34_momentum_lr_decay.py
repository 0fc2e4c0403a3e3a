"""
Lesson 34: momentum and learning-rate decay (动量和学习率衰减)
==============================================================

Momentum adds up past gradients, so that what they agree on grows and what they
disagree on cancels. A schedule makes large steps early and small ones late.

:Notes: lesson34 动量和学习率衰减
:Needs: lessons 22 and 29
:Run: ``python lessons/lesson34_momentum_lr_decay.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LambdaLR,
    ReduceLROnPlateau,
    StepLR,
)

from utils import (
    batches,
    evaluate,
    mnist,
    plot_curve,
    settings,
    show,
    stop_if_not_finite,
)

opt = settings(epochs=8, batch_size=100, lr=0.01)
torch.manual_seed(opt.seed)
seeds = 1 if opt.quick else 3

# %%
# The update rule
# ---------------
# A ball that rolls keeps its speed: this is inertia. The velocity v, zero at first, is
# a sum of all past gradients, each weighted less by the factor :math:`\mu` a step:
#
# .. math:: v \leftarrow \mu v + \nabla f(w), \qquad w \leftarrow w - \eta v
#
# Under a constant gradient it grows to :math:`1 / (1 - \mu)` times that, with 0.9 ten
# times; under one that changes its sign at every step it shrinks. The test surface is
# a ravine, 100 times as curved across as along, its gradient curvature · p.
# ``SGD(momentum=0.9)`` is the same rule.

curvature = torch.tensor([1.0, 100.0], dtype=torch.float64)
start = torch.tensor([-10.0, 1.0], dtype=torch.float64)


def ravine(p):
    return (curvature * p**2).sum(dim=-1) / 2  # [..., 2] => [...]


def descend(lr, momentum, steps):
    """The path [steps + 1, 2], by hand."""
    path, v = [start], 0
    for _ in range(steps):
        v = momentum * v + curvature * path[-1]
        path.append(path[-1] - lr * v)
    return torch.stack(path)


p = start.clone().requires_grad_()
optimizer = optim.SGD([p], lr=0.018, momentum=0.9)
for _ in range(100):
    loss = ravine(p)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
difference = (p - descend(0.018, 0.9, steps=100)[-1]).abs().max().item()
print("by hand equals SGD(momentum=0.9):", difference < 1e-12)
#: by hand equals SGD(momentum=0.9): True

# %%
# Paths on a ravine
# -----------------
# Across, plain descent diverges at rates above 2 / 100. Along, 0.018 takes 1.8 % of the
# way a step. Momentum gathers speed along and overshoots; 0.99 circles for long.

figure, axes = plt.subplots(1, 2, figsize=(11, 3.8), layout="tight")
x, y = torch.linspace(-11, 8, 100), torch.linspace(-1.2, 1.2, 100)
heights = ravine(torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1))
axes[0].contour(x, y, heights, [0.5, 2, 5, 10, 20, 40, 60], colors="0.8")
ravine_ends = {}
for i, momentum in enumerate((0.0, 0.9, 0.99)):
    path = descend(0.018, momentum, steps=200)
    ravine_ends[momentum] = ravine(path)[100].item()
    print(f"momentum {momentum}: f after 100 steps {ravine_ends[momentum]:.1e}")
    axes[1].semilogy(ravine(path), label=f"momentum {momentum}")
    if momentum in (0, 0.9):
        axes[0].plot(*path[:31].t(), "o-", c=f"C{i}", markersize=3, linewidth=1)
#: momentum 0.0: f after 100 steps 1.3e+00
#: momentum 0.9: f after 100 steps 1.5e-03
#: momentum 0.99: f after 100 steps 3.0e+01
axes[0].set(xlabel="along", ylabel="across", title="30 steps")
axes[1].set(xlabel="step", ylabel="f")
axes[1].legend()
show("ravine")

# %%
# On MNIST
# --------
# A small network on 3000 images, three epochs from the same seeds. The factor of ten
# asks for a second control: no momentum, and ten times the rate.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = (tensor[:3000] for tensor in train_set.tensors)


def train(seed, epochs, lr, momentum, schedule=None):
    """The loss of each step, the rate of each epoch, the test accuracy."""
    torch.manual_seed(opt.seed + seed)
    layers = nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10)
    net = nn.Sequential(*layers).to(opt.device)
    optimizer = optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    scheduler = schedule(optimizer) if schedule else None
    losses, rates = [], []
    for _ in range(epochs):
        for i in torch.randperm(len(images)).split(opt.batch_size):
            loss = F.cross_entropy(net(images[i]), labels[i])
            losses.append(stop_if_not_finite(loss))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        rates.append(optimizer.param_groups[0]["lr"])
        if scheduler:
            scheduler.step()  # once an epoch, after the optimizer's steps
    _, accuracy = evaluate(net, batches(test_set, batch_size=1000))
    return torch.tensor(losses), torch.tensor(rates), torch.tensor(accuracy)


def train_seeds(*options):
    runs = [train(seed, *options) for seed in range(seeds)]
    return [torch.stack(results).mean(dim=0) for results in zip(*runs, strict=True)]


last_losses, curves = {}, {}
for lr, momentum in (opt.lr, 0.0), (opt.lr, 0.9), (10 * opt.lr, 0.0):
    name = f"lr {lr:g}, µ {momentum}"
    curves[name], _, _ = train_seeds(min(3, opt.epochs), lr, momentum)
    last_losses[name] = curves[name].chunk(3)[-1].mean().item()
    print(f"{name}: loss of the last epoch {last_losses[name]:.3f}")
#: lr 0.01, µ 0.0: loss of the last epoch 1.222
#: lr 0.01, µ 0.9: loss of the last epoch 0.342
#: lr 0.1, µ 0.0: loss of the last epoch 0.336
plot_curve(curves, "momentum", ylabel="mean training loss")

# %%
# Momentum ends far lower. The rate of ten times does as well where no ravine forbids
# it. The notes say that with momentum the gradient changes little. The gradient is
# that of the next batch, as before; what changes little is v, and so the step.

# %%
# Schedules
# ---------
# The notes say that the rate is halved if it has not changed for some steps. What
# ``ReduceLROnPlateau`` watches is the loss: it acts when that has not fallen for more
# than ``patience`` epochs. Its factor is 0.1 by default; 0.5 halves.

plateau_rates = {}
for options in {}, {"factor": 0.5}:
    optimizer = optim.SGD([p], lr=1.0)
    scheduler = ReduceLROnPlateau(optimizer, patience=1, **options)
    rates = []
    for loss in 0.9, 0.7, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6:
        scheduler.step(loss)
        rates.append(round(scheduler.get_last_lr()[0], 6))
    plateau_rates[scheduler.factor] = rates
    print(f"factor {scheduler.factor}:", rates)
#: factor 0.1: [1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.01, 0.01]
#: factor 0.5: [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]

# %%
# The others follow the calendar. ``StepLR`` multiplies by gamma every few epochs; the
# cosine falls to zero. Warm-up begins small, since the first gradients are large and
# say little; ``LambdaLR`` takes any formula. All run with momentum 0.9: the rate of
# 0.15 comes far at first, and late jumps about the minimum, as each batch differs. Kept
# constant it ends worst, and each schedule beats it and a tenth of it.

n = opt.epochs
schedules = {
    "constant": (0.15, None),
    "constant, a tenth": (0.015, None),
    "StepLR": (0.15, lambda o: StepLR(o, step_size=3, gamma=0.3)),
    "cosine": (0.15, lambda o: CosineAnnealingLR(o, n)),
    "warm-up": (0.15, lambda o: LambdaLR(o, lambda t: min(t / 3 + 0.3, 1.2 - t / n))),
}
figure, axes = plt.subplots(1, 3, figsize=(13, 3.8), layout="tight")
for factor, rates in plateau_rates.items():
    axes[0].plot(range(1, 9), rates, marker=".", label=f"factor {factor}")
accuracies = {}
for name, (lr, schedule) in schedules.items():
    losses, rates, accuracy = train_seeds(opt.epochs, lr, 0.9, schedule)
    accuracies[name] = accuracy.item()
    print(f"{name:17}  test accuracy {accuracy:.3f}")
    axes[1].plot(range(1, n + 1), rates, ".-", label=name)
    axes[2].plot(range(1, n + 1), losses.view(n, -1).mean(dim=1), ".-", label=name)
#: constant           test accuracy 0.897
#: constant, a tenth  test accuracy 0.908
#: StepLR             test accuracy 0.917
#: cosine             test accuracy 0.921
#: warm-up            test accuracy 0.925
axes[0].set(title="ReduceLROnPlateau", xlabel="epoch", ylabel="learning rate")
axes[1].set(title="by the calendar", xlabel="epoch")
axes[2].set(title="training loss", xlabel="epoch", yscale="log")
axes[0].legend()
axes[2].legend(fontsize=8)
show("schedules")

# %%
# Try it
# ------
# - Predict whether momentum 0.9 comes down the ravine at 0.03. Change 0.018 and look.
# - Change ``--epochs`` to 30. Which schedule gains most?
# - Build Nesterov's momentum: the step is along :math:`\nabla f + \mu v`, v being new.
