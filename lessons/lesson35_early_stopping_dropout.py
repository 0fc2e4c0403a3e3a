"""
Lesson 35: early stopping, dropout and noise (early-stopping & dropout)
=======================================================================

Stop where unseen images say so, leave units out at random while training, and measure
how far the gradient of a batch is from that of all the data.

:Notes: early-stopping & dropout, and Stochastic Gradient Descent
:Needs: lessons 29 and 31
:Run: ``python lessons/lesson35_early_stopping_dropout.py``
"""

import copy

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector

from utils import mnist, settings, show, stop_if_not_finite

opt = settings(epochs=30, batch_size=50, lr=0.01, momentum=0.9, patience=8)
torch.manual_seed(opt.seed)

# %%
# Dropout by hand
# ---------------
# While training, each unit becomes zero with the probability p, and those that are left
# are divided by 1 - p, so that the mean stays. p is the rate that is dropped, as in
# TensorFlow today. The notes say that TensorFlow takes the probability to keep, which
# was so in TensorFlow 1: its ``keep_prob=0.8`` is ``nn.Dropout(0.2)``.

x = torch.ones(100000)
equal = []
print("rate zero others mean equal")
#: rate zero others mean equal
for p in 0.2, 0.5:
    out = F.dropout(x, p)
    mask = (out != 0).float()  # the one that it drew
    equal.append(torch.allclose(out, x * mask / (1 - p)))
    print(f"{p} {1 - mask.mean():6.2f} {out.max():6.2f} {out.mean():4.2f} {equal[-1]}")
#: 0.2   0.20   1.25 1.00 True
#: 0.5   0.50   2.00 1.00 True

# %%
# ``train()`` and ``eval()``
# --------------------------
# The notes say that evaluation mode computes no gradients. ``eval()`` turns off dropout
# only, ``no_grad`` gradients only. A test is right by the one and cheap by the other.


def network(p):
    """Images [b, 1, 28, 28] to logits [b, 10], dropout after both hidden layers."""
    first = nn.Flatten(), nn.Linear(784, 200), nn.ReLU(), nn.Dropout(p)
    second = nn.Linear(200, 200), nn.ReLU(), nn.Dropout(p)
    return nn.Sequential(*first, *second, nn.Linear(200, 10)).to(opt.device)


train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
net = network(0.5)
modes = {}
print("mode     no_grad  random  gradients")
#: mode     no_grad  random  gradients
for mode, no_grad in ("train", False), ("train", True), ("eval", False), ("eval", True):
    net.train(mode == "train")  # eval() is train(False)
    with torch.set_grad_enabled(not no_grad):
        first, second = net(images[:8]), net(images[:8])
    modes[mode, no_grad] = not torch.equal(first, second), first.requires_grad
    print(f"{mode:5} {no_grad!s:>10}", "{!s:>7} {!s:>10}".format(*modes[mode, no_grad]))
#: train      False    True       True
#: train       True    True      False
#: eval       False   False       True
#: eval        True   False      False

# %%
# Early stopping
# --------------
# After each epoch the loss on validation images is measured. The best state so far is
# kept, as a copy: ``state_dict`` alone would change with the network. When ``patience``
# epochs bring nothing better, the best state returns. Here each run also goes on to the
# last epoch, as the control; three seeds each.

x, y = images[:500], labels[:500]  # few, so that the network overfits
validation = images[500:1500], labels[500:1500]


@torch.no_grad()
def score(net, x, y):
    net.eval()
    logits = net(x)  # [b, 1, 28, 28] => [b, 10]
    net.train()
    accuracy = (logits.argmax(dim=1) == y).float().mean().item()
    return F.cross_entropy(logits, y).item(), accuracy


def train(p, seed=0, batch_size=opt.batch_size):
    """Scores after each epoch [epochs, 4], test scores stopped and at the end [4]."""
    torch.manual_seed(opt.seed + seed)
    net = network(p)
    optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)
    scores, best_loss, waited = [], float("inf"), 0
    for _ in range(opt.epochs):
        for i in torch.randperm(len(x)).split(batch_size):
            loss = F.cross_entropy(net(x[i]), y[i])
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scores.append(score(net, x, y) + score(net, *validation))
        if waited == opt.patience:
            continue  # ``break``, were it not for the control
        waited += 1
        if scores[-1][2] < best_loss:
            best_loss, waited = scores[-1][2], 0
            best_state = copy.deepcopy(net.state_dict())
    last = score(net, *test_set.tensors)
    net.load_state_dict(best_state)
    return torch.tensor(scores), torch.tensor(score(net, *test_set.tensors) + last)


