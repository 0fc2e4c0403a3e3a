"""
Lesson 13: statistics of tensors (Tensor统计)
=============================================

Norms, means, extremes and ranks make one number of many: of all numbers of a tensor, or
of those along one dimension, which then vanishes.

:Notes: lesson13 Tensor统计
:Needs: lessons 10 and 12
:Run: ``python lessons/lesson13_statistics.py``
"""

from itertools import product

import torch
from matplotlib import pyplot as plt

from utils import show

# %%
# Norms
# -----
# The 1-norm adds absolute values; the 2-norm is the root of the sum of squares; the
# infinity norm is the largest absolute value. (The notes' ``c.norm`` is ``torch.norm``,
# which is deprecated.)

a = torch.tensor([1, 2, 3, 4, 5, 6, 7, 8], dtype=float)
by_hand = a.abs().sum(), a.square().sum().sqrt(), a.abs().max()
for p, value in zip((1, 2, torch.inf), by_hand, strict=True):
    print(f"p={p}: {value:.3f}, {torch.linalg.vector_norm(a, p):.3f}")
#: p=1: 36.000, 36.000
#: p=2: 14.283, 14.283
#: p=inf: 8.000, 8.000

# %%
# The notes say ``dtype=float``. Python's ``float`` has 64 bits, so that is
# ``torch.float64``, twice the memory of the float32 that networks use.

print(a.dtype, torch.tensor([1.0]).dtype)
#: torch.float64 torch.float32

# %%
# Along a dimension
# -----------------
# The named dimension is the one that vanishes. For ``dim=0`` the two 2 × 2 tables lie
# on each other and add up; for ``dim=2`` each row becomes a number.

c = a.view(2, 2, 2)
print(c.tolist())
#: [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]
for p, dim in product((1, 2), (0, 1, 2)):
    norm = torch.linalg.vector_norm(c, p, dim=dim)  # [2, 2, 2] => [2, 2]
    by_hand = c.abs().pow(p).sum(dim=dim).pow(1 / p)
    print(f"p={p}, dim={dim}: {norm.round(decimals=2).tolist()},", end=" ")
    print(f"as by hand: {norm.allclose(by_hand)}")
#: p=1, dim=0: [[6.0, 8.0], [10.0, 12.0]], as by hand: True
#: p=1, dim=1: [[4.0, 6.0], [12.0, 14.0]], as by hand: True
#: p=1, dim=2: [[3.0, 7.0], [11.0, 15.0]], as by hand: True
#: p=2, dim=0: [[5.1, 6.32], [7.62, 8.94]], as by hand: True
#: p=2, dim=1: [[3.16, 4.47], [8.6, 10.0]], as by hand: True
#: p=2, dim=2: [[2.24, 5.0], [7.81, 10.63]], as by hand: True

# %%
# A matrix has norms of another kind as well: ``torch.linalg.norm(m, 2)`` is how much m
# stretches a vector at most. ``vector_norm`` sees only a list of numbers.

m = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
print(f"{torch.linalg.vector_norm(m, 2):.3f}, {torch.linalg.norm(m, 2):.3f}")
#: 5.000, 4.000

# %%
# Sums and means
# --------------
# Integers have a sum and a product, but their mean is no integer, and ``mean`` wants to
# be told which float it is to be. A sum of bytes is int64, so it does not overflow.
# ``std`` divides by n - 1 unless told otherwise.

x = torch.tensor([200, 100, 2, 1], dtype=torch.uint8)
print(x.sum(), x.prod(), x.min(), x.max())
#: tensor(303) tensor(40000) tensor(1, dtype=torch.uint8) tensor(200, dtype=torch.uint8)
try:
    x.mean()
except RuntimeError as error:
    print(str(error).partition(".")[0])
#: mean(): could not infer output dtype
print(x.float().mean(), (x > 50).float().mean())  # the second is a share
#: tensor(75.7500) tensor(0.5000)
x = torch.tensor([1.0, 2.0, 6.0])
print(f"{x.std():.3f}, {x.std(correction=0):.3f}")
#: 2.646, 2.160

# %%
# The largest, and where
# ----------------------
# The marks of 4 students in 10 subjects. With ``dim``, ``max`` gives two tensors: the
# values and their positions in that dimension.

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
# ``argmax`` gives the positions alone. Without ``dim`` it counts through the flattened
# tensor: 12 is row 1, column 2, by whole rows of 10. Of equal values the first counts.

