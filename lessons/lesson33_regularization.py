"""
Lesson 33: regularization (正则化)
==================================

A penalty makes large weights expensive. A penalty on the squares (L2) pulls all weights
towards zero. A penalty on the absolute values (L1) drives many of them to zero. The
lesson measures whether this helps on unseen images.

:Notes: lesson32 正则化
:Needs: lessons 29, 31 and 32
:Run: ``python lessons/lesson33_regularization.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(
    steps=400, batch_size=50, lr=0.1, seeds=3, quick={"steps": 20, "seeds": 1}
)
torch.manual_seed(opt.seed)

# %%
# Occam's razor
# -------------
# Of two explanations that fit the data, take the simpler one: this is Occam's razor
# (奥卡姆剃刀). For a network, "simple" can mean small weights, or few weights that are
# not zero. A penalty with the strength :math:`\lambda` is added to the loss. It usually
# leaves out the biases:
#
# .. math:: \text{L2: } \frac{\lambda}{2} \sum w^2, \text{ gradient } \lambda w
#    \qquad \text{L1: } \lambda \sum |w|, \text{ gradient } \lambda \, \text{sign}(w)
#
# The pull of L2 becomes weaker as the weight becomes smaller, so L2 never brings a
# weight to zero. L1 pulls with the same force all the way.
#
# Take a single weight w, whose best value without a penalty is a. The loss is
# :math:`(w - a)^2 / 2` plus the penalty. Its minimum has a formula:

a = torch.linspace(-3, 3, 601)
strength = 1.0
l2_solution = a / (1 + strength)
l1_solution = a.sign() * (a.abs() - strength).clamp(min=0)
l2_zeros = (l2_solution == 0).float().mean().item()
l1_zeros = (l1_solution == 0).float().mean().item()
print(f"share of exact zeros: L2 {l2_zeros:.3f}, L1 {l1_zeros:.3f}")
#: share of exact zeros: L2 0.000, L1 0.334

# %%
# Drawn: the best weight for each a. L1 has a flat part at zero.

plt.figure(figsize=(5, 4))
plt.plot(a, a, "--", color="0.6", label="no penalty")
plt.plot(a, l2_solution, label="L2")
plt.plot(a, l1_solution, label="L1")
plt.xlabel("a, the best weight without a penalty")
plt.ylabel("the best weight with it")
plt.legend()
show("one_weight")

# %%
# ``weight_decay``
# ----------------
# There are three ways to apply L2. (1) Add the penalty to the loss. (2) Give the
# optimizer a ``weight_decay`` (权重衰减), which adds :math:`\lambda w` to the gradient.
# (3) Multiply each weight by :math:`1 - \eta\lambda` before the step, where
# :math:`\eta` is the learning rate. This is what the word decay means.

data = torch.randn(40, 5, dtype=torch.float64)
target = torch.randn(40, dtype=torch.float64)


def fit(w, optimizer, penalty=0.0, shrink=0.0):
    """The weights [5] of a linear fit after 50 steps."""
    for _ in range(50):
        loss = F.mse_loss(data @ w, target) + penalty / 2 * w.square().sum()
        optimizer.zero_grad()
        loss.backward()
        with torch.no_grad():
            w *= 1 - 0.05 * shrink  # 0.05 is the learning rate
        optimizer.step()
    return w.detach()


def start():
    return torch.ones(5, dtype=torch.float64, requires_grad=True)


# %%
# For plain SGD all three give the same weights:

w = start()
built_in = fit(w, optim.SGD([w], lr=0.05, weight_decay=0.5))
w = start()
with_penalty = fit(w, optim.SGD([w], lr=0.05), penalty=0.5)
w = start()
with_decay = fit(w, optim.SGD([w], lr=0.05), shrink=0.5)
sgd_errors = [
    (built_in - with_penalty).abs().max().item(),
    (built_in - with_decay).abs().max().item(),
]
print("SGD's weight_decay equals the penalty:", sgd_errors[0] < 1e-6)
#: SGD's weight_decay equals the penalty: True
print("SGD's weight_decay equals the decay:", sgd_errors[1] < 1e-6)
#: SGD's weight_decay equals the decay: True

# %%
# For Adam they differ. Adam divides each gradient by its usual size, and the part of
# the penalty with it. A weight with large gradients is then pulled less.
# ``Adam(weight_decay=...)`` is the penalty. ``AdamW`` is the decay.

w = start()
adam = fit(w, optim.Adam([w], lr=0.05, weight_decay=0.5))
w = start()
adamw = fit(w, optim.AdamW([w], lr=0.05, weight_decay=0.5))
w = start()
with_penalty = fit(w, optim.Adam([w], lr=0.05), penalty=0.5)
w = start()
with_decay = fit(w, optim.Adam([w], lr=0.05), shrink=0.5)
print("Adam equals the penalty:", torch.allclose(adam, with_penalty, atol=1e-6))
#: Adam equals the penalty: True
print("Adam equals the decay:", torch.allclose(adam, with_decay, atol=1e-6))
#: Adam equals the decay: False
print("AdamW equals the penalty:", torch.allclose(adamw, with_penalty, atol=1e-6))
#: AdamW equals the penalty: False
print("AdamW equals the decay:", torch.allclose(adamw, with_decay, atol=1e-6))
#: AdamW equals the decay: True

# %%
# On 500 images
# -------------
# A network with 50000 weights can learn 500 images by heart (lesson 31). The strengths
# are compared on 2000 other training images, a validation set as in lesson 32.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
x, y = images[:500], labels[:500]
validation_loader = [(images[500:2500], labels[500:2500])]  # one batch
test_loader = [test_set.tensors]


def penalty_of(net, kind):
    """The penalty, without its strength, of both weight matrices."""
    total = 0
    for layer in net[1], net[3]:
        if kind == "L1":
            total = total + layer.weight.abs().sum()
        else:
            total = total + layer.weight.square().sum() / 2
    return total


# %%
# One training run. The validation loss is recorded ten times on the way.

every = max(1, opt.steps // 10)


def network():
    return nn.Sequential(
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    ).to(opt.device)


# %%
# The penalty is part of the loss in training, but not of the loss that is recorded.


def train(seed, kind, strength):
    """A trained network, and its validation losses."""
    torch.manual_seed(opt.seed + seed)
    net, losses = network(), []
    optimizer = optim.SGD(net.parameters(), lr=opt.lr)
    for step in range(1, opt.steps + 1):
        i = torch.randint(len(x), [opt.batch_size])  # a random batch
        loss = F.cross_entropy(net(x[i]), y[i]) + strength * penalty_of(net, kind)
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % every == 0:
            losses.append(evaluate(net, validation_loader)[0])
    return net, losses


# %%
# What the penalty does to the weights is seen in all of them together.


def weights_of(net):
    """All weights without the biases, as one vector."""
    return torch.cat([net[1].weight.flatten(), net[3].weight.flatten()]).detach().cpu()


# %%
# Each strength is trained with three seeds. A weight counts as near zero if it is below
# 0.001. The table holds the means over the seeds.

strengths = [("none", 0), ("L2", 0.01), ("L2", 0.03), ("L2", 0.1)]
strengths += [("L1", 0.0001), ("L1", 0.0003), ("L1", 0.001)]
runs, results = {}, {}
print("penalty      validation loss  accuracy  near zero")
#: penalty      validation loss  accuracy  near zero
for kind, strength in strengths:
    runs[kind, strength] = [train(seed, kind, strength) for seed in range(opt.seeds)]
    loss, accuracy, near_zero = 0, 0, 0
    for net, losses in runs[kind, strength]:
        loss += losses[-1] / opt.seeds
        accuracy += evaluate(net, validation_loader)[1] / opt.seeds
        near_zero += (weights_of(net).abs() < 1e-3).float().mean().item() / opt.seeds
    results[kind, strength] = {"loss": loss, "accuracy": accuracy, "zeros": near_zero}
    print(f"{kind:5}{strength:7} {loss:15.3f} {accuracy:10.3f} {near_zero:10.2f}")
#: none       0           0.609      0.835       0.03
#: L2      0.01           0.544      0.834       0.04
#: L2      0.03           0.532      0.833       0.07
#: L2       0.1           0.611      0.819       0.16
#: L1    0.0001           0.593      0.834       0.11
#: L1    0.0003           0.568      0.835       0.32
#: L1     0.001           0.558      0.829       0.78

# %%
# Weak and medium penalties of both kinds lower the validation loss: the network becomes
# less confident in its mistakes. The accuracy does not rise. L2 with 0.1 is too strong,
# and loses the gain again.
#
# The notes say that regularization forces weights to 0 or close to 0. In fact L2 makes
# the weights smaller on average, and only L1 drives most of them to zero. Even L1
# leaves hardly one exactly at zero. Its gradient jumps from :math:`-\lambda` to
# :math:`\lambda`, so that gradient descent jumps back and forth across zero, by
# :math:`\eta\lambda` a step.

# %%
# The test set has not been used so far. It says what the best strength of each kind is
# worth, beside no penalty:


def test_scores(kind, strength):
    """Test loss and accuracy, means over the seeds."""
    loss, accuracy = 0, 0
    for net, _ in runs[kind, strength]:
        net_loss, net_accuracy = evaluate(net, test_loader)
        loss += net_loss / opt.seeds
        accuracy += net_accuracy / opt.seeds
    return loss, accuracy


test_results = {}
for kind, strength in ("none", 0), ("L2", 0.03), ("L1", 0.001):
    test_results[kind] = test_scores(kind, strength)
    loss, accuracy = test_results[kind]
    print(f"{kind:4} {strength}: test loss {loss:.3f}, test accuracy {accuracy:.3f}")
#: none 0: test loss 0.585, test accuracy 0.843
#: L2   0.03: test loss 0.510, test accuracy 0.842
#: L1   0.001: test loss 0.537, test accuracy 0.835

# %%
# Drawn: the weights of the first seed's networks, and their validation losses.

figure, axes = plt.subplots(1, 4, figsize=(14, 3.4), layout="tight")
shown = {("none", 0): "C0", ("L2", 0.03): "C1", ("L1", 0.001): "C2"}
for ax, (setting, color) in zip(axes, shown.items(), strict=False):
    net, losses = runs[setting][0]
    weights = weights_of(net)
    ax.hist(weights, bins=101, range=(-0.1, 0.1), log=True, color=color)
    share = (weights.abs() < 1e-3).float().mean()
    name = f"{setting[0]} {setting[1]}"
    ax.set(title=f"{name}: {share:.0%} near zero", xlabel="weight", ylim=(1, 1e5))
    steps = [every * (i + 1) for i in range(len(losses))]
    axes[3].plot(steps, losses, c=color, label=name)
axes[3].set(xlabel="step", title="validation loss")
axes[3].legend()
show("weights")

# %%
# Try it
# ------
# ``python check.py 33`` checks the function that is named here.
#
# - Predict the accuracy at an L1 strength of 0.03. Add it to the strengths and look.
# - Change ``[:500]`` to ``[:5000]`` and ``[500:2500]`` to ``[5000:7000]``, twice each.
#   Does a penalty still lower the validation loss?
# - Build ``shrink_step``, which moves each weight towards 0 and no further. Call it
#   after each step in place of the L1 penalty: how many weights are exactly 0?
