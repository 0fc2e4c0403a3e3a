"""
Lesson 14: choosing with tensors (Tensor高阶)
=============================================

``where`` chooses between two tensors at each place, ``gather`` looks numbers up by
position, ``scatter_`` puts them back. Each replaces a loop.

:Notes: lesson14 Tensor高阶
:Needs: lessons 8, 9, 10 and 13
:Run: ``python lessons/lesson14_where_gather.py``
"""

import time
from itertools import product

import torch
from matplotlib import pyplot as plt
from torch.nn import functional as F

from utils import show

torch.manual_seed(0)

# %%
# where
# -----
# At each place: the second argument where the condition is true, else the third. The
# notes say: a above 0.5, b below. 0.5 itself is not above 0.5, and takes b.

chance = torch.tensor([[0.9, 0.2], [0.5, 0.7]])
print(torch.where(chance > 0.5, torch.zeros(2, 2), torch.ones(2, 2)))
#: tensor([[0., 1.],
#:         [1., 0.]])

# %%
# The three are broadcast, so that a number or a row will do. With the condition alone
# ``where`` gives the positions at which it is true, a tensor for each dimension.

print(torch.where(chance > 0.5, chance, 0.0))
#: tensor([[0.9000, 0.0000],
#:         [0.0000, 0.7000]])
print(torch.where(chance > 0.5, torch.tensor([10, 20]), -1))  # [2, 2], [2], []
#: tensor([[10, -1],
#:         [-1, 20]])
print(torch.where(chance > 0.5))  # (0, 0) and (1, 1)
#: (tensor([0, 1]), tensor([0, 1]))

# %%
# Against a loop
# --------------
# The same choice for 10000 numbers. A loop in Python pays for each number: an index
# into three tensors, a comparison, an assignment.

condition = torch.rand(100, 100) > 0.5
a, b = torch.zeros(100, 100), torch.ones(100, 100)
start = time.perf_counter()
chosen = torch.empty(100, 100)
for i, j in product(range(100), range(100)):
    chosen[i, j] = a[i, j] if condition[i, j] else b[i, j]
loop_seconds = time.perf_counter() - start

start = time.perf_counter()
for _ in range(100):
    same = torch.where(condition, a, b)
where_seconds = (time.perf_counter() - start) / 100
print(f"loop {1000 * loop_seconds:.1f} ms, where {1000 * where_seconds:.3f} ms")
#: loop 90.2 ms, where 0.019 ms
print(chosen.equal(same))
#: True

# %%
# Both sides are computed everywhere. The root of -1 stays out of the result, not out of
# the gradient (lesson 16): 0 · NaN is NaN. The cure is to change what goes in.

x = torch.tensor([4.0, -1.0], requires_grad=True)
y = torch.where(x > 0, x.sqrt(), 0.0)
print(y.detach(), torch.autograd.grad(y.sum(), x)[0])
#: tensor([2., 0.]) tensor([0.2500,    nan])
y = torch.where(x > 0, torch.where(x > 0, x, 1.0).sqrt(), 0.0)
print(y.detach(), torch.autograd.grad(y.sum(), x)[0])
#: tensor([2., 0.]) tensor([0.2500, 0.0000])

# %%
# gather
# ------
# The index says where in x to look, along one dimension; in all others the place stays
# the same. The result has the shape of the index.
#
# .. math::
#    \text{dim} = 1:\ out_{ij} = x_{i,\,index_{ij}} \qquad
#    \text{dim} = 0:\ out_{ij} = x_{index_{ij},\,j}


def gather(x, dim, index):
    """``x.gather(dim, index)`` for two dimensions, written as its formula."""
    out = torch.zeros_like(index)
    for i, j in product(*map(range, index.shape)):
        out[i, j] = x[i, index[i, j]] if dim == 1 else x[index[i, j], j]
    return out


x = torch.tensor([[0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23]])
columns = torch.tensor([[3, 0], [1, 1], [2, 0]])  # two picks from each row
rows = torch.tensor([[2, 0, 1, 1]])  # one pick from each column
print(x.gather(1, columns), gather(x, 1, columns).equal(x.gather(1, columns)))
#: tensor([[ 3,  0],
#:         [11, 11],
#:         [22, 20]]) True
print(x.gather(0, rows), gather(x, 0, rows).equal(x.gather(0, rows)))
#: tensor([[20,  1, 12, 13]]) True

# %%
# One colour for each position along the dimension. The index names colours, and the
# result shows what stands under that colour in the same row, or in the same column.

