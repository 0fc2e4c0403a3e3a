"""
Lesson 39: pooling and sampling (池化层和采样)
==============================================

Pooling makes maps smaller, so that later layers cost less and see more of the image.
Interpolation makes maps larger again. What is lost between the two does not come back.

:Notes: 池化层和采样
:Needs: lessons 37 and 38
:Run: ``python lessons/lesson39_pooling_sampling.py``
"""

import math

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import mnist, settings, show, stop_if_not_finite

opt = settings(
    epochs=3,
    batch_size=50,
    images=4000,
    seeds=3,
    quick={"images": 200, "seeds": 1},
)
torch.manual_seed(opt.seed)

# %%
# Pooling
# -------
# Pooling (池化) moves a window over each channel. Max pooling (最大池化) keeps the
# largest value of the window. Average pooling (平均池化) keeps the mean. There is
# nothing to learn. By default the stride is the size of the window, so windows do not
# overlap.

x = torch.tensor([[1.0, 2, 0, 0], [3, 8, 0, 4], [0, 0, 5, 5], [0, 0, 5, 5]])
x = x.view(1, 1, 4, 4)
print(F.max_pool2d(x, 2)[0, 0])  # [1, 1, 4, 4] => [1, 1, 2, 2]
#: tensor([[8., 4.],
#:         [0., 5.]])
print(F.avg_pool2d(x, 2)[0, 0])
#: tensor([[3.5000, 1.0000],
#:         [0.0000, 5.0000]])

# %%
# The definition takes two loops over the windows. k is the size of a window, and s is
# the stride.


def pool(x, k, s, take):
    """[b, c, h, w] => [b, c, (h - k) // s + 1, (w - k) // s + 1]"""
    height, width = (x.shape[2] - k) // s + 1, (x.shape[3] - k) // s + 1
    out = torch.zeros(x.shape[0], x.shape[1], height, width)
    for i in range(height):
        for j in range(width):
            window = x[:, :, i * s : i * s + k, j * s : j * s + k]
            out[:, :, i, j] = take(window, dim=(2, 3))  # [b, c, k, k] => [b, c]
    return out


# %%
# Compared with the library:

x = torch.randn(2, 3, 28, 28)
equal = {}
for k, s in (2, 2), (3, 2), (3, 1), (7, 7):
    largest, mean = pool(x, k, s, torch.amax), pool(x, k, s, torch.mean)
    equal["max", k, s] = torch.equal(largest, F.max_pool2d(x, k, s))
    equal["mean", k, s] = torch.allclose(mean, F.avg_pool2d(x, k, s), atol=1e-6)
    print(f"window {k}, stride {s}: max equal {equal['max', k, s]}", end=", ")
    print(f"mean equal {equal['mean', k, s]}")
#: window 2, stride 2: max equal True, mean equal True
#: window 3, stride 2: max equal True, mean equal True
#: window 3, stride 1: max equal True, mean equal True
#: window 7, stride 7: max equal True, mean equal True

# %%
# Padding
# -------
# The output size follows the formula of lesson 37. The padding of max pooling is minus
# infinity, which is never the largest. The padding of average pooling is zeros. They
# count in the mean, unless you set ``count_include_pad=False``.

x = -torch.ones(1, 1, 2, 2)
print("max: ", F.max_pool2d(x, 2, padding=1).flatten())
#: max:  tensor([-1., -1., -1., -1.])
print("mean:", F.avg_pool2d(x, 2, padding=1).flatten())
#: mean: tensor([-0.2500, -0.2500, -0.2500, -0.2500])

# %%
# The backward pass
# -----------------
# Max pooling gives the whole gradient to the pixel with the largest value. Average
# pooling gives each pixel an equal part.

x = torch.tensor([[1.0, 2], [3, 8]]).view(1, 1, 2, 2).requires_grad_()
print("max: ", torch.autograd.grad(F.max_pool2d(x, 2).sum(), x)[0].flatten())
#: max:  tensor([0., 0., 0., 1.])
print("mean:", torch.autograd.grad(F.avg_pool2d(x, 2).sum(), x)[0].flatten())
#: mean: tensor([0.2500, 0.2500, 0.2500, 0.2500])

# %%
# ReLU on a map
# -------------
# The output of a kernel has both signs. ReLU keeps the places where the pattern of the
# kernel is found, and sets its opposite to zero. ReLU never falls, so it may come
# before or after max pooling. After pooling it has a quarter of the work.

