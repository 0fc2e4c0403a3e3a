"""
Lesson 47: a network that takes one step at a time (RNN)
========================================================

A recurrent network reads a sequence step by step and carries a state along. The same
weights serve every step, so that it takes sequences of any length.

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
# The notes say that each time the last output is brought into the hidden layer. More
# exactly it is the last hidden state: the layer's own numbers h, not what a later layer
# makes of them. The new state mixes the input of this step with the state before it.
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
# ``nn.RNN`` runs the loop over time. It returns the state after every step and, as a
# second result, the last state of each layer. Time comes first: [t, b, d].

t, rnn = 7, nn.RNN(d, hidden)
rnn.load_state_dict({f"{name}_l0": w for name, w in cell.state_dict().items()})

x = torch.randn(t, b, d)
h = torch.zeros(b, hidden)  # what nn.RNN starts with if it is given no state
states = []
for x_t in x:
    h = step(x_t, h)
    states.append(h)
out, h_n = rnn(x)
print("out", list(out.shape), "h_n", list(h_n.shape))
#: out [7, 3, 5] h_n [1, 3, 5]
print("equal to nn.RNN:", torch.allclose(torch.stack(states), out, atol=1e-6))
#: equal to nn.RNN: True
print("h_n is the last of out:", torch.equal(h_n[0], out[-1]))
#: h_n is the last of out: True

# %%
# The state is all that the past leaves: a sequence may be read in pieces, if the state
# is handed on. ``detach`` at the cut would end the gradient there, which is how very
# long sequences are trained (truncated back-propagation).

first, h = rnn(x[:4])
second, h = rnn(x[4:], h)
print("in pieces:", torch.allclose(torch.cat([first, second]), out, atol=1e-6))
#: in pieces: True

# %%
# Four shapes
# -----------
# In go x and the first state h, out come the states of the last layer and the last h of
# all layers. Layers and directions stack up in h, the features of both directions stand
# side by side in ``out``. ``batch_first=True`` turns x and ``out`` around, but not h.

for options in {}, {"num_layers": 2}, {"bidirectional": True}, {"batch_first": True}:
    net = nn.RNN(d, hidden, **options)
    x_in = x.transpose(0, 1) if net.batch_first else x
    out, h_n = net(x_in, net(x_in)[1])  # the first state has the last one's shape
    print(f"x {list(x_in.shape)}, out {list(out.shape)}, h {list(h_n.shape)}", options)
#: x [7, 3, 4], out [7, 3, 5], h [1, 3, 5] {}
#: x [7, 3, 4], out [7, 3, 5], h [2, 3, 5] {'num_layers': 2}
#: x [7, 3, 4], out [7, 3, 10], h [2, 3, 5] {'bidirectional': True}
#: x [3, 7, 4], out [3, 7, 5], h [1, 3, 5] {'batch_first': True}

# %%
# The second layer reads the states of the first as its input.


def part(net, suffix, d):
    """One layer and direction of ``net`` as a network of its own."""
    single = nn.RNN(d, hidden)
    for name in "weight_ih", "weight_hh", "bias_ih", "bias_hh":
        setattr(single, f"{name}_l0", getattr(net, f"{name}_{suffix}"))
    return single


deep = nn.RNN(d, hidden, num_layers=2)
lower, _ = part(deep, "l0", d)(x)
upper, _ = part(deep, "l1", hidden)(lower)
print("two layers:", torch.allclose(upper, deep(x)[0], atol=1e-6))
#: two layers: True

# %%
# The second direction reads from the end. At the last position it has seen one step
# only; its state after the whole sequence stands at position 0, and in ``h_n``.

both = nn.RNN(d, hidden, bidirectional=True)
out, h_n = both(x)
forward, _ = part(both, "l0", d)(x)
backward, _ = part(both, "l0_reverse", d)(x.flip(0))
by_hand = torch.cat([forward, backward.flip(0)], dim=2)  # [t, b, 2 * hidden]
print("two directions:", torch.allclose(by_hand, out, atol=1e-6))
#: two directions: True
print("h_n[1] is at 0:", torch.equal(h_n[1], out[0, :, hidden:]))
#: h_n[1] is at 0: True

# %%
# Back-propagation through time
# -----------------------------
# Unrolled, the network is a deep one whose layers share their weights (lesson 21). The
# gradient runs back from the last step to the first, through w_hh and the slope of
# tanh, 1 - h², each time; every step adds its part to the gradient of the weights.

t = 30
x = torch.randn(t, b, d)
states = [torch.randn(b, hidden)]
for x_t in x:
    states.append(step(x_t, states[-1]))
loss = states[-1].square().sum() / 2  # of the last state only
loss.backward()

with torch.no_grad():
    dh = states[-1]  # of the loss, with respect to the last state
    dw_ih, dw_hh = torch.zeros_like(w_ih), torch.zeros_like(w_hh)
    sizes = []  # of each step's part, from the last step back
    for i in reversed(range(t)):
        before_tanh = dh * (1 - states[i + 1] ** 2)  # [b, hidden]
        dw_ih += before_tanh.t() @ x[i]
        dw_hh += before_tanh.t() @ states[i]
        sizes.append((before_tanh.t() @ states[i]).norm().item())
        dh = before_tanh @ w_hh  # one step further back
for name, by_hand, weight in ("w_ih", dw_ih, w_ih), ("w_hh", dw_hh, w_hh):
    print(name, "equal to autograd:", torch.allclose(by_hand, weight.grad, atol=1e-6))
#: w_ih equal to autograd: True
#: w_hh equal to autograd: True
print("the part 20 steps back is a millionth at most:", sizes[20] < 1e-6 * sizes[0])
#: the part 20 steps back is a millionth at most: True

# %%
# The parts shrink with each step back, so that what happened long ago hardly counts
# (lessons 50 and 51). The state itself stays in ±1, because tanh does, and that is why
# the notes call it the activation for RNNs. With a ReLU nothing holds the state back.

weight = 1.5 * torch.eye(hidden)
h_tanh = h_relu = torch.ones(hidden)
for _ in range(100):
    h_tanh, h_relu = torch.tanh(h_tanh @ weight), torch.relu(h_relu @ weight)
print(f"after 100 steps: tanh {h_tanh[0]:.2f}, ReLU {h_relu[0]:.1e}")
#: after 100 steps: tanh 0.86, ReLU 4.1e+17

# %%
# What the state is good for
# --------------------------
# Say at each step which bit came two steps before. Both networks start with the same
# weights; the second one has its loop cut: its state is zero before every step.

curves = {}
for name in "with the state", "state cut":
    torch.manual_seed(0)
    rnn, head = nn.RNN(1, 16), nn.Linear(16, 2)
    optimizer = optim.Adam([*rnn.parameters(), *head.parameters()], lr=0.03)
    curves[name] = []
    for _ in range(100):
        bits = torch.randint(2, (20, 64))  # [t, b]
        x, y = bits[:, :, None].float(), bits[:-2]  # y belongs to the steps from 2 on
        if name == "state cut":
            x = x.view(1, 20 * 64, 1)  # every step is a sequence of its own
        logits = head(rnn(x)[0]).view(20, 64, 2)[2:]  # [t - 2, b, k]
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curves[name].append((logits.argmax(dim=2) == y).float().mean().item())
    last = sum(curves[name][-10:]) / 10
    print(f"{name}: all right {last > 0.999}, no better than a guess {last < 0.55}")
#: with the state: all right True, no better than a guess False
#: state cut: all right False, no better than a guess True

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
left.semilogy(sizes, marker=".")
left.set(xlabel="steps back from the loss", ylabel="part of the gradient of w_hh")
for name, accuracies in curves.items():
    right.plot(accuracies, label=name)
right.axhline(0.5, color="gray", linestyle=":", label="a guess")
right.set(xlabel="training step", ylabel="accuracy, two steps back", ylim=(0, 1.05))
right.legend(loc="lower right")
show("rnn")

# %%
# Try it
# ------
# - Predict the shapes of ``out`` and ``h_n`` for 3 layers in both directions, then see.
# - Change the task to the bit one step before, then five. How long does each take?
# - Build ``nn.RNN(..., nonlinearity="relu")`` by hand, and show that they are equal.
