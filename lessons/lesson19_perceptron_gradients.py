"""
Lesson 19: the gradient of a perceptron (感知机的梯度推导)
==========================================================

One layer of weights and a sigmoid. Its gradient, derived factor by factor, is an error
times a slope times an input; with several outputs it is the same for each.

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
# j counts the inputs, w_j is the weight from input j, o the output and t the target.
# The ½ is there to cancel the 2 of the derivative.
#
# .. math:: z = \sum_j w_j x_j, \qquad o = \sigma(z), \qquad E = \tfrac{1}{2} (o - t)^2

x = torch.randn(1, 10, dtype=torch.float64)  # [b, d]
w = torch.randn(1, 10, dtype=torch.float64, requires_grad=True)  # [k, d], k = 1
t = torch.ones(1, 1, dtype=torch.float64)
z = x @ w.t()  # [1, 10] @ [10, 1] => [1, 1]
o = torch.sigmoid(z)
E = 0.5 * ((o - t) ** 2).sum()
print(z.shape, o.shape, E.shape)
#: torch.Size([1, 1]) torch.Size([1, 1]) torch.Size([])

# %%
# w_j acts on E through z and o alone, so that the chain rule has three factors:
#
# .. math:: \frac{\partial E}{\partial w_j} = \frac{\partial E}{\partial o} \cdot
#    \frac{\partial o}{\partial z} \cdot \frac{\partial z}{\partial w_j}
#
# The derivative of the square:
#
# .. math:: \frac{\partial E}{\partial o} = o - t

with torch.no_grad():
    dE_do = o - t

# %%
# The sigmoid's, from lesson 18:
#
# .. math:: \frac{\partial o}{\partial z} = o (1 - o)

with torch.no_grad():
    do_dz = o * (1 - o)

# %%
# Of the sum only the term with w_j depends on w_j:
#
# .. math:: \frac{\partial z}{\partial w_j} = x_j

dz_dw = x

# %%
# Multiplied:
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
# k counts the outputs, and w_kj is the weight from input j to output k. (The notes
# write the number of the layer as an upper index.) E sums over all outputs, but only
# output k depends on w_kj; the derivatives of the others are zero and drop out:
#
# .. math:: E = \tfrac{1}{2} \sum_k (o_k - t_k)^2, \qquad
#    \frac{\partial E}{\partial w_{kj}} = \underbrace{(o_k - t_k) \, o_k
#    (1 - o_k)}_{\delta_k} \, x_j
#
# Every δ times every x: an outer product. As matrices it is one line, and for a batch
# the product sums over the samples, as E does.


def gradient_by_hand(x, w, t):
    """dE/dw of E = ½ Σ(o - t)², from x [b, d], w [k, d] and t [b, k]."""
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
# The notes' code takes ``F.mse_loss``, and calls it the mean absolute error. It is the
# mean of the squares, without the ½: 2/n times the E above, with n the number of all
# outputs. So its gradient is twice the derivation's for one output, the same for two.

mse_factors = {}
for k in 1, 2, 5:
    x = torch.randn(1, 10, dtype=torch.float64)
    w = torch.randn(k, 10, dtype=torch.float64, requires_grad=True)
    t = torch.ones(1, k, dtype=torch.float64)
    F.mse_loss(torch.sigmoid(x @ w.t()), t).backward()
    with torch.no_grad():
        ratio = w.grad / gradient_by_hand(x, w, t)
    mse_factors[k] = ratio.mean().item()
    print(f"k = {k}: {ratio.min():.3f} to {ratio.max():.3f}, 2/n = {2 / k}")
#: k = 1: 2.000 to 2.000, 2/n = 2.0
#: k = 2: 1.000 to 1.000, 2/n = 1.0
#: k = 5: 0.400 to 0.400, 2/n = 0.4

# %%
# Learning with it
# ----------------
# Two inputs and a constant 1, whose weight is the bias. The four pairs of bits are the
# batch, and three outputs learn a gate each from the same gradient.

x = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]).double()  # [4, 3]
t = torch.tensor([[0, 0, 0], [0, 1, 1], [0, 1, 1], [1, 1, 0]]).double()  # [4, 3]
gates = "AND", "OR", "XOR"
w = torch.randn(3, 3, dtype=torch.float64)  # [k, d]
for _ in range(3000):
    w -= 1.0 * gradient_by_hand(x, w, t)

outputs = torch.sigmoid(x @ w.t())  # [4, 3]
for k, gate in enumerate(gates):
    print(f"{gate:4s}", [f"{value:.2f}" for value in outputs[:, k].tolist()])
#: AND  ['0.00', '0.03', '0.03', '0.96']
#: OR   ['0.03', '0.98', '0.98', '1.00']
#: XOR  ['0.50', '0.50', '0.50', '0.50']

# %%
# AND and OR are learned. For XOR all four outputs are ½: a perceptron changes its mind
# along one straight line, and no line has 01 and 10 on one side, 00 and 11 on the
# other. That takes a second layer (lesson 21).

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
# - Predict the gradient where the output is 0.999 and the target 0. Is the step large?
# - Change the gates to NAND and NOR, and say beforehand which of them is learned.
# - Build the gradient for tanh instead of sigmoid, and compare it with autograd.
