"""
Exercises of lesson 25: cross entropy

``python check.py 25`` checks them whenever you save this file.
"""

import math

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "What does a computer say to 0 times the logarithm of 0? What should it be?",
    "``torch.xlogy(p, q)`` is p ln q, but 0 where p is 0. A bit is ln 2 nats.",
)
def entropy_in_bits(p):
    """
    The entropy of a distribution in bits, whose probabilities may be 0.

    :param p: probabilities, [n]
    :returns: the entropy, a tensor of shape []
    """
    return -torch.xlogy(p, p).sum() / math.log(2)


@entropy_in_bits.inputs
def entropy_in_bits_inputs():
    counts = torch.randint(4, (random_int(2, 5),)).float()
    counts[0] = random_int(1, 3)
    return (counts / counts.sum(),)


@entropy_in_bits.must
def known_entropies(entropy_in_bits):
    for p, bits in ([0.5, 0.5], 1), ([1.0, 0.0], 0), ([0.25] * 4, 2), ([0.125] * 8, 3):
        mine = entropy_in_bits(torch.tensor(p))
        assert torch.isclose(mine, torch.tensor(float(bits)), atol=1e-5), (
            f"{p} has the entropy {bits} bits, not {mine:.4f}."
        )


@entropy_in_bits.mistake
def nan_at_0(p):
    """
    0 times the logarithm of 0 came out as NaN. An event that never occurs adds nothing.
    """
    return -(p * p.log2()).sum()


@entropy_in_bits.mistake
def nats(p):
    """That is the entropy in nats, with ln. In bits the logarithm has the base 2."""
    return -torch.xlogy(p, p).sum()


@entropy_in_bits.mistake
def equal_weights(p):
    """The mean surprise weighs each surprise with its probability, not with 1 / n."""
    return entropy_in_bits(p) / len(p)


@entropy_in_bits.mistake
def negative(p):
    """A surprise is minus the logarithm: an entropy is never negative."""
    return -entropy_in_bits(p)


@exercise(
    "The logarithm of a softmax is a_y minus the logarithm of a sum of powers. Which "
    "powers overflow?",
    "Subtract the largest logit of each row first, which changes no difference. Then "
    "the sum contains e^0 = 1, and its logarithm is safe.",
    without="cross_entropy log_softmax logsumexp CrossEntropyLoss LogSoftmax",
)
def stable_cross_entropy(logits, y):
    """
    The mean cross entropy from logits of any size, out of ``exp`` and ``log`` alone.

    PyTorch's ``log_softmax``, ``logsumexp`` and ``cross_entropy`` do not count.

    :param logits: [b, k], from -1000 to 1000
    :param y: the labels, [b]
    :returns: the loss, a tensor of shape []
    """
    a = logits - logits.amax(dim=1, keepdim=True)  # [b, k] - [b, 1]
    log_sum = a.exp().sum(dim=1).log()  # [b]
    return (log_sum - a[torch.arange(len(y)), y]).mean()


@stable_cross_entropy.inputs
def stable_cross_entropy_inputs():
    b, k = random_int(1, 3), random_int(2, 3)
    logits = torch.randint(-3, 4, (b, k)).float()
    logits *= 10.0 ** torch.randint(3, (b, 1))
    return logits, torch.randint(k, (b,))


@stable_cross_entropy.must
def stable_cross_entropy_is_pytorchs(stable_cross_entropy):
    logits = torch.tensor([[1000.0, 0, -1000], [1, 2, 3], [-900, -901, -902]])
    for y in torch.tensor([[1, 0, 2], [0, 2, 1], [2, 2, 2]]):
        right, loss = F.cross_entropy(logits, y), stable_cross_entropy(logits, y)
        assert torch.isclose(loss, right), (
            f"{logits.tolist()} with y = {y.tolist()}: the loss is {loss:.4f}, "
            f"expected {right:.4f}."
        )


