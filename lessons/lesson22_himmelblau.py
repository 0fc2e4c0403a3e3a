"""
Lesson 22: a function with four minima (优化小实例)
===================================================

Gradient descent runs on a surface that you can draw. The start and the optimizer decide
in which minimum it ends.

:Notes: lesson22 优化小实例
:Needs: lesson 16
:Run: ``python lessons/lesson22_himmelblau.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import optim

from utils import show

# %%
# The function and its gradient
# -----------------------------
# Himmelblau's function is a common test of optimizers (优化器). It is a sum of two
# squares, so its smallest value is 0. It has this value at four points.
#
# .. math:: f(x, y) = (\underbrace{x^2 + y - 11}_{u})^2
#    + (\underbrace{x + y^2 - 7}_{v})^2


def himmelblau(p):
    """f at each point of p [..., 2]."""
    x, y = p[..., 0], p[..., 1]
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


# %%
# The chain rule gives, with u and v as above:
#
# .. math:: \frac{\partial f}{\partial x} = 2u \cdot 2x + 2v, \qquad
#    \frac{\partial f}{\partial y} = 2u + 2v \cdot 2y


def gradient_by_hand(p):
    x, y = p[..., 0], p[..., 1]
    u, v = x**2 + y - 11, x + y**2 - 7
    return torch.stack([4 * x * u + 2 * v, 2 * u + 4 * y * v], dim=-1)


p = torch.tensor([-4.0, 1.0], dtype=torch.float64, requires_grad=True)
gradient = torch.autograd.grad(himmelblau(p), p)[0]
error = (gradient - gradient_by_hand(p)).abs().max().item()
print("gradient:", gradient.tolist(), "equal to the formula:", error < 1e-6)
#: gradient: [-116.0, -28.0] equal to the formula: True

# %%
# ``item`` and ``tolist``
# -----------------------
# ``item`` returns the number in a tensor of one element, for any shape. ``tolist``
# returns all elements as nested lists. The notes say that ``tolist`` turns numpy into a
# list. In fact it is a method of the tensor here and does not use numpy.

print(himmelblau(p).item(), torch.tensor([[1.5]]).item())
#: 136.0 1.5
print(p.tolist(), type(p.tolist()))
#: [-4.0, 1.0] <class 'list'>
try:
    p.item()
except (RuntimeError, ValueError) as error_of_two:
    print("item of two elements:", type(error_of_two).__name__)
#: item of two elements: RuntimeError

# %%
# The surface
# -----------
# The four minima were found by a search like the one below. The corners of the picture
# are five to twelve times as high as the hill in its middle, near (-0.27, -0.92).

grid = torch.linspace(-6, 6, 121, dtype=torch.float64)
X, Y = torch.meshgrid(grid, grid, indexing="xy")  # each [121, 121]
Z = himmelblau(torch.stack([X, Y], dim=-1))
minima = torch.tensor(
    [
        [3.0, 2.0],
        [-2.805118, 3.131313],
        [-3.779310, -3.283186],
        [3.584428, -1.848127],
    ],
    dtype=torch.float64,
)  # [4, 2]
hill = himmelblau(torch.tensor([-0.270845, -0.923039]))
for corner in Z[0, 0], Z[0, -1], Z[-1, 0], Z[-1, -1]:
    print(f"corner {corner:.0f}, {corner / hill:.1f} times the hill")
#: corner 890, 4.9 times the hill
#: corner 1586, 8.7 times the hill
#: corner 1490, 8.2 times the hill
#: corner 2186, 12.0 times the hill

# %%
# Drawn: the surface, and its contour lines with the four minima. ``view_init(60, -30)``
# sets the camera 60° above the plane and turns it by -30°. Colours and contour lines
# use the logarithm of f. The notes import ``Axes3D`` for this. In fact Matplotlib needs
# this import no more: ``projection="3d"`` is enough.


def draw_contours(ax):
    levels = torch.logspace(0, 3, 13)
    ax.contour(X, Y, Z, levels.tolist(), cmap="viridis", norm="log", linewidths=0.7)
    ax.plot(minima[:, 0], minima[:, 1], "*", color="tab:red", markersize=12)
    ax.set_xlabel("x")
    ax.set_aspect("equal")


figure = plt.figure(figsize=(10, 4.4))
ax = figure.add_subplot(1, 2, 1, projection="3d")
z = Z.clamp(min=1).numpy()
ax.plot_surface(X.numpy(), Y.numpy(), z, cmap="viridis", norm="log", rcount=40)
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
# This search moves any number of points at once. It sums f over the points, and the
# gradient of the sum at one point does not depend on the other points. Adam, which is
# explained below, treats each coordinate separately. So the points do not influence
# each other.


def search(p, optimizer, steps):
    """The path [steps + 1, n, 2] of points p [n, 2], which the optimizer moves."""
    path = [p.detach().clone()]
    for _ in range(steps):
        loss = himmelblau(p).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        path.append(p.detach().clone())
    return torch.stack(path)


# %%
# The notes start at (-4, 0) and take lr 0.001 and 20000 steps. Here lr is 0.1, and 300
# steps are enough.

starts = torch.tensor([[0, 0], [-4, 4], [-4, 0], [4, 0]], dtype=torch.float64)
p = starts.clone().requires_grad_()
path = search(p, optim.Adam([p], lr=0.1), steps=300)  # [301, 4, 2]
ends = path[-1]  # [4, 2]
values = himmelblau(ends).tolist()
for i in range(4):
    x, y = ends[i].tolist()
    print(f"{starts[i].tolist()} => ({x:.3f}, {y:.3f}),", end=" ")
    print(f"f < 1e-6: {values[i] < 1e-6}")
#: [0.0, 0.0] => (3.000, 2.000), f < 1e-6: True
#: [-4.0, 4.0] => (-2.805, 3.131), f < 1e-6: True
#: [-4.0, 0.0] => (-3.779, -3.283), f < 1e-6: True
#: [4.0, 0.0] => (3.584, -1.848), f < 1e-6: True

# %%
# The start decides
# -----------------
# Now Adam starts at 61 × 61 points. Each start gets the number of the minimum that is
# nearest to its end. At the border between two regions a small change of the start
# leads to another minimum.

coarse = grid[::2]
x, y = torch.meshgrid(coarse, coarse, indexing="xy")
many = torch.stack([x, y], dim=-1).view(-1, 2)  # [61, 61, 2] => [3721, 2]
p = many.clone().requires_grad_()
many_ends = search(p, optim.Adam([p], lr=0.1), steps=500)[-1]  # [3721, 2]
nearest = torch.cdist(many_ends, minima).argmin(dim=1)  # [3721, 4] => [3721]
reached = (himmelblau(many_ends) < 1e-6).double().mean().item()
print(f"share of starts that reach a minimum: {reached:.2f}")
#: share of starts that reach a minimum: 1.00

# %%
# Three optimizers
# ----------------
# All three start at (-4, 0), on a steep slope. Three rates were tried for each of them:
# 0.003, 0.01 and 0.02 for SGD, 0.001, 0.003 and 0.01 with momentum, and 0.03, 0.1 and
# 0.3 for Adam. The best are shown. (SGD with 0.02 is a little faster, but it jumps into
# another valley.)
#
# SGD arrives first, because no direction of the valley is flat: the eigenvalues of its
# Hessian matrix (lesson 16) are about 71 and 134.
# Momentum keeps the speed of the slope, goes too far and ends in another valley. Adam
# divides each coordinate of the gradient by the size of its past values. So its first
# step has the length lr along each coordinate, on any slope.

paths = {}
p = starts[2].clone().requires_grad_()  # [2]
paths["SGD"] = search(p, optim.SGD([p], lr=0.01), steps=300)  # [301, 2]
p = starts[2].clone().requires_grad_()
paths["momentum"] = search(p, optim.SGD([p], lr=0.01, momentum=0.9), steps=300)
p = starts[2].clone().requires_grad_()
paths["Adam"] = search(p, optim.Adam([p], lr=0.3), steps=300)

steps_needed, optimizer_ends = {}, {}
for name, line in paths.items():
    steps_needed[name] = (himmelblau(line) >= 1e-6).sum().item()
    optimizer_ends[name] = line[-1].tolist()
    x, y = optimizer_ends[name]
    print(f"{name}: ({x:.3f}, {y:.3f}), f above 1e-6 for {steps_needed[name]} steps")
#: SGD: (-3.779, -3.283), f above 1e-6 for 27 steps
#: momentum: (-2.805, 3.131), f above 1e-6 for 176 steps
#: Adam: (-3.779, -3.283), f above 1e-6 for 174 steps

# %%
# Drawn: the minimum in which Adam ends from each start, as a colour (left). The paths
# of Adam from four starts (middle). The paths of the three optimizers (right).

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
    x, y = path[:, i, 0], path[:, i, 1]
    axes[1].plot(x, y, "o-", markevery=[0], color="black", linewidth=1)
for name, line in paths.items():
    axes[2].plot(line[:, 0], line[:, 1], "o-", markersize=2, linewidth=1, label=name)
axes[2].legend(loc="upper right")
show("paths")

# %%
# Try it
# ------
# ``python check.py 22`` checks the functions that are named here.
#
# - Predict the end of a search from (-0.270845, -0.923039), the top of the hill. Then
#   write ``first_adam_step``, the length and the direction of the first step.
# - Change the given ``descend_to`` until its second step has a gradient as well.
# - Build ``all_minima``, a search from many starts that lists each minimum once.
