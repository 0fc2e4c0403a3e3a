"""
Lesson 42: residual networks (经典神经网络: ResNet)
===================================================

A shortcut carries the input of two layers past them, and is added to their output.
Networks of twenty layers learn better with such shortcuts than without.

:Notes: 经典神经网络 (ResNet), and "Resnet" in the first section
:Needs: lessons 20, 38, 40 and 41
:Run: ``python lessons/lesson42_resnet.py``
"""

import math

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(
    epochs=2,
    batch_size=40,
    images=4000,
    seeds=3,
    quick={"images": 200, "seeds": 1},
)
torch.manual_seed(opt.seed)

# %%
# The block
# ---------
# Two convolutions compute a change F(x). A residual block (残差块) gives ReLU(F(x) +
# x). The derivative of F(x) + x is F'(x) + 1. Because of the 1 the gradient passes,
# even where F'(x) is small (lesson 20).
#
# Some blocks halve the maps and double the channels. There x has the wrong shape to be
# added. A 1×1 convolution with stride 2 gives it the right shape. It is called a
# projection (投影).


def two_convolutions(c_in, c, norm):
    """The change F(x): [b, c_in, h, w] => [b, c, h, w], or h/2 and w/2."""
    stride = 1 if c_in == c else 2
    return nn.Sequential(
        nn.Conv2d(c_in, c, 3, stride, padding=1),
        nn.BatchNorm2d(c) if norm else nn.Identity(),
        nn.ReLU(),
        nn.Conv2d(c, c, 3, padding=1),
        nn.BatchNorm2d(c) if norm else nn.Identity(),
    )


def projection(c_in, c, norm):
    """[b, c_in, h, w] => [b, c, h/2, w/2]"""
    new_norm = nn.BatchNorm2d(c) if norm else nn.Identity()
    return nn.Sequential(nn.Conv2d(c_in, c, 1, stride=2), new_norm)


# %%
# The same class serves as a plain block: its ``forward`` then leaves the shortcut out.
# In a residual block the ReLU stands after the sum, where it is easily forgotten.


class Block(nn.Module):
    def __init__(self, c_in, c, residual=True, norm=True):
        super().__init__()
        self.residual = residual
        self.change = two_convolutions(c_in, c, norm)
        self.shortcut = nn.Identity() if c_in == c else projection(c_in, c, norm)

    def forward(self, x):
        out = self.change(x)
        if self.residual:
            shortcut = self.shortcut(x)
            assert shortcut.shape == out.shape
            out = out + shortcut
        return F.relu(out)


# %%
# Both kinds of shortcut:

x = torch.randn(2, 16, 8, 8)
print("identity shortcut:", Block(16, 16)(x).shape)
#: identity shortcut: torch.Size([2, 16, 8, 8])
print("projection:", Block(16, 32)(x).shape)
#: projection: torch.Size([2, 32, 4, 4])

# %%
# A shortcut of the wrong shape
# -----------------------------
# The assertion has a reason. Usually a wrong shortcut ends with an error. But
# broadcasting (lesson 10) repeats every dimension of size 1. Then the sum has a wrong
# shape and nobody is told.


def add(shortcut, change):
    try:
        print((torch.zeros(shortcut) + torch.zeros(change)).shape)
    except RuntimeError as error:
        print(str(error).partition(" at")[0])


add([2, 16, 8, 8], [2, 16, 4, 4])  # the stride is missing: an error
#: The size of tensor a (8) must match the size of tensor b (4)
add([2, 16, 2, 2], [2, 16, 1, 1])  # the stride is missing, on maps of one pixel
#: torch.Size([2, 16, 2, 2])
add([2, 1, 8, 8], [2, 16, 8, 8])  # the projection is missing, on a grey image
#: torch.Size([2, 16, 8, 8])

# %%
# Twenty layers
# -------------
# The network has one convolution, nine blocks of two convolutions each, and a linear
# layer. It is plain or residual, without or with batch norm (lesson 40). In a plain
# network the projections are not used. So all kinds start with the same convolutions.

channels = [8, 8, 8, 8, 16, 16, 16, 32, 32, 32]


def network(residual, norm):
    """[b, 1, 28, 28] => [b, 10]"""
    layers = [nn.Conv2d(1, 8, 5, stride=4, padding=2), nn.ReLU()]  # => [b, 8, 7, 7]
    for i in range(1, len(channels)):
        layers.append(Block(channels[i - 1], channels[i], residual, norm))
    layers.append(nn.Flatten())  # [b, 32, 2, 2] => [b, 128]
    layers.append(nn.Linear(4 * channels[-1], 10))  # [b, 128] => [b, 10]
    return nn.Sequential(*layers).to(opt.device)


# %%
# The four kinds:

kinds = {
    "plain": {"residual": False, "norm": False},
    "residual": {"residual": True, "norm": False},
    "plain, norm": {"residual": False, "norm": True},
    "residual, norm": {"residual": True, "norm": True},
}

# %%
# The gradient by depth
# ---------------------
# The table compares the gradients of the first and the last convolution, for 100 images
# and before any training.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
images, labels = images[: opt.images], labels[: opt.images]


