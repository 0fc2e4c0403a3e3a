"""
Lesson 28: activations, and where to compute (激活函数与GPU加速)
================================================================

The gradient of an activation decides what the layers before it can learn. The device
decides how fast. The notes treat both in one section, and so does this lesson.

:Notes: lesson28 激活函数与GPU加速
:Needs: lessons 18, 26 and 27
:Run: ``python lessons/lesson28_activations_gpu.py``
"""

import time

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from utils import batches, evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(epochs=10, batch_size=200, seeds=3, quick={"seeds": 1})
torch.manual_seed(opt.seed)

# %%
# Eight activations
# -----------------
# Sigmoid and tanh saturate (饱和, lesson 18): far from zero their gradient is almost
# zero, and the layers before them stop learning. ReLU passes the whole gradient for
# positive inputs and no gradient for negative inputs. The other five functions pass
# some gradient there, too. For SELU it can be larger than 1, and for GELU negative.

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
    gradient = torch.autograd.grad(activation(x).sum(), x)[0]
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
# Drawn: each activation as a solid line, its gradient as a dashed line.

x = torch.linspace(-4, 4, 401, requires_grad=True)
figure, axes = plt.subplots(2, 4, figsize=(10, 5), sharex=True, sharey=True)
for ax, name in zip(axes.flat, activations, strict=True):
    y = activations[name](x)
    gradient = torch.autograd.grad(y.sum(), x)[0]
    ax.plot(x.detach(), y.detach())
    ax.plot(x.detach(), gradient, "--")
    ax.set_title(name)
    ax.set_ylim(-2, 4)
    ax.grid(alpha=0.3)
show("activations")

# %%
# A network and an epoch
# ----------------------
# The experiments below use the network of lesson 27. The activation is an argument, and
# ``activate_logits`` puts it after the last layer as well. ``nn.Sequential(*layers)``
# passes the elements of the list as separate arguments.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)

# %%


def mlp(activation, seed=0, activate_logits=False):
    """Two hidden layers, images [b, 1, 28, 28] to logits [b, 10]."""
    torch.manual_seed(opt.seed + seed)
    layers = [
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, 200),
        activation,
        nn.Linear(200, 200),
        activation,
        nn.Linear(200, 10),  # [b, 200] => [b, 10]
    ]
    if activate_logits:
        layers.append(activation)
    return nn.Sequential(*layers).to(opt.device)


# %%


def train_epoch(net, loader, lr):
    """Train for one epoch; returns the test accuracy after it."""
    optimizer = optim.SGD(net.parameters(), lr=lr)
    for x, y in loader:
        loss = F.cross_entropy(net(x), y)
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return evaluate(net, test_loader)[1]


# %%
# Dead units
# ----------
# A ReLU unit is dead (神经元死亡) if its input is negative for every image. It passes
# no gradient, so its weights do not change any more. Here the biases of the first layer
# are so low that all 200 units are dead. LeakyReLU passes a hundredth of the gradient,
# which is enough to bring its units back.

dead_units, accuracies = {}, {}
x, y = train_set.tensors
for name, activation in ("ReLU", nn.ReLU()), ("LeakyReLU", nn.LeakyReLU()):
    net = mlp(activation)
    first = net[1]
    with torch.no_grad():
        largest = (x.flatten(1) @ first.weight.t()).amax(dim=0)  # of all images, [200]
        first.bias.copy_(-largest - 0.1)
    F.cross_entropy(net(x), y).backward()
    dead = (first.weight.grad == 0).all(dim=1)  # [200, 784] => [200]
    dead_units[name] = dead.sum().item()
    accuracies[name] = train_epoch(net, train_loader, lr=0.3)
    print(f"{name}: {dead_units[name]} of 200 units get no gradient;", end=" ")
    print(f"better than a guess after one epoch: {accuracies[name] > 0.2}")
#: ReLU: 200 of 200 units get no gradient; better than a guess after one epoch: False
#: LeakyReLU: 0 of 200 units get no gradient; better than a guess after one epoch: True

