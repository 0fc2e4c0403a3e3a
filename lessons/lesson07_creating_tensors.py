"""
Lesson 7: creating tensors (创建tensor)
=======================================

A tensor is made from data, from a rule or from random numbers. Only one way leaves its
content to chance, and that way is not the random one.

:Notes: lesson7 创建tensor
:Needs: lesson 6
:Run: ``python lessons/lesson07_creating_tensors.py``
"""

import numpy as np
import torch
from matplotlib import pyplot as plt

from utils import show

torch.manual_seed(0)

# %%
# From data
# ---------
# An array keeps its dtype, and NumPy's floats are float64. In a list, floats become
# float32 and integers int64; one float among integers makes all of them floats.

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
# ``torch.tensor`` takes data. ``torch.Tensor`` is an old form that takes numbers as a
# shape and a list as data, so that a pair of brackets decides. ``tensor`` for data, and
# ``empty`` or ``zeros`` for a shape, say which is meant.

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
# ``Tensor(2, 3)``, ``FloatTensor(2)`` and ``empty(2, 3)`` hold what was in that memory
# before. Often these are zeros, so that a mistake stays unseen for long. Below are four
# integers and what their bytes are as floats: a huge number, NaN, and two tiny ones.
# 32767 is the upper half of many an address on Linux: the 4.59e-41 in the notes.

left_over = torch.tensor([2139095039, 2143289344, 1, 32767], dtype=torch.int32)
print(left_over.view(torch.float32))
#: tensor([3.4028e+38,        nan, 1.4013e-45, 4.5916e-41])

# %%
# ``empty`` is right where every element is written right after. To find a place where
# it is not, deterministic mode fills new memory with NaN, which no result survives.

torch.set_deterministic_debug_mode("error")
print(torch.empty(3), torch.Tensor(1, 2), torch.empty(3).sum())
#: tensor([nan, nan, nan]) tensor([[nan, nan]]) tensor(nan)
torch.set_deterministic_debug_mode("default")

# %%
# Random numbers
# --------------
# The notes say that ``rand`` draws from [0, 1]. It draws from [0, 1): one of the 2^24
# multiples of 2^-24 that are below 1, and zero is among them. So ``log(1 - rand)`` is
# safe, and ``log(rand)`` is not.

x = torch.rand(1_000_000)
whole = ((x * 2**24).frac() == 0).all().item()
print(f"multiples of 2^-24: {whole}, below 1: {(x < 1).all().item()}")
#: multiples of 2^-24: True, below 1: True

# %%
# ``rand_like`` takes shape, dtype and device from another tensor. Scaled and moved, the
# numbers are uniform over any range.

x = -2 + 5 * torch.rand_like(x)
print(x.shape, "in [-2, 3):", ((x >= -2) & (x < 3)).all().item())
#: torch.Size([1000000]) in [-2, 3): True

# %%
# ``randint`` leaves out its upper end as well. ``randn`` draws from N(0, 1): mean 0 and
# variance 1. A small multiple of it is a usual start for weights.

x = torch.randint(1, 10, [1000, 3])
print(x.shape, x.dtype, x.min().item(), x.max().item())
#: torch.Size([1000, 3]) torch.int64 1 9
print(torch.randn(3, 3).shape)
#: torch.Size([3, 3])

# %%
# ``normal`` takes a mean and a standard deviation for each element. Those of deviation
# zero are the mean itself.

means, stds = torch.tensor([5.0, 10.0, 20.0, 30.0]), torch.tensor([0.0, 1.0, 2.0, 4.0])
x = torch.normal(means.expand(10_000, 4), stds.expand(10_000, 4))  # [10000, 4]
print(x[:, 0].unique())
#: tensor([5.])
plt.figure(figsize=(6, 3))
for i in 1, 2, 3:
    name = f"normal, mean {means[i]:.0f}, std {stds[i]:.0f}"
    plt.hist(x[:, i], bins=60, density=True, alpha=0.7, label=name)
plt.xlabel("value")
plt.ylabel("density")
plt.legend()
show("normal")

# %%
# The same seed gives the same numbers, so that a run can be repeated.

torch.manual_seed(1)
first = torch.rand(3)
torch.manual_seed(1)
print(torch.equal(first, torch.rand(3)), torch.equal(first, torch.rand(3)))
#: True False

# %%
# One value
# ---------
# The first argument of ``full`` is the shape: [] for a scalar, [1] for a vector of one.
# The notes say nothing of the dtype. Older versions gave floats; today the value
# decides, and an int gives int64.

print(torch.full([], 7), torch.full([1], 7), torch.full([1], 7.0))
#: tensor(7) tensor([7]) tensor([7.])
print(torch.full([2, 3], 7), torch.full([2, 3], 7).dtype)
#: tensor([[7, 7, 7],
#:         [7, 7, 7]]) torch.int64

# %%
# The notes' three, and a fourth which takes shape and dtype from another tensor.

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
# ``arange`` leaves out its end, ``linspace`` includes both and is told how many. A step
# that is no exact binary number may let the end of ``arange`` in: (1.3 - 1) / 0.1 is a
# little more than 3, so it takes four. Use ``linspace`` there.

print(torch.arange(0, 10), torch.arange(0, 10, 2))
#: tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) tensor([0, 2, 4, 6, 8])
print(torch.arange(1, 1.3, 0.1))
#: tensor([1.0000, 1.1000, 1.2000, 1.3000])
print(torch.linspace(0, 10, steps=4))
#: tensor([ 0.0000,  3.3333,  6.6667, 10.0000])
print(torch.linspace(0, 10, steps=11))
#: tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10.])

# %%
# ``logspace`` takes exponents of 10, and each number is the same factor times the one
# before. The notes say that ``logspace(0, -1, 10)`` ends at 0. It ends at 10^-1, and no
# exponent gives 0.

x = torch.logspace(0, -1, steps=10)
print(x[0].item(), f"{x[-1]:.4f}")
#: 1.0 0.1000
print(torch.allclose(x[1:] / x[:-1], torch.tensor(10 ** (-1 / 9))))
#: True
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
# ``randperm(n)`` is 0 to n - 1 in random order. As an index it reorders rows, and the
# same permutation keeps every sample beside its label.

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
# - Predict the shape and content of ``torch.Tensor([2])`` and of ``torch.Tensor(2)``.
# - Change ``logspace`` to count in powers of two (its argument ``base``).
# - Build numbers from N(5, 3²) out of ``randn`` alone, and draw them beside ``normal``.
