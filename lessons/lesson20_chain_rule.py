"""
Lesson 20: the chain rule (链式法则)
====================================

A network is a chain of simple functions. Its derivative is the product of their
derivatives. Back-propagation computes this product from the loss backwards.

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
# This network has two layers with one unit each. Its loss L is a squared error:
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
# ``torch.autograd.grad(a, b)`` computes the derivative of a with respect to b, for any
# two values of the graph. ``retain_graph=True`` keeps the record for the next call.
#
# .. math:: \frac{\partial L}{\partial y} = 2 (y - t), \qquad
#    \frac{\partial y}{\partial h} = w_2, \qquad
#    \frac{\partial h}{\partial z} = 1 - h^2, \qquad
#    \frac{\partial z}{\partial w_1} = x


def derivative(a, b):
    return torch.autograd.grad(a, b, retain_graph=True)[0]


steps = {
    "dL/dy": derivative(L, y),
    "dy/dh": derivative(y, h),
    "dh/dz": derivative(h, z),
    "dz/dw1": derivative(z, w1),
}
formulas = {"dL/dy": 2 * (y - t), "dy/dh": w2, "dh/dz": 1 - h**2, "dz/dw1": x}
errors = {}
for name, step in steps.items():
    errors[name] = abs(step - formulas[name]).item()
    print(f"{name}: {step:.3f}, equal to the formula: {errors[name] < 1e-6}")
#: dL/dy: 2.046, equal to the formula: True
#: dy/dh: 2.000, equal to the formula: True
#: dh/dz: 0.420, equal to the formula: True
#: dz/dw1: 1.500, equal to the formula: True

# %%
# Their product
# -------------
# A small change of :math:`w_1` goes through all four steps. Each step multiplies it by
# the derivative of this step. So the derivative of the whole chain is the product:
#
# .. math:: \frac{\partial L}{\partial w_1} = \frac{\partial L}{\partial y} \cdot
#    \frac{\partial y}{\partial h} \cdot \frac{\partial h}{\partial z} \cdot
#    \frac{\partial z}{\partial w_1}

product = steps["dL/dy"] * steps["dy/dh"] * steps["dh/dz"] * steps["dz/dw1"]
whole = derivative(L, w1)
errors["product"] = abs(product - whole).item()
print(f"product {product:.3f}, whole {whole:.3f}")
#: product 2.578, whole 2.578

# %%
# Backwards
# ---------
# The derivatives of L with respect to :math:`w_1`, :math:`b_1` and x share all factors
# except the last. Back-propagation (反向传播) starts at the loss and computes each
# shared factor once. One pass gives all gradients. This pass needs about twice the
# operations of the forward pass: most layers compute two products, one for their
# weights and one for their inputs. A pass in the other direction, from a parameter to
# L, would give one gradient only.

with torch.no_grad():
    dL_dy = 2 * (y - t)
    dL_dw2 = dL_dy * h
    dL_db2 = dL_dy
    dL_dh = dL_dy * w2
    dL_dz = dL_dh * (1 - h**2)
    dL_dw1 = dL_dz * x
    dL_db1 = dL_dz
    dL_dx = dL_dz * w1
by_hand = torch.stack([dL_dx, dL_dw1, dL_db1, dL_dz, dL_dh, dL_dw2, dL_db2, dL_dy])

# %%
# ``L.backward()`` computes the same. It keeps ``.grad`` only for leaves (lesson 18).
# ``retain_grad`` makes it keep the gradients of the other tensors as well.

for value in z, h, y, L:
    value.retain_grad()
L.backward()
values = x, w1, b1, z, h, w2, b2, y
gradients = torch.stack([value.grad for value in values])
errors["backward"] = (by_hand - gradients).abs().max().item()
print([f"{gradient:.3f}" for gradient in gradients.tolist()])
#: ['1.375', '2.578', '1.719', '1.719', '4.093', '1.559', '2.046', '2.046']
print("by hand equals backward:", errors["backward"] < 1e-6)
#: by hand equals backward: True

# %%
# Drawn: the graph. Each node shows its value and the gradient of L. The red number at
# an arrow is the local derivative. The gradient at the start of an arrow is the
# gradient at its end times the red number.

nodes = {"x": x, "w₁": w1, "b₁": b1, "z": z, "h": h, "w₂": w2, "b₂": b2, "y": y, "L": L}
places = {"x": (0, 1), "w₁": (0, 0), "b₁": (0, -1), "z": (1.5, 0), "h": (3, 0)}
places.update({"w₂": (3, 1), "b₂": (3, -1), "y": (4.5, 0), "L": (6, 0)})
arrows = ["x z", "w₁ z", "b₁ z", "z h", "h y", "w₂ y", "b₂ y", "y L"]
local = [w1, x, 1, 1 - h**2, w2, h, 1, 2 * (y - t)]
style = {"arrowstyle": "-|>", "shrinkA": 28, "shrinkB": 32, "color": "gray"}

plt.figure(figsize=(10, 4))
for arrow, slope in zip(arrows, local, strict=True):
    tail, head = arrow.split()
    x0, y0 = places[tail]
    x1, y1 = places[head]
    plt.annotate("", (x1, y1), (x0, y0), arrowprops=style)
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2 + 0.12
    plt.text(middle_x, middle_y, f"×{slope:.2f}", color="tab:red", ha="center")
for name, value in nodes.items():
    text = f"{name} = {value:.2f}\ngrad {value.grad:.2f}"
    box = {"boxstyle": "round", "facecolor": "lightyellow"}
    x0, y0 = places[name]
    plt.text(x0, y0, text, ha="center", va="center", bbox=box)
plt.axis((-0.6, 6.6, -1.4, 1.4))
plt.axis("off")
show("graph")

# %%
# The record that autograd keeps
# ------------------------------
# Each computed tensor knows the operation that made it, ``grad_fn``. Each operation
# knows the operations before it. The loop follows the first input of each operation
# from L back to x. At the end, ``AccumulateGrad`` adds to the ``.grad`` of a leaf.

node, operations = L.grad_fn, []
while node:
    operations.append(type(node).__name__.removesuffix("Backward0"))
    node = node.next_functions[0][0] if node.next_functions else None
print(" ".join(operations))
#: Pow Sub Add Mul Tanh Add Mul AccumulateGrad

# %%
# Where paths meet, gradients add
# -------------------------------
# In a residual connection (lesson 0) :math:`y = x + \tanh(w x)` x influences y along
# two paths. The derivative is the sum over both: :math:`1 + w (1 - \tanh^2 wx)`.
#
# Without the direct path, 20 steps multiply 20 factors of at most ½, and almost nothing
# is left. The direct path adds 1 to every factor, so no factor is below 1.

w = 0.5
x = scalar(0.1)
plain, residual = x, x
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
# ``python check.py 20`` checks the functions that are named here.
#
# - Predict the sign of each gradient in the picture for t = 3, then run it. Then write
#   ``through_paths``, which takes the local derivatives of all paths.
# - Change the given ``scalar_gradients`` until it agrees with autograd.
# - Build ``Scalar``, a number with a ``backward`` of its own.
