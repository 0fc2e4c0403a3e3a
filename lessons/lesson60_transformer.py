"""
Lesson 60: a block of known parts (Transformer)
===============================================

A Transformer repeats a block of attention, a small MLP, residual connections and layer
norms. A small Transformer learns first names letter by letter. It is compared with
counts of letter pairs and with an LSTM.

:Notes: none; an addition
:Needs: lessons 40, 42, 46, 51 and 59
:Run: ``python lessons/lesson60_transformer.py``
"""

import math
import time

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import TensorDataset

from utils import batches, read_data, settings, show, stop_if_not_finite

opt = settings(
    steps=300,
    seeds=3,
    batch_size=128,
    width=64,
    heads=4,
    blocks=2,
    count=1000,
    quick={"steps": 20, "seeds": 1, "count": 50},
)
torch.manual_seed(opt.seed)

# %%
# Layer norm
# ----------
# Batch norm (lesson 40) takes mean and variance over a batch. Layer norm (层归一化)
# takes them over the features of one step. So the result of a step does not depend on
# the other sequences of the batch or on the other steps.

norm = nn.LayerNorm(8)
x = torch.randn(2, 5, 8)  # [b, t, d]
mean = x.mean(dim=2, keepdim=True)  # [b, t, 1]
variance = x.var(dim=2, correction=0, keepdim=True)  # [b, t, 1]
by_hand = (x - mean) / (variance + norm.eps).sqrt() * norm.weight + norm.bias
print("by hand equals nn.LayerNorm:", torch.allclose(norm(x), by_hand, atol=1e-6))
#: by hand equals nn.LayerNorm: True

# %%
# The block
# ---------
# Attention moves information between steps. The MLP then computes with each step on its
# own. Each of the two stands in a residual connection (lesson 42): x + f(norm(x)). The
# result of the block has the same shape as x, so blocks can be stacked.
#
# .. math::
#    x &\leftarrow x + \mathrm{attention}(\mathrm{norm}_1(x)) \\
#    x &\leftarrow x + \mathrm{mlp}(\mathrm{norm}_2(x))
#
# Two functions for the heads are needed first. ``split`` cuts the features into heads,
# and ``join`` puts the heads side by side again.


