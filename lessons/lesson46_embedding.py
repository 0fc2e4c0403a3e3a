"""
Lesson 46: letters as vectors (如何理解Embedding)
=================================================

A network computes with numbers, and text has none. An embedding gives each symbol a
vector of its own and learns it, so that symbols that behave alike come to lie together.

:Notes: 如何理解Embedding and 如何用pytorch表示String
:Needs: lessons 14 and 25
:Run: ``python lessons/lesson46_embedding.py``
"""

import itertools

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from utils import batches, read_data, settings, show, stop_if_not_finite

opt = settings(epochs=15, batch_size=1000, lr=0.05)
torch.manual_seed(opt.seed)

# %%
# Strings are no tensors
# ----------------------
# torch has no type for text. A string is cut into symbols (letters, words, or pieces of
# words), and each symbol is numbered by its place in a vocabulary. Here the letters are
# 1 to 26, and 0 stands for what is no letter.

alphabet = ".abcdefghijklmnopqrstuvwxyz"
try:
    torch.tensor("emma")
except TypeError as error:
    print(error)
#: new(): invalid data type 'str'
x = torch.tensor([alphabet.index(letter) for letter in "emma"])
print(x)
#: tensor([ 5, 13, 13,  1])

# %%
# One-hot times matrix
# --------------------
# By number m is closer to n than to z, and that means nothing. One-hot rows, the notes'
# first way, are all equally far apart: √2. Times a matrix, a one-hot row picks one row
# of it. ``nn.Embedding`` looks that row up and never builds the one-hot.

one_hot = F.one_hot(x, 27).float()  # [t] => [t, 27]
embedding = nn.Embedding(27, 2)
product = one_hot @ embedding.weight  # [t, 27] @ [27, 2] => [t, 2]
print("equal:", torch.equal(product, embedding(x)), list(embedding(x).shape))
#: equal: True [4, 2]

# %%
# The gradients are equal, too: rows that were not looked up get none. What is saved
# shows with 32 texts of 100 words, from a vocabulary of 50,000.

(by_product,) = torch.autograd.grad(product.square().sum(), embedding.weight)
(by_lookup,) = torch.autograd.grad(embedding(x).square().sum(), embedding.weight)
print("equal:", torch.allclose(by_product, by_lookup))
#: equal: True
print("rows with a gradient:", (by_lookup != 0).any(dim=1).sum().item())
#: rows with a gradient: 3
print(f"one-hot {32 * 100 * 50_000 * 4:,} bytes, numbers {32 * 100 * 8:,} bytes")
#: one-hot 640,000,000 bytes, numbers 25,600 bytes

# %%
# Padding
# -------
# Strings of a batch are filled up to equal length. The row of ``padding_idx`` starts at
# zero and gets no gradient, so that it stays there.

words = [[alphabet.index(letter) for letter in word] for word in ("emma", "al")]
x = nn.utils.rnn.pad_sequence([torch.tensor(w) for w in words], batch_first=True)
print(x)
#: tensor([[ 5, 13, 13,  1],
#:         [ 1, 12,  0,  0]])
padded = nn.Embedding(27, 2, padding_idx=0)
padded(x).sum().backward()
print(padded.weight[0].tolist(), padded.weight.grad[0].tolist())
#: [0.0, 0.0] [0.0, 0.0]

# %%
# Learning where the letters belong
# ---------------------------------
# The data are 5163 first names of the US census. From each letter the next one is to be
# predicted: ``.`` before the first letter and after the last one.

lists = [read_data(opt.data, f"names/{name}.txt") for name in ("female", "male")]
names = sorted({name for content in lists for name in content.decode().split()})
names = names[:100] if opt.quick else names
text = "." + ".".join(names) + "."
indices = torch.tensor([alphabet.index(letter) for letter in text], device=opt.device)
pairs = TensorDataset(indices[:-1], indices[1:])
print(f"{len(names)} names, {len(pairs)} pairs")
#: 5163 names, 36122 pairs

# %%
# Two numbers a letter are all that the linear layer sees of it. This is word2vec, which
# the notes name, on a small scale: a word's vector is what helps to predict the words
# beside it. GloVe fits vectors to the logarithms of how often two words meet.


