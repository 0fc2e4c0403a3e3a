"""
Lesson 35: early stopping and dropout (early-stopping & dropout)
================================================================

Two ways to keep a network from overfitting (过拟合). Early stopping ends the training
when the validation loss stops falling. Dropout sets random units to zero in training.

:Notes: early-stopping & dropout
:Needs: lessons 29, 31 and 32
:Run: ``python lessons/lesson35_early_stopping_dropout.py``
"""

import copy

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from utils import batches, evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(
    epochs=30,
    batch_size=50,
    lr=0.01,
    momentum=0.9,
    patience=5,
    seeds=3,
    quick={"seeds": 1},
)
torch.manual_seed(opt.seed)

# %%
# Dropout by hand
# ---------------
# In training, dropout (随机失活) sets each unit to zero with probability p. It divides
# the other units by 1 - p, so that the expected value of each unit stays the same.

x = torch.ones(100000)
for p in 0.2, 0.5:
    out = F.dropout(x, p)
    kept = (out != 0).float()  # 1 where F.dropout kept the unit
    by_hand = x * kept / (1 - p)
    print(f"p = {p}: zeros {1 - kept.mean():.2f}, mean {out.mean():.2f}", end=", ")
    print(f"largest {out.max():.2f}, equal: {torch.allclose(out, by_hand)}")
#: p = 0.2: zeros 0.20, mean 1.00, largest 1.25, equal: True
#: p = 0.5: zeros 0.50, mean 1.00, largest 2.00, equal: True

# %%
# The notes say that TensorFlow takes the probability to keep a unit, and PyTorch the
# probability to drop it. In fact this was true of TensorFlow 1 only. Its
# ``keep_prob=0.8`` is ``nn.Dropout(0.2)``. TensorFlow 2 takes the rate to drop, too.

# %%
# ``train()`` and ``eval()``
# --------------------------
# The notes say that evaluation mode computes no gradients. In fact ``eval()`` changes
# layers and ``no_grad`` switches gradients off, and neither does the other's work. In
# this network ``eval()`` changes dropout alone. In others it changes batch norm, too
# (lesson 40).


def network(p):
    """Images [b, 1, 28, 28] to logits [b, 10], dropout after both hidden layers."""
    return nn.Sequential(
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, 200),
        nn.ReLU(),
        nn.Dropout(p),
        nn.Linear(200, 200),
        nn.ReLU(),
        nn.Dropout(p),
        nn.Linear(200, 10),
    ).to(opt.device)


# %%
# Eight images pass through the network twice, in three modes.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
net = network(0.5)


def describe(mode):
    """Whether two passes of the same images differ, and whether they have gradients."""
    first, second = net(images[:8]), net(images[:8])
    random = not torch.equal(first, second)
    print(f"{mode}: random {random}, gradients {first.requires_grad}")
    return {"random": random, "gradients": first.requires_grad}


modes = {"train": describe("train()")}
#: train(): random True, gradients True
net.eval()
modes["eval"] = describe("eval() ")
#: eval() : random False, gradients True
with torch.no_grad():
    modes["eval, no_grad"] = describe("eval() and no_grad")
#: eval() and no_grad: random False, gradients False

# %%
# ``eval()`` makes the test correct; ``no_grad`` makes it cheap. Use both, as the helper
# ``evaluate`` does.

# %%
# Early stopping
# --------------
# Only 500 images are used for training, so that the network overfits. 1000 others are
# the validation set (验证集, lesson 32).

few = TensorDataset(images[:500], labels[:500])
train_loader = batches(few, opt.batch_size, shuffle=True)
others = TensorDataset(images[500:1500], labels[500:1500])
validation_loader = batches(others, batch_size=1000)
test_loader = batches(test_set, batch_size=1000)


def train_epoch(net, optimizer):
    """One epoch on the training images; dropout is active."""
    for x, y in train_loader:
        loss = F.cross_entropy(net(x), y)
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


# %%
# After each epoch the validation loss is measured, and a copy of the best weights is
# kept. If ``patience`` epochs bring no better loss, the training ends.

torch.manual_seed(opt.seed)
net = network(0.0)
optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)

best_loss = float("inf")
for epoch in range(1, opt.epochs + 1):
    train_epoch(net, optimizer)
    validation_loss = evaluate(net, validation_loader)[0]
    if validation_loss < best_loss:
        best_loss, best_epoch = validation_loss, epoch
        best_state = copy.deepcopy(net.state_dict())
    if epoch - best_epoch == opt.patience:
        break
net.load_state_dict(best_state)

# %%
# The network now has the best weights again:

