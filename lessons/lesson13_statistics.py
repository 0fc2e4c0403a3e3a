"""
Lesson 13: statistics of tensors (Tensor统计)
=============================================

Norms, means, extremes and ranks make one number out of many. They use all numbers of a
tensor, or the numbers along one dimension, which the result no longer has.

:Notes: lesson13 Tensor统计
:Needs: lessons 0, 10 and 12
:Run: ``python lessons/lesson13_statistics.py``
"""

import torch
from matplotlib import pyplot as plt

from utils import show

# %%
# Norms along a dimension
# -----------------------
# Lesson 0 explains the norms of a vector. With ``dim`` a norm is taken along one
# dimension, and the result does not have this dimension. For ``dim=0`` the two 2 × 2
# tables lie on top of each other, and each pair of numbers becomes one. For ``dim=2``
# each row becomes a number.

a = torch.tensor([1, 2, 3, 4, 5, 6, 7, 8], dtype=float)
c = a.view(2, 2, 2)
print(c.tolist())
#: [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]
for dim in 0, 1, 2:
    norm = torch.linalg.vector_norm(c, 1, dim=dim)  # [2, 2, 2] => [2, 2]
    by_hand = c.abs().sum(dim=dim)
    print(f"L1, dim={dim}: {norm.tolist()}, by hand: {norm.allclose(by_hand)}")
#: L1, dim=0: [[6.0, 8.0], [10.0, 12.0]], by hand: True
#: L1, dim=1: [[4.0, 6.0], [12.0, 14.0]], by hand: True
#: L1, dim=2: [[3.0, 7.0], [11.0, 15.0]], by hand: True
for dim in 0, 1, 2:
    norm = torch.linalg.vector_norm(c, 2, dim=dim)
    by_hand = c.square().sum(dim=dim).sqrt()
    rounded = norm.round(decimals=2).tolist()
    print(f"L2, dim={dim}: {rounded}, by hand: {norm.allclose(by_hand)}")
#: L2, dim=0: [[5.1, 6.32], [7.62, 8.94]], by hand: True
#: L2, dim=1: [[3.16, 4.47], [8.6, 10.0]], by hand: True
#: L2, dim=2: [[2.24, 5.0], [7.81, 10.63]], by hand: True

# %%
# The notes say ``c.norm(1, dim=0)``. In fact PyTorch's documentation calls ``norm``
# deprecated (不推荐使用) and recommends ``vector_norm``. Both give the same numbers.

same = c.norm(1, dim=0).equal(torch.linalg.vector_norm(c, 1, dim=0))
print("equal:", same)
#: equal: True

# %%
# The notes say ``dtype=float``. In fact Python's ``float`` has 64 bits, so this is
# ``torch.float64``. It takes twice the memory of the float32 that networks use.

print(a.dtype, torch.tensor([1.0]).dtype)
#: torch.float64 torch.float32

# %%
# A matrix has norms of another kind as well. ``torch.linalg.norm(m, 2)`` is the largest
# factor by which m stretches a vector. ``vector_norm`` treats m as a list of numbers.

m = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
print(f"{torch.linalg.vector_norm(m, 2):.3f}, {torch.linalg.norm(m, 2):.3f}")
#: 5.000, 4.000

# %%
# Sums and means
# --------------
# Integers have a sum and a product. A sum of bytes is int64, so it does not overflow
# (溢出). The mean is not an integer in general, and ``mean`` needs a float tensor.

x = torch.tensor([200, 100, 2, 1], dtype=torch.uint8)
print(x.sum(), x.prod(), x.min(), x.max())
#: tensor(303) tensor(40000) tensor(1, dtype=torch.uint8) tensor(200, dtype=torch.uint8)
try:
    x.mean()
except RuntimeError as error:
    print(str(error).partition(".")[0])
#: mean(): could not infer output dtype
print("mean:", x.float().mean(), "share above 50:", (x > 50).float().mean())
#: mean: tensor(75.7500) share above 50: tensor(0.5000)

