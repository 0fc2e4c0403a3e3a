"""
Lesson 40: batch normalisation (Batch Normalization)
====================================================

Each feature is brought to mean 0 and variance 1 over the batch, then scaled and shifted
by two numbers that are learned. A deep network that is stuck without it learns with it.

:Notes: Batch Normalization, and ``eval()`` in lesson35
:Needs: lessons 13, 29 and 38
:Run: ``python lessons/lesson40_batch_norm.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import batches, evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(epochs=2, batch_size=200)
torch.manual_seed(opt.seed)

# %%
# Four steps
# ----------
# Mean, variance, normalise, then scale by γ and shift by β, which can undo it. Running
# statistics move a tenth of the way to each training batch's. The variance over n
# normalises; the one over n - 1 is kept.


def batch_norm(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """[b, d] or [b, c, h, w]: statistics for each feature or channel."""
    dims = [0, 2, 3][: x.dim() - 1]
    shape = [1, -1, 1, 1][: x.dim()]
    mean = x.mean(dims)  # 1. => [c]
    var = x.var(dims, correction=0)  # 2. => [c]
    x = (x - mean.view(shape)) / (var.view(shape) + eps).sqrt()  # 3.
    n = x.numel() / len(mean)
    running_mean.lerp_(mean, momentum)
    running_var.lerp_(var * n / (n - 1), momentum)
    return gamma.view(shape) * x + beta.view(shape)  # 4.


# %%
# Against the library, over three batches each: outputs and running statistics.

differences = []
for layer, shape in (nn.BatchNorm1d(5), (8, 5)), (nn.BatchNorm2d(3), (8, 3, 6, 6)):
    nn.init.normal_(layer.weight)  # γ, 1 at the start
    nn.init.normal_(layer.bias)  # β, 0 at the start
    mean, var = layer.running_mean.clone(), layer.running_var.clone()
    for _ in range(3):
        x = 3 * torch.randn(shape) + 2
        out = batch_norm(x, layer.weight, layer.bias, mean, var)
        pairs = (out, layer(x)), (mean, layer.running_mean), (var, layer.running_var)
        differences += [(p - q).abs().max().item() for p, q in pairs]
print(f"{len(differences)} differences below 1e-5: {max(differences) < 1e-5}")
#: 18 differences below 1e-5: True

# %%
# Training and evaluation
# -----------------------
# In training a sample's output depends on the others in its batch, and a batch of one,
# without variance, is refused. ``eval()`` takes the running statistics instead, and
# moves them no more: the same answer in any company.

layer = nn.BatchNorm1d(1)
a, b = torch.tensor([[1.0], [2], [3]]), torch.tensor([[1.0], [2], [9]])
for mode in True, False:
    layer.train(mode)
    print(f"training={mode}: same for 2: {(layer(a)[1] == layer(b)[1]).item()}")
#: training=True: same for 2: False
#: training=False: same for 2: True
try:
    layer.train()(torch.ones(1, 1))
except ValueError as error:
    print(str(error).partition(",")[0])
#: Expected more than 1 value per channel when training

# %%
# Over which axes?
# ----------------
# The same formula over other axes. The others do not mix samples: they work on a batch
# of one, and in training as in evaluation. In the picture each square is a map [h, w];
# those of one colour share mean and variance.


def normalise(x, *dims):
    var, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
    return (x - mean) / (var + 1e-5).sqrt()


x = torch.randn(5, 4, 6, 6)  # [b, c, h, w]
kinds = {
    "batch": (nn.BatchNorm2d(4), normalise(x, 0, 2, 3)),
    "layer": (nn.LayerNorm([4, 6, 6]), normalise(x, 1, 2, 3)),
    "instance": (nn.InstanceNorm2d(4), normalise(x, 2, 3)),
    "group": (nn.GroupNorm(2, 4), normalise(x.view(5, 2, 2, 6, 6), 2, 3, 4)),
}
for name, (layer, out) in kinds.items():
    print(name, torch.allclose(layer(x), out.view(5, 4, 6, 6), atol=1e-5))
#: batch True
#: layer True
#: instance True
#: group True

c, b = torch.meshgrid(torch.arange(4), torch.arange(5), indexing="ij")
shares = {"batch": c, "layer": b, "instance": 5 * c + b, "group": 5 * (c // 2) + b}
figure, axes = plt.subplots(1, 4, figsize=(10, 2.6))
for ax, (name, group) in zip(axes, shares.items(), strict=True):
    ax.pcolormesh(group.numpy(), cmap="tab20", vmin=0, vmax=19, edgecolors="white")
    ax.set(title=name, xlabel="sample b", ylabel="channel c", xticks=[], yticks=[])
show("axes")

# %%
# A deep network of sigmoids
# --------------------------
# Five hidden layers. A sigmoid's slope is at most a quarter (lesson 18), so that less
# and less is left of what distinguishes one image from another: the standard deviation
# over 200 images behind each sigmoid, before any training, as a mean over its outputs.


def mlp(norm):
    torch.manual_seed(opt.seed)
    layers = [nn.Flatten()]  # [b, 1, 28, 28] => [b, 784]
    for inputs in 784, 100, 100, 100, 100:
        layers += [nn.Linear(inputs, 100), norm(100), nn.Sigmoid()]  # => [b, 100]
    return nn.Sequential(*layers, nn.Linear(100, 10)).to(opt.device)


train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)

norms = {"without": nn.Identity, "with": nn.BatchNorm1d}
spread = {}
for name, norm in norms.items():
    out, spread[name] = train_set.tensors[0][:200], []
    for layer in mlp(norm):
        out = layer(out)
        if isinstance(layer, nn.Sigmoid):
            spread[name].append(out.std(dim=0).mean().item())
    print(f"{name:8s}" + "".join(f"{s:7.3f}" for s in spread[name]))
#: without   0.108  0.015  0.002  0.000  0.000
#: with      0.208  0.209  0.210  0.211  0.211

# %%
# Training, with three learning rates each. A hook keeps what the notes' explanation
# needs: each unit's mean over the batch, in front of the last normalisation and behind.


def train(net, lr):
    optimizer = optim.SGD(net.parameters(), lr=lr)
    losses = []
    for _ in range(opt.epochs):
        for x, y in train_loader:
            loss = F.cross_entropy(net(x), y)
            losses.append(stop_if_not_finite(loss))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses


def keep_means(module, arguments, out):
    means.append(torch.stack([arguments[0], out]).detach().mean(dim=1))  # => [2, 100]


losses, accuracies = {}, {}
for lr in 0.01, 1.0, 0.1:
    for name, norm in norms.items():
        net, means = mlp(norm), []
        net[-3].register_forward_hook(keep_means)
        losses[lr, name] = train(net, lr)
        drift = torch.stack(means).cpu()  # [steps, in front or behind, 100]
        accuracies[lr, name] = a = evaluate(net, test_loader)[1]
        print(f"lr {lr}, {name}:", f"accuracy {a:.3f}" if a > 0.2 else "guesses")
#: lr 0.01, without: guesses
#: lr 0.01, with: accuracy 0.889
#: lr 1.0, without: guesses
#: lr 1.0, with: accuracy 0.934
#: lr 0.1, without: guesses
#: lr 0.1, with: accuracy 0.940

# %%
# Without it none gets beyond guessing: the last layer sees the same for all images.
# Right: five units of the last network.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
for i, ((lr, name), values) in enumerate(losses.items()):
    line = f"C{i // 2}" + (":" if name == "without" else "-")
    left.plot(values, line, label=f"lr {lr}, {name}")
left.set(xlabel="step", ylabel="training loss", ylim=(0, 4.2))
left.legend(ncols=2)
right.plot(drift[:, 0, :5], color="C0", label=["in front of it", *[None] * 4])
right.plot(drift[:, 1, :5], color="C1", label=["behind it", *[None] * 4])
right.set(xlabel="step", ylabel="batch mean at the last norm", ylim=(-0.8, 0.9))
right.legend(ncols=2)
show("training")

# %%
# Why?
# ----
# The notes give the first paper's reason (Ioffe and Szegedy, 2015): the inputs of deep
# layers drift while those before them learn. This is disputed: Santurkar et al. (2018)
# made them drift, by noise behind each normalisation, and the networks learned as well.
# Here the means hardly drift; the spread, which does not fade, is reason enough.

# %%
# Try it
# ------
# - Predict what ``layer(x)`` in training mode gives for a batch of eight equal rows.
# - Change the sigmoid to ``nn.ReLU``. How much of the difference is left?
# - Build ``batch_norm`` for evaluation, from the running statistics, and compare.