print(marks.argmax(dim=1), marks.argmin(dim=1))
#: tensor([3, 2, 8, 6]) tensor([7, 5, 2, 4])
print(marks.argmax(), divmod(marks.argmax().item(), 10))
#: tensor(12) (1, 2)
print(torch.tensor([1, 3, 3]).argmax())
#: tensor(1)

# %%
# With two tensors ``torch.max`` is something else: the larger one at each place, as
# ``torch.maximum`` says more clearly.

print(torch.max(marks[0], marks[1]).equal(torch.maximum(marks[0], marks[1])))
#: True

# %%
# keepdim
# -------
# A result that is to meet its tensor again should keep the dimension, with size 1. [4]
# does not broadcast against [4, 10]. Against [4, 4] it does, along the wrong dimension:
# nothing fails, and the rows do not add up to 1.

print(marks.max(dim=1).values.shape, marks.max(dim=1, keepdim=True).values.shape)
#: torch.Size([4]) torch.Size([4, 1])
print((marks == marks.max(dim=1, keepdim=True).values).sum(dim=1))
#: tensor([1, 1, 1, 1])
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
# ``topk`` gives the k largest in falling order, or with ``largest=False`` the smallest
# in rising order, and their positions.

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
# The notes say in one place that ``kthvalue`` gives the k-th largest, in another the
# k-th smallest. It counts from the smallest: ``kthvalue(8)`` of ten is the third
# largest. ``median`` is the lower of two in the middle; ``quantile`` takes their mean.

third = marks.kthvalue(8, dim=1, keepdim=True).values  # [4, 10] => [4, 1]
print(third.flatten(), third[:, 0].equal(marks.topk(3, dim=1).values[:, 2]))
#: tensor([88, 86, 85, 89]) True
x = torch.tensor([1.0, 2.0, 3.0, 4.0])
print(x.median(), x.quantile(0.5))
#: tensor(2.) tensor(2.5000)

# %%
# All of it in one picture. Each row has a frame of its own: ``dim=1`` was ranked.

low = marks.kthvalue(3, dim=1, keepdim=True).values
_, ax = plt.subplots(figsize=(7, 3))
ax.imshow((marks >= third).int() - (marks <= low).int(), "coolwarm", vmin=-2, vmax=2)
for i in range(4):
    for j in range(10):
        ax.text(j, i, marks[i, j].item(), ha="center", va="center")
    frame = marks[i].tolist().index(third[i].item()) - 0.5, i - 0.5
    ax.add_patch(plt.Rectangle(frame, 1, 1, fill=False, linewidth=2))
ax.set(xlabel="subject", ylabel="student", xticks=range(10), yticks=range(4))
ax.set_title("red topk(3), blue topk(3, largest=False), framed kthvalue(8)", size=11)
show("ranks")

# %%
# Equal
# -----
# Comparisons go element by element and broadcast; ``eq`` is ``==``. The notes say that
# it returns the same type as its tensors; it returns bool. ``equal`` asks one question,
# whether shape and all elements are the same, and answers with True or False.

a, b = torch.tensor([1, 2, 3]), torch.tensor([1, 2, 4])
print(torch.eq(a, b), torch.equal(a, b))
#: tensor([ True,  True, False]) False
print((marks < 60).sum(dim=1))  # how many marks of each student are below 60
#: tensor([2, 3, 3, 2])
print(torch.eq(torch.ones(1), torch.ones(2)), torch.equal(torch.ones(1), torch.ones(2)))
#: tensor([True, True]) False

# %%
# Floats that should be equal differ by rounding. ``allclose`` allows a difference of
# ``1e-8 + 1e-5 * |b|``. NaN is equal to nothing, not even to itself.

a, b = torch.tensor([0.1], dtype=float) + 0.2, torch.tensor([0.3], dtype=float)
print(torch.equal(a, b), torch.allclose(a, b))
#: False True
nan = torch.tensor([torch.nan])
print(torch.equal(nan, nan), torch.allclose(nan, nan, equal_nan=True))
#: False True

# %%
# Try it
# ------
# - Predict the shapes of ``torch.zeros(2, 3, 4).sum(dim=(0, 2))`` and of the same with
#   ``keepdim=True``.
# - Change ``kthvalue(8, ...)`` so that the second largest is framed.
# - Build ``topk`` from ``sort``, and compare the two on ``marks``.
