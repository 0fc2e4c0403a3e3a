"""
Lesson 25: cross entropy (交叉熵)
=================================

The loss of classification: the mean surprise of one who expects the distribution q and
meets p. What it is made of, how it stays finite, and why not a squared error instead.

:Notes: lesson25 交叉熵
:Needs: lessons 18 and 24
:Run: ``python lessons/lesson25_cross_entropy.py``
"""

import math

import torch
from matplotlib import pyplot as plt
from torch.nn import functional as F

from utils import show

torch.manual_seed(0)

# %%
# Entropy
# -------
# What has the probability p is met with the surprise -ln p: none at p = 1, much where
# p is small. The mean surprise of a distribution is its entropy:
#
# .. math:: H(p) = -\sum_i p_i \ln p_i = \sum_i p_i \ln \frac{1}{p_i}
#
# A fair die is the least predictable; a loaded one gives something away, and one that
# always shows six leaves no question. With log₂ the unit is a bit, with ln a nat.


def entropy(p):
    return torch.xlogy(p, 1 / p).sum().item()  # x log y, but 0 where x is 0


dice = {
    "fair": torch.full([6], 1 / 6, dtype=torch.float64),
    "loaded": torch.tensor([0.1, 0.1, 0.1, 0.1, 0.1, 0.5], dtype=torch.float64),
    "always six": torch.tensor([0, 0, 0, 0, 0, 1], dtype=torch.float64),
}
entropies = {name: entropy(p) for name, p in dice.items()}
for name, value in entropies.items():
    print(f"{name}: {value:.3f}, in bits {value / math.log(2):.3f}")
#: fair: 1.792, in bits 2.585
#: loaded: 1.498, in bits 2.161
#: always six: 0.000, in bits 0.000

# %%
# Cross entropy and KL divergence
# -------------------------------
# Who believes in q while p is true is surprised by -ln q as often as p says. What that
# costs beyond the entropy is the Kullback-Leibler divergence (lesson 54):
#
# .. math:: H(p, q) = -\sum_i p_i \ln q_i, \qquad
#    D(p \| q) = \sum_i p_i \ln \frac{p_i}{q_i}, \qquad H(p, q) = H(p) + D(p \| q)


def cross_entropy(p, q):
    return torch.xlogy(p, 1 / q).sum().item()


def kl(p, q):
    return torch.xlogy(p, p / q).sum().item()


sum_errors = []
for p_name, q_name in ("loaded", "loaded"), ("loaded", "fair"), ("fair", "loaded"):
    p, q = dice[p_name], dice[q_name]
    total = cross_entropy(p, q)
    sum_errors.append(abs(total - entropy(p) - kl(p, q)))
    print(f"{p_name} die, {q_name} expected:", end=" ")
    print(f"{total:.2f} = {entropy(p):.2f} + {kl(p, q):.2f}")
#: loaded die, loaded expected: 1.50 = 1.50 + 0.00
#: loaded die, fair expected: 1.79 = 1.50 + 0.29
#: fair die, loaded expected: 2.03 = 1.79 + 0.24

# %%
# The notes call it a measure of the gap between two distributions. D is one: it is zero
# where q = p. Cross entropy has its minimum there, too, but the minimum is H(p), and
# zero only where p is certain, as the label of an image is. ``F.cross_entropy`` takes
# whole distributions as targets; the softmax of ln q is q.

by_torch = F.cross_entropy(dice["fair"].log(), dice["loaded"]).item()
print(f"F.cross_entropy: {by_torch:.2f}")
#: F.cross_entropy: 1.79

six = torch.linspace(0.02, 0.98, 97, dtype=torch.float64)  # q of six, [97]
qs = torch.cat([(1 - six[:, None]).expand(-1, 5) / 5, six[:, None]], dim=1)  # [97, 6]
curve = -(dice["loaded"] * qs.log()).sum(dim=1)  # [97]
plt.figure(figsize=(6, 3.4))
plt.plot(six, curve, label="cross entropy H(p, q)")
plt.axhline(entropies["loaded"], color="gray", linestyle="--", label="entropy H(p)")
plt.fill_between(six, entropies["loaded"], curve, alpha=0.2, label="divergence D(p‖q)")
plt.xlabel("expected probability of six; the loaded die's is 0.5")
plt.ylabel("nats")
plt.legend()
show("dice")

# %%
# As a loss
# ---------
# The label y is a one-hot p, so that a single term is left: :math:`-\ln q_y`. From
# logits it takes three steps, softmax, log and ``nll_loss``, which picks the label's
# entry and turns its sign. ``F.cross_entropy`` is all three.

