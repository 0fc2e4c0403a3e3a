"""
Lesson 47: a network that takes one step at a time (RNN)
========================================================

A recurrent network (RNN, 循环神经网络) reads a sequence step by step and keeps a state.
Every step uses the same weights, so the network takes sequences of any length.

:Notes: RNN
:Needs: lessons 21 and 27
:Run: ``python lessons/lesson47_rnn.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import show, stop_if_not_finite

torch.manual_seed(0)

# %%
# One step
# --------
# The notes say that the last output is brought into the hidden layer each time. In fact
# it is the last hidden state (隐藏状态) h: the output of the recurrent layer itself,
# and not the output that a later layer computes from it. The new state depends on the
# input of this step and on the state before.
#
# .. math:: h_t = \tanh(x_t W_{ih}^T + b_{ih} + h_{t-1} W_{hh}^T + b_{hh})

b, d, hidden = 3, 4, 5
cell = nn.RNNCell(d, hidden)
w_ih, w_hh, b_ih, b_hh = cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh
print("w_ih", list(w_ih.shape), "w_hh", list(w_hh.shape))
#: w_ih [5, 4] w_hh [5, 5]


def step(x, h):
    """One step by hand: x [b, d] and h [b, hidden] give the next h."""
    return torch.tanh(x @ w_ih.t() + b_ih + h @ w_hh.t() + b_hh)


x, h = torch.randn(b, d), torch.randn(b, hidden)
print("equal to nn.RNNCell:", torch.allclose(step(x, h), cell(x, h), atol=1e-6))
#: equal to nn.RNNCell: True

# %%
# Unrolled over a sequence
# ------------------------
# ``nn.RNN`` contains the loop over time. It returns the state after every step, and as
# a second result the last state of each layer. Time is the first dimension: [t, b, d].

t = 7
rnn = nn.RNN(d, hidden)
rnn.load_state_dict({f"{name}_l0": w for name, w in cell.state_dict().items()})

x = torch.randn(t, b, d)
h = torch.zeros(b, hidden)  # nn.RNN starts with zeros if it is given no state
states = []
for i in range(t):
    h = step(x[i], h)
    states.append(h)
out, h_n = rnn(x)
print("out", list(out.shape), "h_n", list(h_n.shape))
#: out [7, 3, 5] h_n [1, 3, 5]
print("equal to nn.RNN:", torch.allclose(torch.stack(states), out, atol=1e-6))
#: equal to nn.RNN: True
print("h_n is the last of out:", torch.equal(h_n[0], out[-1]))
#: h_n is the last of out: True

# %%
# The state is all that the network keeps of the past. So you can read a sequence in
# pieces if you hand the state on. With ``h.detach()`` between the pieces, the gradient
# ends there. Very long sequences are trained in this way (truncated back-propagation
# through time, 截断的随时间反向传播).

first, h = rnn(x[:4])
second, h = rnn(x[4:], h)
print("in pieces:", torch.allclose(torch.cat([first, second]), out, atol=1e-6))
#: in pieces: True

# %%
# Four shapes
# -----------
# The network takes x and the first state h. It returns the states of the last layer,
# ``out``, and the last state of all layers. Layers and directions are stacked in the
# first dimension of h. The features of both directions stand side by side in ``out``.
# ``batch_first=True`` swaps time and batch in x and ``out``, but not in h.


def print_shapes(name, net, x):
    out, h = net(x)
    out, h = net(x, h)  # the first state has the shape of the last one
    print(f"{name}: x {list(x.shape)}, out {list(out.shape)}, h {list(h.shape)}")


print_shapes("one layer", nn.RNN(d, hidden), x)
#: one layer: x [7, 3, 4], out [7, 3, 5], h [1, 3, 5]
print_shapes("two layers", nn.RNN(d, hidden, num_layers=2), x)
#: two layers: x [7, 3, 4], out [7, 3, 5], h [2, 3, 5]
print_shapes("two directions", nn.RNN(d, hidden, bidirectional=True), x)
#: two directions: x [7, 3, 4], out [7, 3, 10], h [2, 3, 5]
print_shapes("batch first", nn.RNN(d, hidden, batch_first=True), x.transpose(0, 1))
#: batch first: x [3, 7, 4], out [3, 7, 5], h [1, 3, 5]

# %%
# Two layers are two networks: the second one reads the states of the first one. Each is
# built here as a network of its own, with the weights of its layer.

deep = nn.RNN(d, hidden, num_layers=2)
lower, upper = nn.RNN(d, hidden), nn.RNN(hidden, hidden)
for name in "weight_ih", "weight_hh", "bias_ih", "bias_hh":
    weights = deep.state_dict()
    lower.state_dict()[f"{name}_l0"].copy_(weights[f"{name}_l0"])
    upper.state_dict()[f"{name}_l0"].copy_(weights[f"{name}_l1"])
states, _ = lower(x)  # [t, b, d] => [t, b, hidden]
states, _ = upper(states)  # => [t, b, hidden]
print("two layers:", torch.allclose(states, deep(x)[0], atol=1e-6))
#: two layers: True

# %%
# A bidirectional network (双向网络) has a second direction that reads from the end. At
# the last position this direction has read one step only. Its state after the whole
# sequence stands at position 0, and in ``h_n``.

both = nn.RNN(d, hidden, bidirectional=True)
forward, backward = nn.RNN(d, hidden), nn.RNN(d, hidden)
for name in "weight_ih", "weight_hh", "bias_ih", "bias_hh":
    weights = both.state_dict()
    forward.state_dict()[f"{name}_l0"].copy_(weights[f"{name}_l0"])
    backward.state_dict()[f"{name}_l0"].copy_(weights[f"{name}_l0_reverse"])
from_start, _ = forward(x)  # [t, b, hidden]
from_end, _ = backward(x.flip(0))  # reads the last step first
by_hand = torch.cat([from_start, from_end.flip(0)], dim=2)  # [t, b, 2 * hidden]
out, h_n = both(x)
print("two directions:", torch.allclose(by_hand, out, atol=1e-6))
#: two directions: True
print("h_n[1] is at position 0:", torch.equal(h_n[1], out[0, :, hidden:]))
#: h_n[1] is at position 0: True

# %%
# Back-propagation through time
# -----------------------------
# An unrolled RNN is a deep network whose layers share their weights (lesson 21). The
# gradient of the loss goes back from the last step to the first. This is called
# back-propagation through time (随时间反向传播, BPTT). Here the loss depends on the
# last state only.

t = 30
x = torch.randn(t, b, d)
states = [torch.randn(b, hidden)]
for i in range(t):
    states.append(step(x[i], states[i]))
loss = states[t].square().sum() / 2
loss.backward()

# %%
# By hand: at each step the gradient is multiplied by the slope of tanh, 1 - h², and by
# w_hh. Each step adds its part to the gradient of the weights.

with torch.no_grad():
    dh = states[t]  # the gradient of the loss for the last state
    dw_ih, dw_hh = torch.zeros_like(w_ih), torch.zeros_like(w_hh)
    sizes = []  # of each step's part, from the last step back
    for i in reversed(range(t)):
        before_tanh = dh * (1 - states[i + 1] ** 2)  # [b, hidden]
        part = before_tanh.t() @ states[i]  # [hidden, hidden]
        dw_ih += before_tanh.t() @ x[i]
        dw_hh += part
        sizes.append(torch.linalg.vector_norm(part).item())
        dh = before_tanh @ w_hh  # one step further back
print("w_ih equal to autograd:", torch.allclose(dw_ih, w_ih.grad, atol=1e-6))
#: w_ih equal to autograd: True
print("w_hh equal to autograd:", torch.allclose(dw_hh, w_hh.grad, atol=1e-6))
#: w_hh equal to autograd: True
print("the part 20 steps back is a millionth at most:", sizes[20] < 1e-6 * sizes[0])
#: the part 20 steps back is a millionth at most: True

# %%
# The parts shrink on the way back. So the network hardly learns from steps that lie far
# back (lessons 50 and 51).
#
# The notes say that tanh suits an RNN, without a reason. One reason is that the state
# stays between -1 and 1. With a ReLU the state has no upper bound.

weight = 1.5 * torch.eye(hidden)
h_tanh, h_relu = torch.ones(hidden), torch.ones(hidden)
for _ in range(100):
    h_tanh = torch.tanh(h_tanh @ weight)
    h_relu = torch.relu(h_relu @ weight)
print(f"after 100 steps: tanh {h_tanh[0]:.2f}, ReLU {h_relu[0]:.1e}")
#: after 100 steps: tanh 0.86, ReLU 4.1e+17

# %%
# What the state is good for
# --------------------------
# The task: at each step, predict the bit (0 or 1) of two steps before. As a control
# (对照), the same network is trained with its state cut: the state is zero before every
# step.


class Reader(nn.Module):
    """Bits [t, b] to logits [t, b, 2]."""

    def __init__(self, cut):
        super().__init__()
        self.cut = cut
        self.rnn = nn.RNN(1, 16)
        self.linear = nn.Linear(16, 2)

    def forward(self, bits):
        x = bits[:, :, None].float()  # [t, b] => [t, b, 1]
        if self.cut:
            x = x.view(1, -1, 1)  # => [1, t * b, 1], each step a sequence of its own
        states, _ = self.rnn(x)
        return self.linear(states).view(len(bits), -1, 2)  # => [t, b, 2]


# %%
# Both networks start with the same weights and get the same bits.


def train(net):
    """The accuracy of each training step."""
    optimizer = optim.Adam(net.parameters(), lr=0.03)
    accuracies = []
    for _ in range(100):
        bits = torch.randint(2, (20, 64))  # [t, b]
        logits = net(bits)[2:]  # the first two steps have no bit two steps before
        y = bits[:-2]
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        accuracies.append((logits.argmax(dim=2) == y).float().mean().item())
    return accuracies


# %%
# Of the last ten training steps:

curves = {}
for name, cut in ("with the state", False), ("state cut", True):
    torch.manual_seed(0)
    curves[name] = train(Reader(cut))
    last = sum(curves[name][-10:]) / 10
    print(f"{name}: all right {last > 0.999}, no better than a guess {last < 0.55}")
#: with the state: all right True, no better than a guess False
#: state cut: all right False, no better than a guess True

# %%
# Drawn: how the parts of the gradient shrink, and how both networks learn.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
left.semilogy(sizes, marker=".")
left.set(xlabel="steps back from the loss", ylabel="part of the gradient of w_hh")
for name, accuracies in curves.items():
    right.plot(range(1, 101), accuracies, label=name)
right.axhline(0.5, color="gray", linestyle=":", label="a guess")
right.set(xlabel="training step", ylabel="accuracy, two steps back", ylim=(0, 1.05))
right.legend(loc="lower right")
show("rnn")

# %%
# Try it
# ------
# ``python check.py 47`` checks the function that is named here.
#
# - Predict the shapes of ``out`` and ``h_n`` for 3 layers in both directions. Then
#   print them.
# - Change the given ``both_ends`` until it returns the two states of a bidirectional
#   RNN that have read the whole sequence.
# - Build ``nn.RNN(..., nonlinearity="relu")`` by hand, and show that both are equal.
