"""
Exercises of lesson 60: a block of known parts

``python check.py 60`` checks them whenever you save this file.
"""

import math

import torch

from solutions import exercise, random_int


@exercise(
    "A logit of minus infinity has the probability 0. Which logit is the smallest that "
    "may stay?",
    "``topk`` gives the k largest of each row, in falling order. All below the last of "
    "them become minus infinity, before the division and softmax.",
)
def top_k_probabilities(logits, k, temperature):
    """
    The probabilities from which the next letter is drawn: only the k likeliest can be.

    All others have the probability 0. The temperature divides the logits, as in the
    lesson.

    :param logits: [b, n], no two of a row are equal
    :param k: how many letters of each row stay, an int
    :param temperature: a float above 0
    :returns: [b, n], each row sums to 1
    """
    smallest = logits.topk(k, dim=1).values[:, -1:]  # [b, 1]
    kept = logits.masked_fill(logits < smallest, -math.inf)
    return (kept / temperature).softmax(dim=1)


@top_k_probabilities.inputs
def top_k_probabilities_inputs():
    n = random_int(3, 5)
    logits = 2 * torch.randn(random_int(1, 3), n)
    return logits, random_int(1, n - 1), 0.5 * random_int(1, 4)


@top_k_probabilities.must
def one_row_by_hand(top_k_probabilities):
    logits = torch.tensor([[1.0, -2.0, 3.0, 0.5], [-1.0, -4.0, -3.0, -2.0]])
    for temperature in 0.5, 1.0, 2.0:
        probabilities = top_k_probabilities(logits, 2, temperature)
        for row, (a, b) in (0, (0, 2)), (1, (0, 3)):
            powers = {i: math.exp(logits[row, i].item() / temperature) for i in (a, b)}
            for i in range(4):
                expected = powers.get(i, 0) / (powers[a] + powers[b])
                got = probabilities[row, i].item()
                assert abs(got - expected) < 1e-5, (
                    f"Of the logits {logits[row].tolist()}, number {i} gets {got:.4f} "
                    f"at temperature {temperature}, not {expected:.4f}."
                )


@top_k_probabilities.mistake
def zero_logits(logits, k, temperature):
    """
    The other logits became 0, and exp(0) is 1: these letters are still drawn. A weight
    of 0 needs minus infinity.
    """
    smallest = logits.topk(k, dim=1).values[:, -1:]
    return (logits.masked_fill(logits < smallest, 0) / temperature).softmax(dim=1)


@top_k_probabilities.mistake
def not_normalised(logits, k, temperature):
    """
    The others were set to 0 after softmax, so that the rest of a row no longer sums to
    1.
    """
    smallest = logits.topk(k, dim=1).values[:, -1:]
    return (logits / temperature).softmax(dim=1).masked_fill(logits < smallest, 0)


@top_k_probabilities.mistake
def probabilities_divided(logits, k, temperature):
    """
    The probabilities were divided by the temperature, not the logits. After that a row
    no longer sums to 1.
    """
    return top_k_probabilities(logits, k, 1.0) / temperature


@top_k_probabilities.mistake
def temperature_cancelled(logits, k, temperature):
    """
    The temperature has no effect. A factor of probabilities cancels when they are
    normalised. It has to divide the logits.
    """
    return top_k_probabilities(logits, k, 1.0)


@top_k_probabilities.mistake
def multiplied(logits, k, temperature):
    """
    The logits were multiplied by the temperature: a high one now makes the choice more
    certain.
    """
    return top_k_probabilities(logits, k, 1 / temperature)


@top_k_probabilities.mistake
def only_the_k(logits, k, temperature):
    """
    These are k numbers in falling order. Nothing says which letters they belong to:
    each keeps its own place of n.
    """
    return (logits.topk(k, dim=1).values / temperature).softmax(dim=1)
