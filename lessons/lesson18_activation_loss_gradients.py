"""
Lesson 18: gradients of activations and losses (激活函数与Loss的梯度)
=====================================================================

Sigmoid, tanh, ReLU, mean squared error and softmax: their gradients as formulas, and
the two calls by which autograd gives them.

:Notes: lesson18 激活函数与Loss的梯度, and the section of the same name in 笔记
:Needs: lesson 17
:Run: ``python lessons/lesson18_activation_loss_gradients.py``
"""

import torch
from matplotlib import pyplot as plt
from torch.nn import functional as F

from utils import show

torch.manual_seed(0)

# %%
# Activations
# -----------
# The quotient rule and the chain rule on :math:`\sigma(x) = 1 / (1 + e^{-x})` give a
# derivative that needs nothing but the function's own value:
#
# .. math:: \sigma' = \frac{e^{-x}}{(1 + e^{-x})^2}
#    = \frac{1}{1 + e^{-x}} \cdot \frac{e^{-x}}{1 + e^{-x}} = \sigma (1 - \sigma)
#
# :math:`\tanh x = (e^x - e^{-x}) / (e^x + e^{-x}) = 2\sigma(2x) - 1` lies in (-1, 1),
# around zero, which suits an RNN that feeds it back to itself (lesson 47):
#
# .. math:: \tanh' = \frac{(e^x + e^{-x})^2 - (e^x - e^{-x})^2}{(e^x + e^{-x})^2}
#    = 1 - \tanh^2
#
# ReLU is x or 0, its derivative 1 or 0; LeakyReLU keeps a slope of 0.01 below zero.

