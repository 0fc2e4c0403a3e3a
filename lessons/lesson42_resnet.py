"""
Lesson 42: residual networks (经典神经网络: ResNet)
===================================================

A shortcut carries the input past two layers, and is added to what they make of it. Then
twenty layers learn, where twenty plain ones fall behind.

:Notes: 经典神经网络 (ResNet), and "Resnet" in the first section
:Needs: lessons 38, 40 and 41
:Run: ``python lessons/lesson42_resnet.py``
"""

from itertools import pairwise

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from utils import batches, evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(epochs=2, batch_size=80, lr=0.006, images=4000, seeds=3)
torch.manual_seed(opt.seed)

# %%
# The block
# ---------
# The two convolutions compute a change F(x), and the block gives ReLU(F(x) + x). The
# derivative of F(x) + x is F'(x) + 1: by the 1 the gradient passes, however small F' is
# (lesson 20). Where a block halves the maps and doubles the channels, x has the wrong
# shape; a 1×1 convolution with the same stride then projects it.


class Block(nn.Module):
    def __init__(self, c_in, c, residual=True, norm=True, last_relu=True):
        super().__init__()
        new_norm = nn.BatchNorm2d if norm else nn.Identity
        stride = 1 if c_in == c else 2
        self.body = nn.Sequential(
            *[nn.Conv2d(c_in, c, 3, stride, padding=1), new_norm(c), nn.ReLU()],
            *[nn.Conv2d(c, c, 3, padding=1), new_norm(c)],
        )
        self.shortcut = nn.Identity()
        if c_in != c:
            self.shortcut = nn.Sequential(nn.Conv2d(c_in, c, 1, stride), new_norm(c))
        self.residual, self.last_relu = residual, last_relu

    def forward(self, x):
        out = self.body(x)
        if self.residual:
            shortcut = self.shortcut(x)
            assert shortcut.shape == out.shape
            out = out + shortcut
        return F.relu(out) if self.last_relu else out


x = torch.randn(2, 16, 8, 8)
print(Block(16, 16)(x).shape)  # identity shortcut
#: torch.Size([2, 16, 8, 8])
print(Block(16, 32)(x).shape)  # projection shortcut, stride 2
#: torch.Size([2, 32, 4, 4])

# %%
# A shortcut of the wrong shape
# -----------------------------
# Why the assertion? Broadcasting (lesson 10) repeats whatever has size 1. A shortcut
# without its stride usually ends with an error. On maps that shrink to a single pixel,
# or with an image of one channel, it adds in silence, and the result is no residual.

for shortcut, body in [
    ([2, 16, 8, 8], [2, 16, 4, 4]),  # the stride is missing
    ([2, 16, 2, 2], [2, 16, 1, 1]),  # the same, on the smallest maps
    ([2, 1, 8, 8], [2, 16, 8, 8]),  # the projection is missing, on a grey image
]:
    try:
        print((torch.zeros(shortcut) + torch.zeros(body)).shape)
    except RuntimeError as error:
        print(str(error).partition(" at")[0])
#: The size of tensor a (8) must match the size of tensor b (4)
#: torch.Size([2, 16, 2, 2])
#: torch.Size([2, 16, 8, 8])

# %%
# Twenty layers
# -------------
# A convolution, nine blocks of two, a linear layer; plain or residual, without or with
# batch normalisation (lesson 40). In a plain network the shortcuts are idle, so that
# both have the same parameters and the same start.


def network(**kind):
    channels = [8, 8, 8, 8, 16, 16, 16, 32, 32, 32]
    blocks = [Block(*pair, **kind) for pair in pairwise(channels)]
    return nn.Sequential(
        *[nn.Conv2d(1, 8, 5, stride=4, padding=2), nn.ReLU()],  # => [b, 8, 7, 7]
        *blocks,  # => [b, 32, 2, 2]
        *[nn.Flatten(), nn.Linear(128, 10)],  # => [b, 128] => [b, 10]
    ).to(opt.device)


