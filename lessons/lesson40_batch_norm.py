"""
Lesson 40: batch normalisation (Batch Normalization)
====================================================

Batch normalisation (批归一化) gives each feature mean 0 and variance 1 over the batch.
Then it scales and shifts the feature by two learned numbers.

:Notes: Batch Normalization, and ``eval()`` in lesson35
:Needs: lessons 13, 18, 29 and 38
:Run: ``python lessons/lesson40_batch_norm.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(
    epochs=6,
    batch_size=100,
    images=10000,
    seeds=3,
    quick={"images": 500, "seeds": 1},
)
torch.manual_seed(opt.seed)

# %%
# Four steps
# ----------
# Step 1 is the mean, step 2 the variance (方差), and step 3 normalises with them. Step
# 4 multiplies by gamma and adds beta. Both are learned, so the layer can also learn to
# restore the old mean and variance.


def batch_norm(x, gamma, beta, eps=1e-5):
    """Each feature of x [b, d] over the batch. Returns out, mean and variance."""
    mean = x.mean(dim=0)  # 1. [b, d] => [d]
    variance = x.var(dim=0, correction=0)  # 2. [b, d] => [d]
    normalised = (x - mean) / (variance + eps).sqrt()  # 3. [b, d]
    return gamma * normalised + beta, mean, variance  # 4. [b, d]


# %%
# The layer also keeps running statistics (移动统计量) for later. After each batch it
# moves them a tenth of the way to the values of the batch. The running variance divides
# by b - 1 instead of b.

layer = nn.BatchNorm1d(5)
nn.init.normal_(layer.weight)  # gamma, 1 by default
nn.init.normal_(layer.bias)  # beta, 0 by default
running_mean, running_variance = torch.zeros(5), torch.ones(5)  # the start
differences = []
for _ in range(3):
    x = 3 * torch.randn(8, 5) + 2
    out, mean, variance = batch_norm(x, layer.weight, layer.bias)
    running_mean = 0.9 * running_mean + 0.1 * mean
    running_variance = 0.9 * running_variance + 0.1 * variance * 8 / (8 - 1)
    differences.append((out - layer(x)).abs().max().item())
    differences.append((running_mean - layer.running_mean).abs().max().item())
    differences.append((running_variance - layer.running_var).abs().max().item())
print("outputs and running statistics equal:", max(differences) < 1e-5)
#: outputs and running statistics equal: True

# %%
# ``nn.BatchNorm2d`` does the same for images. Each channel is one feature, and each
# pixel of each image is one sample of it.

layer = nn.BatchNorm2d(3)
x = 3 * torch.randn(8, 3, 6, 6) + 2
pixels = x.movedim(1, 3).reshape(-1, 3)  # [b, c, h, w] => [b * h * w, c]
out, mean, variance = batch_norm(pixels, layer.weight, layer.bias)
out = out.view(8, 6, 6, 3).movedim(3, 1)  # [b * h * w, c] => [b, c, h, w]
differences.append((out - layer(x)).abs().max().item())
print("BatchNorm2d equal:", differences[-1] < 1e-5)
#: BatchNorm2d equal: True

# %%
# Training and evaluation
# -----------------------
# In training mode (训练模式) the output of a sample depends on the other samples of its
# batch. In evaluation mode (评估模式) the layer uses the running statistics and no
# longer changes them. The same sample then always gives the same output.

layer = nn.BatchNorm1d(1)
first, second = torch.tensor([[1.0], [2], [3]]), torch.tensor([[1.0], [2], [9]])
layer.train()
print("train: 2 gives the same:", torch.equal(layer(first)[1], layer(second)[1]))
#: train: 2 gives the same: False
layer.eval()
print("eval:  2 gives the same:", torch.equal(layer(first)[1], layer(second)[1]))
#: eval:  2 gives the same: True

# %%
# A batch of one sample has no variance. In training mode the layer refuses it.

layer.train()
try:
    layer(torch.ones(1, 1))
except ValueError as error:
    print(str(error).partition(",")[0])
#: Expected more than 1 value per channel when training

# %%
# Over which axes?
# ----------------
# Three other layers use the same formula over other axes. They do not mix samples.
# So they can work on a batch of one, and they compute the same in both modes.


def normalise(x, dims):
    mean = x.mean(dims, keepdim=True)
    variance = x.var(dims, correction=0, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


x = torch.randn(5, 4, 6, 6)  # [b, c, h, w]
groups = x.view(5, 2, 2, 6, 6)  # 2 groups of 2 channels each
by_hand = {
    "batch": normalise(x, (0, 2, 3)),
    "layer": normalise(x, (1, 2, 3)),
    "instance": normalise(x, (2, 3)),
    "group": normalise(groups, (2, 3, 4)).view(5, 4, 6, 6),
}

# %%
# Layer norm (层归一化), instance norm and group norm, as the library has them:

norms = {
    "batch": nn.BatchNorm2d(4),
    "layer": nn.LayerNorm([4, 6, 6]),
    "instance": nn.InstanceNorm2d(4),
    "group": nn.GroupNorm(2, 4),
}
axes_equal = {}
for name, norm in norms.items():
    axes_equal[name] = torch.allclose(norm(x), by_hand[name], atol=1e-5)
    print(f"{name} equal:", axes_equal[name])
#: batch equal: True
#: layer equal: True
#: instance equal: True
#: group equal: True

# %%
# Drawn: each square is one channel [h, w] of one sample. Squares of the same colour
# share their mean and variance.

c, b = torch.meshgrid(torch.arange(4), torch.arange(5), indexing="ij")
shares = {"batch": c, "layer": b, "instance": 5 * c + b, "group": 5 * (c // 2) + b}
figure, axes = plt.subplots(1, 4, figsize=(10, 2.6))
for ax, (name, group) in zip(axes, shares.items(), strict=True):
    ax.pcolormesh(group.numpy(), cmap="tab20", vmin=0, vmax=19, edgecolors="white")
    ax.set(title=name, xlabel="sample b", ylabel="channel c", xticks=[], yticks=[])
show("axes")

# %%
# A network of sigmoids
# ---------------------
# The slope of a sigmoid is at most 1/4 (lesson 18). ``nn.Linear`` starts with small
# weights. Together they make the differences between images smaller in each layer.
#
# Four networks are compared. One has a single hidden layer, the others have five. One
# of the deep networks has batch norm. Another has no norm but a better start. Its
# weights have the standard deviation 4 / sqrt(inputs), which cancels the slope of 1/4.
# Its biases cancel the mean of a sigmoid, which is 1/2.


def better_start(linear):
    inputs = linear.in_features
    nn.init.normal_(linear.weight, std=4 / inputs**0.5)
    nn.init.zeros_(linear.bias)
    if inputs == 100:  # the inputs are outputs of sigmoids
        linear.bias.data -= 0.5 * linear.weight.data.sum(dim=1)


def network(hidden_layers, norm=False, start=False):
    layers = [nn.Flatten()]  # [b, 1, 28, 28] => [b, 784]
    for i in range(hidden_layers):
        linear = nn.Linear(784 if i == 0 else 100, 100)  # => [b, 100]
        if start:
            better_start(linear)
        normalisation = nn.BatchNorm1d(100) if norm else nn.Identity()
        layers += [linear, normalisation, nn.Sigmoid()]
    return nn.Sequential(*layers, nn.Linear(100, 10)).to(opt.device)


# %%
# Each run makes its network anew:


def new_network(kind):
    if kind == "one layer":
        return network(1)
    if kind == "five layers":
        return network(5)
    if kind == "better start":
        return network(5, start=True)
    return network(5, norm=True)


kinds = ["one layer", "five layers", "better start", "batch norm"]

# %%
# The spread of each layer before training: the standard deviation over 1000 images
# after each sigmoid, as a mean over the units. In the five layers it disappears. Batch
# norm keeps it. With the better start it falls by more than half, but it does not
# disappear.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
images, labels = images[: opt.images], labels[: opt.images]


@torch.no_grad()
def layer_outputs(net):
    """The outputs of all sigmoids for 1000 images, each [b, 100]."""
    x, outputs = images[:1000], []
    for layer in net:
        x = layer(x)
        if isinstance(layer, nn.Sigmoid):
            outputs.append(x)
    return outputs


# %%
# The rows of the table are networks, the columns are layers:

spread = {}
for kind in kinds:
    spread[kind] = [
        x.std(dim=0).mean().item() for x in layer_outputs(new_network(kind))
    ]
    print(f"{kind:13}", " ".join([f"{s:.3f}" for s in spread[kind]]))
#: one layer     0.109
#: five layers   0.111 0.016 0.002 0.000 0.000
#: better start  0.340 0.245 0.197 0.172 0.147
#: batch norm    0.208 0.209 0.209 0.210 0.210

# %%
# Do small changes grow?
# ----------------------
# The notes say that small changes of the first layers are amplified by the layers after
# them (累积放大). In fact this depends on the weights. Here each weight of the first
# layer changes by about 1 %, and there is no norm. The table holds the mean change of
# the outputs of each layer, times 100. A factor multiplies all weights and biases of
# the better start.


@torch.no_grad()
def changes(factor):
    """The mean change of each layer's outputs, if the first weights change by 1 %."""
    torch.manual_seed(opt.seed)
    net = network(5, start=True)
    for parameter in net.parameters():
        parameter *= factor
    before = layer_outputs(net)
    net[1].weight *= 1 + 0.01 * torch.randn_like(net[1].weight)
    after = layer_outputs(net)
    return [(after[i] - before[i]).abs().mean().item() for i in range(5)]


