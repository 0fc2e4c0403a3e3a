"""
Lesson 34: momentum and learning-rate decay (动量和学习率衰减)
==============================================================

Momentum (动量) adds up past gradients: what they agree on grows, what they disagree on
cancels. A schedule makes large steps early and small steps late.

:Notes: lesson34 动量和学习率衰减
:Needs: lessons 16, 22 and 29
:Run: ``python lessons/lesson34_momentum_lr_decay.py``
"""

import math

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

opt = settings(epochs=8, batch_size=100, seeds=3, quick={"epochs": 2, "seeds": 1})
torch.manual_seed(opt.seed)

# %%
# The update rule
# ---------------
# This is the rule of lesson 16. A rolling ball keeps its speed: this is inertia (惯性).
# The velocity v is zero at first. At each step it is multiplied by the factor
# :math:`\mu`, and the gradient is added. The learning rate is :math:`\eta`.
#
# .. math:: v \leftarrow \mu v + \nabla f(w), \qquad w \leftarrow w - \eta v
#
# If the gradient stays the same, v grows to :math:`1 / (1 - \mu)` times the gradient,
# which is ten times for :math:`\mu = 0.9`. If the gradient changes its sign at every
# step, v stays small.
#
# The test surface is a ravine. Its curvature (曲率) across is 100 times its curvature
# along, and its gradient at p is ``curvature * p``.

curvature = torch.tensor([1.0, 100.0], dtype=torch.float64)
start = torch.tensor([-10.0, 1.0], dtype=torch.float64)


def ravine(p):
    return (curvature * p**2).sum(dim=-1) / 2  # [..., 2] => [...]


def descend(lr, momentum, steps):
    """The path [steps + 1, 2], by hand."""
    p, v = start, torch.zeros_like(start)
    path = [p]
    for _ in range(steps):
        v = momentum * v + curvature * p
        p = p - lr * v
        path.append(p)
    return torch.stack(path)


# %%
# ``SGD(momentum=0.9)`` follows the same rule:

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
# Across the ravine, plain descent diverges at rates above 2 / 100. Along the ravine, a
# rate of 0.018 covers only 1.8 % of the remaining distance in a step. With momentum,
# the path gains speed along the ravine.

paths, ravine_ends = {}, {}
for momentum in 0.0, 0.9, 0.99:
    paths[momentum] = descend(0.018, momentum, steps=200)
    ravine_ends[momentum] = ravine(paths[momentum][100]).item()
    print(f"momentum {momentum}: f after 100 steps {ravine_ends[momentum]:.1e}")
#: momentum 0.0: f after 100 steps 1.3e+00
#: momentum 0.9: f after 100 steps 1.5e-03
#: momentum 0.99: f after 100 steps 3.0e+01

# %%
# Drawn: the paths of 30 steps, and f over 200 steps. With momentum 0.99 the path
# overshoots the minimum for a long time.

figure, axes = plt.subplots(1, 2, figsize=(11, 3.8), layout="tight")
x = torch.linspace(-11, 8, 100, dtype=torch.float64)
y = torch.linspace(-1.2, 1.2, 100, dtype=torch.float64)
heights = ravine(torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1))
axes[0].contour(x, y, heights, [0.5, 2, 5, 10, 20, 40, 60], colors="0.8")
for momentum, color in (0.0, "C0"), (0.9, "C1"):
    path = paths[momentum][:31]
    axes[0].plot(path[:, 0], path[:, 1], "o-", c=color, markersize=3, linewidth=1)
for momentum, path in paths.items():
    axes[1].semilogy(ravine(path), label=f"momentum {momentum}")
axes[0].set(xlabel="along", ylabel="across", title="30 steps")
axes[1].set(xlabel="step", ylabel="f")
axes[1].legend()
show("ravine")

# %%
# On MNIST
# --------
# A small network is trained on 3000 images.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
images, labels = images[:3000], labels[:3000]
test_loader = batches(test_set, batch_size=1000)


# %%
# Every run starts with a new network.


def network():
    return nn.Sequential(
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    ).to(opt.device)


# %%
# A schedule is a function of the epoch. It gives the factor by which the learning rate
# is multiplied. A scheduler (学习率调度器) applies it. You call its ``step`` once an
# epoch, after the optimizer's steps.


def train(seed, epochs, lr, momentum, schedule):
    """The loss of each step, and the test accuracy."""
    torch.manual_seed(opt.seed + seed)
    net = network()
    optimizer = optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    scheduler = LambdaLR(optimizer, schedule)
    losses = []
    for _ in range(epochs):
        for i in torch.randperm(len(images)).split(opt.batch_size):
            loss = F.cross_entropy(net(images[i]), labels[i])
            losses.append(stop_if_not_finite(loss))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
    return losses, evaluate(net, test_loader)[1]


# %%
# Each setting is trained with three seeds.


def constant(epoch):
    return 1.0