# %%
# An activation on the logits
# ---------------------------
# The notes put ``LeakyReLU`` after the last layer as well. A negative logit then
# changes a hundred times more slowly, so it is hard to make a wrong class less likely.
# Is this a mistake? It delays the first epochs, if the learning rate is small. After
# ten epochs, as many as in the notes, the accuracies are level.
#
# The notes train on 60000 images with lr 0.01. Here it is a third of the images, with
# three times the rate. The rates 0.03, 0.1 and 0.3 were tried, and 0.3 is the best for
# both networks. With this rate there is almost no delay.

images, labels = train_set.tensors
part_of_set = TensorDataset(images[:20000], labels[:20000])
part_loader = batches(part_of_set, opt.batch_size, shuffle=True)
curves = {}
for lr in 0.03, 0.3:
    for name, activate_logits in ("free logits", False), ("LeakyReLU on logits", True):
        runs = torch.zeros(opt.seeds, opt.epochs)
        for seed in range(opt.seeds):
            net = mlp(nn.LeakyReLU(), seed, activate_logits)
            for epoch in range(opt.epochs):
                runs[seed, epoch] = train_epoch(net, part_loader, lr)
        curves[lr, name] = runs
        first, last = runs[:, 0].mean(), runs[:, -1].mean()
        print(f"lr {lr}, {name}: first epoch {first:.3f}, last epoch {last:.3f}")
#: lr 0.03, free logits: first epoch 0.845, last epoch 0.935
#: lr 0.03, LeakyReLU on logits: first epoch 0.750, last epoch 0.934
#: lr 0.3, free logits: first epoch 0.927, last epoch 0.970
#: lr 0.3, LeakyReLU on logits: first epoch 0.923, last epoch 0.971

# %%
# Drawn: the test accuracy of every run. On the left the dashed curves start lower and
# join the solid ones.

figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
for ax, lr in zip(axes, [0.03, 0.3], strict=True):
    for name, style in ("free logits", "C0-"), ("LeakyReLU on logits", "C1--"):
        for seed, run in enumerate(curves[lr, name].tolist()):
            label = name if seed == 0 else None
            ax.plot(range(1, len(run) + 1), run, style, linewidth=1, label=label)
    ax.set(title=f"lr {lr}", xlabel="epoch")
    ax.legend(loc="lower right")
axes[0].set_ylabel("test accuracy")
show("activated_logits")

# %%
# In place
# --------
# The notes write ``nn.LeakyReLU(inplace=True)``. Such a layer overwrites its input, so
# it needs no memory for a new tensor. "In place" (原地) is also what an underscore at
# the end of a name means (lesson 8): ``zero_``, ``add_``, ``requires_grad_``.

z = torch.tensor([-2.0, 3.0])
out = F.leaky_relu(z, inplace=True)
print(z, "same memory:", out.data_ptr() == z.data_ptr())
#: tensor([-0.0200,  3.0000]) same memory: True

# %%
# Autograd forbids this for two kinds of tensors: leaves that require a gradient, and
# tensors whose values it needs in the backward pass. The derivative of a sigmoid is
# computed from its output, so you must not overwrite this output. The output of a
# linear layer is not needed, and ``inplace=True`` after it is safe.

w = torch.ones(2, requires_grad=True)
try:
    F.leaky_relu(w, inplace=True)
except RuntimeError as error:
    print(error)
#: a leaf Variable that requires grad is being used in an in-place operation.
p = torch.sigmoid(w)
F.leaky_relu(p, inplace=True)
try:
    p.sum().backward()
except RuntimeError as error:
    print("error:", "modified by an inplace operation" in str(error))
#: error: True

# %%
# Devices
# -------
# The notes say ``torch.device('cuda:0')`` and ``.cuda()``. The name of a device has a
# type and an index: ``cuda:0`` is the first CUDA GPU. In fact a tensor cannot be moved
# there on a machine without such a GPU: both forms end with an error.
# ``torch.accelerator`` finds what the machine has: CUDA, Apple's MPS or Intel's XPU.
# ``settings`` asks it, and ``--device cpu`` overrules it.