@stable_cross_entropy.broken
def softmax_then_log(logits, y):
    """
    The softmax of a small logit is exactly 0, and 0 has no logarithm. Take the
    logarithm of the sum instead, where nothing is 0.
    """
    q = torch.softmax(logits, dim=1)
    return -q[torch.arange(len(y)), y].log().mean()


@stable_cross_entropy.mistake
def powers_of_large_logits(logits, y):
    """
    e^100 is infinite in float32. Subtract the largest logit of a row before you take
    powers.
    """
    log_sum = logits.exp().sum(dim=1).log()
    return (log_sum - logits[torch.arange(len(y)), y]).mean()


@stable_cross_entropy.mistake
def largest_of_all(logits, y):
    """
    The largest logit of the whole batch is too large for other rows: all their powers
    become 0. Each row has a largest logit of its own.
    """
    a = logits - logits.max()
    return (a.exp().sum(dim=1).log() - a[torch.arange(len(y)), y]).mean()


@stable_cross_entropy.mistake
def sum_of_losses(logits, y):
    """This is the sum over the samples: take the mean."""
    return len(y) * stable_cross_entropy(logits, y)


@exercise(
    "Write down the target of one sample first, as k numbers that sum to 1.",
    "The target is (1 - amount) times the one-hot vector, plus amount / k everywhere. "
    "The loss is the mean over the samples of minus the sum of target times ln q.",
    without="cross_entropy CrossEntropyLoss label_smoothing",
)
def smoothed_cross_entropy(logits, y, amount):
    """
    Cross entropy with label smoothing, without ``cross_entropy``.

    Of each target, PyTorch spreads ``amount`` evenly over all k classes.

    :param logits: [b, k]
    :param y: the labels, [b]
    :param amount: from 0.0 to 1.0
    :returns: the loss, a tensor of shape []
    """
    k = logits.shape[1]
    target = (1 - amount) * F.one_hot(y, k) + amount / k  # [b, k]
    return -(target * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


@smoothed_cross_entropy.inputs
def smoothed_cross_entropy_inputs():
    b, k = random_int(1, 3), random_int(2, 4)
    return torch.randn(b, k), torch.randint(k, (b,)), random_int(1, 5) / 10


@smoothed_cross_entropy.must
def smoothing_is_pytorchs(smoothed_cross_entropy):
    logits, y = 3 * torch.randn(6, 4), torch.tensor([0, 3, 1, 1, 2, 0])
    for amount in 0.0, 0.1, 0.6, 1.0:
        right = F.cross_entropy(logits, y, label_smoothing=amount)
        loss = smoothed_cross_entropy(logits, y, amount)
        assert torch.isclose(loss, right), (
            f"With amount {amount} the loss is {loss:.4f}, PyTorch's is {right:.4f}."
        )


@smoothed_cross_entropy.mistake
def over_the_others(logits, y, amount):
    """
    PyTorch spreads it over all k classes, the right one too, which keeps a little more.
    """
    k = logits.shape[1]
    one_hot = F.one_hot(y, k)
    target = (1 - amount) * one_hot + amount / (k - 1) * (1 - one_hot)
    return -(target * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


@smoothed_cross_entropy.mistake
def more_than_1(logits, y, amount):
    """This target sums to 1 + amount. The label gives away what the classes get."""
    k = logits.shape[1]
    target = F.one_hot(y, k) + amount / k
    return -(target * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


@smoothed_cross_entropy.mistake
def mean_over_classes(logits, y, amount):
    """
    ``mean`` also divided by the number of classes: sum over classes, then the mean over
    samples.
    """
    return smoothed_cross_entropy(logits, y, amount) / logits.shape[1]


@smoothed_cross_entropy.mistake
def not_smoothed(logits, y, amount):
    """
    That is the plain cross entropy, scaled. The other classes of the target get
    something, too.
    """
    k = logits.shape[1]
    target = (1 - amount) * F.one_hot(y, k)
    return -(target * F.log_softmax(logits, dim=1)).sum(dim=1).mean()
