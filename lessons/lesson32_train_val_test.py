"""
Lesson 32: three sets, and cross validation (Train-Val-Test-交叉验证)
=====================================================================

The training set (训练集) fits the weights. The validation set (验证集) makes the
choices. The test set (测试集) says once how good the result is. A set that helped to
choose cannot judge.

:Notes: lesson32 Train-Val-Test-交叉验证
:Needs: lessons 29 and 31
:Run: ``python lessons/lesson32_train_val_test.py``
"""

import copy

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import Subset, random_split

from utils import batches, evaluate, mnist, settings, show, stop_if_not_finite

opt = settings(
    epochs=15,
    batch_size=50,
    lr=0.05,
    momentum=0.9,
    seeds=3,
    images=1000,
    choices=500,
    experiments=40,
    quick={"seeds": 1, "images": 150, "choices": 10, "experiments": 3},
)
torch.manual_seed(opt.seed)

# %%
# Three sets
# ----------
# The validation set is split off from the training images, at random. A generator with
# a seed makes the same split in every run. Both sets are small here, so that choices
# matter. The other images are used below, as images that no choice has touched.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
n = opt.images
sizes = [n, n, len(train_set) - 2 * n]
generator = torch.Generator().manual_seed(opt.seed)
train_part, val_part, rest = random_split(train_set, sizes, generator)
print("sizes:", sizes)
#: sizes: [1000, 1000, 58000]

generator.manual_seed(opt.seed)
train_again, _, _ = random_split(train_set, sizes, generator)
same_split = train_again.indices == train_part.indices
shared = len(set(train_part.indices) & set(val_part.indices))
print("the same split again:", same_split)
#: the same split again: True
print("images in both sets:", shared)
#: images in both sets: 0

# %%
# Choosing an epoch
# -----------------
# Each epoch leaves another network. Here the weights and the validation scores of all
# epochs are kept.


def network(width):
    return nn.Sequential(
        nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
        nn.Linear(784, width),
        nn.ReLU(),
        nn.Linear(width, 10),
    ).to(opt.device)


# %%
# The training records each epoch:


def train(part, val_part, seed, width=100):
    """A network, and the weights and the scores of its epochs, a list each."""
    torch.manual_seed(opt.seed + seed)
    net = network(width)
    optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)
    epochs = {"weights": [], "loss": [], "accuracy": []}
    for _ in range(opt.epochs):
        train_epoch(net, optimizer, batches(part, opt.batch_size, shuffle=True))
        loss, accuracy = evaluate(net, batches(val_part, 1000))
        epochs["weights"].append(copy.deepcopy(net.state_dict()))
        epochs["loss"].append(loss)
        epochs["accuracy"].append(accuracy)
    return net, epochs


# %%
# One epoch is the loop of lesson 29:


def train_epoch(net, optimizer, loader):
    for x, y in loader:
        loss = F.cross_entropy(net(x), y)
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


# %%
# Three rules choose an epoch: take the last one, the lowest validation loss, or the
# highest validation accuracy. Only the chosen networks are tested.


def choose(epochs):
    """The number of the epoch that each rule chooses, from 0."""
    return {
        "last epoch": opt.epochs - 1,
        "lowest loss": epochs["loss"].index(min(epochs["loss"])),
        "highest accuracy": epochs["accuracy"].index(max(epochs["accuracy"])),
    }


test_loader = batches(test_set, 1000)
runs, chosen = [], {"last epoch": [], "lowest loss": [], "highest accuracy": []}
for seed in range(opt.seeds):
    net, epochs = train(train_part, val_part, seed)
    runs.append(epochs)
    for rule, epoch in choose(epochs).items():
        net.load_state_dict(epochs["weights"][epoch])
        chosen[rule].append(evaluate(net, test_loader))

# %%
# The mean over the seeds:

results = {}
print("chosen by         test loss  test accuracy")
#: chosen by         test loss  test accuracy
for rule, scores in chosen.items():
    loss, accuracy = torch.tensor(scores).mean(dim=0).tolist()  # [seeds, 2] => [2]
    results[rule] = {"loss": loss, "accuracy": accuracy}
    print(f"{rule:17} {loss:9.3f} {accuracy:14.3f}")
#: last epoch            0.435          0.905
#: lowest loss           0.390          0.890
#: highest accuracy      0.417          0.904

# %%
# The lowest validation loss gives the lowest test loss, but not the highest test
# accuracy: the two scores disagree (lesson 31). Choose by the score that you care
# about.

# %%
# A score that was used to choose
# -------------------------------
# A chosen network is good, or lucky, or both. To see how much is luck, the networks of
# all epochs and seeds are candidates. The best of them on a few images is chosen. Its
# accuracy on those images is compared with its accuracy on 10000 other images.

x, y = train_set[rest.indices[:20000]]  # no network was trained on them
correct = []
with torch.no_grad():
    for epochs in runs:
        for weights in epochs["weights"]:
            net.load_state_dict(weights)
            correct.append((net(x).argmax(dim=1) == y).float())
correct = torch.stack(correct).cpu()  # [candidates, images]
half = len(y) // 2
to_choose, to_judge = correct[:, :half], correct[:, half:]
true_accuracy = to_judge.mean(dim=1)  # [candidates, images] => [candidates]

# %%
# The choice is repeated 500 times, each time with other images.