activations = {
    "sigmoid": (torch.sigmoid, lambda x, f: f * (1 - f)),
    "tanh": (torch.tanh, lambda x, f: 1 - f**2),
    "ReLU": (torch.relu, lambda x, f: (x > 0).to(x.dtype)),
    "LeakyReLU": (F.leaky_relu, lambda x, f: torch.where(x > 0, 1.0, 0.01)),
}
x = torch.linspace(-6, 6, 200, dtype=torch.float64, requires_grad=True)
errors = {}
figure, axes = plt.subplots(1, 4, figsize=(11, 3), sharex=True, sharey=True)
for ax, (name, (activation, derivative)) in zip(axes, activations.items(), strict=True):
    y = activation(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    formula = derivative(x, y).detach()
    errors[name] = (formula - gradient).abs().max().item()
    print(f"{name}: formula equals autograd: {errors[name] < 1e-6}")
    ax.plot(x.detach(), y.detach(), label="function")
    ax.plot(x.detach(), formula, "--", label="derivative")
    ax.set_title(name)
    ax.set_ylim(-1.2, 2.2)
    ax.grid(alpha=0.3)
#: sigmoid: formula equals autograd: True
#: tanh: formula equals autograd: True
#: ReLU: formula equals autograd: True
#: LeakyReLU: formula equals autograd: True
axes[0].legend(loc="upper left")
show("activations")

# %%
# Saturation
# ----------
# Far from zero sigmoid and tanh are flat: weights before them hardly move. Even at its
# best, at zero, a sigmoid passes a quarter, and ten in a row a millionth.

x = torch.tensor([0.0, 2.0, 5.0, 10.0], dtype=torch.float64)
print("sigmoid'", [f"{v:.6f}" for v in (x.sigmoid() * (1 - x.sigmoid())).tolist()])
#: sigmoid' ['0.250000', '0.104994', '0.006648', '0.000045']
print("tanh'   ", [f"{v:.6f}" for v in (1 - x.tanh() ** 2).tolist()])
#: tanh'    ['1.000000', '0.070651', '0.000182', '0.000000']
print(f"ten sigmoids: {0.25**10:.1e}")
#: ten sigmoids: 9.5e-07

# %%
# Mean squared error
# ------------------
# The notes call ``F.mse_loss`` the mean absolute error. It is the mean of the squares;
# the mean of the absolute values is ``F.l1_loss``. For n predictions o and targets t
#
# .. math:: E = \frac{1}{n} \sum_i (o_i - t_i)^2, \qquad
#    \frac{\partial E}{\partial o_i} = \frac{2}{n} (o_i - t_i)

o = torch.tensor([1.0, 4.0], dtype=torch.float64, requires_grad=True)
t = torch.tensor([0.0, 1.0], dtype=torch.float64)
print(F.mse_loss(o, t).item(), F.l1_loss(o, t).item())
#: 5.0 2.0
by_hand = 2 / len(o) * (o - t).detach()
(gradient,) = torch.autograd.grad(F.mse_loss(o, t), o)
print(by_hand, gradient)
#: tensor([1., 3.], dtype=torch.float64) tensor([1., 3.], dtype=torch.float64)
errors["MSE"] = (by_hand - gradient).abs().max().item()

# %%
# What autograd needs
# -------------------
# ``requires_grad_()`` tells it to record what is done with a tensor. Only numbers that
# can change by a little have a gradient: ``torch.full([1], 2)`` is int64, and refuses.

w = torch.full([1], 2)
try:
    w.requires_grad_()
except RuntimeError as error:
    print(error)
#: only Tensors of floating point dtype can require gradients
w = torch.full([1], 2.0, requires_grad=True)

# %%
# Two calls
# ---------
# ``torch.autograd.grad(loss, [w])`` returns a gradient for each tensor in the list.
# ``loss.backward()`` returns nothing, and adds the gradients to ``.grad`` of all leaves
# that the loss was computed from, which is what an optimizer reads. Here
# :math:`\partial (1 - xw)^2 / \partial w = -2x (1 - xw) = 2`.

x = torch.ones(1)
print(torch.autograd.grad(F.mse_loss(x * w, torch.ones(1)), [w]), w.grad)
#: (tensor([2.]),) None
loss = F.mse_loss(x * w, torch.ones(1))
loss.backward()
print(w.grad)
#: tensor([2.])

# %%
# Softmax
# -------
# Logits a become probabilities p:
#
# .. math:: p_i = \frac{e^{a_i}}{\sum_k e^{a_k}}
#
# The notes say in a comment that they sum to 10; it is 1. The notes say that the large
# become larger; what holds is :math:`p_i / p_j = e^{a_i - a_j}`. A difference becomes a
# ratio: in each pair below one logit is twice the other, with three different results.

ratios = []
for logits in [1.0, 2.0], [0.1, 0.2], [10.0, 20.0]:
    p = F.softmax(torch.tensor(logits, dtype=torch.float64), dim=0)
    ratios.append((p[1] / p[0]).item())
    print(logits, "=>", [f"{v:.3f}" for v in p.tolist()], f"ratio {ratios[-1]:.2f}")
#: [1.0, 2.0] => ['0.269', '0.731'] ratio 2.72
#: [0.1, 0.2] => ['0.475', '0.525'] ratio 1.11
#: [10.0, 20.0] => ['0.000', '1.000'] ratio 22026.47

# %%
# Its gradient
# ------------
# Every probability depends on every logit. With S the sum, the quotient rule gives for
# i = j and for i ≠ j
#
# .. math:: \frac{\partial p_i}{\partial a_i} = \frac{e^{a_i} S - e^{a_i} e^{a_i}}{S^2}
#    = p_i (1 - p_i), \qquad
#    \frac{\partial p_i}{\partial a_j} = \frac{0 - e^{a_i} e^{a_j}}{S^2} = -p_i p_j
#
# Both in one, with δ the identity matrix: :math:`J_{ij} = p_i (\delta_{ij} - p_j)`.

a = torch.rand(3, dtype=torch.float64, requires_grad=True)
p = F.softmax(a, dim=0)
jacobian = torch.diag(p) - p[:, None] * p[None, :]  # [k, k]
jacobian = jacobian.detach()
autograd_jacobian = torch.autograd.functional.jacobian(lambda a: F.softmax(a, 0), a)
errors["softmax"] = (jacobian - autograd_jacobian).abs().max().item()
print(f"Jacobian equals autograd: {errors['softmax'] < 1e-6}")
#: Jacobian equals autograd: True
print(f"positive on the diagonal alone: {torch.equal(jacobian > 0, torch.eye(3) > 0)}")
#: positive on the diagonal alone: True
print(f"rows sum to zero: {jacobian.sum(dim=1).abs().max() < 1e-12}")
#: rows sum to zero: True

# %%
# ``.grad`` accumulates
# ---------------------
# ``p[1].backward()`` leaves row 1 of the Jacobian in ``a.grad``; ``p[2].backward()``
# adds row 2. So a training step begins with ``zero_grad``. A call also frees what
# autograd recorded, unless ``retain_graph=True``; another one after that fails.

p[1].backward(retain_graph=True)
first = a.grad.clone()
p[2].backward()
accumulated = a.grad.clone()
print("row 1:", torch.allclose(first, jacobian[1]))
#: row 1: True
print("row 2:", torch.allclose(accumulated, jacobian[2]))
#: row 2: False
print("row 1 + row 2:", torch.allclose(accumulated, jacobian[1] + jacobian[2]))
#: row 1 + row 2: True
try:
    p[0].backward()
except RuntimeError as error:
    print(str(error).partition(" (")[0])
#: Trying to backward through the graph a second time

# %%
# Stable softmax
# --------------
# :math:`e^{1000}` is infinite in any floating-point format here, and ∞ / ∞ is NaN.
# Subtracting the largest logit from all changes no ratio, and the largest power is 1.

a = torch.tensor([1000.0, 999.0, 998.0])
print(a.exp() / a.exp().sum())
#: tensor([nan, nan, nan])
shifted = (a - a.max()).exp()
print(shifted / shifted.sum(), torch.allclose(shifted / shifted.sum(), F.softmax(a, 0)))
#: tensor([0.6652, 0.2447, 0.0900]) True

# %%
# Try it
# ------
# - Predict ``a.grad`` after ``p[0]``, ``p[1]`` and ``p[2]`` have all gone backward.
# - Change the logits to half as much before the softmax, and to ten times as much. What
#   becomes of the probabilities?
# - Build the derivative of softplus, :math:`\ln(1 + e^x)`. Which function is it?
