"""
Lesson 27: the same network from layers (全连接层)
==================================================

``nn.Linear`` holds a weight and a bias. ``nn.Module`` finds the parameters of all its
parts. The network of lesson 26, built from these classes, computes the same numbers.

:Notes: none; the course's lesson between lesson26 and lesson28
:Needs: lesson 26
:Run: ``python lessons/lesson27_linear_layers.py``
"""

import torch
from torch import nn, optim
from torch.nn import functional as F

from utils import batches, evaluate, mnist, settings, stop_if_not_finite

opt = settings(epochs=2, batch_size=200, lr=0.01)
torch.manual_seed(opt.seed)

# %%
# A layer is a weight and a bias
# ------------------------------
# ``nn.Linear(in, out)`` is a fully connected layer (全连接层). It stores its weight as
# [out, in] and computes ``x @ w.t() + b``.

layer = nn.Linear(784, 200)
x = torch.rand(3, 784)
print("weight", list(layer.weight.shape), "bias", list(layer.bias.shape))
#: weight [200, 784] bias [200]
print("output", list(layer(x).shape))  # [b, 784] => [b, 200]
#: output [3, 200]
by_hand = x @ layer.weight.t() + layer.bias
print("equal to the formula:", torch.allclose(layer(x), by_hand, atol=1e-6))
#: equal to the formula: True

# %%
# The notes say (lesson5) that a fully connected network takes tensors of dimension 2
# only. In fact it takes any number of dimensions. The last one must be the number of
# inputs, and the others stay as they are. An image [28, 28] does not fit, because its
# last dimension is 28.

print(list(layer(torch.rand(5, 7, 784)).shape))  # [5, 7, 784] => [5, 7, 200]
#: [5, 7, 200]
try:
    layer(torch.rand(3, 28, 28))
except RuntimeError as error:
    print(error)
#: mat1 and mat2 shapes cannot be multiplied (84x28 and 784x200)

# %%
# The network as a Module
# -----------------------
# A network is a class that inherits from ``nn.Module`` (模块). Its ``__init__`` calls
# that of ``nn.Module`` first. The notes write ``super(MLP, self).__init__()``, which is
# the older form of ``super().__init__()``.
#
# A module that you assign to an attribute is registered: its parameters belong to the
# network's parameters. ``nn.Sequential`` calls its modules one after another.


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(784, 200),
            nn.ReLU(),
            nn.Linear(200, 200),
            nn.ReLU(),
            nn.Linear(200, 10),
        )

    def forward(self, x):
        x = x.view(len(x), 784)  # [b, 1, 28, 28] => [b, 784]
        return self.layers(x)  # => [b, 10]


# %%
# ``named_parameters`` gives each parameter with its name, and ``parameters`` without.

net = MLP().to(opt.device)
for name, parameter in net.named_parameters():
    print(name, list(parameter.shape))
#: layers.0.weight [200, 784]
#: layers.0.bias [200]
#: layers.2.weight [200, 200]
#: layers.2.bias [200]
#: layers.4.weight [10, 200]
#: layers.4.bias [10]
parameter_count = sum(p.numel() for p in net.parameters())
print(f"{parameter_count} numbers to train")
#: 199210 numbers to train

# %%
# ``nn.ReLU`` is a module, so you can put it into a ``Sequential``. It calls the
# function ``F.relu``. Both have no parameters, and you can use either.

x = torch.tensor([-1.0, 0.0, 2.0])
print("module:", nn.ReLU()(x).tolist(), "function:", F.relu(x).tolist())
#: module: [0.0, 0.0, 2.0] function: [0.0, 0.0, 2.0]
print("parameters of nn.ReLU:", list(nn.ReLU().parameters()))
#: parameters of nn.ReLU: []

# %%
# Equal to lesson 26
# ------------------
# These are the raw tensors of lesson 26. They get a copy of the module's weights.
# ``net(x)`` runs ``forward`` and also hooks (钩子), functions that you registered.
# Lesson 38 shows why you do not call ``net.forward(x)``.

raw = [p.detach().clone().requires_grad_() for p in net.parameters()]


def forward(x):
    w1, b1, w2, b2, w3, b3 = raw
    x = x.view(len(x), 784)  # [b, 1, 28, 28] => [b, 784]
    x = F.relu(x @ w1.t() + b1)  # => [b, 200]
    x = F.relu(x @ w2.t() + b2)  # => [b, 200]
    return x @ w3.t() + b3  # => [b, 10]


# %%
# Both networks train on the same batches. After each epoch their weights are compared.
# The largest difference is as small as a rounding error.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)


def step(logits, y, optimizer):
    loss = F.cross_entropy(logits, y)
    stop_if_not_finite(loss)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


# %%

optimizer_of_net = optim.SGD(net.parameters(), lr=opt.lr)
optimizer_of_raw = optim.SGD(raw, lr=opt.lr)
largest_difference = 0.0
for _ in range(opt.epochs):
    for x, y in train_loader:
        step(net(x), y, optimizer_of_net)
        step(forward(x), y, optimizer_of_raw)
    for p, q in zip(net.parameters(), raw, strict=True):
        difference = (p - q).abs().max().item()
        largest_difference = max(largest_difference, difference)
print("largest difference below 1e-4:", largest_difference < 1e-4)
#: largest difference below 1e-4: True
test_loss, accuracy = evaluate(net, test_loader)
print(f"test loss {test_loss:.3f}, accuracy {accuracy:.3f}")
#: test loss 0.395, accuracy 0.893

# %%
# How ``nn.Linear`` starts
# ------------------------
# ``nn.Linear`` draws its weights from the uniform distribution (均匀分布) between
# -1/√in and 1/√in. Their standard deviation is 1/√(3·in). This is √6 times smaller than
# the √(2/in) of Kaiming initialisation (lesson 26).

weight = nn.Linear(784, 200).weight
print(f"bound {1 / 784**0.5:.4f}, largest {weight.max():.4f}")
#: bound 0.0357, largest 0.0357
print(f"standard deviation {weight.std():.4f}, formula {1 / (3 * 784) ** 0.5:.4f}")
#: standard deviation 0.0206, formula 0.0206
print(f"of Kaiming: {(2 / 784) ** 0.5:.4f}")
#: of Kaiming: 0.0505

# %%
# Try it
# ------
# ``python check.py 27`` checks the functions that are named here.
#
# - Predict what ``net.layers[2].weight.shape`` and ``net.layers[1]`` print. Then write
#   ``parameter_list``, the names and the shapes of all parameters.
# - Change the given ``TwoLayers`` until an optimizer finds its parameters.
# - Build ``Perceptrons``, a module with any number of layers.
