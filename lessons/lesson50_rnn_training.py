"""
Lesson 50: why recurrent nets are hard to train (RNN训练难题)
=============================================================

A gradient that goes back through 100 steps is multiplied 100 times. It comes out as
nothing or as far too much; the second has a simple cure, ``clip_grad_norm_``.

:Notes: none; the course's lesson between RNN and LSTM
:Needs: lessons 20, 34 and 47
:Run: ``python lessons/lesson50_rnn_training.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import settings, show

opt = settings(steps=300, batch_size=32, lr=0.001, clip=1.0)
torch.manual_seed(opt.seed)

# %%
# A hundred times the same factor
# -------------------------------
# A recurrent net uses the same weights at every step, so the chain rule multiplies by
# the same numbers at every step. With one unit and no activation that is a power.

for factor in 0.9, 1.0, 1.1:
    print(f"{factor} to the power of 100: {factor**100:.6f}")
#: 0.9 to the power of 100: 0.000027
#: 1.0 to the power of 100: 1.000000
#: 1.1 to the power of 100: 13780.612340

# %%
# The gradient as a product
# -------------------------
# With h units the factor is a matrix. From :math:`h_t = \tanh(W h_{t-1} + U x_t + b)`
#
# .. math:: \frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2)\, W
#
# and the chain rule multiplies these matrices, one for each step. The product by hand
# equals what autograd finds. All in float64, since the numbers become very small.

rnn = nn.RNN(1, 64, batch_first=True).double()
W, U = rnn.weight_hh_l0.detach(), rnn.weight_ih_l0.detach()
b = (rnn.bias_hh_l0 + rnn.bias_ih_l0).detach()
x = torch.randn(10, 1).double()  # [t, d]


def unroll(h):
    product = torch.eye(64).double()
    for t in range(10):
        h = torch.tanh(W @ h + U @ x[t] + b)  # [h]
        product = torch.diag(1 - h**2) @ W @ product  # [h, h]
    return h, product


h0 = torch.zeros(64).double()
jacobian = torch.autograd.functional.jacobian(lambda h: unroll(h)[0], h0)  # [h, h]
print(torch.allclose(unroll(h0)[1], jacobian))
#: True

# %%
# Measured against length
# -----------------------
# How much does the last state change if the first one does? An orthogonal matrix times
# ``scale`` multiplies every length by ``scale``; tanh then takes something off. PyTorch
# draws weights uniformly within ±1/√h, standard deviation 1/√(3h): a factor of about
# 0.58 a step. Its nets start out forgetting.

lengths = 5, 10, 20, 50, 100


def gradient_norm(scale, length):
    """Norm of the gradient that arrives at the first state, from a random last one."""
    torch.manual_seed(opt.seed)
    rnn = nn.RNN(1, 64, batch_first=True).double()
    if scale:
        nn.init.orthogonal_(rnn.weight_hh_l0, gain=scale)
    first = torch.zeros(1, 16, 64).double().requires_grad_()  # [layers, b, h]
    _, last = rnn(torch.randn(16, length, 1).double(), first)  # x: [b, t, d]
    (gradient,) = torch.autograd.grad((last @ torch.randn(64, 1).double()).sum(), first)
    return gradient.norm(dim=2).mean().item() / 8  # a random direction's norm is √64


scales = {"PyTorch's start": None, "scale 1": 1.0, "scale 1.5": 1.5, "scale 2": 2.0}
gradient_norms = {k: [gradient_norm(s, n) for n in lengths] for k, s in scales.items()}
print("norm as 10 to the power of; steps:" + "".join(f"{n:7d}" for n in lengths))
#: norm as 10 to the power of; steps:      5     10     20     50    100
plt.figure()
for name, values in gradient_norms.items():
    powers = torch.tensor(values).log10().tolist()
    print(f"{name:34s}" + "".join(f"{power:7.1f}" for power in powers))
    plt.semilogy(lengths, values, marker="o", label=name)
#: PyTorch's start                      -1.3   -2.4   -4.8  -10.9  -20.8
#: scale 1                              -0.1   -0.3   -0.7   -1.7   -3.8
#: scale 1.5                             0.7    0.8    1.0    1.9    2.5
#: scale 2                               1.1    1.4    2.0    4.0    7.4
plt.xlabel("steps between the first state and the last")
plt.ylabel("gradient norm")
plt.legend()
show("gradient_norm")

# %%
# The notes say that tanh suits an RNN (lesson 18). Its states stay within ±1, so that
# the forward pass cannot explode, and its derivative is at most 1. A ReLU has no bound:
# a state that doubles at each step is 2¹⁰⁰ times as large in the end.
#
# Vanishing does not make the gradient of the weights zero. They are used at each step,
# and their gradient is a sum over the steps. The last few make up nearly all of it: the
# net learns from them, and is blind to what came before.

x = torch.randn(16, 50, 1).double().requires_grad_()  # [b, t, d]
(gradient,) = torch.autograd.grad(rnn(x)[1].sum(), x)  # [b, t, d]
share = (gradient[:, -10:].abs().sum() / gradient.abs().sum()).item()
print(f"share of the last 10 of 50 steps: {share:.3f}")
#: share of the last 10 of 50 steps: 0.994

# %%
# Clipping by hand
# ----------------
# Lesson 51 cures vanishing with another kind of cell; exploding has a simpler cure. All
# gradients together are one long vector. If it is longer than ``clip``, it is shortened
# to that length; its direction stays. ``clip_grad_norm_`` does the same, and returns
# the length from before, which is worth a look in any training log.

layer = nn.Linear(3, 2)
(100 * layer(torch.ones(1, 3))).sum().backward()
gradient = torch.cat([p.grad.flatten() for p in layer.parameters()])
clipped = gradient * min(1, opt.clip / gradient.norm())
norm_before = nn.utils.clip_grad_norm_(layer.parameters(), opt.clip)
by_library = torch.cat([p.grad.flatten() for p in layer.parameters()])
print(torch.allclose(clipped, by_library))
#: True
print(f"norm {norm_before:.1f} before, {by_library.norm():.3f} after")
#: norm 282.8 before, 1.000 after

# %%
# A run that explodes
# -------------------
# The task: read 50 random numbers and say their sum (in tens). ReLU units whose
# recurrent matrix starts as the identity add up by themselves; only the scales of input
# and output are left to learn. But a matrix that a step makes 10 % too large multiplies
# by 1.1⁵⁰ = 117, and its gradient is as large.
#
# Both runs differ in ``max_norm`` alone: with infinity, ``clip_grad_norm_`` measures
# and changes nothing. A loss that is not finite ends the run, but not the lesson.


def train(seed, max_norm):
    """Losses and gradient norms by step; how many units the last batch activates."""
    torch.manual_seed(seed)
    rnn = nn.RNN(1, 16, nonlinearity="relu", bias=False, batch_first=True)
    nn.init.eye_(rnn.weight_hh_l0)
    net = nn.ModuleList([rnn, nn.Linear(16, 1)]).to(opt.device)
    optimizer = optim.SGD(net.parameters(), lr=opt.lr)
    losses, norms = [], []
    for _ in range(2 if opt.quick else opt.steps):
        x = torch.rand(opt.batch_size, 50, 1).to(opt.device)  # [b, t, d]
        y = x.sum(dim=1) / 10  # => [b, 1]
        _, last = net[0](x)  # => [1, b, h]
        loss = F.mse_loss(net[1](last[0]), y)  # [b, h] => [b, 1]
        losses.append(loss.item())
        if not loss.isfinite():
            break
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(net.parameters(), max_norm)
        norms.append(norm.item())
        optimizer.step()
    return losses, norms, (last[0] > 0).any(dim=0).sum().item()  # of 16 units


# %%
# The baseline always says 2.5, the mean of the sums: its error is their variance, 50/12
# hundredths. A run has learned if the mean of its last 20 losses is below.

baseline = 50 / 12 / 100
seeds = range(opt.seed, opt.seed + 3)
runs = {"clipped": opt.clip, "not clipped": float("inf")}
final_losses, active_units = {}, {}
figure, axes = plt.subplots(2, 2, figsize=(9, 6), sharex=True, sharey="row")
for column, (name, max_norm) in zip(axes.T, runs.items(), strict=True):
    final_losses[name], active_units[name] = [], []
    for seed in seeds:
        losses, norms, active = train(seed, max_norm)
        active_units[name].append(active)
        final_losses[name].append(sum(losses[-20:]) / len(losses[-20:]))
        column[0].semilogy(losses, label=f"seed {seed}")
        column[1].semilogy(norms)
    column[0].axhline(baseline, color="gray", linestyle="--", label="always the mean")
    column[0].set(title=name, ylabel="loss")
    column[1].set(xlabel="step", ylabel="gradient norm before clipping")
    learned = sum(loss < baseline for loss in final_losses[name])
    print(f"{name}: {learned} of {len(seeds)} runs end below the baseline")
#: clipped: 3 of 3 runs end below the baseline
#: not clipped: 0 of 3 runs end below the baseline
axes[0, 0].legend()
show("clipping")

# %%
# A clipped run comes down in small steps of known length. Without clipping one gradient
# in the thousands throws the weights so far that no input activates any of the ReLUs
# (dead, lesson 28); from then on only the last bias moves.

# %%
# Try it
# ------
# - Predict whether ``--lr 0.0001`` does without clipping; then with 100 numbers.
# - Change ``--clip`` to 0.01, then to 1000. What does each do?
# - Build the same with ``clip_grad_value_``. Does it keep the gradient's direction?
