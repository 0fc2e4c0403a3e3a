"""
Lesson 0: the words, each shown once (笔记)
===========================================

The notes open with the words that everything after them takes for granted. Here each
of them is a few lines of code and a small result.

:Notes: 笔记, the section before lesson5
:Needs: nothing
:Run: ``python lessons/lesson00_vocabulary.py``
"""

import math

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader

from utils import show

torch.manual_seed(0)

# %%
# Classification and regression
# -----------------------------
# Regression predicts a quantity: answers are continuous, and a near miss is nearly
# right. Classification predicts which of several classes: answers are discrete, and
# there is no near. For a picture of an 8 the answers 7 and 1 are equally wrong.

for answer in 7, 1:
    print(f"{answer} for 8: error {(answer - 8) ** 2}, wrong class: {answer != 8}")
#: 7 for 8: error 1, wrong class: True
#: 1 for 8: error 49, wrong class: True

# %%
# Epoch, batch, step
# ------------------
# A step trains on one batch of samples, an epoch on every sample once. Ten samples in
# batches of four are three steps an epoch; the last batch has what is left.

loader = DataLoader(range(10), batch_size=4)
for epoch in range(2):
    for step, batch in enumerate(loader):
        print(f"epoch {epoch}, step {step}: {batch.tolist()}")
#: epoch 0, step 0: [0, 1, 2, 3]
#: epoch 0, step 1: [4, 5, 6, 7]
#: epoch 0, step 2: [8, 9]
#: epoch 1, step 0: [0, 1, 2, 3]
#: epoch 1, step 1: [4, 5, 6, 7]
#: epoch 1, step 2: [8, 9]
steps_per_epoch = len(DataLoader(range(60_000), batch_size=200))
print(f"MNIST in batches of 200: {steps_per_epoch} steps an epoch")
#: MNIST in batches of 200: 300 steps an epoch

# %%
# ``enumerate`` counted the items. A loop is ``iter`` and ``next`` behind the scenes:
# ``iter`` makes an iterator, ``next`` takes one item out of it, and at the end raises
# ``StopIteration``, unless it was told what to return then. ``next(iter(loader))`` is
# the usual way to look at one batch.

iterator = iter(loader)
print(next(iterator), next(iterator), next(iterator))
#: tensor([0, 1, 2, 3]) tensor([4, 5, 6, 7]) tensor([8, 9])
print(next(iterator, "none left"))
#: none left

# %%
# Scalar, vector, tensor
# ----------------------
# A scalar has 0 dimensions, a vector 1, a matrix 2. In PyTorch all of them are tensors.

for t in torch.tensor(2.2), torch.ones(3), torch.ones(2, 3), torch.ones(4, 3, 28, 28):
    print(t.dim(), t.shape)
#: 0 torch.Size([])
#: 1 torch.Size([3])
#: 2 torch.Size([2, 3])
#: 4 torch.Size([4, 3, 28, 28])

# %%
# Four ways to ask for a type
# ---------------------------
# ``type(t)`` is Python's own and the same for every tensor; ``.type()`` names what is
# inside, and ``isinstance`` checks it. The fourth, ``.dtype``, is the one to use, since
# it says the same on every device (lesson 6).

for t in torch.tensor(2.2), torch.tensor(2):
    print(type(t), t.type(), isinstance(t, torch.FloatTensor), t.dtype)
#: <class 'torch.Tensor'> torch.FloatTensor True torch.float32
#: <class 'torch.Tensor'> torch.LongTensor False torch.int64

# %%
# Norms
# -----
# A norm is a size. For a vector :math:`\lVert x \rVert_p = (\sum_i |x_i|^p)^{1/p}`: L1
# adds the absolute values, L2 is the length, and infinity leaves the largest alone.

x = torch.tensor([3.0, -4.0])
norms = {p: torch.linalg.vector_norm(x, p).item() for p in (1, 2, math.inf)}
print(norms)
#: {1: 7.0, 2: 5.0, inf: 4.0}

# %%
# A matrix has these of its singular values, which say how much it stretches space in
# each of its main directions: Frobenius is their L2 norm, nuclear their L1 norm. Of two
# matrices of equal Frobenius norm, the one of lower rank has the lower nuclear norm.

for a in torch.diag(x), torch.diag(torch.tensor([5.0, 0.0])):
    frobenius, nuclear = (torch.linalg.matrix_norm(a, p) for p in ("fro", "nuc"))
    print(f"{a.tolist()}: Frobenius {frobenius:.2f}, nuclear {nuclear:.2f}")
#: [[3.0, 0.0], [0.0, -4.0]]: Frobenius 5.00, nuclear 7.00
#: [[5.0, 0.0], [0.0, 0.0]]: Frobenius 5.00, nuclear 5.00

# %%
# The unit balls: all vectors of norm 1. The L1 ball has its corners on the axes, where
# all numbers but one are zero; this is why a penalty on L1 gives zeros (lesson 33).

