"""
Lesson 8: indexing and slicing (索引和切片)
===========================================

An index (索引) selects elements of a tensor, one dimension at a time, from the left.
Numbers and slices (切片) give a view of the same memory. Lists and masks give a copy.

:Notes: lesson8 索引和切片
:Needs: lesson 7
:Run: ``python lessons/lesson08_indexing_slicing.py``
"""

import numpy as np
import torch
from matplotlib import pyplot as plt

from utils import show

# %%
# One index a dimension
# ---------------------
# The tensor holds four images with three channels, 28 rows and 30 columns. Each index
# selects from the leftmost remaining dimension and removes that dimension. Four indices
# leave a scalar. The elements are numbered, so a value shows its position.

a = torch.arange(4 * 3 * 28 * 30).view(4, 3, 28, 30)  # [b, c, h, w]
print(a[0].shape)  # [b, c, h, w] => [c, h, w]
#: torch.Size([3, 28, 30])
print(a[0, 0].shape)  # => [h, w]
#: torch.Size([28, 30])
print(a[0, 0, 2, 4])  # => [], number 2 * 30 + 4
#: tensor(64)
try:
    a[4]
except IndexError as error:
    print(error)
#: index 4 is out of bounds for dimension 0 with size 4

# %%
# Slices
# ------
# A slice ``start:end`` does not include its end. It keeps the dimension, even with one
# element. A bound that you leave out means the edge of the tensor. A negative number
# counts from the end.

print(a[:2].shape, a[1:].shape)
#: torch.Size([2, 3, 28, 30]) torch.Size([3, 3, 28, 30])
print(a[-1:].shape, a[-1].shape)  # a slice keeps the dimension, an index removes it
#: torch.Size([1, 3, 28, 30]) torch.Size([3, 28, 30])
print(a[:2, :1].shape, a[:2, -2:].shape, a[:2, 1:-1, :, -10:].shape)
#: torch.Size([2, 1, 28, 30]) torch.Size([2, 2, 28, 30]) torch.Size([2, 1, 28, 10])

# %%
# A third number is the step. Every second row and column are a quarter of the image.
#
# The notes say that ``a[:, :, 0:28:2, 0:30:2]`` has the shape [4, 3, 14, 14]. In fact
# it has the shape [4, 3, 14, 15], since 30 columns give 15.

print(a[:, :, 0:28:2, 0:30:2].shape, a[:, :, ::2, ::2].shape)
#: torch.Size([4, 3, 14, 15]) torch.Size([4, 3, 14, 15])

# %%
# A slice beyond the edge raises no error and ends at the edge. A step has to be
# positive. ``flip`` reverses a dimension and copies.

print(a[:, :, 20:99].shape)
#: torch.Size([4, 3, 8, 30])
row = torch.arange(5)
try:
    row[::-1]
except ValueError as error:
    print(error)
#: step must be greater than zero
print(row.flip(0))
#: tensor([4, 3, 2, 1, 0])

# %%
# ``...`` stands for all dimensions that the other indices do not mention. With it you
# can index the last dimensions. ``None`` inserts a new dimension of size 1 (lesson 9).

print(a[0, ...].shape, a[..., 0].shape)
#: torch.Size([3, 28, 30]) torch.Size([4, 3, 28])
print(a[:, 1, ...].shape, a[0, ..., :2].shape)
#: torch.Size([4, 28, 30]) torch.Size([3, 28, 2])
print(a[0, 0, :, None].shape)  # [h, w] => [h, 1, w]
#: torch.Size([28, 1, 30])

# %%
# ``index_select``
# ----------------
# The notes say that ``index_select(dim, torch.arange(k))`` turns the size of a
# dimension into k. In fact ``index_select`` selects the listed positions, and
# ``arange(k)`` lists the first k. The positions can have any order, and a position can
# occur twice.

print(a.index_select(2, torch.arange(13)).shape)
#: torch.Size([4, 3, 13, 30])
picked = a.index_select(0, torch.tensor([3, 0, 3]))
print(picked.shape, picked[:, 0, 0, 0] // (3 * 28 * 30))  # which image it was
#: torch.Size([3, 3, 28, 30]) tensor([3, 0, 3])

# %%
# Masks
# -----
# A mask (掩码) is a tensor of booleans. As an index it selects the elements where it is
# true. The result is a vector, since these elements need not form a rectangle. An
# assignment to ``x[mask]`` writes into x. The assignment below is a ReLU.

x = torch.tensor([[-1.0, 2.0, -3.0], [4.0, -5.0, 6.0]])
mask = x > 0
print(mask)
#: tensor([[False,  True, False],
#:         [ True, False,  True]])
print(x[mask], x.masked_select(mask), mask.sum())
#: tensor([2., 4., 6.]) tensor([2., 4., 6.]) tensor(3)
x[x < 0] = 0
print(x)
#: tensor([[0., 2., 0.],
#:         [4., 0., 6.]])

# %%
# A mask over the first dimension alone selects whole samples.

labels = torch.tensor([7, 2, 7, 1])
print(a[labels == 7].shape)  # [4, 3, 28, 30] => [2, 3, 28, 30]
#: torch.Size([2, 3, 28, 30])

# %%
# ``take`` ignores the shape. It counts through all elements, row by row.

x = torch.tensor([[10, 11, 12], [20, 21, 22]])
print(x.take(torch.tensor([0, 2, -1])))
#: tensor([10, 12, 22])

# %%
# Lists of positions
# ------------------
# Two lists are read in pairs: the lists [0, 1] and [2, 0] select the elements (0, 2)
# and (1, 0). To combine all rows with all columns, index one dimension after the other.

print(x[[0, 1], [2, 0]])
#: tensor([12, 20])
print(x[[0, 1]][:, [2, 0]])
#: tensor([[12, 10],
#:         [22, 20]])

# %%
# A classifier (分类器) gives each class a score. The logit (未归一化得分) of a class is
# its score before softmax (归一化指数函数) turns the scores into probabilities (概率).
# A loss uses such pairs to select the logit of each sample's own class (lesson 25).

logits = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])  # [b, k]
y = torch.tensor([1, 0, 0])  # [b]
print(logits[torch.arange(3), y])  # [b, k] => [b]
#: tensor([0.9000, 0.8000, 0.3000])