test_loss, test_accuracy = evaluate(net, test_loader)
print(f"stopped after epoch {epoch}, the best was {best_epoch}")
#: stopped after epoch 14, the best was 9
print(f"test loss {test_loss:.3f}, test accuracy {test_accuracy:.3f}")
#: test loss 0.539, test accuracy 0.830

# %%
# ``state_dict()`` without ``deepcopy`` would keep no old weights: the tensors in it are
# the network's own, and the optimizer goes on to change them.

# %%
# Was it right to stop?
# ---------------------
# To find out, more networks are trained to the last epoch, with a record of each epoch.
# The epoch of the lowest validation loss is what early stopping gives back if its
# patience is long enough. Each side, without dropout and with it, tries three learning
# rates (学习率) with three seeds each.


def train(p, lr, seed):
    """The validation loss of each epoch, and the test scores of two epochs."""
    torch.manual_seed(opt.seed + seed)
    net = network(p)
    optimizer = optim.SGD(net.parameters(), lr=lr, momentum=opt.momentum)
    losses = []
    for epoch in range(1, opt.epochs + 1):
        train_epoch(net, optimizer)
        losses.append(evaluate(net, validation_loader)[0])
        if losses[-1] == min(losses):
            best_epoch, stopped = epoch, evaluate(net, test_loader)
    end = evaluate(net, test_loader)
    return {"losses": losses, "epoch": best_epoch, "stopped": stopped, "end": end}


# %%
# ``stopped`` belongs to the epoch of the lowest validation loss, ``end`` to the last
# epoch. The table holds the means over the seeds.

runs, results = {}, {}
print("dropout    lr  test loss: stopped, end  accuracy: stopped, end")
#: dropout    lr  test loss: stopped, end  accuracy: stopped, end
for p in 0.0, 0.5:
    for lr in 0.003, 0.01, 0.03:
        runs[p, lr] = [train(p, lr, seed) for seed in range(opt.seeds)]
        stopped = torch.tensor([run["stopped"] for run in runs[p, lr]]).mean(dim=0)
        end = torch.tensor([run["end"] for run in runs[p, lr]]).mean(dim=0)
        results[p, lr] = {"stopped": stopped.tolist(), "end": end.tolist()}
        print(f"{p:7.1f} {lr:5.3f} {stopped[0]:18.3f} {end[0]:.3f}", end="")
        print(f"{stopped[1]:19.3f} {end[1]:.3f}")
#:     0.0 0.003              0.515 0.510              0.835 0.839
#:     0.0 0.010              0.527 0.606              0.837 0.844
#:     0.0 0.030              0.644 0.752              0.808 0.848
#:     0.5 0.003              0.517 0.518              0.835 0.834
#:     0.5 0.010              0.510 0.554              0.841 0.855
#:     0.5 0.030              0.558 0.789              0.825 0.848

# %%
# At the rates 0.01 and 0.03 the test loss rises after the best epoch, and stopping
# avoids the rise. The accuracy goes on to rise: the network still learns, but it also
# becomes more confident in its mistakes, and cross entropy punishes that (lesson 31).
# Early stopping helps the score that you watch. At 0.003 there is nothing to stop.
#
# Dropout makes the loss rise more slowly at 0.01. With the best rate of each side, the
# lowest test losses are about equal. Dropout gains about one percent of accuracy at the
# end. A small network on 500 digits shows no more than that.

# %%
# Drawn: the validation loss of each seed, without dropout and with it.

figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharey=True)
epochs = range(1, opt.epochs + 1)
for ax, lr in zip(axes, [0.003, 0.01, 0.03], strict=True):
    for p, color in (0.0, "C0"), (0.5, "C1"):
        for run in runs[p, lr]:
            ax.plot(epochs, run["losses"], c=color, label=f"dropout {p}")
            ax.plot(run["epoch"], min(run["losses"]), "o", c=color)
    ax.set(title=f"lr {lr}", xlabel="epoch", ylim=(0.4, 1.2))
axes[0].set_ylabel("validation loss (dots: lowest)")
lines, names = axes[0].get_legend_handles_labels()
axes[0].legend(lines[:: opt.seeds], names[:: opt.seeds])
show("early_stopping")

# %%
# Try it
# ------
# ``python check.py 35`` checks the class that is named here.
#
# - Predict the mean of ``F.dropout(x, 0.9)``, and its largest value; then run it.
# - Change the patience with ``--patience 1``, then with ``--patience 30``. What does
#   each cost? Look at the line "stopped after".
# - Build ``EarlyStop``, early stopping for any training loop. Then stop by the
#   validation accuracy, so ``update`` gets minus the accuracy. Use the rate 0.03 and
#   three seeds. Which test score gains by it?
