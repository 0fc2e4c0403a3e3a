"""
Lesson 36: stochastic gradients (随机梯度下降)
==============================================

Stochastic gradient descent uses the gradient of a few samples in place of the gradient
of all samples. This lesson measures the error of that estimate, the time of a batch,
and whether the error is useful.

:Notes: Stochastic Gradient Descent
:Needs: lessons 16, 29 and 35
:Run: ``python lessons/lesson36_stochastic_gradients.py``
"""

import time

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector

from utils import evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(
    epochs=30,
    seeds=3,
    draws=60,
    walkers=1000,
    quick={"seeds": 1, "draws": 5, "walkers": 50},
)
torch.manual_seed(opt.seed)

# %%
# The data and the network
# ------------------------
# 500 images of lesson 29 are enough. All of them fit into one batch, so the exact
# gradient is cheap. Every smaller batch can be compared with it.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
x, y = images[:500], labels[:500]  # [500, 1, 28, 28], [500]
n = len(x)


def network():
    """Images [b, 1, 28, 28] to logits [b, 10]."""
    return nn.Sequential(
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, 200),
        nn.ReLU(),
        nn.Linear(200, 10),
    ).to(opt.device)


# %%
# The gradient of a batch is an estimate
# --------------------------------------
# The full gradient (全梯度) is the mean of the gradients of all n samples. A batch
# (批) takes the mean of b of them, drawn at random. Such an estimate is right on
# average. Its error is called gradient noise (梯度噪声).


def gradient(net, i):
    """The gradient of the mean loss of samples i, as one vector [parameters]."""
    loss = F.cross_entropy(net(x[i]), y[i])
    gradients = torch.autograd.grad(loss, list(net.parameters()))
    return parameters_to_vector(gradients)


# %%
# The loop draws three batches of 16 images. It prints how far the gradient of each
# batch is from the full gradient.

net = network()
full = gradient(net, torch.arange(n))
for i in torch.randint(n, [3, 16]):
    error = torch.linalg.vector_norm(gradient(net, i) - full)
    print(f"error of a batch of 16: {error:.3f}")
#: error of a batch of 16: 3.168
#: error of a batch of 16: 3.085
#: error of a batch of 16: 2.946
print(f"length of the full gradient: {torch.linalg.vector_norm(full):.3f}")
#: length of the full gradient: 1.625

# %%
# How the noise depends on the batch size
# ---------------------------------------
# The mean of b independent numbers has an error that is the square root of b times
# smaller than the error of one number. The same holds for gradients. A batch with half
# the noise needs four times as many samples. The table divides the noise by the length
# of the full gradient. The last column would be constant if the rule held exactly.


def noise_of(net, b):
    """Root of the mean squared error of a batch's gradient, by the full length."""
    full = gradient(net, torch.arange(n))
    squares = []
    for i in torch.randint(n, [opt.draws, b]):  # with replacement
        squares.append((gradient(net, i) - full).square().sum())
    error = torch.stack(squares).mean().sqrt()
    return (error / torch.linalg.vector_norm(full)).item()


sizes = [1, 4, 16, 64, 256]
noise = {}
print("batch size  noise  noise * sqrt(batch size)")
#: batch size  noise  noise * sqrt(batch size)
for b in sizes:
    noise[b] = noise_of(net, b)
    print(f"{b:<10d} {noise[b]:6.2f} {noise[b] * b**0.5:25.2f}")
#: 1            7.47                      7.47
#: 4            3.83                      7.66
#: 16           1.91                      7.65
#: 64           0.92                      7.38
#: 256          0.46                      7.38

# %%
# The noise grows relative to the gradient
# ----------------------------------------
# The last column lies between 7.38 and 7.66, so the rule holds well. The table is that
# of a network that has not been trained. During training, the full gradient becomes
# short. So the noise grows in comparison with its length.


def train(seed, batch_size, lr, epochs=opt.epochs):
    """A new network, trained on the 500 images."""
    torch.manual_seed(opt.seed + seed)
    net = network()
    optimizer = optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        for i in torch.randperm(n).split(batch_size):
            loss = F.cross_entropy(net(x[i]), y[i])
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net


# %%
# The code measures the noise of a batch of 64 with the weights before training and with
# those after it.

