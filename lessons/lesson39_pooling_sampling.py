"""
Lesson 39: pooling and sampling (池化层和采样)
==============================================

Maps are made smaller, so that later layers see more of the image and cost less, or
larger again. What is kept of four pixels, and what of a shift by one?

:Notes: 池化层和采样
:Needs: lessons 37 and 38
:Run: ``python lessons/lesson39_pooling_sampling.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from utils import batches, mnist, settings, show, stop_if_not_finite

opt = settings(epochs=3, batch_size=50, lr=0.003, images=4000, seeds=3)
torch.manual_seed(opt.seed)

# %%
# Pooling
# -------
# A window moves over each channel for itself. Max pooling keeps its largest value,
# average pooling its mean; there is nothing to learn. The default stride is the
# window's size, so that windows do not overlap.

x = torch.tensor([[1.0, 2, 0, 0], [3, 8, 0, 4], [0, 0, 5, 5], [0, 0, 5, 5]])
x = x.view(1, 1, 4, 4)
print(F.max_pool2d(x, 2)[0, 0])  # [1, 1, 4, 4] => [1, 1, 2, 2]
#: tensor([[8., 4.],
#:         [0., 5.]])
print(F.avg_pool2d(x, 2)[0, 0])
#: tensor([[3.5000, 1.0000],
#:         [0.0000, 5.0000]])

# %%
# By hand: ``unfold`` along the height, then along the width, lays out all windows.


def windows(x, k, s):
    """[b, c, h, w] => [b, c, out_h, out_w, k, k]"""
    return x.unfold(2, k, s).unfold(3, k, s)


x = torch.randn(2, 3, 28, 28)
equal = []
for k, s in (2, 2), (3, 2), (3, 1), (7, 7):
    largest, mean = windows(x, k, s).amax((4, 5)), windows(x, k, s).mean((4, 5))
    equal.append(torch.equal(largest, F.max_pool2d(x, k, s)))
    equal.append(torch.allclose(mean, F.avg_pool2d(x, k, s), atol=1e-6))
print(equal)
#: [True, True, True, True, True, True, True, True]

# %%
# Sizes follow the formula of lesson 37. Padding adds minus infinity for max pooling,
# which never wins, and zeros for average pooling, which count unless told not to.
# Backwards, the maximum hands the whole gradient to the pixel that won, the mean gives
# each an equal share.

x = -torch.ones(1, 1, 2, 2)
print(F.max_pool2d(x, 2, padding=1).flatten(), F.avg_pool2d(x, 2, padding=1).flatten())
#: tensor([-1., -1., -1., -1.]) tensor([-0.2500, -0.2500, -0.2500, -0.2500])
x = torch.tensor([[1.0, 2], [3, 8]]).view(1, 1, 2, 2).requires_grad_()
for pool in F.max_pool2d, F.avg_pool2d:
    (gradient,) = torch.autograd.grad(pool(x, 2).sum(), x)
    print(gradient.flatten())
#: tensor([0., 0., 0., 1.])
#: tensor([0.2500, 0.2500, 0.2500, 0.2500])

# %%
# ReLU on a map
# -------------
# A kernel answers with both signs; the ReLU keeps its pattern and drops the opposite.
# It may change places with max pooling, since both keep the order of numbers, and has
# then a quarter of the work.

digit = mnist(opt.data, quick=True)[0].tensors[0][:1]  # [1, 1, 28, 28]
digit = digit - digit.min()  # the background is 0
kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
edges = F.conv2d(digit, kernel[None, None], padding=1)
pooled = F.max_pool2d(F.relu(edges), 2)
equal.append(torch.equal(F.relu(F.max_pool2d(edges, 2)), pooled))
print(equal[-1])
#: True

# %%
# Down and up
# -----------
# Up-sampling has to invent. ``nearest`` repeats each pixel, ``bilinear`` weighs the
# four nearest, ``bicubic`` sixteen, and may go beyond the range of the values.

small = F.interpolate(digit, size=(7, 7), mode="area")  # means, as in average pooling
repeated = small.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
equal.append(torch.allclose(small, F.avg_pool2d(digit, 4), atol=1e-6))
equal.append(torch.equal(F.interpolate(small, (28, 28), mode="nearest"), repeated))
print(equal[-2:])
#: [True, True]

pictures = {"digit": digit, "edges": edges, "ReLU": F.relu(edges)}
pictures |= {"ReLU, max pooling": pooled, "area, 28 to 7": small}
for mode in "nearest", "bilinear", "bicubic":
    pictures[f"{mode}, 7 to 28"] = F.interpolate(small, scale_factor=4, mode=mode)
    print(f"smallest pixel, {mode}: {pictures[f'{mode}, 7 to 28'].min():.1f}")
#: smallest pixel, nearest: 0.0
#: smallest pixel, bilinear: 0.0
#: smallest pixel, bicubic: -0.4

# %%
# Above: edges, their ReLU, and the maximum of each four. Below: down to 49 pixels, and
# up again. What is gone stays gone, however smooth the picture.

figure, axes = plt.subplots(2, 4, figsize=(9, 4.8))
for ax, (name, picture) in zip(axes.flat, pictures.items(), strict=True):
    limit = picture.abs().max().item()
    low, cmap = (-limit, "RdBu_r") if name == "edges" else (None, "gray")
    ax.imshow(picture[0, 0].numpy(), vmin=low, vmax=limit, cmap=cmap)
    ax.set_title(name)
    ax.axis("off")
show("pooling_interpolation")

# %%
# Taking every second pixel is the cheapest way down, and what a stride of 2 does. It
# can miss: of stripes it sees either all or nothing, and a shift by one decides.

stripes = torch.tensor([0.0, 1] * 4).repeat(8, 1)[None, None]  # [1, 1, 8, 8]
for x in stripes, stripes.roll(1, dims=3):
    print(x[..., ::2, ::2].mean(), F.avg_pool2d(x, 2).mean(), F.max_pool2d(x, 2).mean())
#: tensor(0.) tensor(0.5000) tensor(1.)
#: tensor(1.) tensor(0.5000) tensor(1.)

# %%
# How much of a shift is forgiven?
# --------------------------------
# Three networks that differ in how they halve their maps, each trained three times.
# Then the test digits, which have an empty rim, are moved to the right.


def cnn(down):
    return nn.Sequential(
        *[nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), down],  # => [b, 8, 14, 14]
        *[nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), down],  # => [b, 16, 7, 7]
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 10),
    ).to(opt.device)


train_set, test_set = mnist(opt.data, opt.device, opt.quick)
part = TensorDataset(*[t[: opt.images] for t in train_set.tensors])
train_loader = batches(part, opt.batch_size, shuffle=True)


def train(net):
    optimizer = optim.Adam(net.parameters(), lr=opt.lr)
    for _ in range(opt.epochs):
        for x, y in train_loader:
            loss = F.cross_entropy(net(x), y)
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def shifted_accuracies(net):
    """Accuracy on 1000 test images moved by 0 to 4 pixels."""
    x, y = (t[:1000] for t in test_set.tensors)
    moved = [x.roll(shift, dims=3) for shift in range(5)]
    return [(net(x).argmax(dim=1) == y).double().mean().item() for x in moved]


ways = {"max": nn.MaxPool2d(2), "average": nn.AvgPool2d(2)}
ways["every second"] = nn.MaxPool2d(1, stride=2)
runs = {}  # [seeds, shifts] each
print("accuracy, mean of the seeds     moved by 0      1      2      3      4")
#: accuracy, mean of the seeds     moved by 0      1      2      3      4
seeds = range(opt.seed, opt.seed + (1 if opt.quick else opt.seeds))
for name, down in ways.items():
    runs[name] = []
    for seed in seeds:
        torch.manual_seed(seed)
        net = cnn(down)
        train(net)
        runs[name].append(shifted_accuracies(net))
    runs[name] = torch.tensor(runs[name])
    means = "".join(f"{a:7.3f}" for a in runs[name].mean(dim=0).tolist())
    print(f"{name:37s}{means}")
#: max                                    0.951  0.939  0.874  0.707  0.507
#: average                                0.937  0.921  0.850  0.663  0.460
#: every second                           0.929  0.906  0.766  0.588  0.409

# %%
# One pixel is forgiven. A second costs half as much where all pixels have a say in the
# smaller map. Four are too much for all: the linear layer at the end knows each place
# by itself. What they did not meet in training they do not know (lesson 44).

plt.figure()
for name, accuracies in runs.items():
    plt.plot(accuracies.mean(dim=0), marker="o", label=name)
    low, high = accuracies.aminmax(dim=0)
    plt.fill_between(range(5), low, high, alpha=0.2)
plt.xticks(range(5))
plt.xlabel("shift of the test images in pixels")
plt.ylabel("accuracy, mean and range of the seeds")
plt.legend()
show("shift_tolerance")

# %%
# Try it
# ------
# - Predict the output's size of ``nn.MaxPool2d(3, stride=2, padding=1)`` for 28 pixels.
# - Change the windows to 4 in front of the linear layer. How much is forgiven then?
# - Build global pooling: the mean of each map, [b, 16, 7, 7] => [b, 16], and a linear
#   layer on it. What does a shift change now, and what does it cost?
