"""
Lesson 28: activations, and where to compute (激活函数与GPU加速)
================================================================

An activation is judged by the gradient that it lets through. A device is judged with a
clock that waits for it. Both in one lesson, as in the notes.

:Notes: lesson28 激活函数与GPU加速
:Needs: lessons 18, 26 and 27
:Run: ``python lessons/lesson28_activations_gpu.py``
"""

import time

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import batches, evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(batch_size=200, lr=0.01)
torch.manual_seed(opt.seed)

# %%
# Eight activations
# -----------------
# Sigmoid and tanh saturate: far from zero their gradient is almost zero, and what comes
# before them stops learning. ReLU passes the gradient whole for positive inputs and
# none for negative ones. The others let a little through there.

activations = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "LeakyReLU": F.leaky_relu,
    "ELU": F.elu,
    "SELU": F.selu,
    "softplus": F.softplus,
    "GELU": F.gelu,
}
x = torch.tensor([-3.0, -0.5, 0.5, 3.0], requires_grad=True)
print("gradient at     -3.0   -0.5    0.5    3.0")
#: gradient at     -3.0   -0.5    0.5    3.0
for name, activation in activations.items():
    (gradient,) = torch.autograd.grad(activation(x).sum(), x)
    print(f"{name:12s}" + "".join(f"{g:7.3f}" for g in gradient.tolist()))
#: sigmoid       0.045  0.235  0.235  0.045
#: tanh          0.010  0.786  0.786  0.010
#: ReLU          0.000  0.000  1.000  1.000
#: LeakyReLU     0.010  0.010  1.000  1.000
#: ELU           0.050  0.607  1.000  1.000
#: SELU          0.088  1.066  1.051  1.051
#: softplus      0.047  0.378  0.622  0.953
#: GELU         -0.012  0.133  0.867  1.012

# %%
# Each function, and dashed its gradient.

x = torch.linspace(-4, 4, 401, requires_grad=True)
figure, axes = plt.subplots(2, 4, figsize=(10, 5), sharex=True, sharey=True)
for ax, (name, activation) in zip(axes.flat, activations.items(), strict=True):
    y = activation(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    ax.plot(x.detach(), y.detach())
    ax.plot(x.detach(), gradient, "--")
    ax.set_title(name)
    ax.set_ylim(-2, 4)
    ax.grid(alpha=0.3)
show("activations")

# %%
# Dead units
# ----------
# A ReLU unit whose input is negative for every image is dead: it passes no gradient, so
# nothing can bring it back. Biases of -3 put all 200 units of the first layer there.
# LeakyReLU keeps a hundredth of the gradient, and its network finds the way out.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)


def mlp(activation, *last):
    """Two hidden layers, images [b, 1, 28, 28] to logits [b, 10], then ``last``."""
    torch.manual_seed(opt.seed)
    return nn.Sequential(
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, 200),
        activation,
        nn.Linear(200, 200),
        activation,
        nn.Linear(200, 10),  # [b, 200] => [b, 10]
        *last,
    ).to(opt.device)


def train_epoch(net, lr):
    optimizer = optim.SGD(net.parameters(), lr=lr)
    for x, y in train_loader:
        loss = F.cross_entropy(net(x), y)
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return evaluate(net, test_loader)[1]


dead_units, accuracies = {}, {}
for activation in nn.ReLU(), nn.LeakyReLU():
    name = type(activation).__name__
    net = mlp(activation)
    nn.init.constant_(net[1].bias, -3.0)
    x, y = train_set.tensors
    F.cross_entropy(net(x), y).backward()
    dead_units[name] = (net[1].weight.grad == 0).all(dim=1).sum().item()
    accuracies[name] = train_epoch(net, lr=0.3)
    print(f"{name}: {dead_units[name]} of 200 units get no gradient;", end=" ")
    print(f"better than a guess after one epoch: {accuracies[name] > 0.2}")