def split(x, heads):
    """Cut the features into heads: [b, t, d] => [b, heads, t, d / heads]."""
    b, t, d = x.shape
    return x.view(b, t, heads, d // heads).transpose(1, 2)


def join(x):
    """Put the heads side by side: [b, heads, t, d / heads] => [b, t, d]."""
    return x.transpose(1, 2).flatten(2)


# %%
# Lesson 59 takes the features of each head with a slice. ``split`` gives the same
# numbers: ``view`` divides the 6 features into 2 heads of 3, and ``transpose`` puts the
# heads before the steps.

x = torch.arange(12).view(1, 2, 6)  # [b, t, d]
parts = split(x, 2)  # [b, t, d] => [b, t, heads, 3] => [b, heads, t, 3]
print("head 1 by a slice:", x[0, :, 3:6].tolist())
#: head 1 by a slice: [[3, 4, 5], [9, 10, 11]]
print("head 1 by split:", parts[0, 1].tolist())
#: head 1 by split: [[3, 4, 5], [9, 10, 11]]
print("join undoes split:", torch.equal(join(parts), x))
#: join undoes split: True

# %%
# ``SelfAttention`` is the causal self-attention of lesson 59 with several heads. It
# needs no loop over the heads. The matrix products of attention run over the last two
# dimensions, and they treat the heads like a second batch.


class SelfAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(d, 3 * d)  # queries, keys and values in one product
        self.out = nn.Linear(d, d)

    def queries_keys_values(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=2)  # [b, t, d] => [b, t, 3d] => 3 [b, t, d]
        return split(q, self.heads), split(k, self.heads), split(v, self.heads)

    def forward(self, x):
        q, k, v = self.queries_keys_values(x)
        means = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(join(means))  # => [b, t, d]


# %%
# The two lines of ``forward`` are the two formulas, with dropout (lesson 35). GELU is
# an activation of lesson 28, a smooth form of ReLU.


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(d)
        self.attention = SelfAttention(d, heads)
        self.norm2 = nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        x = x + self.dropout(self.attention(self.norm1(x)))
        return x + self.dropout(self.mlp(self.norm2(x)))


# %%
# ``nn.TransformerEncoderLayer`` is the same block. When our block gets the weights of
# this layer, the results are equal. ``norm_first=True`` puts each norm before attention
# or the MLP, as in our block. The first Transformer put each norm after the sum.

block = Block(32, heads=4).eval()
layer = nn.TransformerEncoderLayer(
    d_model=32,
    nhead=4,
    dim_feedforward=128,
    activation="gelu",
    batch_first=True,
    norm_first=True,
).eval()


# %%
# Each part of our block gets the weights of the matching part of the layer.

pairs = {
    block.norm1: layer.norm1,
    block.attention.out: layer.self_attn.out_proj,
    block.norm2: layer.norm2,
    block.mlp[0]: layer.linear1,
    block.mlp[2]: layer.linear2,
}
for ours, theirs in pairs.items():
    ours.load_state_dict(theirs.state_dict())
with torch.no_grad():
    block.attention.qkv.weight.copy_(layer.self_attn.in_proj_weight)
    block.attention.qkv.bias.copy_(layer.self_attn.in_proj_bias)

# %%
# Both blocks get the same x. PyTorch's layer also needs the causal mask.

x = torch.randn(2, 6, 32)  # [b, t, d]
mask = nn.Transformer.generate_square_subsequent_mask(6)  # minus infinity: forbidden
equal = torch.allclose(block(x), layer(x, src_mask=mask, is_causal=True), atol=1e-5)
print("block equals nn.TransformerEncoderLayer:", equal)
#: block equals nn.TransformerEncoderLayer: True

# %%
# The data
# --------
# The data are the 5163 first names of lesson 46. A dot, which has the number 0, stands
# before each name and after it. The network reads x and predicts y: each letter of y is
# the one that follows in the name. The names of a batch have different lengths. x is
# filled up with 0 and y is filled up with -1, which the loss leaves out. One name in
# ten is kept for validation (验证).

alphabet = ".abcdefghijklmnopqrstuvwxyz"
female = read_data(opt.data, "names/female.txt").decode().split()
male = read_data(opt.data, "names/male.txt").decode().split()
names = sorted(set(female + male))
longest = max(len(name) for name in names) + 1  # with the dot


def encode(names):
    """Names => x and y, both [b, t]."""
    xs, ys = [], []
    for name in names:
        numbers = torch.tensor([alphabet.index(letter) for letter in f".{name}."])
        xs.append(numbers[:-1])
        ys.append(numbers[1:])
    x = pad_sequence(xs, batch_first=True)
    y = pad_sequence(ys, batch_first=True, padding_value=-1)
    return x.to(opt.device), y.to(opt.device)


# %%
# The names are divided at random. The last line shows x and y of one name.

order = torch.randperm(len(names)).tolist()
tenth = len(names) // 10
valid_names = [names[i] for i in order[:tenth]]
train_names = [names[i] for i in order[tenth:]]
x_valid, y_valid = encode(valid_names)
x_train, y_train = encode(train_names)
train_set = TensorDataset(x_train, y_train)
print(f"{len(train_names)} names to train on, {len(valid_names)} for validation")
#: 4647 names to train on, 516 for validation
x, y = encode(["emma"])
print(x.tolist(), y.tolist())
#: [[0, 5, 13, 13, 1]] [[5, 13, 13, 1, 0]]

# %%
# What counting gives
# -------------------
# The simplest model of letters counts the pairs of neighbouring letters. It is called a
# bigram (二元语法) model. A number a is added to all counts, so that no pair has the
# probability 0. Three values of a are tried, and the one with the smallest validation
# loss is used.

counts = torch.zeros(27, 27)
for name in train_names:
    text = f".{name}."
    for i in range(len(text) - 1):
        counts[alphabet.index(text[i]), alphabet.index(text[i + 1])] += 1
x_cpu, y_cpu = x_valid.cpu(), y_valid.cpu()
bigram_losses = {}
for a in 0.1, 0.5, 1.0:
    probabilities = (counts + a) / (counts + a).sum(dim=1, keepdim=True)
    logits = probabilities.log()[x_cpu]  # [27, 27], [b, t] => [b, t, 27]
    loss = F.cross_entropy(logits.flatten(0, 1), y_cpu.flatten(), ignore_index=-1)
    bigram_losses[a] = loss.item()
bigram = min(bigram_losses.values())
print(f"guess {math.log(27):.2f} nats a letter, bigram {bigram:.2f}")
#: guess 3.30 nats a letter, bigram 2.36

# %%
# Two networks
# ------------
# The Transformer looks up a row for the letter and a row for its position, and adds
# them (lesson 59). Then come the blocks, a last norm and a linear layer to 27 logits.
# All steps are trained at once. This is possible because the causal mask lets no step
# see its own target.


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        d = opt.width
        self.letters = nn.Embedding(27, d)
        self.positions = nn.Embedding(longest, d)
        self.blocks = nn.Sequential(*[Block(d, opt.heads) for _ in range(opt.blocks)])
        self.norm = nn.LayerNorm(d)
        self.linear = nn.Linear(d, 27)

    def forward(self, x):
        t = x.shape[1]
        h = self.letters(x) + self.positions.weight[:t]  # [b, t] => [b, t, d]
        return self.linear(self.norm(self.blocks(h)))  # => [b, t, 27]


# %%
# The LSTM has about as many parameters as the Transformer.


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.letters = nn.Embedding(27, 32)
        self.lstm = nn.LSTM(32, 141, batch_first=True)
        self.dropout = nn.Dropout(0.1)
        self.linear = nn.Linear(141, 27)

    def forward(self, x):
        outputs, _ = self.lstm(self.dropout(self.letters(x)))  # [b, t] => [b, t, h]
        return self.linear(self.dropout(outputs))  # => [b, t, 27]


# %%
# The parameters of both networks are counted.

kinds = {"Transformer": Transformer, "LSTM": LSTM}
parameters = {}
for name, make in kinds.items():
    parameters[name] = sum(p.numel() for p in make().parameters())
print(parameters)
#: {'Transformer': 104347, 'LSTM': 103398}

# %%
# Training
# --------
# Both are trained with AdamW (lesson 33), with clipped gradients (lesson 50), and with
# a learning rate that rises and falls again (lesson 34). The largest learning rate is
# the best of 0.008, 0.016, 0.032 and 0.064 for the Transformer. For the LSTM it is the
# best of 0.016, 0.032, 0.064 and 0.128.

rates = {"Transformer": 0.016, "LSTM": 0.064}


def loss_of(net, x, y):
    """Mean cross entropy in nats a letter; y of -1 does not count."""
    return F.cross_entropy(net(x).flatten(0, 1), y.flatten(), ignore_index=-1)


def validate(net):
    net.eval()
    with torch.no_grad():
        loss = loss_of(net, x_valid, y_valid).item()
    net.train()
    return loss


# %%
# ``yield`` gives one batch to the loop and pauses the function there. The function goes
# on from this line when the loop asks for the next batch.


def training_batches():
    """As many batches as there are steps, epoch after epoch."""
    step = 0
    while True:
        for x, y in batches(train_set, opt.batch_size, shuffle=True):
            if step == opt.steps:
                return
            step += 1
            yield step, x, y


# %%
# ``train`` returns the validation loss after every 20 steps.


def train(net, lr):
    optimizer = optim.AdamW(net.parameters(), lr=lr, weight_decay=0.1)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, opt.steps, pct_start=0.1)
    losses = []
    for step, x, y in training_batches():
        loss = loss_of(net, x, y)
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        if step % 20 == 0:
            losses.append(validate(net))
    return losses


