"""
Lesson 32: three sets, and cross validation (Train-Val-Test-交叉验证)
=====================================================================

The training set fits the weights, the validation set makes the choices, the test set
says once what the result is worth. A set that helped to choose cannot judge.

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

opt = settings(epochs=15, batch_size=50, lr=0.05, momentum=0.9)
torch.manual_seed(opt.seed)

# %%
# Three sets
# ----------
# The validation set is split off the training images. With a generator no image changes
# sides from run to run. Both are small here, so that choices matter.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
n = 200 if opt.quick else 1000
sizes = [n, n, len(train_set) - 2 * n]
generator = torch.Generator().manual_seed(opt.seed)
train_part, val_part, rest = random_split(train_set, sizes, generator)
again, _, _ = random_split(train_set, sizes, generator.manual_seed(opt.seed))
same_split = again.indices == train_part.indices
shared = len(set(train_part.indices) & set(val_part.indices))
print(f"{sizes}, in both: {shared}, the same again: {same_split}")
#: [1000, 1000, 58000], in both: 0, the same again: True

# %%
# Reading off the prediction
# --------------------------
# The notes take ``logits.data.max(1)[1]``: along dimension 1, the classes, the second
# of the pair (values, positions). ``argmax`` is that; under ``no_grad``, no ``.data``.

logits = torch.tensor([[0.1, 2.0, 0.3], [1.5, 0.2, 0.1]])  # [b, k]
values, positions = logits.max(dim=1)  # [b, k] => [b], [b]
print(values, positions, torch.equal(positions, logits.argmax(dim=1)))
#: tensor([2.0000, 1.5000]) tensor([1, 0]) True

# %%
# Choosing an epoch
# -----------------
# Each epoch leaves another network behind. Here all are kept, with their scores.


def train(part, val_part, seed, width=100):
    """The states and the (loss, accuracy) on ``val_part`` of every epoch."""
    torch.manual_seed(opt.seed + seed)
    layers = nn.Flatten(), nn.Linear(784, width), nn.ReLU(), nn.Linear(width, 10)
    net = nn.Sequential(*layers).to(opt.device)  # [b, 1, 28, 28] => [b, 10]
    optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)
    states, scores = [], []
    for _ in range(opt.epochs):
        for x, y in batches(part, opt.batch_size, shuffle=True):
            loss = F.cross_entropy(net(x), y)
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        states.append(copy.deepcopy(net.state_dict()))
        scores.append(evaluate(net, batches(val_part, 1000)))
    return net, states, scores


# %%
# Three ways to choose, three seeds. Only the chosen networks meet the test set.

chosen = {"last epoch": [], "lowest loss": [], "highest accuracy": []}
candidates, curves, results = [], [], {}
for seed in range(1 if opt.quick else 3):
    net, states, scores = train(train_part, val_part, seed)
    losses, accuracies = zip(*scores, strict=True)
    epochs = -1, losses.index(min(losses)), accuracies.index(max(accuracies))
    for way, epoch in zip(chosen, epochs, strict=True):
        net.load_state_dict(states[epoch])
        chosen[way].append(scores[epoch] + evaluate(net, batches(test_set, 1000)))
    candidates += states
    curves.append(losses)
print("chosen by         validation: loss  accuracy  test: loss  accuracy")
#: chosen by         validation: loss  accuracy  test: loss  accuracy
for way, scores in chosen.items():
    results[way] = torch.tensor(scores).mean(dim=0).tolist()  # [seeds, 4] => [4]
    print(f"{way:16s}", "{:17.3f} {:9.3f} {:11.3f} {:9.3f}".format(*results[way]))
#: last epoch                   0.457     0.913       0.434     0.907
#: lowest loss                  0.404     0.904       0.397     0.896
#: highest accuracy             0.451     0.914       0.430     0.907

# %%
# The lowest validation loss gives the lowest test loss, and not the best accuracy: the
# two disagree (lesson 31). Choose by the number that you care about.
#
# A score that was used to choose
# -------------------------------
# A chosen network is good, or lucky, or both. How much is luck? All epochs' networks
# are candidates; 500 times, the best on a few images is tried on all 10000.

x, y = train_set[rest.indices[:10000]]
correct = torch.zeros(len(candidates), len(y))
with torch.no_grad():
    for i, state in enumerate(candidates):
        net.load_state_dict(state)
        correct[i] = (net(x).argmax(dim=1) == y).cpu()
claims = {}
for size in (30, 100) if opt.quick else (30, 100, 300, 1000, 3000):
    pairs = []
    for _ in range(10 if opt.quick else 500):
        score, best = correct[:, torch.randperm(len(y))[:size]].mean(dim=1).max(dim=0)
        pairs.append([score, correct[best].mean()])
    claims[size] = said, true = torch.tensor(pairs).mean(dim=0).tolist()
    print(f"chosen on {size:4d} images: accuracy {said:.3f} there, {true:.3f} in truth")
#: chosen on   30 images: accuracy 0.937 there, 0.883 in truth
#: chosen on  100 images: accuracy 0.922 there, 0.893 in truth
#: chosen on  300 images: accuracy 0.911 there, 0.898 in truth
#: chosen on 1000 images: accuracy 0.906 there, 0.901 in truth
#: chosen on 3000 images: accuracy 0.904 there, 0.902 in truth

# %%
# The smaller the set, the more it promises and the less its choice is worth. Hence the
# third set: whoever chooses again after seeing it has made a validation set of it.
#
# Cross validation
# ----------------
# Where images are few, each of k folds is the validation set once, while the other
# k - 1 are trained on. The k scores have a mean to choose a setting by, here the width,
# and a spread to distrust it by. The network to keep is then trained on all of them.

folds = torch.randperm(n).chunk(5)  # positions in train_part
widths = {}
for width in (5, 100) if opt.quick else (5, 20, 100):
    scores = widths[width] = []
    for k, fold in enumerate(folds):
        others = torch.cat(folds[:k] + folds[k + 1 :])
        parts = [Subset(train_part, i.tolist()) for i in (others, fold)]
        scores.append(train(*parts, seed=k, width=width)[2][-1][1])
    spread, mean = torch.std_mean(torch.tensor(scores))
    print(f"width {width:3d}: accuracy {mean:.2f} ± {spread:.2f} over 5 folds")
#: width   5: accuracy 0.73 ± 0.02 over 5 folds
#: width  20: accuracy 0.87 ± 0.02 over 5 folds
#: width 100: accuracy 0.88 ± 0.02 over 5 folds

# %%
# Width 5 is too narrow. Between 20 and 100 the difference is as small as the spread.

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.6))
for losses in curves:
    left.plot(losses, marker="o", markevery=[losses.index(min(losses))])
left.set(xlabel="epoch", title="validation loss, lowest marked", xticks=[0, 5, 10])
middle.semilogx(list(claims), claims.values(), "o-", label=["there", "in truth"])
middle.set(xlabel="images to choose on", ylabel="accuracy", title="the best of many")
middle.legend()
right.plot([str(width) for width in widths], list(widths.values()), "o")
right.set(xlabel="hidden units", ylabel="accuracy", title="each fold")
show("choices")

# %%
# Leakage
# -------
# Whatever is learnt from data is training, also before the network. These 5000 features
# are noise, the labels coins: half right is all that can be. The 20 features that
# differ most between the classes are kept, and the class of the nearer mean is said.


def class_means(x, y):
    return torch.stack([x[y == 0].mean(dim=0), x[y == 1].mean(dim=0)])  # [2, d]


def cross_validate(leak):
    x, y = torch.randn(50, 5000), torch.randint(2, (50,))
    hits = []
    for fold in torch.randperm(50).chunk(5):
        others = torch.ones(50, dtype=torch.bool).index_fill(0, fold, False)
        seen = slice(None) if leak else others
        difference = class_means(x[seen], y[seen]).diff(dim=0)  # => [1, 5000]
        kept = x[:, difference[0].abs().topk(20).indices]  # => [50, 20]
        distances = torch.cdist(kept[fold], class_means(kept[others], y[others]))
        hits.append(distances.argmin(dim=1) == y[fold])  # [10, 2] => [10]
    return torch.cat(hits).float().mean().item()


leaks = {}
for leak in True, False:
    scores = [cross_validate(leak) for _ in range(3 if opt.quick else 40)]
    leaks[leak] = sum(scores) / len(scores)
    print(f"selected on all samples: {leak}; accuracy {leaks[leak]:.2f}")
#: selected on all samples: True; accuracy 0.96
#: selected on all samples: False; accuracy 0.50

# %%
# Lesson 5's mean and standard deviation are learnt from validation images, too. Two
# numbers leak next to nothing: by them the training images have almost 0 and 1.

pixels, _ = train_set[train_part.indices]
print(f"mean {pixels.mean():.4f}, standard deviation {pixels.std():.4f}")
#: mean -0.0002, standard deviation 0.9998

# %%
# Try it
# ------
# - Predict the leaking accuracy with 20 features to choose from in place of 5000.
# - Change ``--lr`` to 0.01. Which epochs are chosen then, and is it worth it?
# - Build a choice of ``opt.lr`` by cross validation. Does the best lead by a spread?