device = torch.device("cpu:0")
print("type:", device.type, "index:", device.index)
#: type: cpu index: 0
print(f"this lesson ran on: {opt.device.type}")
#: this lesson ran on: cpu

# %%
# A tensor's ``to`` returns a new tensor if the device or the dtype changes, and the
# tensor itself if nothing changes. A module's ``to`` moves the parameters in place and
# returns the module. Any machine can show this with a dtype instead of a device.

x = torch.ones(2)
print("float32 to float16, same tensor:", x.to(torch.float16) is x)
#: float32 to float16, same tensor: False
print("float32 to float32, same tensor:", x.to(torch.float32) is x)
#: float32 to float32, same tensor: True
layer = nn.Linear(2, 1)
print("same module:", layer.to(torch.float16) is layer, layer.weight.dtype)
#: same module: True torch.float16

# %%
# The notes also write ``nn.CrossEntropyLoss().to(device)``. In fact this moves nothing,
# because the module holds no tensors.

loss_module = nn.CrossEntropyLoss().to(opt.device)
tensors = list(loss_module.parameters()) + list(loss_module.buffers())
print("tensors in nn.CrossEntropyLoss:", len(tensors))
#: tensors in nn.CrossEntropyLoss: 0

# %%
# Timing
# ------
# An accelerator works through a queue (队列). A call puts work into the queue and
# returns at once. Without ``synchronize`` a clock measures only how long that takes.
# The first call does not count, because it also chooses and loads the program.


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
# A product of two n × n matrices takes n³ multiplications and n³ additions, so 2n³
# floating-point operations (浮点运算, FLOP). The lessons always count both.
#
# A small product does not keep an accelerator busy, so there the speed grows with n. A
# CPU has fewer cores to keep busy. With two threads, as here, its speed may grow, too.
# On one core the product of n = 64 may be the fastest.

devices = [torch.device("cpu")]
if opt.device.type != "cpu":
    devices.append(opt.device)
for n in 64, 256, 1024:
    for device in devices:
        a = torch.randn(n, n, device=device)
        time_of_product = seconds(lambda a=a: a @ a, device)
        speed = 2 * n**3 / time_of_product / 1e9
        print(f"{device.type}, n = {n}: {speed:.1f} GFLOP/s")
#: cpu, n = 64: 27.8 GFLOP/s
#: cpu, n = 256: 170.0 GFLOP/s
#: cpu, n = 1024: 194.1 GFLOP/s
if len(devices) == 1:
    print("no accelerator here: only the CPU was timed")
#: no accelerator here: only the CPU was timed

# %%
# Mixed precision
# ---------------
# Mixed precision (混合精度) uses two types of floats. Under ``autocast`` matrix
# products are computed in bfloat16. The weights and the loss stay float32.

net = nn.Linear(784, 10).to(opt.device)
x, y = next(iter(test_loader))
with torch.autocast(opt.device.type, dtype=torch.bfloat16):
    logits = net(x.flatten(1))  # [b, 1, 28, 28] => [b, 784] => [b, 10]
    loss = F.cross_entropy(logits, y)
print(net.weight.dtype, logits.dtype, loss.dtype)
#: torch.float32 torch.bfloat16 torch.float32

# %%
# A bfloat16 has 8 bits of exponent, like a float32. It has 8 bits of precision where a
# float32 has 24, so it holds two or three decimal digits.

print("1.003 in bfloat16:", torch.tensor(1.003).to(torch.bfloat16).item())
#: 1.003 in bfloat16: 1.0

# %%
# Try it
# ------
# ``python check.py 28`` checks the functions that are named here.
#
# - Predict from the table which activation passes the least gradient in ten layers.
#   Then write ``operations``, the work of a matrix product.
# - Change ``- 0.1`` in the biases to ``+ 1``. How many units are dead then, and why?
#   Then change the given ``moved`` until the batch is on the device as well.
# - Build ``dead_relus``, which counts the dead units of any network.
