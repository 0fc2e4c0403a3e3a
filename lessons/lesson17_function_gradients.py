"""
Lesson 17: gradients of common functions (常见函数的梯度)
=========================================================

A dozen derivatives and four rules give the gradient of every network. Each stands here
three times: as a formula, from autograd, and as a difference that knows neither.

:Notes: lesson17 常见函数的梯度
:Needs: lesson 16
:Run: ``python lessons/lesson17_function_gradients.py``
"""

import math

import torch
from matplotlib import pyplot as plt

from utils import show

# %%
# Two ways to check a formula
# ---------------------------
# Autograd applies the chain rule to the operations that were run: exact but for
# rounding. The central difference only calls the function. By Taylor's formula its
# error shrinks with h²:
#
# .. math:: \frac{f(x + h) - f(x - h)}{2h} = f'(x) + \frac{h^2}{6} f'''(x) + \dots


def autograd(f, x):
    """The derivative of f at each element of x."""
    x = x.clone().requires_grad_()
    y = f(x) + 0 * x  # a constant function does not depend on x; 0·x makes it
    return torch.autograd.grad(y.sum(), x)[0]


def difference(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)


def compare(f, formula, x):
    """The largest error of a formula, against autograd and against the difference."""
    others = torch.stack([autograd(f, x), difference(f, x)])
    return (formula - others).abs().max().item()


# %%
# The table
# ---------
# Function, derivative; a = 3. All of it in float64, since a difference in float32 is
# right to two digits only (see below).

a = 3.0
table = {
    "a": (lambda x: torch.full_like(x, a), lambda x: torch.zeros_like(x)),
    "a x": (lambda x: a * x, lambda x: torch.full_like(x, a)),
    "a x²": (lambda x: a * x**2, lambda x: 2 * a * x),
    "x^a": (lambda x: x**a, lambda x: a * x ** (a - 1)),
    "√x": (torch.sqrt, lambda x: 0.5 / x.sqrt()),
    "1/x": (torch.reciprocal, lambda x: -1 / x**2),
    "e^x": (torch.exp, torch.exp),
    "a^x": (lambda x: a**x, lambda x: a**x * math.log(a)),
    "ln x": (torch.log, lambda x: 1 / x),
    "log₂ x": (torch.log2, lambda x: 1 / (x * math.log(2))),
    "sin x": (torch.sin, torch.cos),
    "cos x": (torch.cos, lambda x: -torch.sin(x)),
}
x = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
errors = {}
for name, (f, derivative) in table.items():
    errors[name] = compare(f, derivative(x), x)
    values = "".join(f"{value:8.3f}" for value in derivative(x).tolist())
    print(f"{name:7s} {values}   all three equal: {errors[name] < 1e-6}")
#: a          0.000   0.000   0.000   all three equal: True
#: a x        3.000   3.000   3.000   all three equal: True
#: a x²       3.000   6.000  12.000   all three equal: True
#: x^a        0.750   3.000  12.000   all three equal: True
#: √x         0.707   0.500   0.354   all three equal: True
#: 1/x       -4.000  -1.000  -0.250   all three equal: True
#: e^x        1.649   2.718   7.389   all three equal: True
#: a^x        1.903   3.296   9.888   all three equal: True
#: ln x       2.000   1.000   0.500   all three equal: True
#: log₂ x     2.885   1.443   0.721   all three equal: True
#: sin x      0.878   0.540  -0.416   all three equal: True
#: cos x     -0.479  -0.841  -0.909   all three equal: True

# %%
# Six of them, and dashed their derivatives: zero where the curve is flat, far from zero
# where it is steep.

plot_x = torch.linspace(0.15, 4, 200, dtype=torch.float64)
figure, axes = plt.subplots(2, 3, figsize=(8, 5), sharex=True, sharey=True)
names = "x^a", "√x", "1/x", "e^x", "ln x", "sin x"
for ax, name in zip(axes.flat, names, strict=True):
    f, derivative = table[name]
    ax.plot(plot_x, f(plot_x))
    ax.plot(plot_x, derivative(plot_x), "--")
    ax.set_title(name)
    ax.set_ylim(-4, 8)
    ax.grid(alpha=0.3)
figure.legend(["function", "derivative"], loc="outside lower center", ncols=2)
show("functions")

# %%
# Four rules
# ----------
# With them the table reaches every combination:
#
# .. math::
#
#    (f + g)' &= f' + g' \\
#    (f g)' &= f' g + f g' \\
#    \left(\frac{f}{g}\right)' &= \frac{f' g - f g'}{g^2} \\
#    \big(f(g(x))\big)' &= f'(g(x)) \, g'(x)
#
# The order in the quotient's numerator matters: exchanged, the sign is wrong. Here
# :math:`f = \sin x` and :math:`g = x^2`.