# %%
# A factor of 1 is the better start itself.

amplification = {}
for factor in 0.5, 1.0, 2.0, 4.0:
    found = changes(factor)
    amplification[factor] = found[4] / found[0]
    print(f"factor {factor}:", " ".join([f"{100 * c:.3f}" for c in found]))
#: factor 0.5: 0.241 0.128 0.063 0.032 0.017
#: factor 1.0: 0.293 0.282 0.242 0.220 0.199
#: factor 2.0: 0.315 0.459 0.557 0.662 0.752
#: factor 4.0: 0.323 0.647 1.043 1.583 2.374

# %%
# With the weights of the better start the change slowly fades. With larger weights it
# grows from layer to layer, as the notes say. With smaller weights it disappears.

# %%
# Training
# --------
# Each kind is trained at three learning rates, with three seeds each. The rates 0.03
# and 3 were tried, too. With the rate 3 the five layers reach 0.14, as the mean of the
# seeds. No other kind gains more than 0.001.
#
# The drift is the mean change of the inputs of the last sigmoid, from the start to the
# end of training.

test_loader = [test_set.tensors]  # one batch of all
training_loader = [(images, labels)]


def means_before_last(net):
    """The mean over 1000 images of each input of the last sigmoid, [100]."""
    return net[:-2](images[:1000]).mean(dim=0)  # [b, 100] => [100]


