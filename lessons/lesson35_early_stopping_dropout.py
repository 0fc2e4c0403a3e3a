"""
Lesson 35: early stopping, dropout and noise (early-stopping & dropout)
=======================================================================

Stop where unseen images say so, leave units out at random while training, and measure
how far the gradient of a batch is from that of all the data.

:Notes: early-stopping & dropout, and Stochastic Gradient Descent
:Needs: lessons 29 and 31
:Run: ``python lessons/lesson35_early_stopping_dropout.py``
:Takes: 15 s
"""

import copy

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

import _path  # the repository's root, for utils
from utils import finite, mnist, settings, show

opt = settings(epochs=60, batch_size=50, lr=0.01, momentum=0.9, patience=8)
torch.manual_seed(opt.seed)

# %%
# Dropout by hand
# ---------------
# While training, each unit becomes zero with the probability p, and those that are left
# are divided by 1 - p, so that the mean stays. p is the rate that is dropped, as in
# TensorFlow today. The notes say that TensorFlow takes the probability to keep, which
# was so in TensorFlow 1: its ``keep_prob=0.8`` is ``nn.Dropout(0.2)``.

x = torch.ones(100000)
print("rate  zero  others  mean")
for p in 0.2, 0.5:
    out = F.dropout(x, p)
    keep = out != 0  # the mask that was drawn
    by_hand = x * keep / (1 - p)
    assert torch.allclose(out, by_hand)
    print(f"{p:4.1f} {1 - keep.float().mean():5.2f}", end=" ")
    print(f"{out.max():7.2f} {out.mean():5.2f}")

# %%
# ``train()`` and ``eval()``
# --------------------------
# The notes say that no gradients are computed in evaluation mode. ``eval()`` turns
# dropout off and leaves gradients on; ``no_grad`` turns gradients off and leaves
# dropout on. A test needs ``eval()`` to be right, and ``no_grad`` to be cheap.


def network(p):
    """Images [b, 1, 28, 28] to logits [b, 10], dropout after both hidden layers."""
    layers = nn.Flatten(), nn.Linear(784, 200), nn.ReLU(), nn.Dropout(p)
    more = nn.Linear(200, 200), nn.ReLU(), nn.Dropout(p), nn.Linear(200, 10)
    return nn.Sequential(*layers, *more).to(opt.device)


train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
net = network(0.5)
modes = {}
for training in True, False:
    for recording in True, False:
        net.train(training)
        with torch.set_grad_enabled(recording):
            first, second = net(images[:8]), net(images[:8])
        modes[training, recording] = not torch.equal(first, second), first.requires_grad
        name = "train()" if training else "eval() "
        name += ", gradients on: " if recording else ", no_grad:      "
        print(name, "random {}, gradients {}".format(*modes[training, recording]))

# %%
# Early stopping
# --------------
# After each epoch the loss on validation images is measured. The best state so far is
# kept, as a copy: ``state_dict`` alone would change with the network. When ``patience``
# epochs in a row bring nothing better, the training ends and the best state returns.
# Here each run goes on to the last epoch all the same, which is the control.

n = 500  # few, so that the network overfits
x, y = images[:n], labels[:n]
validation = images[n : n + 2000], labels[n : n + 2000]


@torch.no_grad()
def score(net, x, y):
    """Loss and accuracy on all samples at once, without dropout."""
    net.eval()
    logits = net(x)  # [b, 1, 28, 28] => [b, 10]
    net.train()
    accuracy = (logits.argmax(dim=1) == y).float().mean().item()
    return F.cross_entropy(logits, y).item(), accuracy


def train_epoch(net, optimizer, batch_size):
    for i in torch.randperm(n).split(batch_size):
        loss = F.cross_entropy(net(x[i]), y[i])
        finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def train(p, seed):
    """Scores after each epoch [epochs, 4], test scores stopped and at the end [4]."""
    torch.manual_seed(opt.seed + seed)
    net = network(p)
    optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)
    scores, best_loss, waited = [], float("inf"), 0
    for _ in range(opt.epochs):
        train_epoch(net, optimizer, opt.batch_size)
        scores.append(score(net, x, y) + score(net, *validation))
        loss = scores[-1][2]
        if waited == opt.patience:
            continue  # ``break``, were it not for the control
        waited = 0 if loss < best_loss else waited + 1
        if waited == 0:
            best_loss, best_state = loss, copy.deepcopy(net.state_dict())
    last = score(net, *test_set.tensors)
    net.load_state_dict(best_state)
    return torch.tensor(scores), torch.tensor(score(net, *test_set.tensors) + last)


