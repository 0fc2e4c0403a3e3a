"""
Lesson 38: a convolutional network (卷积神经网络)
=================================================

A network of convolutions is compared with a network of linear layers that has as many
parameters. Then a hook shows what the convolutions compute inside.

:Notes: lesson38 卷积神经网络
:Needs: lessons 29, 34 and 37
:Run: ``python lessons/lesson38_cnn.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import batches, evaluate, mnist, save, settings, show, stop_if_not_finite

opt = settings(epochs=3, batch_size=100)
torch.manual_seed(opt.seed)

# %%
# The layer
# ---------
# This layer takes one channel (通道) and has three kernels (卷积核) of 3×3. Each kernel
# makes one channel of the output, and has a bias. Kernels and biases are parameters, so
# they have gradients.

layer = nn.Conv2d(1, 3, kernel_size=3, stride=1, padding=1)
x = torch.rand(1, 1, 28, 28)
out = layer(x)  # [1, 1, 28, 28] => [1, 3, 28, 28]
print(out.shape)
#: torch.Size([1, 3, 28, 28])
print("weight:", list(layer.weight.shape), "bias:", list(layer.bias.shape))
#: weight: [3, 1, 3, 3] bias: [3]
print("has a gradient:", layer.weight.requires_grad)
#: has a gradient: True

# %%
# If the input has several channels, each kernel has as many. The products are summed
# over the channels, too. So from an RGB image each kernel makes one map.

print(nn.Conv2d(3, 16, kernel_size=5).weight.shape)
#: torch.Size([16, 3, 5, 5])

# %%
# Call the layer, not its ``forward``
# -----------------------------------
# The notes say that ``layer(x)`` does some more work of PyTorch's own. In fact this
# work is to call the hooks (钩子). A hook is a function that you register to see what
# passes through a layer. ``layer.forward(x)`` calls no hooks, and does not warn you.

calls = []


def keep(module, arguments, out):
    calls.append(out)


handle = layer.register_forward_hook(keep)
print("same numbers:", torch.equal(layer(x), layer.forward(x)))
#: same numbers: True
seen = len(calls)
print(f"two calls, {seen} seen by the hook")
#: two calls, 1 seen by the hook
handle.remove()
layer(x)
print(f"after remove: still {len(calls)}")
#: after remove: still 1

# %%
# Two networks
# ------------
# The first network has two convolutions with a stride of 2. (Lesson 39 has another way
# to make maps smaller.) The maps become smaller, and there are more of them. At the end
# a linear layer gives the logits of the ten classes.


def cnn():
    """Images [b, 1, 28, 28] to logits [b, 10]."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2),  # [b, 1, 28, 28] => [b, 16, 14, 14]
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),  # => [b, 32, 7, 7]
        nn.ReLU(),
        nn.Flatten(),  # => [b, 1568]
        nn.Linear(32 * 7 * 7, 10),  # => [b, 10]
    )


# %%
# The second network has linear layers only. It does not know which pixels are
# neighbours.


def mlp():
    """Images [b, 1, 28, 28] to logits [b, 10]."""
    return nn.Sequential(
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, 26),
        nn.ReLU(),
        nn.Linear(26, 10),  # [b, 26] => [b, 10]
    )


parameters = {}
for name, net in {"mlp": mlp(), "cnn": cnn()}.items():
    parameters[name] = sum(p.numel() for p in net.parameters())
    print(f"{name}: {parameters[name]} parameters")
#: mlp: 20680 parameters
#: cnn: 20746 parameters

# %%
# Training
# --------
# The optimizer (优化器) is Adam. ``OneCycleLR`` is a schedule (lesson 34): the learning
# rate rises to ``lr`` in the first 30 % of the steps, and then falls almost to zero.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)


def train_epoch(net, optimizer, scheduler):
    """The loss of each step."""
    losses = []
    for x, y in train_loader:
        loss = F.cross_entropy(net(x), y)
        losses.append(stop_if_not_finite(loss))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    return losses


# %%
# The test accuracy is measured after each epoch.


def train(net, lr):
    """The loss of each step, and the test accuracy after each epoch."""
    optimizer = optim.Adam(net.parameters())
    steps = opt.epochs * len(train_loader)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    losses, accuracies = [], []
    for _ in range(opt.epochs):
        losses += train_epoch(net, optimizer, scheduler)
        accuracies.append(evaluate(net, test_loader)[1])
    return {"losses": losses, "accuracies": accuracies}


# %%
# Each network tries three learning rates. A column is an epoch.

