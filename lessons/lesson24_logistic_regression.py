"""
Lesson 24: from a score to a class (logistic regression)
========================================================

A linear score and a sigmoid give a probability. You want a high accuracy, but gradient
descent cannot use the accuracy as a loss. This lesson shows why, and what it uses.

:Notes: lesson24 logistic regression
:Needs: lessons 16 and 19
:Run: ``python lessons/lesson24_logistic_regression.py``
"""

import torch
from matplotlib import pyplot as plt
from torch.nn import functional as F

from utils import show

torch.manual_seed(0)

# %%
# The model
# ---------
# Logistic regression (逻辑回归) has a linear score z, any real number. The sigmoid
# turns it into the probability p that the class is 1:
#
# .. math:: z = w \cdot x + b, \qquad p = \sigma(z) = \frac{1}{1 + e^{-z}},
#    \qquad \text{so that} \quad \ln \frac{p}{1 - p} = z
#
# The fraction p / (1 - p) is the odds (几率). So the logarithm of the odds is a linear
# function of x, as the output of a linear regression is.
#
# The notes say that "logistic regression" is an old name and that the name is now
# "classification". In fact the name is in use, and it means this one model.
# Classification (分类) is the task, and many other models solve it.
#
# The data are two clouds of 200 points that overlap a little:

n = 400
t = torch.arange(n, dtype=torch.float64) % 2  # [n], classes 0 and 1 in turn
centers = torch.tensor([[-1.5, -0.5], [1.0, 1.0]], dtype=torch.float64)
x = centers[t.long()] + torch.randn(n, 2, dtype=torch.float64)  # [n, 2]


def predict(x, w, b):
    return torch.sigmoid(x @ w + b)  # [n, 2] @ [2] => [n]


# %%
# Why not accuracy
# ----------------
# The accuracy (准确率) is the share of points with p on the right side of ½. Comparing
# and counting have no derivative, and autograd raises an error.

w = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
b = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
accuracy = ((predict(x, w, b) > 0.5) == (t == 1)).double().mean()
try:
    accuracy.backward()
except RuntimeError as error:
    print(error)
#: element 0 of tensors does not require grad and does not have a grad_fn

# %%
# Differences show the reason. A small change of b moves no point to the other side, so
# the accuracy stays the same. At a few values of b one point changes sides, and the
# accuracy jumps by 1/n. The quotient at such a jump grows without limit as h gets
# smaller. Below, w is (1, 1), and each function takes many values of b at once.


def scores(b):
    return x.sum(dim=1) + b[:, None]  # [n] + [m, 1] => [m, n]


def accuracy_of(b):
    return ((scores(b) > 0) == (t == 1)).double().mean(dim=1)  # [m]


def cross_entropy_of(b):
    z = scores(b)
    targets = t.expand_as(z)  # [n] => [m, n]
    loss = F.binary_cross_entropy_with_logits(z, targets, reduction="none")
    return loss.mean(dim=1)  # [m]


# %%

biases = torch.linspace(-4, 4, 2001, dtype=torch.float64)
zero_share, loss_zero_share = {}, {}
for h in 1e-2, 1e-4, 1e-6:
    slope = (accuracy_of(biases + h) - accuracy_of(biases - h)) / (2 * h)
    zero_share[h] = (slope == 0).double().mean().item()
    slope = (cross_entropy_of(biases + h) - cross_entropy_of(biases - h)) / (2 * h)
    loss_zero_share[h] = (slope == 0).double().mean().item()
    jump = 1 / n / (2 * h)
    print(f"h {h:.0e}: slope 0 at {zero_share[h]:.3f} of all b, {jump:g} at a jump")
#: h 1e-02: slope 0 at 0.428 of all b, 0.125 at a jump
#: h 1e-04: slope 0 at 0.991 of all b, 12.5 at a jump
#: h 1e-06: slope 0 at 1.000 of all b, 1250 at a jump
largest_share = max(loss_zero_share.values())
print(f"cross entropy: slope 0 at {largest_share:.3f} of all b")
#: cross entropy: slope 0 at 0.000 of all b

# %%
# Drawn: the accuracy is a staircase, flat between its steps. Cross entropy (交叉熵,
# lesson 25) has a slope everywhere. The slope says in which direction the loss falls,
# and how fast.

near = torch.linspace(0.25, 0.35, 2001, dtype=torch.float64)
figure, axes = plt.subplots(1, 3, figsize=(12, 3.4))
axes[0].plot(biases, accuracy_of(biases))
axes[0].set_title("accuracy")
axes[1].plot(near, accuracy_of(near))
axes[1].set_title("accuracy, a small piece of it")
axes[2].plot(biases, cross_entropy_of(biases))
axes[2].set_title("cross entropy")
for ax in axes:
    ax.set_xlabel("b")
show("accuracy_steps")

# %%
# Two losses, two readings
# ------------------------
# The notes say that the loss decides how to read the model. With the mean squared error
# it is a regression of the numbers 0 and 1, with cross entropy it is a classification.
# For one point
#
# .. math:: \text{MSE} = (p - t)^2, \qquad \text{CE} = -t \ln p - (1 - t) \ln (1 - p)
#
# The cross entropy of two classes is also called binary cross entropy (二元交叉熵). The
# model and the way it predicts are the same, only the loss differs. Lesson 25 compares
# the gradients of the two losses.


