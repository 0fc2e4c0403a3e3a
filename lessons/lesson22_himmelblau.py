"""
Lesson 22: a function with four minima (优化小实例)
===================================================

Gradient descent on a surface that can be drawn. Where it ends depends on where it
begins, and on the optimizer.

:Notes: lesson22 优化小实例
:Needs: lesson 16
:Run: ``python lessons/lesson22_himmelblau.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import optim

from utils import show, stop_if_not_finite

# %%
# The function and its gradient
# -----------------------------
# Himmelblau's function, a common test of optimizers. It is a sum of two squares, so
# that 0 is its least value; it is 0 at four points.
#
# .. math:: f(x, y) = (\underbrace{x^2 + y - 11}_{u})^2
#    + (\underbrace{x + y^2 - 7}_{v})^2


def himmelblau(p):
    """f at each point of p [..., 2]."""
    x, y = p[..., 0], p[..., 1]
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


# %%
# By the chain rule, with u and v as above:
#
# .. math:: \frac{\partial f}{\partial x} = 2u \cdot 2x + 2v, \qquad
#    \frac{\partial f}{\partial y} = 2u + 2v \cdot 2y


def gradient_by_hand(p):
    x, y = p[..., 0], p[..., 1]
    u, v = x**2 + y - 11, x + y**2 - 7
    return torch.stack([4 * x * u + 2 * v, 2 * u + 4 * y * v], dim=-1)


p = torch.tensor([-4.0, 1.0], dtype=torch.float64, requires_grad=True)
(gradient,) = torch.autograd.grad(himmelblau(p), p)
error = (gradient - gradient_by_hand(p)).abs().max().item()
print(gradient, "equal:", error < 1e-6)
#: tensor([-116.,  -28.], dtype=torch.float64) equal: True

# %%
# ``item`` and ``tolist``
# -----------------------
# ``item`` gives the number in a tensor of one element, whatever its shape; ``tolist``
# gives all elements as nested lists. The notes say that ``tolist`` turns numpy into a
# list: here it is a method of the tensor, and numpy has no part in it.

print(himmelblau(p).item(), torch.tensor([[1.5]]).item())
#: 136.0 1.5
print(p.tolist(), type(p.tolist()))
#: [-4.0, 1.0] <class 'list'>
try:
    p.item()
except (RuntimeError, ValueError) as error_of_two:
    print(type(error_of_two).__name__)
#: RuntimeError

# %%
# The surface
# -----------
# ``view_init(60, -30)`` looks from 60° above, turned by -30°. Four valleys lie around a
# hill near (-0.27, -0.92). Colours and contour lines go by the logarithm of f, since
# the corners are five to twelve times as high as the hill.

grid = torch.linspace(-6, 6, 121, dtype=torch.float64)
X, Y = torch.meshgrid(grid, grid, indexing="xy")  # each [121, 121]
Z = himmelblau(torch.stack([X, Y], dim=-1))
minima = [(3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186)]
minima = torch.tensor([*minima, (3.584428, -1.848127)], dtype=torch.float64)  # [4, 2]


def draw_contours(ax):
    levels = torch.logspace(0, 3, 13)
    ax.contour(X, Y, Z, levels.tolist(), cmap="viridis", norm="log", linewidths=0.7)
    ax.plot(*minima.t(), "*", color="tab:red", markersize=12, linestyle="none")
    ax.set_xlabel("x")
    ax.set_aspect("equal")


figure = plt.figure(figsize=(10, 4.4))
ax = figure.add_subplot(1, 2, 1, projection="3d")
surface = X.numpy(), Y.numpy(), Z.clamp(min=1).numpy()
ax.plot_surface(*surface, cmap="viridis", norm="log", rcount=40, ccount=40)
ax.view_init(60, -30)
ax.set_xlabel("x")
ax.set_ylabel("y")
ax.set_zlabel("f")
ax.set_zticks([0, 1000, 2000])
ax = figure.add_subplot(1, 2, 2)
draw_contours(ax)
ax.set_ylabel("y")
show("surface")

# %%
# Four starts, four minima
# ------------------------
# One loop for any number of points at once: f is summed over them, and the gradient of
# the sum at one point does not contain the others. Adam treats every coordinate alone,
# too. The notes take lr 0.001 and 20000 steps; with 0.1 it is done in 300.


def search(start, optimizer_class, steps, **options):
    """The path [steps + 1, n, 2] of n points [n, 2]."""
    p = start.clone().requires_grad_()
    optimizer = optimizer_class([p], **options)
    path = [start]
    for _ in range(steps):
        loss = himmelblau(p).sum()
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        path.append(p.detach().clone())
    return torch.stack(path)


starts = torch.tensor([[0, 0], [-4, 4], [-4, 0], [4, 0]], dtype=torch.float64)
path = search(starts, optim.Adam, steps=300, lr=0.1)
ends = path[-1]  # [4, 2]
values = himmelblau(ends).tolist()
for start, end, value in zip(starts, ends, values, strict=True):
    x, y = end.tolist()
    print(f"{start.tolist()} => ({x:.3f}, {y:.3f}), f < 1e-6: {value < 1e-6}")
#: [0.0, 0.0] => (3.000, 2.000), f < 1e-6: True
#: [-4.0, 4.0] => (-2.805, 3.131), f < 1e-6: True
#: [-4.0, 0.0] => (-3.779, -3.283), f < 1e-6: True
#: [4.0, 0.0] => (3.584, -1.848), f < 1e-6: True

# %%
# The start decides
# -----------------
# 61 × 61 starts, coloured by the minimum in which Adam ends. Near the borders between
# the regions a small step aside leads to another end.

coarse = grid[::2]
x, y = torch.meshgrid(coarse, coarse, indexing="xy")
many = torch.stack([x, y], dim=-1).view(-1, 2)  # [61, 61, 2] => [3721, 2]
many_ends = search(many, optim.Adam, steps=500, lr=0.1)[-1]
nearest = torch.cdist(many_ends, minima).argmin(dim=1)  # [3721, 4] => [3721]
reached = (himmelblau(many_ends) < 1e-6).double().mean().item()
print(f"share of starts that reach a minimum: {reached:.2f}")
#: share of starts that reach a minimum: 1.00

# %%
# Three optimizers
# ----------------
# From (-4, 0), on a steep slope. SGD is there first: in the valley the surface curves
# nearly alike in all directions. Momentum keeps the speed of the slope, overshoots and
# ends in another valley. Adam divides each coordinate by the size of its past
# gradients, so that its first step is lr along each, however steep the slope.

optimizers = {
    "SGD": (optim.SGD, {"lr": 0.01}),
    "momentum": (optim.SGD, {"lr": 0.01, "momentum": 0.9}),
    "Adam": (optim.Adam, {"lr": 0.1}),
}
figure, axes = plt.subplots(1, 3, figsize=(13, 4.4), sharey=True)
colors = nearest.view(61, 61).double()
axes[0].pcolormesh(coarse, coarse, colors, cmap="Pastel1", vmax=8)
axes[0].set_title("where Adam ends from each start")
axes[1].set_title("Adam from four starts")
axes[2].set_title("three optimizers from (-4, 0)")
axes[0].set_ylabel("y")
for ax in axes:
    draw_contours(ax)
for i in range(4):
    axes[1].plot(*path[:, i].t(), "o-", markevery=[0], color="black", linewidth=1)
steps_needed, optimizer_ends = {}, {}
for name, (optimizer_class, options) in optimizers.items():
    line = search(starts[2:3], optimizer_class, steps=300, **options)[:, 0]  # [301, 2]
    steps_needed[name] = (himmelblau(line) >= 1e-6).sum().item()
    optimizer_ends[name] = line[-1].tolist()
    end = "({:.3f}, {:.3f})".format(*optimizer_ends[name])
    print(f"{name}: {end}, f above 1e-6 for {steps_needed[name]} steps")
    axes[2].plot(*line.t(), "o-", markersize=2, linewidth=1, label=name)
#: SGD: (-3.779, -3.283), f above 1e-6 for 27 steps
#: momentum: (-2.805, 3.131), f above 1e-6 for 176 steps
#: Adam: (-3.779, -3.283), f above 1e-6 for 181 steps
axes[2].legend(loc="upper right")
show("paths")

# %%
# Try it
# ------
# - Predict the end of a search from (-0.270845, -0.923039), the top of the hill.
# - Change Adam's lr to the notes' 0.001. How far does it come in 300 steps?
# - Build a fourth optimizer, ``optim.RMSprop``, into the comparison.
