"""
Exercises of lesson 13: statistics

``python check.py 13`` checks them whenever you save this file.
"""

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "A negative dimension counts from the end. Which one is -1 of three?",
    "Make all dims positive first (``% len(shape)``), then go through the sizes once.",
    without="torch",
)
def reduced_shape(shape, dims, keepdim):
    """
    The shape of ``x.sum(dim=dims, keepdim=keepdim)``.

    :param shape: the shape of x, a list of ints
    :param dims: a list of different dimensions, some may be negative
    :returns: a list of ints
    """
    gone = [dim % len(shape) for dim in dims]
    if keepdim:
        return [1 if i in gone else n for i, n in enumerate(shape)]
    return [n for i, n in enumerate(shape) if i not in gone]


@reduced_shape.inputs
def reduced_shape_inputs():
    shape = [random_int(2, 6) for _ in range(random_int(2, 4))]
    order = torch.randperm(len(shape)).tolist()
    dims = []
    for dim in order[: random_int(1, len(shape) - 1)]:
        dims.append(dim - len(shape) * random_int(0, 1))
    return shape, dims, random_int(0, 1) == 1


@reduced_shape.must
def sum_has_that_shape(reduced_shape):
    x = torch.zeros(2, 3, 4, 5)
    for dims in [1], [0, 2], [-1, 0], [3, -3]:
        for keepdim in True, False:
            shape = list(x.sum(dim=dims, keepdim=keepdim).shape)
            mine = list(reduced_shape([2, 3, 4, 5], dims, keepdim))
            assert mine == shape, (
                f"The sum of [2, 3, 4, 5] over {dims}, keepdim={keepdim}, is {shape}, "
                f"not {mine}."
            )


@reduced_shape.mistake
def one_by_one(shape, dims, keepdim):
    """
    After the first dimension was taken out, the others had moved to new positions. All
    dims count in the old shape.
    """
    shape = list(shape)
    for dim in dims:
        if keepdim:
            shape[dim] = 1
        else:
            del shape[dim]
    return shape


@reduced_shape.mistake
def negative_ones_missed(shape, dims, keepdim):
    """A negative dimension was not found: -1 is the last one."""
    if keepdim:
        return [1 if i in dims else n for i, n in enumerate(shape)]
    return [n for i, n in enumerate(shape) if i not in dims]


@reduced_shape.mistake
def others_summed(shape, dims, keepdim):
    """
    ``dim`` says which dimensions are summed over, so that they go, not which stay.
    """
    gone = [dim % len(shape) for dim in dims]
    if keepdim:
        return [n if i in gone else 1 for i, n in enumerate(shape)]
    return [n for i, n in enumerate(shape) if i in gone]


@reduced_shape.mistake
def ones_always(shape, dims, keepdim):
    """Summed dimensions stay as a 1 only with ``keepdim=True``."""
    return reduced_shape(shape, dims, True)


@exercise(
    "Which shape has the mean of each row? How does it meet [n, d], from the right?",
    "With ``keepdim=True`` the means are [n, 1], and broadcast along each row.",
)
def standardized_rows(x):
    """
    Each row shifted and scaled to the mean 0 and the standard deviation 1.

    :param x: [n, d], d at least 2
    :returns: [n, d]; the deviation is the one that ``std`` gives
    """
    mean = x.mean(dim=1, keepdim=True)  # [n, d] => [n, 1]
    return (x - mean) / x.std(dim=1, keepdim=True)


@standardized_rows.inputs
def standardized_rows_inputs():
    n, d = random_int(2, 3), random_int(2, 3)
    return (torch.randn(n, d) + torch.randint(5, (n, 1)),)


@standardized_rows.must
def rows_have_mean_0_and_deviation_1(standardized_rows):
    out = standardized_rows(3 * torch.randn(4, 4) + 2)
    for row in out.tolist():
        mean = sum(row) / 4
        variance = sum((number - mean) ** 2 for number in row) / 3
        assert abs(mean) < 1e-4, f"A row of a [4, 4] has the mean {mean:.3f}."
        assert abs(variance - 1) < 1e-4, f"A row has the variance {variance:.3f}."


@standardized_rows.broken
def met_the_columns(x):
    """
    The means are [n], which meets the columns. Where x is square nothing fails, and
    every number is wrong.
    """
    return (x - x.mean(dim=1)) / x.std(dim=1)


@standardized_rows.mistake
def columns(x):
    """These are the columns: ``dim=0`` runs down. A row runs along dimension 1."""
    return (x - x.mean(dim=0)) / x.std(dim=0)


@standardized_rows.mistake
def all_together(x):
    """The whole of x has the mean 0 now, but not each row: ``dim`` is missing."""
    return (x - x.mean()) / x.std()


@standardized_rows.mistake
def by_the_variance(x):
    """The variance is the square of the deviation: divide by its root."""
    variance = x.var(dim=1, keepdim=True)
    return (x - x.mean(dim=1, keepdim=True)) / variance


@exercise(
    "The sum of x[2] to x[5] is the sum up to x[5] minus the sum up to x[1].",
    "Put a 0 before the sums. Then subtract those that begin n places earlier.",
    without="for while avg_pool1d conv1d unfold",
)
def moving_average(x, n):
    """
    The mean of each n neighbours in a row, from ``cumsum``, without a loop.

    :param x: [t]
    :param n: the length of a window, from 1 to t
    :returns: [t - n + 1]
    """
    sums = F.pad(x.cumsum(0), (1, 0))  # [t] => [t + 1], a 0 in front
    return (sums[n:] - sums[:-n]) / n


@moving_average.inputs
def moving_average_inputs():
    t = random_int(2, 6)
    return torch.randint(10, (t,)).float(), random_int(1, t)


@moving_average.must
def average_pooling_gives_the_same(moving_average):
    x = torch.randn(20)
    expected = F.avg_pool1d(x[None], 5, stride=1)[0]
    assert torch.allclose(moving_average(x, 5), expected, atol=1e-5), (
        "F.avg_pool1d gives other means."
    )


@moving_average.mistake
def first_window_missing(x, n):
    """
    The first window is missing. It ends at position n - 1, with nothing before it.
    """
    sums = x.cumsum(0)
    return (sums[n:] - sums[:-n]) / n


@moving_average.mistake
def sums_not_means(x, n):
    """These are the sums of the windows: divide by n."""
    return n * moving_average(x, n)


@moving_average.mistake
def since_the_beginning(x, n):
    """
    Everything since the beginning is in these. What left the window is subtracted.
    """
    return x.cumsum(0)[n - 1 :] / n


@moving_average.mistake
def window_of_n_plus_1(x, n):
    """
    The windows have n + 1 numbers: the difference of two sums leaves the first out.
    """
    sums = F.pad(x.cumsum(0), (1, 0))
    return (sums[n + 1 :] - sums[: -n - 1]) / n