# %%
# Each kind of network is trained with each seed, and the last validation loss is
# printed.

losses, nets = {}, {}
for name, make in kinds.items():
    losses[name], nets[name] = [], []
    for seed in range(opt.seeds):
        torch.manual_seed(opt.seed + seed)
        net = make().to(opt.device)
        losses[name].append(train(net, rates[name]))
        nets[name].append(net.eval())
    shown = " ".join(f"{run[-1]:.2f}" for run in losses[name])
    print(f"{name}: validation loss {shown}, bigram {bigram:.2f}")
#: Transformer: validation loss 1.97 1.98 1.97, bigram 2.36
#: LSTM: validation loss 1.88 1.88 1.89, bigram 2.36

# %%
# Both networks predict much better than the bigram model, because they see all earlier
# letters. After these few steps, the LSTM is a little better than the Transformer in
# each seed. Names are short, so a long distance is no problem for an LSTM here. An LSTM
# reads in order by its construction. The Transformer has to learn from few names what a
# position means.
# Transformers are used for long sequences (lesson 59) and for large data sets, and this
# lesson has neither.

# %%
# Drawn: the validation loss during training, as the mean over the seeds.

curves = {}
for name, runs in losses.items():
    curves[name] = torch.tensor(runs).mean(dim=0)
plt.figure()
for name, values in curves.items():
    plt.plot(range(20, opt.steps + 1, 20), values, label=name)
