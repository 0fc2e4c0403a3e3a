"""
Lesson 43: what a Module gives (nn.Module)
==========================================

A ``Module`` keeps account of what belongs to a network, so that one call finds, moves,
saves or switches all of it. What it was not told of, it does not find.

:Notes: nn.Moudle
:Needs: lessons 27 and 35
:Run: ``python lessons/lesson43_nn_module.py``
"""

import io

import torch
from torch import nn, optim
from torch.nn import functional as F

from utils import plot_curve

torch.manual_seed(0)

# %%
# A layer of one's own
# --------------------
# The notes say ``nn.Moudle``; it is ``nn.Module``: a layer, a block, a whole network.
# An ``nn.Parameter`` is a tensor that asks for a gradient. Assigned to an attribute
# after ``super().__init__()``, it is registered.


class MyLinear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / inputs**0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return x @ self.weight.t() + self.bias  # [b, in] => [b, out]


# %%
# With the weights of an ``nn.Linear`` it gives the same numbers and the same gradients.

mine, builtin = MyLinear(784, 10), nn.Linear(784, 10)
mine.load_state_dict(builtin.state_dict())
x, y = torch.randn(32, 784), torch.randint(10, (32,))
for layer in mine, builtin:
    F.cross_entropy(layer(x), y).backward()
both = [(m(x), *(p.grad for p in m.parameters())) for m in (mine, builtin)]
equal = [torch.allclose(a, b, atol=1e-5) for a, b in zip(*both, strict=True)]
print(equal)
#: [True, True, True]

# %%
# Modules in modules
# ------------------
# As a module, any step can be a part. The notes' ``Flatten`` is ``nn.Flatten``, which
# also takes what ``view`` refuses (lesson 9). ``children`` are one level down,
# ``modules`` all and the network itself. A parameter's name is the path to it.


class Flatten(nn.Module):
    def forward(self, x):
        return x.view(len(x), -1)  # [b, c, h, w] => [b, c * h * w]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(Flatten(), MyLinear(784, 64), nn.ReLU())
        self.dropout = nn.Dropout(0.5)
        self.head = MyLinear(64, 10)

    def forward(self, x):
        return self.head(self.dropout(self.body(x)))  # [b, 1, 28, 28] => [b, 10]


net, images = Net(), torch.rand(4, 1, 28, 28)
same_flatten = torch.equal(Flatten()(images), nn.Flatten()(images))
print(same_flatten, [name for name, _ in net.named_children()], len([*net.modules()]))
#: True ['body', 'dropout', 'head'] 7
for name, parameter in net.named_parameters():
    print(name, list(parameter.shape))
#: body.1.weight [64, 784]
#: body.1.bias [64]
#: head.weight [10, 64]
#: head.bias [10]

# %%
# One call for all parts
# ----------------------
# ``train`` and ``eval`` set ``training`` in every part, and dropout acts on it (lesson
# 35). ``requires_grad_`` freezes; ``apply`` calls a function of your own on each part.

for mode in net.train, net.eval:
    mode()
    print(net.dropout.training, torch.equal(net(images), net(images)))
#: True False
#: False True
net.body.requires_grad_(False)
print(trained := [name for name, p in net.named_parameters() if p.requires_grad])
#: ['head.weight', 'head.bias']

# %%
# Saving
# ------
# ``state_dict`` maps names to tensors. Its file fits every network with the same names
# and shapes. The tensors are the weights themselves; ``copy.deepcopy`` copies them.

torch.save(net.state_dict(), file := io.BytesIO())
file.seek(0)
twin = Net().eval()
print(twin.load_state_dict(torch.load(file, weights_only=True)))
#: <All keys matched successfully>
same_answers = torch.equal(twin(images), net(images))
net.state_dict()["head.bias"].fill_(7)
print(same_answers, net.head.bias[0].item())
#: True 7.0
try:
    nn.Linear(784, 10).load_state_dict({"weight": mine.weight})
except RuntimeError as error:
    print(" ".join(str(error).split()))
#: Error(s) in loading state_dict for Linear: Missing key(s) in state_dict: "bias".

# %%
# Buffers, and moving
# -------------------
# A tensor that belongs to the state and is not trained is a buffer. ``to`` moves what
# is registered, in place, here to a device of shapes without numbers; a plain tensor
# stays behind.


class Normalize(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("mean", torch.tensor(0.1307))
        self.std = torch.tensor(0.3081)  # forgotten


normalize = Normalize().to("meta")
print(list(normalize.state_dict()))
#: ['scale', 'mean']
devices = {k: getattr(normalize, k).device.type for k in ("scale", "mean", "std")}
print(devices)
#: {'scale': 'meta', 'mean': 'meta', 'std': 'cpu'}

# %%
# Hooks
# -----
# A hook is called whenever its module is, with what went in and what came out.


def print_shapes(module, inputs, output):
    print(type(module).__name__, inputs[0].shape, "=>", output.shape)


handles = [layer.register_forward_hook(print_shapes) for layer in net.body]
net(images)
#: Flatten torch.Size([4, 1, 28, 28]) => torch.Size([4, 784])
#: MyLinear torch.Size([4, 784]) => torch.Size([4, 64])
#: ReLU torch.Size([4, 64]) => torch.Size([4, 64])
for handle in handles:
    handle.remove()

# %%
# What a plain list hides
# -----------------------
# Modules in a Python list are not registered, and nothing complains. ``ModuleList``
# registers, as do ``ModuleDict`` and ``ParameterList``. Both networks start from the
# same weights and learn on which of two rings a point lies.


class Deep(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.hidden = kind([nn.Linear(2, 8), nn.Linear(8, 8), nn.Linear(8, 8)])
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        for layer in self.hidden:
            x = torch.tanh(layer(x))  # [b, 2] or [b, 8] => [b, 8]
        return self.head(x).squeeze(1)  # [b, 8] => [b]


# %%
# With the plain list, three layers stay as they were drawn.

angle, ring = 6.283 * torch.rand(400), torch.arange(400) % 2
x = (1 + ring) * torch.stack([angle.cos(), angle.sin()])  # [2, b]
x, y = x.t() + 0.1 * torch.randn(400, 2), ring.float()
losses, moved = {}, {}
for name, kind in ("list", list), ("ModuleList", nn.ModuleList):
    torch.manual_seed(0)
    net = Deep(kind)
    start = net.hidden[0].weight.clone()
    optimizer = optim.Adam(net.parameters(), lr=0.02)
    losses[name] = []
    for _ in range(200):
        loss = F.binary_cross_entropy_with_logits(net(x), y)
        losses[name].append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    moved[name] = not torch.equal(net.hidden[0].weight, start)
    count = len(list(net.parameters()))
    print(f"{name}: {count} parameters, hidden weights moved: {moved[name]}")
#: list: 2 parameters, hidden weights moved: False
#: ModuleList: 8 parameters, hidden weights moved: True
plot_curve(losses, "list_or_module_list", ylabel="cross entropy")

# %%
# Try it
# ------
# - Predict the names in ``nn.Sequential(Net(), nn.ReLU()).state_dict()``.
# - Change ``self.std`` to a buffer with ``persistent=False``. Is it moved, and saved?
# - Build a module ``Residual`` that takes any module and adds its input to its output.