# %%
# With and without both, three seeds each.

seeds = 1 if opt.quick else 3
curves, results = {}, {}
print("dropout  stopped: test loss, accuracy  to the end: test loss, accuracy")
for p in 0.0, 0.5:
    runs = [train(p, seed) for seed in range(seeds)]
    curves[p] = torch.stack([scores for scores, _ in runs])  # [seeds, epochs, 4]
    results[p] = torch.stack([tests for _, tests in runs]).mean(dim=0).tolist()
    print(f"{p:7.1f}", "{:19.3f} {:9.3f} {:23.3f} {:9.3f}".format(*results[p]))

# %%
# PLACEHOLDER

figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharex=True)
for color, (p, runs) in zip(("C0", "C1"), curves.items(), strict=True):
    mean = runs.mean(dim=0)  # [seeds, epochs, 4] => [epochs, 4]
    for ax, column in zip(axes, (0, 1), strict=True):
        ax.plot(mean[:, column], "--", c=color, label=f"dropout {p}, training")
        ax.plot(mean[:, column + 2], c=color, label=f"dropout {p}, validation")
        ax.set_xlabel("epoch")
    best = runs[:, :, 2].argmin(dim=1)  # [seeds]
    axes[0].plot(best, runs[range(seeds), best, 2], "o", c=color)
axes[0].set(ylabel="cross entropy", ylim=(0, 1))
axes[1].set(ylabel="accuracy", ylim=(0.6, 1.01))
axes[1].legend()
show("dropout")

# %%
# How noisy is a batch?
# ---------------------
# Stochastic gradient descent takes the gradient of a batch for that of all the data. It
# is right on average, and its distance from it is the noise. The mean of b independent
# gradients has √b times less of it than one: half the noise takes four times the work.

net = network(0.0)
parameters = list(net.parameters())


def gradient(i):
    """The gradient of the loss on the images i, all parameters in one vector."""
    loss = F.cross_entropy(net(x[i]), y[i])
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)])


full = gradient(torch.arange(n))
noise = {}
print("batch size  noise  noise * sqrt(batch size)")
for b in 1, 4, 16, 64, 256:
    distances = []
    for _ in range(5 if opt.quick else 100):
        i = torch.randint(n, (b,))  # drawn with replacement, so independent
        distances.append((gradient(i) - full).square().sum() / full.square().sum())
    noise[b] = torch.stack(distances).mean().sqrt().item()
    print(f"{b:10d} {noise[b]:6.2f} {noise[b] * b**0.5:25.2f}")

# %%
# The noise is relative to the length of the full gradient: below about BB images it is
# larger than what is measured.
# What matters is the way that a loss goes for the same work. For all sizes an
# epoch sees each image once; one step over all 500 images is exact, and is one step.

losses = {}
for b in 10, 50, 500:
    torch.manual_seed(opt.seed)
    net = network(0.0)
    optimizer = optim.SGD(net.parameters(), lr=opt.lr)
    losses[b] = [score(net, x, y)[0]]
    for _ in range(1 if opt.quick else 10):
        train_epoch(net, optimizer, b)
        losses[b].append(score(net, x, y)[0])
    print(f"batch size {b:3d}: {losses[b][0]:.2f} => {losses[b][-1]:.2f}")

# %%

figure, axes = plt.subplots(1, 2, figsize=(9, 3.6))
sizes = torch.tensor(list(noise))
axes[0].loglog(sizes, list(noise.values()), "o", label="measured")
axes[0].loglog(sizes, noise[1] / sizes.sqrt(), "--", label="one over √batch size")
axes[0].axhline(1, c="0.6", label="the full gradient's length")
axes[0].set(xlabel="batch size", ylabel="noise")
axes[0].legend(fontsize=8)
for b, values in losses.items():
    axes[1].plot(values, marker=".", label=f"batch size {b}")
axes[1].set(xlabel="epoch", ylabel="training loss")
axes[1].legend()
show("noise")

# %%
# Try it
# ------
# - Predict the mean of ``F.dropout(x, 0.9)``, and its largest value; then run it.
# - Change ``--patience`` to 1 and to 30. What does each cost?
# - Build early stopping on the validation accuracy in place of the loss. Which of the
#   two test scores gets better, and which worse?
