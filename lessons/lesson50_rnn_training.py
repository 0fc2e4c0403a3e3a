"""
Lesson 50: why recurrent nets are hard to train (RNN训练难题)
=============================================================

A gradient that goes back through 100 steps is multiplied 100 times. It becomes almost
zero, or far too large. Gradient clipping is a simple cure for the second case.

:Notes: none; the course's lesson between RNN and LSTM
:Needs: lessons 20, 34 and 47
:Run: ``python lessons/lesson50_rnn_training.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import settings, show

opt = settings(
    steps=300,
    batch_size=32,
    clip=1.0,
    length=50,
    seeds=3,
    quick={"steps": 2, "seeds": 1},
)
torch.manual_seed(opt.seed)

# %%
# A hundred times the same factor
# -------------------------------
# A recurrent network uses the same weights at every step. So the chain rule multiplies
# by the same numbers at every step. With one unit and no activation the product is a
# power.

for factor in 0.9, 1.0, 1.1:
    print(f"{factor} to the power of 100: {factor**100:.6f}")
#: 0.9 to the power of 100: 0.000027
#: 1.0 to the power of 100: 1.000000
#: 1.1 to the power of 100: 13780.612340

# %%
# The gradient as a product
# -------------------------
# With h units the factor of a step is a matrix: the Jacobian (雅可比矩阵) of the new
# state with respect to the old one. For :math:`h_t = \tanh(W h_{t-1} + U x_t + b)` it
# is
#
# .. math:: \frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2)\, W
#
# The chain rule multiplies these matrices, one for each step. The product by hand is
# equal to the result of ``torch.func.jacrev``, which computes a Jacobian with autograd.
# Everything is in float64, because the numbers become very small.

rnn = nn.RNN(1, 64, dtype=torch.float64)
W, U = rnn.weight_hh_l0.detach(), rnn.weight_ih_l0.detach()
b = (rnn.bias_hh_l0 + rnn.bias_ih_l0).detach()
x = torch.randn(10, 1, dtype=torch.float64)  # [t, d]


def last_state(h):
    for t in range(10):
        h = torch.tanh(W @ h + U @ x[t] + b)  # [h]
    return h


h = torch.zeros(64, dtype=torch.float64)
jacobian = torch.func.jacrev(last_state)(h)  # [h, h]
product = torch.eye(64, dtype=torch.float64)
for t in range(10):
    h = torch.tanh(W @ h + U @ x[t] + b)
    product = torch.diag(1 - h**2) @ W @ product  # [h, h]
print("product equal to the Jacobian:", torch.allclose(product, jacobian))
#: product equal to the Jacobian: True

# %%
# The gradient and the number of steps
# ------------------------------------
# How much does the last state change if the first state changes? An orthogonal matrix
# (正交矩阵) rotates or mirrors a vector and keeps its length. Multiplied by ``scale``,
# the matrix multiplies every length by ``scale``. The slope of tanh then makes the
# gradient smaller.
#
# PyTorch draws the weights uniformly between -1/√h and 1/√h. Their standard deviation
# is 1/√(3h), so a step multiplies the gradient by about 0.58. Such a network forgets
# from the start.


def gradient_norm(scale, steps):
    """Norm of the gradient that arrives at the first state, from a random last one."""
    torch.manual_seed(opt.seed)
    rnn = nn.RNN(1, 64, batch_first=True, dtype=torch.float64)
    if scale > 0:
        nn.init.orthogonal_(rnn.weight_hh_l0, gain=scale)
    first = torch.zeros(1, 16, 64, dtype=torch.float64)  # [layers, b, h]
    first.requires_grad_()
    x = torch.randn(16, steps, 1, dtype=torch.float64)  # [b, t, d]
    _, last = rnn(x, first)
    direction = torch.randn(64, dtype=torch.float64) / 8  # norm about 1: √64 is 8
    gradient = torch.autograd.grad((last @ direction).sum(), first)[0]
    return torch.linalg.vector_norm(gradient, dim=2).mean().item()


# %%
# The table holds the powers of ten, for the number of steps at the head of a column.

lengths = [5, 10, 20, 50, 100]
scales = {"PyTorch's start": 0, "scale 1": 1, "scale 1.5": 1.5, "scale 2": 2}
gradient_norms = {}
print("steps           " + "".join(f"{n:7d}" for n in lengths))
#: steps                 5     10     20     50    100
for name, scale in scales.items():
    norms = [gradient_norm(scale, n) for n in lengths]
    powers = torch.tensor(norms).log10().tolist()
    print(f"{name:16s}" + "".join(f"{power:7.1f}" for power in powers))
    gradient_norms[name] = norms
#: PyTorch's start    -1.1   -2.2   -4.6  -10.8  -21.7
#: scale 1            -0.0   -0.2   -0.6   -1.4   -2.9
#: scale 1.5           0.7    0.8    1.0    1.9    3.2
#: scale 2             1.1    1.3    2.0    4.0    7.0

# %%
# A vanishing gradient (梯度消失) is one that becomes almost zero, as with PyTorch's
# start. An exploding gradient (梯度爆炸) becomes far too large, as with the scale 2.

# %%
# Drawn: the same numbers on a logarithmic axis, where a power is a straight line.

plt.figure(figsize=(6, 4))
for name, norms in gradient_norms.items():
    plt.semilogy(lengths, norms, marker="o", label=name)
plt.xlabel("steps between the first state and the last")
plt.ylabel("gradient norm")
plt.legend()
show("gradient_norm")

# %%
# With tanh the states stay between -1 and 1 (lesson 47), so the forward pass cannot
# explode. Its slope is at most 1, so it never makes the gradient larger.
#
# What vanishes
# -------------
# The gradient of the weights does not vanish, because the weights are used at each
# step. Their gradient is a sum over the steps, and the last few steps make up nearly
# all of it (lesson 47). So the network learns from the last steps, and not from what
# came before.

x = torch.randn(16, 50, 1, requires_grad=True)  # [b, t, d]
_, last = nn.RNN(1, 64, batch_first=True)(x)
gradient = torch.autograd.grad(last.sum(), x)[0].abs()  # [b, t, d]
share = (gradient[:, -10:].sum() / gradient.sum()).item()
print(f"share of the last 10 of 50 steps: {share:.3f}")
#: share of the last 10 of 50 steps: 0.999

# %%
# Gradient clipping by hand
# -------------------------
# Lesson 51 shows a cell against vanishing gradients. The cure for exploding gradients
# is simpler: gradient clipping (梯度裁剪). All gradients together are one long vector.
# If it is longer than ``clip``, it is shortened to that length, and its direction
# stays. ``clip_grad_norm_`` does this and returns the length before. It is a useful
# number in every training log.


def gradient_of(layer):
    """The gradients of all parameters as one vector."""
    return torch.cat([p.grad.flatten() for p in layer.parameters()])


layer = nn.Linear(3, 2)
(100 * layer(torch.ones(1, 3))).sum().backward()
gradient = gradient_of(layer)
length = torch.linalg.vector_norm(gradient)
by_hand = gradient * min(1, opt.clip / length)
norm_before = nn.utils.clip_grad_norm_(layer.parameters(), opt.clip)
clipped = gradient_of(layer)
print("equal to clip_grad_norm_:", torch.allclose(by_hand, clipped))
#: equal to clip_grad_norm_: True
norm_after = torch.linalg.vector_norm(clipped)
print(f"norm {norm_before:.1f} before, {norm_after:.3f} after")
#: norm 282.8 before, 1.000 after

# %%
# A training that explodes
# ------------------------
# The task: read 50 random numbers and predict their sum divided by 10. ReLU units can
# add if their recurrent matrix starts as the identity (单位矩阵): each state is then
# the last state plus the input. Only the scales of input and output have to be learned.
# But if one step makes the matrix 10 % too large, 50 steps multiply by 1.1⁵⁰ = 117. The
# gradient grows in the same way.


class Adder(nn.Module):
    """Sequences [b, t, 1] to sums [b, 1]."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 16, nonlinearity="relu", bias=False, batch_first=True)
        nn.init.eye_(self.rnn.weight_hh_l0)
        self.linear = nn.Linear(16, 1)

    def forward(self, x):
        outputs, _ = self.rnn(x)  # [b, t, 1] => [b, t, 16]
        self.last = outputs[:, -1]  # [b, 16]
        return self.linear(self.last)  # => [b, 1]


