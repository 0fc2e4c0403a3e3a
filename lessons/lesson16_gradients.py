"""
Lesson 16: what a gradient is (什么是梯度)
==========================================

The gradient of a function is the vector of its partial derivatives. It points in the
direction in which the function grows fastest, and its length says how fast. Gradient
descent takes steps in the opposite direction.

:Notes: lesson16 什么是梯度
:Needs: lesson 12
:Run: ``python lessons/lesson16_gradients.py``
"""

import torch
from matplotlib import pyplot as plt

from utils import show

torch.manual_seed(0)

# %%
# The derivative
# --------------
# The derivative (导数) says how fast a function of one number grows. It is the growth
# divided by the step h, for a step that goes to zero:
#
# .. math:: f'(x) = \lim_{h \to 0} \frac{f(x + h) - f(x)}{h}
#
# For :math:`f(x) = x^2` at 3 this quotient is 6 + h, and its limit is 6. PyTorch
# computes the derivative with ``torch.autograd.grad(y, x)``. It returns a tuple with
# one derivative for each x that you ask for, and ``[0]`` takes the first.

x = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
for h in 1.0, 0.1, 0.001:
    print(f"h = {h}: {((x + h) ** 2 - x**2) / h:.3f}")
#: h = 1.0: 7.000
#: h = 0.1: 6.100
#: h = 0.001: 6.001
print("autograd:", torch.autograd.grad(x**2, x)[0].item())
#: autograd: 6.0

# %%
# Partial derivatives and the gradient
# ------------------------------------
# A function of several numbers has a partial derivative (偏导数) for each of them. It
# is the derivative while the other numbers stay fixed. The gradient (梯度) is the
# vector of all partial derivatives. For :math:`f(x, y) = x^2 + 2y^2` it is
#
# .. math:: \nabla f = \left(\frac{\partial f}{\partial x},
#    \frac{\partial f}{\partial y}\right) = (2x,\ 4y)


def bowl(x, y):
    return x**2 + 2 * y**2


x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
y = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
gradient = torch.stack(torch.autograd.grad(bowl(x, y), (x, y)))  # [2]
by_hand = torch.stack([2 * x, 4 * y]).detach()
error = (gradient - by_hand).abs().max().item()
print("gradient:", gradient.tolist(), "equal to the formula:", error < 1e-6)
#: gradient: [2.0, 2.0] equal to the formula: True

# %%
# The directional derivative
# --------------------------
# The directional derivative (方向导数) says how fast f grows along a unit vector u. It
# is the dot product of the gradient and u:
#
# .. math:: D_u f = \lim_{h \to 0} \frac{f(p + hu) - f(p)}{h}
#    = \frac{\partial f}{\partial x} u_x + \frac{\partial f}{\partial y} u_y
#    = \nabla f \cdot u = |\nabla f| \cos\theta
#
# θ is the angle between u and the gradient. At 0° the cosine is largest. So the
# direction of the gradient is that of steepest ascent, and the length of the gradient
# is the rate in this direction. The steepest descent is at 180°. At 90° the rate is
# zero, because u points along a contour line (等高线).
#
# Here the rates in 360 directions are measured as differences, without the gradient:

angles = torch.arange(360)
u_x, u_y = angles.deg2rad().double().cos(), angles.deg2rad().double().sin()  # [360]
h = 1e-5
with torch.no_grad():
    ahead = bowl(x + h * u_x, y + h * u_y)
    behind = bowl(x - h * u_x, y - h * u_y)
directional = (ahead - behind) / (2 * h)  # [360]
best_angle = directional.argmax().item()
gradient_angle = torch.atan2(gradient[1], gradient[0]).rad2deg().item()
length = torch.linalg.vector_norm(gradient)
print(f"steepest direction {best_angle}°, gradient {gradient_angle:.1f}°")
#: steepest direction 45°, gradient 45.0°
print(f"steepest rate {directional.max():.3f}, length {length:.3f}")
#: steepest rate 2.828, length 2.828
print(f"across the gradient {abs(directional[135].item()):.3f}")
#: across the gradient 0.000

# %%
# Convex, saddle, two minima
# --------------------------
# A function is convex (凸) if no chord (弦) lies below the graph. Every local minimum
# (局部极小值) of a convex function is a lowest point. A saddle (鞍点) is a minimum in
# one direction and a maximum in another. The third function below has two minima, and
# only one of them is the lowest point.


def saddle(x, y):
    return x**2 - y**2


def valleys(x, y):
    return x**4 - 4 * x**2 + x + 2 * y**2


functions = {"convex": bowl, "saddle": saddle, "two minima": valleys}

# %%
# The middles of 1000 random chords are compared with the graph.

convex = {}
for name, f in functions.items():
    x1, y1 = 4 * torch.rand(2, 1000) - 2  # one end of each chord, [1000]
    x2, y2 = 4 * torch.rand(2, 1000) - 2  # the other end
    middle_of_chord = (f(x1, y1) + f(x2, y2)) / 2
    graph = f((x1 + x2) / 2, (y1 + y2) / 2)
    convex[name] = (middle_of_chord >= graph - 1e-4).all().item()
    print(f"{name}: no chord is below the graph: {convex[name]}")
#: convex: no chord is below the graph: True
#: saddle: no chord is below the graph: False
#: two minima: no chord is below the graph: False

# %%
# Drawn: the gradient as an arrow at each point, over the contour lines. The arrows
# cross the lines at right angles. They are longest where the lines are close together.

grid = torch.linspace(-2.1, 2.1, 99)
x, y = torch.meshgrid(grid, grid, indexing="xy")  # each [99, 99]
x, y = x.clone().requires_grad_(), y.clone().requires_grad_()
few = slice(None, None, 7)  # every seventh point

