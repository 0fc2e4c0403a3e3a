"""
Lesson 43: what a Module gives (nn.Module)
==========================================

A ``Module`` keeps account of what belongs to a network, so that one call finds, moves,
saves or switches all of it. What it was not told of, it does not find.

:Notes: nn.Moudle
:Needs: lessons 27 and 35
:Run: ``python lessons/lesson43_nn_module.py``
:Takes: 4 s
"""

import io

import torch
from torch import nn, optim
from torch.nn import functional as F

import _path  # the repository's root, for utils
from utils import plot_curve

torch.manual_seed(0)

# %%
# A layer of one's own
# --------------------
# The notes say ``nn.Moudle``; it is ``nn.Module``, and a module is any part of a
# network: a layer, a block, the whole. An ``nn.Parameter`` is a tensor that asks for a
# gradient. Assigned to an attribute it is registered, for which ``super().__init__()``
# has to come first. ``forward`` says what is computed.


class MyLinear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        bound = inputs**-0.5  # the start of nn.Linear, lesson 27
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound))

    def forward(self, x):
        return x @ self.weight.t() + self.bias  # [b, in] => [b, out]


# %%
# With the weights of an ``nn.Linear`` it gives the same numbers and the same gradients.

mine, builtin = MyLinear(784, 10), nn.Linear(784, 10)
mine.load_state_dict(builtin.state_dict())
x, y = torch.randn(32, 784), torch.randint(10, (32,))
for layer in mine, builtin:
    F.cross_entropy(layer(x), y).backward()
same_output = torch.allclose(mine(x), builtin(x), atol=1e-5)
same_gradient = all(
    torch.allclose(p.grad, q.grad, atol=1e-5)
    for p, q in zip(mine.parameters(), builtin.parameters(), strict=True)
)
print(same_output, same_gradient)

# %%
# Flatten
# -------
# As a module, any step can stand in a ``Sequential``. PyTorch has this one as
# ``nn.Flatten``, which also takes what ``view`` refuses (lesson 9).


class Flatten(nn.Module):
    def forward(self, x):
        return x.view(len(x), -1)  # [b, c, h, w] => [b, c * h * w]


images = torch.rand(4, 1, 28, 28)
print(Flatten()(images).shape, torch.equal(Flatten()(images), nn.Flatten()(images)))
try:
    Flatten()(images.transpose(2, 3))
except RuntimeError as error:
    print(type(error).__name__, nn.Flatten()(images.transpose(2, 3)).shape)

# %%
# Modules in modules
# ------------------
# ``children`` are the modules one level down, ``modules`` all of them and the network
# itself. The name of a parameter is the path to it.


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(Flatten(), MyLinear(784, 64), nn.ReLU())
        self.dropout = nn.Dropout(0.5)
        self.head = MyLinear(64, 10)

    def forward(self, x):
        return self.head(self.dropout(self.body(x)))  # [b, 1, 28, 28] => [b, 10]


net = Net()
print([name for name, _ in net.named_children()], len(list(net.modules())))
for name, parameter in net.named_parameters():
    print(f"{name:14s}", list(parameter.shape))

# %%
# One call for all parts
# ----------------------
# ``train`` and ``eval`` set ``training`` in every part, and dropout acts on it (lesson
# 35). ``requires_grad_`` freezes, ``to`` moves or converts in place, and ``apply`` calls
# a function of your own on each part.

for mode in net.train, net.eval:
    mode()
    print(net.dropout.training, torch.equal(net(images), net(images)))
net.body.requires_grad_(False)
print([name for name, p in net.named_parameters() if p.requires_grad])
print(net.to(torch.float64) is net, net.head.weight.dtype)
net.to(torch.float32)
kinds = set()
net.apply(lambda module: kinds.add(type(module).__name__))
print(sorted(kinds))

# %%
# Saving
# ------
# ``state_dict`` maps names to tensors: the weights themselves, not copies of them. Its
# file fits every network with the same names and shapes.

file = io.BytesIO()
torch.save(net.state_dict(), file)
file.seek(0)
twin = Net()
print(twin.load_state_dict(torch.load(file, weights_only=True)))
print(torch.equal(twin.eval()(images), net(images)))
print(net.state_dict()["head.bias"].data_ptr() == net.head.bias.data_ptr())
try:
    nn.Linear(784, 10).load_state_dict({"weight": torch.zeros(10, 784)})
except RuntimeError as error:
    print(" ".join(str(error).split()))

# %%
# Buffers
# -------
# A tensor that belongs to the state and is not trained is a buffer: saved and moved with
# the rest. A plain attribute is neither.


class Normalize(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(0.1307))
        self.std = torch.tensor(0.3081)  # forgotten

    def forward(self, x):
        return (x - self.mean) / self.std


normalize = Normalize().to(torch.float64)
print(list(normalize.parameters()), list(normalize.state_dict()))
print(normalize.mean.dtype, normalize.std.dtype)

# %%
# Hooks
# -----
# A hook is called whenever its module is, with what went in and what came out. It shows
# the shapes in a network without touching its code.


def print_shapes(module, inputs, output):
    name = type(module).__name__
    print(f"{name:9s}{list(inputs[0].shape)} => {list(output.shape)}")


handles = [layer.register_forward_hook(print_shapes) for layer in net.body]
net(images)
for handle in handles:
    handle.remove()

# %%
# What a plain list hides
# -----------------------
# Modules in a Python list are not registered, and nothing complains: the optimizer
# trains what it is given. ``nn.ModuleList`` registers, as do ``nn.ModuleDict`` and
# ``nn.ParameterList``.


class Deep(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.hidden = kind([nn.Linear(2 if i == 0 else 8, 8) for i in range(3)])
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        for layer in self.hidden:
            x = torch.tanh(layer(x))  # [b, 2] or [b, 8] => [b, 8]
        return self.head(x).squeeze(1)  # [b, 8] => [b]


# %%
# Both start from the same weights and learn on which of two rings a point lies. With the
# plain list, three layers stay as they were drawn.

angle, ring = 6.283 * torch.rand(400), torch.arange(400) % 2
x = (1 + ring) * torch.stack([angle.cos(), angle.sin()])  # [2, b]
x, y = x.t() + 0.1 * torch.randn(400, 2), ring.float()
losses, counts, moved = {}, {}, {}
for kind in list, nn.ModuleList:
    name = kind.__name__
    torch.manual_seed(0)
    net = Deep(kind)
    counts[name] = sum(p.numel() for p in net.parameters())
    before = net.hidden[0].weight.clone()
    optimizer = optim.Adam(net.parameters(), lr=0.02)
    losses[name] = []
    for _ in range(200):
        loss = F.binary_cross_entropy_with_logits(net(x), y)
        losses[name].append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    moved[name] = not torch.equal(net.hidden[0].weight, before)
    print(f"{name}: {counts[name]} parameters, hidden weights moved: {moved[name]}")
plot_curve(losses, "list_or_module_list", ylabel="cross entropy")

# %%
# Try it
# ------
# - Predict the names in ``nn.Sequential(Net(), nn.ReLU()).state_dict()``.
# - Change ``self.std`` in ``Normalize`` to a buffer with ``persistent=False``. Is it
#   moved then, and is it saved?
# - Build a module ``Residual`` that takes any module and adds its input to its output.