plt.axhline(bigram, color="gray", linestyle=":", label="bigram")
plt.xlabel("step")
plt.ylabel("validation loss, nats a letter")
plt.legend()
show("loss")

# %%
# Generated names
# ---------------
# The network generates a name letter by letter. The text starts with a dot. The next
# letter is drawn from the predicted probabilities and added to the text, and the
# network predicts again. The logits are first divided by a number, the temperature
# (温度). A temperature below 1 makes likely letters more likely. A temperature above 1
# makes the probabilities of all letters more equal.


def decode(numbers):
    """Numbers up to the first 0 as letters."""
    letters = "".join(alphabet[i] for i in numbers)
    return letters.partition(".")[0]


@torch.no_grad()
def generate(net, count, temperature=1.0):
    x = torch.zeros(count, 1, dtype=torch.int64, device=opt.device)  # dots, [b, 1]
    for _ in range(longest):
        logits = net(x)[:, -1]  # [b, t] => [b, t, 27] => [b, 27]
        probabilities = (logits / temperature).softmax(dim=1)
        drawn = torch.multinomial(probabilities, 1)  # => [b, 1]
        x = torch.cat([x, drawn], dim=1)
    return [decode(numbers) for numbers in x[:, 1:].tolist()]


# %%
# Three shares describe the names of each network. "new" is the share of names that are
# not training names. "different" is the share that is left when each name counts only
# once. "held out" is the share of validation names that the network generates, although
# it has never seen them.

known, held_out = set(train_names), set(valid_names)


def judge(made):
    new = sum(name not in known for name in made) / len(made)
    found = len(set(made) & held_out) / len(held_out)
    return {"new": new, "different": len(set(made)) / len(made), "held out": found}


# %%
# The shares are means over the Transformers of all seeds.

shares, examples = {}, {}
for temperature in 0.5, 1.0, 1.5:
    shares[temperature] = {"new": 0.0, "different": 0.0, "held out": 0.0}
    for net in nets["Transformer"]:
        made = generate(net, opt.count, temperature)
        for key, value in judge(made).items():
            shares[temperature][key] += value / opt.seeds
    examples[temperature] = made[:20]  # of the last seed
    share = shares[temperature]
    print(f"temperature {temperature}: new {share['new']:.2f}, ", end="")
    print(f"different {share['different']:.2f}")
#: temperature 0.5: new 0.55, different 0.72
#: temperature 1.0: new 0.86, different 0.98
#: temperature 1.5: new 0.96, different 0.99

# %%
# Drawn: names at each temperature, and the three shares. Training names are red. At a
# low temperature the network repeats itself and its training names. At a high
# temperature it makes names that are hard to pronounce. A few of its new names are real
# ones, because they are among the validation names.

figure, axes = plt.subplots(1, 4, figsize=(11, 4.2), width_ratios=[2, 2, 2, 3])
for ax, temperature in zip(axes[:3], examples, strict=True):
    ax.set_title(f"temperature {temperature}")
    ax.axis("off")
    for i, name in enumerate(examples[temperature]):
        color = "black" if name not in known else "C3"
        ax.text(0, 0.95 - i / 20, name, color=color, fontsize=9)
