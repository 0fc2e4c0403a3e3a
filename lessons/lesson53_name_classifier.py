"""
Lesson 53: which list a name stands in (文本分类)
=================================================

First names of different lengths go through an embedding and a bidirectional LSTM. What
such a classifier has learned, and what it cannot know, are two questions.

:Notes: none; the course's lesson on text classification after LSTM
:Needs: lessons 46, 47 and 51
:Run: ``python lessons/lesson53_name_classifier.py --names "Ada,Grace"``
"""

import unicodedata

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import TensorDataset

from utils import batches, evaluate, read_data, settings, show, stop, stop_if_not_finite

opt = settings(epochs=10, batch_size=100, lr=0.003, names="")
torch.manual_seed(opt.seed)

# %%
# The reader's own names
# ----------------------
# ``--names "Ada,Grace"`` has them classified. Only the letters a to z are known here:
# accents come off, and a name of which nothing is left is refused before any training.

alphabet = ".abcdefghijklmnopqrstuvwxyz"  # 0 is padding


def known_letters(name):
    """The letters a to z of a name, lower case: José => jose."""
    name = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in name if "a" <= letter <= "z")


own_names = [name.strip() for name in opt.names.split(",")] if opt.names else []
for name in own_names:
    if not known_letters(name):
        stop(f"--names: {name!r} has no letter from a to z", status=2)

# %%
# The data
# --------
# The US census of 1990 tabulated first names in two lists. A name that stands in both
# has no single right answer: such names are taken out, and looked at in the end.

female = set(read_data(opt.data, "names/female.txt").decode().split())
male = set(read_data(opt.data, "names/male.txt").decode().split())
names = sorted(female - male) + sorted(male - female)
y = torch.tensor([int(name in male) for name in names], device=opt.device)  # 1 is male
print(f"{len(female)} female, {len(male)} male, {len(female & male)} in both: removed")
#: 4275 female, 1219 male, 331 in both: removed
print(f"{len(names)} are left, {1 - y.float().mean():.3f} of them female")
#: 4832 are left, 0.816 of them female

# %%
# The network
# -----------
# Names of a batch are padded to equal length. An LSTM that reads on through the padding
# ends in another state; packed, it stops at the end of each name, and the backward
# direction starts there. The last states of both directions have read the whole name.


