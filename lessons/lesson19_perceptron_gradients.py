"""
Lesson 19: the gradient of a perceptron (感知机的梯度推导)
==========================================================

A perceptron is one layer of weights and a sigmoid. Its gradient is the product of an
error, a slope and an input. With several outputs the formula is the same for each.

:Notes: lesson19 感知机的梯度推导
:Needs: lesson 18
:Run: ``python lessons/lesson19_perceptron_gradients.py``
"""

import torch
from matplotlib import pyplot as plt
from torch.nn import functional as F

from utils import show

torch.manual_seed(0)

# %%
# One output
# ----------
# A perceptron (感知机) has one weight :math:`w_j` for each input :math:`x_j`. Its
# output is o, and the target (目标) is t. The error E has a factor ½, which cancels
# the 2 of the derivative.
#
# .. math:: z = \sum_j w_j x_j, \qquad o = \sigma(z), \qquad E = \tfrac{1}{2} (o - t)^2

x = torch.randn(1, 10, dtype=torch.float64)  # [b, d]
w = torch.randn(1, 10, dtype=torch.float64, requires_grad=True)  # [k, d], k = 1
t = torch.ones(1, 1, dtype=torch.float64)
z = x @ w.t()  # [1, 10] @ [10, 1] => [1, 1]
o = torch.sigmoid(z)
E = 0.5 * ((o - t) ** 2).sum()
print("z", list(z.shape), "o", list(o.shape), "E", list(E.shape))
#: z [1, 1] o [1, 1] E []

# %%
# The weight :math:`w_j` changes z, z changes o, and o changes E. So the chain rule has
# three factors:
#
# .. math:: \frac{\partial E}{\partial w_j} = \frac{\partial E}{\partial o} \cdot
#    \frac{\partial o}{\partial z} \cdot \frac{\partial z}{\partial w_j}
#
# The first factor is the derivative of the square:
#
# .. math:: \frac{\partial E}{\partial o} = o - t

with torch.no_grad():
    dE_do = o - t

# %%
# The second factor is the derivative of the sigmoid (lesson 18):
#
# .. math:: \frac{\partial o}{\partial z} = o (1 - o)

with torch.no_grad():
    do_dz = o * (1 - o)

# %%
# In the sum z only one term depends on :math:`w_j`. So the third factor is
#
# .. math:: \frac{\partial z}{\partial w_j} = x_j

dz_dw = x

# %%
# The gradient is the product of the three factors:
#
# .. math:: \frac{\partial E}{\partial w_j} = (o - t) \, o (1 - o) \, x_j

by_hand = dE_do * do_dz * dz_dw  # [1, 1] * [1, 1] * [1, 10] => [1, 10]
E.backward()
errors = {"one output": (by_hand - w.grad).abs().max().item()}
print(by_hand.shape, "equal to autograd:", errors["one output"] < 1e-6)
#: torch.Size([1, 10]) equal to autograd: True

# %%
# Several outputs
# ---------------
# The weight from input j to output k is :math:`w_{kj}`, because PyTorch stores weights
# as [out, in]. The notes write :math:`w_{ij}^1`. There i is the unit of the layer
# before, and j is the unit of this layer. The upper index 1 is the number of the layer.
#
# E sums over all outputs, but only output k depends on :math:`w_{kj}`. The derivatives
# of the other outputs are zero:
#
# .. math:: E = \tfrac{1}{2} \sum_k (o_k - t_k)^2, \qquad
#    \frac{\partial E}{\partial w_{kj}} = \underbrace{(o_k - t_k) \, o_k
#    (1 - o_k)}_{\delta_k} \, x_j
#
# The gradient of all weights is an outer product (外积): every δ times every x. One
# product of matrices computes it. For a batch this product also sums over the samples,
# as E does.


def gradient_by_hand(x, w, t):
    """dE/dw of E = ½ Σ (o - t)², from x [b, d], w [k, d] and t [b, k]."""
    o = torch.sigmoid(x @ w.t())  # [b, d] @ [d, k] => [b, k]
    delta = (o - t) * o * (1 - o)  # [b, k]
    return delta.t() @ x  # [k, b] @ [b, d] => [k, d]


