"""
Lesson 51: a cell that remembers (LSTM)
=======================================

An LSTM has a second state that is added to instead of being multiplied anew, and gates
that decide what is kept. Its gradient outlives a hundred steps, if the gates are open.

:Notes: LSTM (a heading without text there)
:Needs: lessons 47 and 50
:Run: ``python lessons/lesson51_lstm.py``
"""

import math

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import settings, show, stop_if_not_finite

opt = settings(steps=250, batch_size=32, lr=0.02, hidden=32, length=100)
steps, test_count = (2, 100) if opt.quick else (opt.steps, 1000)
torch.manual_seed(opt.seed)

# %%
# One step by hand
# ----------------
# The input and the last state give four vectors: the gates i, f and o, between 0 and 1
# by a sigmoid, and a candidate g, within ±1 by tanh.
#
# .. math::
#    c_t &= f \odot c_{t-1} + i \odot g \\
#    h_t &= o \odot \tanh(c_t)
#
# The forget gate f says how much of the cell state c is kept, the input gate i how much
# of the candidate comes in, the output gate o how much is shown. PyTorch stacks the
# four in the order i, f, g, o, so that one product computes them all.


def lstm_step(x, h, c, layer):
    """One step, x [b, d], h and c [b, h] => h and c, with the weights of ``layer``."""
    w_x, w_h, b_x, b_h = layer.parameters()  # [4h, d], [4h, h], [4h], [4h]
    i, f, g, o = (x @ w_x.t() + b_x + h @ w_h.t() + b_h).chunk(4, dim=1)  # [b, 4h]
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


cell = nn.LSTMCell(5, 7)
x, h, c = torch.randn(3, 5), torch.randn(3, 7), torch.randn(3, 7)
h_hand, c_hand = lstm_step(x, h, c, cell)
h, c = cell(x, (h, c))
print(torch.allclose(h, h_hand, atol=1e-6), torch.allclose(c, c_hand, atol=1e-6))
#: True True

# %%
# Unrolled
# --------
# ``nn.LSTM`` repeats the step over the sequence. It returns the shown state h of each
# step, and both states after the last one, with a dimension for the layers in front.

lstm = nn.LSTM(5, 7, batch_first=True)
x = torch.randn(3, 11, 5)  # [b, t, d]
outputs, (h_n, c_n) = lstm(x)
print(outputs.shape, h_n.shape, c_n.shape)
#: torch.Size([3, 11, 7]) torch.Size([1, 3, 7]) torch.Size([1, 3, 7])
h = c = torch.zeros(3, 7)
for t in range(11):
    h, c = lstm_step(x[:, t], h, c, lstm)
    print(torch.allclose(outputs[:, t], h, atol=1e-6), end=" ")
#: True True True True True True True True True True True
print(torch.allclose(c_n[0], c, atol=1e-6), torch.equal(h_n[0], outputs[:, -1]))
#: True True

# %%
# Four stacked matrices are four times the parameters of an ``nn.RNN``. More layers, and
# a second direction, change the shapes as they do there (lesson 47).

sizes = [sum(p.numel() for p in k(5, 7).parameters()) for k in (nn.RNN, nn.LSTM)]
print(sizes)
#: [98, 392]
outputs, (h_n, c_n) = nn.LSTM(5, 7, num_layers=2, bidirectional=True)(x.transpose(0, 1))
print(outputs.shape, h_n.shape, c_n.shape)  # [t, b, 2h], [layers * 2, b, h] twice
#: torch.Size([11, 3, 14]) torch.Size([4, 3, 7]) torch.Size([4, 3, 7])

# %%
# How long it remembers
# ---------------------
# Along the cell state the gradient is multiplied by f at each step, by no matrix and by
# no derivative of tanh. But PyTorch starts with biases near zero, where f = ½, and
# ½¹⁰⁰ is as good as nothing. To keep for T steps, f has to be 1 - 1/T: a bias of
# log(T - 1) before the sigmoid. The input gate starts with the opposite bias, 1/T open,
# so that what comes in over T steps does not add up to more than tanh can show.


def recurrent(kind, inputs):
    """An RNN, an LSTM as PyTorch starts it, or one whose gates start out keeping."""
    if kind == "RNN":
        return nn.RNN(inputs, opt.hidden, batch_first=True)
    lstm = nn.LSTM(inputs, opt.hidden, batch_first=True)
    if kind == "LSTM, keeping":
        bias = math.log(opt.length - 1)
        gates = lstm.bias_ih_l0.detach().zero_().chunk(4)  # i, f, g, o, [h] each
        gates[0].fill_(-bias)
        gates[1].fill_(bias)
        nn.init.zeros_(lstm.bias_hh_l0)
    return lstm


# %%
# The gradient of the last output for the input of each step before, in float64: the
# norm takes squares, and those of such numbers are too small for float32.