def train(net, lr):
    optimizer = optim.SGD(net.parameters(), lr=lr)
    for _ in range(opt.epochs):
        for i in torch.randperm(len(images)).split(opt.batch_size):
            loss = F.cross_entropy(net(images[i]), labels[i])
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


# %%
# One run:


def run(kind, lr, seed):
    """Test accuracy, training accuracy and drift."""
    torch.manual_seed(opt.seed + seed)
    net = new_network(kind)
    start = means_before_last(net)
    train(net, lr)
    drift = (means_before_last(net) - start).abs().mean().item()
    test_accuracy = evaluate(net, test_loader)[1]
    return [test_accuracy, evaluate(net, training_loader)[1], drift]


# %%
# The table holds the means over the seeds.

rates = [0.1, 0.3, 1.0]
accuracies, gaps, drifts = {}, {}, {}
print("kind           lr  test accuracy  training accuracy  drift")
#: kind           lr  test accuracy  training accuracy  drift
for kind in kinds:
    for lr in rates:
        runs = torch.tensor([run(kind, lr, seed) for seed in range(opt.seeds)])
        accuracies[kind, lr] = runs[:, 0].tolist()  # of each seed
        test, training, drift = runs.mean(dim=0).tolist()
        gaps[kind, lr] = training - test
        drifts[kind, lr] = drift
        row = f"{kind:13} {lr:3.1f} {test:14.3f} {training:18.3f}"
        print(f"{row} {drift:6.2f}")
