"""
Lesson 14: choosing with tensors (Tensor高阶)
=============================================

``where`` chooses between two tensors at each position. ``gather`` reads numbers at
given positions, and ``scatter_`` writes numbers there. Each replaces a loop.

:Notes: lesson14 Tensor高阶
:Needs: lessons 8, 9, 10 and 13, and the gradient in lesson 0
:Run: ``python lessons/lesson14_where_gather.py``
"""

import time

import torch
from matplotlib import pyplot as plt
from torch.nn import functional as F

from utils import show

torch.manual_seed(0)

# %%
# where
# -----
# ``where`` takes its second argument where the condition (条件) is true, and its third
# argument elsewhere.
#
# The notes say "larger than 0.5 chooses a, smaller than 0.5 chooses b". In fact 0.5
# itself also chooses b, since 0.5 is not larger than 0.5.

chance = torch.tensor([[0.9, 0.2], [0.5, 0.7]])
print(torch.where(chance > 0.5, torch.zeros(2, 2), torch.ones(2, 2)))
#: tensor([[0., 1.],
#:         [1., 0.]])

# %%
# The three arguments are broadcast, so a number or a row can stand for a tensor. With
# the condition alone, ``where`` gives the positions of the true elements. They are
# split into one tensor for each dimension.

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
# A Python loop can make the same choice for 10000 numbers. For each number it indexes
# three tensors and writes into a fourth.

condition = torch.rand(100, 100) > 0.5
a, b = torch.zeros(100, 100), torch.ones(100, 100)
chosen = torch.empty(100, 100)
start = time.perf_counter()
for i in range(100):
    for j in range(100):
        if condition[i, j]:
            chosen[i, j] = a[i, j]
        else:
            chosen[i, j] = b[i, j]
loop_seconds = time.perf_counter() - start

# %%
# ``where`` makes one call for all numbers. The time is the mean of 100 calls.

start = time.perf_counter()
for _ in range(100):
    same = torch.where(condition, a, b)
where_seconds = (time.perf_counter() - start) / 100
print(f"loop {1000 * loop_seconds:.1f} ms, where {1000 * where_seconds:.3f} ms")
#: loop 63.2 ms, where 0.011 ms
print("equal:", chosen.equal(same))
#: equal: True

# %%
# ``where`` computes both sides at every position. Below, the root of -1 is NaN. The
# result does not contain this NaN, but the gradient does, since 0 · NaN is NaN (the
# gradient is explained in lesson 16). The remedy is to replace the -1 before the root.

x = torch.tensor([4.0, -1.0], requires_grad=True)
y = torch.where(x > 0, x.sqrt(), 0.0)
print(y.detach(), torch.autograd.grad(y.sum(), x)[0])
#: tensor([2., 0.]) tensor([0.2500,    nan])
safe = torch.where(x > 0, x, 1.0)
y = torch.where(x > 0, safe.sqrt(), 0.0)
print(y.detach(), torch.autograd.grad(y.sum(), x)[0])
#: tensor([2., 0.]) tensor([0.2500, 0.0000])

# %%
# gather
# ------
# ``gather`` (收集) reads numbers of x at given positions. The index gives the position
# along one dimension. In the other dimensions the position stays the same. The result
# has the shape of the index.
#
# .. math::
#    \text{dim} = 1:\ out_{ij} = x_{i,\,index_{ij}} \qquad
#    \text{dim} = 0:\ out_{ij} = x_{index_{ij},\,j}


def gather(x, dim, index):
    """``x.gather(dim, index)`` for two dimensions, written as its formula."""
    rows, columns = index.shape
    out = torch.zeros(rows, columns, dtype=x.dtype)
    for i in range(rows):
        for j in range(columns):
            if dim == 1:
                out[i, j] = x[i, index[i, j]]
            else:
                out[i, j] = x[index[i, j], j]
    return out


# %%
# With ``dim=1`` each row of the index selects from the same row of x. With ``dim=0``
# each column of the index selects from the same column.

x = torch.tensor([[0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23]])
columns = torch.tensor([[3, 0], [1, 1], [2, 0]])  # two numbers of each row
print(x.gather(1, columns))
#: tensor([[ 3,  0],
#:         [11, 11],
#:         [22, 20]])
print("equal to the loops:", gather(x, 1, columns).equal(x.gather(1, columns)))
#: equal to the loops: True
rows = torch.tensor([[2, 0, 1, 1]])  # one number of each column
print(x.gather(0, rows))
#: tensor([[20,  1, 12, 13]])
print("equal to the loops:", gather(x, 0, rows).equal(x.gather(0, rows)))
#: equal to the loops: True

# %%
# Drawn: the function draws a matrix as boxes, and ``colors`` gives each box its colour.