# %%
# Two lists give one new dimension, which stands at their place. If a slice stands
# between the lists, the new dimension is the first one. PyTorch applies a plain number
# before the lists. NumPy counts the number as a list, so its result has another shape.

print(a[:, [0, 1], [5, 6]].shape)  # [b, c, h, w] => [b, 2, w]
#: torch.Size([4, 2, 30])
print(a[:, [0, 1], :, [5, 6]].shape)  # [b, c, h, w] => [2, b, h]
#: torch.Size([2, 4, 28])
print(a[0, :, [5, 6]].shape)  # [b, c, h, w] => [c, h, w] => [c, 2, w]
#: torch.Size([3, 2, 30])
print(a.numpy()[0, :, [5, 6]].shape)  # [b, c, h, w] => [2, c, w]
#: (2, 3, 30)

# %%
# View or copy
# ------------
# A view (视图) shares the memory of its tensor, and a copy (拷贝) has its own. The test
# writes zeros into the result and looks whether the tensor has changed. ``zero_`` ends
# in an underscore (下划线). That is PyTorch's mark for an operation in place
# (原地操作), which changes its own tensor instead of returning a new one.


def view_or_copy(x, result):
    before = x.clone()  # a copy
    result.zero_()
    kind = "copy" if torch.equal(x, before) else "view"
    x.copy_(before)  # undoes the change
    return kind


# %%
# Numbers, slices and ``None`` give views. Lists, masks and the three functions give
# copies.

kinds = {
    "x[0]": view_or_copy(x, x[0]),
    "x[:, 1:]": view_or_copy(x, x[:, 1:]),
    "x[..., ::2]": view_or_copy(x, x[..., ::2]),
    "x[None]": view_or_copy(x, x[None]),
    "x[[0]]": view_or_copy(x, x[[0]]),
    "x[x > 10]": view_or_copy(x, x[x > 10]),
    "x.index_select(0, [0])": view_or_copy(x, x.index_select(0, torch.tensor([0]))),
    "x.masked_select(x > 10)": view_or_copy(x, x.masked_select(x > 10)),
    "x.take([0])": view_or_copy(x, x.take(torch.tensor([0]))),
}
for name, kind in kinds.items():
    print(f"{name:24} {kind}")
#: x[0]                     view
#: x[:, 1:]                 view
#: x[..., ::2]              view
#: x[None]                  view
#: x[[0]]                   copy
#: x[x > 10]                copy
#: x.index_select(0, [0])   copy
#: x.masked_select(x > 10)  copy
#: x.take([0])              copy

# %%
# If the first of two pairs of brackets copies, an assignment changes only that copy.

x[[0]][0, 0] = 99  # into the copy that x[[0]] made
print(x[0, 0])
#: tensor(10)
x[[0], 0] = 99  # one pair of brackets: into x
print(x[0, 0])
#: tensor(99)

# %%
# Drawn: the elements that each index selects from a 6 × 6 tensor are dark.

grid = torch.arange(36).view(6, 6)
indices = {
    "a[1]": np.s_[1],
    "a[:, -2:]": np.s_[:, -2:],
    "a[1:5, 2:4]": np.s_[1:5, 2:4],
    "a[::2, ::3]": np.s_[::2, ::3],
    "a[[0, 3, 5]]": np.s_[[0, 3, 5]],
    "a[[0, 3, 5], [1, 2, 4]]": np.s_[[0, 3, 5], [1, 2, 4]],
    "a[a % 5 == 0]": grid % 5 == 0,
    "a.take([3, 10, -1])": np.unravel_index([3, 10, 35], (6, 6)),
}
figure, axes = plt.subplots(2, 4, figsize=(9, 4.8))
for ax, name in zip(axes.flat, indices, strict=True):
    taken = torch.zeros(6, 6)
    taken[indices[name]] = 1
    ax.pcolormesh(taken, cmap="Blues", vmin=0, vmax=1.4, edgecolors="lightgrey")
    ax.set(title=name, xticks=[], yticks=[], aspect="equal")
    ax.invert_yaxis()
show("what_an_index_takes")

# %%
# Try it
# ------
# ``python check.py 8`` checks the functions that are named here.
#
# - Predict the shape of ``a[1, :2, ..., ::3]``. Then write ``quarter``, every second
#   row and column of each image.
# - Change the given ``clear_border`` until the border of every image is 0.
# - Build ``windows``, a square window of each image at its own position.