# %%
# The standard deviation ``std`` divides by n - 1. ``correction=0`` makes it divide by
# n.

x = torch.tensor([1.0, 2.0, 6.0])
print(f"{x.std():.3f}, {x.std(correction=0):.3f}")
#: 2.646, 2.160

# %%
# The largest number and its position
# -----------------------------------
# The table holds the marks of 4 students in 10 subjects. With ``dim``, ``max`` gives
# two tensors: the values, and their positions in that dimension.

marks = torch.tensor(
    [
        [62, 88, 71, 95, 50, 79, 83, 47, 66, 91],
        [73, 58, 99, 64, 81, 42, 77, 90, 55, 86],
        [85, 69, 48, 74, 93, 61, 57, 80, 97, 52],
        [56, 92, 67, 84, 45, 70, 98, 63, 76, 89],
    ]
)
print(marks.max(), marks.min())
#: tensor(99) tensor(42)
values, indices = marks.max(dim=1)  # [4, 10] => [4] and [4]
print(values, indices)
#: tensor([95, 99, 97, 98]) tensor([3, 2, 8, 6])

# %%
# ``argmax`` gives only the positions. Without ``dim`` it counts through all elements,
# row by row. Position 12 is row 1, column 2, since each row has 10 elements. Among
# equal values the first one counts.

print(marks.argmax(dim=1), marks.argmin(dim=1))
#: tensor([3, 2, 8, 6]) tensor([7, 5, 2, 4])
print(marks.argmax(), "row and column:", divmod(marks.argmax().item(), 10))
#: tensor(12) row and column: (1, 2)
print(torch.tensor([1, 3, 3]).argmax())
#: tensor(1)

# %%
# With two tensors ``torch.max`` does something else. It takes the larger number at each
# position, like ``torch.maximum``, whose name is clearer.

larger = torch.max(marks[0], marks[1])
print("maximum:", larger.equal(torch.maximum(marks[0], marks[1])))
#: maximum: True

# %%
# keepdim
# -------
# ``keepdim=True`` keeps the dimension with size 1, so that the result can be combined
# with its tensor. Without it, [4] does not broadcast against [4, 10]. Against [4, 4] it
# broadcasts along the wrong dimension. Then no error is raised, and the rows below do
# not add up to 1.

print(marks.max(dim=1).values.shape, marks.max(dim=1, keepdim=True).values.shape)
#: torch.Size([4]) torch.Size([4, 1])
best = marks.max(dim=1, keepdim=True).values  # [4, 10] => [4, 1]
print("best marks a student:", (marks == best).sum(dim=1))
#: best marks a student: tensor([1, 1, 1, 1])
square = torch.tensor([[1.0, 3.0], [4.0, 4.0]])
print(square / square.sum(dim=1, keepdim=True))  # [2, 2] / [2, 1]
#: tensor([[0.2500, 0.7500],
#:         [0.5000, 0.5000]])
print(square / square.sum(dim=1))  # [2, 2] / [2]
#: tensor([[0.2500, 0.3750],
#:         [1.0000, 0.5000]])

# %%
# Ranks
# -----
# ``topk`` gives the k largest numbers, the largest first, and their positions. With
# ``largest=False`` it gives the k smallest, the smallest first.

print(marks.topk(3, dim=1))
#: torch.return_types.topk(
#: values=tensor([[95, 91, 88],
#:         [99, 90, 86],
#:         [97, 93, 85],
#:         [98, 92, 89]]),
#: indices=tensor([[3, 9, 1],
#:         [2, 7, 9],
#:         [8, 4, 0],
#:         [6, 1, 9]]))
print(marks.topk(3, dim=1, largest=False).values)
#: tensor([[47, 50, 62],
#:         [42, 55, 58],
#:         [48, 52, 57],
#:         [45, 56, 63]])