#: one layer     0.1          0.911              0.922   0.62
#: one layer     0.3          0.928              0.952   0.97
#: one layer     1.0          0.945              0.986   2.57
#: five layers   0.1          0.103              0.106   0.11
#: five layers   0.3          0.103              0.106   0.90
#: five layers   1.0          0.103              0.106   2.89
#: better start  0.1          0.890              0.907   0.36
#: better start  0.3          0.921              0.961   0.40
#: better start  1.0          0.922              0.969   0.96
#: batch norm    0.1          0.918              0.952   0.01
#: batch norm    0.3          0.913              0.946   0.02
#: batch norm    1.0          0.909              0.942   0.27

# %%
# The notes say that the outputs of shallow models (浅层模型) change little, and that
# deep ones are hard to train. In fact the depth alone is not the reason. With the usual
# start, one layer learns and five layers only guess. With the better start, five layers
# learn without norm, and at the best rate about as well as with it. Batch norm needs no
# such care with the start, and it is good at the smallest rate, too.

# %%
# Is it the drift?
# ----------------
# The notes give the reason of Ioffe and Szegedy (2015): the inputs of deep layers drift
# while the layers before them learn. This happens even if the data are standardised
# (标准化): even if they have mean 0 and variance 1. In fact the reason is disputed.
# Santurkar et al. (2018) added noise after each batch norm, so that the inputs drifted
# again. The networks learned as well.
#
# The table agrees. The better start drifts much more than batch norm does, and it
# learns. The five layers of the usual start drift little at the rate 0.1, and they do
# not learn. In this experiment the spread decides, not the drift.
#
# The notes say that the drift raises the risk of overfitting (过拟合). The gap between
# training accuracy and test accuracy can test this. A column is a learning rate.

for kind in kinds:
    each = " ".join([f"{gaps[kind, lr]:.3f}" for lr in rates])
    print(f"gap, {kind:12} {each}")
#: gap, one layer    0.011 0.024 0.042
#: gap, five layers  0.002 0.002 0.002
#: gap, better start 0.017 0.040 0.047
#: gap, batch norm   0.034 0.034 0.034

# %%
# In fact the table shows no clear link. Batch norm drifts much more at the rate 1 than
# at the rate 0.1, and its gap is the same. One layer at the rate 0.3 drifts much more
# than batch norm at the rate 0.1. Their training accuracy is the same, and the gap of
# one layer is smaller. The better start at the rate 0.3 has a larger gap than batch
# norm at 0.1, 0.040 and 0.034. But its training accuracy is higher, too.

# %%
# Drawn: the mean test accuracy of each kind, and the range of the seeds.

plt.figure()
for kind in kinds:
    values = torch.tensor([accuracies[kind, lr] for lr in rates])  # [rates, seeds]
    plt.semilogx(rates, values.mean(dim=1), "o-", label=kind)
    plt.fill_between(rates, values.amin(dim=1), values.amax(dim=1), alpha=0.2)
plt.xticks(rates, rates)
plt.minorticks_off()
plt.xlabel("learning rate")
plt.ylabel("test accuracy, mean and range of the seeds")
plt.legend(loc="center left")
show("training")

# %%
# Try it
# ------
# ``python check.py 40`` checks the class that is named here.
#
# - Predict what ``layer(x)`` in training mode gives for a batch of eight equal rows.
# - Change the sigmoid to ``nn.ReLU`` (twice), and ``kinds`` to
#   ``["five layers", "batch norm"]``. How much of the difference is left?
# - Build ``Norm``, the layer with both modes and its running statistics.