for b, k in (1, 2), (32, 5):
    x = torch.randn(b, 10, dtype=torch.float64)
    w = torch.randn(k, 10, dtype=torch.float64, requires_grad=True)
    t = torch.rand(b, k, dtype=torch.float64)
    E = 0.5 * ((torch.sigmoid(x @ w.t()) - t) ** 2).sum()
    E.backward()
    name = f"b = {b}, k = {k}"
    with torch.no_grad():
        errors[name] = (gradient_by_hand(x, w, t) - w.grad).abs().max().item()
    print(f"{name}: w.grad {list(w.grad.shape)}, equal: {errors[name] < 1e-6}")
#: b = 1, k = 2: w.grad [2, 10], equal: True
#: b = 32, k = 5: w.grad [5, 10], equal: True

# %%
# ``mse_loss`` is another E
# -------------------------
# ``F.mse_loss`` is the mean of the squares (lesson 18), without the ½. For n outputs it
# is 2/n times the E above, and so is its gradient: twice as large for one output, equal
# for two.

mse_factors = {}
for k in 1, 2, 5:
    x = torch.randn(1, 10, dtype=torch.float64)
    w = torch.randn(k, 10, dtype=torch.float64, requires_grad=True)
    t = torch.ones(1, k, dtype=torch.float64)
    F.mse_loss(torch.sigmoid(x @ w.t()), t).backward()
    with torch.no_grad():
        ratio = w.grad / gradient_by_hand(x, w, t)
    mse_factors[k] = ratio.mean().item()
    print(f"k = {k}: ratio {ratio.min():.3f} to {ratio.max():.3f}, 2/n = {2 / k}")
#: k = 1: ratio 2.000 to 2.000, 2/n = 2.0
#: k = 2: ratio 1.000 to 1.000, 2/n = 1.0
#: k = 5: ratio 0.400 to 0.400, 2/n = 0.4

# %%
# Learning with it
# ----------------
# The inputs are two bits and a constant 1. The weight of the constant is the bias
# (偏置). The batch holds the four pairs of bits. Each of the three outputs learns one
# logic gate (逻辑门).

x = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]).double()  # [4, 3]
t = torch.tensor([[0, 0, 0], [0, 1, 1], [0, 1, 1], [1, 1, 0]]).double()  # [4, 3]
gates = "AND", "OR", "XOR"
w = torch.randn(3, 3, dtype=torch.float64)  # [k, d]
for _ in range(3000):
    w -= 1.0 * gradient_by_hand(x, w, t)

outputs = torch.sigmoid(x @ w.t())  # [4, 3]
print("bits   00      01      10      11")
#: bits   00      01      10      11
for k, gate in enumerate(gates):
    print(f"{gate:4s}", [f"{value:.2f}" for value in outputs[:, k].tolist()])
#: AND  ['0.00', '0.03', '0.03', '0.96']
#: OR   ['0.03', '0.98', '0.98', '1.00']
#: XOR  ['0.50', '0.50', '0.50', '0.50']

# %%
# Drawn: the output of each gate over the plane, and the four targets as points.
#
# The perceptron learns AND and OR. For XOR all four outputs are ½. A perceptron divides
# the plane along one straight line. No line has 01 and 10 on one side, and 00 and 11 on
# the other. Two layers can do it (lesson 21).

grid = torch.linspace(-0.5, 1.5, 100, dtype=torch.float64)
x1, x2 = torch.meshgrid(grid, grid, indexing="xy")  # each [100, 100]
plane = torch.stack([x1, x2, torch.ones_like(x1)], dim=-1)  # [100, 100, 3]
figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharey=True)
for k, (ax, gate) in enumerate(zip(axes, gates, strict=True)):
    o = torch.sigmoid(plane @ w[k])  # [100, 100, 3] @ [3] => [100, 100]
    image = ax.pcolormesh(grid, grid, o, cmap="coolwarm", vmin=0, vmax=1)
    ax.scatter(x[:, 0], x[:, 1], c=t[:, k], cmap="coolwarm", s=90, edgecolors="white")
    ax.set_title(gate)
    ax.set_xlabel("first input")
axes[0].set_ylabel("second input")
figure.colorbar(image, label="output")
show("gates")

# %%
# Try it
# ------
# ``python check.py 19`` checks the functions that are named here.
#
# - Predict the gradient for the output 0.999, the target 0 and the input 1. Is the step
#   large? Then write ``output_delta``.
# - Change the given ``tanh_gradient`` until autograd agrees. It has the slope of a
#   sigmoid.
# - Build ``learn_gate``, which learns AND, OR, NAND and NOR without autograd. Predict
#   first what becomes of XOR.