trained = train(seed=0, batch_size=50, lr=0.1)
noise_before, noise_after = noise_of(net, 64), noise_of(trained, 64)
print(f"noise of a batch of 64, before training: {noise_before:.2f}")
#: noise of a batch of 64, before training: 0.94
print(f"noise of a batch of 64, after {opt.epochs} epochs: {noise_after:.2f}")
#: noise of a batch of 64, after 30 epochs: 4.02

# %%
# Drawn: the measured noise beside the rule. Both axes are logarithmic, so a power of
# the batch size becomes a straight line.

plt.figure(figsize=(5, 3.6))
plt.loglog(sizes, list(noise.values()), "o", label="measured")
expected = [noise[1] / b**0.5 for b in sizes]
plt.loglog(sizes, expected, "--", label="proportional to 1 / √b")
plt.axhline(1, c="0.6", label="length of the full gradient")
plt.xticks(sizes, sizes)
plt.yticks([0.5, 1, 2, 4, 8], [0.5, 1, 2, 4, 8])
plt.minorticks_off()
plt.xlabel("batch size b")
plt.ylabel("gradient noise")
plt.legend()
show("noise")

# %%
# What a batch costs
# ------------------
# The notes say that a small batch is faster than all the data, and that it costs more
# computing time. In fact both are true: the first is about one step, the second about
# one epoch. A step with one sample takes almost as long as a step with 16. But an epoch
# with batches of one sample has 16 times as many steps.


def seconds_a_step(b):
    """The time of one training step with a batch of b samples, the mean of 30."""
    net = network()
    optimizer = optim.SGD(net.parameters(), lr=0.01)
    for step in range(35):
        if step == 5:  # the first steps are slower, and are not counted
            start = time.perf_counter()
        i = torch.randint(n, [b])
        loss = F.cross_entropy(net(x[i]), y[i])
        loss.item()  # waits for the device
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return (time.perf_counter() - start) / 30


# %%
# The times depend on the machine.

print("batch size  a step  an epoch of 60000 images")
#: batch size  a step  an epoch of 60000 images
epoch_seconds = {}
for b in 1, 16, 256:
    step_seconds = seconds_a_step(b)
    epoch_seconds[b] = step_seconds * 60000 / b
    print(f"{b:<10d} {1000 * step_seconds:5.1f} ms {epoch_seconds[b]:10.1f} s")
#: 1            0.4 ms       21.0 s
#: 16           0.5 ms        1.8 s
#: 256          1.4 ms        0.3 s

# %%
# Batch size and learning rate belong together
# --------------------------------------------
# Batches of 50, 150 and 500 images are compared over the same number of epochs, which
# is the same work. A batch of 500 makes a tenth of the steps of a batch of 50, so it
# needs longer steps. A fair comparison therefore tries several learning rates for each
# batch size, with three seeds each. At the rate 0.8 each batch size ends with a higher
# loss than at 0.6, and at the rate 1 none learns. The second table shows this.


training_loader = [(x, y)]  # one batch of all 500
test_loader = [test_set.tensors]


def compare(batch_size, lr, epochs=opt.epochs):
    """The mean training loss over the seeds, and the test accuracy of each seed."""
    losses, accuracies = [], []
    for seed in range(opt.seeds):
        net = train(seed, batch_size, lr, epochs)
        losses.append(evaluate(net, training_loader)[0])
        accuracies.append(evaluate(net, test_loader)[1])
    return {"loss": sum(losses) / opt.seeds, "accuracies": accuracies}


# %%
# The first table has one row for each batch size and learning rate.

rates = [0.03, 0.1, 0.3, 0.6]
results = {}
print("batch size    lr  training loss  test accuracy of each seed")
#: batch size    lr  training loss  test accuracy of each seed
for batch_size in 50, 150, 500:
    for lr in rates:
        result = compare(batch_size, lr)
        results[batch_size, lr] = result
        each = " ".join([f"{a:.3f}" for a in result["accuracies"]])
        print(f"{batch_size:10d} {lr:5.2f} {result['loss']:14.3f}  {each}")