cases = {
    "dim=1: the row stays, the index says the column": (1, columns, x % 10),
    "dim=0: the column stays, the index says the row": (0, rows, x // 10),
}
_, axes = plt.subplots(2, 1, figsize=(8, 5.2))
for ax, (title, (dim, index, position)) in zip(axes, cases.items(), strict=True):
    names = "x", "index", f"x.gather({dim}, index)"
    colours = position, index, index
    for k, values in enumerate((x, index, x.gather(dim, index))):
        ax.text(5 * k, 1.15, names[k])
        for i, j in product(*map(range, values.shape)):
            left, number, color = 5 * k + j, values[i, j].item(), colours[k][i, j]
            ax.add_patch(plt.Rectangle((left, -i), 0.9, 0.9, color=f"C{color}"))
            ax.text(left + 0.45, 0.45 - i, number, color="w", ha="center", va="center")
    ax.set_title(title, loc="left")
    ax.set(xlim=(-0.1, 14.5), ylim=(-2.1, 1.6), aspect="equal")
    ax.axis("off")
show("gather")

# %%
# An index has as many dimensions as x and is not broadcast; each number of it has to be
# a position that there is.

for index in torch.tensor([0, 1]), torch.tensor([[0], [4], [1]]):
    try:
        x.gather(1, index)
    except RuntimeError as error:
        print(error)
#: Index tensor must have the same number of dimensions as input tensor
#: index 4 is out of bounds for dimension 1 with size 4

# %%
# Labels from predictions
# -----------------------
# A model gives 4 samples a score for each of 10 classes, and class i has the label
# 100 + i. The labels of the three best classes are looked up in a table, the same for
# each row; ``expand`` repeats it without a copy. (Positions from ``topk`` are int64, as
# an index has to be: the notes' ``idx.long()`` changes nothing.)

scores = torch.rand(4, 10)  # [b, k]
top_scores, top = scores.topk(3, dim=1)  # [b, k] => [b, 3], [b, 3]
labels = torch.arange(10) + 100
top_labels = labels.expand(4, 10).gather(1, top)
print(top)
#: tensor([[0, 9, 7],
#:         [5, 7, 9],
#:         [6, 0, 8],
#:         [0, 7, 6]])
print(top_labels)
#: tensor([[100, 109, 107],
#:         [105, 107, 109],
#:         [106, 100, 108],
#:         [100, 107, 106]])

# %%
# One table for all rows can be indexed directly. ``gather`` is for a table that has its
# own row for each sample, such as the scores themselves.

print(labels[top].equal(top_labels), scores.gather(1, top).equal(top_scores))
#: True True

# %%
# Cross entropy looks up the log-probability of the right class (lesson 25).

y = torch.tensor([3, 0, 9, 9])
right = scores.log_softmax(dim=1).gather(1, y.unsqueeze(1))  # [b, k] => [b, 1]
print(right.shape, torch.allclose(-right.mean(), F.cross_entropy(scores, y)))
#: torch.Size([4, 1]) True

# %%
# scatter
# -------
# The formula turned round: for ``dim=1``, ``out[i, index[i, j]] = src[i, j]``. What was
# gathered goes back to its place; what was not is left as it was.

kept = torch.zeros(4, 10).scatter_(1, top, top_scores)  # only each row's three best
print(kept.gather(1, top).equal(top_scores), (kept > 0).sum(dim=1))
#: True tensor([3, 3, 3, 3])
order = scores.argsort(dim=1)
in_order = scores.gather(1, order)
print(torch.zeros(4, 10).scatter_(1, order, in_order).equal(scores))
#: True

# %%
# One-hot rows are a 1 scattered to each label's position: ``one_hot`` in ``utils.py``.

print(torch.zeros(4, 10).scatter_(1, y.unsqueeze(1), 1.0))
#: tensor([[0., 0., 0., 1., 0., 0., 0., 0., 0., 0.],
#:         [1., 0., 0., 0., 0., 0., 0., 0., 0., 0.],
#:         [0., 0., 0., 0., 0., 0., 0., 0., 0., 1.],
#:         [0., 0., 0., 0., 0., 0., 0., 0., 0., 1.]])

# %%
# If two numbers go to one place, one of them stays, and it is not said which.
# ``scatter_add_`` adds them up, and so counts.

print(torch.zeros(10).scatter_add_(0, y, torch.ones(4)))
#: tensor([1., 0., 0., 1., 0., 0., 0., 0., 0., 2.])

# %%
# Try it
# ------
# - Predict ``x.gather(0, torch.tensor([[1, 1, 1, 1]]))``, then run it.
# - Change the table so that each sample has labels of its own, and look them up.
# - Build the share of samples whose right class y is among the three best.
