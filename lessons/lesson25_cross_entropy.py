"""
Lesson 25: cross entropy (交叉熵)
=================================

Cross entropy is the usual loss for classification. It is your mean surprise if you
expect the distribution q but the data follow the distribution p.

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
# An event with probability p has the surprise (自信息) -ln p. A certain event has the
# surprise 0, and an improbable event has a large one. The entropy (熵) of a
# distribution is its mean surprise:
#
# .. math:: H(p) = -\sum_i p_i \ln p_i = \sum_i p_i \ln \frac{1}{p_i}
#
# A fair die has the largest entropy: you cannot predict it. A loaded die shows six more
# often, so its entropy is lower. A die that always shows six has the entropy 0. The
# unit is a bit (比特) with log₂, and a nat (奈特) with ln.


def entropy(p):
    return torch.xlogy(p, 1 / p).sum().item()  # x log y, but 0 where x is 0


dice = {
    "fair": torch.full([6], 1 / 6, dtype=torch.float64),
    "loaded": torch.tensor([0.1, 0.1, 0.1, 0.1, 0.1, 0.5], dtype=torch.float64),
    "always six": torch.tensor([0, 0, 0, 0, 0, 1], dtype=torch.float64),
}
entropies = {name: entropy(p) for name, p in dice.items()}
for name, value in entropies.items():
    print(f"{name}: {value:.3f} nats, {value / math.log(2):.3f} bits")
#: fair: 1.792 nats, 2.585 bits
#: loaded: 1.498 nats, 2.161 bits
#: always six: 0.000 nats, 0.000 bits

# %%
# Cross entropy and KL divergence
# -------------------------------
# If you believe q but p is true, outcome i occurs with probability :math:`p_i` and
# surprises you by :math:`-\ln q_i`. Your mean surprise is the cross entropy (交叉熵)
# H(p, q). It is at least the entropy H(p). The difference is the Kullback-Leibler
# divergence (KL散度, lesson 54):
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
# The notes say that cross entropy measures the gap between two distributions. In fact D
# measures the gap: it is zero if q = p. Cross entropy is smallest at q = p as well, but
# this smallest value is H(p). It is zero only if p is certain. The label of an image is
# such a certain p, so for labels both numbers are equal.
#
# ``F.cross_entropy`` takes logits and a whole distribution as the target. The softmax
# of ln q is q, so ln q can serve as logits:

by_torch = F.cross_entropy(dice["fair"].log(), dice["loaded"]).item()
print(f"F.cross_entropy: {by_torch:.2f}")
#: F.cross_entropy: 1.79

# %%
# Drawn: the cross entropy of the loaded die for every belief about the six. The
# coloured area is the divergence D.

six = torch.linspace(0.02, 0.98, 97, dtype=torch.float64)  # q of six, [97]
others = (1 - six[:, None]).expand(-1, 5) / 5  # q of one to five, [97, 5]
beliefs = torch.cat([others, six[:, None]], dim=1)  # [97, 6]
curve = -(dice["loaded"] * beliefs.log()).sum(dim=1)  # [97]
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
# The label y of an image is a one-hot p, so only one term of the sum is left:
# :math:`-\ln q_y`. There are three steps from the logits to this loss: softmax, log and
# ``F.nll_loss``. The last step takes the entry of the label and changes its sign.
# ``F.cross_entropy`` does all three steps.

x = torch.randn(1, 784)
w = torch.randn(10, 784)
logits = x @ w.t()  # [1, 784] @ [784, 10] => [1, 10]
y = torch.tensor([3])
q = F.softmax(logits, dim=1)
in_steps = F.nll_loss(torch.log(q), y)
in_one = F.cross_entropy(logits, y)
print(f"-ln q of the label: {-math.log(q[0, 3]):.3f}")
#: -ln q of the label: 30.988
print(f"softmax, log, nll_loss: {in_steps:.3f}")
#: softmax, log, nll_loss: 30.988
print(f"cross_entropy: {in_one:.3f}")
#: cross_entropy: 30.988

# %%
# Why all in one
# --------------
# A softmax can underflow (下溢) to 0. Its logarithm is then minus infinity, although
# the loss is an ordinary number. Lesson 18 subtracts the largest logit m before it
# takes powers. ``F.cross_entropy`` does the same inside the logarithm, where the sum
# contains :math:`e^0 = 1` and is never zero:
#
# .. math:: -\ln \frac{e^{a_y}}{\sum_k e^{a_k}} = m + \ln \sum_k e^{a_k - m} - a_y,
#    \qquad m = \max_k a_k

large = torch.tensor([[1000.0, 0.0, -1000.0]], requires_grad=True)  # [1, k]
label = torch.tensor([1])
separate = F.nll_loss(torch.log(F.softmax(large, dim=1)), label)
together = F.cross_entropy(large, label)
m = large.max()
by_hand = (m + torch.log(torch.exp(large - m).sum()) - large[0, 1]).item()
print("three functions:", separate.item())
#: three functions: inf
print("one function:", together.item())
#: one function: 1000.0
print("the formula:", by_hand)
#: the formula: 1000.0

# %%
# The gradients differ as well.

separate_gradient = torch.autograd.grad(separate, large)[0]
together_gradient = torch.autograd.grad(together, large)[0]
print("three functions:", separate_gradient.tolist())
#: three functions: [[nan, nan, nan]]
print("one function:", together_gradient.tolist())
#: one function: [[1.0, -1.0, 0.0]]

# %%
# The gradient
# ------------
# The derivative of :math:`-\ln q_y` with respect to :math:`q_y` is :math:`-1 / q_y`.
# Multiply it by the softmax Jacobian of lesson 18. The number :math:`\delta_{yj}` is 1
# if j is the label, otherwise 0:
#
# .. math:: \frac{\partial L}{\partial a_j}
#    = -\frac{1}{q_y} \, q_y (\delta_{yj} - q_j) = q_j - \delta_{yj}
#
# The gradient is probability minus target. The factor :math:`q_y`, which makes the
# softmax saturate, cancels.

a = torch.randn(8, 10, dtype=torch.float64, requires_grad=True)  # [b, k]
y = torch.randint(10, [8])
gradient = torch.autograd.grad(F.cross_entropy(a, y), a)[0]
by_formula = (F.softmax(a, dim=1) - F.one_hot(y, 10)) / len(y)  # mean over the batch
error = (gradient - by_formula).abs().max().item()
print("q - one_hot(y) equals autograd:", error < 1e-6)
#: q - one_hot(y) equals autograd: True

# %%
# Why not the squared error
# -------------------------
# Take a sigmoid p = σ(z) and the target 1. The derivatives of the two losses with
# respect to z follow from p' = p (1 - p):
#
# .. math:: \frac{\partial (p - 1)^2}{\partial z} = 2 (p - 1) \, p (1 - p), \qquad
#    \frac{\partial (-\ln p)}{\partial z} = -\frac{1}{p} \, p (1 - p) = p - 1


def squared_error_slope(p):
    return 2 * (p - 1) * p * (1 - p)


def cross_entropy_slope(p):
    return p - 1


# %%
# At z = -10 the answer is confident and wrong, so there is much to learn. But the
# factor p (1 - p) is almost zero there. The squared error is flat, and cross entropy is
# steep.

z = torch.linspace(-10, 10, 201, dtype=torch.float64, requires_grad=True)
p = torch.sigmoid(z)
losses = {"squared error": (p - 1) ** 2, "cross entropy": -F.logsigmoid(z)}
formulas = {"squared error": squared_error_slope, "cross entropy": cross_entropy_slope}
slopes, slope_at_wrong = {}, {}
for name, loss in losses.items():
    slopes[name] = torch.autograd.grad(loss.sum(), z, retain_graph=True)[0]
    slope_at_wrong[name] = slopes[name][0].item()
    print(f"{name}: slope at z = -10 is {slope_at_wrong[name]:.5f}")
    error_of_slope = (slopes[name] - formulas[name](p)).abs().max().item()
    error = max(error, error_of_slope)
    print("formula equals autograd:", error_of_slope < 1e-6)
#: squared error: slope at z = -10 is -0.00009
#: formula equals autograd: True
#: cross entropy: slope at z = -10 is -0.99995
#: formula equals autograd: True

# %%
# Drawn: the two losses (left) and their slopes (right).

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
for name, loss in losses.items():
    left.plot(z.detach(), loss.detach(), label=name)
    right.plot(z.detach(), slopes[name], label=name)
left.set(title="loss, target 1", xlabel="z", ylim=(-0.3, 10.3))
right.set(title="its slope", xlabel="z")
right.axvline(-10, color="gray", linestyle=":", label="confident and wrong")
right.legend(loc="lower right")
show("confident_and_wrong")

# %%
# What does this mean for learning? Gradient descent changes z itself and starts at -10.
# The learning rates 1, 10 and 100 were tried. Within 50 steps cross entropy learns with
# each of them, and the squared error with none. It needs more steps, or a rate of 1000,
# because its slope is so small here.

ends = {}
for name, slope in formulas.items():
    for lr in 1.0, 10.0, 100.0:
        z = torch.tensor(-10.0, dtype=torch.float64)
        for _ in range(50):
            z = z - lr * slope(torch.sigmoid(z))
        ends[name, lr] = torch.sigmoid(z).item()
        print(f"{name}, lr {lr:g}: p = {ends[name, lr]:.3f} after 50 steps")
#: squared error, lr 1: p = 0.000 after 50 steps
#: squared error, lr 10: p = 0.000 after 50 steps
#: squared error, lr 100: p = 0.000 after 50 steps
#: cross entropy, lr 1: p = 0.975 after 50 steps
#: cross entropy, lr 10: p = 0.998 after 50 steps
#: cross entropy, lr 100: p = 1.000 after 50 steps

# %%
# Try it
# ------
# ``python check.py 25`` checks the functions that are named here.
#
# - Predict the loss of a network of ten classes that gives all of them the same
#   probability. Lesson 26 ends with such a network. Then write ``entropy_in_bits``.
# - Change the given ``stable_cross_entropy`` until it is right for logits of any size.
# - Build ``smoothed_cross_entropy``, a loss with label smoothing (标签平滑): the target
#   is a little less than 1 for the label, and a little more than 0 for the others.