# %%
# The notes say in one place that ``kthvalue`` gives the k-th largest number, and in
# another the k-th smallest. In fact it counts from the smallest. ``kthvalue(8)`` of ten
# numbers is the third largest.

third = marks.kthvalue(8, dim=1, keepdim=True).values  # [4, 10] => [4, 1]
third_largest = marks.topk(3, dim=1).values[:, 2:]  # [4, 10] => [4, 3] => [4, 1]
print(third.flatten(), "third largest:", third.equal(third_largest))
#: tensor([88, 86, 85, 89]) third largest: True

# %%
# The median (中位数) is the number in the middle. Of two numbers in the middle
# ``median`` takes the smaller, and ``quantile(0.5)`` takes their mean.

x = torch.tensor([1.0, 2.0, 3.0, 4.0])
print(x.median(), x.quantile(0.5))
#: tensor(2.) tensor(2.5000)

# %%
# Drawn: the marks of each student ranked along ``dim=1``. The three largest are red,
# the three smallest are blue, and ``kthvalue(8)`` is framed.

low = marks.kthvalue(3, dim=1, keepdim=True).values
_, ax = plt.subplots(figsize=(7, 3))
colors = (marks >= third).int() - (marks <= low).int()  # 1, 0 or -1
ax.imshow(colors, "coolwarm", vmin=-2, vmax=2)
for i in range(4):
    for j in range(10):
        ax.text(j, i, marks[i, j].item(), ha="center", va="center")
        if marks[i, j] == third[i]:
            corner = j - 0.5, i - 0.5
            ax.add_patch(plt.Rectangle(corner, 1, 1, fill=False, linewidth=2))
ax.set(xlabel="subject", ylabel="student", xticks=range(10), yticks=range(4))
ax.set_title("red topk(3), blue topk(3, largest=False), framed kthvalue(8)", size=11)
show("ranks")

# %%
# Equal
# -----
# ``eq`` is ``==``. It compares element by element, and it broadcasts.
#
# The notes say that it returns a tensor of the same type. In fact it returns bool.

a, b = torch.tensor([1, 2, 3]), torch.tensor([1, 2, 4])
print(torch.eq(a, b), torch.eq(a, b).dtype)
#: tensor([ True,  True, False]) torch.bool
print(torch.eq(torch.ones(1), torch.ones(2)))  # [1] and [2] => [2]
#: tensor([True, True])
print((marks < 60).sum(dim=1))  # how many marks of each student are below 60
#: tensor([2, 3, 3, 2])

# %%
# ``equal`` gives one answer, True or False: whether both the shapes and all elements
# are equal.

print("different numbers:", torch.equal(a, b))
#: different numbers: False
print("different shapes:", torch.equal(torch.ones(1), torch.ones(2)))
#: different shapes: False

# %%
# Floats that should be equal can differ by a rounding error (舍入误差). ``allclose``
# allows a difference of ``1e-8 + 1e-5 * |b|``. NaN is equal to nothing, not even to
# itself.

a, b = torch.tensor([0.1], dtype=float) + 0.2, torch.tensor([0.3], dtype=float)
print("0.1 + 0.2 and 0.3: equal", torch.equal(a, b), "allclose", torch.allclose(a, b))
#: 0.1 + 0.2 and 0.3: equal False allclose True
nan = torch.tensor([torch.nan])
print("NaN and NaN: equal", torch.equal(nan, nan))
#: NaN and NaN: equal False
print("equal_nan=True:", torch.allclose(nan, nan, equal_nan=True))
#: equal_nan=True: True

# %%
# Try it
# ------
# ``python check.py 13`` checks the functions that are named here.
#
# - Predict the shapes of ``torch.zeros(2, 3, 4).sum(dim=(0, 2))`` and of the same with
#   ``keepdim=True``. Then write ``reduced_shape``.
# - Change the given ``standardized_rows`` until it is right for square tensors, too.
# - Build ``moving_average``, the mean of each n neighbours, from ``cumsum``.
