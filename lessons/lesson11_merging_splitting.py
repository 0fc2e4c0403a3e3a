"""
Lesson 11: merging and splitting (分割和合并)
=============================================

``cat`` makes a dimension longer, and ``stack`` makes a new one. ``split`` and ``chunk``
cut a dimension into pieces. Each has rules about sizes, and its message says which.

:Notes: lesson11 分割和合并
:Needs: lessons 8, 9 and 10
:Run: ``python lessons/lesson11_merging_splitting.py``
"""

from textwrap import fill

import torch
from matplotlib import pyplot as plt

from utils import show

# %%
# cat: one dimension grows
# ------------------------
# ``cat`` (short for concatenate, 拼接) joins tensors along a dimension. One tensor
# holds the grades of 4 school classes, and another those of 5 more. Each class has 32
# students and 8 subjects. Joined along dimension 0, they hold 9 classes.

grades1 = torch.zeros(4, 32, 8)  # [class, student, subject]
grades2 = torch.ones(5, 32, 8)
grades = torch.cat([grades1, grades2], dim=0)
print(grades.shape)  # [4, 32, 8] and [5, 32, 8] => [9, 32, 8]
#: torch.Size([9, 32, 8])
print(grades[:, 0, 0])  # the first tensor's classes come first
#: tensor([0., 0., 0., 0., 1., 1., 1., 1., 1.])

# %%
# ``cat`` can join along any dimension, and it can join more than two tensors. Below,
# three colour channels and one depth channel give four channels. The heights 16, 20 and
# 4 give a height of 40.

colour, depth = torch.zeros(4, 3, 32, 32), torch.zeros(4, 1, 32, 32)  # [b, c, h, w]
print(torch.cat([colour, depth], dim=1).shape)
#: torch.Size([4, 4, 32, 32])
print(torch.cat([torch.zeros(4, 3, h, 32) for h in (16, 20, 4)], dim=2).shape)
#: torch.Size([4, 3, 40, 32])

# %%
# The notes say that the other dimensions must all be different. In fact they must be
# equal. Only the sizes of the joined dimension may differ. ``cat`` does not broadcast,
# and it does not insert a dimension.

for other in torch.ones(5, 30, 8), torch.ones(1, 1, 8), torch.ones(32, 8):
    try:
        torch.cat([grades1, other], dim=0)
    except RuntimeError as error:
        print(fill(str(error), 80))
#: Sizes of tensors must match except in dimension 0. Expected size 32 but got size
#: 30 for tensor number 1 in the list.
#: Sizes of tensors must match except in dimension 0. Expected size 32 but got size
#: 1 for tensor number 1 in the list.
#: Tensors must have same number of dimensions: got 3 and 2

# %%
# stack: a new dimension
# ----------------------
# ``stack`` (堆叠) lays tensors on top of each other. Two tables of 32 students and 8
# subjects give a tensor with a new dimension of size 2. ``dim`` is the position of the
# new dimension in the result. An index in this position selects one of the tables.

class1, class2 = torch.zeros(32, 8), torch.ones(32, 8)
for dim in 0, 1, 2:
    print(torch.stack([class1, class2], dim=dim).shape)
#: torch.Size([2, 32, 8])
#: torch.Size([32, 2, 8])
#: torch.Size([32, 8, 2])
print(torch.stack([torch.zeros(4, 3, 16, 32)] * 2, dim=2).shape)
#: torch.Size([4, 3, 2, 16, 32])

# %%
# All tensors must have the same shape, since the new dimension has one entry for each
# of them. ``stack`` refuses the two tensors that ``cat`` has joined.

try:
    torch.stack([grades1, grades2])
except RuntimeError as error:
    print(fill(str(error), 80))
#: stack expects each tensor to be equal size, but got [4, 32, 8] at entry 0 and
#: [5, 32, 8] at entry 1

# %%
# ``stack`` is ``unsqueeze`` and ``cat`` in one. An index in the new dimension gives
# back one of the tensors.

new = [class1.unsqueeze(1), class2.unsqueeze(1)]  # [32, 8] => [32, 1, 8]
stacked = torch.stack([class1, class2], dim=1)  # [32, 2, 8]
print("unsqueeze and cat:", torch.cat(new, dim=1).equal(stacked))
#: unsqueeze and cat: True
print("index 1 is class2:", stacked[:, 1].equal(class2))
#: index 1 is class2: True

# %%
# cat against stack
# -----------------
# Two tensors [2, 3] can be merged along each dimension.

a = torch.arange(6).view(2, 3)
b = a + 6
merged = {
    "a and b": [a, b],
    "cat, dim=0: [4, 3]": [torch.cat([a, b], dim=0)],
    "cat, dim=1: [2, 6]": [torch.cat([a, b], dim=1)],
    "stack, dim=0: [2, 2, 3]": torch.stack([a, b], dim=0),
    "stack, dim=1: [2, 2, 3]": torch.stack([a, b], dim=1),
    "stack, dim=2: [2, 3, 2]": torch.stack([a, b], dim=2),
}

# %%
# Drawn: a is blue and b is orange. The matrices of a result with three dimensions stand
# side by side, in the order of the first index.


