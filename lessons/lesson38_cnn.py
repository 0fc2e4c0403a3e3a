"""
Lesson 38: a convolutional network (卷积神经网络)
=================================================

Layers of small kernels, trained: against a network of linear layers with as many
parameters, on the same data. Then a look inside, through a hook.

:Notes: lesson38 卷积神经网络
:Needs: lessons 29, 34 and 37
:Run: ``python lessons/lesson38_cnn.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import batches, evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(epochs=3, batch_size=100, lr=0.006)
torch.manual_seed(opt.seed)

# %%
# The layer
# ---------
# One channel in, three kernels of 3×3 and so three channels out. Each kernel has as
# many channels as the image, and a bias. Both are parameters and ask for gradients.

layer = nn.Conv2d(1, 3, kernel_size=3, stride=1, padding=1)
x = torch.rand(1, 1, 28, 28)
out = layer(x)  # [1, 1, 28, 28] => [1, 3, 28, 28]
print(out.shape)
#: torch.Size([1, 3, 28, 28])
print(layer.weight.shape, layer.bias.shape, layer.weight.requires_grad)
#: torch.Size([3, 1, 3, 3]) torch.Size([3]) True

# %%
# With several channels in, each kernel is that deep, and its products are summed over
# the channels as well: an RGB image gives one map a kernel, too.

print(nn.Conv2d(3, 16, kernel_size=5).weight.shape)
#: torch.Size([16, 3, 5, 5])

# %%
# Call the layer, not its ``forward``
# -----------------------------------
# ``layer(x)`` runs ``forward`` and the hooks: functions that others have registered,
# to look at what passes through. ``layer.forward(x)`` leaves them out, without a word.

calls = []
handle = layer.register_forward_hook(lambda module, arguments, out: calls.append(out))
same = torch.equal(layer(x), layer.forward(x))
print(f"same numbers: {same}; two calls, {len(calls)} seen by the hook")
#: same numbers: True; two calls, 1 seen by the hook
handle.remove()
layer(x)
print(f"after remove: still {len(calls)}")
#: after remove: still 1

# %%
# Two networks
# ------------
# Two convolutions, both with a stride of 2 (lesson 39 has another way to make maps
# smaller): the maps shrink while their number grows. One linear layer leads to the ten
# classes. The other network, with as many parameters, has no idea of neighbours.


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2),  # [b, 1, 28, 28] => [b, 16, 14, 14]
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),  # => [b, 32, 7, 7]
        nn.ReLU(),
        nn.Flatten(),  # => [b, 1568]
        nn.Linear(32 * 7 * 7, 10),  # => [b, 10]
    )


def mlp():
    return nn.Sequential(
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, 26),
        nn.ReLU(),
        nn.Linear(26, 10),  # [b, 26] => [b, 10]
    )


nets = {"mlp": mlp, "cnn": cnn}
parameters = {k: sum(p.numel() for p in nets[k]().parameters()) for k in nets}
print(parameters)
#: {'mlp': 20680, 'cnn': 20746}

# %%
# Training
# --------
# Adam, and a learning rate that rises and falls again over all steps (lesson 34).

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)


def train(net):
    """Train the network; returns its loss a step and its test accuracy an epoch."""
    optimizer = optim.Adam(net.parameters())
    steps = opt.epochs * len(train_loader)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, opt.lr, total_steps=steps)
    losses, accuracies = [], []
    for _ in range(opt.epochs):
        for x, y in train_loader:
            loss = F.cross_entropy(net(x), y)
            losses.append(stop_if_not_finite(loss))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
        accuracies.append(evaluate(net, test_loader)[1])
    return losses, accuracies


# %%

losses, accuracies = {}, {}
print("test accuracy by epoch")
#: test accuracy by epoch
for name, make in nets.items():
    torch.manual_seed(opt.seed)
    net = make().to(opt.device)
    losses[name], accuracies[name] = train(net)
    print(name, " ".join(f"{a:.3f}" for a in accuracies[name]))
#: mlp 0.936 0.953 0.963
#: cnn 0.978 0.986 0.989
accuracy = accuracies["cnn"][-1]

# %%
# With as many parameters, the network of convolutions leaves less than half as many
# images wrong: it need not learn the same pattern anew for each place.

plt.figure()
for name, values in losses.items():
    means = torch.tensor(values).unfold(0, min(50, len(values)), 1).mean(dim=1)
    plt.semilogy(means.numpy(), label=name.upper())
plt.xlabel("step")
plt.ylabel("training loss, mean of 50 steps")
plt.legend()
show("loss")

# %%
# Filters
# -------
# The sixteen kernels of the first layer, from blue (negative) to red (positive). Some
# have a blue side and a red one: they found edges, each of its own direction.


def mosaic(pictures, columns=8):
    """[n, h, w] => one picture, with a white line around each."""
    pictures = F.pad(pictures, (1, 1, 1, 1), value=torch.nan)
    rows = [torch.cat(list(row), dim=1) for row in pictures.split(columns)]
    return torch.cat(rows).cpu().numpy()


weight = net[0].weight.detach()  # [16, 1, 5, 5]
limit = weight.abs().max().item()
plt.figure(figsize=(9, 2.5))
plt.imshow(mosaic(weight[:, 0]), cmap="RdBu_r", vmin=-limit, vmax=limit)
plt.axis("off")
show("filters")

# %%
# Feature maps
# ------------
# What a digit becomes behind the two activations: a hook on each of them keeps it.

maps = []
handles = [
    net[i].register_forward_hook(lambda module, arguments, out: maps.append(out))
    for i in (1, 3)
]
x = test_set.tensors[0][:1]  # a 7
with torch.no_grad():
    prediction = net(x).argmax(dim=1)
for handle in handles:
    handle.remove()
print([list(out.shape) for out in maps])
#: [[1, 16, 14, 14], [1, 32, 7, 7]]

# %%
# The maps of the filters above, in their order, and those of the second layer: smaller,
# more of them, each with an eye for something else.

figure, axes = plt.subplots(1, 3, figsize=(10, 3), width_ratios=[1, 4, 4])
axes[0].imshow(x[0, 0].cpu().numpy(), cmap="gray")
for ax, out in zip(axes[1:], maps, strict=True):
    brightest = out[0].amax(dim=(1, 2), keepdim=True)  # of each map, [c, 1, 1]
    ax.imshow(mosaic(out[0] / brightest.clamp(min=1e-6)))
for ax, title in zip(axes, ["digit", "first layer", "second layer"], strict=True):
    ax.set_title(title)
    ax.axis("off")
show("feature_maps")

# %%
# Try it
# ------
# - Predict the number of parameters of ``nn.Conv2d(16, 32, 3)``, by hand.
# - Change the order of the 784 pixels, in the same way for all images. Which of the two
#   networks does not mind?
# - Build a network of three convolutions with at most 10000 parameters. How far does it
#   get?