for key in "new", "different", "held out":
    values = [share[key] for share in shares.values()]
    axes[3].plot(list(shares), values, marker="o", label=key)
axes[3].set(xlabel="temperature", ylabel="share", ylim=(0, 1.05))
axes[3].legend(loc="center right")
show("names")

# %%
# What is computed again
# ----------------------
# ``generate`` computes all steps anew for each letter. Are all these results new? To
# answer this, ``keys_of_blocks`` returns the keys of both blocks for a text. The
# network first reads ".emm", and then it reads ".emma".


def keys_of_blocks(net, x):
    """Letters x [b, t] => the keys of each block, [b, heads, t, d / heads]."""
    h = net.letters(x) + net.positions.weight[: x.shape[1]]  # [b, t] => [b, t, d]
    keys = []
    for block in net.blocks:
        _, k, _ = block.attention.queries_keys_values(block.norm1(h))
        keys.append(k)
        h = block(h)  # [b, t, d]
    return keys


# %%
# The shape of the keys is [b, heads, t, d / heads]. So ``[:, :, :4]`` takes the keys of
# the first four letters.

net = nets["Transformer"][0]
x, _ = encode(["emma"])  # [b, t], the letters of ".emma"
with torch.no_grad():
    shorter, longer = keys_of_blocks(net, x[:, :4]), keys_of_blocks(net, x)
old_keys_equal = []
for i in range(opt.blocks):
    old = longer[i][:, :, :4]  # the keys of the first four letters
    old_keys_equal.append(torch.allclose(shorter[i], old, atol=1e-5))
    print(f"block {i}: {list(shorter[i].shape)} and {list(longer[i].shape)}, ", end="")
    print(f"keys of the old letters equal: {old_keys_equal[i]}")
#: block 0: [1, 4, 4, 16] and [1, 4, 5, 16], keys of the old letters equal: True
#: block 1: [1, 4, 4, 16] and [1, 4, 5, 16], keys of the old letters equal: True

# %%
# The new letter adds a key to each head. The four old keys are the same as before, in
# both blocks. In the first block a key depends only on its own letter and position. In
# the second block a key also depends on the result of the first block. This result
# depends only on earlier letters, because the causal mask hides the later ones. So a
# new letter changes nothing for the old ones. The same is true for the values.
#
# Only the last step predicts the next letter. In attention, this step needs its own
# query, and the keys and values of all steps. The queries of the old steps are not
# needed any more.

# %%
# A cache of keys and values
# --------------------------
# A cache (缓存) is a store of results that are needed again. Here it keeps the keys and
# values of the old letters. The new letter is a sequence of one step. Its key and its
# value are added to the cache, and its query is compared with all keys of the cache.
# No mask is needed, because the cache holds no later step.


def cached_attention(attention, x, cache):
    """The new step x [b, 1, d] => its result [b, 1, d]; the cache grows by a step."""
    q, k, v = attention.queries_keys_values(x)  # each [b, heads, 1, d / heads]
    cache["k"] = torch.cat([cache["k"], k], dim=2)  # [b, heads, steps, d / heads]
    cache["v"] = torch.cat([cache["v"], v], dim=2)
    means = F.scaled_dot_product_attention(q, cache["k"], cache["v"])
    return attention.out(join(means))  # [b, heads, 1, d / heads] => [b, 1, d]