figure, axes = plt.subplots(1, 3, figsize=(11, 4.2), sharey=True)
for ax, name in zip(axes, functions, strict=True):
    z = functions[name](x, y)
    u, v = torch.autograd.grad(z.sum(), (x, y))
    ax.contour(grid, grid, z.detach(), levels=18, cmap="viridis", alpha=0.7)
    ax.quiver(grid[few], grid[few], u[few, few], v[few, few], width=0.004)
    ax.set_title(name)
    ax.set_xlabel("x")
    ax.set_aspect("equal")
axes[0].set_ylabel("y")
show("gradient_field")

# %%
# The gradient is zero at a minimum and at a saddle, so it cannot tell them apart. The
# Hessian matrix (黑塞矩阵) can. It holds the second derivatives, and its eigenvalues
# (特征值) say how the surface curves in its main directions. If all of them are
# positive, the point is a minimum. If some are positive and some are negative, it is a
# saddle.
#
# ``create_graph=True`` records how the gradient is computed, so that each of its two
# elements has a gradient as well: a row of the Hessian. ``retain_graph=True`` keeps
# this record for the next row.

for f in bowl, saddle:
    p = torch.zeros(2, requires_grad=True)
    gradient_at_zero = torch.autograd.grad(f(p[0], p[1]), p, create_graph=True)[0]
    hessian = torch.zeros(2, 2)
    for i in range(2):
        hessian[i] = torch.autograd.grad(gradient_at_zero[i], p, retain_graph=True)[0]
    eigenvalues = torch.linalg.eigvalsh(hessian)
    print(f"{f.__name__}: eigenvalues {eigenvalues.tolist()}")
#: bowl: eigenvalues [2.0, 4.0]
#: saddle: eigenvalues [-2.0, 2.0]

# %%
# Gradient descent, and what decides where it ends
# ------------------------------------------------
# Gradient descent (梯度下降) takes many steps against the gradient. A short step
# lowers f. The learning rate (学习率, lr) is the factor of a step. With momentum (动量)
# μ a step also keeps a part of the steps before it, like the inertia (惯性) of a ball:
#
# .. math:: v \leftarrow \mu v + \nabla f(x), \qquad x \leftarrow x - \text{lr} \cdot v


def descend(f, start, lr, momentum, steps):
    """All places x that a search passes."""
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    v, path = 0.0, [start]
    for _ in range(steps):
        gradient = torch.autograd.grad(f(x), x)[0]
        v = momentum * v + gradient
        with torch.no_grad():
            x -= lr * v
        path.append(x.item())
    return torch.tensor(path)


# %%
# **The learning rate.** On :math:`f(x) = x^2` a step multiplies x by 1 - 2 lr. If this
# factor is close to 1, the search is slow. If it is near 0, the search is fast. If it
# is below -1, each step goes too far and x grows.

paths, ends = {}, {}
for lr in 0.03, 0.3, 1.03:
    path = descend(torch.square, start=-1.5, lr=lr, momentum=0.0, steps=8)
    paths["square", -1.5, lr, 0.0] = path
    ends["square", -1.5, lr, 0.0] = path[-1].item()
    print(f"x^2 from -1.5, lr {lr}: x = {path[-1]:.3f} after 8 steps")
#: x^2 from -1.5, lr 0.03: x = -0.914 after 8 steps
#: x^2 from -1.5, lr 0.3: x = -0.001 after 8 steps
#: x^2 from -1.5, lr 1.03: x = -2.391 after 8 steps

# %%
# **The start and momentum.** This curve is a cut through the function with two minima.
# Without momentum and with a small lr, a search ends in the valley in which it starts.
# With momentum it is fast at the bottom, so it can roll over the hill and leave a local
# minimum.


def valley(x):
    return valleys(x, 0)


for start, momentum in (-2.0, 0.0), (2.2, 0.0), (2.2, 0.9):
    path = descend(valley, start, lr=0.01, momentum=momentum, steps=200)
    paths["valley", start, 0.01, momentum] = path
    ends["valley", start, 0.01, momentum] = path[-1].item()
    print(f"valley from {start}, momentum {momentum}:", end=" ")
    print(f"x = {path[-1]:.3f} after 200 steps")
#: valley from -2.0, momentum 0.0: x = -1.473 after 200 steps
#: valley from 2.2, momentum 0.0: x = 1.347 after 200 steps
#: valley from 2.2, momentum 0.9: x = -1.473 after 200 steps

# %%
# Drawn: the six searches. A star marks the end of each.

curve_x = torch.linspace(-2.4, 2.4, 200)
curves = {"square": torch.square, "valley": valley}
figure, axes = plt.subplots(2, 3, figsize=(10, 6), sharex="row", sharey="row")
for ax, search in zip(axes.flat, paths, strict=True):
    name, start, lr, momentum = search
    f, path = curves[name], paths[search]
    ax.plot(curve_x, f(curve_x), color="lightgray")
    ax.plot(path, f(path), "o-", markersize=3, linewidth=0.7)
    ax.plot(path[-1], f(path[-1]), "*", markersize=12, color="tab:red")
    ax.set_title(f"start {start:g}, lr {lr:g}, momentum {momentum:g}")
figure.supxlabel("x")
figure.supylabel("f(x)")
show("learning_rates")

# %%
# Try it
# ------
# ``python check.py 16`` checks the functions that are named here.
#
# - Predict the best direction for :math:`x^2 - y^2` at (1, 0.5), and measure it with
#   this function in place of ``bowl``. Then write ``slope_along``, the rate along any
#   direction.
# - Change the given ``rolling`` until its v remembers the steps before.
# - Build ``kind_of_point``, which tells a minimum, a maximum and a saddle apart.