f, g = torch.sin, torch.square
f_, g_ = torch.cos(x), 2 * x  # f' and g'
rules = {
    "sum": (lambda x: f(x) + g(x), f_ + g_),
    "product": (lambda x: f(x) * g(x), f_ * g(x) + f(x) * g_),
    "quotient": (lambda x: f(x) / g(x), (f_ * g(x) - f(x) * g_) / g(x) ** 2),
    "chain": (lambda x: f(g(x)), torch.cos(g(x)) * g_),
}
for name, (combined, formula) in rules.items():
    errors[name] = compare(combined, formula, x)
    print(f"{name:8s} all three equal: {errors[name] < 1e-6}")
#: sum      all three equal: True
#: product  all three equal: True
#: quotient all three equal: True
#: chain    all three equal: True

# %%
# The gradient of a squared error
# -------------------------------
# The first loss that one meets, :math:`E = (wx + b - t)^2`, by the chain rule. The
# outer derivative is the same for both parameters, the inner ones are x and 1:
#
# .. math:: \frac{\partial E}{\partial w} = 2 (wx + b - t) \, x, \qquad
#    \frac{\partial E}{\partial b} = 2 (wx + b - t)

w = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
b = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
x0, t = 3.0, 5.0
residual = w * x0 + b - t  # 1.5
by_hand = torch.stack([2 * residual * x0, 2 * residual]).detach()
gradient = torch.stack(torch.autograd.grad(residual**2, (w, b)))
print(by_hand, gradient)
#: tensor([9., 3.], dtype=torch.float64) tensor([9., 3.], dtype=torch.float64)
errors["squared error"] = (by_hand - gradient).abs().max().item()

# %%
# A gradient is a vector of partial derivatives
# ---------------------------------------------
# The notes say that a gradient is "the derivative in all directions". It is one number
# for each coordinate. For a differentiable function those numbers give the rate in
# every direction (lesson 16); in general they do not. :math:`\sqrt{|xy|}` is zero along
# both axes, so that its partial derivatives at the origin are zero, and yet it rises
# along the diagonal.


def ridge(x, y):
    return (x * y).abs().sqrt()


h = torch.tensor(1e-5, dtype=torch.float64)
zero, diagonal = torch.zeros_like(h), h / math.sqrt(2)
partials = [(ridge(h, zero) / h).item(), (ridge(zero, h) / h).item()]
along_diagonal = (ridge(diagonal, diagonal) / h).item()
print(f"partial derivatives {partials}, along the diagonal {along_diagonal:.3f}")
#: partial derivatives [0.0, 0.0], along the diagonal 0.707

# %%
# Where there is no derivative
# ----------------------------
# Autograd answers also at a kink, with one of the slopes on its two sides or a number
# between them, and at a vertical tangent with infinity.

for name, f in ("|x|", torch.abs), ("ReLU", torch.relu), ("√x", torch.sqrt):
    print(name, autograd(f, torch.zeros(1)).item())
#: |x| 0.0
#: ReLU 0.0
#: √x inf

# %%
# How small should h be?
# ----------------------
# Too large, and Taylor's remainder counts; too small, and the rounding of f, divided by
# 2h. The best h is near the cube root of the precision: 6e-6 in float64, 5e-3 in
# float32. ``torch.autograd.gradcheck`` makes the same comparison, and wants float64.

steps = torch.logspace(-12, 0, 49, dtype=torch.float64)
smallest = {}
plt.figure(figsize=(6, 3.6))
for dtype in torch.float32, torch.float64:
    h = steps.to(dtype)
    error = (difference(torch.exp, torch.ones_like(h), h) / math.e - 1).abs()
    smallest[str(dtype)] = error.min().item()
    print(f"{dtype}: below 1e-8 at the best h: {smallest[str(dtype)] < 1e-8}")
    plt.loglog(steps, error.clamp(min=1e-12), label=str(dtype))
#: torch.float32: below 1e-8 at the best h: False
#: torch.float64: below 1e-8 at the best h: True
plt.xlabel("h")
plt.ylabel("relative error of the difference")
plt.legend()
show("step_size")

# %%
# Try it
# ------
# - Predict the derivative of :math:`x^x` at 1, then ask ``autograd``.
# - Change the quotient's numerator to f g' - f' g. What does the comparison say?
# - Build the row for tan x. Its derivative follows from the quotient rule.
