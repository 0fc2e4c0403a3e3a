"""
Lesson 10: shapes that fit without being equal (broadcasting)
=============================================================

An operation on two tensors pairs their elements. Where a dimension is missing or has
the size 1, its one element is used again for every partner, and nothing is copied.

:Notes: lesson10 broadcasting
:Needs: lessons 8 and 9
:Run: ``python lessons/lesson10_broadcasting.py``
"""

import warnings
from itertools import product, zip_longest
from textwrap import fill

import torch
from matplotlib import pyplot as plt
from torch.nn import functional as F

from utils import show

# %%
# The rule
# --------
# The notes say: a size of 1 is expanded, a missing dimension is inserted and expanded,
# anything else cannot be broadcast. That leaves out where to begin, which is at the
# last dimension, and the commonest case, two equal sizes. So, from right to left:
#
# - equal: the two sizes fit as they are
# - one of them is 1: it is stretched to the other
# - one of them is missing: it counts as 1
# - else the shapes clash


def broadcast_shape(a, b):
    """The shape of a result from the shapes of two tensors; None where they clash."""
    shape = []
    for m, n in zip_longest(reversed(a), reversed(b), fillvalue=1):
        if m != n and 1 not in (m, n):
            return None
        shape.insert(0, n if m == 1 else m)
    return shape


# %%
# With their right ends aligned, shapes are easy to compare.

for a, b in ([4, 3], [4, 3]), ([4, 3], [3]), ([4, 1], [1, 3]), ([4, 3], []), ([3], [4]):
    print(f"{a!s:>6} + {b!s:>6} => {broadcast_shape(a, b)}")
#: [4, 3] + [4, 3] => [4, 3]
#: [4, 3] +    [3] => [4, 3]
#: [4, 1] + [1, 3] => [4, 3]
#: [4, 3] +     [] => [4, 3]
#:    [3] +    [4] => None

# %%
# One number for each row of a [4, 3] tensor clashes, although both shapes begin with a
# 4: that 4 meets the 3. PyTorch's message gives the two sizes and the dimension of the
# result. ``unsqueeze`` makes it a column, which fits.

tens = torch.tensor([0, 10, 20, 30])
ones = torch.tensor([1, 2, 3])
table = tens.unsqueeze(1).repeat(1, 3)  # [4] => [4, 1] => [4, 3]
try:
    table + tens
except RuntimeError as error:
    print(fill(str(error), 80))
#: The size of tensor a (3) must match the size of tensor b (4) at non-singleton
#: dimension 1
print(table + tens.unsqueeze(1))  # [4, 3] + [4, 1] => [4, 3]
#: tensor([[ 0,  0,  0],
#:         [20, 20, 20],
#:         [40, 40, 40],
#:         [60, 60, 60]])

# %%
# The rule as boxes. Dark ones lie in memory; pale ones are the same numbers once more.


def draw(ax, x, left, shape, color):
    """Draw x as boxes from ``left`` on, with pale ones where it is stretched."""
    values = x.expand(shape).tolist()
    rows, columns = torch.atleast_2d(x).shape
    for i, j in product(*map(range, shape)):
        alpha, ink = (1, "w") if i < rows and j < columns else (0.2, "k")
        ax.add_patch(plt.Rectangle((left + j, -i), 0.9, 0.9, color=color, alpha=alpha))
        ax.text(left + j + 0.3, 0.35 - i, f"{values[i][j]:2d}", color=ink)


cases = {
    "[4, 3] + [4, 3]: equal": (table, ones.repeat(4, 1)),
    "[4, 3] + [3]: missing, counts as 1": (table, ones),
    "[4, 1] + [1, 3]: both are stretched": (tens.view(4, 1), ones.view(1, 3)),
    "[4, 3] + [4]: 3 and 4 clash": (table, tens),
}
_, axes = plt.subplots(2, 2, figsize=(11, 5.2))
for ax, (title, (a, b)) in zip(axes.flat, cases.items(), strict=True):
    clash = broadcast_shape(a.shape, b.shape) is None
    draw(ax, a, 0, (4, 3), "C0")
    draw(ax, b, 4, (1, 4) if clash else (4, 3), "C3" if clash else "C4")
    ax.text(3.45, -1.05, "+", ha="center", va="center", size=16)
    if not clash:
        draw(ax, a + b, 8, (4, 3), "C2")
        ax.text(7.45, -1.05, "=", ha="center", va="center", size=16)
    ax.set(title=title, xlim=(-0.2, 11.1), ylim=(-3.2, 1.1), aspect="equal")
    ax.axis("off")
show("rule")

# %%
# A feature map
# -------------
# 4 images with 32 channels of 14 × 14 values each. A bias has one number a channel. As
# [32] it would meet the width; as [32, 1, 1] it meets the channels.

maps = torch.zeros(4, 32, 14, 14)  # [b, c, h, w]
bias = torch.arange(32.0).view(32, 1, 1)
print((maps + bias).shape, (maps + bias)[0, :3, 5, 5])  # 3 channels of a pixel
#: torch.Size([4, 32, 14, 14]) tensor([0., 1., 2.])

# %%
# A [14, 14] tensor is added to each channel of each image. A 2 does not fit the 4:
# which two of the four images are meant has to be written.