# %%
# With ``max_norm=float("inf")``, ``clip_grad_norm_`` only measures the gradient. A loss
# that is not finite is not trained on, and the lesson goes on.


def train(net, lr, max_norm):
    """The losses and the gradient norms of each step."""
    optimizer = optim.SGD(net.parameters(), lr=lr)
    losses, norms = [], []
    for _ in range(opt.steps):
        x = torch.rand(opt.batch_size, opt.length, 1).to(opt.device)  # [b, t, d]
        loss = F.mse_loss(net(x), x.sum(dim=1) / 10)
        losses.append(loss.item())
        if loss.isfinite():
            optimizer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(net.parameters(), max_norm)
            norms.append(norm.item())
            optimizer.step()
    return losses, norms


# %%
# Both sides try three learning rates (学习率) with three seeds each. At the end of a
# run the units are counted that the last batch activates.

rates = [0.0001, 0.0003, 0.001]
limits = {"clipped": opt.clip, "not clipped": float("inf")}
runs = {}
for name, max_norm in limits.items():
    for lr in rates:
        runs[name, lr] = []
        for seed in range(opt.seeds):
            torch.manual_seed(opt.seed + seed)
            net = Adder().to(opt.device)
            losses, norms = train(net, lr, max_norm)
            active = (net.last > 0).any(dim=0).sum().item()  # of 16 units
            run = {"losses": losses, "norms": norms, "active": active}
            runs[name, lr].append(run)

