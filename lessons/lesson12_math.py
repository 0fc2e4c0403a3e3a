"""
Lesson 12: mathematics on tensors (数学运算)
============================================

Most operations work element by element; the matrix product sums over a dimension. Both
have rules about types and shapes, and inputs for which there is no result.

:Notes: lesson12 数学运算
:Needs: lessons 6 and 10
:Run: ``python lessons/lesson12_math.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn

from utils import show

torch.manual_seed(0)

# %%
# Operators
# ---------
# Each operator has a function that does the same. ``eq`` compares element by element,
# and ``all`` asks whether each element of the answer is true.

a = torch.arange(12).view(3, 4)
b = torch.tensor([1, 2, 3, 4])  # [4], broadcast to [3, 4]
print(a + b)
#: tensor([[ 1,  3,  5,  7],
#:         [ 5,  7,  9, 11],
#:         [ 9, 11, 13, 15]])
pairs = {
    "+": (a + b, torch.add(a, b)),
    "-": (a - b, torch.sub(a, b)),
    "*": (a * b, torch.mul(a, b)),
    "/": (a / b, torch.div(a, b)),
    "//": (a // b, torch.floor_divide(a, b)),
    "%": (a % b, torch.remainder(a, b)),
    "**": (a**b, torch.pow(a, b)),
}
print({sign: torch.all(torch.eq(x, y)).item() for sign, (x, y) in pairs.items()})
#: {'+': True, '-': True, '*': True, '/': True, '//': True, '%': True, '**': True}

# %%
# Integers divided by ``/`` are floats. ``//`` rounds down, so ``%`` has the sign of the
# divisor. Division in C rounds towards zero, and ``fmod`` goes with that.

x = torch.tensor([7, -7])
print(x / 2)
#: tensor([ 3.5000, -3.5000])
print(x // 2, torch.div(x, 2, rounding_mode="trunc"))
#: tensor([ 3, -4]) tensor([ 3, -3])
print(x % 2, torch.fmod(x, 2))
#: tensor([1, 1]) tensor([ 1, -1])

# %%
# The matrix product
# ------------------
# ``*`` multiplies elements that stand at the same place; ``@`` multiplies rows by
# columns and adds up. ``@`` is ``torch.matmul``; ``torch.mm`` is for two dimensions.

a = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
b = torch.tensor([[10.0, 0.0], [0.0, 100.0]])
print(a * b)
#: tensor([[ 10.,   0.],
#:         [  0., 400.]])
print(a @ b)
#: tensor([[ 10., 200.],
#:         [ 30., 400.]])
print(torch.equal(a @ b, torch.matmul(a, b)), torch.equal(a @ b, torch.mm(a, b)))
#: True True
try:
    torch.mm(torch.ones(5, 2, 2), torch.ones(5, 2, 2))
except RuntimeError as error:
    print(error)
#: self must be a matrix

# %%
# The notes say ``torch.mm(torch.full([2, 2], 3), torch.ones(2, 2))``. That raises
# today: ``full`` takes its type from its value, 3 makes it int64, and a matrix product
# does not convert. A sum does. With 3.0 in place of 3 the product works.

threes, ones = torch.full([2, 2], 3), torch.ones(2, 2)
try:
    torch.mm(threes, ones)
except RuntimeError as error:
    print(str(error).partition(",")[0])
#: expected m1 and m2 to have the same dtype
print((threes + ones).dtype)
#: torch.float32
print(torch.mm(torch.full([2, 2], 3.0), ones))
#: tensor([[6., 6.],
#:         [6., 6.]])

# %%
# A linear layer
# --------------
# 4 images of 784 pixels become 4 rows of 512 features. A weight is kept as [out, in],
# so it is transposed first (lesson 27 has it as ``nn.Linear``).

x = torch.rand(4, 784)
w = torch.rand(512, 784)
print((x @ w.t()).shape)  # [b, 784] @ [784, 512] => [b, 512]
#: torch.Size([4, 512])

# %%
# Many products at once
# ---------------------
# With more than two dimensions the last two are the matrices, and those before them are
# broadcast: here the one matrix of each sample meets its three.

a = torch.rand(4, 3, 28, 64)
b = torch.rand(4, 1, 64, 32)
c = a @ b
print(c.shape)  # [28, 64] @ [64, 32] => [28, 32], for each of [4, 3]
#: torch.Size([4, 3, 28, 32])
print(torch.allclose(c[2, 1], a[2, 1] @ b[2, 0]))
#: True

# %%
# Powers and roots
# ----------------
# ``x**2`` is ``x.pow(2)``, ``x**0.5`` is ``x.sqrt()``. ``rsqrt`` is 1/√x; it divides by
# a standard deviation where only the variance is at hand. There is no real root of a
# negative number, and no error says so.

x = torch.tensor([1.0, 4.0, 16.0])
print(x.pow(2), x**2)
#: tensor([  1.,  16., 256.]) tensor([  1.,  16., 256.])
print(x.sqrt(), x**0.5)
#: tensor([1., 2., 4.]) tensor([1., 2., 4.])
print(x.rsqrt(), 1 / x.sqrt())
#: tensor([1.0000, 0.5000, 0.2500]) tensor([1.0000, 0.5000, 0.2500])
print(torch.tensor([-4.0, 0.0]).sqrt(), torch.tensor([-4.0, 0.0]).rsqrt())
#: tensor([nan, 0.]) tensor([nan, inf])

# %%
# exp and log
# -----------
# ``log`` is the natural logarithm and undoes ``exp``. It is minus infinity at 0, and
# below it NaN, "not a number". NaN spreads: one in a sum makes the sum NaN.

x = torch.exp(torch.ones(2, 2))
print(x)
#: tensor([[2.7183, 2.7183],
#:         [2.7183, 2.7183]])
print(torch.allclose(torch.log(x), torch.ones(2, 2)))
#: True
print(f"{torch.tensor(8.0).log2():.3f}, {torch.tensor(1000.0).log10():.3f}")
#: 3.000, 3.000
x = torch.tensor([1.0, 0.0, -1.0])
print(x.log(), x.log().sum())
#: tensor([0., -inf, nan]) tensor(nan)

# %%
# Float32 ends at 3.4e38, which ``exp`` reaches before 89. And 0 · log 0, which is 0 in
# an entropy, comes out as 0 · -∞ = NaN; ``xlogy(p, p)`` is p · log p with 0 at 0.

print(torch.tensor([88.0, 89.0]).exp().isinf())
#: tensor([False,  True])
p = torch.tensor([1.0, 0.0])
print(p * p.log(), torch.xlogy(p, p))
#: tensor([0., nan]) tensor([0., 0.])

# %%
# Rounding
# --------
# ``floor`` goes down, ``ceil`` up, ``trunc`` towards zero; ``frac`` is what ``trunc``
# takes away. ``round`` goes to the nearest, and from the middle to the even neighbour:
# if all halves went up, sums would grow by rounding. (-0.0 is a zero; it equals 0.0.)

x = torch.tensor(3.14)
print(x.floor(), x.ceil(), x.trunc(), x.round(), x.frac())
#: tensor(3.) tensor(4.) tensor(3.) tensor(3.) tensor(0.1400)
x = torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
for name in "floor", "ceil", "trunc", "round", "frac":
    print(f"{name:5s}", getattr(x, name)().tolist())
#: floor [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0]
#: ceil  [-2.0, -1.0, -0.0, 1.0, 2.0, 3.0]
#: trunc [-2.0, -1.0, -0.0, 0.0, 1.0, 2.0]
#: round [-2.0, -2.0, -0.0, 0.0, 2.0, 2.0]
#: frac  [-0.5, -0.5, -0.5, 0.5, 0.5, 0.5]
x = torch.arange(100) + 0.5
sums = x.sum(), x.round().sum(), (x + 0.5).floor().sum()  # exact, to even, all up
print([value.item() for value in sums])
#: [5000.0, 5000.0, 5050.0]

# %%
# Grey is x itself; a red dot says to which side a half goes.

x = torch.linspace(-3, 3, 1201)
halves = torch.arange(-2.5, 3)
_, axes = plt.subplots(1, 5, figsize=(12, 3), sharey=True)
for ax, name in zip(axes, ("floor", "ceil", "trunc", "round", "frac"), strict=True):
    ax.plot(x, x, color="0.8")
    ax.plot(x, getattr(x, name)(), ".", markersize=2)
    ax.plot(halves, getattr(halves, name)(), "o", color="C3")
    ax.set(title=name, xticks=range(-3, 4), yticks=range(-3, 4), aspect="equal")
    ax.grid(alpha=0.3)
show("rounding")

# %%
# clamp
# -----
# ``clamp(low, high)`` moves what is outside to the nearer bound. One bound is enough.

grad = torch.tensor([[3.0, 14.0, 9.0], [11.0, 0.5, 6.0]])
print(grad.max(), grad.median())
#: tensor(14.) tensor(6.)
print(grad.clamp(min=10))
#: tensor([[10., 14., 10.],
#:         [11., 10., 10.]])
print(grad.clamp(0, 10))
#: tensor([[ 3.0000, 10.0000,  9.0000],
#:         [10.0000,  0.5000,  6.0000]])

# %%
# Clipping a gradient
# -------------------
# A gradient that is too long makes too large a step. Clipping by norm shortens it and
# keeps its direction. Clamping each element turns it: here to the diagonal.

x = torch.tensor([[30.0, 40.0]])
layer = nn.Linear(2, 1, bias=False)
nn.init.ones_(layer.weight)
loss = (layer(x) - 69).square().sum() / 2  # its gradient is (70 - 69) · x
loss.backward()
grad = layer.weight.grad.clone()
norm = nn.utils.clip_grad_norm_(layer.parameters(), max_norm=10)  # the norm before
print(norm, layer.weight.grad.round(decimals=3))
#: tensor(50.) tensor([[6., 8.]])
print((grad * min(1, 10 / grad.norm())).round(decimals=3))  # by hand
#: tensor([[6., 8.]])
print(grad.clamp(-10, 10))
#: tensor([[10., 10.]])

# %%
# Try it
# ------
# - Predict what ``round`` makes of 3.5, 4.5 and -3.5, and ``frac`` of -3.7.
# - Change the 69 to 69.9, so that the gradient is short. What does clipping do then?
# - Build ``clamp`` from ``torch.minimum`` and ``torch.maximum``.
