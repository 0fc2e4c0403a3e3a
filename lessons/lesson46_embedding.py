"""
Lesson 46: letters as vectors (如何理解Embedding)
=================================================

A network computes with numbers, and text has none. An embedding (嵌入) is a table with
a vector for each symbol. The vectors are learned, so that symbols that are used alike
get vectors that lie close together.

:Notes: 如何理解Embedding and 如何用pytorch表示String
:Needs: lessons 14 and 25
:Run: ``python lessons/lesson46_embedding.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from utils import batches, read_data, settings, show, stop_if_not_finite

opt = settings(
    epochs=15,
    batch_size=1000,
    lr=0.05,
    width=2,
    seeds=5,
    quick={"seeds": 1},
)
torch.manual_seed(opt.seed)

# %%
# Strings are no tensors
# ----------------------
# PyTorch has no data type for text. A string is cut into symbols, for example letters,
# words or pieces of words. The list of all symbols is the vocabulary (词表), and each
# symbol gets its position there as its number. Here the letters have the numbers 1 to
# 26. The dot has the number 0 and stands for the start and the end of a name.

alphabet = ".abcdefghijklmnopqrstuvwxyz"
try:
    torch.tensor("emma")
except TypeError as error:
    print(error)
#: new(): invalid data type 'str'
x = torch.tensor([alphabet.index(letter) for letter in "emma"])  # [t]
print(x)
#: tensor([ 5, 13, 13,  1])

# %%
# One-hot times matrix
# --------------------
# The numbers suggest that m is closer to n than to z, which means nothing. One-hot
# encoding (独热编码) is the notes' first method: each symbol is a row with a single 1.
# All these rows have the same distance from each other, √2.
#
# A one-hot row times a matrix is a row of the matrix. ``nn.Embedding`` looks this row
# up (查表) and never builds the one-hot row.

one_hot = F.one_hot(x, 27).float()  # [t] => [t, 27]
embedding = nn.Embedding(27, 2)
product = one_hot @ embedding.weight  # [t, 27] @ [27, 2] => [t, 2]
looked_up = embedding(x)  # [t] => [t, 2]
print("equal:", torch.equal(product, looked_up), list(looked_up.shape))
#: equal: True [4, 2]

# %%
# The gradients are equal, too. A row that was not looked up has the gradient zero. How
# much memory does the look-up save? The example has 32 texts of 100 words each, and a
# vocabulary of 50,000 words.

by_product = torch.autograd.grad(product.square().sum(), embedding.weight)[0]
by_look_up = torch.autograd.grad(looked_up.square().sum(), embedding.weight)[0]
print("equal gradients:", torch.allclose(by_product, by_look_up))
#: equal gradients: True
print("rows with a gradient:", (by_look_up != 0).any(dim=1).sum().item())
#: rows with a gradient: 3
print(f"one-hot {32 * 100 * 50_000 * 4:,} bytes, numbers {32 * 100 * 8:,} bytes")
#: one-hot 640,000,000 bytes, numbers 25,600 bytes

# %%
# Padding
# -------
# A batch is one tensor, so its strings need equal length. Padding (填充) fills the
# shorter strings up with a number that no letter has, here 0. With ``padding_idx=0``
# the row 0 starts at zero and gets no gradient, so it stays at zero.

words = []
for word in "emma", "al":
    words.append(torch.tensor([alphabet.index(letter) for letter in word]))
x = nn.utils.rnn.pad_sequence(words, batch_first=True)  # [b, t]
print(x)
#: tensor([[ 5, 13, 13,  1],
#:         [ 1, 12,  0,  0]])
padded = nn.Embedding(27, 2, padding_idx=0)
padded(x).sum().backward()
print("row 0:", padded.weight[0].tolist(), "gradient:", padded.weight.grad[0].tolist())
#: row 0: [0.0, 0.0] gradient: [0.0, 0.0]

# %%
# Predicting the next letter
# --------------------------
# The data are 5163 first names of the US census. The network reads one letter and
# predicts the next one. A dot stands before the first letter and after the last one.

names = set()
for name in "female", "male":
    names |= set(read_data(opt.data, f"names/{name}.txt").decode().split())
text = "." + ".".join(sorted(names)) + "."
indices = torch.tensor([alphabet.index(letter) for letter in text])
x, y = indices[:-1].to(opt.device), indices[1:].to(opt.device)  # y follows x
print(f"{len(names)} names, {len(x)} pairs of letters")
#: 5163 names, 36122 pairs of letters

# %%
# The linear layer sees only the two numbers of a letter. So letters with similar next
# letters need similar numbers. word2vec, which the notes name, is of this kind: the
# vector of a word is trained to predict the words beside it. GloVe, their other name,
# fits vectors to the logarithms of how often two words occur together.


def train(y, seed):
    """The letters' vectors [27, width] after training, and the mean loss."""
    torch.manual_seed(opt.seed + seed)
    net = nn.Sequential(nn.Embedding(27, opt.width), nn.Linear(opt.width, 27))
    net.to(opt.device)
    optimizer = optim.Adam(net.parameters(), lr=opt.lr)
    for _ in range(opt.epochs):
        for x_b, y_b in batches(TensorDataset(x, y), opt.batch_size, shuffle=True):
            loss = F.cross_entropy(net(x_b), y_b)  # [b] => [b, width] => [b, 27]
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    loss = F.cross_entropy(net(x), y).item()
    return net[0].weight.detach().cpu(), loss


