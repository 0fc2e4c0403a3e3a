"""
Lesson 10: shapes that fit without being equal (broadcasting)
=============================================================

An operation on two tensors combines their elements in pairs. Broadcasting (广播) uses
the only element of a missing dimension, or of one with size 1, for every partner.

:Notes: lesson10 broadcasting
:Needs: lessons 8 and 9
:Run: ``python lessons/lesson10_broadcasting.py``
"""

import warnings
from textwrap import fill

import torch
from matplotlib import pyplot as plt
from torch.nn import functional as F

from utils import show

# %%
# The rule
# --------
# The notes say that a size of 1 is expanded, that a missing dimension is inserted and
# expanded, and that all else fails. In fact the rule also needs a start, which is the
# last dimension, and the most common case, two equal sizes. From right to left:
#
# - If both sizes are equal, they fit.
# - If one size is 1, it is expanded to the other.
# - If one dimension is missing, its size counts as 1.
# - In all other cases the shapes do not fit.


def broadcast_shape(a, b):
    """The shape of a result from the shapes of two tensors; None if they do not fit."""
    a, b = list(a), list(b)
    while len(a) < len(b):
        a.insert(0, 1)  # a missing dimension counts as 1
    while len(b) < len(a):
        b.insert(0, 1)
    shape = []
    for m, n in zip(a, b, strict=True):
        if m != n and m != 1 and n != 1:
            return None
        shape.append(n if m == 1 else m)
    return shape


# %%
# You can compare two shapes easily if you write their right ends below each other.

pairs = ([4, 3], [4, 3]), ([4, 3], [3]), ([4, 1], [1, 3]), ([4, 3], []), ([3], [4])
for a, b in pairs:
    print(f"{a!s:>6} + {b!s:>6} => {broadcast_shape(a, b)}")
#: [4, 3] + [4, 3] => [4, 3]
#: [4, 3] +    [3] => [4, 3]
#: [4, 1] + [1, 3] => [4, 3]
#: [4, 3] +     [] => [4, 3]
#:    [3] +    [4] => None

# %%
# One number for each row of a [4, 3] tensor has the shape [4]. Both shapes begin with a
# 4, but the rule compares the last sizes, 3 and 4, and they do not fit. PyTorch's
# message names the two sizes and the dimension of the result. ``unsqueeze`` makes a
# column [4, 1], which fits.

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
# Drawn: the function draws a tensor as boxes. Dark boxes are in memory. Pale boxes are
# the same numbers used again.


def draw(ax, x, left, shape, color):
    values = x.expand(shape).tolist()
    rows, columns = torch.atleast_2d(x).shape
    for i in range(shape[0]):
        for j in range(shape[1]):
            alpha, ink = (1, "w") if i < rows and j < columns else (0.2, "k")
            box = plt.Rectangle((left + j, -i), 0.9, 0.9, color=color, alpha=alpha)
            ax.add_patch(box)
            ax.text(left + j + 0.3, 0.35 - i, f"{values[i][j]:2d}", color=ink)


# %%
# Drawn: the four cases of the rule.

cases = {
    "[4, 3] + [4, 3]: equal": (table, ones.repeat(4, 1)),
    "[4, 3] + [3]: missing, counts as 1": (table, ones),
    "[4, 1] + [1, 3]: both are expanded": (tens.view(4, 1), ones.view(1, 3)),
    "[4, 3] + [4]: 3 and 4 do not fit": (table, tens),
}
_, axes = plt.subplots(2, 2, figsize=(11, 5.2))
for ax, title in zip(axes.flat, cases, strict=True):
    a, b = cases[title]
    fits = broadcast_shape(a.shape, b.shape) is not None
    draw(ax, a, 0, (4, 3), "C0")
    draw(ax, b, 4, (4, 3) if fits else (1, 4), "C4" if fits else "C3")
    ax.text(3.45, -1.05, "+", ha="center", va="center", size=16)
    if fits:
        draw(ax, a + b, 8, (4, 3), "C2")
        ax.text(7.45, -1.05, "=", ha="center", va="center", size=16)
    ax.set(title=title, xlim=(-0.2, 11.1), ylim=(-3.2, 1.1), aspect="equal")
    ax.axis("off")
show("rule")

# %%
# A feature map
# -------------
# A batch of feature maps has 4 images with 32 channels of 14 × 14 values. A bias has
# one number for each channel. As [32] the rule compares it with the width, and as [32,
# 1, 1] with the channels.

maps = torch.zeros(4, 32, 14, 14)  # [b, c, h, w]
bias = torch.arange(32.0).view(32, 1, 1)
print((maps + bias).shape, (maps + bias)[0, :3, 5, 5])  # 3 channels of a pixel
#: torch.Size([4, 32, 14, 14]) tensor([0., 1., 2.])

# %%
# A [14, 14] tensor is added to each channel of each image. Two images do not fit four.
# You have to write which two of the four images you mean.