networks = {"mlp": mlp, "cnn": cnn}
rates = {"mlp": [0.003, 0.01, 0.03], "cnn": [0.003, 0.006, 0.012]}
nets, runs = {}, {}
print("test accuracy by epoch")
#: test accuracy by epoch
for name in "mlp", "cnn":
    for lr in rates[name]:
        torch.manual_seed(opt.seed)
        net = networks[name]().to(opt.device)
        runs[name, lr] = train(net, lr)
        nets[name, lr] = net
        each = " ".join([f"{a:.3f}" for a in runs[name, lr]["accuracies"]])
        print(f"{name}, lr {lr:.3f}: {each}")
#: mlp, lr 0.003: 0.927 0.953 0.958
#: mlp, lr 0.010: 0.926 0.950 0.966
#: mlp, lr 0.030: 0.918 0.938 0.959
#: cnn, lr 0.003: 0.973 0.983 0.988
#: cnn, lr 0.006: 0.976 0.985 0.990
#: cnn, lr 0.012: 0.963 0.985 0.988

# %%
# With as many parameters, the network of convolutions makes less than half as many
# mistakes, at each of its rates. It does not have to learn the same pattern anew at
# each place. Its three rates end at almost the same accuracy. The rate 0.02 was tried,
# too, and is worse (0.987).
#
# The rest of the lesson looks into the network of the rate 0.006. Its weights are
# saved. On the project's web site, the page "Draw a digit" uses them for digits that
# you draw yourself.

net = nets["cnn", 0.006]
save("cnn.pt", lambda path: torch.save(net.state_dict(), path))

# %%
# Drawn: the training loss, as the mean of 50 steps.

plt.figure()
for (name, lr), run in runs.items():
    losses = torch.tensor(run["losses"])
    width = min(50, len(losses))
    plt.semilogy(losses.unfold(0, width, 1).mean(dim=1), label=f"{name}, lr {lr}")
plt.xlabel("step")
plt.ylabel("training loss")
plt.legend()
show("loss")

# %%
# Filters
# -------
# A trained kernel is also called a filter (滤波器). The first layer has sixteen. This
# function joins many small pictures to one.


def mosaic(pictures, columns=8):
    """[n, h, w] => one picture, with a white line around each."""
    pictures = F.pad(pictures, (1, 1, 1, 1), value=torch.nan)
    rows = []
    for row in pictures.split(columns):
        rows.append(torch.cat(list(row), dim=1))  # side by side
    return torch.cat(rows).cpu().numpy()


weight = net[0].weight.detach()[:, 0]  # [16, 1, 5, 5] => [16, 5, 5]
print(weight.shape)
#: torch.Size([16, 5, 5])

# %%
# Drawn: the filters, from blue (negative) to red (positive). Some have a blue side and
# a red side. They find edges, each in its own direction.

limit = weight.abs().max().item()
plt.figure(figsize=(9, 2.5))
plt.imshow(mosaic(weight), cmap="RdBu_r", vmin=-limit, vmax=limit)
plt.axis("off")
show("filters")

# %%
# Feature maps
# ------------
# The output of a convolution is called a feature map (特征图). Hooks keep the maps of
# one digit, after each of the two activations.

calls.clear()
handles = [net[1].register_forward_hook(keep), net[3].register_forward_hook(keep)]
x = test_set.tensors[0][:1]  # a 7
with torch.no_grad():
    prediction = net(x).argmax(dim=1)
for handle in handles:
    handle.remove()
maps = {"first layer": calls[0], "second layer": calls[1]}
for name, out in maps.items():
    print(f"{name}: {list(out.shape)}")
#: first layer: [1, 16, 14, 14]
#: second layer: [1, 32, 7, 7]

# %%
# Drawn: the maps of the first layer, in the order of its filters, and those of the
# second layer. The second layer has more and smaller maps. Each map shows where its
# kernel finds its pattern.

figure, axes = plt.subplots(1, 3, figsize=(10, 3), width_ratios=[1, 4, 4])
axes[0].imshow(x[0, 0].cpu().numpy(), cmap="gray")
axes[0].set_title("digit")
for ax, (name, out) in zip(axes[1:], maps.items(), strict=True):
    brightest = out[0].amax(dim=(1, 2), keepdim=True)  # of each map, [c, 1, 1]
    ax.imshow(mosaic(out[0] / brightest.clamp(min=1e-6)))
    ax.set_title(name)
for ax in axes:
    ax.axis("off")
show("feature_maps")

# %%
# Try it
# ------
# ``python check.py 38`` checks the function that is named here.
#
# - Predict the number of parameters of ``nn.Conv2d(16, 32, 3)``, by hand.
# - Change the order of the 784 pixels, in the same way for all images. Which of the two
#   networks is as good as before?
# - Build ``convolution_outputs``, what each convolution of any network gives, by hooks.