kinds = "RNN", "LSTM", "LSTM, keeping"
gradient_norms = {}
plt.figure()
for kind in kinds:
    torch.manual_seed(opt.seed)
    x = torch.randn(16, opt.length, 5).double().requires_grad_()  # [b, t, d]
    outputs, _ = recurrent(kind, 5).double()(x)  # => [b, t, h]
    (gradient,) = torch.autograd.grad(outputs[:, -1].sum(), x)  # [b, t, d]
    norms = gradient.norm(dim=2).mean(dim=0).flip(0)  # [t], the last step first
    gradient_norms[kind] = norms.tolist()
    print(f"{kind}: 10 to the power of {norms[-1].log10():.1f} over {opt.length} steps")
    plt.semilogy(norms, label=kind)
#: RNN: 10 to the power of -27.9 over 100 steps
#: LSTM: 10 to the power of -20.7 over 100 steps
#: LSTM, keeping: 10 to the power of -2.7 over 100 steps
plt.xlabel("steps back from the last output")
plt.ylabel("gradient norm")
plt.legend()
show("gradient")

# %%
# The first of a hundred symbols
# ------------------------------
# A letter, one of eight, and then 99 random digits. Which letter was it? A guess is
# right one time in eight. Symbols are one-hot: 0 to 7 are letters, 8 to 17 digits. The
# output after the last step names the letter.


def sequences(count, length):
    symbols = torch.randint(8, 18, (count, length))  # [b, t]
    symbols[:, 0] = torch.randint(8, (count,))
    x = F.one_hot(symbols, 18).float()  # => [b, t, 18]
    return x.to(opt.device), symbols[:, 0].to(opt.device)


def train(kind, length, seed):
    """Accuracy on new sequences, and the net's two parts."""
    torch.manual_seed(seed)
    net = nn.ModuleList([recurrent(kind, 18), nn.Linear(opt.hidden, 8)]).to(opt.device)
    lr = opt.lr / 4 if kind == "RNN" else opt.lr
    optimizer = optim.Adam(net.parameters(), lr=lr)
    for _ in range(steps):
        x, y = sequences(opt.batch_size, length)
        outputs, _ = net[0](x)  # [b, t, 18] => [b, t, h]
        loss = F.cross_entropy(net[1](outputs[:, -1]), y)  # [b, h] => [b, 8]
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    x, y = sequences(test_count, length)
    with torch.no_grad():
        accuracy = (net[1](net[0](x)[0][:, -1]).argmax(dim=1) == y).float().mean()
    return accuracy.item(), net


# %%
# Over 5 steps the RNN can do it: the distance stops it, not the task. The LSTM as
# PyTorch starts it does no better. Three seeds each. The RNN has a quarter of the
# learning rate: with all of it, its units saturate, and even 5 steps may be too many.

accuracies, nets = {}, {}
for kind, length in ("RNN", 5), *((kind, opt.length) for kind in kinds):
    results = [train(kind, length, opt.seed + i) for i in range(3)]
    accuracies[kind, length] = [accuracy for accuracy, net in results]
    nets[kind] = results[-1][1]
    knows = sum(accuracy > 0.9 for accuracy, net in results)
    print(f"{kind} over {length} steps: knows the letter in {knows} of 3 runs")
#: RNN over 5 steps: knows the letter in 3 of 3 runs
#: RNN over 100 steps: knows the letter in 0 of 3 runs
#: LSTM over 100 steps: knows the letter in 0 of 3 runs
#: LSTM, keeping over 100 steps: knows the letter in 3 of 3 runs

# %%
# The last states of the third run: five sequences for each letter, a row each. The
# LSTM's rows are alike for one letter and differ from letter to letter, whatever the
# digits were. The RNN's differ within a letter as much as between letters.

x, _ = sequences(40, opt.length)
x[:, 0] = F.one_hot(torch.arange(40) // 5, 18)  # letter 0 five times, letter 1, ...
figure, axes = plt.subplots(1, 2, figsize=(9, 5), sharey=True)
for ax, kind in zip(axes, ("RNN", "LSTM, keeping"), strict=True):
    with torch.no_grad():
        states = nets[kind][0](x)[0][:, -1]  # [40, t, 18] => [40, h]
    image = ax.imshow(states.cpu(), cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    ax.set(title=kind, xlabel="unit of the last state")
    ax.set_yticks(range(2, 40, 5), "ABCDEFGH")
axes[0].set_ylabel("first letter")
plt.colorbar(image, label="h")
show("last_state")

# %%
# Try it
# ------
# - Predict the gradient over 100 steps from f = sigmoid(1) alone, then give the forget
#   gate that bias, which many use.
# - Change ``--length`` to 200. How many ``--steps`` does the LSTM need now?
# - Build the same with ``nn.GRU``, which has one state and two gates.
