"""
Lesson 43: what a Module gives (nn.Module)
==========================================

A ``Module`` keeps a list of the tensors and layers of a network. So one call finds,
moves, saves or switches all of them. What is not registered is not found.

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
# A layer of your own
# -------------------
# The notes say ``nn.Moudle``. In fact the name is ``nn.Module`` (模块). A module is a
# layer, a block or a whole network. An ``nn.Parameter`` (参数) is a tensor that has a
# gradient. If you assign it to an attribute, the module registers it (注册).
#
# A class derived from ``nn.Module`` overrides (重写) the method ``forward`` of its
# parent. First of all it calls ``super().__init__()``. The notes' ``super(Flatten,
# self).__init__()`` is the older form of the same call.


class MyLinear(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(d_out, d_in) / d_in**0.5)
        self.bias = nn.Parameter(torch.zeros(d_out))

    def forward(self, x):
        return x @ self.weight.t() + self.bias  # [b, d_in] => [b, d_out]


# %%
# With the weights of an ``nn.Linear`` it gives the same numbers and the same gradients.

mine, builtin = MyLinear(784, 10), nn.Linear(784, 10)
mine.load_state_dict(builtin.state_dict())
x, y = torch.randn(32, 784), torch.randint(10, (32,))
out, expected = mine(x), builtin(x)
F.cross_entropy(out, y).backward()
F.cross_entropy(expected, y).backward()
equal = {
    "output": torch.allclose(out, expected, atol=1e-5),
    "weight.grad": torch.allclose(mine.weight.grad, builtin.weight.grad, atol=1e-5),
    "bias.grad": torch.allclose(mine.bias.grad, builtin.bias.grad, atol=1e-5),
}
for name, same in equal.items():
    print(f"{name} equal:", same)
#: output equal: True
#: weight.grad equal: True
#: bias.grad equal: True

# %%
# Modules in modules
# ------------------
# A module can be a part of another one. The class ``Flatten`` of the notes is one, and
# PyTorch has it as ``nn.Flatten``. That one also takes tensors that ``view`` refuses
# (lesson 9).


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


# %%
# ``children`` are the parts one level down. ``modules`` are the parts of all levels and
# the network itself. The name of a parameter is the path that leads to it.

net, images = Net(), torch.rand(4, 1, 28, 28)
same_flatten = torch.equal(Flatten()(images), nn.Flatten()(images))
print("Flatten equal:", same_flatten)
#: Flatten equal: True
print("children:", [name for name, child in net.named_children()])
#: children: ['body', 'dropout', 'head']
print("modules:", len(list(net.modules())))
#: modules: 7
for name, parameter in net.named_parameters():
    print(name, list(parameter.shape))
#: body.1.weight [64, 784]
#: body.1.bias [64]
#: head.weight [10, 64]
#: head.bias [10]

# %%
# One call for all parts
# ----------------------
# ``train()`` and ``eval()`` set the attribute ``training`` of every part. Dropout looks
# at it (lesson 35).

net.train()
same = torch.equal(net(images), net(images))
print(f"train: training {net.dropout.training}, same output twice: {same}")
#: train: training True, same output twice: False
net.eval()
same = torch.equal(net(images), net(images))
print(f"eval: training {net.dropout.training}, same output twice: {same}")
#: eval: training False, same output twice: True

# %%
# ``requires_grad_(False)`` freezes (冻结) all parameters of a part: they get no
# gradient. ``apply`` calls a function of yours on each part.

net.body.requires_grad_(False)
trained = [name for name, p in net.named_parameters() if p.requires_grad]
print("trained:", trained)
#: trained: ['head.weight', 'head.bias']

# %%
# Saving
# ------
# ``state_dict()`` (状态字典) gives the tensors of a network by their names. The file
# fits every network with the same names and shapes. Here the file is in memory.

state_file = io.BytesIO()
torch.save(net.state_dict(), state_file)
state_file.seek(0)
twin = Net().eval()
print(twin.load_state_dict(torch.load(state_file, weights_only=True)))
#: <All keys matched successfully>
same_answers = torch.equal(twin(images), net(images))
print("the same answers:", same_answers)
#: the same answers: True

# %%
# The tensors in ``state_dict()`` are no copies. They are the weights themselves. If you
# want to keep old weights, use ``copy.deepcopy`` (lesson 35).

net.state_dict()["head.bias"].fill_(7)
print("bias of the network:", net.head.bias[0].item())
#: bias of the network: 7.0

# %%
# A missing name is an error:

try:
    nn.Linear(784, 10).load_state_dict({"weight": mine.weight})
except RuntimeError as error:
    print(" ".join(str(error).split()))
#: Error(s) in loading state_dict for Linear: Missing key(s) in state_dict: "bias".

# %%
# Buffers, and moving
# -------------------
# A buffer (缓冲区) is a tensor that belongs to the state and is not trained. ``to``
# moves parameters and buffers to another device. A plain tensor stays where it is. The
# device "meta" (lesson 6) holds shapes without numbers, so this cell runs everywhere.


class Normalize(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("mean", torch.tensor(0.1307))
        self.std = torch.tensor(0.3081)  # forgotten


normalize = Normalize().to("meta")
print("state:", list(normalize.state_dict()))
#: state: ['scale', 'mean']
devices = {
    "scale": normalize.scale.device.type,
    "mean": normalize.mean.device.type,
    "std": normalize.std.device.type,
}
print(devices)
#: {'scale': 'meta', 'mean': 'meta', 'std': 'cpu'}

# %%
# Hooks
# -----
# A hook (钩子, lesson 38) is a function that a module calls after each ``forward``. It
# gets the arguments and the result.


def print_shapes(module, arguments, out):
    print(type(module).__name__, arguments[0].shape, "=>", out.shape)


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
# Modules in a Python list are not registered, and there is no warning. ``ModuleList``
# registers them, as ``ModuleDict`` and ``ParameterList`` do.


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
# The task is to tell apart the points of two rings, with the radii 1 and 2.

angle = 2 * torch.pi * torch.rand(400)
ring = torch.arange(400) % 2  # [b], 0 or 1
points = torch.stack([angle.cos(), angle.sin()], dim=1)  # [b, 2]
x = (1 + ring).view(400, 1) * points + 0.1 * torch.randn(400, 2)
y = ring.float()


def train(net):
    """The loss at each step."""
    optimizer = optim.Adam(net.parameters(), lr=0.02)
    losses = []
    for _ in range(200):
        loss = F.binary_cross_entropy_with_logits(net(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


# %%
# Both networks start with the same weights. With the plain list, the three hidden
# layers never change.

losses, moved = {}, {}
for name, kind in {"list": list, "ModuleList": nn.ModuleList}.items():
    torch.manual_seed(0)
    net = Deep(kind)
    start = net.hidden[0].weight.clone()
    losses[name] = train(net)
    moved[name] = not torch.equal(net.hidden[0].weight, start)
    count = len(list(net.parameters()))
    print(f"{name}: {count} parameters, hidden weights moved: {moved[name]}", end=", ")
    print(f"last loss {losses[name][-1]:.3f}")
#: list: 2 parameters, hidden weights moved: False, last loss 0.635
#: ModuleList: 8 parameters, hidden weights moved: True, last loss 0.000
plot_curve(losses, "list_or_module_list", ylabel="cross entropy")

# %%
# Try it
# ------
# ``python check.py 43`` checks the functions that are named here.
#
# - Predict (``trainable_numbers``): how many numbers an optimizer would change.
# - Change (``Standardize``): fixed numbers that are moved and saved with the network.
# - Build (``Residual``): any module with a shortcut around it.
