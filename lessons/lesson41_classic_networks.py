"""
Lesson 41: classic networks (经典神经网络)
==========================================

LeNet-5, AlexNet, VGG and GoogLeNet: first deeper and larger, then deeper with fewer
weights. What each of them costs is counted here without a single download.

:Notes: 经典神经网络
:Needs: lessons 37 to 39
:Run: ``python lessons/lesson41_classic_networks.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torchvision import models

from utils import (
    batches,
    evaluate,
    mnist,
    plot_curve,
    settings,
    show,
    stop_if_not_finite,
)

opt = settings(epochs=2, batch_size=200, lr=0.05, momentum=0.9)
torch.manual_seed(opt.seed)

# %%
# LeNet-5 (1998)
# --------------
# Two rounds of convolution and pooling, then three linear layers, for digits. Of the
# original's details, ReLU and cross entropy stand here for a scaled tanh and a distance
# to drawn letters, and the second convolution sees all six maps.

lenet = nn.Sequential(
    nn.Conv2d(1, 6, 5, padding=2),  # [b, 1, 28, 28] => [b, 6, 28, 28]
    nn.ReLU(),
    nn.AvgPool2d(2),  # => [b, 6, 14, 14]
    nn.Conv2d(6, 16, 5),  # => [b, 16, 10, 10]
    nn.ReLU(),
    nn.AvgPool2d(2),  # => [b, 16, 5, 5]
    nn.Flatten(),  # => [b, 400]
    nn.Linear(400, 120),
    nn.ReLU(),
    nn.Linear(120, 84),
    nn.ReLU(),
    nn.Linear(84, 10),  # => [b, 10]
).to(opt.device)


def parameter_count(net):
    return sum(p.numel() for p in net.parameters())


for layer in lenet:
    if isinstance(layer, (nn.Conv2d, nn.Linear)):
        print(f"{layer}: {parameter_count(layer)} parameters")
#: Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2)): 156 parameters
#: Conv2d(6, 16, kernel_size=(5, 5), stride=(1, 1)): 2416 parameters
#: Linear(in_features=400, out_features=120, bias=True): 48120 parameters
#: Linear(in_features=120, out_features=84, bias=True): 10164 parameters
#: Linear(in_features=84, out_features=10, bias=True): 850 parameters
print(f"LeNet-5: {parameter_count(lenet)} parameters")
#: LeNet-5: 61706 parameters

# %%
# Most parameters are in the linear layers. The control is an MLP with as many.

mlp = nn.Sequential(
    nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
    nn.Linear(784, 77),
    nn.ReLU(),
    nn.Linear(77, 10),  # => [b, 10]
).to(opt.device)
print(f"MLP: {parameter_count(mlp)} parameters")
#: MLP: 61225 parameters

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)

losses, accuracies = {}, {}
for name, net in ("LeNet-5", lenet), ("MLP", mlp):
    optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)
    losses[name] = []
    for _ in range(opt.epochs):
        for x, y in train_loader:
            loss = F.cross_entropy(net(x), y)
            losses[name].append(stop_if_not_finite(loss))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    accuracies[name] = evaluate(net, test_loader)[1]
    print(f"{name}: test accuracy {accuracies[name]:.3f}")
#: LeNet-5: test accuracy 0.978
#: MLP: test accuracy 0.964
plot_curve(losses, "lenet_and_mlp", ylabel="training loss")

# %%
# AlexNet, VGG and GoogLeNet
# --------------------------
# On the meta device a tensor has a shape and no content, so that a network of half a
# gigabyte is built at once. AlexNet (2012) took LeNet's plan to colour photographs,
# with ReLU and dropout. VGG (2014) is all 3 × 3 convolutions: two of them see what one
# of 5 × 5 sees, with 18 weights instead of 25, and a ReLU in between.

shares = {}
for name in "alexnet", "vgg16", "googlenet":
    with torch.device("meta"):
        kwargs = {"init_weights": False} if name == "googlenet" else {}
        net = models.get_model(name, weights=None, **kwargs)
    convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    linear = [m for m in net.modules() if isinstance(m, nn.Linear)]
    count = sum(parameter_count(m) for m in linear)
    shares[name] = count / parameter_count(net)
    print(f"{name}: {len(convolutions)} convolutions, {len(linear)} linear layers")
    print(f"  {parameter_count(net)} parameters, {shares[name]:.0%} in linear layers")
    print(f"  the largest: {max(map(parameter_count, linear))}")
#: alexnet: 5 convolutions, 3 linear layers
#:   61100840 parameters, 96% in linear layers
#:   the largest: 37752832
#: vgg16: 13 convolutions, 3 linear layers
#:   138357544 parameters, 89% in linear layers
#:   the largest: 102764544
#: googlenet: 59 convolutions, 5 linear layers
#:   13004888 parameters, 56% in linear layers
#:   the largest: 2098176

# %%
# VGG-16's largest layer alone, on 512 maps of 7 × 7, is most of the network. GoogLeNet
# (2014) takes the mean of each map instead, and needs no such layer. (Four of its five
# linear layers belong to side outputs that only training uses.)
#
# A 1 × 1 convolution
# -------------------
# It mixes the channels of each pixel and looks at no neighbour: a linear layer on
# channels. From 192 channels down to 16 before a 5 × 5 convolution, it saves nine
# tenths of the weights, and of the work, since each weight is used once a pixel.

direct = nn.Conv2d(192, 32, 5, padding=2)
narrowed = nn.Sequential(
    nn.Conv2d(192, 16, 1), nn.ReLU(), nn.Conv2d(16, 32, 5, padding=2)
)
x = torch.rand(1, 192, 28, 28)
print(f"{parameter_count(direct)} parameters, or {parameter_count(narrowed)}")
#: 153632 parameters, or 15920
pixels = x.movedim(1, -1)  # [b, c, h, w] => [b, h, w, c]
mixed = F.linear(pixels, narrowed[0].weight.flatten(1), narrowed[0].bias)
print(torch.allclose(narrowed[0](x), mixed.movedim(-1, 1), atol=1e-5))
#: True

# %%
# An inception block
# ------------------
# GoogLeNet does not choose a kernel's size: four branches look at the same input, and
# their maps are joined. This is the first of its nine blocks.


class Inception(nn.Module):
    """Four branches, [b, 192, h, w] to [b, 64 + 128 + 32 + 32, h, w]."""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(192, 64, 1)
        self.three = nn.Sequential(
            nn.Conv2d(192, 96, 1), nn.ReLU(), nn.Conv2d(96, 128, 3, padding=1)
        )
        self.five = narrowed
        self.pool = nn.Conv2d(192, 32, 1)

    def forward(self, x):
        pooled = F.max_pool2d(x, 3, stride=1, padding=1)
        branches = self.one(x), self.three(x), self.five(x), self.pool(pooled)
        return F.relu(torch.cat(branches, dim=1))


print(Inception()(x).shape)
#: torch.Size([1, 256, 28, 28])

# %%
# Accuracy and cost
# -----------------
# torchvision keeps with each set of weights what it reaches on ImageNet's 1000 classes:
# accuracy, parameters, and billions of operations an image. Asking for that downloads
# nothing.

years = {"alexnet": 2012, "vgg16": 2014, "googlenet": 2014, "resnet18": 2015}
years |= {"resnet50": 2015, "densenet121": 2016, "mobilenet_v3_large": 2019}
years |= {"efficientnet_b0": 2019, "vit_b_16": 2020, "convnext_tiny": 2022}
table = {}
for name, year in years.items():
    meta = next(iter(models.get_model_weights(name))).meta  # the first set of weights
    top1 = meta["_metrics"]["ImageNet-1K"]["acc@1"]
    table[name] = top1, meta["num_params"] / 1e6, meta["_ops"]
    print(
        f"{year} {name:18s} {top1:.1f} %, {meta['num_params'] / 1e6:5.1f} million",
        end=", ",
    )
    print(f"{meta['_ops']:.2f} GFLOP")
#: 2012 alexnet            56.5 %,  61.1 million, 0.71 GFLOP
#: 2014 vgg16              71.6 %, 138.4 million, 15.47 GFLOP
#: 2014 googlenet          69.8 %,   6.6 million, 1.50 GFLOP
#: 2015 resnet18           69.8 %,  11.7 million, 1.81 GFLOP
#: 2015 resnet50           76.1 %,  25.6 million, 4.09 GFLOP
#: 2016 densenet121        74.4 %,   8.0 million, 2.83 GFLOP
#: 2019 mobilenet_v3_large 74.0 %,   5.5 million, 0.22 GFLOP
#: 2019 efficientnet_b0    77.7 %,   5.3 million, 0.39 GFLOP
#: 2020 vit_b_16           81.1 %,  86.6 million, 17.56 GFLOP
#: 2022 convnext_tiny      82.5 %,  28.6 million, 4.46 GFLOP

# %%
# The area of a bubble is the number of parameters. AlexNet and VGG, large and low, are
# what the later ones left behind.

plt.figure(figsize=(8, 5))
for name, (top1, millions, gflop) in table.items():
    plt.scatter(gflop, top1, s=8 * millions, alpha=0.5)
    side, offset = ("right", -6) if name == "googlenet" else ("left", 6)
    where = {"xytext": (offset, 5), "textcoords": "offset points", "ha": side}
    plt.annotate(name, (gflop, top1), fontsize=8, **where)
plt.xscale("log")
plt.xlim(0.1, 60)
plt.ylim(52, 86)
plt.xlabel("GFLOP an image")
plt.ylabel("ImageNet top-1 accuracy (%)")
show("accuracy_and_cost")

# %%
# Try it
# ------
# - Predict the parameters of LeNet's first convolution, then look at the table above.
# - Change LeNet's pooling to ``MaxPool2d``, and its ReLU to tanh. Which matters more?
# - Build the whole GoogLeNet's list of output sizes, with hooks, on the meta device.
