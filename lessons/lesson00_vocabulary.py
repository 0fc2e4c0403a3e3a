"""
Lesson 0: the words, each shown once (笔记)
===========================================

The notes open with the words that all later lessons use. This lesson shows each of them
with a few lines of code and a small result.

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
# Regression (回归) predicts a quantity. Its answers are continuous, and a small error
# is better than a large one. Classification (分类) predicts one of several classes
# (类别). Its answers are discrete, and all wrong answers are equally wrong. For an
# image of an 8, the quantity 7 is close and the quantity 1 is not. The classes 7 and 1
# are both wrong.

for answer in 7, 1:
    print(f"{answer} for 8: error {(answer - 8) ** 2}, wrong class: {answer != 8}")
#: 7 for 8: error 1, wrong class: True
#: 1 for 8: error 49, wrong class: True

# %%
# Epoch, batch, step
# ------------------
# A batch (批) is a group of samples (样本) that the computer processes together. A step
# (步) trains the model (模型) on one batch. An epoch (轮) trains it on every sample
# once. Ten samples in batches of four need three steps an epoch. The last batch holds
# the two samples that remain.

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
# ``enumerate`` gives each item together with its number. A ``for`` loop uses ``iter``
# and ``next``: ``iter`` makes an iterator (迭代器), and ``next`` takes one item from
# it. After the last item, ``next`` raises ``StopIteration``, or it returns its second
# argument if there is one. You can look at one batch with ``next(iter(loader))``.

iterator = iter(loader)
print(next(iterator), next(iterator), next(iterator))
#: tensor([0, 1, 2, 3]) tensor([4, 5, 6, 7]) tensor([8, 9])
print(next(iterator, "none left"))
#: none left

# %%
# Scalar, vector, tensor
# ----------------------
# A scalar (标量) has 0 dimensions (维度), a vector (向量) has 1, and a matrix (矩阵)
# has 2. PyTorch calls all of them tensors (张量). The shape (形状) is the size of each
# dimension.

for t in torch.tensor(2.2), torch.ones(3), torch.ones(2, 3), torch.ones(4, 3, 28, 28):
    print(t.dim(), t.shape)
#: 0 torch.Size([])
#: 1 torch.Size([3])
#: 2 torch.Size([2, 3])
#: 4 torch.Size([4, 3, 28, 28])

# %%
# All numbers of a tensor have one data type (数据类型). ``dtype`` names it. Lesson 6
# compares ``dtype`` with the other ways in the notes.

print(torch.tensor(2.2).dtype, torch.tensor(2).dtype)
#: torch.float32 torch.int64

# %%
# Norms
# -----
# A norm (范数) measures the size of a vector. The L1 norm, or Manhattan norm
# (曼哈顿范数), adds the absolute values. The L2 norm, or Euclidean norm (欧几里德范数),
# is the length of the vector. The infinity norm (无穷范数) is the largest absolute
# value. One formula gives all three norms, for p = 1, p = 2 and the limit p = ∞:
#
# .. math::
#    \lVert x \rVert_p = \Bigl(\sum_i |x_i|^p\Bigr)^{1/p}

x = torch.tensor([3.0, -4.0])
norms = {p: torch.linalg.vector_norm(x, p).item() for p in (1, 2, math.inf)}
print(norms)
#: {1: 7.0, 2: 5.0, inf: 4.0}

# %%
# For a matrix, take the norm of its singular values (奇异值). They say how much the
# matrix stretches space in each of its main directions. The Frobenius norm is the L2
# norm of the singular values, and the nuclear norm (核范数) is their L1 norm. The rank
# (秩) is the number of singular values that are not zero. Of two matrices with equal
# Frobenius norms, the one of lower rank tends to have the lower nuclear norm. The
# nuclear norm is at most √rank times the Frobenius norm.

for a in torch.diag(x), torch.diag(torch.tensor([5.0, 0.0])):
    frobenius = torch.linalg.matrix_norm(a, "fro")
    nuclear = torch.linalg.matrix_norm(a, "nuc")
    bound = torch.linalg.matrix_rank(a).sqrt() * frobenius
    print(f"{a.tolist()}: Frobenius {frobenius:.2f}, ", end="")
    print(f"nuclear {nuclear:.2f}, at most {bound:.2f}")
#: [[3.0, 0.0], [0.0, -4.0]]: Frobenius 5.00, nuclear 7.00, at most 7.07
#: [[5.0, 0.0], [0.0, 0.0]]: Frobenius 5.00, nuclear 5.00, at most 5.00

# %%
# Drawn: all vectors of norm 1. Each curve is the border of a unit ball (单位球), which
# holds the vectors of norm at most 1. The corners of the L1 ball lie on the axes, where
# all numbers but one are zero. For this reason an L1 penalty drives many weights
# towards zero (lesson 33).

angle = torch.linspace(0, 2 * math.pi, 361)
directions = torch.stack([angle.cos(), angle.sin()], dim=1)  # [361, 2]
plt.figure(figsize=(4.6, 4.6))
for p, name in (1, "L1"), (2, "L2"), (math.inf, "infinity"):
    size = torch.linalg.vector_norm(directions, p, dim=1, keepdim=True)
    border = directions / size  # [361, 2]
    plt.plot(border[:, 0], border[:, 1], label=name)
plt.axis("equal")
plt.grid(alpha=0.3)
plt.legend(loc="center")
plt.title("vectors [x1, x2] of norm 1")
show("unit_balls")

# %%
# Text as numbers
# ---------------
# A tensor cannot hold strings. Each word becomes a number, and each number becomes a
# row of a table. In one-hot encoding (独热编码) the table has a column for each word,
# and a row has its 1 in the column of its word. All words then have the same distance
# (距离) from each other. ``torch.dist`` is the L2 norm of a difference.

one_hot = F.one_hot(torch.arange(3)).float()  # [3] => [3, 3]
print(one_hot)
#: tensor([[1., 0., 0.],
#:         [0., 1., 0.],
#:         [0., 0., 1.]])
cat, dog, car = one_hot
print(f"cat to dog {torch.dist(cat, dog):.2f}, cat to car {torch.dist(cat, car):.2f}")
#: cat to dog 1.41, cat to car 1.41

# %%
# An embedding (嵌入) is a table with a short row for each word. Words of similar
# meaning can have similar rows. The table below is made up. Word2vec and GloVe are such
# tables, and they are learned from the words that occur together in texts. Lesson 46
# learns one.

table = torch.tensor([[1.0, 0.8], [1.0, 0.5], [-0.5, -1.2]])  # [words, d]
cat, dog, car = nn.Embedding.from_pretrained(table)(torch.arange(3))  # [3] => [3, 2]
print(f"cat to dog {torch.dist(cat, dog):.2f}, cat to car {torch.dist(cat, car):.2f}")
#: cat to dog 0.30, cat to car 2.50

# %%
# ``rand`` and ``randn``
# ----------------------
# ``rand`` draws from the uniform distribution (均匀分布) between 0 and 1. ``randn``
# draws from the normal distribution (正态分布) with mean (均值) 0 and standard
# deviation (标准差) 1. Most of its numbers are near 0, and they have no bounds.
#
# The notes say that ``rand`` draws from [0, 1], which includes 1. In fact ``rand``
# never returns 1 (lesson 7).

uniform = torch.rand(100_000)
normal = torch.randn(100_000)
for name, x in ("rand", uniform), ("randn", normal):
    below = (x < 0).float().mean()
    within = (x.abs() < 1).float().mean()
    print(f"{name}: {below:.0%} below 0, {within:.0%} within ±1, std {x.std():.2f}")
#: rand: 0% below 0, 100% within ±1, std 0.29
#: randn: 50% below 0, 68% within ±1, std 1.00

# %%
# Drawn: the histograms of both samples.

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
# A residual connection (残差连接) adds the input of a layer (层) to its output: x +
# f(x) instead of f(x). ResNet consists of such layers (lesson 42). The gradient (梯度)
# says how fast a result changes with x (lesson 16). ``requires_grad=True`` asks PyTorch
# to record what is computed from x. Each f below multiplies the gradient by 0.1, so ten
# of them in a row leave one part in 10 billion. A sum x + f(x) multiplies the gradient
# by 1.1.

x = torch.tensor(1.0, requires_grad=True)
plain, residual = x, x
for _ in range(10):
    plain = 0.1 * plain
    residual = residual + 0.1 * residual
plain_gradient = torch.autograd.grad(plain, x)[0].item()
residual_gradient = torch.autograd.grad(residual, x)[0].item()
gradients = [plain_gradient, residual_gradient]
print(f"gradient: plain {plain_gradient:.0e}, residual {residual_gradient:.2f}")
#: gradient: plain 1e-10, residual 2.59

# %%
# ``zero_grad``, ``backward``, ``step``
# -------------------------------------
# Training repeats these three lines. The model below has one weight (权重) w, and it
# has to learn that the output for 2 is 8. The loss (损失) is the number that training
# makes smaller. Here it is (2w - 8)², so its gradient is 4 (2w - 8), and w should end
# at 4. The optimizer (优化器) changes w, and the learning rate (学习率) ``lr`` says how
# much.

w = torch.tensor(1.0, requires_grad=True)
optimizer = optim.SGD([w], lr=0.0625)


def print_w(when):
    print(f"{when:10s}  w.grad {w.grad}, w {w.item()}")


for _ in range(2):
    optimizer.zero_grad()  # forgets the gradient of the step before
    print_w("zero_grad")
    loss = (2 * w - 8) ** 2
    loss.backward()  # adds the gradient to w.grad, leaves w alone
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
# The notes say in lesson 26 that ``step`` updates the gradient. In fact ``step``
# updates w: the lines "step" above show a new w and the old gradient.
#
# Without ``zero_grad``, ``backward`` adds to the old gradient. At w = 3.25 the gradient
# is -6, but the -12 of the second step is still in ``w.grad``.

loss = (2 * w - 8) ** 2
loss.backward()
print_w("forgotten")
#: forgotten   w.grad -18.0, w 3.25

# %%
# The notes say that ``zero_grad`` sets gradients to zero (清零). In fact it sets them
# to None today, which saves memory. ``set_to_none=False`` gives the zeros of older
# versions. The next ``backward`` gives the same result after both.

optimizer.zero_grad(set_to_none=False)
print_w("zeros")
#: zeros       w.grad 0.0, w 3.25
optimizer.zero_grad()
print_w("none")
#: none        w.grad None, w 3.25

# %%
# Try it
# ------
# ``python check.py 0`` checks the functions that are named here.
#
# - Predict how many steps ten epochs of MNIST take in batches of 512. Then write
#   ``count_steps`` for all numbers.
# - Change ``lr`` to 0.25, then to 0.3. What do ``w`` and the gradient do? Then correct
#   the given ``vector_norm``.
# - Build ``train_one_weight``, the training above as a function.