def repeat(epochs, lr, momentum, schedule=constant):
    """Means over the seeds: the loss of each step, and the test accuracy."""
    losses, accuracy = 0, 0
    for seed in range(opt.seeds):
        seed_losses, seed_accuracy = train(seed, epochs, lr, momentum, schedule)
        losses = losses + torch.tensor(seed_losses) / opt.seeds
        accuracy = accuracy + seed_accuracy / opt.seeds
    return losses, accuracy


# %%
# Momentum against plain descent
# ------------------------------
# With momentum 0.9 the steps are up to ten times as long. A fair comparison therefore
# gives each side its own best rate, out of six. The table holds the mean loss of the
# third epoch. Its last column says how much the loss changes from one step to the next.

rates = {
    0.0: [0.01, 0.03, 0.1, 0.2, 0.3, 0.5],
    0.9: [0.003, 0.01, 0.03, 0.06, 0.1, 0.15],
}
loss_curves, last_losses = {}, {}
print("momentum    lr   loss  test accuracy  change of the loss a step")
#: momentum    lr   loss  test accuracy  change of the loss a step
for momentum in 0.0, 0.9:
    for lr in rates[momentum]:
        losses, accuracy = repeat(3, lr, momentum)
        last = losses.view(3, -1)[2]  # the third epoch
        change = last.diff().abs().mean()
        loss_curves[momentum, lr] = losses
        last_losses[momentum, lr] = last.mean().item()
        row = f"{momentum:8.1f} {lr:5.3f} {last.mean():6.3f} {accuracy:14.3f}"
        print(f"{row} {change:26.3f}")
#:      0.0 0.010  1.222          0.762                      0.044
#:      0.0 0.030  0.575          0.861                      0.042
#:      0.0 0.100  0.336          0.888                      0.042
#:      0.0 0.200  0.277          0.896                      0.040
#:      0.0 0.300  0.263          0.902                      0.040
#:      0.0 0.500  0.408          0.879                      0.063
#:      0.9 0.003  0.619          0.848                      0.044
#:      0.9 0.010  0.342          0.889                      0.047
#:      0.9 0.030  0.258          0.901                      0.040
#:      0.9 0.060  0.205          0.906                      0.046
#:      0.9 0.100  0.198          0.900                      0.053
#:      0.9 0.150  0.295          0.879                      0.080

# %%
# At the rate 0.01, momentum makes the loss 3.6 times as small. Most of that is the
# longer step: plain descent at 0.1 reaches the same loss. Each at its best rate,
# momentum still ends lower. The test accuracies then differ by less than one percent.
#
# The notes say that without momentum the gradient and the loss change much, and that
# with momentum the gradient changes little. In fact the gradient is the gradient of the
# next batch, as before. The velocity changes little, and so does the step. The loss
# does not vary less: at the best rates by 0.053 with momentum, and by 0.040 without.

best_plain = min(last_losses[0.0, lr] for lr in rates[0.0])
best_momentum = min(last_losses[0.9, lr] for lr in rates[0.9])
print(f"best plain {best_plain:.3f}, best with momentum {best_momentum:.3f}")
#: best plain 0.263, best with momentum 0.198
same_rate = {
    "lr 0.01, plain": loss_curves[0.0, 0.01],
    "lr 0.1, plain": loss_curves[0.0, 0.1],
    "lr 0.3, plain": loss_curves[0.0, 0.3],
    "lr 0.01, momentum": loss_curves[0.9, 0.01],
    "lr 0.06, momentum": loss_curves[0.9, 0.06],
}
plot_curve(same_rate, "momentum", ylabel="mean training loss")

# %%
# A rate that falls when the loss does not
# ----------------------------------------
# The notes say that the rate is halved if it has not changed for some steps. In fact
# ``ReduceLROnPlateau`` watches the loss. It acts when the loss has not fallen for more
# than ``patience`` epochs. Its factor is 0.1 by default; a factor of 0.5 halves.

plateau_rates = {}
for factor in 0.1, 0.5:
    optimizer = optim.SGD([p], lr=1.0)
    scheduler = ReduceLROnPlateau(optimizer, factor=factor, patience=1)
    plateau_rates[factor] = []
    for loss in 0.9, 0.7, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6:
        scheduler.step(loss)
        plateau_rates[factor].append(round(scheduler.get_last_lr()[0], 6))
    print(f"factor {factor}:", plateau_rates[factor])
#: factor 0.1: [1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.01, 0.01]
#: factor 0.5: [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]

# %%
# Schedules that follow the epoch
# -------------------------------
# ``StepLR`` multiplies the rate by gamma every few epochs. ``CosineAnnealingLR`` lets
# it fall to zero along a cosine. Warm-up (预热) begins with a small rate. ``LambdaLR``
# takes any formula, so all of them can be written as functions of the epoch.

n = opt.epochs