curves, results = {}, {}
print("dropout  stopped: test loss, accuracy  at the end: test loss, accuracy")
#: dropout  stopped: test loss, accuracy  at the end: test loss, accuracy
for p in 0.0, 0.5:
    runs = [train(p, seed) for seed in range(1 if opt.quick else 3)]
    curves[p] = torch.stack([scores for scores, _ in runs])  # [seeds, epochs, 4]
    results[p] = torch.stack([tests for _, tests in runs]).mean(dim=0).tolist()
    print(f"{p:<7.1f}", "{:19.3f} {:9.3f} {:23.3f} {:9.3f}".format(*results[p]))
#: 0.0                   0.537     0.833                   0.610     0.844
#: 0.5                   0.525     0.831                   0.561     0.852

# %%
# Early stopping saves test loss and costs accuracy: later the network still learns, and
# grows surer of its mistakes too (lesson 31). Dropout delays all of it and lowers the
# test loss; its gain in accuracy is too small for three seeds. Dots: each run's best.

epochs = range(1, opt.epochs + 1)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharex=True)
for color, (p, runs) in zip(("C0", "C1"), curves.items(), strict=True):
    mean = runs.mean(dim=0)  # [seeds, epochs, 4] => [epochs, 4]
    for ax, column in zip(axes, (0, 1), strict=True):
        ax.plot(epochs, mean[:, column], "--", c=color, label=f"dropout {p}, training")
        ax.plot(epochs, mean[:, column + 2], c=color, label=f"dropout {p}, validation")
    lowest, best = runs[:, :, 2].min(dim=1)  # [seeds, epochs] => [seeds]
    axes[0].plot(best + 1, lowest, "o", c=color)
axes[0].set(xlabel="epoch", ylabel="cross entropy", ylim=(0, 1))
axes[1].set(xlabel="epoch", ylabel="accuracy", ylim=(0.6, 1.01))
axes[1].legend()
show("dropout")

# %%
# How noisy is a batch?
# ---------------------
# Stochastic gradient descent takes the gradient of a batch for that of all the data. It
# is right on average, and its distance from it is the noise. The mean of b independent
# gradients has √b times less of it than one: half the noise takes four times the work.

torch.manual_seed(opt.seed)
net = network(0.0)


def gradient(i):
    loss = F.cross_entropy(net(x[i]), y[i])
    return parameters_to_vector(torch.autograd.grad(loss, list(net.parameters())))


full = gradient(torch.arange(len(x)))
noise = {}
print("batch size  noise  noise * sqrt(batch size)")
#: batch size  noise  noise * sqrt(batch size)
for b in 1, 4, 16, 64, 256:
    draws = torch.randint(len(x), (5 if opt.quick else 60, b))  # with replacement
    squares = [(gradient(i) - full).square().sum() for i in draws]
    noise[b] = (torch.stack(squares).mean().sqrt() / full.norm()).item()
    print(f"{b:<10d} {noise[b]:6.2f} {noise[b] * b**0.5:25.2f}")
#: 1            8.42                      8.42
#: 4            4.11                      8.21
#: 16           2.08                      8.31
#: 64           1.05                      8.40
#: 256          0.52                      8.38

# %%
# The noise is given in lengths of the full gradient: in a batch of fewer than about 70
# images there is more noise than gradient. Small batches win all the same: 30 epochs
# are the same work for all, and make 300 noisy steps of 50 images or 30 exact ones.

losses = {}
for b in 50, 150, 500:
    losses[b] = train(0.0, batch_size=b)[0][:, 0].tolist()
    print(f"batch size {b:3d}: training loss {losses[b][-1]:.3f}")
#: batch size  50: training loss 0.008
#: batch size 150: training loss 0.061
#: batch size 500: training loss 1.004

figure, axes = plt.subplots(1, 2, figsize=(9, 3.6))
expected = [noise[1] / b**0.5 for b in noise]
axes[0].loglog(noise.keys(), noise.values(), "o", label="measured")
axes[0].loglog(noise.keys(), expected, "--", label="proportional to 1 / √b")
axes[0].axhline(1, c="0.6", label="length of the full gradient")
axes[0].set_xticks(list(noise), list(noise))
axes[0].set_yticks([0.5, 1, 2, 4, 8], [0.5, 1, 2, 4, 8])
axes[0].set(xlabel="batch size b", ylabel="noise")
axes[0].minorticks_off()
axes[0].legend()
for b, values in losses.items():
    axes[1].plot(epochs, values, label=f"batch size {b}")
axes[1].set(xlabel="epoch", ylabel="training loss")
axes[1].legend()
show("noise")

# %%
# Try it
# ------
# - Predict the mean of ``F.dropout(x, 0.9)``, and its largest value; then run it.
# - Change ``--patience`` to 1 and to 30. What does each cost?
# - Build early stopping on the validation accuracy. Which test score gains by it?
