"""
Lesson 11: merging and splitting (分割和合并)
=============================================

``cat`` makes a dimension longer, ``stack`` makes a new one; ``split`` and ``chunk`` cut
one into pieces. Each has sizes that it demands, and says so when they are wrong.

:Notes: lesson11 分割和合并
:Needs: lessons 8, 9 and 10
:Run: ``python lessons/lesson11_merging_splitting.py``
"""

from itertools import product
from textwrap import fill

import torch
from matplotlib import pyplot as plt

from utils import show

# %%
# cat: one dimension grows
# ------------------------
# The grades of 4 classes and of 5 more, each with 32 students and 8 subjects, are those
# of 9 classes. The sizes in the named dimension are added.

grades1 = torch.zeros(4, 32, 8)  # [class, student, subject]
grades2 = torch.ones(5, 32, 8)
grades = torch.cat([grades1, grades2], dim=0)
print(grades.shape)  # [4, 32, 8] and [5, 32, 8] => [9, 32, 8]
#: torch.Size([9, 32, 8])
print(grades[:, 0, 0])  # the first list's classes come first
#: tensor([0., 0., 0., 0., 1., 1., 1., 1., 1.])

# %%
# Any dimension can grow, and more than two tensors can be joined at once: four channels
# for each image from three of colour and one of depth, and a height of 16 + 20 + 4.

colour, depth = torch.zeros(4, 3, 32, 32), torch.zeros(4, 1, 32, 32)  # [b, c, h, w]
print(torch.cat([colour, depth], dim=1).shape)
#: torch.Size([4, 4, 32, 32])
print(torch.cat([torch.zeros(4, 3, h, 32) for h in (16, 20, 4)], dim=2).shape)
#: torch.Size([4, 3, 40, 32])

# %%
# The notes say that the other dimensions must all be different. They must be equal:
# only the one that is joined may differ, as it does above. PyTorch does not broadcast
# here, and does not insert a dimension.

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
# Two tables of 32 students and 8 subjects, put on each other, are a tensor with a new
# dimension of size 2. ``dim`` is its position in the result, so that the question
# "which table?" is the first index, the second or the last.

class1, class2 = torch.zeros(32, 8), torch.ones(32, 8)
for dim in 0, 1, 2:
    print(torch.stack([class1, class2], dim=dim).shape)
#: torch.Size([2, 32, 8])
#: torch.Size([32, 2, 8])
#: torch.Size([32, 8, 2])
print(torch.stack([torch.zeros(4, 3, 16, 32)] * 2, dim=2).shape)
#: torch.Size([4, 3, 2, 16, 32])

# %%
# A new dimension has one size in it per tensor, so all tensors must have one shape.
# What ``cat`` joins with ease, ``stack`` refuses.

try:
    torch.stack([grades1, grades2])
except RuntimeError as error:
    print(fill(str(error), 80))
#: stack expects each tensor to be equal size, but got [4, 32, 8] at entry 0 and
#: [5, 32, 8] at entry 1

# %%
# ``stack`` is ``unsqueeze`` and ``cat``. Turned round: taking an index of the new
# dimension gives back the tensor that was put there.

new = [class1.unsqueeze(1), class2.unsqueeze(1)]  # [32, 8] => [32, 1, 8]
stacked = torch.stack([class1, class2], dim=1)  # [32, 2, 8]
print(torch.cat(new, dim=1).equal(stacked), stacked[:, 1].equal(class2))
#: True True

# %%
# cat against stack
# -----------------
# Two tensors [2, 3], merged along each dimension that there is. The planes of a 3-d
# result are drawn beside each other, in the order of its first index.

a, b = torch.arange(12).view(2, 2, 3)
merged = {
    "a and b": [a, b],
    "cat, dim=0: [4, 3]": [torch.cat([a, b], dim=0)],
    "cat, dim=1: [2, 6]": [torch.cat([a, b], dim=1)],
    "stack, dim=0: [2, 2, 3]": torch.stack([a, b], dim=0),
    "stack, dim=1: [2, 2, 3]": torch.stack([a, b], dim=1),
    "stack, dim=2: [2, 3, 2]": torch.stack([a, b], dim=2),
}
_, axes = plt.subplots(2, 3, figsize=(11, 4.4))
for ax, (title, planes) in zip(axes.flat, merged.items(), strict=True):
    left = 0.0
    for plane in planes:
        for i, j in product(*map(range, plane.shape)):
            x, y, value = left + j, -i, plane[i, j].item()
            ax.add_patch(plt.Rectangle((x, y), 0.9, 0.9, color=f"C{value // 6}"))
            ax.text(x + 0.45, y + 0.45, value, color="w", ha="center", va="center")
        left += plane.shape[1] + 0.6
    ax.set_title(title, loc="left")
    ax.set(xlim=(-0.1, 7.8), ylim=(-3.2, 1.0), aspect="equal")
    ax.axis("off")
show("cat_and_stack")

# %%
# split: pieces of given sizes
# ----------------------------
# A number is the size of each piece; what is left over is a smaller last piece. A list
# gives every size, and has to add up.

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
# Names for the pieces have to be as many as there are pieces. ``split(2)`` means pieces
# of two, not two pieces, and a dimension of 5 has three of them.

try:
    first, second = x.split(2, dim=0)
except ValueError as error:
    print(type(error).__name__)
#: ValueError

# %%
# chunk: a number of pieces
# -------------------------
# ``chunk(n)`` divides the size by n, rounds up, and cuts pieces of that size, as
# ``split`` does. Often that makes fewer than n; ``tensor_split`` always makes n.

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
# Pieces are views: what is written into one is written into the whole. ``cat`` and
# ``stack`` copy, so that together they give an equal tensor in memory of its own.

x = torch.arange(6)
left, right = x.chunk(2)
left[0] = 100
print(x)
#: tensor([100,   1,   2,   3,   4,   5])
joined = torch.cat([left, right])
joined[1] = 200
print(x.equal(torch.cat([left, right])), x)
#: True tensor([100,   1,   2,   3,   4,   5])

# %%
# ``unbind`` undoes ``stack``: views without the dimension, as a loop over x gives them.

rows = torch.tensor([[1, 2], [3, 4]]).unbind(dim=0)
print(rows, torch.stack(rows).shape)
#: (tensor([1, 2]), tensor([3, 4])) torch.Size([2, 2])

# %%
# Many pieces
# -----------
# Results of 300 batches are collected in a list and joined once. Joined batch by batch,
# everything gathered so far is copied again in each step.

batches = torch.zeros(60000).split(200)
joined, copied = torch.zeros(0), 0
for batch in batches:
    joined = torch.cat([joined, batch])
    copied += joined.numel()
print(f"one by one {copied} numbers copied, at once {torch.cat(batches).numel()}")
#: one by one 9030000 numbers copied, at once 60000

# %%
# Integers joined with floats become floats, as in a sum: no piece loses its fraction.

print(torch.cat([torch.tensor([1, 2]), torch.tensor([0.5])]))
#: tensor([1.0000, 2.0000, 0.5000])

# %%
# Try it
# ------
# - Predict the shapes of ``torch.stack([x, x, x], dim=-1)`` and of
#   ``torch.cat([x, x, x], dim=-1)`` for an x of shape [2, 5].
# - Change ``torch.ones(5, 30, 8)`` above so that ``cat`` takes it along ``dim=1``.
# - Build ``chunk`` from ``split``. What does yours make of 9 in 6?