print((maps + torch.ones(14, 14)).shape)
#: torch.Size([4, 32, 14, 14])
print(broadcast_shape(maps.shape, [2, 32, 14, 14]))
#: None
print((maps[:2] + torch.ones(2, 32, 14, 14)).shape)
#: torch.Size([2, 32, 14, 14])

# %%
# Class scores
# ------------
# A tensor holds the scores of 4 school classes with 32 students in 8 subjects. The
# shape of the extra points decides who gets them.

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
# An operation expands its tensors like ``expand`` in lesson 9, so an expanded dimension
# has the stride 0 and no number is copied. ``broadcast_tensors`` shows the expanded
# tensors.

expanded = torch.broadcast_tensors(maps, bias)[1]
print(expanded.shape, bias.stride(), "=>", expanded.stride())
#: torch.Size([4, 32, 14, 14]) (1, 1, 1) => (0, 1, 0, 0)
print("same memory:", expanded.data_ptr() == bias.data_ptr())
#: same memory: True

# %%
# An operation in place cannot make its own tensor larger. Only the other tensor is
# expanded.

try:
    ones.add_(table)
except RuntimeError as error:
    print(error)
#: output with shape [3] doesn't match the broadcast shape [4, 3]

# %%
# The silent bug
# --------------
# A network with one output gives predictions of shape [n, 1], and the targets have the
# shape [n]. Their difference has the shape [n, n], since each target is combined with
# each prediction. Its mean is a number, and no error is raised.

y = torch.tensor([1.0, 2.0, 3.0, 4.0])  # [n]
perfect = y.view(4, 1)  # [n, 1]
useless = torch.full((4, 1), 2.5)  # the mean of the targets, whatever the sample
print(y - perfect)  # [n] - [n, 1] => [n, n]
#: tensor([[ 0.,  1.,  2.,  3.],
#:         [-1.,  0.,  1.,  2.],
#:         [-2., -1.,  0.,  1.],
#:         [-3., -2., -1.,  0.]])

# %%
# Perfect predictions then have a larger loss than predictions that ignore the sample.
# At the useless predictions the gradient of this loss is zero, so training stops there.
# The network learns only the mean of the targets.

wrong_losses = [(y - p).square().mean().item() for p in (perfect, useless)]
losses = [(y - p.squeeze(1)).square().mean().item() for p in (perfect, useless)]
print(f"[n] - [n, 1]: perfect {wrong_losses[0]}, useless {wrong_losses[1]}")
#: [n] - [n, 1]: perfect 2.5, useless 1.25
print(f"[n] - [n]:    perfect {losses[0]}, useless {losses[1]}")
#: [n] - [n]:    perfect 0.0, useless 1.25
guess = useless.clone().requires_grad_()
gradient = torch.autograd.grad((y - guess).square().mean(), guess)[0]
print("gradient at useless:", gradient.flatten())
#: gradient at useless: tensor([0., 0., 0., 0.])

# %%
# ``F.mse_loss`` warns of the two shapes, but an operator does not. The comparison at
# the end does not warn either, although its accuracy is 200 %. You can find the bug
# with ``assert a.shape == b.shape``.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    loss = F.mse_loss(perfect, y).item()
print(loss, [warning.category.__name__ for warning in caught])
#: 2.5 ['UserWarning']
labels = torch.tensor([3, 3, 7, 7])
predictions = labels.view(4, 1)  # as from argmax(dim=1, keepdim=True)
accuracy = (predictions == labels).sum().item() / len(labels)
print("accuracy:", accuracy)
#: accuracy: 2.0

# %%
# The same on purpose
# -------------------
# Often each element has to be combined with each other one. One example is the
# distances between all pairs of two sets of points. In one-hot rows each label is
# compared with each class.

a = torch.tensor([[0.0, 0.0], [3.0, 0.0]])  # [2, d]
b = torch.tensor([[0.0, 4.0], [3.0, 4.0], [0.0, 0.0]])  # [3, d]
differences = a[:, None] - b  # [2, 1, d] - [3, d] => [2, 3, d]
print(differences.square().sum(dim=2).sqrt())  # [2, 3, d] => [2, 3]
#: tensor([[4., 5., 0.],
#:         [5., 4., 3.]])
labels = torch.tensor([2, 0])
print((labels[:, None] == torch.arange(4)).int())  # [2, 1] == [4] => [2, 4]
#: tensor([[0, 0, 1, 0],
#:         [1, 0, 0, 0]], dtype=torch.int32)

# %%
# Try it
# ------
# ``python check.py 10`` checks the functions that are named here.
#
# - Predict the shapes of [8, 1, 6, 1] + [7, 1, 5] and of [5, 4] + [5], then run them.
#   Then write ``bias_shape``.
# - Change the given ``mean_squared_error``, which has the silent bug.
# - Build ``distances`` between all points of two sets, without a loop.