def train(loss_function):
    """w and b after 500 steps of gradient descent."""
    w = torch.tensor([1.0, -1.0], dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    for _ in range(500):
        loss = loss_function(predict(x, w, b), t)
        dw, db = torch.autograd.grad(loss, (w, b))
        with torch.no_grad():
            w -= 1.0 * dw
            b -= 1.0 * db
    return w.detach(), b.detach()


# %%

losses = {"MSE": F.mse_loss, "cross entropy": F.binary_cross_entropy}
accuracies, boundaries = {}, {}
for name, loss_function in losses.items():
    w, b = train(loss_function)
    boundaries[name] = w, b
    accuracies[name] = ((predict(x, w, b) > 0.5) == (t == 1)).double().mean().item()
    print(f"{name}: accuracy {accuracies[name]:.3f}")
#: MSE: accuracy 0.930
#: cross entropy: accuracy 0.932

# %%
# The gradient by hand
# --------------------
# For cross entropy the derivative with respect to the score z is p - t (lesson 25).
# Multiply it by :math:`\partial z / \partial w = x` for the gradient of w, and by 1 for
# that of b. The loss is a mean, so both are means over the points.

w = torch.tensor([1.0, -1.0], dtype=torch.float64, requires_grad=True)
b = torch.zeros((), dtype=torch.float64, requires_grad=True)
p = predict(x, w, b)
dw, db = torch.autograd.grad(F.binary_cross_entropy(p, t), (w, b))
dz = (p - t).detach()  # [n]
dw_by_hand = x.t() @ dz / n  # [2, n] @ [n] => [2]
db_by_hand = dz.mean()
errors = {
    "w": (dw - dw_by_hand).abs().max().item(),
    "b": (db - db_by_hand).abs().item(),
}
for name, error in errors.items():
    print(f"gradient of {name} equals autograd: {error < 1e-6}")
#: gradient of w equals autograd: True
#: gradient of b equals autograd: True

# %%
# Several classes
# ---------------
# With several classes there is one score for each class, :math:`z = W x + b`, and
# softmax replaces the sigmoid. For two classes softmax is a sigmoid of the difference
# of the two scores:
#
# .. math:: \frac{e^{z_1}}{e^{z_0} + e^{z_1}} = \frac{1}{1 + e^{-(z_1 - z_0)}}
#    = \sigma(z_1 - z_0)

z = torch.randn(5, 2, dtype=torch.float64)
of_two = F.softmax(z, dim=1)[:, 1]
print("a sigmoid:", torch.allclose(of_two, torch.sigmoid(z[:, 1] - z[:, 0])))
#: a sigmoid: True

# %%
# Here is a third cloud, with three scores.

y3 = torch.arange(600) % 3  # [600]
centers3 = torch.cat([centers, torch.tensor([[2.0, -2.5]])])
x3 = centers3[y3] + torch.randn(600, 2, dtype=torch.float64)  # [600, 2]
W = torch.zeros(3, 2, dtype=torch.float64, requires_grad=True)  # [k, 2]
b3 = torch.zeros(3, dtype=torch.float64, requires_grad=True)
for _ in range(300):
    logits = x3 @ W.t() + b3  # [600, 2] @ [2, 3] => [600, 3]
    loss = F.cross_entropy(logits, y3)
    dW, db = torch.autograd.grad(loss, (W, b3))
    with torch.no_grad():
        W -= 1.0 * dW
        b3 -= 1.0 * db

# %%
# The notes say that logistic regression differs from classification: it cannot use the
# accuracy as its error. In fact no model can, if gradient descent trains it. The
# classifier of three classes has no gradient of the accuracy, either.

correct = (logits.argmax(dim=1) == y3).double()  # [600]
accuracy3 = correct.mean().item()
print(f"three classes: accuracy {accuracy3:.3f}")
#: three classes: accuracy 0.908
print("accuracy has a gradient:", correct.mean().requires_grad)
#: accuracy has a gradient: False

# %%
# Drawn: the boundary (决策边界) of two classes is the line :math:`w \cdot x + b = 0`.
# It is at right angles to w. Between two of three classes the boundary is a line as
# well.

grid = torch.linspace(-5, 5, 120, dtype=torch.float64)
plane = torch.stack(torch.meshgrid(grid, grid, indexing="xy"), dim=-1)  # [120, 120, 2]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True)
for name, style in ("MSE", ":"), ("cross entropy", "-"):
    w, b = boundaries[name]
    left.plot(grid, -(w[0] * grid + b) / w[1], style, color="black", label=name)
p = predict(plane, w, b)  # of cross entropy, [120, 120]
image = left.pcolormesh(grid, grid, p, cmap="coolwarm", alpha=0.6)
left.scatter(x[:, 0], x[:, 1], c=t, cmap="coolwarm", s=10, edgecolors="black")
left.legend(title="boundary", loc="lower left")
left.set_title("p (class 1)")
left.set(ylim=(-5, 5), xlabel="x₁", ylabel="x₂")
figure.colorbar(image)
regions = (plane @ W.t() + b3).argmax(dim=-1)  # [120, 120, 3] => [120, 120]
right.pcolormesh(grid, grid, regions, cmap="Pastel1", vmax=8)
right.scatter(x3[:, 0], x3[:, 1], c=y3, cmap="Set1", vmax=8, s=10)
right.set_title("three classes")
right.set(xlabel="x₁")
show("boundary")

# %%
# Try it
# ------
# ``python check.py 24`` checks the functions that are named here.
#
# - Predict the boundary after all points move by (1, 0). Which parameters change? Then
#   write ``boundary_height``, a point of the boundary.
# - Change the given ``binary_loss`` until it is right for scores of any size.
# - Build ``fit_line``, the whole training with a gradient by hand.
