"""
Lesson 41: classic networks (经典神经网络)
==========================================

LeNet-5, AlexNet, VGG and GoogLeNet became deeper from one to the next, and then smaller
again. This lesson counts their parameters and operations without any download.

:Notes: 经典神经网络
:Needs: lessons 37 to 39
:Run: ``python lessons/lesson41_classic_networks.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from utils import evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(
    epochs=2,
    batch_size=100,
    momentum=0.9,
    images=30000,
    quick={"images": 500},
)
torch.manual_seed(opt.seed)

# %%
# LeNet-5 (1998)
# --------------
# LeNet-5 was made to read digits. It has two rounds of convolution and pooling, and
# then three linear layers.
#
# This is a simplified form. It has ReLU instead of a scaled tanh, and plain pooling
# instead of pooling with learned factors. It has cross entropy instead of the distance
# to a drawn picture of each character. Its second convolution uses all six maps.


def lenet():
    return nn.Sequential(
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


# %%
# Most of the parameters are in the linear layers:


def parameter_count(net):
    return sum(p.numel() for p in net.parameters())


for layer in lenet():
    if isinstance(layer, (nn.Conv2d, nn.Linear)):
        print(f"{layer}: {parameter_count(layer)} parameters")
#: Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2)): 156 parameters
#: Conv2d(6, 16, kernel_size=(5, 5), stride=(1, 1)): 2416 parameters
#: Linear(in_features=400, out_features=120, bias=True): 48120 parameters
#: Linear(in_features=120, out_features=84, bias=True): 10164 parameters
#: Linear(in_features=84, out_features=10, bias=True): 850 parameters
print(f"LeNet-5: {parameter_count(lenet())} parameters")
#: LeNet-5: 61706 parameters

# %%
# LeNet-5 is compared with an MLP (多层感知机) that has about as many parameters.


def mlp():
    return nn.Sequential(
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, 77),
        nn.ReLU(),
        nn.Linear(77, 10),  # => [b, 10]
    ).to(opt.device)


print(f"MLP: {parameter_count(mlp())} parameters")
#: MLP: 61225 parameters

# %%
# Both are trained on a part of the data.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
images, labels = images[: opt.images], labels[: opt.images]
test_loader = [test_set.tensors]  # one batch of all


def train(net, lr):
    """The loss of each step."""
    optimizer = optim.SGD(net.parameters(), lr=lr, momentum=opt.momentum)
    losses = []
    for _ in range(opt.epochs):
        for i in torch.randperm(len(images)).split(opt.batch_size):
            loss = F.cross_entropy(net(images[i]), labels[i])
            losses.append(stop_if_not_finite(loss))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses


# %%
# Each network has three learning rates.

losses, accuracies = {}, {}
for lr in 0.02, 0.05, 0.1:
    for name, network in {"LeNet-5": lenet, "MLP": mlp}.items():
        torch.manual_seed(opt.seed)
        net = network()
        losses[f"{name}, lr {lr}"] = train(net, lr)
        accuracies[name, lr] = evaluate(net, test_loader)[1]
        print(f"{name}, lr {lr}: test accuracy {accuracies[name, lr]:.3f}")
#: LeNet-5, lr 0.02: test accuracy 0.975
#: MLP, lr 0.02: test accuracy 0.956
#: LeNet-5, lr 0.05: test accuracy 0.974
#: MLP, lr 0.05: test accuracy 0.960
#: LeNet-5, lr 0.1: test accuracy 0.975
#: MLP, lr 0.1: test accuracy 0.949

# %%
# At its best rate, LeNet-5 makes about 25 mistakes in 1000 images. The MLP makes about
# 40. The rates 0.01 and 0.2 were tried, too. Both are worse for both networks.

# %%
# Drawn: the training loss, as the mean of 20 steps.

plt.figure()
for name, values in losses.items():
    width = min(20, len(values))
    plt.semilogy(torch.tensor(values).unfold(0, width, 1).mean(dim=1), label=name)
plt.xlabel("step")
plt.ylabel("training loss")
plt.legend()
show("lenet_and_mlp")

# %%
# AlexNet, VGG and GoogLeNet
# --------------------------
# AlexNet (2012) is LeNet's plan for colour photographs, with ReLU and dropout. VGG
# (2014) has convolutions of 3×3 only. Two of them have the receptive field of one 5×5,
# with 18 weights instead of 25, and with a ReLU between them.
#
# A tensor on the device "meta" (lesson 6) has a shape and no numbers. So even a network
# of half a gigabyte is made at once, and nothing is computed.

with torch.device("meta"):
    nets = {
        "AlexNet": models.alexnet(),
        "VGG-16": models.vgg16(),
        "GoogLeNet": models.googlenet(init_weights=False),
    }


# %%
# The layers are counted by their class.


def layers_of(net, kind):
    return [layer for layer in net.modules() if isinstance(layer, kind)]


shares = {}
for name, net in nets.items():
    convolutions, linear = layers_of(net, nn.Conv2d), layers_of(net, nn.Linear)
    counts = [parameter_count(layer) for layer in linear]
    shares[name] = sum(counts) / parameter_count(net)
    print(f"{name}: {len(convolutions)} convolutions, {len(linear)} linear layers")
    print(f"  {parameter_count(net)} parameters, {shares[name]:.0%} in linear layers")
    print(f"  the largest linear layer: {max(counts)}")
#: AlexNet: 5 convolutions, 3 linear layers
#:   61100840 parameters, 96% in linear layers
#:   the largest linear layer: 37752832
#: VGG-16: 13 convolutions, 3 linear layers
#:   138357544 parameters, 89% in linear layers
#:   the largest linear layer: 102764544
#: GoogLeNet: 59 convolutions, 5 linear layers
#:   13004888 parameters, 56% in linear layers
#:   the largest linear layer: 2098176

# %%
# The largest layer of VGG-16 has most of the parameters of the network. Its input is
# 512 maps of 7×7. GoogLeNet (2014) takes the mean of each map instead, so it needs no
# such layer. Four of its five linear layers belong to side outputs, which only its
# training uses. The last table counts GoogLeNet without the side outputs.

# %%
# A 1×1 convolution
# -----------------
# A 1×1 convolution (1×1卷积) uses no neighbours. It mixes the channels of each pixel,
# as a linear layer would. GoogLeNet uses it to make 16 channels of 192 in front of a
# convolution of 5×5. This saves nine tenths of the weights. It saves as much work,
# since each weight is used once a pixel.


def narrowed(c, c_out, k):
    """[b, 192, h, w] => [b, c, h, w] => [b, c_out, h, w]"""
    return nn.Sequential(
        nn.Conv2d(192, c, 1), nn.ReLU(), nn.Conv2d(c, c_out, k, padding=k // 2)
    )


direct = nn.Conv2d(192, 32, 5, padding=2)
print("direct:  ", parameter_count(direct), "parameters")
#: direct:   153632 parameters
print("narrowed:", parameter_count(narrowed(16, 32, 5)), "parameters")
#: narrowed: 15920 parameters

# %%
# The linear layer on the channels gives the same numbers:

one_by_one = nn.Conv2d(192, 16, 1)
x = torch.rand(1, 192, 28, 28)
pixels = x.movedim(1, 3)  # [b, c, h, w] => [b, h, w, c]
mixed = F.linear(pixels, one_by_one.weight.view(16, 192), one_by_one.bias)
mixed = mixed.movedim(3, 1)  # [b, h, w, c] => [b, c, h, w]
same_as_linear = torch.allclose(one_by_one(x), mixed, atol=1e-5)
print("1×1 convolution equals a linear layer:", same_as_linear)
#: 1×1 convolution equals a linear layer: True

# %%
# An inception block
# ------------------
# GoogLeNet does not choose one size of kernel. Its inception block (Inception模块) has
# four branches with the same input, and their maps are joined. This is the first of its
# nine blocks.


class Inception(nn.Module):
    """[b, 192, h, w] => [b, 64 + 128 + 32 + 32, h, w]"""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(192, 64, 1)
        self.three = narrowed(96, 128, 3)
        self.five = narrowed(16, 32, 5)
        self.pool = nn.Conv2d(192, 32, 1)

    def forward(self, x):
        pooled = F.max_pool2d(x, 3, stride=1, padding=1)  # the same size
        branches = [self.one(x), self.three(x), self.five(x), self.pool(pooled)]
        return F.relu(torch.cat(branches, dim=1))


print(Inception()(x).shape)
#: torch.Size([1, 256, 28, 28])

# %%
# Counting operations
# -------------------
# A weight that is multiplied with a pixel and added to a sum costs two floating-point
# operations (浮点运算). A multiplication and an addition together are one multiply-add
# (乘加运算). torchvision counts multiply-adds and calls them GFLOPs.
# ``FlopCounterMode`` counts operations, as this project does (lesson 28).

image = torch.zeros(1, 3, 224, 224, device="meta")
alexnet = nets["AlexNet"].eval()
with FlopCounterMode(display=False) as counter:
    alexnet(image)
gflop = counter.get_total_flops() / 1e9
weights = models.AlexNet_Weights.IMAGENET1K_V1
print(f"AlexNet, counted: {gflop:.2f} billion operations")
#: AlexNet, counted: 1.43 billion operations
print(f"torchvision's number: {weights.meta['_ops']:.2f} billion multiply-adds")
#: torchvision's number: 0.71 billion multiply-adds

# %%
# Accuracy and cost
# -----------------
# torchvision keeps, for each set of weights, its accuracy on ImageNet's 1000 classes.
# This information needs no download. The operations below are torchvision's numbers
# times two.

years = {
    "alexnet": 2012,
    "vgg16": 2014,
    "googlenet": 2014,
    "resnet18": 2015,
    "resnet50": 2015,
    "densenet121": 2016,
    "mobilenet_v3_large": 2019,
    "efficientnet_b0": 2019,
    "vit_b_16": 2020,
    "convnext_tiny": 2022,
}

# %%
# The first set of weights of each network:

table = {}
for name, year in years.items():
    sets = list(models.get_model_weights(name))
    meta = sets[0].meta
    table[name] = {
        "accuracy": meta["_metrics"]["ImageNet-1K"]["acc@1"],
        "parameters": meta["num_params"] / 1e6,
        "operations": 2 * meta["_ops"],
    }
    row = f"{year} {name:18s} {table[name]['accuracy']:.1f} %"
    row += f", {table[name]['parameters']:5.1f} million parameters"
    print(f"{row}, {table[name]['operations']:5.2f} billion operations")
#: 2012 alexnet            56.5 %,  61.1 million parameters,  1.43 billion operations
#: 2014 vgg16              71.6 %, 138.4 million parameters, 30.94 billion operations
#: 2014 googlenet          69.8 %,   6.6 million parameters,  3.00 billion operations
#: 2015 resnet18           69.8 %,  11.7 million parameters,  3.63 billion operations
#: 2015 resnet50           76.1 %,  25.6 million parameters,  8.18 billion operations
#: 2016 densenet121        74.4 %,   8.0 million parameters,  5.67 billion operations
#: 2019 mobilenet_v3_large 74.0 %,   5.5 million parameters,  0.43 billion operations
#: 2019 efficientnet_b0    77.7 %,   5.3 million parameters,  0.77 billion operations
#: 2020 vit_b_16           81.1 %,  86.6 million parameters, 35.13 billion operations
#: 2022 convnext_tiny      82.5 %,  28.6 million parameters,  8.91 billion operations

# %%
# Drawn: accuracy and cost. The area of a bubble is the number of parameters. AlexNet
# and VGG-16 are large, and less accurate than most of the smaller ones.

plt.figure(figsize=(8, 5))
for name, row in table.items():
    cost, accuracy = row["operations"], row["accuracy"]
    plt.scatter(cost, accuracy, s=8 * row["parameters"], alpha=0.5)
    side, offset = ("right", -6) if name == "googlenet" else ("left", 6)
    where = {"xytext": (offset, 5), "textcoords": "offset points", "ha": side}
    plt.annotate(name, (cost, accuracy), fontsize=8, **where)
plt.xscale("log")
plt.xlim(0.2, 120)
plt.ylim(52, 86)
plt.xlabel("billion operations an image")
plt.ylabel("ImageNet top-1 accuracy (%)")
show("accuracy_and_cost")

# %%
# Try it
# ------
# ``python check.py 41`` checks the class that is named here.
#
# - Predict the parameters of LeNet's first convolution, then look at the output above.
# - Change LeNet's pooling to ``MaxPool2d``, or its ReLU to tanh. Does one of them gain
#   at all three rates, and again with ``--seed 1``? Then correct the given
#   ``Branches``, whose maps do not lie side by side.
# - Build the list of all output sizes of GoogLeNet, with hooks, on the meta device.
