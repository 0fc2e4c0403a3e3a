"""
Lesson 24: from a score to a class (logistic regression)
========================================================

A linear score, a sigmoid, a probability. Why accuracy, which is what one wants, cannot
be what one minimises, and what is minimised instead.

:Notes: lesson24 logistic regression
:Needs: lessons 16 and 19
:Run: ``python lessons/lesson24_logistic_regression.py``
"""

import torch
from matplotlib import pyplot as plt
from torch.nn import functional as F

from utils import show, stop_if_not_finite

torch.manual_seed(0)

# %%
# The model
# ---------
# A line through the plane gives a score z, from minus to plus infinity; the sigmoid
# makes it a probability that the class is 1:
#
# .. math:: z = w \cdot x + b, \qquad p = \sigma(z) = \frac{1}{1 + e^{-z}},
#    \qquad \text{so that} \quad \ln \frac{p}{1 - p} = z
#
# It is a linear regression of the logarithm of the odds, hence the old name. It tells
# classes apart, hence the one that the notes prefer: classification.
#
# Two clouds of 200 points that overlap a little:

n = 400
t = torch.arange(n, dtype=torch.float64) % 2  # [n], classes 0 and 1 in turn
centers = torch.tensor([[-1.5, -0.5], [1.0, 1.0]], dtype=torch.float64)
x = centers[t.long()] + torch.randn(n, 2, dtype=torch.float64)  # [n, 2]


def predict(x, w, b):
    return torch.sigmoid(x @ w + b)  # [n, 2] @ [2] => [n]


# %%
# Why not accuracy
# ----------------
# Accuracy counts the points on the right side. Comparing and counting have no
# derivative, and autograd refuses.

w = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
b = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
accuracy = ((predict(x, w, b) > 0.5) == (t == 1)).double().mean()
try:
    accuracy.backward()
except RuntimeError as error:
    print(error)
#: element 0 of tensors does not require grad and does not have a grad_fn

# %%
# Differences say why. Moved a little, b takes no point to the other side, and accuracy
# stays as it is. At the few places where one changes sides it jumps by 1/n, and there
# the quotient grows without bound as h shrinks.


def measure(b):
    """Accuracy and cross entropy for each b [m], with w = (1, 1)."""
    z = x.sum(dim=1) + b[:, None]  # [n] + [m, 1] => [m, n]
    accuracy = ((z > 0) == (t == 1)).double().mean(dim=1)
    loss = F.binary_cross_entropy_with_logits(z, t.expand_as(z), reduction="none")
    return accuracy, loss.mean(dim=1)


biases = torch.linspace(-4, 4, 2001, dtype=torch.float64)
zero_share, loss_zero_share = {}, {}
for h in 1e-2, 1e-4, 1e-6:
    ahead, behind = torch.stack(measure(biases + h)), torch.stack(measure(biases - h))
    zero = ((ahead - behind) / (2 * h) == 0).double().mean(dim=1)  # [2, m] => [2]
    zero_share[h], loss_zero_share[h] = zero.tolist()
    jump = 1 / n / (2 * h)
    print(f"h {h:.0e}: zero at {zero_share[h]:.3f} of all b, {jump:g} at a single jump")
#: h 1e-02: zero at 0.428 of all b, 0.125 at a single jump
#: h 1e-04: zero at 0.991 of all b, 12.5 at a single jump
#: h 1e-06: zero at 1.000 of all b, 1250 at a single jump
print(f"cross entropy: zero at {max(loss_zero_share.values()):.3f} of all b")
#: cross entropy: zero at 0.000 of all b

# %%
# Accuracy is a staircase, flat between its steps. Cross entropy has a slope everywhere
# that says which way is better and how much.

near = torch.linspace(0.25, 0.35, 2001, dtype=torch.float64)
panels = {
    "accuracy": (biases, measure(biases)[0]),
    "accuracy, a small piece of it": (near, measure(near)[0]),
    "cross entropy": (biases, measure(biases)[1]),
}
figure, axes = plt.subplots(1, 3, figsize=(12, 3.4))
for ax, (name, curve) in zip(axes, panels.items(), strict=True):
    ax.plot(*curve)
    ax.set(title=name, xlabel="b")
show("accuracy_steps")

# %%
# Two losses, two readings
# ------------------------
# The notes: with the mean squared error between p and t one reads the model as
# regression, of numbers that happen to be 0 and 1; with cross entropy as
# classification, of how improbable the right classes are. For one point
#
# .. math:: \text{MSE} = (p - t)^2, \qquad \text{CE} = -t \ln p - (1 - t) \ln (1 - p)
#
# For the score, with :math:`p' = p (1 - p)`, which cancels in the second (lesson 25
# says what for); for w that times :math:`\partial z / \partial w = x`, for b times 1:
#
# .. math:: \frac{\partial\,\text{MSE}}{\partial z} = 2 (p - t) \, p', \qquad
#    \frac{\partial\,\text{CE}}{\partial z} = \frac{p - t}{p'} \, p' = p - t