#:         50  0.03          0.081  0.846 0.844 0.842
#:         50  0.10          0.012  0.849 0.847 0.849
#:         50  0.30          0.003  0.856 0.853 0.852
#:         50  0.60          0.002  0.857 0.850 0.856
#:        150  0.03          0.262  0.832 0.827 0.821
#:        150  0.10          0.053  0.844 0.846 0.844
#:        150  0.30          0.010  0.852 0.853 0.847
#:        150  0.60          0.005  0.848 0.848 0.855
#:        500  0.03          0.855  0.740 0.729 0.731
#:        500  0.10          0.310  0.826 0.821 0.816
#:        500  0.30          0.088  0.846 0.844 0.843
#:        500  0.60          0.064  0.849 0.849 0.836

# %%
# The second table has two lines for each batch size. The first has the learning rate of
# the lowest training loss, the second is about higher rates. After the same work,
# smaller batches reach a lower training loss.

best_lr, worse, learns = {}, {}, {}
for batch_size in 50, 150, 500:
    best_lr[batch_size] = rates[0]
    for lr in rates:
        lowest = results[batch_size, best_lr[batch_size]]["loss"]
        if results[batch_size, lr]["loss"] < lowest:
            best_lr[batch_size] = lr
    result = results[batch_size, best_lr[batch_size]]
    mean_accuracy = sum(result["accuracies"]) / opt.seeds
    print(f"batch size {batch_size:3d} at lr {best_lr[batch_size]:4.2f}:", end=" ")
    print(f"loss {result['loss']:.3f}, test accuracy {mean_accuracy:.3f}")
    worse[batch_size] = compare(batch_size, 0.8)["loss"] > result["loss"]
    learns[batch_size] = compare(batch_size, 1.0)["loss"] < 1
    print(f"  worse at lr 0.8: {worse[batch_size]},", end=" ")
    print(f"learns at lr 1: {learns[batch_size]}")
#: batch size  50 at lr 0.60: loss 0.002, test accuracy 0.854
#:   worse at lr 0.8: True, learns at lr 1: False
#: batch size 150 at lr 0.60: loss 0.005, test accuracy 0.851
#:   worse at lr 0.8: True, learns at lr 1: False
#: batch size 500 at lr 0.60: loss 0.064, test accuracy 0.845
#:   worse at lr 0.8: True, learns at lr 1: False

# %%
# Smaller batches have more noise and make more steps. Which of the two helps? A batch
# of all 500 images has no noise. Ten times as many epochs give it as many steps as
# batches of 50 have.

exact = compare(500, best_lr[500], epochs=10 * opt.epochs)["accuracies"]
noisy = results[50, best_lr[50]]["accuracies"]
for seed in range(opt.seeds):
    print(f"seed {seed}: without noise {exact[seed]:.3f}, with noise {noisy[seed]:.3f}")
#: seed 0: without noise 0.855, with noise 0.857
#: seed 1: without noise 0.857, with noise 0.850
#: seed 2: without noise 0.860, with noise 0.856

# %%
# After the same number of steps, descent without noise is as good on test images as
# descent with noise. In this experiment small batches are better because they make more
# steps with the same work. The noise itself brings no gain in accuracy.

# %%
# Noise and local minima
# ----------------------
# The notes say that randomness helps to leave a local minimum (局部极小值). A function
# f(w) with two minima shows whether this is true. The picture below shows its two
# valleys. The shallow valley has the local minimum, and the deep valley has the
# smallest value of f. The pass is the highest point between them.
#
# f(w) is the mean of 64 losses, one for each sample. The loss of sample i is
# :math:`f(w) + c_i w`. The mean of all :math:`c_i` is 0, so these terms cancel in the
# mean of all 64 losses. In the mean of a smaller batch they do not cancel.

samples = 3 * torch.randn(64)
samples -= samples.mean()


def f(w):
    return (w**2 - 1) ** 2 / 4 + 0.15 * w


def slope(w):
    """The derivative of f."""
    return w**3 - w + 0.15


def batch_slope(w, b):
    """The derivative on a batch of b samples, drawn for each walker in w [walkers]."""
    if b == 64:
        return slope(w)  # all samples: the mean of the c_i is 0
    i = torch.randint(64, [len(w), b])
    return slope(w) + samples[i].mean(dim=1)  # [walkers, b] => [walkers]