digit = mnist(opt.data, quick=True)[0].tensors[0][:1]  # [1, 1, 28, 28]
digit = digit - digit.min()  # the background is 0
kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
edges = F.conv2d(digit, kernel.view(1, 1, 3, 3), padding=1)
pooled = F.max_pool2d(F.relu(edges), 2)
equal["ReLU"] = torch.equal(F.relu(F.max_pool2d(edges, 2)), pooled)
print("ReLU before or after max pooling, equal:", equal["ReLU"])
#: ReLU before or after max pooling, equal: True

# %%
# Down and up
# -----------
# Down-sampling (下采样) makes a map smaller, up-sampling (上采样) makes it larger.
# ``F.interpolate`` does both. Its mode ``area`` takes means, as average pooling does.
# Up-sampling has to invent pixels, which is called interpolation (插值). ``nearest``
# repeats each pixel. ``bilinear`` takes a weighted mean of the 4 nearest pixels.
# ``bicubic`` weights 16 pixels, some of them negatively.

small = F.interpolate(digit, size=(7, 7), mode="area")
equal["area"] = torch.allclose(small, F.avg_pool2d(digit, 4), atol=1e-6)
print("area equals average pooling:", equal["area"])
#: area equals average pooling: True

# %%
# From 7 × 7 pixels back to 28 × 28:

large = {}
for mode in "nearest", "bilinear", "bicubic":
    large[mode] = F.interpolate(small, scale_factor=4, mode=mode)
    print(f"smallest pixel, {mode}: {large[mode].min():.1f}")
#: smallest pixel, nearest: 0.0
#: smallest pixel, bilinear: 0.0
#: smallest pixel, bicubic: -0.4
repeated = small.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
equal["nearest"] = torch.equal(large["nearest"], repeated)
print("nearest repeats each pixel 4 × 4 times:", equal["nearest"])
#: nearest repeats each pixel 4 × 4 times: True

# %%
# Drawn: in the upper row a digit, its edges, their ReLU, and max pooling. In the lower
# row the digit as 49 pixels, and three ways up. No mode brings the lost details back.

pictures = {"digit": digit, "edges": edges, "ReLU": F.relu(edges)}
pictures |= {"ReLU, max pooling": pooled, "area, 28 to 7": small}
pictures |= {f"{mode}, 7 to 28": picture for mode, picture in large.items()}
figure, axes = plt.subplots(2, 4, figsize=(9, 4.8))
for ax, (name, picture) in zip(axes.flat, pictures.items(), strict=True):
    limit = picture.abs().max().item()
    low, cmap = (-limit, "RdBu_r") if name == "edges" else (None, "gray")
    ax.imshow(picture[0, 0].numpy(), vmin=low, vmax=limit, cmap=cmap)
    ax.set_title(name)
    ax.axis("off")
show("pooling_interpolation")

# %%
# What does a shift cost?
# -----------------------
# Three networks differ in how they halve their maps. They take the maximum, the mean,
# or simply every second pixel. The last is what a stride of 2 does. ``MaxPool2d(1,
# stride=2)`` writes it as pooling with windows of a single pixel.

ways = {
    "max": nn.MaxPool2d(2),
    "average": nn.AvgPool2d(2),
    "every second": nn.MaxPool2d(1, stride=2),
}

# %%
# The layer that halves the maps is an argument of the network:


def cnn(down):
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),  # [b, 1, 28, 28] => [b, 8, 28, 28]
        nn.ReLU(),
        down,  # => [b, 8, 14, 14]
        nn.Conv2d(8, 16, 3, padding=1),  # => [b, 16, 14, 14]
        nn.ReLU(),
        down,  # => [b, 16, 7, 7]
        nn.Flatten(),  # => [b, 784]
        nn.Linear(16 * 7 * 7, 10),  # => [b, 10]
    ).to(opt.device)


# %%
# The networks are trained on a part of the data:

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
images, labels = images[: opt.images], labels[: opt.images]
steps = opt.epochs * math.ceil(len(images) / opt.batch_size)

# %%
# Each run trains a new network. Its learning rate rises and falls with ``OneCycleLR``
# (lesson 38).


def train(down, lr, seed):
    torch.manual_seed(opt.seed + seed)
    net = cnn(down)
    optimizer = optim.Adam(net.parameters())
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, steps)
    for _ in range(opt.epochs):
        for i in torch.randperm(len(images)).split(opt.batch_size):
            loss = F.cross_entropy(net(images[i]), labels[i])
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
    return net