losses = {
    "MSE": (F.mse_loss, lambda p: 2 * (p - t) * p * (1 - p)),
    "cross entropy": (F.binary_cross_entropy, lambda p: p - t),
}
errors, accuracies, boundaries = {}, {}, {}
for name, (loss_function, slope) in losses.items():
    w = torch.tensor([1.0, -1.0], dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    for _ in range(500):
        p = predict(x, w, b)
        loss = loss_function(p, t)
        stop_if_not_finite(loss)
        gw, gb = torch.autograd.grad(loss, (w, b))
        with torch.no_grad():
            dz = slope(p)  # [n]
            dw, db = x.t() @ dz / n, dz.mean()  # [2, n] @ [n] => [2], and []
            w -= 1.0 * dw
            b -= 1.0 * db
    errors[name] = max((dw - gw).abs().max().item(), abs(db - gb).item())
    accuracies[name] = ((p > 0.5) == (t == 1)).double().mean().item()
    boundaries[name] = w.detach(), b.detach()
    print(f"{name}: equal {errors[name] < 1e-6}, accuracy {accuracies[name]:.3f}")
#: MSE: equal True, accuracy 0.930
#: cross entropy: equal True, accuracy 0.932

# %%
# Several classes
# ---------------
# One score a class, :math:`z = W x + b`, and softmax in place of the sigmoid. With two
# classes nothing changes, for only the difference of scores counts:
#
# .. math:: \frac{e^{z_1}}{e^{z_0} + e^{z_1}} = \frac{1}{1 + e^{-(z_1 - z_0)}}
#    = \sigma(z_1 - z_0)

z = torch.randn(5, 2, dtype=torch.float64)
of_two = F.softmax(z, dim=1)[:, 1]
print("a sigmoid:", torch.allclose(of_two, torch.sigmoid(z[:, 1] - z[:, 0])))
#: a sigmoid: True

# %%
# A third cloud and three scores.

y3 = torch.arange(600) % 3  # [600]
centers3 = torch.cat([centers, torch.tensor([[2.0, -2.5]])])
x3 = centers3[y3] + torch.randn(600, 2, dtype=torch.float64)  # [600, 2]
W = torch.zeros(3, 2, dtype=torch.float64, requires_grad=True)  # [k, 2]
b3 = torch.zeros(3, dtype=torch.float64, requires_grad=True)
for _ in range(300):
    logits = x3 @ W.t() + b3  # [600, 2] @ [2, 3] => [600, 3]
    loss = F.cross_entropy(logits, y3)
    stop_if_not_finite(loss)
    dW, db = torch.autograd.grad(loss, (W, b3))
    with torch.no_grad():
        W -= 1.0 * dW
        b3 -= 1.0 * db
accuracy3 = (logits.argmax(dim=1) == y3).double().mean().item()
print(f"three classes: accuracy {accuracy3:.3f}")
#: three classes: accuracy 0.908

# %%
# The boundary is where :math:`w \cdot x + b = 0`: a line, with w at right angles to it.
# Between each two of three classes it is again a line.

grid = torch.linspace(-5, 5, 120, dtype=torch.float64)
plane = torch.stack(torch.meshgrid(grid, grid, indexing="xy"), dim=-1)  # [120, 120, 2]
w, b = boundaries["cross entropy"]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True)
image = left.pcolormesh(grid, grid, predict(plane, w, b), cmap="coolwarm", alpha=0.6)
left.scatter(*x.t(), c=t, cmap="coolwarm", s=10, edgecolors="black", linewidths=0.3)
for (name, (w, b)), style in zip(boundaries.items(), [":", "-"], strict=True):
    left.plot(grid, -(w[0] * grid + b) / w[1], style, color="black", label=name)
left.legend(title="boundary", loc="lower left")
left.set_title("p (class 1)")
figure.colorbar(image)
regions = (plane @ W.t() + b3).argmax(dim=-1)  # [120, 120, 3] => [120, 120]
right.pcolormesh(grid, grid, regions, cmap="Pastel1", vmax=8)
right.scatter(*x3.t(), c=y3, cmap="Set1", vmax=8, s=10)
right.set_title("three classes")
left.set(ylim=(-5, 5), xlabel="x₁", ylabel="x₂")
show("boundary")

# %%
# Try it
# ------
# - Predict the boundary after all points are moved by (1, 0). Which parameters change?
# - Change the clouds so that they do not overlap. What happens to w as steps go on?
# - Build the softmax gradient by hand: it is p - one_hot(y), as for two classes.
