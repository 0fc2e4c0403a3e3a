"""
Lesson 7: creating tensors (创建tensor)
=======================================

A tensor is created from data, from a rule or from random numbers. One function leaves
the content undefined. It is ``empty``, not ``rand``.

:Notes: lesson7 创建tensor
:Needs: lesson 6
:Run: ``python lessons/lesson07_creating_tensors.py``
"""

import numpy as np
import torch
from matplotlib import pyplot as plt
from torch import nn

from utils import show

torch.manual_seed(0)

# %%
# From data
# ---------
# A NumPy array keeps its dtype, and NumPy's floats are float64. From a list, floats
# become float32 and integers become int64. One float among integers makes all of them
# floats. The rows of a list have to be equally long.

print(torch.from_numpy(np.array([2, 3.3])), torch.from_numpy(np.ones([2, 3])).shape)
#: tensor([2.0000, 3.3000], dtype=torch.float64) torch.Size([2, 3])
print(torch.tensor([2.0, 3.2]), torch.tensor([2, 3]).dtype, torch.tensor([2, 3.2]))
#: tensor([2.0000, 3.2000]) torch.int64 tensor([2.0000, 3.2000])
try:
    torch.tensor([[1, 2], [3]])
except ValueError as error:
    print(error)
#: expected sequence of length 2 at dim 1 (got 1)

# %%
# ``tensor`` and ``Tensor``
# -------------------------
# ``torch.tensor`` takes data. ``torch.Tensor`` and ``torch.FloatTensor`` are old forms.
# They read numbers as a shape and a list as data, so one pair of brackets decides. Use
# ``tensor`` for data, and ``empty`` or ``zeros`` for a shape.

print(torch.Tensor(2, 3).shape, torch.Tensor([2, 3]).shape, torch.Tensor([2, 3]))
#: torch.Size([2, 3]) torch.Size([2]) tensor([2., 3.])
try:
    torch.tensor(2, 3)
except TypeError as error:
    print(error)
#: tensor() takes 1 positional argument but 2 were given

# %%
# Uninitialised memory
# --------------------
# ``Tensor(2, 3)``, ``FloatTensor(2)`` and ``empty(2, 3)`` hold the bytes that were in
# their memory before. These bytes are often zeros, so that nobody notices the mistake.
# Below are four integers, and the floats that have the same bytes: a huge number, NaN
# ("not a number", 非数) and two tiny numbers. The last one is the 4.59e-41 of the
# notes. It is 32767, the upper half of many addresses in the memory of a Linux program.

left_over = torch.tensor([2139095039, 2143289344, 1, 32767], dtype=torch.int32)
print(left_over.view(torch.float32))
#: tensor([3.4028e+38,        nan, 1.4013e-45, 4.5916e-41])

# %%
# ``empty`` is right where the next lines write every element. Deterministic mode
# (确定性模式) finds the places where they do not. It fills new memory with NaN, and
# every result that uses a NaN is NaN, too.

torch.set_deterministic_debug_mode("error")
print(torch.empty(3), torch.Tensor(1, 2), torch.empty(3).sum())
#: tensor([nan, nan, nan]) tensor([[nan, nan]]) tensor(nan)
torch.set_deterministic_debug_mode("default")

# %%
# Random numbers
# --------------
# The notes say that ``rand`` draws from [0, 1], which includes 1. In fact ``rand``
# draws from [0, 1). On the CPU its float32 numbers are the multiples of 2^-24 from 0 up
# to, and not including, 1. Zero is one of them, so ``log(rand)`` can be minus infinity,
# and ``log(1 - rand)`` cannot.

x = torch.rand(1_000_000)
whole = ((x * 2**24).frac() == 0).all().item()
print(f"multiples of 2^-24: {whole}, below 1: {(x < 1).all().item()}")
#: multiples of 2^-24: True, below 1: True

# %%
# ``rand_like`` takes its shape, dtype and device from another tensor. A factor and a
# shift give uniform numbers over any range.

x = -2 + 5 * torch.rand_like(x)
print(x.shape, "in [-2, 3):", ((x >= -2) & (x < 3)).all().item())
#: torch.Size([1000000]) in [-2, 3): True

# %%
# ``randint`` does not include its upper end either. ``randn`` draws from the normal
# distribution N(0, 1), with mean 0 and variance (方差) 1.

x = torch.randint(1, 10, [1000, 3])
print(x.shape, x.dtype, x.min().item(), x.max().item())
#: torch.Size([1000, 3]) torch.int64 1 9
print(torch.randn(3, 3).shape)
#: torch.Size([3, 3])

# %%
# The notes say that ``randn`` initialises a bias. In fact a small multiple of ``randn``
# is a usual start for weights, and a bias starts at zero or near it. ``nn.Linear``
# draws its bias uniformly, between -1/√d and 1/√d for d inputs.

bias = nn.Linear(100, 1000).bias  # 1/√100 is 0.1
print(f"largest bias {bias.abs().max():.2f}")
#: largest bias 0.10

# %%
# ``normal`` takes a mean and a standard deviation for each element. With a standard
# deviation of zero the element is equal to its mean.

means, stds = torch.tensor([5.0, 10.0, 20.0, 30.0]), torch.tensor([0.0, 1.0, 2.0, 4.0])
x = torch.normal(means.expand(10_000, 4), stds.expand(10_000, 4))  # [10000, 4]
print(x[:, 0].unique())
#: tensor([5.])