def encode(names):
    """Letters as numbers, padded with 0: [b, t]."""
    letters = [[alphabet.index(letter) for letter in name] for name in names]
    return pad_sequence([torch.tensor(w) for w in letters], batch_first=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(27, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.linear = nn.Linear(2 * 32, 2)

    def forward(self, x):
        lengths = (x != 0).sum(dim=1).cpu()  # [b]
        x = self.embedding(x)  # [b, t] => [b, t, 16]
        x = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(x)  # => [2, b, 32]
        h = torch.cat([h_n[0], h_n[1]], dim=1)  # => [b, 64]
        return self.linear(self.dropout(h))  # => [b, 2]


# %%
# A name's answer is the same beside a longer one. Without packing the states are not.

net = Classifier().eval()
alone, beside = encode(["al"]), encode(["al", "maximilian"])
print("packed:", torch.allclose(net(alone)[0], net(beside)[0], atol=1e-6))
#: packed: True
states = [net.lstm(net.embedding(x))[1][0][:, 0] for x in (alone, beside)]
print("not packed:", torch.allclose(*states, atol=1e-6))
#: not packed: False

# %%
# Training
# --------


def train(x, seed):
    """Train on four fifths of the names; returns the network and the other fifth."""
    torch.manual_seed(seed)
    order = torch.randperm(len(x))[: 500 if opt.quick else len(x)]
    unseen, seen = order.tensor_split([len(order) // 5])
    loader = batches(TensorDataset(x[seen], y[seen]), opt.batch_size, shuffle=True)
    net = Classifier().to(opt.device)
    optimizer = optim.Adam(net.parameters(), lr=opt.lr)
    for _ in range(opt.epochs):
        for x_b, y_b in loader:
            loss = F.cross_entropy(net(x_b), y_b)
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    test_loader = batches(TensorDataset(x[unseen], y[unseen]), batch_size=1000)
    return net.eval(), seen, unseen, evaluate(net, test_loader)[1]


x = encode(names).to(opt.device)
seeds = range(opt.seed, opt.seed + (1 if opt.quick else 3))
runs = [train(x, seed) for seed in seeds]
net, seen, unseen, accuracy = runs[0]
print(f"{len(seen)} names seen, accuracy on {len(unseen)} unseen names {accuracy:.3f}")
#: 3866 names seen, accuracy on 966 unseen names 0.898


@torch.no_grad()
def female_share(names):
    """The network's probability that each name is of the female list, [b]."""
    return net(encode(names).to(opt.device)).softmax(dim=1)[:, 0].cpu()


for name in own_names:
    p = female_share([known_letters(name)]).item()
    print(f"{name} ({known_letters(name)}): female list {p:.2f}, male list {1 - p:.2f}")

# %%
# Against what?
# -------------
# Most names are of the female list, so that always saying so is right four times in
# five. A table of last letters needs no network. The control is the same network on
# names with their letters sorted, aad for ada: what it is better by is the order. All
# three times, each time with other names unseen.

last = x.gather(1, (x != 0).sum(dim=1, keepdim=True) - 1).flatten()  # last letters, [n]
sorted_x = encode(["".join(sorted(name)) for name in names]).to(opt.device)
results = {"majority": [], "last letter": [], "sorted letters": [], "LSTM": []}
for seed, (_, seen, unseen, accuracy) in zip(seeds, runs, strict=True):
    counts = torch.bincount(last[seen] * 2 + y[seen], minlength=54).view(27, 2)
    by_letter = counts.argmax(dim=1)[last[unseen]] == y[unseen]
    results["majority"].append((y[unseen] == 0).float().mean().item())
    results["last letter"].append(by_letter.float().mean().item())
    results["sorted letters"].append(train(sorted_x, seed)[3])
    results["LSTM"].append(accuracy)
for name, values in results.items():
    print(f"{name}: mean accuracy {sum(values) / len(values):.3f}")
#: majority: mean accuracy 0.820
#: last letter: mean accuracy 0.853
#: sorted letters: mean accuracy 0.845
#: LSTM: mean accuracy 0.908

# %%
# What it does not know
# ---------------------
# One number hides that names of the smaller list are found less often. And names of
# both lists get an answer, too, often a sure one, though there is none to be had.
#
# The label is a list of one country in one year. A name says how others were recorded,
# not who somebody is. Nicola and Simone, men's names in Italy, stand in the female list
# only. And an accuracy over names is none over people: Mary counts as much as a name
# that few bear. Nobody should be addressed, or counted, by what it says.

net, _, unseen, _ = runs[0]
groups = {
    "unseen, female list": [names[i] for i in unseen if y[i] == 0],
    "unseen, male list": [names[i] for i in unseen if y[i] == 1],
    "in both lists": sorted(female & male),
}
figure, axes = plt.subplots(3, 1, figsize=(8, 6), sharex=True)
called_female, sure = {}, {}
for ax, (name, group) in zip(axes, groups.items(), strict=True):
    p = female_share(group)
    called_female[name] = (p > 0.5).float().mean().item()
    sure[name] = ((p > 0.9) | (p < 0.1)).float().mean().item()
    ax.hist(p.numpy(), bins=20, range=(0, 1))
    ax.set(title=f"{name}: {len(p)} names", ylabel="names")
axes[2].set_xlabel("probability of the female list")
show("probabilities")
found = called_female["unseen, female list"], 1 - called_female["unseen, male list"]
print(f"female list found by nine in ten: {found[0] > 0.9}, male: {found[1] > 0.9}")
#: female list found by nine in ten: True, male: False
print("sure of a third of the names in both lists:", sure["in both lists"] > 0.3)
#: sure of a third of the names in both lists: True

# %%
# Try it
# ------
# - Predict what the network says to your own name, then ask it with ``--names``.
# - Change the network to read in the forward direction only. Does it lose anything?
# - Build a table of the last two letters. How near does it come to the network?