claims = {}
for size in 30, 100, 300, 1000, 3000:
    claimed, true = 0.0, 0.0
    for _ in range(opt.choices):
        sample = to_choose[:, torch.randperm(half)[:size]]  # [candidates, size]
        accuracy = sample.mean(dim=1)
        best = accuracy.argmax()
        claimed += accuracy[best].item() / opt.choices
        true += true_accuracy[best].item() / opt.choices
    claims[size] = {"there": claimed, "elsewhere": true}
    print(f"chosen on {size:4d} images: accuracy {claimed:.3f} there", end=", ")
    print(f"{true:.3f} on other images")
#: chosen on   30 images: accuracy 0.940 there, 0.880 on other images
#: chosen on  100 images: accuracy 0.917 there, 0.892 on other images
#: chosen on  300 images: accuracy 0.909 there, 0.897 on other images
#: chosen on 1000 images: accuracy 0.904 there, 0.899 on other images
#: chosen on 3000 images: accuracy 0.902 there, 0.900 on other images

# %%
# A small set promises too much, and its choice is worse. This is why a third set is
# needed. If you choose again after you have seen the test score, the test set has
# become a validation set.

# %%
# Cross validation
# ----------------
# With few images, k-fold cross validation (交叉验证) uses each image for both purposes.
# The images are divided into k folds. Each fold is the validation set once, while the
# network is trained on the other k - 1 folds. The mean of the k scores is used to
# choose a setting, here the width. Their spread says how much the mean can be trusted.

folds = torch.randperm(n).chunk(5)  # positions in train_part
widths = {}
for width in 5, 20, 100:
    widths[width] = []
    for k in range(5):
        others = torch.cat([folds[j] for j in range(5) if j != k])
        part = Subset(train_part, others.tolist())
        fold = Subset(train_part, folds[k].tolist())
        _, epochs = train(part, fold, seed=k, width=width)
        widths[width].append(epochs["accuracy"][-1])
    scores = torch.tensor(widths[width])
    print(f"width {width:3d}: accuracy {scores.mean():.2f} ± {scores.std():.2f}")
#: width   5: accuracy 0.70 ± 0.06
#: width  20: accuracy 0.87 ± 0.02
#: width 100: accuracy 0.89 ± 0.02

# %%
# Width 5 is too small. Between 20 and 100 the difference is as small as the spread. The
# network that you keep is trained once more, on all five folds.

# %%
# Drawn: the validation losses with the lowest marked; the accuracy that a choice claims
# beside the true one; the accuracy of each fold.

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.6))
for epochs in runs:
    losses = epochs["loss"]
    lowest = losses.index(min(losses))
    left.plot(range(1, opt.epochs + 1), losses, marker="o", markevery=[lowest])
left.set(xlabel="epoch", title="validation loss, lowest marked")
there = [claim["there"] for claim in claims.values()]
elsewhere = [claim["elsewhere"] for claim in claims.values()]
middle.semilogx(list(claims), there, "o-", label="there")
middle.semilogx(list(claims), elsewhere, "o-", label="on other images")
middle.set(xlabel="images to choose on", ylabel="accuracy", title="the best of many")
middle.legend()
right.plot([str(width) for width in widths], list(widths.values()), "o")
right.set(xlabel="hidden units", ylabel="accuracy", title="each fold")
show("choices")

# %%
# Leakage
# -------
# Everything that is learned from data is training, also what happens before the network
# is trained. If a step before it has seen the validation data, that is a leak
# (数据泄漏). The 5000 features here are noise and the labels are coin flips, so no
# classifier can do better than 50 %. We keep the 20 features that differ most between
# the classes, and predict the class whose mean is nearer.


def class_means(x, y):
    return torch.stack([x[y == 0].mean(dim=0), x[y == 1].mean(dim=0)])  # [2, d]


def selected(x, y):
    """The positions [20] of the features whose class means differ most."""
    means = class_means(x, y)  # [2, 5000]
    return (means[0] - means[1]).abs().topk(20).indices


# %%
# With a leak, the 20 features are selected on all samples, those of the fold included.


def cross_validate(leak):
    """The accuracy over five folds of 50 samples of noise."""
    x, y = torch.randn(50, 5000), torch.randint(2, [50])
    right = 0
    folds = torch.randperm(50).chunk(5)
    for k in range(5):
        fold = folds[k]
        others = torch.cat([folds[j] for j in range(5) if j != k])
        features = selected(x, y) if leak else selected(x[others], y[others])
        kept = x[:, features]  # [50, 5000] => [50, 20]
        means = class_means(kept[others], y[others])  # [2, 20]
        distances = torch.cdist(kept[fold], means)  # [10, 20] => [10, 2]
        right += (distances.argmin(dim=1) == y[fold]).sum().item()
    return right / 50


# %%
# The mean over 40 such experiments:

leaks = {}
for leak in True, False:
    scores = [cross_validate(leak) for _ in range(opt.experiments)]
    leaks[leak] = sum(scores) / opt.experiments
    where = "on all samples" if leak else "without the fold"
    print(f"selected {where}: accuracy {leaks[leak]:.2f}")
#: selected on all samples: accuracy 0.97
#: selected without the fold: accuracy 0.50

# %%
# Try it
# ------
# ``python check.py 32`` checks the function that is named here.
#
# - Predict the leaking accuracy with 20 features to choose from in place of 5000.
# - Change the learning rate with ``--lr 0.01``. Which epochs are marked in the picture
#   then, and do the three rules still differ?
# - Build ``cross_validated``, the score of each fold for any kind of model. Then choose
#   ``opt.lr`` with it. Does the best lead by a spread?
