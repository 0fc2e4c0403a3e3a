"""
Lesson 31: underfitting and overfitting (过拟合与欠拟合)
========================================================

A model that is too simple misses the pattern; one that is free enough learns the noise
as well. Only data that it was not trained on tell which of the two it did.

:Notes: none; the course's lesson between lesson30 and lesson32
:Needs: lesson 29
:Run: ``python lessons/lesson31_overfitting.py``
"""

import math

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import mnist, settings, show, stop_if_not_finite

opt = settings(steps=600, batch_size=50, lr=0.01, momentum=0.9)
torch.manual_seed(opt.seed)
steps, seeds = (50, 1) if opt.quick else (opt.steps, 3)
every = max(1, steps // 12)  # from one point of a curve to the next

# %%
# Capacity
# --------
# A model's capacity is the set of functions that it can become. A polynomial of degree
# n has n + 1 coefficients; each degree contains all lower ones, so that its best fit to
# given points is at least as close as theirs. The points here lie on one sine wave,
# with noise of standard deviation 0.3.

x = torch.linspace(-1, 1, 20, dtype=torch.float64)
x_test = torch.linspace(-1, 1, 400, dtype=torch.float64)


def noisy_sine(x):
    return torch.sin(math.pi * x) + 0.3 * torch.randn_like(x)


def fit(x, y, degree):
    """The polynomial with the least squared error, as a function."""
    powers = torch.vander(x, N=degree + 1)  # [b] => [b, degree + 1]
    w = torch.linalg.lstsq(powers, y.unsqueeze(1)).solution  # [degree + 1, 1]
    return lambda x: (torch.vander(x, N=degree + 1) @ w).squeeze(1)  # [b] => [b]


# %%
# Each degree is fitted to 100 samples of points; the error is the root mean square over
# all. New points have noise of their own: no model can come below 0.3 there.

repeats = 3 if opt.quick else 100
degrees = range(1, 16)
squares = torch.zeros(len(degrees), 2, dtype=torch.float64)
for _ in range(repeats):
    y, y_test = noisy_sine(x), noisy_sine(x_test)
    for i, degree in enumerate(degrees):
        polynomial = fit(x, y, degree)
        squares[i, 0] += (polynomial(x) - y).square().mean()
        squares[i, 1] += (polynomial(x_test) - y_test).square().mean()
train_errors, test_errors = (squares / repeats).sqrt().t().tolist()

print("degree  train error  test error")
#: degree  train error  test error
for i in 0, 2, 4, 8, 11, 14:
    print(f"{degrees[i]:<6d} {train_errors[i]:12.3f} {test_errors[i]:11.3f}")
#: 1             0.553       0.550
#: 3             0.281       0.336
#: 5             0.252       0.339
#: 9             0.211       0.366
#: 12            0.180       0.405
#: 15            0.138       0.979

# %%
# Degree 1 underfits: it is wrong on the points that it was fitted to, and as wrong on
# others. Degree 3 has what the pattern needs. Degree 15 overfits: it is closest to its
# 20 points and swings between them. The two errors differ by the generalisation gap.

figure, axes = plt.subplots(1, 4, figsize=(12, 3.2))
y = noisy_sine(x)
for ax, degree in zip(axes, (1, 3, 15), strict=False):
    ax.plot(x, y, "o", markersize=4, label="training points")
    ax.plot(x_test, torch.sin(math.pi * x_test), "--", label="without noise")
    ax.plot(x_test, fit(x, y, degree)(x_test), label="fit")
    ax.set(title=f"degree {degree}", xlabel="x", ylim=(-2, 2))
axes[0].legend(fontsize=8)
axes[3].plot(degrees, train_errors, marker=".", label="training points")
axes[3].plot(degrees, test_errors, marker=".", label="new points")
axes[3].set(title="100 fits", xlabel="degree", ylabel="error", ylim=(0, 1))
axes[3].legend(fontsize=8)
show("polynomials")

# %%
# A network on few images
# -----------------------
# The control is the same network, trained for as many steps on ten times as many
# images. Data this small need no loader: a batch is an index into the whole tensor.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors


@torch.no_grad()
def score(net, x, y):
    logits = net(x)  # [b, 1, 28, 28] => [b, 10]
    loss = F.cross_entropy(logits, y).item()
    return loss, (logits.argmax(dim=1) == y).float().mean().item()


def train(x, y, width=200, seed=0, every=steps):
    """Scores on training and test set after every so many steps, [points, 4]."""
    torch.manual_seed(opt.seed + seed)
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(784, width), nn.ReLU(), nn.Linear(width, 10)
    ).to(opt.device)
    optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)
    order, scores = [], []
    for step in range(1, steps + 1):
        order = order or list(torch.randperm(len(x)).split(opt.batch_size))
        i = order.pop()  # which images, [b]
        loss = F.cross_entropy(net(x[i]), y[i])
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % every == 0:
            scores.append(score(net, x, y) + score(net, *test_set.tensors))
    return torch.tensor(scores)