print(f"the shallow valley: f(0.92) = {f(0.92):.3f}")
#: the shallow valley: f(0.92) = 0.144
print(f"the pass between:   f(0.15) = {f(0.15):.3f}")
#: the pass between:   f(0.15) = 0.261
print(f"the deep valley:    f(-1.06) = {f(-1.06):.3f}")
#: the deep valley:    f(-1.06) = -0.155

# %%
# A walker is one run of gradient descent. 1000 walkers start in the shallow valley, and
# 1000 others start in the deep one. Each walker makes 500 steps. Then the learning rate
# falls to zero in another 100 steps, so that each walker settles in one valley. For
# three learning rates, the table shows the share that ends in the deep valley.


def share_in_deep_valley(start, b, lr):
    w = torch.full([opt.walkers], start)
    for step in range(600):
        decay = min(1.0, (600 - step) / 100)  # 1 for 500 steps, then down to 0
        w = w - lr * decay * batch_slope(w, b)
    return (w < 0.15).float().mean().item()


escaped, stayed = {}, {}
for lr in 0.02, 0.05, 0.1:
    for b in 1, 4, 16, 64:
        escaped[b, lr] = share_in_deep_valley(0.92, b, lr)
        stayed[b, lr] = share_in_deep_valley(-1.06, b, lr)
        print(f"lr {lr:4.2f}, batch of {b:2d}: from the shallow valley", end=" ")
        print(f"{escaped[b, lr]:.2f}, from the deep one {stayed[b, lr]:.2f}")
#: lr 0.02, batch of  1: from the shallow valley 0.38, from the deep one 0.99
#: lr 0.02, batch of  4: from the shallow valley 0.01, from the deep one 1.00
#: lr 0.02, batch of 16: from the shallow valley 0.00, from the deep one 1.00
#: lr 0.02, batch of 64: from the shallow valley 0.00, from the deep one 1.00
#: lr 0.05, batch of  1: from the shallow valley 0.76, from the deep one 0.79
#: lr 0.05, batch of  4: from the shallow valley 0.39, from the deep one 1.00
#: lr 0.05, batch of 16: from the shallow valley 0.00, from the deep one 1.00
#: lr 0.05, batch of 64: from the shallow valley 0.00, from the deep one 1.00
#: lr 0.10, batch of  1: from the shallow valley 0.68, from the deep one 0.70
#: lr 0.10, batch of  4: from the shallow valley 0.91, from the deep one 0.94
#: lr 0.10, batch of 16: from the shallow valley 0.12, from the deep one 1.00
#: lr 0.10, batch of 64: from the shallow valley 0.00, from the deep one 1.00

# %%
# In fact the notes are right if the noise is neither too small nor too large. Without
# noise no walker leaves the shallow valley. With batches of 4 and lr 0.1, most walkers
# leave it and reach the deep valley. Too much noise does not help. With single samples
# and lr 0.1, the share in the deep valley is 0.68 and 0.70, almost the same from both
# starts. So 0.30 of the walkers leave the deep valley.

# %%
# Drawn: the two valleys, and the share of walkers that leave the shallow one.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.6))
w = torch.linspace(-1.6, 1.5, 200)
axes[0].plot(w, f(w))
axes[0].plot([0.92, -1.06], [f(0.92), f(-1.06)], "o", c="C3")
axes[0].annotate("start", [0.92, f(0.92)], [0.85, 0.25])
axes[0].set(xlabel="w", ylabel="f(w), the mean of 64 losses")
for lr in 0.02, 0.05, 0.1:
    shares = [escaped[b, lr] for b in (1, 4, 16, 64)]
    axes[1].semilogx([1, 4, 16, 64], shares, "o-", label=f"lr {lr}")
axes[1].set_xticks([1, 4, 16, 64], [1, 4, 16, 64])
axes[1].minorticks_off()
axes[1].set(xlabel="batch size", ylabel="share that reaches the deep valley")
axes[1].legend()
show("valleys")

# %%
# Try it
# ------
# ``python check.py 36`` checks the function that is named here.
#
# - Predict the noise of a batch of 100, from the noise of a batch of 1.
# - Change ``3 * torch.randn(64)`` to ``1 * torch.randn(64)``. Do walkers still escape?
# - Build ``full_gradient``, the gradient of all samples without all of them at once.
