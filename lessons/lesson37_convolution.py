"""
Lesson 37: convolution (卷积)
=============================

A small kernel slides over the image and takes a weighted sum of what lies under it, the
same weights everywhere. That is all that a convolutional layer computes.

:Notes: lesson38 卷积神经网络 (the course's lessons 36 and 37)
:Needs: lessons 9, 10 and 27
:Run: ``python lessons/lesson37_convolution.py``
"""

import itertools

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
# The kernel is laid over a part of the image, each pixel is multiplied by the weight
# above it, and the products are added: one number of the output. This kernel takes the
# right column minus the left one, and so answers to vertical edges.

image = torch.tensor([[0.0, 0, 0, 9, 9], [0, 0, 0, 9, 9], [0, 0, 0, 9, 9]])
kernel = torch.tensor([[-1.0, 0, 1]] * 3)


def convolve(image, kernel):
    """[h, w] and [kh, kw] => [h - kh + 1, w - kw + 1]"""
    kh, kw = kernel.shape
    out = torch.zeros(image.shape[0] - kh + 1, image.shape[1] - kw + 1)
    for i, j in itertools.product(*map(range, out.shape)):
        out[i, j] = (image[i : i + kh, j : j + kw] * kernel).sum()
    return out


print(convolve(image, kernel))  # [3, 5] => [1, 3]
#: tensor([[ 0., 27., 27.]])
print(convolve(image, kernel.rot90(2)))
#: tensor([[  0., -27., -27.]])

# %%
# The second one is turned by half a turn, as mathematics does it before it slides; what
# is done here it calls cross-correlation. A network would learn its weights turned.
#
# ``F.conv2d`` does what ``convolve`` does, for a batch of images with several channels
# and for several kernels at once. Hence four dimensions each: images [b, c, h, w],
# kernels [c_out, c, kh, kw]. On a real digit, with a random kernel:

digit = mnist(opt.data, quick=True)[0].tensors[0][0, 0]  # [28, 28]
digit = digit - digit.min()  # the background is 0, as the padding further down
kernel = torch.randn(3, 3)
library = F.conv2d(digit[None, None], kernel[None, None])
largest_difference = (convolve(digit, kernel) - library[0, 0]).abs().max().item()
print(library.shape, largest_difference < 1e-5)
#: torch.Size([1, 1, 26, 26]) True

# %%
# What kernels do to a digit
# --------------------------
# These five were designed by hand; a network finds its own (lesson 38). Blurring takes
# the mean. Sharpening adds to a pixel what sets it apart from its neighbours. Kernels
# for edges sum to zero: where the image is flat they say nothing.