x = torch.randn(1, 784)
w = torch.randn(10, 784)
logits = x @ w.t()  # [1, 784] @ [784, 10] => [1, 10]
y = torch.tensor([3])
q = F.softmax(logits, dim=1)
in_steps = F.nll_loss(torch.log(q), y)
in_one = F.cross_entropy(logits, y)
print(f"{-math.log(q[0, 3]):.3f} {in_steps:.3f} {in_one:.3f}")
#: 30.988 30.988 30.988

# %%
# Why all in one
# --------------
# Where a softmax underflows to 0 its logarithm is minus infinity, though the loss is an
# ordinary number. In one function the logarithm is of a sum that contains e⁰ = 1:
#
# .. math:: -\ln \frac{e^{a_y}}{\sum_k e^{a_k}} = m + \ln \sum_k e^{a_k - m} - a_y,
#    \qquad m = \max_k a_k

large = torch.tensor([[1000.0, 0.0, -1000.0]], requires_grad=True)  # [1, k]
label = torch.tensor([1])
separate = F.nll_loss(torch.log(F.softmax(large, dim=1)), label)
together = F.cross_entropy(large, label)
m = large.max()
by_hand = (m + torch.log(torch.exp(large - m).sum()) - large[0, 1]).item()
print(separate.item(), together.item(), by_hand)
#: inf 1000.0 1000.0

(separate_gradient,) = torch.autograd.grad(separate, large)
(together_gradient,) = torch.autograd.grad(together, large)
print(separate_gradient.tolist(), together_gradient.tolist())
#: [[nan, nan, nan]] [[1.0, -1.0, 0.0]]

# %%
# The gradient
# ------------
# Through the softmax Jacobian of lesson 18, with δ = 1 for the label and else 0:
#
# .. math:: \frac{\partial L}{\partial a_j}
#    = -\frac{1}{q_y} \, q_y (\delta_{yj} - q_j) = q_j - \delta_{yj}
#
# Probability minus target: the factor that saturates is gone.

a = torch.randn(8, 10, dtype=torch.float64, requires_grad=True)  # [b, k]
y = torch.randint(10, [8])
(gradient,) = torch.autograd.grad(F.cross_entropy(a, y), a)
by_formula = (F.softmax(a, dim=1) - F.one_hot(y, 10)) / len(y)  # mean over the batch
error = (gradient - by_formula).abs().max().item()
print("q - one_hot(y) equals autograd:", error < 1e-6)
#: q - one_hot(y) equals autograd: True

# %%
# Why not the squared error
# -------------------------
# For a sigmoid p = σ(z) and the target 1 (lesson 24):
#
# .. math:: \frac{\partial (p - 1)^2}{\partial z} = 2 (p - 1) \, p (1 - p), \qquad
#    \frac{\partial (-\ln p)}{\partial z} = p - 1
#
# A confident wrong answer, z = -10, is where there is most to learn. There p (1 - p) is
# almost zero: the squared error is flat, and cross entropy is steepest.

z = torch.linspace(-10, 10, 201, dtype=torch.float64, requires_grad=True)
p = torch.sigmoid(z)
losses = {"squared error": (p - 1) ** 2, "cross entropy": -F.logsigmoid(z)}
formulas = {
    "squared error": lambda p: 2 * (p - 1) * p * (1 - p),
    "cross entropy": lambda p: p - 1,
}
slope_at_wrong = {}
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
for name, loss in losses.items():
    (slope,) = torch.autograd.grad(loss.sum(), z, retain_graph=True)
    error = max(error, (slope - formulas[name](p)).abs().max().item())
    slope_at_wrong[name] = slope[0].item()
    print(f"{name}: slope at z = -10 is {slope[0]:.5f}")
    left.plot(z.detach(), loss.detach(), label=name)
    right.plot(z.detach(), slope, label=name)
#: squared error: slope at z = -10 is -0.00009
#: cross entropy: slope at z = -10 is -0.99995
left.set(title="loss, target 1", xlabel="z", ylim=(-0.3, 10.3))
right.set(title="its slope", xlabel="z")
right.axvline(-10, color="gray", linestyle=":", label="confident and wrong")
right.legend(loc="lower right")
show("confident_and_wrong")

# %%
# What that means for learning: gradient descent on z itself, from -10.

ends = {}
for name, slope in formulas.items():
    z = torch.tensor(-10.0, dtype=torch.float64)
    for _ in range(50):
        z = z - 1.0 * slope(torch.sigmoid(z))
    ends[name] = torch.sigmoid(z).item()
    print(f"{name}: p = {ends[name]:.3f} after 50 steps")
#: squared error: p = 0.000 after 50 steps
#: cross entropy: p = 0.975 after 50 steps

# %%
# Try it
# ------
# - Predict the loss of a network of ten classes that knows nothing (lesson 26 has one).
# - Change ``large`` to float64. Is the softmax of it still zero at the label?
# - Build label smoothing: targets of 0.9 and 0.1/9. What is the least possible loss?