def draw(ax, left, matrix):
    for i, row in enumerate(matrix.tolist()):
        for j, value in enumerate(row):
            box = plt.Rectangle((left + j, -i), 0.9, 0.9, color=f"C{value // 6}")
            ax.add_patch(box)
            place = left + j + 0.45, 0.45 - i
            ax.text(*place, value, color="w", ha="center", va="center")


_, axes = plt.subplots(2, 3, figsize=(11, 4.4))
for ax, title in zip(axes.flat, merged, strict=True):
    left = 0.0
    for matrix in merged[title]:
        draw(ax, left, matrix)
        left += matrix.shape[1] + 0.6
    ax.set_title(title, loc="left")
    ax.set(xlim=(-0.1, 7.8), ylim=(-3.2, 1.0), aspect="equal")
    ax.axis("off")
show("cat_and_stack")

# %%
# split: pieces of given sizes
# ----------------------------
# ``split`` (分割) takes the size of the pieces. With a number all pieces have this
# size, and the last piece may be smaller. With a list you give every size, and the
# sizes have to add up to the whole.

x = torch.arange(30).view(5, 6)
print([list(piece.shape) for piece in x.split(2, dim=0)])
#: [[2, 6], [2, 6], [1, 6]]
print([list(piece.shape) for piece in x.split([2, 3], dim=0)])
#: [[2, 6], [3, 6]]
print([list(piece.shape) for piece in x.split([1, 4, 1], dim=1)])
#: [[5, 1], [5, 4], [5, 1]]
try:
    x.split([2, 2], dim=0)
except RuntimeError as error:
    print(fill(str(error), 80))
#: split_with_sizes expects split_sizes to sum exactly to 5 (input tensor's size at
#: dimension 0), but got split_sizes=[2, 2]

# %%
# If you give the pieces names, you need one name for each piece. ``split(2)`` means
# pieces of size two, not two pieces. A dimension of 5 has three of them.

try:
    first, second = x.split(2, dim=0)
except ValueError as error:
    print(type(error).__name__)
#: ValueError

# %%
# chunk: a number of pieces
# -------------------------
# ``chunk(n)`` divides the size by n, rounds up, and cuts pieces of this size like
# ``split``. This can give fewer than n pieces. ``tensor_split(n)`` always gives n.

for size, n in (6, 2), (5, 2), (5, 4), (9, 6):
    x = torch.arange(size)
    chunks = [len(piece) for piece in x.chunk(n)]
    pieces = [len(piece) for piece in x.tensor_split(n)]
    print(f"{size} in {n}: chunk {chunks}, tensor_split {pieces}")
#: 6 in 2: chunk [3, 3], tensor_split [3, 3]
#: 5 in 2: chunk [3, 2], tensor_split [3, 2]
#: 5 in 4: chunk [2, 2, 1], tensor_split [2, 1, 1, 1]
#: 9 in 6: chunk [2, 2, 2, 2, 1], tensor_split [2, 2, 2, 1, 1, 1]

# %%
# Views and copies
# ----------------
# The pieces are views, so writing into a piece changes the whole tensor. ``cat`` and
# ``stack`` copy. Joined pieces are equal to the tensor, and have memory of their own.

x = torch.arange(6)
left, right = x.chunk(2)
left[0] = 100
print(x)
#: tensor([100,   1,   2,   3,   4,   5])
joined = torch.cat([left, right])
print("joined is equal to x:", joined.equal(x))
#: joined is equal to x: True
joined[1] = 200
print(x)
#: tensor([100,   1,   2,   3,   4,   5])

# %%
# ``unbind`` reverses ``stack``. It gives views without the dimension, as a loop over
# the tensor does.

rows = torch.tensor([[1, 2], [3, 4]]).unbind(dim=0)
print(rows, torch.stack(rows).shape)
#: (tensor([1, 2]), tensor([3, 4])) torch.Size([2, 2])

# %%
# Many pieces
# -----------
# Collect the results of many batches in a list, and join the list once. If you join
# after each batch, every join copies all results so far again. With 300 batches of 200
# this is about 150 times as many numbers.

batches = torch.zeros(60000).split(200)
joined, copied = torch.zeros(0), 0
for batch in batches:
    joined = torch.cat([joined, batch])
    copied += joined.numel()
print(f"one by one {copied} numbers copied, at once {torch.cat(batches).numel()}")
#: one by one 9030000 numbers copied, at once 60000

# %%
# Integers joined with floats become floats, as in a sum (lesson 6).

print(torch.cat([torch.tensor([1, 2]), torch.tensor([0.5])]))
#: tensor([1.0000, 2.0000, 0.5000])

# %%
# Try it
# ------
# ``python check.py 11`` checks the functions that are named here.
#
# - Predict the shapes of ``torch.stack([x, x, x], dim=-1)`` and of
#   ``torch.cat([x, x, x], dim=-1)`` for an x of shape [2, 5]. Then write
#   ``merged_shape``.
# - Change the given ``collected`` until the labels keep their dtype.
# - Build ``padded``, which makes one tensor of sequences of different lengths.