kernels = {
    "blur": torch.full([3, 3], 1 / 9),
    "sharpen": torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "vertical edges": torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "horizontal edges": torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]]),
    "all edges": torch.tensor([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
}
weight = torch.stack(list(kernels.values()))[:, None]  # 5 of [3, 3] => [5, 1, 3, 3]
maps = F.conv2d(digit[None, None], weight, padding=1)
print(maps.shape, weight.sum(dim=(1, 2, 3)).round(decimals=3))
#: torch.Size([1, 5, 28, 28]) tensor([1., 1., 0., 0., 0.])

# %%
# Red is positive, blue negative: a vertical edge is red where the image grows brighter
# from left to right, and blue where it grows darker.

figure, axes = plt.subplots(2, 6, figsize=(11, 4.2))
axes[0, 0].axis("off")
axes[1, 0].imshow(digit.numpy(), cmap="gray")
axes[1, 0].set_title("digit")
for column, (name, kernel) in enumerate(kernels.items(), start=1):
    top, bottom = axes[:, column]
    top.imshow(kernel.numpy(), cmap="RdBu_r", vmin=-9, vmax=9)
    for i, j in itertools.product(range(3), range(3)):
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
# Padding p adds zeros around the image, a stride s moves the kernel s pixels at a time,
# dilation d leaves d - 1 pixels between its weights. A row of n pixels becomes one of
#
# .. math:: \left\lfloor \frac{n + 2p - d\,(k - 1) - 1}{s} \right\rfloor + 1
#
# The formula against the library, for 180 combinations:

wrong_sizes = 0
for k, s, p, d in itertools.product(range(1, 6), (1, 2, 3), range(4), (1, 2, 3)):
    out = F.conv2d(torch.zeros(1, 1, 28, 28), torch.zeros(1, 1, k, k), None, s, p, d)
    wrong_sizes += out.shape[-1] != (28 + 2 * p - d * (k - 1) - 1) // s + 1
print(f"{wrong_sizes} sizes differ")
#: 0 sizes differ

# %%
# With an odd k and p = (k - 1) / 2 the size stays; a stride of 2 then halves it.

for s in 1, 2:
    print(nn.Conv2d(1, 8, 5, stride=s, padding=2)(torch.rand(1, 1, 28, 28)).shape)
#: torch.Size([1, 8, 28, 28])
#: torch.Size([1, 8, 14, 14])

# %%
# Few weights, used everywhere
# ----------------------------
# A convolution is a linear layer: column i of its matrix is the answer to an image with
# a single one, at pixel i. Most of the matrix is zero (a distant pixel does not count),
# and the rest is the same nine numbers (a pattern counts the same wherever it is).

units = torch.eye(36).view(36, 1, 6, 6)  # the 36 images of 6×6 with a single one
weight = torch.randn(1, 1, 3, 3)
matrix = F.conv2d(units, weight).view(36, 16).t()  # [16, 36]
x = torch.rand(1, 1, 6, 6)
same = torch.allclose(matrix @ x.view(36), F.conv2d(x, weight).view(16), atol=1e-5)
numbers = len(matrix[matrix != 0].unique())
print(f"equal: {same}; {(matrix == 0).double().mean():.0%} zeros, {numbers} numbers")
#: equal: True; 75% zeros, 9 numbers

# %%
# From an image of MNIST to eight maps of its size, with biases:

conv = nn.Conv2d(1, 8, 3, padding=1)
parameters = 785 * (8 * 784), sum(p.numel() for p in conv.parameters())
print("dense {}, convolution {}".format(*parameters))
#: dense 4923520, convolution 80

# %%
# Move the digit by two pixels, and the map of a convolution moves along. A dense layer
# gives another answer altogether.

pair = torch.stack([digit, digit.roll(2, dims=1)])  # [2, 28, 28]; the rim is empty
moves_along = {}
for layer, shape in (conv, (2, 1, 28, 28)), (nn.Linear(784, 784), (2, 784)):
    before, after = layer(pair.view(shape)).view(2, -1, 28, 28)
    same = torch.allclose(before.roll(2, dims=2), after, atol=1e-5)
    moves_along[type(layer).__name__] = same
print(moves_along)
#: {'Conv2d': True, 'Linear': False}

# %%
# The receptive field
# -------------------
# is the part of the image that one output depends on. Each layer adds k - 1 pixels,
# times the strides of all layers before it. The gradient of an output in the middle
# shows it: it is zero for every pixel that does not count.

stacks = {
    "one 3×3": [(3, 1)],
    "two 3×3": [(3, 1)] * 2,
    "three 3×3": [(3, 1)] * 3,
    "three 3×3, stride 2": [(3, 2)] * 3,
}
fields = {}
figure, axes = plt.subplots(1, 4, figsize=(10, 2.9))
for ax, (name, layers) in zip(axes, stacks.items(), strict=True):
    x = torch.zeros(1, 1, 28, 28, requires_grad=True)
    out = x
    for k, s in layers:
        out = F.conv2d(out, torch.ones(1, 1, k, k), stride=s, padding=k // 2)
    out[0, 0, out.shape[2] // 2, out.shape[3] // 2].backward()
    fields[name] = (x.grad[0, 0] != 0).any(dim=0).sum().item()  # its width
    ax.imshow(x.grad[0, 0].numpy(), cmap="Blues")
    ax.set_title(f"{name}: {fields[name]}×{fields[name]}", fontsize=10)
    ax.axis("off")
show("receptive_field")
print(fields)
#: {'one 3×3': 3, 'two 3×3': 5, 'three 3×3': 7, 'three 3×3, stride 2': 15}

# %%
# Three layers of 3×3 see as far as one of 7×7, with 27 weights instead of 49 a channel,
# and with two activations between them. Pixels in the middle are reached along more
# paths, and count for more.

# %%
# Try it
# ------
# - Predict the shape of ``nn.Conv2d(3, 16, 7, stride=2, padding=3)(x)`` for an image of
#   [1, 3, 224, 224], and the number of its parameters.
# - Change the stride of the last stack to 3. Why is its field cut off?
# - Build ``convolve`` with ``unfold`` and one matrix product, without a loop.
