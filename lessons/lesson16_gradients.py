"""
Lesson 16: what a gradient is (什么是梯度)
==========================================

The gradient of a function is the vector of its partial derivatives. It points to where
the function grows fastest, and its length says how fast; a search walks against it.

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
# How fast a function of one number grows, per step, for steps that shrink to nothing:
#
# .. math:: f'(x) = \lim_{h \to 0} \frac{f(x + h) - f(x)}{h}
#
# For :math:`f(x) = x^2` at 3 the quotient is 6 + h, and its limit is 6.

x = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
for h in 1.0, 0.1, 0.001:
    print(f"h = {h}: {((x + h) ** 2 - x**2) / h:.3f}")
#: h = 1.0: 7.000
#: h = 0.1: 6.100
#: h = 0.001: 6.001
print(torch.autograd.grad(x**2, x))
#: (tensor(6., dtype=torch.float64),)

# %%
# Partial derivatives and the gradient
# ------------------------------------
# A function of several numbers has a partial derivative for each, with the others held
# still. The gradient holds them all: for :math:`f(x, y) = x^2 + 2y^2`
#
# .. math:: \nabla f = \left(\frac{\partial f}{\partial x},
#    \frac{\partial f}{\partial y}\right) = (2x,\ 4y)


def bowl(x, y):
    return x**2 + 2 * y**2


x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
y = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
gradient = torch.stack(torch.autograd.grad(bowl(x, y), (x, y)))  # [2]
by_hand = torch.stack([2 * x, 4 * y]).detach()
print(gradient, (gradient - by_hand).abs().max().item() < 1e-6)
#: tensor([2., 2.], dtype=torch.float64) True

# %%
# The directional derivative
# --------------------------
# How fast f grows along a unit vector u. By the chain rule each coordinate adds its
# share, and the sum is a dot product:
#
# .. math:: D_u f = \lim_{h \to 0} \frac{f(p + hu) - f(p)}{h}
#    = \frac{\partial f}{\partial x} u_x + \frac{\partial f}{\partial y} u_y
#    = \nabla f \cdot u = |\nabla f| \cos\theta
#
# θ is the angle between u and the gradient. At θ = 0 the cosine is largest, so the
# gradient's direction is that of steepest ascent and its length the rate there. At 180°
# is the steepest descent; at 90°, along a contour line, f does not change at all.
#
# 360 directions, each measured by a difference and without the gradient:

angles = torch.arange(360)
u_x, u_y = angles.deg2rad().double().cos(), angles.deg2rad().double().sin()  # [360]
h = 1e-5
with torch.no_grad():
    ahead, behind = bowl(x + h * u_x, y + h * u_y), bowl(x - h * u_x, y - h * u_y)
directional = (ahead - behind) / (2 * h)  # [360]
best_angle = directional.argmax().item()
gradient_angle = torch.atan2(gradient[1], gradient[0]).rad2deg().item()
print(f"steepest direction {best_angle}°, gradient {gradient_angle:.1f}°")
#: steepest direction 45°, gradient 45.0°
print(f"steepest rate {directional.max():.3f}, length {gradient.norm():.3f}")
#: steepest rate 2.828, length 2.828
print(f"across the gradient {abs(directional[135].item()):.3f}")
#: across the gradient 0.000

# %%
# Convex, saddle, two minima
# --------------------------
# In a convex function every chord lies above the graph, and any minimum is the only
# one. A saddle is a minimum one way and a maximum the other. The third function has two
# minima, and only one of them is the lowest point.


def saddle(x, y):
    return x**2 - y**2


def valleys(x, y):
    return x**4 - 4 * x**2 + x + 2 * y**2


functions = {"convex": bowl, "saddle": saddle, "two minima": valleys}
convex = {}
for name, f in functions.items():
    a, b = 4 * torch.rand(2, 2, 1000) - 2  # the ends of 1000 chords, each [2, 1000]
    convex[name] = ((f(*a) + f(*b)) / 2 >= f(*(a + b) / 2) - 1e-4).all().item()
    print(f"{name}: chords' middles all above the graph: {convex[name]}")
#: convex: chords' middles all above the graph: True
#: saddle: chords' middles all above the graph: False
#: two minima: chords' middles all above the graph: False

# %%
# The gradient as an arrow at each point, over contour lines: it crosses them at right
# angles, and is longest where they are close together.

grid = torch.linspace(-2.1, 2.1, 99)
x, y = torch.meshgrid(grid, grid, indexing="xy")  # each [99, 99]
x, y = x.clone().requires_grad_(), y.clone().requires_grad_()

figure, axes = plt.subplots(1, 3, figsize=(11, 4.2), sharey=True)
for ax, (name, f) in zip(axes, functions.items(), strict=True):
    z = f(x, y)
    arrows = x, y, *torch.autograd.grad(z.sum(), (x, y))
    x_, y_, u, v = (a.detach()[::7, ::7] for a in arrows)  # [99, 99] => [15, 15]
    ax.contour(grid, grid, z.detach(), levels=18, cmap="viridis", alpha=0.7)
    ax.quiver(x_, y_, u, v, width=0.004)
    ax.set_title(name)
    ax.set_xlabel("x")
    ax.set_aspect("equal")
axes[0].set_ylabel("y")
show("gradient_field")

# %%
# At the bottom, on the saddle and in both valleys the gradient is zero: a search stops,
# and cannot tell which it is. The second derivatives can, by the signs of the Hessian's
# eigenvalues: all positive is a minimum, mixed signs a saddle.

for f in bowl, saddle:
    hessian = torch.autograd.functional.hessian(f, (torch.zeros(()), torch.zeros(())))
    print(f.__name__, torch.linalg.eigvalsh(torch.tensor(hessian)))
#: bowl tensor([2., 4.])
#: saddle tensor([-2.,  2.])

# %%
# Gradient descent, and what decides where it ends
# ------------------------------------------------
# A short step against the gradient lowers f. Momentum μ keeps past steps as inertia:
#
# .. math:: v \leftarrow \mu v + \nabla f(x), \qquad x \leftarrow x - \text{lr} \cdot v


def descend(f, start, lr, momentum, steps):
    """All places x that a search passes."""
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    v, path = 0.0, [start]
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(f(x), x)
        v = momentum * v + gradient
        with torch.no_grad():
            x -= lr * v
        path.append(x.item())
    return path


# %%
# **The learning rate.** On :math:`f(x) = x^2` a step multiplies x by 1 - 2 lr. Close to
# 1 that is slow, near 0 fast; below -1 each step overshoots further than the last.
#
# **The start and momentum.** On the second curve, a cut through the two valleys, a
# search ends in the valley in which it began. With momentum it comes down with speed,
# and may roll on over the hill, out of a local minimum.


def valley(x):
    return valleys(x, 0)


ends = {}
searches = [(torch.square, -1.5, lr, 0.0, 8) for lr in (0.03, 0.3, 1.03)] + [
    (valley, start, 0.01, momentum, 200)
    for start, momentum in [(-2.0, 0.0), (2.2, 0.0), (2.2, 0.9)]
]
figure, axes = plt.subplots(2, 3, figsize=(10, 6), sharex="row", sharey="row")
for ax, search in zip(axes.flat, searches, strict=True):
    f, start, lr, momentum, steps = search
    path = torch.tensor(descend(*search))
    ends[f.__name__, start, lr, momentum] = path[-1].item()
    curve_x = torch.linspace(-2.4, 2.4, 200)
    ax.plot(curve_x, f(curve_x), color="lightgray")
    ax.plot(path, f(path), "o-", markersize=3, linewidth=0.7)
    ax.plot(path[-1], f(path[-1]), "*", markersize=12, color="tab:red")
    ax.set_title(f"start {start:g}, lr {lr:g}, momentum {momentum:g}")
    print(f"{f.__name__}: start {start}, lr {lr}, momentum {momentum}:", end=" ")
    print(f"x = {path[-1]:.3f} after {steps} steps")
#: square: start -1.5, lr 0.03, momentum 0.0: x = -0.914 after 8 steps
#: square: start -1.5, lr 0.3, momentum 0.0: x = -0.001 after 8 steps
#: square: start -1.5, lr 1.03, momentum 0.0: x = -2.391 after 8 steps
#: valley: start -2.0, lr 0.01, momentum 0.0: x = -1.473 after 200 steps
#: valley: start 2.2, lr 0.01, momentum 0.0: x = 1.347 after 200 steps
#: valley: start 2.2, lr 0.01, momentum 0.9: x = -1.473 after 200 steps
figure.supxlabel("x")
figure.supylabel("f(x)")
show("learning_rates")

# %%
# Try it
# ------
# - Predict the best direction for ``saddle`` at (1, 0.5), then measure it.
# - Change the momentum to 0.5, and to 0.95. Which of them still leaves the valley?
# - Build the search in two dimensions, on ``saddle``, from (1, 0) and from (1, 0.001).