kinds = {
    "plain": {"residual": False, "norm": False},
    "residual": {"residual": True, "norm": False},
    "plain, norm": {"residual": False, "norm": True},
    "residual, norm": {"residual": True, "norm": True},
    "residual, norm, no ReLU": {"residual": True, "norm": True, "last_relu": False},
}

# %%
# The gradient by depth
# ---------------------
# The length of each convolution's gradient, for 100 images and before any training. A
# plain network loses a factor of ten millions on the way back to the image. The
# shortcuts keep it, and so does batch normalisation.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
part = TensorDataset(*[t[: opt.images] for t in train_set.tensors])
train_loader = batches(part, opt.batch_size, shuffle=True)
part = TensorDataset(*[t[: opt.images] for t in test_set.tensors])
test_loader = batches(part, batch_size=1000)

gradients = {}
for name in list(kinds)[:4]:
    torch.manual_seed(opt.seed)
    net = network(**kinds[name])
    x, y = (t[:100] for t in train_set.tensors)
    F.cross_entropy(net(x), y).backward()
    weights = [p for n, p in net.named_parameters() if p.dim() == 4 and "cut" not in n]
    gradients[name] = [p.grad.norm().item() for p in weights]
    ratio = gradients[name][0] / gradients[name][-1]
    print(f"{name:14s} first convolution / last: {ratio:.1e}")
#: plain          first convolution / last: 8.4e-08
#: residual       first convolution / last: 8.4e-01
#: plain, norm    first convolution / last: 4.2e+00
#: residual, norm first convolution / last: 2.0e+00

# %%

plt.figure()
for name, values in gradients.items():
    plt.semilogy(range(1, 20), values, marker="o", label=name)
plt.xticks(range(1, 20))
plt.xlabel("convolution, from the image on")
plt.ylabel("norm of the weight's gradient at the start")
plt.legend()
show("gradients")

# %%
# Training
# --------
# Each kind with norm has three seeds. The fifth is without the ReLU behind the sum,
# which is easily forgotten: the last convolution of a block and the first of the next
# then have nothing but the sum between them.


def train(net):
    """Train the network; returns its loss at each step and its test accuracy."""
    optimizer = optim.Adam(net.parameters())
    steps = opt.epochs * len(train_loader)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, opt.lr, total_steps=steps)
    losses = []
    for _ in range(opt.epochs):
        for x, y in train_loader:
            loss = F.cross_entropy(net(x), y)
            losses.append(stop_if_not_finite(loss))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
    return losses, evaluate(net, test_loader)[1]


losses, accuracies = {}, {}
for name, kind in kinds.items():
    runs = []
    for seed in range(opt.seed, opt.seed + (opt.seeds if kind["norm"] else 1)):
        torch.manual_seed(seed)
        runs.append(train(network(**kind)))
    losses[name] = torch.tensor([run[0] for run in runs]).mean(dim=0)
    accuracies[name] = [run[1] for run in runs]
    reached = [f"{a:.3f}" if a > 0.83 else "< 0.83" for a in accuracies[name]]
    print(f"{name:23s}", *reached)
#: plain                   < 0.83
#: residual                0.881
#: plain, norm             < 0.83 < 0.83 < 0.83
#: residual, norm          0.870 0.880 0.884
#: residual, norm, no ReLU 0.903 0.898 0.914

# %%
# Without norm the plain network does not learn at all. With it the gradient is sound,
# and still it falls behind: it is not the gradient alone. (He et al., 2015, saw this
# with 20 and 56 layers, and called it degradation.) With shortcuts both learn. The
# forgotten ReLU does no harm here: He et al. (2016) advise to leave the way of the
# shortcuts free, and to put norm and ReLU in front of each convolution instead.

plt.figure()
for name, values in losses.items():
    plt.plot(values.unfold(0, min(5, len(values)), 1).mean(dim=1), label=name)
plt.xlabel("step")
plt.ylabel("training loss, mean of 5 steps and of the seeds")
plt.legend()
show("loss")

# %%
# Try it
# ------
# - Predict the parameters that a projection from 16 to 32 channels adds, with its norm.
# - Change ``channels`` to four blocks. Does the plain network with norm still fall
#   behind?
# - Build the block of the second paper: norm, ReLU, convolution, twice, then the sum.