# %%
# A prediction that is always the mean of the sums has their variance (方差) as its
# error: n / 12 / 100 for n numbers. A run has learned the task if the mean of its last
# 20 losses is below that.

baseline = opt.length / 12 / 100
final_losses, active_units = {}, {}
for name, lr in runs:
    found = runs[name, lr]
    final_losses[name, lr] = [sum(run["losses"][-20:]) / 20 for run in found]
    active_units[name, lr] = max(run["active"] for run in found)
    learned = sum(loss < baseline for loss in final_losses[name, lr])
    print(f"{name}, lr {lr}: {learned} of {opt.seeds} runs learn", end=", ")
    print(f"at most {active_units[name, lr]} of 16 units active")
#: clipped, lr 0.0001: 0 of 3 runs learn, at most 10 of 16 units active
#: clipped, lr 0.0003: 3 of 3 runs learn, at most 5 of 16 units active
#: clipped, lr 0.001: 3 of 3 runs learn, at most 8 of 16 units active
#: not clipped, lr 0.0001: 3 of 3 runs learn, at most 7 of 16 units active
#: not clipped, lr 0.0003: 0 of 3 runs learn, at most 7 of 16 units active
#: not clipped, lr 0.001: 0 of 3 runs learn, at most 0 of 16 units active

# %%
# Each side learns at one rate at least. Without clipping only the smallest rate works.
# At 0.001 one very large gradient moves the weights so far that no input activates any
# of the ReLUs. They are dead (神经元死亡, lesson 28), and from then on only the last
# bias changes. With clipping the length of a step is limited, and the larger rates
# learn. So a network can be trained without clipping, too. Clipping lets it learn at
# rates that fail without it.

# %%
# Drawn: loss and gradient norm at the rate 0.001.

figure, axes = plt.subplots(2, 2, figsize=(9, 6), sharex=True, sharey="row")
for column, name in enumerate(limits):
    for seed, run in enumerate(runs[name, 0.001]):
        axes[0, column].semilogy(run["losses"], label=f"seed {opt.seed + seed}")
        axes[1, column].semilogy(run["norms"])
    axes[0, column].axhline(baseline, c="gray", ls="--", label="always the mean")
    axes[0, column].set(title=name)
    axes[1, column].set(xlabel="step")
axes[0, 0].set_ylabel("loss")
axes[1, 0].set_ylabel("gradient norm before clipping")
axes[0, 0].legend()
show("clipping")

# %%
# Try it
# ------
# ``python check.py 50`` checks the function that is named here.
#
# - Predict what happens to both sides with ``--length 100``, and run it.
# - Change the largest norm with ``--clip 0.01``, then with ``--clip 1000``. Which of
#   them is too small to learn, and which is like no clipping?
# - Build ``train_in_pieces``, which trains on long sequences in pieces: the state goes
#   on, and the gradient ends at each cut.
