"""
Lesson 37: convolution (卷积)
=============================

A convolution moves a small kernel over the image. At every position it takes a weighted
sum of the pixels under the kernel, with the same weights.

:Notes: lesson38 卷积神经网络 (the course's lessons 36 and 37)
:Needs: lessons 9, 10, 16 and 27
:Run: ``python lessons/lesson37_convolution.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.nn import functional as F

from utils import mnist, settings, show

opt = settings()
torch.manual_seed(opt.seed)

# %%
# A weighted sum at every position
# --------------------------------
# The kernel (卷积核) is a small matrix of weights. It is laid over a part of the image.
# Each pixel is multiplied by the weight over it, and the products are added. This gives
# one number of the output. kh and kw are the height and the width of the kernel.


def convolve(image, kernel):
    """[h, w] and [kh, kw] => [h - kh + 1, w - kw + 1]"""
    h, w = image.shape
    kh, kw = kernel.shape
    out = torch.zeros(h - kh + 1, w - kw + 1)
    for i in range(h - kh + 1):
        for j in range(w - kw + 1):
            part = image[i : i + kh, j : j + kw]  # [kh, kw]
            out[i, j] = (part * kernel).sum()
    return out


# %%
# This kernel takes its right column minus its left column. So its output is not zero at
# vertical edges. The second output is that of the same kernel rotated (旋转) by 180°.

image = torch.tensor([[0.0, 0, 0, 9, 9], [0, 0, 0, 9, 9], [0, 0, 0, 9, 9]])
kernel = torch.tensor([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]])
print(convolve(image, kernel))  # [3, 5] => [1, 3]
#: tensor([[ 0., 27., 27.]])
print(convolve(image, kernel.rot90(2)))
#: tensor([[  0., -27., -27.]])

# %%
# In mathematics, a convolution rotates the kernel by 180° first. Without the rotation
# it is called cross-correlation (互相关). PyTorch does not rotate. For a network this
# makes no difference: it would simply learn the rotated weights.
#
# ``F.conv2d`` does what ``convolve`` does, for a batch of images with several channels
# (通道), and for several kernels at once. So images and kernels have four dimensions
# each: [b, c, h, w] and [c_out, c, kh, kw].

digit = mnist(opt.data, quick=True)[0].tensors[0][0, 0]  # [28, 28]
digit = digit - digit.min()  # the background is 0, as the padding below
kernel = torch.randn(3, 3)
library = F.conv2d(digit.view(1, 1, 28, 28), kernel.view(1, 1, 3, 3))
print(library.shape)
#: torch.Size([1, 1, 26, 26])
largest_difference = (convolve(digit, kernel) - library[0, 0]).abs().max().item()
print("convolve equals F.conv2d:", largest_difference < 1e-5)
#: convolve equals F.conv2d: True

# %%
# What kernels do to a digit
# --------------------------
# These five kernels were designed by hand. A network learns its own (lesson 38). The
# first one blurs (模糊): it takes the mean. The second one sharpens (锐化): it adds the
# difference between a pixel and its neighbours. The weights of the kernels for edges
# (边缘) sum to zero, so their output is zero where the image is flat.

kernels = {
    "blur": torch.full([3, 3], 1 / 9),
    "sharpen": torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "vertical edges": torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "horizontal edges": torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]]),
    "all edges": torch.tensor([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
}
weight = torch.stack(list(kernels.values()))  # 5 of [3, 3] => [5, 3, 3]
weight = weight.view(5, 1, 3, 3)  # => [c_out, c, kh, kw]
maps = F.conv2d(digit.view(1, 1, 28, 28), weight, padding=1)
print(maps.shape)
#: torch.Size([1, 5, 28, 28])
print("sums:", weight.sum(dim=(1, 2, 3)).round(decimals=3))
#: sums: tensor([1., 1., 0., 0., 0.])

# %%
# Drawn: the kernels, and their outputs. Red is positive and blue is negative. A
# vertical edge is red where the image becomes brighter from left to right, and blue
# where it becomes darker.

figure, axes = plt.subplots(2, 6, figsize=(11, 4.2))
axes[0, 0].axis("off")
axes[1, 0].imshow(digit.numpy(), cmap="gray")
axes[1, 0].set_title("digit")
for column, (name, kernel) in enumerate(kernels.items(), start=1):
    top, bottom = axes[0, column], axes[1, column]
    top.imshow(kernel.numpy(), cmap="RdBu_r", vmin=-9, vmax=9)
    for i in range(3):
        for j in range(3):
            text = "1/9" if name == "blur" else f"{kernel[i, j]:.0f}"
            top.text(j, i, text, ha="center", va="center")
    top.set_title(name)
    pixels = maps[0, column - 1].numpy()
    limit = abs(pixels).max()
    bottom.imshow(pixels, cmap="RdBu_r", vmin=-limit, vmax=limit)
plt.setp(axes, xticks=[], yticks=[])
show("kernels")

# %%
# The size of the output
# ----------------------
# Padding (填充) p adds zeros around the image. A stride (步幅) s moves the kernel s
# pixels at a time. Dilation (膨胀) d leaves d - 1 pixels between the weights. A row of
# n pixels becomes a row of
#
# .. math:: \left\lfloor \frac{n + 2p - d\,(k - 1) - 1}{s} \right\rfloor + 1


def size(n, k, s, p, d):
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


wrong_sizes, compared = 0, 0
image = torch.zeros(1, 1, 28, 28)
for k in range(1, 6):
    kernel = torch.zeros(1, 1, k, k)
    for s in 1, 2, 3:
        for p in range(4):
            for d in 1, 2, 3:
                out = F.conv2d(image, kernel, stride=s, padding=p, dilation=d)
                wrong_sizes += out.shape[3] != size(28, k, s, p, d)
                compared += 1
print(f"{compared} sizes compared, {wrong_sizes} differ")
#: 180 sizes compared, 0 differ

# %%
# With an odd k and p = (k - 1) / 2 the size stays. A stride of 2 then halves it.

for s in 1, 2:
    print(nn.Conv2d(1, 8, 5, stride=s, padding=2)(torch.rand(1, 1, 28, 28)).shape)
#: torch.Size([1, 8, 28, 28])
#: torch.Size([1, 8, 14, 14])

# %%
# Few weights, used everywhere
# ----------------------------
# A convolution is a linear layer, so it has a matrix. Column i of the matrix is the
# output for an image whose pixel i is 1 and whose other pixels are 0. Most of the
# matrix is zero, because a distant pixel does not count. The rest holds the same nine
# numbers in each row, because the weights are shared (权重共享).

units = torch.eye(36).view(36, 1, 6, 6)  # 36 images of 6×6 pixels, one pixel is 1
weight = torch.randn(1, 1, 3, 3)
matrix = F.conv2d(units, weight).view(36, 16).t()  # [36, 1, 4, 4] => [16, 36]
x = torch.rand(1, 1, 6, 6)
product = matrix @ x.view(36)  # [16, 36] @ [36] => [16]
same = torch.allclose(product, F.conv2d(x, weight).view(16), atol=1e-5)
print("matrix equals convolution:", same)
#: matrix equals convolution: True
zeros = (matrix == 0).float().mean().item()
numbers = len(matrix[matrix != 0].unique())
print(f"{zeros:.0%} zeros, {numbers} different numbers")
#: 75% zeros, 9 different numbers

# %%
# Both layers of this cell make eight maps of 28 × 28 from an image of 28 × 28:

conv = nn.Conv2d(1, 8, 3, padding=1)
parameters = {
    "dense": (784 + 1) * (8 * 784),  # a weight for each pixel, and a bias
    "convolution": sum(p.numel() for p in conv.parameters()),
}
print(parameters)
#: {'dense': 4923520, 'convolution': 80}

# %%
# If the digit moves by two pixels, the map of a convolution moves with it. The output
# of a dense layer (全连接层) changes altogether.

pair = torch.stack([digit, digit.roll(2, dims=1)])  # [2, 28, 28]; the border is empty


def moves_along(maps):
    """Whether the second of two maps [2, c, 28, 28] is the first one, moved."""
    return torch.allclose(maps[0].roll(2, dims=2), maps[1], atol=1e-5)


conv_moves = moves_along(conv(pair.view(2, 1, 28, 28)))
dense_moves = moves_along(nn.Linear(784, 784)(pair.view(2, 784)).view(2, 1, 28, 28))
print(f"moves along: convolution {conv_moves}, dense layer {dense_moves}")
#: moves along: convolution True, dense layer False

# %%
# The receptive field
# -------------------
# The receptive field (感受野) of an output is the part of the image that it depends on.
# Each layer adds k - 1 pixels, times the strides of all layers before it. The gradient
# of one output shows the field: it is zero for every pixel that does not count. This is
# also a simple way to see which features (特征) of its input a network uses.


def field_of(layers, stride):
    """The gradient [28, 28] of an output in the middle, after layers of 3×3."""
    x = torch.zeros(1, 1, 28, 28, requires_grad=True)
    out = x
    for _ in range(layers):
        out = F.conv2d(out, torch.ones(1, 1, 3, 3), stride=stride, padding=1)
    middle = out[0, 0, out.shape[2] // 2, out.shape[3] // 2]
    return torch.autograd.grad(middle, x)[0][0, 0]


field_gradients = {
    "one 3×3": field_of(1, stride=1),
    "two 3×3": field_of(2, stride=1),
    "three 3×3": field_of(3, stride=1),
    "three 3×3, stride 2": field_of(3, stride=2),
}

# %%
# The width of each field is the number of columns with a gradient that is not zero.

fields = {}
for name, gradient in field_gradients.items():
    fields[name] = (gradient != 0).any(dim=0).sum().item()
    print(f"{name}: {fields[name]} pixels wide")
#: one 3×3: 3 pixels wide
#: two 3×3: 5 pixels wide
#: three 3×3: 7 pixels wide
#: three 3×3, stride 2: 15 pixels wide

# %%
# Three layers of 3×3 have the same field as one layer of 7×7. Between one input and one
# output channel they have 27 weights instead of 49. There is also room for two
# activations between them.

# %%
# Drawn: the gradients. A pixel in the middle is darker: it reaches the output along
# more paths.

figure, axes = plt.subplots(1, 4, figsize=(10, 2.9))
for ax, (name, gradient) in zip(axes, field_gradients.items(), strict=True):
    ax.imshow(gradient.numpy(), cmap="Blues")
    ax.set_title(f"{name}: {fields[name]}×{fields[name]}", fontsize=10)
    ax.axis("off")
show("receptive_field")

# %%
# Try it
# ------
# ``python check.py 37`` checks the function that is named here.
#
# - Predict the shape of ``nn.Conv2d(3, 16, 7, stride=2, padding=3)(x)`` for an image of
#   [1, 3, 224, 224], and the number of its parameters.
# - Change the stride of the last field to 3. The field of such layers is 27 pixels
#   wide. Why are only 14 of them printed?
# - Build ``convolve_by_matrix``, a convolution by ``unfold`` and one matrix product.
