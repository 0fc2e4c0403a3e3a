"""
Lesson 17: gradients of common functions (常见函数的梯度)
=========================================================

Twelve derivatives and four rules give the gradients of most networks. Each of them is
computed three times here: by its formula, by autograd and by a difference.

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
# Autograd (自动求导) records the operations that you run and applies the chain rule to
# them. Its result is exact except for rounding (舍入).
#
# The central difference (中心差分) only calls the function. By Taylor's formula
# (泰勒公式) its error is proportional to h²:
#
# .. math:: \frac{f(x + h) - f(x - h)}{2h} = f'(x) + \frac{h^2}{6} f'''(x) + \dots
#
# Below, ``values(x)`` returns the values of some functions by name, and ``formulas``
# holds their derivatives at x.

h = 1e-5


def compare(values, formulas, x):
    """The largest error of each formula, against autograd and the difference."""
    leaf = x.clone().requires_grad_()
    y, ahead, behind = values(leaf), values(x + h), values(x - h)
    largest = {}
    for name, formula in formulas.items():
        # A constant does not depend on x, but 0·x does.
        sum_of_y = (y[name] + 0 * leaf).sum()
        by_autograd = torch.autograd.grad(sum_of_y, leaf, retain_graph=True)[0]
        by_difference = (ahead[name] - behind[name]) / (2 * h)
        found = torch.stack([by_autograd, by_difference])
        largest[name] = (formula - found).abs().max().item()
    return largest


# %%
# The table
# ---------
# Twelve functions of x and their derivatives. The constant a is 3. All numbers are
# float64, because h = 1e-5 leaves too few digits in float32. The last section shows
# this.

a = 3.0

# %%


def functions(x):
    return {
        "a": torch.full_like(x, a),
        "a x": a * x,
        "a x^2": a * x**2,
        "x^a": x**a,
        "sqrt x": torch.sqrt(x),
        "1/x": 1 / x,
        "e^x": torch.exp(x),
        "a^x": a**x,
        "ln x": torch.log(x),
        "log2 x": torch.log2(x),
        "sin x": torch.sin(x),
        "cos x": torch.cos(x),
    }


# %%


def derivatives(x):
    return {
        "a": torch.zeros_like(x),
        "a x": torch.full_like(x, a),
        "a x^2": 2 * a * x,
        "x^a": a * x ** (a - 1),
        "sqrt x": 0.5 / torch.sqrt(x),
        "1/x": -1 / x**2,
        "e^x": torch.exp(x),
        "a^x": a**x * math.log(a),
        "ln x": 1 / x,
        "log2 x": 1 / (x * math.log(2)),
        "sin x": torch.cos(x),
        "cos x": -torch.sin(x),
    }


# %%
# For each function: its derivative at 0.5, 1 and 2.

x = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
errors = compare(functions, derivatives(x), x)
for name, formula in derivatives(x).items():
    values = "".join(f"{value:8.3f}" for value in formula.tolist())
    print(f"{name:7s} {values}   all three equal: {errors[name] < 1e-6}")
#: a          0.000   0.000   0.000   all three equal: True
#: a x        3.000   3.000   3.000   all three equal: True
#: a x^2      3.000   6.000  12.000   all three equal: True
#: x^a        0.750   3.000  12.000   all three equal: True
#: sqrt x     0.707   0.500   0.354   all three equal: True
#: 1/x       -4.000  -1.000  -0.250   all three equal: True
#: e^x        1.649   2.718   7.389   all three equal: True
#: a^x        1.903   3.296   9.888   all three equal: True
#: ln x       2.000   1.000   0.500   all three equal: True
#: log2 x     2.885   1.443   0.721   all three equal: True
#: sin x      0.878   0.540  -0.416   all three equal: True
#: cos x     -0.479  -0.841  -0.909   all three equal: True

# %%
# Drawn: six functions as solid lines, their derivatives as dashed lines. A derivative
# is zero where the curve is flat, and far from zero where the curve is steep.

plot_x = torch.linspace(0.15, 4, 200, dtype=torch.float64)
figure, axes = plt.subplots(2, 3, figsize=(8, 5), sharex=True, sharey=True)
names = "x^a", "sqrt x", "1/x", "e^x", "ln x", "sin x"
for ax, name in zip(axes.flat, names, strict=True):
    ax.plot(plot_x, functions(plot_x)[name])
    ax.plot(plot_x, derivatives(plot_x)[name], "--")
    ax.set_title(name)
    ax.set_ylim(-4, 8)
    ax.grid(alpha=0.3)
figure.legend(["function", "derivative"], loc="outside lower center", ncols=2)
show("functions")

# %%
# Four rules
# ----------
# These rules extend the table to every combination of its functions. The last one is
# the chain rule (链式法则):
#
# .. math::
#
#    (f + g)' &= f' + g' \\
#    (f g)' &= f' g + f g' \\
#    \left(\frac{f}{g}\right)' &= \frac{f' g - f g'}{g^2} \\
#    \big(f(g(x))\big)' &= f'(g(x)) \, g'(x)
#
# The order in the numerator of the quotient matters: f g' - f' g has the wrong sign.
# The example uses :math:`f = \sin x` and :math:`g = x^2`.


def combinations(x):
    f, g = torch.sin(x), x**2
    return {"sum": f + g, "product": f * g, "quotient": f / g, "chain": torch.sin(g)}


f, g = torch.sin(x), x**2
df, dg = torch.cos(x), 2 * x  # f' and g'
rules = {
    "sum": df + dg,
    "product": df * g + f * dg,
    "quotient": (df * g - f * dg) / g**2,
    "chain": torch.cos(g) * dg,
}
errors_of_rules = compare(combinations, rules, x)
errors.update(errors_of_rules)
for name in rules:
    print(f"{name:8s} all three equal: {errors[name] < 1e-6}")
#: sum      all three equal: True
#: product  all three equal: True
#: quotient all three equal: True
#: chain    all three equal: True

# %%
# The gradient of a squared error
# -------------------------------
# The squared error :math:`E = (wx + b - t)^2` is the first loss of this course. Its
# gradient follows from the chain rule. The outer derivative is the same for both
# parameters. The inner derivatives are x and 1:
#
# .. math:: \frac{\partial E}{\partial w} = 2 (wx + b - t) \, x, \qquad
#    \frac{\partial E}{\partial b} = 2 (wx + b - t)

w = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
b = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
x0, t = 3.0, 5.0
residual = w * x0 + b - t  # 1.5
by_hand = torch.stack([2 * residual * x0, 2 * residual]).detach()
gradient = torch.stack(torch.autograd.grad(residual**2, (w, b)))
print("by hand:", by_hand.tolist(), "autograd:", gradient.tolist())
#: by hand: [9.0, 3.0] autograd: [9.0, 3.0]
errors["squared error"] = (by_hand - gradient).abs().max().item()

# %%
# A gradient is a vector of partial derivatives
# ---------------------------------------------
# The notes say that a gradient is "the derivative in all directions". In fact it has
# one number for each coordinate. For a differentiable function (可微函数) these numbers
# give the rate in every direction (lesson 16). For other functions they do not.
#
# The function :math:`\sqrt{|xy|}` is zero along both axes, so its partial derivatives
# at the origin are zero. But it grows along the diagonal.


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
# Autograd gives an answer even where a function has no derivative. At a kink (尖点) it
# is one of the slopes on the two sides, or a number between them. At a vertical tangent
# (垂直切线) it is infinity.

for name, f in ("|x|", torch.abs), ("ReLU", torch.relu), ("sqrt x", torch.sqrt):
    zero = torch.zeros(1, requires_grad=True)
    print(f"{name} at 0: {torch.autograd.grad(f(zero), zero)[0].item()}")
#: |x| at 0: 0.0
#: ReLU at 0: 0.0
#: sqrt x at 0: inf

# %%
# How small should h be?
# ----------------------
# If h is too large, the error of Taylor's formula is large. If h is too small, the
# rounding error of f is divided by a tiny 2h. The best h is near the cube root of the
# precision: 6e-6 in float64 and 5e-3 in float32. ``torch.autograd.gradcheck`` makes the
# same comparison, and it asks for float64.

steps = torch.logspace(-12, 0, 49, dtype=torch.float64)
step_errors, smallest = {}, {}
for dtype in torch.float32, torch.float64:
    h = steps.to(dtype)
    slope = (torch.exp(1 + h) - torch.exp(1 - h)) / (2 * h)  # of e^x at 1, [49]
    error = (slope / math.e - 1).abs()
    step_errors[str(dtype)], smallest[str(dtype)] = error, error.min().item()
    print(f"{dtype}: below 1e-8 at the best h: {error.min().item() < 1e-8};", end=" ")
    print(f"below 1e-4 at h = 1e-5: {error[28].item() < 1e-4}")
#: torch.float32: below 1e-8 at the best h: False; below 1e-4 at h = 1e-5: False
#: torch.float64: below 1e-8 at the best h: True; below 1e-4 at h = 1e-5: True

# %%
# Drawn: the error of the difference for each h.

plt.figure(figsize=(6, 3.6))
for name, error in step_errors.items():
    plt.loglog(steps, error.clamp(min=1e-12), label=name)
plt.xlabel("h")
plt.ylabel("relative error of the difference")
plt.legend()
show("step_size")

# %%
# Try it
# ------
# ``python check.py 17`` checks the functions that are named here.
#
# - Predict the derivative of :math:`x^x` at 1, then compute it with autograd. Then
#   write ``polynomial_slope``, the derivative of any polynomial.
# - Change the given ``quotient_slope`` until its sign is right.
# - Build ``Dual``, a number that carries its derivative along by the rules above.
