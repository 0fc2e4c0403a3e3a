"""
Lesson 20: the chain rule (链式法则)
====================================

A network is a composition of simple functions. Its derivative is a product of theirs,
and back-propagation is that product, multiplied from the loss backwards.

:Notes: part of MLP反向传播推导过程; the course's lesson between lesson19 and lesson22
:Needs: lessons 17 and 18
:Run: ``python lessons/lesson20_chain_rule.py``
"""

import torch
from matplotlib import pyplot as plt

from utils import show

# %%
# A graph of scalars
# ------------------
# Two layers with one unit each, and a squared error:
#
# .. math:: z = x w_1 + b_1, \qquad h = \tanh z, \qquad y = h w_2 + b_2,
#    \qquad L = (y - t)^2


def scalar(value):
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


x, t = scalar(1.5), torch.tensor(1.0, dtype=torch.float64)
w1, b1, w2, b2 = scalar(0.8), scalar(-0.2), scalar(2.0), scalar(0.5)
z = x * w1 + b1
h = torch.tanh(z)
y = h * w2 + b2
L = (y - t) ** 2
print(f"z {z:.3f}, h {h:.3f}, y {y:.3f}, L {L:.3f}")
#: z 1.000, h 0.762, y 2.023, L 1.047

# %%
# Each step alone
# ---------------
# ``autograd.grad(a, b)`` is the derivative of a with respect to b, for any two values
# on the way. ``retain_graph=True`` keeps the record for the next question.
#
# .. math:: \frac{\partial L}{\partial y} = 2 (y - t), \qquad
#    \frac{\partial y}{\partial h} = w_2, \qquad
#    \frac{\partial h}{\partial z} = 1 - h^2, \qquad
#    \frac{\partial z}{\partial w_1} = x


def derivative(a, b):
    return torch.autograd.grad(a, b, retain_graph=True)[0]


steps = {
    "∂L/∂y": (derivative(L, y), 2 * (y - t)),
    "∂y/∂h": (derivative(y, h), w2),
    "∂h/∂z": (derivative(h, z), 1 - h**2),
    "∂z/∂w₁": (derivative(z, w1), x),
}
errors = {}
for name, (found, formula) in steps.items():
    errors[name] = abs(found - formula).item()
    print(f"{name}: {found:.3f}, equal to the formula: {errors[name] < 1e-6}")
#: ∂L/∂y: 2.046, equal to the formula: True
#: ∂y/∂h: 2.000, equal to the formula: True
#: ∂h/∂z: 0.420, equal to the formula: True
#: ∂z/∂w₁: 1.500, equal to the formula: True

# %%
# Their product
# -------------
# A small change of w₁ is passed on from step to step, each time multiplied by that
# step's derivative. So the derivative of the whole is the product:
#
# .. math:: \frac{\partial L}{\partial w_1} = \frac{\partial L}{\partial y} \cdot
#    \frac{\partial y}{\partial h} \cdot \frac{\partial h}{\partial z} \cdot
#    \frac{\partial z}{\partial w_1}

product = torch.stack([found for found, _ in steps.values()]).prod()
whole = derivative(L, w1)
errors["product"] = abs(product - whole).item()
print(f"product {product:.3f}, whole {whole:.3f}")
#: product 2.578, whole 2.578

# %%
# Backwards
# ---------
# The derivatives of L for w₁, b₁ and x share all factors but the last. Computed from
# the loss backwards, each is the one after it times one local derivative, and nothing
# is computed twice: all gradients for about the price of one more forward pass.
# Forwards, from each parameter to L, there would be one pass for each parameter.

with torch.no_grad():
    dL_dy = 2 * (y - t)
    dL_dw2, dL_db2, dL_dh = dL_dy * h, dL_dy, dL_dy * w2
    dL_dz = dL_dh * (1 - h**2)
    dL_dw1, dL_db1, dL_dx = dL_dz * x, dL_dz, dL_dz * w1
by_hand = torch.stack([dL_dx, dL_dw1, dL_db1, dL_dz, dL_dh, dL_dw2, dL_db2, dL_dy])

