"""
Exercises of lesson 59: every step sees every other

``python check.py 59`` checks them whenever you save this file.
"""

import math

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "The scores are [b, t, t], with a row for each query. Which entries of row i "
    "belong to later steps?",
    "A weight is 0 if its score is minus infinity. ``tril`` keeps the lower triangle, "
    "``masked_fill`` writes where a mask is True.",
    without="scaled_dot_product_attention",
)
def causal_attention(q, k, v):
    """
    Attention in which step i sees the steps 0 to i alone, by matrix products.

    ``scaled_dot_product_attention`` is not allowed.

    :param q: queries, [b, t, d]
    :param k: keys, [b, t, d]
    :param v: values, [b, t, d]
    :returns: the weighted means, [b, t, d]
    """
    t, d = q.shape[1:]
    scores = q @ k.transpose(1, 2) / math.sqrt(d)  # => [b, t, t]
    allowed = torch.ones(t, t, dtype=torch.bool, device=q.device).tril()
    return scores.masked_fill(~allowed, -math.inf).softmax(dim=2) @ v


@causal_attention.inputs
def causal_attention_inputs():
    shape = random_int(1, 2), random_int(2, 4), random_int(2, 3)
    return torch.randn(shape), torch.randn(shape), torch.randn(shape)


@causal_attention.must
def library_gives_the_same(causal_attention):
    q, k, v = torch.randn(2, 5, 4), torch.randn(2, 5, 4), torch.randn(2, 5, 4)
    results = causal_attention(q, k, v)
    first = results[:, 0]
    assert torch.allclose(first, v[:, 0], atol=1e-5), (
        "Step 0 sees itself alone, so its result has to be its own value."
    )
    library = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert torch.allclose(results, library, atol=1e-5), (
        "F.scaled_dot_product_attention with is_causal=True gives other results."
    )


@causal_attention.mistake
def not_divided(q, k, v):
    """The scores are not divided by the root of d: softmax saturates for a large d."""
    return causal_attention(q * math.sqrt(q.shape[2]), k, v)


@causal_attention.mistake
def divided_by_d(q, k, v):
    """The scores are divided by d. Their standard deviation grows as the root of d."""
    return causal_attention(q / math.sqrt(q.shape[2]), k, v)


@causal_attention.mistake
def softmax_over_queries(q, k, v):
    """
    Softmax ran over the queries. The weights of one query have to sum to 1, so it runs
    over the keys, the last dimension.
    """
    t, d = q.shape[1:]
    scores = q @ k.transpose(1, 2) / math.sqrt(d)
    future = torch.ones(t, t, dtype=torch.bool).triu(1)
    return scores.masked_fill(future, -math.inf).softmax(dim=1) @ v


@causal_attention.mistake
def zero_scores(q, k, v):
    """
    The scores of later steps are 0, and softmax makes exp(0) = 1 of them: these steps
    are still seen.
    """
    t, d = q.shape[1:]
    scores = q @ k.transpose(1, 2) / math.sqrt(d)
    return (scores * torch.ones(t, t).tril()).softmax(dim=2) @ v


@causal_attention.mistake
def zero_weights(q, k, v):
    """
    The weights were set to 0 after softmax, so that a row no longer sums to 1. The mask
    belongs before it.
    """
    t, d = q.shape[1:]
    scores = q @ k.transpose(1, 2) / math.sqrt(d)
    return (scores.softmax(dim=2) * torch.ones(t, t).tril()) @ v


@causal_attention.mistake
def the_past_hidden(q, k, v):
    """The mask is the wrong way round: step i sees itself and the later steps."""
    t, d = q.shape[1:]
    scores = q @ k.transpose(1, 2) / math.sqrt(d)
    past = torch.ones(t, t, dtype=torch.bool).tril(-1)
    return scores.masked_fill(past, -math.inf).softmax(dim=2) @ v


@causal_attention.mistake
def nobody_masked(q, k, v):
    """There is no mask: each step sees those that come after it."""
    return (q @ k.transpose(1, 2) / math.sqrt(q.shape[2])).softmax(dim=2) @ v