print((maps + torch.ones(14, 14)).shape)
#: torch.Size([4, 32, 14, 14])
print(broadcast_shape(maps.shape, [2, 32, 14, 14]))
#: None
print((maps[:2] + torch.ones(2, 32, 14, 14)).shape)
#: torch.Size([2, 32, 14, 14])

# %%
# Class scores
# ------------
# 4 classes, 32 students, 8 subjects: the shape says for whom the extra points are.

scores = torch.full((4, 32, 8), 60)
by_subject = torch.tensor([0, 0, 0, 5, 0, 0, 0, 0])  # [8]
by_class = torch.tensor([0, 1, 2, 3]).view(4, 1, 1)  # [4, 1, 1]
print((scores + 5).sum() - scores.sum())  # 5 points for each of 4 · 32 · 8 scores
#: tensor(5120)
print((scores + by_subject)[0, :2])  # two students of the first class
#: tensor([[60, 60, 60, 65, 60, 60, 60, 60],
#:         [60, 60, 60, 65, 60, 60, 60, 60]])
print((scores + by_class)[:, 0, 0])  # the first score of each class
#: tensor([60, 61, 62, 63])

# %%
# Nothing is copied
# -----------------
# ``expand`` does what an operation does inside. A stretched dimension has the stride 0:
# one step along it stays at the same number. ``repeat`` copies instead (lesson 9).

stretched = bias.expand(4, 32, 14, 14)
print(bias.stride(), "=>", stretched.stride())
#: (1, 1, 1) => (0, 1, 0, 0)
for x in stretched, bias.repeat(4, 1, 14, 14):
    shared = x.data_ptr() == bias.data_ptr()
    print(f"{x.numel()} numbers, {x.untyped_storage().nbytes()} bytes, {shared=}")
#: 25088 numbers, 128 bytes, shared=True
#: 25088 numbers, 100352 bytes, shared=False

# %%
# Numbers that stand for many others cannot be written one by one. And an operation in
# place cannot make its own tensor larger: only the other one is stretched.

for change in (lambda: stretched.add_(1)), (lambda: ones.add_(table)):
    try:
        change()
    except RuntimeError as error:
        print(fill(str(error), 80))
#: unsupported operation: more than one element of the written-to tensor refers to
#: a single memory location. Please clone() the tensor before performing the
#: operation.
#: output with shape [3] doesn't match the broadcast shape [4, 3]

# %%
# The silent bug
# --------------
# A network with one output gives [n, 1], the targets are [n]. Their difference is
# [n, n], each prediction against each target, and its mean is a number like any other.

y = torch.tensor([1.0, 2.0, 3.0, 4.0])  # [n]
perfect = y.view(4, 1)  # [n, 1]
useless = torch.full((4, 1), 2.5)  # the mean of the targets, whatever the sample
print(y - perfect)  # [n] - [n, 1] => [n, n]
#: tensor([[ 0.,  1.,  2.,  3.],
#:         [-1.,  0.,  1.,  2.],
#:         [-2., -1.,  0.,  1.],
#:         [-3., -2., -1.,  0.]])

# %%
# Perfect predictions then do worse than ones that ignore the sample. A network that is
# trained on this loss learns the mean of the targets, and nothing else.

wrong_losses = [(y - p).square().mean().item() for p in (perfect, useless)]
losses = [(y - p.squeeze(1)).square().mean().item() for p in (perfect, useless)]
print(f"[n] - [n, 1]: perfect {wrong_losses[0]}, useless {wrong_losses[1]}")
#: [n] - [n, 1]: perfect 2.5, useless 1.25
print(f"[n] - [n]:    perfect {losses[0]}, useless {losses[1]}")
#: [n] - [n]:    perfect 0.0, useless 1.25

# %%
# ``F.mse_loss`` warns of it; an operator does not, not even where an accuracy comes out
# as 200 %. ``assert a.shape == b.shape`` costs nothing.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(F.mse_loss(perfect, y).item(), [w.category.__name__ for w in caught])
#: 2.5 ['UserWarning']
labels = torch.tensor([3, 3, 7, 7])
predictions = labels.view(4, 1)  # as from argmax(dim=1, keepdim=True)
print((predictions == labels).sum().item() / len(labels))
#: 2.0

# %%
# The same, on purpose
# --------------------
# Each against each is often what is wanted: all distances between two sets of points,
# or one-hot rows, where each label is compared with each class.

a = torch.tensor([[0.0, 0.0], [3.0, 0.0]])  # [2, d]
b = torch.tensor([[0.0, 4.0], [3.0, 4.0], [0.0, 0.0]])  # [3, d]
print((a[:, None] - b).square().sum(dim=2).sqrt())  # [2, 1, d] - [3, d] => [2, 3, d]
#: tensor([[4., 5., 0.],
#:         [5., 4., 3.]])
print((torch.tensor([2, 0])[:, None] == torch.arange(4)).int())  # [2, 1], [4] => [2, 4]
#: tensor([[0, 0, 1, 0],
#:         [1, 0, 0, 0]], dtype=torch.int32)

# %%
# Try it
# ------
# - Predict the shapes of [8, 1, 6, 1] + [7, 1, 5] and of [5, 4] + [5], then run them.
# - Change ``by_class`` to 32 numbers, one a student. Which shape does it need?
# - Build a multiplication table of 1 to 9 from one ``arange`` and one ``*``.
