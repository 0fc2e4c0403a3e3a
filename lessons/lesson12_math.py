"""
Lesson 12: mathematics on tensors (数学运算)
============================================

Most operations work element by element (逐元素). The matrix product sums over a
dimension. Both have rules about types and shapes, and some inputs have no result.

:Notes: lesson12 数学运算
:Needs: lessons 6, 8 and 10, and for the last section the gradient in lesson 0
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
# Each operator (运算符) has a function that does the same. ``eq`` compares two tensors
# element by element. ``all`` is True if every element is True.

a = torch.arange(12).view(3, 4)
b = torch.tensor([1, 2, 3, 4])  # [4], broadcast to [3, 4]
print(a + b)
#: tensor([[ 1,  3,  5,  7],
#:         [ 5,  7,  9, 11],
#:         [ 9, 11, 13, 15]])
print("+ ", torch.all(torch.eq(a + b, torch.add(a, b))))
#: +  tensor(True)
print("- ", torch.all(torch.eq(a - b, torch.sub(a, b))))
#: -  tensor(True)
print("* ", torch.all(torch.eq(a * b, torch.mul(a, b))))
#: *  tensor(True)
print("/ ", torch.all(torch.eq(a / b, torch.div(a, b))))
#: /  tensor(True)
print("//", torch.all(torch.eq(a // b, torch.floor_divide(a, b))))
#: // tensor(True)
print("% ", torch.all(torch.eq(a % b, torch.remainder(a, b))))
#: %  tensor(True)
print("**", torch.all(torch.eq(a**b, torch.pow(a, b))))
#: ** tensor(True)

# %%
# ``/`` of integers gives floats. ``//`` rounds down, and the remainder (余数) ``%`` has
# the sign of the divisor (除数). In the language C division rounds towards zero.
# ``rounding_mode="trunc"`` and ``fmod`` do the same here.

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
# ``*`` multiplies the elements at the same position. ``@`` is the matrix product
# (矩阵乘法): it multiplies a row by a column element by element, and adds the products
# up. ``@`` is the same as ``torch.matmul``. ``torch.mm`` accepts only two dimensions.

a = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
b = torch.tensor([[10.0, 0.0], [0.0, 100.0]])
print(a * b)
#: tensor([[ 10.,   0.],
#:         [  0., 400.]])
print(a @ b)
#: tensor([[ 10., 200.],
#:         [ 30., 400.]])
print("matmul:", torch.equal(a @ b, torch.matmul(a, b)))
#: matmul: True
print("mm:", torch.equal(a @ b, torch.mm(a, b)))
#: mm: True
try:
    torch.mm(torch.ones(5, 2, 2), torch.ones(5, 2, 2))
except RuntimeError as error:
    print(error)
#: self must be a matrix

# %%
# The notes say ``torch.mm(torch.full([2, 2], 3), torch.ones(2, 2))``. In fact that
# raises an error today. The value 3 makes ``full`` an int64 tensor, and a matrix
# product does not cast. A sum does. With 3.0 instead of 3 the product works.

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
# A linear layer turns 4 images of 784 pixels into 4 rows of 512 features. Its weight
# has the shape [out, in], so it is transposed first. ``nn.Linear`` does the same
# (lesson 27).

x = torch.rand(4, 784)
w = torch.rand(512, 784)
print((x @ w.t()).shape)  # [b, 784] @ [784, 512] => [b, 512]
#: torch.Size([4, 512])

# %%
# Many products at once
# ---------------------
# With more than two dimensions, the last two are the matrices. The dimensions before
# them are broadcast. Here each sample has one matrix in b, which is multiplied with all
# three matrices of the sample in a.

a = torch.rand(4, 3, 28, 64)
b = torch.rand(4, 1, 64, 32)
c = a @ b
print(c.shape)  # [28, 64] @ [64, 32] => [28, 32], for each of [4, 3]
#: torch.Size([4, 3, 28, 32])
print("sample 2, matrix 1:", torch.allclose(c[2, 1], a[2, 1] @ b[2, 0]))
#: sample 2, matrix 1: True

# %%
# Powers and roots
# ----------------
# ``x**2`` is ``x.pow(2)``, and ``x**0.5`` is ``x.sqrt()``, the square root (平方根).
# ``rsqrt`` is 1/√x. With it you divide by a standard deviation if you have the
# variance. A negative number has no real root, and PyTorch returns NaN without an
# error.

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
# ``log`` is the natural logarithm (自然对数) and reverses ``exp``. ``log`` of 0 is
# minus infinity, and ``log`` of a negative number is NaN. A sum with one NaN in it is
# NaN.

x = torch.exp(torch.ones(2, 2))
print(x)
#: tensor([[2.7183, 2.7183],
#:         [2.7183, 2.7183]])
print("log(exp(1)) is 1:", torch.allclose(torch.log(x), torch.ones(2, 2)))
#: log(exp(1)) is 1: True
print(f"{torch.tensor(8.0).log2():.3f}, {torch.tensor(1000.0).log10():.3f}")
#: 3.000, 3.000
x = torch.tensor([1.0, 0.0, -1.0])
print(x.log(), x.log().sum())
#: tensor([0., -inf, nan]) tensor(nan)

# %%
# The largest float32 is 3.4e38, and ``exp(89)`` is larger. The product p · log p is
# part of the entropy (熵, lesson 25), where it counts as 0 for p = 0. Computed as 0 ·
# -∞ it is NaN. ``xlogy(p, p)`` is p · log p with the value 0 at 0.

print(torch.tensor([88.0, 89.0]).exp().isinf())
#: tensor([False,  True])
p = torch.tensor([1.0, 0.0])
print(p * p.log(), torch.xlogy(p, p))
#: tensor([0., nan]) tensor([0., 0.])

# %%
# Rounding
# --------
# ``floor`` rounds down, ``ceil`` rounds up, and ``trunc`` rounds towards zero. ``frac``
# is the fraction (小数部分) that ``trunc`` drops. ``round`` rounds to the nearest
# integer.

x = torch.tensor(3.14)
print(x.floor(), x.ceil(), x.trunc(), x.round(), x.frac())
#: tensor(3.) tensor(4.) tensor(3.) tensor(3.) tensor(0.1400)
x = torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
print("floor", x.floor().tolist())
#: floor [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0]
print("ceil ", x.ceil().tolist())
#: ceil  [-2.0, -1.0, -0.0, 1.0, 2.0, 3.0]
print("trunc", x.trunc().tolist())
#: trunc [-2.0, -1.0, -0.0, 0.0, 1.0, 2.0]
print("round", x.round().tolist())
#: round [-2.0, -2.0, -0.0, 0.0, 2.0, 2.0]
print("frac ", x.frac().tolist())
#: frac  [-0.5, -0.5, -0.5, 0.5, 0.5, 0.5]

# %%
# A half lies between two integers, and ``round`` takes the even one. -0.0 is a zero,
# too, and equal to 0.0. If all halves were rounded up, a sum would grow by rounding.

x = torch.arange(100) + 0.5
print("exact:       ", x.sum().item())
#: exact:        5000.0
print("half to even:", x.round().sum().item())
#: half to even: 5000.0
print("half up:     ", (x + 0.5).floor().sum().item())
#: half up:      5050.0

# %%
# Drawn: the five functions in blue and x itself in grey. The red dots are the halves.

x = torch.linspace(-3, 3, 1201)
halves = torch.arange(-2.5, 3)
functions = torch.floor, torch.ceil, torch.trunc, torch.round, torch.frac
_, axes = plt.subplots(1, 5, figsize=(12, 3), sharey=True)
for ax, function in zip(axes, functions, strict=True):
    ax.plot(x, x, color="0.8")
    ax.plot(x, function(x), ".", markersize=2)
    ax.plot(halves, function(halves), "o", color="C3")
    ax.set(title=function.__name__, xticks=range(-3, 4), yticks=range(-3, 4))
    ax.set_aspect("equal")
    ax.grid(alpha=0.3)
show("rounding")

# %%
# clamp
# -----
# ``clamp(low, high)`` replaces each number outside the two bounds (界限) by the nearer
# bound. One bound is enough.

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
# A gradient that is too long makes too large a step. Gradient clipping (梯度裁剪) by
# norm shortens the gradient and keeps its direction. ``clip_grad_norm_`` returns the
# norm before clipping.

x = torch.tensor([30.0, 40.0])
w = torch.ones(2, requires_grad=True)
loss = (x @ w - 69).square() / 2  # its gradient is (70 - 69) · x
loss.backward()
grad = w.grad.clone()
norm = nn.utils.clip_grad_norm_([w], max_norm=10)
print(norm, w.grad.round(decimals=3))
#: tensor(50.) tensor([6., 8.])
print((grad * min(1, 10 / norm)).round(decimals=3))  # by hand
#: tensor([6., 8.])

# %%
# The notes say that the infinity norm can bound the size of a gradient. There are two
# ways. ``clamp`` leaves no absolute value above 10, but it changes the direction, here
# to the diagonal. ``norm_type=torch.inf`` bounds the same norm and keeps the direction.

print(grad.clamp(-10, 10))
#: tensor([10., 10.])
w.grad = grad.clone()
nn.utils.clip_grad_norm_([w], max_norm=10, norm_type=torch.inf)
print(w.grad.round(decimals=3))
#: tensor([ 7.5000, 10.0000])

# %%
# Try it
# ------
# ``python check.py 12`` checks the functions that are named here.
#
# - Predict what ``round`` makes of 3.5, 4.5 and -3.5, and ``frac`` of -3.7. Then write
#   ``rounded``.
# - Change the given ``linear_layer`` until it computes what ``nn.Linear`` computes.
# - Build ``matrix_power``, the product of n equal matrices, also for a very large n.