def gradient_norms(net):
    """The norm of the gradient of each 3×3 and 5×5 convolution's weight."""
    F.cross_entropy(net(images[:100]), labels[:100]).backward()
    norms = []
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d) and layer.kernel_size != (1, 1):
            norms.append(torch.linalg.vector_norm(layer.weight.grad).item())
    return norms


# %%
# One network of each kind:

gradients = {}
for name, kind in kinds.items():
    torch.manual_seed(opt.seed)
    net = network(kind["residual"], kind["norm"])
    gradients[name] = gradient_norms(net)
    ratio = gradients[name][0] / gradients[name][-1]
    print(f"{name:14s} first convolution / last: {ratio:.1e}")
#: plain          first convolution / last: 5.8e-08
#: residual       first convolution / last: 1.5e+00
#: plain, norm    first convolution / last: 3.0e+00
#: residual, norm first convolution / last: 2.0e+00

# %%
# In the plain network, the gradient of the first convolution is more than a million
# times smaller than the gradient of the last one. With shortcuts the two are about
# equal, and so they are with batch norm.

# %%
# Drawn: the gradient of each convolution.

plt.figure()
for name, values in gradients.items():
    plt.semilogy(range(1, len(values) + 1), values, marker="o", label=name)
plt.xticks(range(1, len(values) + 1, 2))
plt.xlabel("convolution, from the image on")
plt.ylabel("norm of the weight's gradient at the start")
plt.legend()
show("gradients")

# %%
# Training
# --------
# All kinds are trained with Adam and ``OneCycleLR`` (lesson 38).


def train(net, lr):
    """The loss at each step."""
    optimizer = optim.Adam(net.parameters())
    steps = opt.epochs * math.ceil(len(images) / opt.batch_size)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    losses = []
    for _ in range(opt.epochs):
        for i in torch.randperm(len(images)).split(opt.batch_size):
            loss = F.cross_entropy(net(images[i]), labels[i])
            losses.append(stop_if_not_finite(loss))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
    return losses


# %%
# A run is judged by 4000 test images.

test_loader = [(test_set.tensors[0][:4000], test_set.tensors[1][:4000])]


def run(name, lr, seed):
    torch.manual_seed(opt.seed + seed)
    net = network(kinds[name]["residual"], kinds[name]["norm"])
    losses = train(net, lr)
    return {"losses": losses, "accuracy": evaluate(net, test_loader)[1]}


# %%
# Each kind tries four learning rates with the first seed. The rate whose training loss
# is lowest over the last 20 steps gets three seeds.

rates = [0.001, 0.003, 0.01, 0.03]
best_lr = {}
print("loss of the last 20 steps at", rates)
#: loss of the last 20 steps at [0.001, 0.003, 0.01, 0.03]
for name in kinds:
    last = []
    for lr in rates:
        losses = run(name, lr, 0)["losses"][-20:]
        last.append(sum(losses) / len(losses))
    best_lr[name] = rates[last.index(min(last))]
    print(f"{name:14s}", " ".join([f"{loss:.2f}" for loss in last]))
#: plain          2.30 2.30 2.30 2.30
#: residual       0.42 0.25 0.21 0.31
#: plain, norm    1.08 0.60 0.68 0.96
#: residual, norm 0.53 0.30 0.22 0.26

# %%
# Test accuracies, a column a seed:

losses, accuracies = {}, {}
for name in kinds:
    runs = [run(name, best_lr[name], seed) for seed in range(opt.seeds)]
    losses[name] = torch.tensor([r["losses"] for r in runs]).mean(dim=0)
    accuracies[name] = [r["accuracy"] for r in runs]
    each = " ".join([f"{a:.3f}" for a in accuracies[name]])
    print(f"{name:14s} lr {best_lr[name]:5.3f}: {each}")
#: plain          lr 0.001: 0.113 0.103 0.113
#: residual       lr 0.010: 0.909 0.904 0.916
#: plain, norm    lr 0.003: 0.768 0.715 0.724
#: residual, norm lr 0.010: 0.906 0.900 0.911

# %%
# Without norm the plain network only guesses, with all three seeds. Its loss stays at
# ln 10 = 2.30 at all four rates. With norm its gradient is sound, and it learns, but
# after these 200 steps it is far behind the residual network. So the gradient is not
# the whole reason. He et al. (2015) compared plain networks with norm. The one with 56
# layers had a larger training error than the one with 20. They called this degradation
# (退化). With shortcuts the network learns even without norm, and as well as with it.
#
# He et al. (2016) put norm and ReLU in front of each convolution instead. Then nothing
# stands in the path of the shortcuts, not even the ReLU after the sum.

# %%
# Drawn: the training loss, as the mean of ten steps and of the seeds.

plt.figure()
for name, values in losses.items():
    width = min(10, len(values))
    plt.plot(values.unfold(0, width, 1).mean(dim=1), label=name)
plt.xlabel("step")
plt.ylabel("training loss")
plt.legend()
show("loss")

# %%
# Try it
# ------
# ``python check.py 42`` checks the class that is named here.
#
# - Predict how many parameters a projection from 16 to 32 channels has, with its norm.
# - Change ``channels`` to ``[8, 8, 16, 16, 32]``, which is four blocks. Is the plain
#   network with norm still worse?
# - Build ``PreBlock``, the block of He et al. (2016), which has no ReLU behind the sum.