# %%
# ``roll`` moves the digits to the right. What leaves at the right edge comes in again
# at the left edge. With two pixels this happens to 33 of the 2000 test images, and with
# four pixels to 270.

test_images, test_labels = test_set.tensors
test_images, test_labels = test_images[:2000], test_labels[:2000]


@torch.no_grad()
def accuracy(net, shift):
    """The accuracy on test images that are moved by some pixels."""
    moved = test_images.roll(shift, dims=3)
    right = net(moved).argmax(dim=1) == test_labels
    return right.float().mean().item()


# %%
# Each way of halving gets three learning rates, with three seeds each. The numbers are
# means over the seeds. A column is a number of pixels.

rates = [0.01, 0.02, 0.04]
runs = {}  # [seeds, shifts] each
print("moved by               0     1     2     3     4 pixels")
#: moved by               0     1     2     3     4 pixels
for name, down in ways.items():
    for lr in rates:
        found = []
        for seed in range(opt.seeds):
            net = train(down, lr, seed)
            found.append([accuracy(net, shift) for shift in range(5)])
        runs[name, lr] = torch.tensor(found)
        means = runs[name, lr].mean(dim=0).tolist()
        print(f"{name:12}  {lr:.2f}", " ".join([f"{a:5.3f}" for a in means]))
#: max           0.01 0.958 0.942 0.873 0.694 0.514
#: max           0.02 0.956 0.949 0.885 0.729 0.554
#: max           0.04 0.953 0.942 0.879 0.725 0.532
#: average       0.01 0.948 0.933 0.851 0.663 0.485
#: average       0.02 0.958 0.942 0.860 0.694 0.512
#: average       0.04 0.960 0.944 0.874 0.712 0.536
#: every second  0.01 0.931 0.911 0.777 0.612 0.443
#: every second  0.02 0.934 0.916 0.794 0.629 0.470
#: every second  0.04 0.933 0.912 0.803 0.633 0.463

# %%
# The best rate of each way has the highest accuracy on images that are not moved. The
# ways are compared at their best rates. The cost of a shift is the accuracy that is
# lost.

best, cost = {}, {}  # best: [seeds, shifts] each
for name in ways:
    best[name] = runs[name, rates[0]]
    for lr in rates:
        if runs[name, lr][:, 0].mean() > best[name][:, 0].mean():
            best[name] = runs[name, lr]
    cost[name] = (best[name][:, 0] - best[name][:, 2]).mean().item()
for name in "max", "average":
    less = cost[name] < cost["every second"]
    print(f"two pixels cost less with {name} than with every second: {less}")
#: two pixels cost less with max than with every second: True
#: two pixels cost less with average than with every second: True

# %%
# At the rate 0.02, a shift by two pixels costs 0.07 of the accuracy with max pooling,
# and 0.10 with average pooling. It costs 0.14 if only every second pixel is used. At
# each other rate it costs less with pooling, too. The rate 0.08 was tried, and is worse
# for each way.
#
# Pooling uses all pixels of a window, so its output changes less. Four pixels are too
# much for all three networks, because the linear layer at the end has other weights for
# each place. Lesson 44 shows shifted images to a network in training.

# %%
# Drawn: the best rate of each way, as the mean of the seeds and their range.

plt.figure()
for name, accuracies in best.items():
    plt.plot(accuracies.mean(dim=0), marker="o", label=name)
    plt.fill_between(
        range(5), accuracies.amin(dim=0), accuracies.amax(dim=0), alpha=0.2
    )
plt.xticks(range(5))
plt.xlabel("shift of the test images in pixels")
plt.ylabel("accuracy, mean and range of the seeds")
plt.legend()
show("shift_tolerance")

# %%
# Try it
# ------
# ``python check.py 39`` checks the function that is named here.
#
# - Predict the output's size of ``nn.MaxPool2d(3, stride=2, padding=1)`` for 28 pixels.
# - Change the second ``down`` to ``nn.MaxPool2d(4)``, and ``16 * 7 * 7`` to
#   ``16 * 3 * 3``. How much does a shift cost then? Then correct the given
#   ``block_maxima``, which takes the wrong pixels for a block.
# - Build global pooling: the mean of each map, [b, 16, 7, 7] => [b, 16], and a linear
#   layer on it. What does a shift cost now, and what does the pooling cost?