def empty_cache(b):
    """A cache of 0 steps for a batch of b texts."""
    nothing = torch.zeros(b, opt.heads, 0, opt.width // opt.heads, device=opt.device)
    return {"k": nothing, "v": nothing}


# %%
# Three steps go through the attention of the first block, first all at once and then
# one at a time. The query always has one step. The keys of the cache have one step more
# each time.

attention = net.blocks[0].attention
x = torch.randn(1, 3, opt.width, device=opt.device)  # [b, t, d]
cache = empty_cache(1)
with torch.no_grad():
    at_once = attention(x)  # [b, t, d]
    for i in range(3):
        step = x[:, i : i + 1]  # [b, t, d] => [b, 1, d]
        result = cached_attention(attention, step, cache)  # [b, 1, d]
        same = torch.allclose(result[:, 0], at_once[:, i], atol=1e-5)
        print(f"step {i}: x {list(step.shape)}, ", end="")
        print(f"keys {list(cache['k'].shape)}, equal: {same}")
#: step 0: x [1, 1, 64], keys [1, 4, 1, 16], equal: True
#: step 1: x [1, 1, 64], keys [1, 4, 2, 16], equal: True
#: step 2: x [1, 1, 64], keys [1, 4, 3, 16], equal: True

# %%
# All other parts of a block compute with each step on its own. So they take the new
# step as it is. Each block needs a cache of its own.


def cached_block(block, x, cache):
    """The new step x [b, 1, d] => the result of the block [b, 1, d], no dropout."""
    x = x + cached_attention(block.attention, block.norm1(x), cache)
    return x + block.mlp(block.norm2(x))


def next_logits(net, letter, position, caches):
    """The new letter [b, 1] at its position => the logits of the next one [b, 27]."""
    h = net.letters(letter) + net.positions.weight[position]  # [b, 1] => [b, 1, d]
    for block, cache in zip(net.blocks, caches, strict=True):
        h = cached_block(block, h, cache)  # [b, 1, d]
    logits = net.linear(net.norm(h))  # [b, 1, d] => [b, 1, 27]
    return logits[:, 0]  # => [b, 27]


# %%
# The network reads ".emma" letter by letter, and its logits are compared with those for
# the whole text.

x, _ = encode(["emma"])  # [b, t]
caches = [empty_cache(1) for _ in range(opt.blocks)]
with torch.no_grad():
    all_logits = net(x)  # [b, t, 27]
    logits_equal = []
    for i in range(x.shape[1]):
        logits = next_logits(net, x[:, i : i + 1], i, caches)  # [b, 27]
        logits_equal.append(torch.allclose(logits, all_logits[:, i], atol=1e-4))
print(f"letters with equal logits: {sum(logits_equal)} of {x.shape[1]}")
#: letters with equal logits: 5 of 5

# %%
# ``generate_cached`` differs from ``generate`` in one point: the network gets the last
# letter and the caches, and not the whole text.


@torch.no_grad()
def generate_cached(net, count):
    x = torch.zeros(count, 1, dtype=torch.int64, device=opt.device)  # [b, 1]
    caches = [empty_cache(count) for _ in net.blocks]
    for position in range(longest):
        logits = next_logits(net, x[:, -1:], position, caches)
        drawn = torch.multinomial(logits.softmax(dim=1), 1)
        x = torch.cat([x, drawn], dim=1)
    return [decode(numbers) for numbers in x[:, 1:].tolist()]


# %%
# With the same random numbers, both ways give the same names.

seconds, made = {}, {}
for name, function in ("all steps", generate), ("cache", generate_cached):
    seconds[name] = math.inf
    for _ in range(3):  # the shortest of three runs counts
        torch.manual_seed(opt.seed)
        start = time.perf_counter()
        made[name] = function(nets["Transformer"][0], opt.count)
        seconds[name] = min(seconds[name], time.perf_counter() - start)
print("equal names:", made["all steps"] == made["cache"])
#: equal names: True
saved = seconds["all steps"] / seconds["cache"]
print(f"all steps {seconds['all steps']:.2f} s, cache {seconds['cache']:.2f} s")
#: all steps 0.22 s, cache 0.07 s
print(f"the cache is {saved:.1f} times as fast")
#: the cache is 3.4 times as fast

# %%
# Both functions take 12 rounds. Without the cache they compute 1 + 2 + ... + 12 = 78
# steps, and with the cache 12 steps. For a text of 1000 letters the numbers are 500500
# and 1000. Programs that generate long texts therefore use such a cache. Its memory
# grows with the length of the text.

# %%
# Try it
# ------
# ``python check.py 60`` checks the function that is named here.
#
# - Predict how many parameters a third block adds, then count them.
# - Change the number of steps with ``--steps 1000``. Does the Transformer catch up?
# - Build ``top_k_probabilities``, which leaves only the k likeliest letters. Use it in
#   ``generate`` with k = 3. How many names are new? (The cache then gives other names.)