angle = torch.linspace(0, 2 * math.pi, 361)
directions = torch.stack([angle.cos(), angle.sin()], dim=1)  # [361, 2]
plt.figure(figsize=(4.6, 4.6))
for p, name in (1, "L1"), (2, "L2"), (math.inf, "infinity"):
    size = torch.linalg.vector_norm(directions, p, dim=1, keepdim=True)
    plt.plot(*(directions / size).t(), label=name)
plt.axis("equal")
plt.grid(alpha=0.3)
plt.legend(loc="center")
plt.title("vectors [x1, x2] of norm 1")
show("unit_balls")

# %%
# Text as numbers
# ---------------
# No tensor holds strings: a word becomes a number, and the number a row. One-hot rows
# have a column for each word, and all words are equally far from each other.

one_hot = F.one_hot(torch.arange(3)).float()  # [3] => [3, 3]
print(one_hot)
#: tensor([[1., 0., 0.],
#:         [0., 1., 0.],
#:         [0., 0., 1.]])
cat, dog, car = one_hot
print(f"cat to dog {(cat - dog).norm():.2f}, cat to car {(cat - car).norm():.2f}")
#: cat to dog 1.41, cat to car 1.41

# %%
# An embedding is a table with a short row for each word, in which words of like meaning
# may lie near to each other. Here it is made up; word2vec and GloVe are such tables,
# learned from which words stand together in texts, and lesson 46 learns one.

table = torch.tensor([[1.0, 0.8], [1.0, 0.5], [-0.5, -1.2]])  # [words, d]
cat, dog, car = nn.Embedding.from_pretrained(table)(torch.arange(3))  # [3] => [3, 2]
print(f"cat to dog {(cat - dog).norm():.2f}, cat to car {(cat - car).norm():.2f}")
#: cat to dog 0.30, cat to car 2.50

# %%
# ``rand`` and ``randn``
# ----------------------
# ``rand`` draws uniformly from 0 to 1, and 1 itself never comes. The n of ``randn`` is
# for normal: mean 0, standard deviation 1, most near zero and no bounds.

uniform, normal = torch.rand(100_000), torch.randn(100_000)
for name, x in ("rand", uniform), ("randn", normal):
    below, within = (x < 0).float().mean(), (x.abs() < 1).float().mean()
    print(f"{name}: {below:.0%} below 0, {within:.0%} within ±1, std {x.std():.2f}")
#: rand: 0% below 0, 100% within ±1, std 0.29
#: randn: 50% below 0, 68% within ±1, std 1.00
plt.figure(figsize=(6, 3.5))
plt.hist(normal, bins=100, density=True, label="randn")
plt.hist(uniform, bins=20, density=True, alpha=0.7, label="rand")
plt.xlabel("value")
plt.ylabel("density")
plt.legend()
show("rand_and_randn")

# %%
# A residual connection
# ---------------------
# ResNet's layers add to what they were given (lesson 42): x + f(x) instead of f(x).
# Each f here passes a tenth of the gradient on. Ten in a row leave nothing of it; the
# sum hands it past each f as well.

x = torch.tensor(1.0, requires_grad=True)
plain = residual = x
for _ in range(10):
    plain = 0.1 * plain
    residual = residual + 0.1 * residual
gradients = [torch.autograd.grad(y, x)[0].item() for y in (plain, residual)]
print(f"gradient: plain {gradients[0]:.0e}, residual {gradients[1]:.2f}")
#: gradient: plain 1e-10, residual 2.59

# %%
# ``zero_grad``, ``backward``, ``step``
# -------------------------------------
# Training is these three lines again and again. One weight has to learn that 2 becomes
# 8. The loss is (2w - 8)², so its gradient is 4 (2w - 8), and w should end at 4.

w = torch.tensor(1.0, requires_grad=True)
optimizer = optim.SGD([w], lr=0.0625)


def print_w(when):
    print(f"{when:10s}  w.grad {w.grad}, w {w.item()}")


for _ in range(2):
    optimizer.zero_grad()  # forgets the gradient of the step before
    print_w("zero_grad")
    ((2 * w - 8) ** 2).backward()  # adds the gradient to w.grad, leaves w alone
    print_w("backward")
    optimizer.step()  # w = w - lr * w.grad
    print_w("step")
#: zero_grad   w.grad None, w 1.0
#: backward    w.grad -24.0, w 1.0
#: step        w.grad -24.0, w 2.5
#: zero_grad   w.grad None, w 2.5
#: backward    w.grad -12.0, w 2.5
#: step        w.grad -12.0, w 3.25

# %%
# Without ``zero_grad``, ``backward`` adds to what is there. At w = 3.25 the gradient is
# -6, but -12 of the second step is still in ``w.grad``.

((2 * w - 8) ** 2).backward()
print_w("forgotten")
#: forgotten   w.grad -18.0, w 3.25

# %%
# Try it
# ------
# - Predict how many steps ten epochs of MNIST take in batches of 512, then count.
# - Change ``lr`` to 0.25, then to 0.3. What do ``w`` and the gradient do?
# - Build the unit ball of p = 0.5 into the figure. Why is it no norm?
