"""
Lesson 8: indexing and slicing (索引和切片)
===========================================

A tensor is addressed one dimension at a time, from the left. Plain indices and slices
look into the same memory; lists and masks take a copy.

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
# Four images of three channels, 28 rows and 30 columns. Each index takes the leftmost
# dimension that is left and removes it; four of them leave a scalar. The elements are
# numbered, so that a value says where it stood.

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
# Ranges
# ------
# ``start:end`` leaves out the end and keeps the dimension, even with one element in it.
# What is not said goes to the edge, and a negative number counts from the end.

print(a[:2].shape, a[1:].shape)
#: torch.Size([2, 3, 28, 30]) torch.Size([3, 3, 28, 30])
print(a[-1:].shape, a[-1].shape)  # a range keeps the dimension, an index removes it
#: torch.Size([1, 3, 28, 30]) torch.Size([3, 28, 30])
print(a[:2, :1].shape, a[:2, -2:].shape, a[:2, 1:-1, :, -10:].shape)
#: torch.Size([2, 1, 28, 30]) torch.Size([2, 2, 28, 30]) torch.Size([2, 1, 28, 10])

# %%
# A third number is the step: every other row and column are a quarter of the image.
# A range that reaches too far is cut without an error. Steps have to be positive, and
# ``flip`` turns a dimension round, by a copy.

print(a[:, :, 0:28:2, 0:30:2].shape, a[:, :, ::2, ::2].shape)
#: torch.Size([4, 3, 14, 15]) torch.Size([4, 3, 14, 15])
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
# ``...`` stands for as many whole dimensions as are missing, so that the last ones can
# be addressed. ``None`` puts a new dimension of size 1 in (lesson 9).

print(a[0, ...].shape, a[..., 0].shape)
#: torch.Size([3, 28, 30]) torch.Size([4, 3, 28])
print(a[:, 1, ...].shape, a[0, ..., :2].shape)
#: torch.Size([4, 28, 30]) torch.Size([3, 28, 2])
print(a[0, 0, :, None].shape)  # [h, w] => [h, 1, w]
#: torch.Size([28, 1, 30])

# %%
# ``index_select``
# ----------------
# The notes say that ``index_select(dim, torch.arange(k))`` turns a dimension into k. It
# picks the listed positions, and ``arange(k)`` happens to list the first k. Any order
# will do, and a position may come twice.

print(a.index_select(2, torch.arange(13)).shape)
#: torch.Size([4, 3, 13, 30])
picked = a.index_select(0, torch.tensor([3, 0, 3]))
print(picked.shape, picked[:, 0, 0, 0] // (3 * 28 * 30))  # which image it was
#: torch.Size([3, 3, 28, 30]) tensor([3, 0, 3])

# %%
# Masks
# -----
# A mask is a tensor of booleans. As an index it takes the elements where it is true, in
# a row, since nothing says that they would fill a rectangle. Assigning to a mask writes
# into the tensor: here that is a ReLU.

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
# A mask over the first dimension alone chooses whole samples.

labels = torch.tensor([7, 2, 7, 1])
print(a[labels == 7].shape)  # [4, 3, 28, 30] => [2, 3, 28, 30]
#: torch.Size([2, 3, 28, 30])

# %%
# ``take`` forgets the shape and counts through all elements, row by row.

x = torch.tensor([[10, 11, 12], [20, 21, 22]])
print(x.take(torch.tensor([0, 2, -1])))
#: tensor([10, 12, 22])

# %%
# Lists of positions
# ------------------
# Two lists are read in pairs: [0, 1] and [2, 0] are the elements (0, 2) and (1, 0). For
# all rows with all columns, index one dimension after the other.

print(x[[0, 1], [2, 0]])
#: tensor([12, 20])
print(x[[0, 1]][:, [2, 0]])
#: tensor([[12, 10],
#:         [22, 20]])

# %%
# Pairs are how a loss finds the logit of each sample's own class (lesson 25).

logits = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])  # [b, k]
y = torch.tensor([1, 0, 0])  # [b]
print(logits[torch.arange(3), y])  # [b, k] => [b]
#: tensor([0.9000, 0.8000, 0.3000])

# %%
# Two lists give one new dimension. It stands where they stood; where a slice comes
# between them it goes to the front. A plain number is not counted among the lists, but
# applied first. NumPy does count it, and its result has another shape.

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
# The test is to write into the result and to look whether the tensor has changed.

ways = {
    "x[0]": lambda x: x[0],
    "x[:, 1:]": lambda x: x[:, 1:],
    "x[..., ::2]": lambda x: x[..., ::2],
    "x[None]": lambda x: x[None],
    "x[[0]]": lambda x: x[[0]],
    "x[x > 10]": lambda x: x[x > 10],
    "x.index_select(0, [0])": lambda x: x.index_select(0, torch.tensor([0])),
    "x.masked_select(x > 10)": lambda x: x.masked_select(x > 10),
    "x.take([0])": lambda x: x.take(torch.tensor([0])),
}
kinds = {}
for name, way in ways.items():
    tensor = x.clone()
    way(tensor).zero_()
    kinds[name] = "copy" if torch.equal(tensor, x) else "view"
    print(f"{name:24} {kinds[name]}")
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
# So an assignment through two brackets is lost when the first of them copies.

x[[0]][0, 0] = 99  # into the copy that x[[0]] made
print(x[0, 0])
#: tensor(10)
x[[0], 0] = 99  # one pair of brackets: into x
print(x[0, 0])
#: tensor(99)

# %%
# What each index takes, dark, out of a 6 × 6 tensor.

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
for ax, (name, index) in zip(axes.flat, indices.items(), strict=True):
    taken = torch.zeros(6, 6)
    taken[index] = 1
    ax.pcolormesh(taken, cmap="Blues", vmin=0, vmax=1.4, edgecolors="lightgrey")
    ax.set(title=name, xticks=[], yticks=[], aspect="equal")
    ax.invert_yaxis()
show("what_an_index_takes")

# %%
# Try it
# ------
# - Predict the shape of ``a[1, :2, ..., ::3]``.
# - Change one pixel of ``a[:, :, ::2, ::2]``. Which element of ``a`` is it?
# - Build the mask of the border of a [28, 30] image, and set it to 0 in all images.
