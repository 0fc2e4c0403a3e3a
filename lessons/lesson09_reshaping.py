"""
Lesson 9: changing dimensions (维度变换)
========================================

The elements of a tensor lie in memory in one long row. A shape and strides say how the
row is read, and most changes of dimensions change these alone.

:Notes: lesson9 维度变换
:Needs: lessons 7 and 8
:Run: ``python lessons/lesson09_reshaping.py``
"""

import torch
from matplotlib import pyplot as plt

from utils import show

torch.manual_seed(0)

# %%
# ``view``
# --------
# A view reads the row by another shape. The number of elements has to stay; one size
# may be -1, which is worked out from it.

a = torch.rand(4, 1, 28, 28)  # [b, c, h, w]
print(a.view(4, 28 * 28).shape)  # [b, c, h, w] => [b, d], for a linear layer
#: torch.Size([4, 784])
print(a.reshape(4 * 28, 28).shape, a.view(4, -1).shape)
#: torch.Size([112, 28]) torch.Size([4, 784])
try:
    a.view(4, 783)
except RuntimeError as error:
    print(error)
#: shape '[4, 783]' is invalid for input of size 3136

# %%
# The shape forgets what its dimensions mean. Below are two images of 2 rows and 3
# columns as rows of 6. Read as 3 rows and 2 columns the numbers are all there and no
# error is raised, but the image is lost. Who flattens has to remember the order.

images = torch.tensor([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]])  # [b, h, w]
flat = images.view(2, 6)  # [b, h, w] => [b, h * w]
print("kept:", flat.view(2, 2, 3)[0].tolist(), "lost:", flat.view(2, 3, 2)[0].tolist())
#: kept: [[1, 2, 3], [4, 5, 6]] lost: [[1, 2], [3, 4], [5, 6]]

# %%
# ``unsqueeze``
# -------------
# It puts a dimension of size 1 in at a position. Negative positions count from the end,
# -1 being after the last. A tensor of n dimensions has n + 1 places for a new one.

x = torch.rand(4, 2)
for dim in range(-3, 3):
    print(f"unsqueeze({dim:2}): [4, 2] => {list(x.unsqueeze(dim).shape)}")
#: unsqueeze(-3): [4, 2] => [1, 4, 2]
#: unsqueeze(-2): [4, 2] => [4, 1, 2]
#: unsqueeze(-1): [4, 2] => [4, 2, 1]
#: unsqueeze( 0): [4, 2] => [1, 4, 2]
#: unsqueeze( 1): [4, 2] => [4, 1, 2]
#: unsqueeze( 2): [4, 2] => [4, 2, 1]
try:
    x.unsqueeze(3)
except IndexError as error:
    print(error)
#: Dimension out of range (expected to be in range of [-3, 2], but got 3)
x = torch.tensor([1.5, 2.5])
print(x.unsqueeze(-1).tolist(), x.unsqueeze(0).tolist())  # [2] => [2, 1] and [1, 2]
#: [[1.5], [2.5]] [[1.5, 2.5]]
print(x.unsqueeze(-1).unsqueeze(-1).shape)  # [2] => [2, 1] => [2, 1, 1]
#: torch.Size([2, 1, 1])

# %%
# What it is for: a bias for each of 32 channels, added to a batch of feature maps.

b = torch.rand(32)
features = torch.rand(4, 32, 14, 14)  # [b, c, h, w]
try:
    features + b
except RuntimeError as error:
    print(str(error).partition(" at ")[0])
#: The size of tensor a (14) must match the size of tensor b (32)
bias = b.unsqueeze(0).unsqueeze(2).unsqueeze(3)  # [32] => [1, 32, 1, 1]
print(bias.shape, (features + bias).shape, b.view(1, -1, 1, 1).shape)
#: torch.Size([1, 32, 1, 1]) torch.Size([4, 32, 14, 14]) torch.Size([1, 32, 1, 1])

# %%
# ``squeeze``
# -----------
# Without a position it removes every dimension of size 1; with one, that dimension if
# its size is 1, and otherwise nothing, without an error. A batch of one image loses its
# batch dimension to ``squeeze()``: name the position.

print(bias.squeeze().shape, bias.squeeze(0).shape, bias.squeeze(-1).shape)
#: torch.Size([32]) torch.Size([32, 1, 1]) torch.Size([1, 32, 1])
print(bias.squeeze(1).shape)  # size 32 stays
#: torch.Size([1, 32, 1, 1])
batch = torch.rand(1, 1, 28, 28)  # [b, c, h, w]
print(batch.squeeze().shape, batch.squeeze(1).shape)
#: torch.Size([28, 28]) torch.Size([1, 28, 28])

# %%
# ``expand`` and ``repeat``
# -------------------------
# ``expand`` is told the new sizes and copies nothing: it reads the same memory again.
# ``repeat`` is told how many times and copies. The notes' ``repeat(4, 32, 1, 1)`` makes
# 32 · 32 = 1024 channels.

expanded = bias.expand(4, 32, 14, 14)
repeated = bias.repeat(4, 1, 14, 14)
print(torch.equal(expanded, repeated), bias.repeat(4, 32, 1, 1).shape)
#: True torch.Size([4, 1024, 1, 1])
for name, t in ("bias", bias), ("expanded", expanded), ("repeated", repeated):
    size = t.untyped_storage().nbytes()
    print(f"{name:8} {t.numel():5} elements in {size:6} bytes, strides {t.stride()}")