# %%
# Three seeds each, since one run could be luck.

curves, results = {}, {}
print("images  train loss  test loss: lowest  at the end  test accuracy")
#: images  train loss  test loss: lowest  at the end  test accuracy
for n in 500, 5000:
    x, y = images[:n], labels[:n]
    runs = [train(x, y, seed=seed, every=every) for seed in range(seeds)]
    curves[n] = torch.stack(runs).mean(dim=0)  # [seeds, points, 4] => [points, 4]
    train_loss, _, test_loss, accuracy = curves[n][-1].tolist()
    results[n] = train_loss, curves[n][:, 2].min().item(), test_loss, accuracy
    print(f"{n:<6d}", "{:11.3f} {:18.3f} {:11.3f} {:14.3f}".format(*results[n]))
#: 500          0.005              0.506       0.589          0.848
#: 5000         0.075              0.231       0.237          0.929

# %%
# On 500 images the curves part: the training loss goes to zero, and the test loss turns
# and rises. The test accuracy does not fall with it: the network answers as before, and
# is ever surer of its mistakes too, which cross entropy counts.
#
# More weights are not always worse
# ---------------------------------
# By the polynomials, 159010 weights for 500 images should be hopeless. The same
# training with a narrower hidden layer says otherwise.

widths = {}
x, y = images[:500], labels[:500]
for width in (2, 64) if opt.quick else (2, 4, 8, 16, 64):
    runs = [train(x, y, width, seed) for seed in range(seeds)]
    widths[width] = torch.cat(runs).mean(dim=0).tolist()  # [seeds, 4] => [4]
widths[200] = curves[500][-1].tolist()
print("width  train loss  train accuracy  test loss  test accuracy")
#: width  train loss  train accuracy  test loss  test accuracy
for width, scores in widths.items():
    print(f"{width:<5d}", "{:11.3f} {:15.3f} {:10.3f} {:14.3f}".format(*scores))
#: 2           0.899           0.687      1.878          0.453
#: 4           0.099           0.980      1.510          0.696
#: 8           0.008           1.000      0.882          0.806
#: 16          0.006           1.000      0.666          0.840
#: 64          0.005           1.000      0.634          0.843
#: 200         0.005           1.000      0.589          0.848

# %%
# Two units underfit: they cannot tell all training images apart. Eight can, and from
# there on the training accuracy has nothing more to say, while the test loss still
# falls with every widening. Which capacity is best cannot be read off the number of
# weights; it is measured on images that were not trained on.

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.6))
for color, (n, curve) in zip(("C0", "C1"), curves.items(), strict=True):
    at = range(every, steps + 1, every)
    for ax, column in (left, 0), (middle, 1):
        ax.plot(at, curve[:, column], "--", c=color, label=f"{n} images, training")
        ax.plot(at, curve[:, column + 2], c=color, label=f"{n} images, test")
for name, column in ("training", 0), ("test", 2):
    losses = [scores[column] for scores in widths.values()]
    right.plot([str(width) for width in widths], losses, marker="o", label=name)
left.set(xlabel="step", ylabel="cross entropy", ylim=(0, 0.9))
middle.set(xlabel="step", ylabel="accuracy")
right.set(title="500 images", xlabel="hidden units", ylabel="cross entropy")
left.legend(fontsize=8)
right.legend()
show("networks")

# %%
# Learning by heart
# -----------------
# Labels drawn at random show how much capacity is there. The network learns all 500 of
# them and knows nothing: a training accuracy alone proves no learning.

random_labels = torch.randint(10, y.shape).to(opt.device)
_, memorised, _, guessed = train(x, random_labels)[-1].tolist()
print(f"random labels: train accuracy {memorised:.3f}, test {guessed:.1f}")
#: random labels: train accuracy 1.000, test 0.1

# %%
# Try it
# ------
# - Predict the training error of degree 19 on the 20 points, then change
#   ``range(1, 16)`` and look.
# - Change the noise of 0.3 to 0. Which degrees overfit then?
# - Build the curve of the test accuracy over 100, 200, 500 ... 50000 images. How many
#   more does each further percent cost?