# %%
# ``L.backward()`` does the same. It keeps ``.grad`` only for leaves, the tensors that
# were not computed from others; ``retain_grad`` asks for it in between, too.

for value in z, h, y, L:
    value.retain_grad()
L.backward()
grads = torch.stack([v.grad for v in (x, w1, b1, z, h, w2, b2, y)])
errors["backward"] = (by_hand - grads).abs().max().item()
print([f"{grad:.3f}" for grad in grads.tolist()], errors["backward"] < 1e-6)
#: ['1.375', '2.578', '1.719', '1.719', '4.093', '1.559', '2.046', '2.046'] True

# %%
# The graph, each node with its value and the gradient of L. An arrow carries the local
# derivative; the gradient at its tail is the gradient at its head times that.

nodes = {  # name: place, tensor
    "x": (0, 1, x),
    "w₁": (0, 0, w1),
    "b₁": (0, -1, b1),
    "z": (1.5, 0, z),
    "h": (3, 0, h),
    "w₂": (3, 1, w2),
    "b₂": (3, -1, b2),
    "y": (4.5, 0, y),
    "L": (6, 0, L),
}
arrows = ["x z", "w₁ z", "b₁ z", "z h", "h y", "w₂ y", "b₂ y", "y L"]
local = [w1, x, 1, 1 - h**2, w2, h, 1, 2 * (y - t)]

plt.figure(figsize=(10, 4))
for arrow, slope in zip(arrows, local, strict=True):
    (x0, y0, _), (x1, y1, _) = (nodes[name] for name in arrow.split())
    style = {"arrowstyle": "-|>", "shrinkA": 28, "shrinkB": 32, "color": "gray"}
    plt.annotate("", (x1, y1), (x0, y0), arrowprops=style)
    middle = (x0 + x1) / 2, (y0 + y1) / 2 + 0.12
    plt.text(*middle, f"×{slope:.2f}", color="tab:red", ha="center")
for name, (x0, y0, value) in nodes.items():
    text = f"{name} = {value:.2f}\ngrad {value.grad:.2f}"
    box = {"boxstyle": "round", "facecolor": "lightyellow"}
    plt.text(x0, y0, text, ha="center", va="center", bbox=box)
plt.xlim(-0.6, 6.6)
plt.ylim(-1.4, 1.4)
plt.axis("off")
show("graph")

# %%
# The record that autograd keeps
# ------------------------------
# Each computed tensor knows the operation that made it, and that one knows the
# operations before it. Along the first input of each, back to x: ``AccumulateGrad``
# is where a leaf's ``.grad`` is added to.

node, operations = L.grad_fn, []
while node:
    operations.append(type(node).__name__.removesuffix("Backward0"))
    node = node.next_functions[0][0] if node.next_functions else None
print(" ".join(operations))
#: Pow Sub Add Mul Tanh Add Mul AccumulateGrad

# %%
# Where paths meet, gradients add
# -------------------------------
# In a residual connection :math:`y = x + \tanh(w x)` x reaches y on two ways, and the
# derivative is the sum over both, :math:`1 + w (1 - \tanh^2 wx)`. Twenty factors of ½
# at most make almost nothing; with the 1 that the direct way adds, none is below 1.

w = 0.5
x = scalar(0.1)
plain = residual = x
for _ in range(20):
    plain = torch.tanh(w * plain)
    residual = residual + torch.tanh(w * residual)
plain_gradient = derivative(plain, x).item()
residual_gradient = derivative(residual, x).item()
print(f"after 20 steps: plain {plain_gradient:.1e}, residual {residual_gradient:.1f}")
#: after 20 steps: plain 9.5e-07, residual 24.7

# %%
# Try it
# ------
# - Predict the sign of each gradient in the picture for t = 3, then run it.
# - Change ``tanh`` to ``relu`` and b₁ to -2. Which gradients are zero, and why?
# - Build a second hidden unit that also reads x. Which gradient becomes a sum?
