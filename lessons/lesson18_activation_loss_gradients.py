"""
Lesson 18: gradients of activations and losses (激活函数与Loss的梯度)
=====================================================================

The gradients of sigmoid, tanh, ReLU, mean squared error and softmax have short
formulas. Autograd computes the same gradients by two calls.

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
# An activation (激活函数) is the function between two layers. Apply the quotient rule
# and the chain rule to the sigmoid :math:`\sigma(x) = 1 / (1 + e^{-x})`. Its derivative
# needs only the value of the function:
#
# .. math:: \sigma' = \frac{e^{-x}}{(1 + e^{-x})^2}
#    = \frac{1}{1 + e^{-x}} \cdot \frac{e^{-x}}{1 + e^{-x}} = \sigma (1 - \sigma)
#
# The values of :math:`\tanh x = (e^x - e^{-x}) / (e^x + e^{-x}) = 2\sigma(2x) - 1` lie
# between -1 and 1. They are centred at zero, which suits an RNN: it feeds its output
# back into itself (lesson 47).
#
# .. math:: \tanh' = \frac{(e^x + e^{-x})^2 - (e^x - e^{-x})^2}{(e^x + e^{-x})^2}
#    = 1 - \tanh^2
#
# ReLU is x for positive x, otherwise 0. Its derivative is 1 or 0. LeakyReLU has the
# slope 0.01 for negative x.

x = torch.linspace(-6, 6, 200, dtype=torch.float64, requires_grad=True)
activations = {
    "sigmoid": torch.sigmoid(x),
    "tanh": torch.tanh(x),
    "ReLU": torch.relu(x),
    "LeakyReLU": F.leaky_relu(x),
}
derivatives = {
    "sigmoid": torch.sigmoid(x) * (1 - torch.sigmoid(x)),
    "tanh": 1 - torch.tanh(x) ** 2,
    "ReLU": (x > 0).double(),
    "LeakyReLU": torch.where(x > 0, 1.0, 0.01),
}

# %%

errors = {}
for name, y in activations.items():
    gradient = torch.autograd.grad(y.sum(), x)[0]
    errors[name] = (derivatives[name] - gradient).abs().max().item()
    print(f"{name}: formula equals autograd: {errors[name] < 1e-6}")
#: sigmoid: formula equals autograd: True
#: tanh: formula equals autograd: True
#: ReLU: formula equals autograd: True
#: LeakyReLU: formula equals autograd: True

# %%
# Drawn: the four activations and their derivatives.

figure, axes = plt.subplots(1, 4, figsize=(11, 3), sharex=True, sharey=True)
for ax, name in zip(axes, activations, strict=True):
    ax.plot(x.detach(), activations[name].detach(), label="function")
    ax.plot(x.detach(), derivatives[name].detach(), "--", label="derivative")
    ax.set_title(name)
    ax.set_ylim(-1.2, 2.2)
    ax.grid(alpha=0.3)
axes[0].legend(loc="upper left")
show("activations")

# %%
# Saturation
# ----------
# Sigmoid and tanh saturate (饱和): far from zero they are flat, and their derivative is
# almost zero. The weights before them hardly change then. The derivative of a sigmoid
# is at most a quarter, at zero. Ten sigmoids in a row pass at most a millionth of a
# gradient.

x = torch.tensor([0.0, 2.0, 5.0, 10.0], dtype=torch.float64)
sigmoid_slope = torch.sigmoid(x) * (1 - torch.sigmoid(x))
tanh_slope = 1 - torch.tanh(x) ** 2
print("sigmoid'", [f"{v:.6f}" for v in sigmoid_slope.tolist()])
#: sigmoid' ['0.250000', '0.104994', '0.006648', '0.000045']
print("tanh'   ", [f"{v:.6f}" for v in tanh_slope.tolist()])
#: tanh'    ['1.000000', '0.070651', '0.000182', '0.000000']
print(f"ten sigmoids: {0.25**10:.1e}")
#: ten sigmoids: 9.5e-07

# %%
# Mean squared error
# ------------------
# The notes say that ``F.mse_loss`` is the mean absolute error. In fact it is the mean
# squared error (均方误差). The mean absolute error (平均绝对误差) is ``F.l1_loss``. For
# n predictions o and targets t
#
# .. math:: E = \frac{1}{n} \sum_i (o_i - t_i)^2, \qquad
#    \frac{\partial E}{\partial o_i} = \frac{2}{n} (o_i - t_i)

o = torch.tensor([1.0, 4.0], dtype=torch.float64, requires_grad=True)
t = torch.tensor([0.0, 1.0], dtype=torch.float64)
print("mean squared error:", F.mse_loss(o, t).item())
#: mean squared error: 5.0
print("mean absolute error:", F.l1_loss(o, t).item())
#: mean absolute error: 2.0
by_hand = 2 / len(o) * (o - t).detach()
gradient = torch.autograd.grad(F.mse_loss(o, t), o)[0]
print("by hand:", by_hand.tolist(), "autograd:", gradient.tolist())
#: by hand: [1.0, 3.0] autograd: [1.0, 3.0]
errors["MSE"] = (by_hand - gradient).abs().max().item()

# %%
# The notes say that the arguments are (prediction, target), but their code passes
# (target, prediction). In fact the order is prediction, target. A square is the same in
# both orders, so the notes' result is right. Other losses differ.

print("mse_loss:", F.mse_loss(o, t).item(), F.mse_loss(t, o).item())
#: mse_loss: 5.0 5.0
p, label = torch.tensor([0.9]), torch.tensor([1.0])
right_order = F.binary_cross_entropy(p, label)
wrong_order = F.binary_cross_entropy(label, p)
print(f"binary_cross_entropy: {right_order:.3f} {wrong_order:.3f}")
#: binary_cross_entropy: 0.105 10.000

# %%
# What autograd needs
# -------------------
# ``requires_grad_()`` tells autograd to record what you do with a tensor. Only floating
# point numbers can change by a little, so only they have a gradient.
# ``torch.full([1], 2)`` is int64 and raises an error. ``type`` with a dtype converts
# it, like ``float()`` and ``to`` (lesson 6).

w = torch.full([1], 2)
try:
    w.requires_grad_()
except RuntimeError as error:
    print(error)
#: only Tensors of floating point dtype can require gradients
w = w.type(torch.float32)
print(w.requires_grad_())
#: tensor([2.], requires_grad=True)

# %%
# Two calls
# ---------
# ``torch.autograd.grad(loss, [w])`` returns a tuple with one gradient for each tensor
# in the list. ``loss.backward()`` returns nothing. It adds the gradients to ``.grad``
# of the leaves (叶子节点). A leaf is a tensor that was not computed from others, such
# as a parameter. An optimizer reads ``.grad``. The example is
# :math:`\partial (1 - xw)^2 / \partial w = -2x (1 - xw) = 2`.

x = torch.ones(1)
loss = F.mse_loss(x * w, torch.ones(1))
print("autograd.grad:", torch.autograd.grad(loss, [w]), "w.grad:", w.grad)
#: autograd.grad: (tensor([2.]),) w.grad: None
loss = F.mse_loss(x * w, torch.ones(1))
result = loss.backward()
print("backward:", result, "w.grad:", w.grad)
#: backward: None w.grad: tensor([2.])

# %%
# What gradients are for
# ----------------------
# The notes name three uses: back-propagation, the optimisation of parameters, and the
# selection of features (特征选择). For the third you need the gradient with respect to
# the input x. It says how much each feature changes the output. A feature whose
# gradient is zero for all samples can be left out.

features = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
weights = torch.tensor([3.0, 0.0, -0.1])
output = torch.sigmoid((features * weights).sum())
influence = torch.autograd.grad(output, features)[0]
print([f"{v:.3f}" for v in influence.tolist()])
#: ['0.505', '0.000', '-0.017']

# %%
# Softmax
# -------
# A logit (未归一化得分) is the score of a class before any activation, any real number.
# Softmax turns logits a into probabilities p:
#
# .. math:: p_i = \frac{e^{a_i}}{\sum_k e^{a_k}}
#
# The notes say in a comment that the probabilities sum to 10. In fact the sum is 1.
#
# The notes say that softmax makes large values larger and small values smaller. In fact
# :math:`p_i / p_j = e^{a_i - a_j}`: the difference of two logits decides the ratio of
# their probabilities. In each pair below the second logit is twice the first, and the
# three ratios differ.

ratios = []
for logits in [1.0, 2.0], [0.1, 0.2], [10.0, 20.0]:
    p = F.softmax(torch.tensor(logits, dtype=torch.float64), dim=0)
    ratio = (p[1] / p[0]).item()
    ratios.append(ratio)
    print(f"{logits} => {p[0]:.3f}, {p[1]:.3f}, sum {p.sum():.0f}, ratio {ratio:.2f}")
#: [1.0, 2.0] => 0.269, 0.731, sum 1, ratio 2.72
#: [0.1, 0.2] => 0.475, 0.525, sum 1, ratio 1.11
#: [10.0, 20.0] => 0.000, 1.000, sum 1, ratio 22026.47

# %%
# The gradient of softmax
# -----------------------
# Every probability depends on every logit. Let S be the sum. The quotient rule gives,
# for i = j and for i ≠ j:
#
# .. math:: \frac{\partial p_i}{\partial a_i} = \frac{e^{a_i} S - e^{a_i} e^{a_i}}{S^2}
#    = p_i (1 - p_i), \qquad
#    \frac{\partial p_i}{\partial a_j} = \frac{0 - e^{a_i} e^{a_j}}{S^2} = -p_i p_j
#
# The matrix of all these derivatives is the Jacobian (雅可比矩阵). One formula holds
# for both cases, with the identity matrix δ: :math:`J_{ij} = p_i (\delta_{ij} - p_j)`.

a = torch.rand(3, dtype=torch.float64, requires_grad=True)
p = F.softmax(a, dim=0)
jacobian = torch.zeros(3, 3, dtype=torch.float64)
by_autograd = torch.zeros(3, 3, dtype=torch.float64)
for i in range(3):
    for j in range(3):
        delta = 1 if i == j else 0
        jacobian[i, j] = p[i].item() * (delta - p[j].item())
    by_autograd[i] = torch.autograd.grad(p[i], a, retain_graph=True)[0]
errors["softmax"] = (jacobian - by_autograd).abs().max().item()
print(f"Jacobian equals autograd: {errors['softmax'] < 1e-6}")
#: Jacobian equals autograd: True
print(f"positive on the diagonal alone: {torch.equal(jacobian > 0, torch.eye(3) > 0)}")
#: positive on the diagonal alone: True
print(f"rows sum to zero: {jacobian.sum(dim=1).abs().max() < 1e-12}")
#: rows sum to zero: True

# %%
# ``.grad`` accumulates
# ---------------------
# ``p[1].backward()`` puts row 1 of the Jacobian into ``a.grad``. ``p[2].backward()``
# adds row 2 to it. This is why a training step calls ``zero_grad`` (lesson 0).
#
# ``backward`` also frees what autograd recorded, and a second call then fails.
# ``retain_graph=True`` keeps the record for the next call.

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
# :math:`e^{1000}` is too large for a float, so it becomes infinity. Infinity divided by
# infinity is NaN. Subtract the largest logit from all logits: the ratios stay the same,
# and the largest power is 1. ``F.softmax`` does this.

a = torch.tensor([1000.0, 999.0, 998.0])
print("formula:", (a.exp() / a.exp().sum()).tolist())
#: formula: [nan, nan, nan]
shifted = (a - a.max()).exp()
stable = shifted / shifted.sum()
print("shifted:", [f"{v:.4f}" for v in stable.tolist()])
#: shifted: ['0.6652', '0.2447', '0.0900']
print("equal to F.softmax:", torch.allclose(stable, F.softmax(a, dim=0)))
#: equal to F.softmax: True

# %%
# Try it
# ------
# ``python check.py 18`` checks the functions that are named here.
#
# - Predict the derivative of softplus, :math:`\ln(1 + e^x)`, at 0. Which function of
#   this lesson is it? Then write ``softplus_slope``.
# - Change ``p[2].backward()``: keep the graph, and add ``p[0].backward()``. Why is
#   ``a.grad`` zero then? Then write ``softmax_backward``.
# - Build ``numeric_gradient``, the gradient of any function by central differences.
