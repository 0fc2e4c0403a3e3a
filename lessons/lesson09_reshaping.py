"""
Lesson 9: changing dimensions (维度变换)
========================================

The elements of a tensor lie in memory in one long row. A shape and strides (步幅) say
how to read the row. Most changes of dimensions change only the shape and the strides.

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
# ``view`` reads the row with another shape. The number of elements has to stay the
# same. One size may be -1, and PyTorch computes it from the others. A linear layer
# needs images as rows, so each image is flattened (展平).

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
# A shape does not store what its dimensions mean. Below, two images of 2 rows and 3
# columns are flattened to rows of 6. You can read such a row as 3 rows and 2 columns.
# No error is raised and no number is missing, but the image is lost. You have to
# remember the order of the dimensions yourself.

images = torch.tensor([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]])  # [b, h, w]
flat = images.view(2, 6)  # [b, h, w] => [b, h * w]
print("kept:", flat.view(2, 2, 3)[0].tolist(), "lost:", flat.view(2, 3, 2)[0].tolist())
#: kept: [[1, 2, 3], [4, 5, 6]] lost: [[1, 2], [3, 4], [5, 6]]

# %%
# ``unsqueeze``
# -------------
# ``unsqueeze`` inserts a dimension of size 1 at a position. Negative positions count
# from the end, and -1 is the position after the last dimension. A tensor with n
# dimensions has n + 1 positions for a new one.

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
# A use of ``unsqueeze`` is a bias for each channel. The output of a convolution is a
# feature map (特征图), an image for each of its channels (lesson 37). Here are four
# feature maps with 32 channels. As [32] the bias does not fit, and as [1, 32, 1, 1] it
# does (lesson 10).

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
# ``squeeze()`` removes every dimension of size 1. ``squeeze(dim)`` removes that
# dimension if its size is 1. Otherwise it does nothing and raises no error. A batch of
# one image loses its batch dimension in ``squeeze()``, so it is safer to give the
# position.

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
# ``expand`` takes the new sizes. It copies nothing, and reads the same memory several
# times. ``repeat`` takes the number of repetitions, and copies. The notes'
# ``repeat(4, 32, 1, 1)`` therefore makes 32 · 32 = 1024 channels.

expanded = bias.expand(4, 32, 14, 14)
repeated = bias.repeat(4, 1, 14, 14)
print("equal:", torch.equal(expanded, repeated), bias.repeat(4, 32, 1, 1).shape)
#: equal: True torch.Size([4, 1024, 1, 1])
for name, t in ("bias", bias), ("expanded", expanded), ("repeated", repeated):
    size = t.untyped_storage().nbytes()
    print(f"{name:8} {t.numel():5} elements in {size:6} bytes, strides {t.stride()}")
#: bias        32 elements in    128 bytes, strides (32, 1, 1, 1)
#: expanded 25088 elements in    128 bytes, strides (0, 1, 0, 0)
#: repeated 25088 elements in 100352 bytes, strides (6272, 196, 14, 1)

# %%
# The notes say that expanding from n to m "is not so good" (不太好). In fact it is
# impossible unless n is 1. The size -1 keeps a dimension as it is.

try:
    bias.expand(4, 64, 14, 14)
except RuntimeError as error:
    print(str(error).partition(" at ")[0])
#: The expanded size of the tensor (64) must match the existing size (32)
print(bias.expand(-1, -1, 14, 14).shape)
#: torch.Size([1, 32, 14, 14])

# %%
# The elements of an expanded tensor share memory. If you write one of them, all
# elements with the same memory change. PyTorch refuses most operations in place on the
# whole tensor, such as ``add_``: they would change the same memory several times.

shared = torch.zeros(3, 1).expand(3, 4)
shared[0, 0] = 7
print(shared)
#: tensor([[7., 7., 7., 7.],
#:         [0., 0., 0., 0.],
#:         [0., 0., 0., 0.]])
try:
    shared.add_(1)
except RuntimeError as error:
    print(str(error).partition(": ")[2].partition(".")[0])
#: more than one element of the written-to tensor refers to a single memory location

# %%
# ``t``, ``transpose``, ``permute``
# ---------------------------------
# ``t`` transposes (转置) a matrix, and refuses more than two dimensions. ``transpose``
# swaps two dimensions. ``permute`` takes a new order for all dimensions.

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
# The stride of a dimension is the distance in memory between two neighbours along this
# dimension. Element [i, j] lies at i · stride(0) + j · stride(1). A transpose swaps the
# strides and moves no number. The order of reading is then no longer the order in
# memory, and the tensor is not contiguous (连续的).

x = torch.arange(12).view(3, 4)
y = x.t()
print("strides:", x.stride(), y.stride())
#: strides: (4, 1) (1, 4)
print("contiguous:", x.is_contiguous(), y.is_contiguous())
#: contiguous: True False
print("same memory:", x.data_ptr() == y.data_ptr())
#: same memory: True
position = 3 * y.stride(0) + 1 * y.stride(1)
print(f"y[3, 1] is {y[3, 1]}, and lies at {position}")
#: y[3, 1] is 7, and lies at 7

# %%
# Drawn: the function draws a tensor above the row of its memory. Arrows go through the
# tensor in the order of memory, and show the distances to the next row and column.


def draw(column, tensor, title):
    ax, strip = axes[0, column], axes[1, column]
    memory = tensor.as_strided([12], [1]).tolist()
    places = [(tensor == value).nonzero()[0].tolist() for value in memory]
    ax.imshow(tensor, cmap="Blues", vmax=24)
    strip.imshow([memory], cmap="Blues", vmax=24)
    for i, (y, x) in enumerate(places):
        ax.text(x - 0.3, y - 0.3, memory[i], ha="center", va="center")
        strip.text(i, 0, memory[i], ha="center", va="center")
        if i > 0:
            arrow = {"arrowstyle": "-|>", "color": "sandybrown", "lw": 2}
            ax.annotate("", (x, y), places[i - 1][::-1], arrowprops=arrow)
    for dim, name in enumerate(("row", "column")):
        stride, color = tensor.stride(dim), f"C{2 + dim}"
        arrow = {"arrowstyle": "->", "color": color, "connectionstyle": "arc3,rad=0.4"}
        strip.annotate("", (stride, 0.5), (0, 0.5), arrowprops=arrow)
        strip.text(
            stride, 1.5, f"{name}\n+{stride}", color=color, ha="center", va="top"
        )
    ax.set_title(f"{title}\nstrides {tensor.stride()}")


# %%
# Drawn: x, its transpose, and a contiguous copy of the transpose.

figure, axes = plt.subplots(2, 3, figsize=(10, 4.4), height_ratios=[3, 1])
draw(0, x, "x")
draw(1, y, "x.t()")
draw(2, y.contiguous(), "x.t().contiguous()")
for ax in axes.flat:
    ax.axis("off")
show("memory_order")

# %%
# ``view`` or ``reshape``
# -----------------------
# The notes say that ``reshape`` is stronger than ``view``. In fact ``reshape`` is
# ``view`` where the strides allow it, and otherwise it silently copies. ``view`` never
# copies, and raises an error instead.

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
# ``contiguous`` copies the numbers into the order of reading, and then ``view`` works
# again. To go back, you have to undo the steps in reverse order. Otherwise the image is
# lost as above.

moved = images.transpose(1, 3).contiguous().view(4, -1)  # => [b, w, h, c] => [b, d]
wrong = moved.view(4, 3, 28, 32)
right = moved.view(4, 32, 28, 3).transpose(1, 3)  # => [b, w, h, c] => [b, c, h, w]
print("wrong:", torch.equal(wrong, images), "right:", torch.equal(right, images))
#: wrong: False right: True

# %%
# Try it
# ------
# ``python check.py 9`` checks the functions that are named here.
#
# - Predict the strides of ``torch.rand(4, 3, 28, 32)`` and of its
#   ``permute(0, 2, 3, 1)``. Then write ``strides_of``.
# - Change the given ``channels_last`` until no image is lost.
# - Build ``patches``, which cuts images into square pieces without a loop.