#: ReLU: 200 of 200 units get no gradient; better than a guess after one epoch: False
#: LeakyReLU: 0 of 200 units get no gradient; better than a guess after one epoch: True

# %%
# An activation on the logits
# ---------------------------
# The notes say ``LeakyReLU`` after the last layer as well. Below zero a logit then
# moves a hundredth as far, and wrong classes are hard to push away.

for name, last in ("free logits", []), ("LeakyReLU on logits", [nn.LeakyReLU()]):
    accuracies[name] = train_epoch(mlp(nn.LeakyReLU(), *last), opt.lr)
    print(f"{name}: accuracy {accuracies[name]:.3f} after one epoch")
#: free logits: accuracy 0.854 after one epoch
#: LeakyReLU on logits: accuracy 0.674 after one epoch

# %%
# Devices
# -------
# The notes say ``torch.device('cuda:0')`` and ``.cuda()``, which end with an error on
# most machines. ``torch.accelerator`` finds what there is: CUDA, Apple's MPS, Intel's
# XPU. ``settings`` asks it, and ``--device cpu`` overrules it.

print(f"this lesson ran on: {opt.device.type}")
#: this lesson ran on: cpu

# %%
# A tensor's ``to`` returns a copy and leaves the tensor where it was; a module's ``to``
# moves its parameters in place and returns the module. It is the same with a dtype as
# with a device, so that any machine can show it.

x = torch.ones(2)
layer = nn.Linear(2, 1)
print(x.to(torch.float64) is x, x.dtype)
#: False torch.float32
print(layer.to(torch.float64) is layer, layer.weight.dtype)
#: True torch.float64

# %%
# Timing
# ------
# An accelerator works through a queue: a call returns once the work is in it. A clock
# read without ``synchronize`` measures the queueing. The first call is left out, since
# it also chooses and loads the kernel.


def seconds(function, device, repeat=10):
    """Mean time of a call, after one that does not count."""
    function()
    if device.type != "cpu":
        torch.accelerator.synchronize()
    start = time.perf_counter()
    for _ in range(repeat):
        function()
    if device.type != "cpu":
        torch.accelerator.synchronize()
    return (time.perf_counter() - start) / repeat


# %%
# A product of two n × n matrices takes 2n³ floating-point operations. Small ones do not
# keep a device busy, so that the speed grows with n, on an accelerator most of all.

devices = dict.fromkeys([torch.device("cpu"), opt.device])
for n in 64, 256, 1024:
    for device in devices:
        a = torch.randn(n, n, device=device)
        speed = 2 * n**3 / seconds(lambda a=a: a @ a, device) / 1e9
        print(f"{device.type}, n = {n}: {speed:.1f} GFLOP/s")
#: cpu, n = 64: 56.8 GFLOP/s
#: cpu, n = 256: 161.3 GFLOP/s
#: cpu, n = 1024: 163.1 GFLOP/s
if len(devices) == 1:
    print("no accelerator here: only the CPU was timed")
#: no accelerator here: only the CPU was timed

# %%
# Mixed precision
# ---------------
# Under ``autocast`` matrix products are computed in bfloat16: 8 bits of exponent as in
# float32, but only 8 of precision instead of 24. Weights and losses stay float32.

net = nn.Linear(784, 10).to(opt.device)
x, y = next(iter(test_loader))
with torch.autocast(opt.device.type, dtype=torch.bfloat16):
    logits = net(x.flatten(1))  # [b, 1, 28, 28] => [b, 784] => [b, 10]
    loss = F.cross_entropy(logits, y)
print(net.weight.dtype, logits.dtype, loss.dtype)
#: torch.float32 torch.bfloat16 torch.float32
print(torch.tensor(1.003).to(torch.bfloat16).item())
#: 1.0

# %%
# Try it
# ------
# - Predict from the table which activation lets least gradient through ten layers.
# - Change the biases of -3 to -1. How many units are dead then?
# - Build a timing of ``(a @ a).sum()`` in bfloat16 against float32 on your machine.
