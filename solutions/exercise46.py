"""
Exercises of lesson 46: embeddings

``python check.py 46`` checks them whenever you save this file.
"""

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "The cosine is the dot product of two rows, divided by the length of each. "
    "``F.cosine_similarity`` computes it.",
    "Give row i itself a cosine below -1, so that ``topk`` does not choose it.",
)
def nearest(weight, i, k):
    """
    The k symbols most similar to symbol i, by the cosine between their vectors.

    :param weight: the vectors of an embedding, one for each of n symbols, [n, d]
    :param i: the number of a symbol
    :param k: how many others are asked for, at most n - 1
    :returns: the numbers of the k symbols, [k], the most similar first, without i
    """
    cosine = F.cosine_similarity(weight, weight[i : i + 1], dim=1)  # => [n]
    cosine[i] = -2
    return cosine.topk(k).indices


@nearest.inputs
def nearest_inputs():
    n = random_int(4, 6)
    lengths = torch.randint(1, 6, (n, 1))
    weight = lengths * F.normalize(torch.randn(n, 2), dim=1)
    return weight, random_int(0, n - 1), random_int(1, 3)


@nearest.must
def angles_decide(nearest):
    degrees = torch.tensor([10.0, 205.0, 33.0, 0.0, 100.0])
    angles = degrees.deg2rad()
    lengths = torch.tensor([1.0, 9.0, 5.0, 1.0, 3.0])
    weight = lengths[:, None] * torch.stack([angles.cos(), angles.sin()], dim=1)
    for i in range(5):
        apart = (degrees - degrees[i]).abs()
        apart = torch.minimum(apart, 360 - apart).tolist()
        others = sorted((j for j in range(5) if j != i), key=lambda j: apart[j])
        found = nearest(weight, i, 3).tolist()
        assert found == others[:3], (
            f"Vectors at the angles {degrees.tolist()}: nearest to number {i} are "
            f"{others[:3]}, not {found}."
        )


@nearest.mistake
def dot_product(weight, i, k):
    """
    A dot product grows with the length, so long vectors win. Divide each row by its own
    length, and not by the norm of the whole matrix.
    """
    product = weight @ weight[i]
    product[i] = -torch.inf
    return product.topk(k).indices


@nearest.mistake
def itself_first(weight, i, k):
    """Nearest to a symbol is the symbol itself, with the cosine 1: leave it out."""
    return F.cosine_similarity(weight, weight[i : i + 1], dim=1).topk(k).indices


@nearest.mistake
def by_distance(weight, i, k):
    """
    These are the smallest distances. Two vectors of one direction may be far apart if
    one of them is long; their cosine is still 1.
    """
    distance = torch.cdist(weight, weight[i : i + 1])[:, 0]
    distance[i] = torch.inf
    return distance.topk(k, largest=False).indices


@nearest.mistake
def least_similar(weight, i, k):
    """
    These are the least similar ones. ``argsort`` begins with the smallest number, and a
    large cosine means a small angle.
    """
    cosine = F.cosine_similarity(weight, weight[i : i + 1], dim=1)
    cosine[i] = 2
    return cosine.argsort()[:k]


@nearest.mistake
def columns_normalized(weight, i, k):
    """
    Here each column got the length 1. The vector of a symbol is a row: the length is
    taken along dimension 1.
    """
    unit = F.normalize(weight, dim=0)
    product = unit @ unit[i]
    product[i] = -torch.inf
    return product.topk(k).indices