#: bias        32 elements in    128 bytes, strides (32, 1, 1, 1)
#: expanded 25088 elements in    128 bytes, strides (0, 1, 0, 0)
#: repeated 25088 elements in 100352 bytes, strides (6272, 196, 14, 1)

# %%
# The notes say that to expand n to m is not so good. It is impossible, unless n is 1.
# And where elements share memory, they cannot be written to.

try:
    bias.expand(4, 64, 14, 14)
except RuntimeError as error:
    print(str(error).partition(" at ")[0])
#: The expanded size of the tensor (64) must match the existing size (32)
try:
    expanded.add_(1)
except RuntimeError as error:
    print(str(error).partition(": ")[2].partition(".")[0])
#: more than one element of the written-to tensor refers to a single memory location
print(bias.expand(-1, -1, 14, 14).shape)  # -1: as it is
#: torch.Size([1, 32, 14, 14])

# %%
# ``t``, ``transpose``, ``permute``
# ---------------------------------
# ``t`` transposes a matrix and refuses more than two dimensions. ``transpose`` swaps
# two dimensions, ``permute`` gives a new order for all of them.

print(torch.rand(3, 4).t().shape)
#: torch.Size([4, 3])
images = torch.rand(4, 3, 28, 32)  # [b, c, h, w]
try:
    images[0].t()
except RuntimeError as error:
    print(error)
#: t() expects a tensor with <= 2 dimensions, but self is 3D
print(images.transpose(1, 3).shape)  # [b, c, h, w] => [b, w, h, c]
#: torch.Size([4, 32, 28, 3])
print(images.permute(0, 2, 3, 1).shape)  # [b, c, h, w] => [b, h, w, c]
#: torch.Size([4, 28, 32, 3])

# %%
# Strides
# -------
# A stride says for each dimension how far it is in memory to its next element. Element
# [i, j] lies at i · stride(0) + j · stride(1). A transpose swaps the strides and moves
# nothing. The memory is then no longer read in order: the tensor is not contiguous.

x = torch.arange(12).view(3, 4)
y = x.t()
print(x.stride(), y.stride(), x.is_contiguous(), y.is_contiguous())
#: (4, 1) (1, 4) True False
print(x.data_ptr() == y.data_ptr(), y[3, 1].item(), 3 * y.stride(0) + 1 * y.stride(1))
#: True 7 7

# %%
# Above, arrows go through each tensor in the order of memory. Below is that memory, and
# how far it is in it to the next row and to the next column.


def draw(ax, strip, tensor, title):
    memory = tensor.as_strided([12], [1])
    places = torch.cat([(tensor == value).nonzero() for value in memory])  # [12, 2]
    ax.imshow(tensor, cmap="Blues", vmax=24)
    strip.imshow(memory[None], cmap="Blues", vmax=24)
    for i, (row, column) in enumerate(places.tolist()):
        ax.text(column - 0.3, row - 0.3, memory[i].item(), ha="center", va="center")
        strip.text(i, 0, memory[i].item(), ha="center", va="center")
    start, step = places[:-1].flip(1).t(), places.diff(dim=0).flip(1).t()  # (x, y)
    ax.quiver(*start, *step, angles="xy", scale_units="xy", scale=1, color="sandybrown")
    for dim, name in enumerate(("row", "column")):
        stride, color = tensor.stride(dim), f"C{2 + dim}"
        arrow = {"arrowstyle": "->", "color": color, "connectionstyle": "arc3,rad=0.4"}
        strip.annotate("", (stride, 0.5), (0, 0.5), arrowprops=arrow)
        label = f"{name}\n+{stride}"
        strip.text(stride, 1.5, label, color=color, ha="center", va="top")
    ax.set_title(f"{title}\nstrides {tensor.stride()}")
    ax.axis("off")
    strip.axis("off")


figure, axes = plt.subplots(2, 3, figsize=(10, 4.4), height_ratios=[3, 1])
draw(*axes[:, 0], x, "x")
draw(*axes[:, 1], y, "x.t()")
draw(*axes[:, 2], y.contiguous(), "x.t().contiguous()")
show("memory_order")

# %%
# ``view`` or ``reshape``
# -----------------------
# The notes say that ``reshape`` is stronger. It is ``view`` where strides allow it, and
# else it copies without saying so. ``view`` never copies, and fails.

try:
    y.view(12)
except RuntimeError as error:
    print(str(error).partition(" (")[0])
#: view size is not compatible with input tensor's size and stride
for name, t in ("x.reshape(12)", x.reshape(12)), ("y.reshape(12)", y.reshape(12)):
    print(name, t.tolist(), "view" if t.data_ptr() == x.data_ptr() else "copy")
#: x.reshape(12) [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] view
#: y.reshape(12) [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11] copy

# %%
# ``contiguous`` copies into the order of reading, and then ``view`` works again. On the
# way back each step has to be undone in turn, or the meaning is lost as above.

moved = images.transpose(1, 3).contiguous().view(4, -1)  # => [b, w, h, c] => [b, d]
wrong = moved.view(4, 3, 28, 32)
right = moved.view(4, 32, 28, 3).transpose(1, 3)  # => [b, w, h, c] => [b, c, h, w]
print(torch.equal(wrong, images), torch.equal(right, images))
#: False True

# %%
# Try it
# ------
# - Predict the strides of ``torch.rand(4, 3, 28, 32).permute(0, 2, 3, 1)``.
# - Change one element of ``x.reshape(12)`` and of ``y.reshape(12)``. Does x change?
# - Build ``expand`` out of ``as_strided``. Which strides does it take?