def step_decay(epoch):
    return 0.3 ** (epoch // 3)


def cosine(epoch):
    return (1 + math.cos(math.pi * epoch / n)) / 2


def linear(epoch):
    return 1 - epoch / n


def warm_up(epoch):
    return min((epoch + 1) / 3, 1 - epoch / n)


# %%
# The first two functions are what PyTorch's classes compute. To see this, a scheduler
# is asked for the learning rate of each epoch.


def rates_of(scheduler):
    """The learning rates of n epochs."""
    found = []
    for _ in range(n):
        found.append(scheduler.get_last_lr()[0])
        scheduler.optimizer.step()
        scheduler.step()
    return torch.tensor(found)


torch_step = rates_of(StepLR(optim.SGD([p], lr=1.0), step_size=3, gamma=0.3))
torch_cosine = rates_of(CosineAnnealingLR(optim.SGD([p], lr=1.0), T_max=n))
our_step = rates_of(LambdaLR(optim.SGD([p], lr=1.0), step_decay))
our_cosine = rates_of(LambdaLR(optim.SGD([p], lr=1.0), cosine))
print("StepLR equal:", torch.allclose(torch_step, our_step))
#: StepLR equal: True
print("CosineAnnealingLR equal:", torch.allclose(torch_cosine, our_cosine))
#: CosineAnnealingLR equal: True

# %%
# Every schedule gets five peak rates, and a constant rate gets the same five. The
# control of the warm-up is the same linear decay without it. They differ only in the
# first two epochs, where the warm-up has a third and two thirds of the peak rate. So
# its largest rate is three quarters of the peak rate. All use momentum 0.9.

peaks = [0.03, 0.05, 0.1, 0.15, 0.2]
schedules = {
    "constant": constant,
    "StepLR": step_decay,
    "cosine": cosine,
    "linear": linear,
    "warm-up, linear": warm_up,
}

# %%
# Each row of the table holds the test accuracies of a schedule, a column a peak rate.

schedule_accuracies, schedule_losses = {}, {}
print("peak rate       ", peaks)
#: peak rate        [0.03, 0.05, 0.1, 0.15, 0.2]
for name, schedule in schedules.items():
    schedule_accuracies[name] = []
    for peak in peaks:
        losses, accuracy = repeat(n, peak, 0.9, schedule)
        schedule_accuracies[name].append(accuracy)
        schedule_losses[name, peak] = losses.view(n, -1).mean(dim=1)  # an epoch each
    each = "  ".join([f"{a:.3f}" for a in schedule_accuracies[name]])
    print(f"{name:16} {each}")
#: constant         0.918  0.921  0.920  0.896  0.877
#: StepLR           0.914  0.921  0.924  0.917  0.910
#: cosine           0.915  0.921  0.924  0.921  0.913
#: linear           0.914  0.921  0.924  0.921  0.915
#: warm-up, linear  0.913  0.919  0.927  0.928  0.926

# %%
# From 0.15 on a constant rate is clearly the worst: near the minimum the network jumps
# around, because every batch has another gradient. A constant 0.05 does almost as well
# as the schedules do at their best rate. So a schedule mostly forgives a rate that is
# too large. The warm-up adds a little: from 0.1 on, the linear decay is better with it.
# One reason is that its largest rate is smaller. But it is also better at the same
# largest rate. It has 0.926 at the peak rate 0.2, and the linear decay has 0.921 at
# 0.15.

# %%
# Drawn: the schedules, and the training loss at the peak rate 0.15.

figure, axes = plt.subplots(1, 3, figsize=(13, 3.8), layout="tight")
for factor, found in plateau_rates.items():
    axes[0].plot(range(1, 9), found, marker=".", label=f"factor {factor}")
for name, schedule in schedules.items():
    factors = [schedule(epoch) for epoch in range(n)]
    axes[1].plot(range(1, n + 1), factors, ".-", label=name)
    axes[2].plot(range(1, n + 1), schedule_losses[name, 0.15], ".-", label=name)
axes[0].set(title="ReduceLROnPlateau", xlabel="epoch", ylabel="learning rate")
axes[1].set(title="by the epoch", xlabel="epoch", ylabel="part of the peak rate")
axes[2].set(title="training loss, peak rate 0.15", xlabel="epoch", yscale="log")
axes[0].legend()
axes[2].legend(fontsize=8)
show("schedules")

# %%
# Try it
# ------
# ``python check.py 34`` checks the function that is named here.
#
# - Predict whether momentum 0.9 comes down the ravine at 0.03. Change 0.018 in the
#   code, three times, and look.
# - Change the number of epochs with ``--epochs 30``. Which schedule gains most?
# - Build ``learning_rate``, a warm-up and then a cosine down to 0. Use it in
#   ``LambdaLR`` with the peak 1, and call ``scheduler.step`` after each batch. Compare
#   90 steps of warm-up with none, at rates from 0.05 to 0.3. Does it allow higher ones?
