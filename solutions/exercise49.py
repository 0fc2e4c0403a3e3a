"""
Exercises of lesson 49: forecasting a series

``python check.py 49`` checks them whenever you save this file.
"""

import torch

from solutions import exercise, random_int


@exercise(
    "A forecaster stands at the position ``end``. Which mean and which standard "
    "deviation can he know?",
    "Compute both numbers from ``series[:end]``, and use the same two for both parts.",
)
def time_split(series, end):
    """
    The first part of a series to train on and the rest to test on, both standardised.

    The mean and the standard deviation (``Tensor.std``) know nothing of the future.

    :param series: one number for each year, [t]
    :param end: the number of years to train on
    :returns: the training part, [end], and the test part, [t - end], as a tuple
    """
    mean, std = series[:end].mean(), series[:end].std()
    return (series[:end] - mean) / std, (series[end:] - mean) / std


@time_split.inputs
def time_split_inputs():
    t = random_int(6, 9)
    series = torch.arange(t) + torch.randint(4, (t,))
    return series.float(), random_int(3, t - 2)


@time_split.must
def future_is_not_known(time_split):
    series = torch.tensor([1.0, 3.0, 5.0, 7.0, 9.0])
    train, test = time_split(series, 3)
    assert train.tolist() == [-1, 0, 1], (
        f"1, 3, 5 have the mean 3 and the standard deviation 2, so they become "
        f"-1, 0, 1. This gives {train.tolist()}."
    )
    assert test.tolist() == [2, 3], (
        f"On the same scale 7 and 9 are 2 and 3, not {test.tolist()}."
    )


@time_split.broken
def scaled_by_all(series, end):
    """
    The mean of all years knows the future: a later rise moves the training part down.
    Take both numbers from the training years alone.
    """
    z = (series - series.mean()) / series.std()
    return z[:end], z[end:]


@time_split.mistake
def each_by_itself(series, end):
    """
    The test part is scaled by its own mean. A forecaster does not know it, and a rise
    from one part to the other disappears.
    """
    train, test = series[:end], series[end:]
    return (train - train.mean()) / train.std(), (test - test.mean()) / test.std()


@time_split.mistake
def drawn_at_random(series, end):
    """
    Random years are no forecast: training knows the years around each test year. The
    test part has to be later than the training part.
    """
    return time_split(series[torch.randperm(len(series))], end)


@time_split.mistake
def test_not_scaled(series, end):
    """
    The network has learned on standardised numbers, so it needs test numbers on the
    same scale.
    """
    return time_split(series, end)[0], series[end:]


@time_split.mistake
def scaled_to_0_and_1(series, end):
    """
    This scales the smallest number to 0 and the largest to 1. The task asks for the
    mean 0 and the standard deviation 1.
    """
    low, high = series[:end].min(), series[:end].max()
    return (series[:end] - low) / (high - low), (series[end:] - low) / (high - low)
