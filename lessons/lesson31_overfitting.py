"""
Lesson 31: underfitting and overfitting (过拟合与欠拟合)
========================================================

A model that is too simple misses the pattern in the data: it underfits (欠拟合). A very
flexible model learns the noise, too: it overfits (过拟合). Only data that the model was
not trained on tell which of the two happens.

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

opt = settings(
    steps=600,
    batch_size=50,
    lr=0.01,
    momentum=0.9,
    seeds=3,
    fits=100,
    quick={"steps": 60, "seeds": 1, "fits": 3},
)
torch.manual_seed(opt.seed)
every = max(1, opt.steps // 12)  # steps from one record of the scores to the next

# %%
# Capacity
# --------
# The capacity (模型容量) of a model is the set of functions that it can become. A
# polynomial of degree n has n + 1 coefficients. It can become every polynomial of a
# lower degree, so its best fit to given points is at least as close as theirs. The
# points here lie on a sine wave. The noise has a standard deviation of 0.3.

x = torch.linspace(-1, 1, 20, dtype=torch.float64)
x_test = torch.linspace(-1, 1, 400, dtype=torch.float64)


def noisy_sine(x):
    return torch.sin(math.pi * x) + 0.3 * torch.randn_like(x)


def fit(x, y, degree):
    """The coefficients [degree + 1] of the least squared error."""
    powers = torch.vander(x, N=degree + 1)  # [b] => [b, degree + 1]
    return torch.linalg.lstsq(powers, y.unsqueeze(1)).solution.squeeze(1)


def polynomial(x, w):
    """The values [b] of the polynomial with the coefficients w."""
    return torch.vander(x, N=len(w)) @ w


# %%
# Each degree is fitted to 100 samples of points. The error is the root of the mean
# squared error over all of them. The new points have noise of their own, so no model
# can have an error below 0.3 on them.

degrees = list(range(1, 16))
train_squares = torch.zeros(len(degrees))
test_squares = torch.zeros(len(degrees))
for _ in range(opt.fits):
    y, y_test = noisy_sine(x), noisy_sine(x_test)
    for i, degree in enumerate(degrees):
        w = fit(x, y, degree)
        train_squares[i] += (polynomial(x, w) - y).square().mean()
        test_squares[i] += (polynomial(x_test, w) - y_test).square().mean()
train_errors = (train_squares / opt.fits).sqrt().tolist()
test_errors = (test_squares / opt.fits).sqrt().tolist()

print("degree  train error  test error")
#: degree  train error  test error
for i, degree in enumerate(degrees):
    print(f"{degree:<6d} {train_errors[i]:12.2f} {test_errors[i]:11.2f}")
#: 1              0.55        0.55
#: 2              0.55        0.55
#: 3              0.28        0.34
#: 4              0.27        0.34
#: 5              0.25        0.34
#: 6              0.24        0.35
#: 7              0.23        0.35
#: 8              0.22        0.36
#: 9              0.21        0.37
#: 10             0.20        0.37
#: 11             0.19        0.39
#: 12             0.18        0.41
#: 13             0.17        0.45
#: 14             0.15        0.59
#: 15             0.14        0.98

# %%
# Degree 1 underfits: its error is large on the points that it was fitted to, and about
# as large on new ones. Degree 3 follows the pattern. Degree 15 overfits: it is closest
# to its 20 points, and it swings between them. The difference between the two errors is
# called the generalisation gap (泛化差距).

# %%
# Drawn: three fits to the same points, and both errors for each degree.

figure, axes = plt.subplots(1, 4, figsize=(12, 3.2))
y = noisy_sine(x)
for ax, degree in zip(axes, (1, 3, 15), strict=False):
    ax.plot(x, y, "o", markersize=4, label="training points")
    ax.plot(x_test, torch.sin(math.pi * x_test), "--", label="without noise")
    ax.plot(x_test, polynomial(x_test, fit(x, y, degree)), label="fit")
    ax.set(title=f"degree {degree}", xlabel="x", ylim=(-2, 2))
axes[0].legend(fontsize=8)
axes[3].plot(degrees, train_errors, marker=".", label="training points")
axes[3].plot(degrees, test_errors, marker=".", label="new points")
axes[3].set(title=f"{opt.fits} fits", xlabel="degree", ylabel="error", ylim=(0, 1))
axes[3].legend(fontsize=8)
show("polynomials")

# %%
# A network on few images
# -----------------------
# A network of 159010 weights is trained on 500 images. As a control, the same network
# is trained for as many steps on 5000 images.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
test_images, test_labels = test_set.tensors


# %%
# A score is a pair: the mean cross entropy, and the accuracy.


@torch.no_grad()
def score(net, x, y):
    logits = net(x)  # [b, 1, 28, 28] => [b, 10]
    loss = F.cross_entropy(logits, y).item()
    accuracy = (logits.argmax(dim=1) == y).float().mean().item()
    return loss, accuracy


# %%
# The network has one hidden layer, whose width can be chosen.


def network(width):
    return nn.Sequential(
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, width),
        nn.ReLU(),
        nn.Linear(width, 10),
    ).to(opt.device)


# %%
# Each step takes a random batch. Twelve times on the way, the scores on the training
# and the test images are recorded.


def train(n, width, seed):
    """Scores [12, 4]: loss and accuracy on n training images, then on test images."""
    torch.manual_seed(opt.seed + seed)
    net, x, y = network(width), images[:n], labels[:n]
    optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)
    rows = []
    for step in range(1, opt.steps + 1):
        i = torch.randint(n, [opt.batch_size])  # a random batch
        loss = F.cross_entropy(net(x[i]), y[i])
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % every == 0:
            rows.append(score(net, x, y) + score(net, test_images, test_labels))
    return torch.tensor(rows)


# %%
# Both sizes, with the mean over three seeds. ``lowest`` is the lowest test loss on the
# way, ``end`` the test loss after the last step.


def mean_scores(n, width):
    """The mean of the scores [12, 4] over the seeds."""
    runs = [train(min(n, len(images)), width, seed) for seed in range(opt.seeds)]
    return torch.stack(runs).mean(dim=0)  # [seeds, 12, 4] => [12, 4]


curves, results = {}, {}
print("images  train loss  test loss: lowest, end  test accuracy")
#: images  train loss  test loss: lowest, end  test accuracy
for n in 500, 5000:
    curves[n] = mean_scores(n, width=200)
    train_loss, _, test_loss, accuracy = curves[n][-1].tolist()
    lowest = curves[n][:, 2].min().item()
    results[n] = train_loss, lowest, test_loss, accuracy
    print(f"{n:<6d} {train_loss:11.3f} {lowest:18.3f} {test_loss:.3f} {accuracy:14.3f}")
#: 500          0.005              0.520 0.594          0.846
#: 5000         0.091              0.238 0.244          0.925

# %%
# On 500 images the network overfits: the training loss goes to zero, while the test
# loss falls, turns and rises. The test accuracy does not fall with it. The predictions
# hardly change, but the network becomes more confident in its mistakes, and cross
# entropy punishes that.

# %%
# Drawn: the scores over the steps, with 500 and with 5000 images.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
at = [every * (i + 1) for i in range(opt.steps // every)]
for n, color in (500, "C0"), (5000, "C1"):
    left.plot(at, curves[n][:, 0], "--", c=color, label=f"{n} images, training")
    left.plot(at, curves[n][:, 2], c=color, label=f"{n} images, test")
    right.plot(at, curves[n][:, 1], "--", c=color)
    right.plot(at, curves[n][:, 3], c=color)
left.set(xlabel="step", ylabel="cross entropy", ylim=(0, 0.9))
right.set(xlabel="step", ylabel="accuracy")
left.legend(fontsize=8)
show("networks")

# %%
# More weights are not always worse
# ---------------------------------
# The polynomials suggest that so many weights are far too many for 500 images. The same
# training with narrower hidden layers shows that this is not so.

widths = {}
print("width  train loss  train accuracy  test loss  test accuracy")
#: width  train loss  train accuracy  test loss  test accuracy
for width in 2, 4, 8, 16, 64:
    widths[width] = mean_scores(500, width)[-1].tolist()
widths[200] = curves[500][-1].tolist()
for width, scores in widths.items():
    train_loss, train_accuracy, test_loss, accuracy = scores
    print(f"{width:<5d} {train_loss:11.3f} {train_accuracy:15.3f}", end="")
    print(f"{test_loss:11.3f} {accuracy:14.3f}")
#: 2           1.159           0.556      1.984          0.386
#: 4           0.119           0.976      1.381          0.707
#: 8           0.008           1.000      0.910          0.803
#: 16          0.006           1.000      0.666          0.839
#: 64          0.005           1.000      0.635          0.843
#: 200         0.005           1.000      0.594          0.846

# %%
# Two units underfit in these 600 steps. With eight or more, the training accuracy is 1
# and says nothing more, while the test loss still falls with every larger width. The
# number of weights does not tell which capacity is best. You have to measure it, on
# images that the network was not trained on.

# %%
# Try it
# ------
# ``python check.py 31`` checks the function that is named here.
#
# - Predict the training error of degree 19 on the 20 points, then change
#   ``range(1, 16)`` to ``range(1, 20)`` and look at the last row.
# - Change the noise of 0.3 to 0. Which degrees overfit then?
# - Build ``choose_degree``, the degree whose polynomial is best on new points. Which
#   degree does it choose for the points of the drawing?