def train(pairs, seed):
    """Embed the letters in the plane; returns their places and the last mean loss."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Embedding(27, 2), nn.Linear(2, 27)).to(opt.device)
    optimizer = optim.Adam(net.parameters(), lr=opt.lr)
    loader = batches(pairs, opt.batch_size, shuffle=True)
    for _ in range(opt.epochs):
        for x, y in loader:
            loss = F.cross_entropy(net(x), y)  # [b] => [b, 2] => [b, 27]
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    x, y = pairs.tensors
    with torch.no_grad():
        return net[0].weight.detach().cpu(), F.cross_entropy(net(x), y).item()


# %%
# Each seed starts the letters elsewhere. The control learns from the same pairs after
# the next letters were shuffled among all of them: from a letter there is nothing to
# learn then, and the loss is the entropy of the next letter, whatever came before.

learned, controls = [], []
for seed in range(opt.seed, opt.seed + (1 if opt.quick else 5)):
    learned.append(train(pairs, seed))
    shuffled = indices[1:][torch.randperm(len(pairs)).to(opt.device)]
    controls.append(train(TensorDataset(indices[:-1], shuffled), seed))
all_runs = {"control": controls, "learned": learned}
for name, runs in all_runs.items():
    print(f"{name}: mean loss {sum(loss for _, loss in runs) / len(runs):.2f}")
#: control: mean loss 2.81
#: learned: mean loss 2.49

# %%
# Do vowels stand together?
# -------------------------
# Mean distance between two vowels, by that between a vowel and a consonant:

vowels = [alphabet.index(letter) for letter in "aeiou"]
consonants = [i for i in range(1, 27) if i not in vowels]
ratios = {"learned": [], "control": []}
for name, runs in all_runs.items():
    for places, _ in runs:
        d = torch.cdist(places[vowels], places)
        within, across = d[:, vowels].sum() / 20, d[:, consonants].mean()
        ratios[name].append((within / across).item())
    print(f"{name}: {min(ratios[name]):.2f} to {max(ratios[name]):.2f}")
#: control: 0.38 to 0.77
#: learned: 0.33 to 0.38

# %%
# It holds for every seed, but in the control, where there is nothing to find, it holds
# as well. Frequent letters are moved often, there all of them to the same place, and
# rare ones stay about where they started; and vowels are frequent.

counts = torch.bincount(indices, minlength=27).cpu()
frequent = [i for i in consonants if counts[i] >= counts[alphabet.index("u")]]
rare = [i for i in consonants if i not in frequent]
for name, group in ("frequent", vowels + frequent), ("rare", rare):
    spread = sum(places[group].std().item() for places, _ in controls) / len(controls)
    print(f"control, {name} letters: spread {spread:.2f}")
#: control, frequent letters: spread 0.29
#: control, rare letters: spread 0.65

# %%
# So only letters at least as frequent as u are fair to compare, fifteen of them. There
# are 3003 ways to part them into five and ten. Of each way: the mean distances within
# the two groups, by that between them. How many of them beat the vowels?

fifteen = vowels + frequent
fives = torch.tensor(list(itertools.combinations(range(len(fifteen)), 5)))
five = torch.zeros(len(fives), len(fifteen)).scatter_(1, fives, 1.0)  # the vowels first
ten = 1 - five
ranks = {"learned": [], "control": []}
for name, runs in all_runs.items():
    for places, _ in runs:
        d = torch.cdist(places[fifteen], places[fifteen])
        within = (five @ d * five).sum(1) / 20 + (ten @ d * ten).sum(1) / 90
        measure = within / (five @ d * ten).sum(1)  # [3003]
        ranks[name].append((measure < measure[0]).sum().item() + 1)
    print(f"{name}: vowels in the first ten: {[rank <= 10 for rank in ranks[name]]}")
    y_in_best = alphabet.index("y") in [fifteen[i] for i in fives[measure.argmin()]]
#: control: vowels in the first ten: [False, False, False, False, False]
#: learned: vowels in the first ten: [True, True, True, True, True]
print("learned, y in the best five of the last seed:", y_in_best)
#: learned, y in the best five of the last seed: True

# %%
# Vowels do stand together. Still better is a five with y in it: at the end of a name,
# as in Mary, y is a vowel, and the network was told nothing but the next letter. In the
# plane of the last seed the size of a letter grows with how often it occurs; q, which
# has hardly any next letter but u, lies far outside.

places = learned[-1][0]
plt.figure(figsize=(8, 5))
for i, letter in enumerate(alphabet):
    color = "C1" if i in vowels else "C0" if i else "gray"
    style = {"ha": "center", "va": "center", "clip_on": True, "color": color}
    plt.text(*places[i], letter, fontsize=10 + 0.2 * counts[i].item() ** 0.5, **style)
low, high = places[fifteen].min(dim=0).values - 1, places[fifteen].max(dim=0).values + 1
plt.gca().set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
plt.gca().set(xlabel="first number of the embedding", ylabel="second number")
show("letters")

# %%
# Try it
# ------
# - Predict how many rows of the embedding get a gradient from "hannah".
# - Change the two numbers a letter to ten. How far does the loss fall?
# - Build a control with the letters shuffled inside each name. Why does it find vowels?
