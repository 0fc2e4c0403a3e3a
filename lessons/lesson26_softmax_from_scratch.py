"""
Lesson 26: a classifier from raw tensors (LR多分类问题实战)
===========================================================

Three weight matrices, three bias vectors and one function make a network. The first
weights decide how well it learns. A ReLU on the logits can take whole classes away.

:Notes: lesson26 LR多分类问题实战
:Needs: lessons 5, 24 and 25
:Run: ``python lessons/lesson26_softmax_from_scratch.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.nn import init
from torch.utils.data import TensorDataset

from utils import batches, mnist, settings, show, stop_if_not_finite

quick = {"seeds": 1, "starts": 1}
opt = settings(epochs=10, batch_size=200, seeds=3, starts=6, quick=quick)
torch.manual_seed(opt.seed)

# %%
# Faster data
# -----------
# Lesson 5 decodes and normalises every image again in every epoch. ``mnist`` does this
# once and keeps all images in memory as one tensor. ``batches`` returns a
# ``DataLoader`` that takes 200 images in one indexing operation.
# ``benchmarks/input_pipeline.py`` measures how much time this saves.
#
# The notes train one network on all 60000 images for 10 epochs. This lesson trains 15
# networks. Each of them trains on 20000 images, also for 10 epochs.
#
# The notes shuffle the test images, too. In fact their order changes no sum, so
# ``test_loader`` does not shuffle.

all_images, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = all_images.tensors
train_set = TensorDataset(images[:20000], labels[:20000])
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, opt.batch_size)
x, y = next(iter(train_loader))
print(x.shape, y.shape)
#: torch.Size([200, 1, 28, 28]) torch.Size([200])

# %%
# Parameters
# ----------
# A weight has the shape [out, in], as in ``nn.Linear``. Choosing the first weights is
# called initialisation (初始化). Here are two kinds:
#
# - ``torch.randn`` draws the weights from the standard normal distribution. A layer
#   with 784 inputs then multiplies the size of its inputs by about √784 = 28.
# - Kaiming initialisation (Kaiming 初始化) draws weights that are √(2 / in) times as
#   large. The layer and the ReLU after it then keep the size of the inputs.
#
# The script in the notes calls ``torch.randn`` and then overwrites these weights with
# ``kaiming_normal_``. This lesson trains networks of both kinds and compares them.


def new_parameters(kaiming):
    """w1, b1, w2, b2, w3, b3 on the device, all of them to be trained."""
    parameters = []
    for inputs, outputs in (784, 200), (200, 200), (200, 10):
        w = torch.randn(outputs, inputs)
        if kaiming:
            init.kaiming_normal_(w)
        parameters += [w, torch.zeros(outputs)]
    return [p.to(opt.device).requires_grad_() for p in parameters]


# %%
# The network
# -----------
# The notes put ``F.relu`` after the third layer as well. The argument
# ``relu_on_logits`` does the same, so that you can see what it costs.


def forward(x, parameters, relu_on_logits=False):
    w1, b1, w2, b2, w3, b3 = parameters
    x = x.view(len(x), 784)  # [b, 1, 28, 28] => [b, 784]
    x = F.relu(x @ w1.t() + b1)  # => [b, 200]
    x = F.relu(x @ w2.t() + b2)  # => [b, 200]
    x = x @ w3.t() + b3  # => [b, 10]
    return F.relu(x) if relu_on_logits else x


# %%
# How large are the logits before any training? The softmax of logits in the thousands
# is one 1 and nine 0s. The network is certain, and it is wrong for nine images in ten.

torch.manual_seed(opt.seed)
for kaiming in True, False:
    logits = forward(x, new_parameters(kaiming))
    loss = F.cross_entropy(logits, y)
    print(f"kaiming={kaiming}: logits ±{logits.std():.0f}, loss {loss:.0f}")
#: kaiming=True: logits ±2, loss 3
#: kaiming=False: logits ±2739, loss 4239

# %%
# The loss as a module
# --------------------
# The notes write ``criteon = nn.CrossEntropyLoss()`` and call ``criteon(logits, y)``.
# This module calls ``F.cross_entropy``. It has no parameters, so both forms are equal,
# and the lessons use the function.

loss_module = nn.CrossEntropyLoss()
loss_of_module = loss_module(logits, y)
loss = F.cross_entropy(logits, y)
print("module and function are equal:", torch.equal(loss_of_module, loss))
#: module and function are equal: True
print("parameters of the module:", len(list(loss_module.parameters())))
#: parameters of the module: 0

# %%
# What a step changes
# -------------------
# The notes say that ``optimizer.step()`` updates the gradients of the parameters. In
# fact it reads the gradients and updates the parameters.

parameters = new_parameters(kaiming=True)
optimizer = optim.SGD(parameters, lr=0.01)
F.cross_entropy(forward(x, parameters), y).backward()
w1 = parameters[0]
weights, gradients = w1.detach().clone(), w1.grad.clone()
optimizer.step()
print("weights changed:", not torch.equal(w1, weights))
#: weights changed: True
print("gradients changed:", not torch.equal(w1.grad, gradients))
#: gradients changed: False

# %%
# Testing
# -------
# The notes add up the mean loss of each batch and divide by the number of samples. In
# fact this result is too small, by a factor of the batch size. Multiply each mean by
# the size of its batch first, or sum over the samples, as below. This is right for a
# smaller last batch as well.
#
# The notes record gradients during the test. In fact the test needs none: under
# ``no_grad`` it takes less time and memory.


@torch.no_grad()
def test(parameters, relu_on_logits):
    """Mean loss over the test samples, and accuracy."""
    loss, correct = 0, 0
    for x, y in test_loader:
        logits = forward(x, parameters, relu_on_logits)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        correct += (logits.argmax(dim=1) == y).sum().item()
    return loss / len(test_set), correct / len(test_set)


mean_losses = 0
for x, y in test_loader:
    mean_losses += F.cross_entropy(forward(x, parameters), y).item()
test_loss, _ = test(parameters, relu_on_logits=False)
notes_loss = mean_losses / len(test_set)
print(f"the notes' loss is too small by a factor of {test_loss / notes_loss:.0f}")
#: the notes' loss is too small by a factor of 200

# %%
# ``.data`` and ``.detach()``
# ---------------------------
# The notes predict with ``logits.data.max(1)[1]``. ``max(1)`` returns the largest
# logits and their positions, so ``[1]`` is the same as ``argmax(dim=1)``.
#
# The notes use ``.data`` to drop the gradient. In fact ``.detach()`` is the safe form.
# Both return a tensor that shares memory with the original and records nothing. If you
# write into that tensor, autograd notices it after ``.detach()`` only. After ``.data``
# it computes a wrong gradient without an error.

logits = forward(x, parameters)
same = torch.equal(logits.data.max(1)[1], logits.argmax(dim=1))
print("max(1)[1] and argmax are equal:", same)
#: max(1)[1] and argmax are equal: True
w = torch.tensor(0.0, requires_grad=True)
p = torch.sigmoid(w)  # its gradient is p (1 - p) = 0.25
p.data.zero_()
print("gradient after .data:", torch.autograd.grad(p, w)[0].item())
#: gradient after .data: 0.0
p = torch.sigmoid(w)
p.detach().zero_()
try:
    torch.autograd.grad(p, w)
except RuntimeError as error:
    refused = "modified by an inplace operation" in str(error)
    print("error after .detach():", refused)
#: error after .detach(): True

# %%
# Training
# --------


def train(seed, kaiming, relu_on_logits, lr):
    """Train a new network; returns it and its test accuracy after each epoch."""
    torch.manual_seed(opt.seed + seed)
    parameters = new_parameters(kaiming)
    optimizer = optim.SGD(parameters, lr=lr)
    accuracies = []
    for _ in range(opt.epochs):
        for x, y in train_loader:
            loss = F.cross_entropy(forward(x, parameters, relu_on_logits), y)
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        accuracies.append(test(parameters, relu_on_logits)[1])
    return parameters, accuracies


# %%
# The first weights
# -----------------
# A fair comparison gives each kind of network its own best learning rate. For Kaiming
# initialisation 0.03, 0.1, 0.3 and 1 were tried, and 0.3 is best. For plain ``randn``
# 0.001, 0.003 and 0.01 were tried, and 0.003 is best. The notes use 0.01.

curves = {"Kaiming": [], "plain randn": []}
for seed in range(opt.seeds):
    net, accuracies = train(seed, kaiming=True, relu_on_logits=False, lr=0.3)
    curves["Kaiming"].append(accuracies)
    print(f"Kaiming: accuracy {accuracies[-1]:.3f}")
#: Kaiming: accuracy 0.971
#: Kaiming: accuracy 0.969
#: Kaiming: accuracy 0.968

# %%

for seed in range(opt.seeds):
    _, accuracies = train(seed, kaiming=False, relu_on_logits=False, lr=0.003)
    curves["plain randn"].append(accuracies)
    print(f"plain randn: accuracy {accuracies[-1]:.3f}")
#: plain randn: accuracy 0.891
#: plain randn: accuracy 0.892
#: plain randn: accuracy 0.896

# %%
# ReLU on the logits
# ------------------
# After plain ``randn`` the ReLU ruins the network: it only guesses. The rates 0.001,
# 0.003 and 0.01 give the same result.

curves["plain randn, ReLU on logits"] = []
for seed in range(opt.seeds):
    guessing_net, accuracies = train(seed, kaiming=False, relu_on_logits=True, lr=0.01)
    curves["plain randn, ReLU on logits"].append(accuracies)
    print(f"plain randn, ReLU on logits: accuracy {accuracies[-1]:.3f}")
#: plain randn, ReLU on logits: accuracy 0.098
#: plain randn, ReLU on logits: accuracy 0.098
#: plain randn, ReLU on logits: accuracy 0.098

# %%
# After Kaiming initialisation the result of the ReLU depends on the start. So 6 starts
# are trained. Of the rates 0.03, 0.1 and 0.3, the best is 0.1 here.
#
# Some networks reach almost the accuracy of a network without the ReLU. Others lack a
# class for all ten epochs, which costs them a tenth of the images.

name = "Kaiming, ReLU on logits"
curves[name] = []
for start in range(opt.starts):
    _, accuracies = train(start, kaiming=True, relu_on_logits=True, lr=0.1)
    curves[name].append(accuracies)
    print(f"{name}: accuracy {accuracies[-1]:.3f}")
#: Kaiming, ReLU on logits: accuracy 0.963
#: Kaiming, ReLU on logits: accuracy 0.963
#: Kaiming, ReLU on logits: accuracy 0.962
#: Kaiming, ReLU on logits: accuracy 0.963
#: Kaiming, ReLU on logits: accuracy 0.869
#: Kaiming, ReLU on logits: accuracy 0.868

# %%
# Drawn: all 15 curves. Networks of one kind share a colour.

plt.figure(figsize=(7, 5))
for color, (name, runs) in enumerate(curves.items()):
    for seed, accuracies in enumerate(runs):
        epochs = range(1, len(accuracies) + 1)
        label = name if seed == 0 else None
        plt.plot(epochs, accuracies, color=f"C{color}", linewidth=1, label=label)
plt.xlabel("epoch")
plt.ylabel("test accuracy")
plt.ylim(0, 1)
plt.legend(loc="center")
show("accuracy")

# %%
# Dead classes
# ------------
# Why does the ReLU take classes away? If a logit is negative for every image, the ReLU
# sets it to zero for every image. Then no gradient passes, and the weights of this
# class do not change. Only a change in the layers below can bring the class back.

with torch.no_grad():
    logits = forward(test_set.tensors[0], guessing_net, relu_on_logits=True)
dead_classes = (logits == 0).all(dim=0).sum().item()  # [10000, 10] => [10] => []
print(f"{dead_classes} of 10 classes are zero for all test images")
#: 8 of 10 classes are zero for all test images
test_loss, _ = test(guessing_net, relu_on_logits=True)
print(f"test loss {test_loss:.3f}")
#: test loss 2.314

# %%
# Try it
# ------
# ``python check.py 26`` checks the functions that are named here.
#
# - Predict the loss of a network that gives all classes the same logit. Compare it with
#   the test loss of the last network above. Then write ``loss_knowing_nothing``.
# - Change the given ``start_weights`` until ten layers with ReLU keep the size of their
#   inputs.
# - Build ``train_raw``, a network for three arms of a spiral, without ``nn`` and
#   ``optim``.