# %%
# Drawn: the histograms of the other three columns.

plt.figure(figsize=(6, 3))
for i in 1, 2, 3:
    name = f"normal, mean {means[i]:.0f}, std {stds[i]:.0f}"
    plt.hist(x[:, i], bins=60, density=True, alpha=0.7, label=name)
plt.xlabel("value")
plt.ylabel("density")
plt.legend()
show("normal")

# %%
# The seed (随机种子) is the start of the random numbers. The same seed gives the same
# numbers, so that you can repeat a run.

torch.manual_seed(1)
first = torch.rand(3)
torch.manual_seed(1)
again, next_three = torch.rand(3), torch.rand(3)
print("same seed:", torch.equal(first, again))
#: same seed: True
print("three more:", torch.equal(first, next_three))
#: three more: False

# %%
# One value
# ---------
# The first argument of ``full`` is the shape. The shape [] gives a scalar, and [1]
# gives a vector of one element. The notes do not mention the dtype. Older versions gave
# floats. Today the dtype follows from the value, and an int gives int64.

print(torch.full([], 7), torch.full([1], 7), torch.full([1], 7.0))
#: tensor(7) tensor([7]) tensor([7.])
print(torch.full([2, 3], 7), torch.full([2, 3], 7).dtype)
#: tensor([[7, 7, 7],
#:         [7, 7, 7]]) torch.int64

# %%
# ``zeros``, ``ones`` and ``eye`` are in the notes. ``eye`` has ones on its diagonal
# (对角线). ``zeros_like`` takes its shape and dtype from another tensor.

print(torch.zeros(2, 2).tolist(), torch.ones(2, 2).tolist())
#: [[0.0, 0.0], [0.0, 0.0]] [[1.0, 1.0], [1.0, 1.0]]
print(torch.eye(3, 4))
#: tensor([[1., 0., 0., 0.],
#:         [0., 1., 0., 0.],
#:         [0., 0., 1., 0.]])
print(torch.zeros_like(torch.full([2], 7)))
#: tensor([0, 0])

# %%
# Ranges
# ------
# ``arange`` does not include its end. ``linspace`` includes both ends, and ``steps`` is
# the number of elements. A step such as 0.1 has no exact binary form, and then rounding
# decides whether ``arange`` includes its end. Below, (1.3 - 1) / 0.1 is a little more
# than 3, so there are four elements. Use ``linspace`` with such steps.

print(torch.arange(0, 10), torch.arange(0, 10, 2))
#: tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) tensor([0, 2, 4, 6, 8])
print(torch.arange(1, 1.3, 0.1))
#: tensor([1.0000, 1.1000, 1.2000, 1.3000])
print("quotient:", (1.3 - 1) / 0.1)
#: quotient: 3.0000000000000004
print(torch.linspace(0, 10, steps=4))
#: tensor([ 0.0000,  3.3333,  6.6667, 10.0000])
print(torch.linspace(0, 10, steps=11))
#: tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10.])

# %%
# ``logspace`` takes exponents of 10. Each number is the number before it times a
# constant factor.
#
# The notes say that ``logspace(0, -1, 10)`` ends at 0. In fact it ends at 10^-1, and no
# power of 10 is 0.

x = torch.logspace(0, -1, steps=10)
print(x[0].item(), f"{x[-1]:.4f}")
#: 1.0 0.1000
factor = torch.tensor(10 ** (-1 / 9))
print("constant factor:", torch.allclose(x[1:] / x[:-1], factor))
#: constant factor: True

# %%
# Drawn: ``linspace`` has equal distances on a linear axis, and ``logspace`` has equal
# distances on a logarithmic axis.

figure, axes = plt.subplots(2, 1, figsize=(7, 2.8))
for ax, scale in zip(axes, ("linear", "log"), strict=True):
    ax.plot(x, ["logspace(0, -1, 10)"] * 10, "o")
    ax.plot(torch.linspace(1, 0.1, 10), ["linspace(1, 0.1, 10)"] * 10, "o")
    ax.set_xscale(scale)
    ax.set_xlabel(f"{scale} axis")
    ax.margins(y=0.4)
axes[0].set_xlim(left=0)
show("linspace_and_logspace")

# %%
# Shuffling two tensors alike
# ---------------------------
# ``randperm(n)`` gives a permutation (排列): the numbers 0 to n - 1 in random order.
# Used as an index, it reorders rows. The same permutation for samples and labels keeps
# each sample with its label.

y = torch.arange(10)  # [b]
x = torch.stack([y, 10 * y], dim=1)  # [b, d], each row starts with its label
order = torch.randperm(10)
print(order.sort().values)
#: tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
print("one order for both:", torch.equal(x[order][:, 0], y[order]))
#: one order for both: True
print("an order for each:", torch.equal(x[order][:, 0], y[torch.randperm(10)]))
#: an order for each: False

# %%
# Try it
# ------
# ``python check.py 7`` checks the functions that are named here.
#
# - Predict the shapes of ``torch.Tensor([2])``, ``torch.Tensor(2)`` and
#   ``torch.arange(2, 9, 3)``. Then write ``count_arange``.
# - Change the given ``uniform`` until its numbers fill the interval from ``low`` to
#   ``high``.
# - Build ``shuffled_pairs``, which shuffles samples and labels alike.
