"""
Exercises of lesson 10: broadcasting

``python check.py 10`` checks them whenever you save this file.
"""

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "Shapes meet from the right. Which dimensions come after the one of the n numbers?",
    "Each dimension after it needs a 1. Dimensions before it may be missing.",
)
def bias_shape(n, dim, dims):
    """
    The shape in which n numbers are added along one dimension of a tensor.

    :param n: how many numbers there are, the size of the dimension ``dim``
    :param dim: the dimension they belong to, counted from 0
    :param dims: how many dimensions the other tensor has
    :returns: the shortest shape that broadcasts so, a list of ints
    """
    return [n] + [1] * (dims - dim - 1)


@bias_shape.inputs
def bias_shape_inputs():
    dims = random_int(1, 4)
    return random_int(2, 5), random_int(0, dims - 1), dims


@bias_shape.must
def numbers_meet_their_dimension(bias_shape):
    x, bias = torch.zeros(3, 3, 3), torch.tensor([1.0, 2.0, 3.0])
    for dim in range(3):
        shape = list(bias_shape(3, dim, 3))
        total = x + bias.view(shape)
        assert total.select(dim, 2).eq(3).all(), (
            f"The last of 3 numbers is not at the last index of dimension {dim}."
        )
        assert shape[0] == 3, f"{shape} is not the shortest shape: it begins with 1."


@bias_shape.mistake
def bare(n, dim, dims):
    """
    [n] always meets the last dimension, from the right. Each one after dim needs a 1.
    """
    return [n]


@bias_shape.mistake
def ones_in_front(n, dim, dims):
    """
    Ones in front change nothing: broadcasting adds them by itself. Ones belong behind.
    """
    return [1] * dim + [n]


@bias_shape.mistake
def one_too_many(n, dim, dims):
    """
    There is a 1 too many: the dimension of the n numbers itself does not need one.
    """
    return [n] + [1] * (dims - dim)


@bias_shape.mistake
def longest(n, dim, dims):
    """This broadcasts as well. The ones in front of n can be left out."""
    return [1] * dim + [n] + [1] * (dims - dim - 1)


@exercise(
    "Print the shape of the difference. How many numbers should it have?",
    "Bring both to [n] before you subtract.",
)
def mean_squared_error(prediction, target):
    """
    The mean of the squared differences between each prediction and its target.

    :param prediction: [n, 1], as a linear layer with one output gives it
    :param target: [n]
    :returns: a tensor of shape []
    """
    return ((prediction.squeeze(1) - target) ** 2).mean()


@mean_squared_error.inputs
def mean_squared_error_inputs():
    n = random_int(1, 4)
    return torch.randn(n, 1), torch.randn(n)


@mean_squared_error.must
def perfect_is_0(mean_squared_error):
    x, y = torch.randn(5, 1), torch.randn(5)
    perfect = mean_squared_error(x, x[:, 0])
    assert perfect == 0, f"Perfect predictions have the error {perfect:.3f}, not 0."
    assert torch.isclose(mean_squared_error(x, y), F.mse_loss(x[:, 0], y)), (
        "F.mse_loss gives another error for two vectors [5]."
    )


@mean_squared_error.broken
def each_with_each(prediction, target):
    """
    [n, 1] - [n] is [n, n]: each prediction is compared with each target. Nothing warns
    you.
    """
    return ((prediction - target) ** 2).mean()


@mean_squared_error.mistake
def mean_first(prediction, target):
    """Positive and negative differences cancel in the mean. Square first."""
    return (prediction.squeeze(1) - target).mean() ** 2


@mean_squared_error.mistake
def summed(prediction, target):
    """That is the sum of the squares: it grows with n."""
    return ((prediction.squeeze(1) - target) ** 2).sum()


@exercise(
    "The result has an n from a and an m from b. Where does each need a 1?",
    "[n, 1, d] - [1, m, d] holds all differences. Square, sum over d, take the root.",
    without="for while cdist",
)
def distances(a, b):
    """
    The Euclidean distance of each point of a from each point of b, without a loop.

    :param a: [n, d]
    :param b: [m, d]
    :returns: [n, m]
    """
    difference = a[:, None, :] - b[None, :, :]  # [n, 1, d] - [1, m, d] => [n, m, d]
    return (difference**2).sum(dim=2).sqrt()


@distances.inputs
def distances_inputs():
    d = random_int(2, 3)
    a = torch.randint(-3, 4, (random_int(1, 3), d))
    b = torch.randint(-3, 4, (random_int(1, 3), d))
    return a.float(), b.float()


@distances.must
def cdist_gives_the_same(distances):
    a, b = torch.randn(5, 3), torch.randn(4, 3)
    assert torch.allclose(distances(a, b), torch.cdist(a, b), atol=1e-5), (
        "torch.cdist gives other distances."
    )


@distances.mistake
def squares(a, b):
    """These are the squares of the distances: the root is missing."""
    return ((a[:, None] - b[None]) ** 2).sum(dim=2)


@distances.mistake
def points_summed(a, b):
    """Dimension 1 holds the points of b. The coordinates are the last dimension."""
    return ((a[:, None] - b[None]) ** 2).sum(dim=1).sqrt()


@distances.mistake
def along_the_axes(a, b):
    """That is the L1 distance, along the axes. Here squares are summed."""
    return (a[:, None] - b[None]).abs().sum(dim=2)


@distances.mistake
def from_b_to_a(a, b):
    """This is [m, n]: the points of a belong in the first dimension."""
    return distances(b, a)


@distances.mistake
def row_with_row(a, b):
    """
    a - b subtracts row from row, and n and m may differ. Each needs a dimension of its
    own.
    """
    return ((a - b) ** 2).sum(dim=1).sqrt()