# %%
# The control (对照) trains the same network on shuffled next letters. There the letter
# says nothing about the next one. The best possible loss is then the entropy (熵) of a
# letter without any knowledge of the letter before it.

vectors = {"control": [], "learned": []}
losses = {"control": [], "learned": []}
for seed in range(opt.seeds):
    shuffled = y[torch.randperm(len(y)).to(opt.device)]
    for kind, target in ("control", shuffled), ("learned", y):
        places, loss = train(target, seed)
        vectors[kind].append(places)
        losses[kind].append(loss)
for kind in losses:
    print(f"{kind}: mean loss {sum(losses[kind]) / opt.seeds:.2f}")
#: control: mean loss 2.81
#: learned: mean loss 2.49

# %%
# Do the vowels stand together?
# -----------------------------
# A rare letter has few examples, and its vector may lie far from all others: after q
# almost always comes u. So only frequent letters are compared: the five vowels (元音),
# and the ten consonants (辅音) that occur at least as often as u.

counts = torch.bincount(indices, minlength=27)
vowels = [alphabet.index(letter) for letter in "aeiou"]
consonants = []
for i in range(1, 27):
    if i not in vowels and counts[i] >= counts[alphabet.index("u")]:
        consonants.append(i)
print("frequent consonants:", "".join(alphabet[i] for i in consonants))
#: frequent consonants: cdhlmnrsty

# %%
# The mean distance (距离) of two vowels is divided by the mean distance of a vowel and
# a consonant. If the vowels stand together, this ratio is below one. The second ratio
# takes the mean of the two groups: how close the vowels are, and how close the
# consonants. The table holds the range of both ratios over the seeds.


def ratios_of(places):
    """Distances within the vowels, and within both groups, by those between them."""
    d = torch.cdist(places, places)  # [27, 27]
    of_vowels = d[vowels][:, vowels].sum() / 20  # 5 * 4 pairs
    of_consonants = d[consonants][:, consonants].sum() / 90  # 10 * 9 pairs
    between = d[vowels][:, consonants].mean()
    of_both = (of_vowels + of_consonants) / 2
    return (of_vowels / between).item(), (of_both / between).item()


ratios = {}
for kind in vectors:
    found = torch.tensor([ratios_of(places) for places in vectors[kind]])  # [seeds, 2]
    ratios[kind] = {"vowels": found[:, 0], "both groups": found[:, 1]}
    for name, values in ratios[kind].items():
        print(f"{kind}, {name}: {values.min():.2f} to {values.max():.2f}")
#: control, vowels: 0.69 to 1.16
#: control, both groups: 0.90 to 1.05
#: learned, vowels: 0.47 to 0.52
#: learned, both groups: 0.55 to 0.61

# %%
# In every run the vowels are close together, and closer than in each run of the
# control. Nobody told the network what a vowel is. It found the vowels because similar
# letters follow them.

# %%
# Drawn: the letters in the plane, from the last seed. A larger letter occurs more
# often. The letter y stands beside the vowels: at the end of a name, as in Mary, it is
# one. Rare letters such as q may lie far outside the picture.

places = vectors["learned"][-1]
plt.figure(figsize=(8, 5))
for i, letter in enumerate(alphabet):
    color = "C1" if i in vowels else "C0" if i else "gray"
    size = 10 + 0.2 * counts[i].item() ** 0.5
    at = places[i, 0].item(), places[i, 1].item()
    plt.text(*at, letter, fontsize=size, color=color, ha="center", clip_on=True)
shown = places[vowels + consonants, :2]
low, high = shown.min(dim=0).values - 1, shown.max(dim=0).values + 1
plt.xlim(low[0], high[0])
plt.ylim(low[1], high[1])
plt.xlabel("first number of the embedding")
plt.ylabel("second number of the embedding")
show("letters")

# %%
# Try it
# ------
# ``python check.py 46`` checks the function that is named here.
#
# - Predict how many rows of the embedding get a gradient from "hannah".
# - Change the width with ``--width 10``. How far does the learned loss fall, and the
#   control's? (The picture then shows two of the ten numbers of each letter.)
# - Build ``nearest``, the k symbols that are most similar by the cosine. Then ask it
#   for the 3 letters nearest to e in ``vectors["learned"][-1]`` and in the control.
