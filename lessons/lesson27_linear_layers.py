"""
Lesson 27: the same network from layers (全连接层)
==================================================

``nn.Linear`` holds a weight and a bias, ``nn.Module`` finds the parameters of all its
parts. The network of lesson 26 in this form computes the same numbers.

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
# ``nn.Linear(in, out)`` keeps its weight as [out, in] and computes ``x @ w.t() + b``.

layer = nn.Linear(784, 200)
x = torch.rand(3, 784)
print(layer.weight.shape, layer.bias.shape)
#: torch.Size([200, 784]) torch.Size([200])
print(layer(x).shape)  # [b, 784] => [b, 200]
#: torch.Size([3, 200])
print(torch.allclose(layer(x), x @ layer.weight.t() + layer.bias, atol=1e-6))
#: True

# %%
# A layer takes any number of dimensions in front of the features: the last one has to
# fit, the others pass through.

print(layer(torch.rand(5, 7, 784)).shape)
#: torch.Size([5, 7, 200])
try:
    layer(torch.rand(3, 28, 28))
except RuntimeError as error:
    print(error)
#: mat1 and mat2 shapes cannot be multiplied (84x28 and 784x200)

# %%
# The network as a Module
# -----------------------
# A module that is assigned to an attribute in ``__init__`` is registered: its
# parameters count among the whole network's. ``nn.Sequential`` calls its modules one
# after another.


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
        return self.layers(x.view(len(x), 784))  # [b, 1, 28, 28] => [b, 10]


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
# ``nn.ReLU`` is a module, with a place in a ``Sequential``; ``F.relu`` is the function
# that it calls. Neither has parameters, so the choice is one of style.

x = torch.tensor([-1.0, 0.0, 2.0])
print(nn.ReLU()(x), F.relu(x), list(nn.ReLU().parameters()))
#: tensor([0., 0., 2.]) tensor([0., 0., 2.]) []

# %%
# Calling ``net(x)`` runs ``forward`` and the hooks around it (lesson 38); calling
# ``net.forward(x)`` by hand would skip them.
#
# Equal to lesson 26
# ------------------
# The raw tensors of lesson 26, with the module's weights copied into them.

raw = [p.detach().clone().requires_grad_() for p in net.parameters()]


def forward(x):
    w1, b1, w2, b2, w3, b3 = raw
    x = x.view(len(x), 784)  # [b, 1, 28, 28] => [b, 784]
    x = F.relu(x @ w1.t() + b1)  # => [b, 200]
    x = F.relu(x @ w2.t() + b2)  # => [b, 200]
    return x @ w3.t() + b3  # => [b, 10]


# %%
# Both are trained side by side on the same batches. The largest difference between any
# two of their weights stays at the size of a rounding error.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)

optimizers = optim.SGD(net.parameters(), lr=opt.lr), optim.SGD(raw, lr=opt.lr)
largest_difference = 0.0
for _ in range(opt.epochs):
    for x, y in train_loader:
        for logits, optimizer in zip((net(x), forward(x)), optimizers, strict=True):
            loss = F.cross_entropy(logits, y)
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    for p, q in zip(net.parameters(), raw, strict=True):
        largest_difference = max(largest_difference, (p - q).abs().max().item())
print(largest_difference < 1e-4)
#: True

# %%
# How ``nn.Linear`` starts
# ------------------------
# Its weights are uniform in ±1/√in, so their standard deviation is 1/√(3·in): √6 times
# smaller than Kaiming's √(2/in) of lesson 26.

print(f"bound {1 / 784**0.5:.4f}, largest {nn.Linear(784, 200).weight.max():.4f}")
#: bound 0.0357, largest 0.0357
test_loss, accuracy = evaluate(net, test_loader)
print(f"test loss {test_loss:.3f}, accuracy {accuracy:.3f}")
#: test loss 0.395, accuracy 0.893

# %%
# Try it
# ------
# - Predict what ``net.layers[2].weight.shape`` and ``net.layers[1]`` print.
# - Change ``self.layers`` to a plain list of modules. What does ``named_parameters``
#   find then? (Lesson 43 has the cure.)
# - Build a module ``Linear2`` of your own with two ``nn.Parameter``, and put it in
#   place of ``nn.Linear``.