def draw(ax, left, name, matrix, colors):
    ax.text(left, 1.15, name)
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            color = f"C{colors[i, j]}"
            ax.add_patch(plt.Rectangle((left + j, -i), 0.9, 0.9, color=color))
            place = left + j + 0.45, 0.45 - i
            number = matrix[i, j].item()
            ax.text(*place, number, color="w", ha="center", va="center")


# %%
# Drawn: each position along the dimension has its colour in x. A box of the index has
# the colour of its position. The result has the number with this colour from the same
# row, or for ``dim=0`` from the same column.

_, axes = plt.subplots(2, 1, figsize=(8, 5.2))
draw(axes[0], 0, "x", x, x % 10)
draw(axes[0], 5, "index", columns, columns)
draw(axes[0], 10, "x.gather(1, index)", x.gather(1, columns), columns)
axes[0].set_title("dim=1: the index gives the column, the row stays", loc="left")
draw(axes[1], 0, "x", x, x // 10)
draw(axes[1], 5, "index", rows, rows)
draw(axes[1], 10, "x.gather(0, index)", x.gather(0, rows), rows)
axes[1].set_title("dim=0: the index gives the row, the column stays", loc="left")
for ax in axes:
    ax.set(xlim=(-0.1, 14.5), ylim=(-2.1, 1.6), aspect="equal")
    ax.axis("off")
show("gather")

# %%
# The index needs as many dimensions as x, and it is not broadcast. Each of its numbers
# has to be a position in x.

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
# A model gives each of 4 samples a score for each of 10 classes. Class i has the label
# 100 + i. ``gather`` finds the labels of the three best classes in a table. The table
# is the same for each row, and ``expand`` repeats it without a copy.

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
# The notes say ``idx.long()``, which casts to int64. In fact an index from ``topk`` is
# int64 already, and ``long`` returns the same tensor.

print(top.dtype, "the same tensor:", top.long() is top)
#: torch.int64 the same tensor: True

# %%
# You can also index a table directly if it is the same for all rows. ``gather`` is for
# a table with a row of its own for each sample, such as the scores.

print("labels:", labels[top].equal(top_labels))
#: labels: True
print("scores:", scores.gather(1, top).equal(top_scores))
#: scores: True

# %%
# Cross entropy (交叉熵) uses the logarithm of the probability of the right class.
# ``log_softmax`` turns the scores into such logarithms, and ``gather`` selects the
# right class (lesson 25).

y = torch.tensor([3, 0, 9, 9])
log_probabilities = scores.log_softmax(dim=1)
right = log_probabilities.gather(1, y.unsqueeze(1))  # [b, k] => [b, 1]
print(right.shape)
#: torch.Size([4, 1])
print("cross entropy:", torch.allclose(-right.mean(), F.cross_entropy(scores, y)))
#: cross entropy: True

# %%
# scatter
# -------
# ``scatter_`` (散布) is the reverse of ``gather``. For ``dim=1`` its formula is
# ``out[i, index[i, j]] = src[i, j]``. It writes numbers back to the positions from
# which ``gather`` has read them, and it leaves all other positions as they are.

kept = torch.zeros(4, 10).scatter_(1, top, top_scores)  # only each row's three best
print("three best:", kept.gather(1, top).equal(top_scores), (kept > 0).sum(dim=1))
#: three best: True tensor([3, 3, 3, 3])
order = scores.argsort(dim=1)
in_order = scores.gather(1, order)
back = torch.zeros(4, 10).scatter_(1, order, in_order)
print("all scores:", back.equal(scores))
#: all scores: True

# %%
# One-hot rows are a use of ``scatter_``: it writes a 1 to the position of each label.
# ``one_hot`` in ``utils.py`` does this.

print(torch.zeros(4, 10).scatter_(1, y.unsqueeze(1), 1.0))
#: tensor([[0., 0., 0., 1., 0., 0., 0., 0., 0., 0.],
#:         [1., 0., 0., 0., 0., 0., 0., 0., 0., 0.],
#:         [0., 0., 0., 0., 0., 0., 0., 0., 0., 1.],
#:         [0., 0., 0., 0., 0., 0., 0., 0., 0., 1.]])

# %%
# If two numbers have the same position, ``scatter_`` keeps one of them, and PyTorch
# does not promise which. ``scatter_add_`` adds them up, so it can count.

print(torch.zeros(10).scatter_add_(0, y, torch.ones(4)))
#: tensor([1., 0., 0., 1., 0., 0., 0., 0., 0., 2.])

# %%
# Try it
# ------
# ``python check.py 14`` checks the functions that are named here.
#
# - Predict ``x.gather(0, torch.tensor([[1, 1, 1, 1]]))``, then run it. Then write
#   ``gathered``, with lists and loops.
# - Change the given ``safe_sqrt`` until no gradient is NaN.
# - Build ``top_k_accuracy``: how often is the right class among the k best?
