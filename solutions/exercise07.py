"""
Exercises of lesson 7: creating tensors

``python check.py 7`` checks them whenever you save this file.
"""

import math

import torch

from solutions import exercise, random_int


@exercise(
    "Write down ``torch.arange(0, 7, 3)``. Is the end itself in it?",
    "Divide the way from start to end by the step. A step that was begun counts.",
    without="torch arange range",
)
def count_arange(start, end, step):
    """
    How many numbers ``torch.arange(start, end, step)`` holds.

    :param start: an int
    :param end: an int, which the steps go towards
    :param step: an int, positive or negative
    :returns: an int
    """
    return math.ceil((end - start) / step)


@count_arange.inputs
def count_arange_inputs():
    start, sign = random_int(-5, 5), [-1, 1][random_int(0, 1)]
    return start, start + sign * random_int(1, 12), sign * random_int(1, 4)


@count_arange.must
def arange_is_as_long(count_arange):
    for start, end, step in (0, 7, 3), (0, 6, 3), (2, -5, -2), (1, 2, 9):
        count, mine = (
            len(torch.arange(start, end, step)),
            count_arange(start, end, step),
        )
        assert mine == count, (
            f"arange({start}, {end}, {step}) holds {count} numbers, not {mine}."
        )


@count_arange.mistake
def whole_steps(start, end, step):
    """The last number comes after a step that does not reach the end: round up."""
    return (end - start) // step


@count_arange.mistake
def end_included(start, end, step):
    """The end is left out, as in Python's ``range``: 0 to 6 in steps of 3 is 0, 3."""
    return (end - start) // step + 1


@count_arange.mistake
def start_taken_as_0(start, end, step):
    """It counts from start, not from 0: the way is end - start."""
    return math.ceil(end / step)


@exercise(
    "``rand`` lies in [0, 1). Into which interval does a product with 3 put it?",
    "Multiply by the width of the interval, then move its beginning to ``low``.",
)
def uniform(low, high, shape):
    """
    Random numbers, each value in [low, high) as likely as any other.

    :param shape: a tuple
    :returns: float32 of that shape
    """
    return low + (high - low) * torch.rand(shape)


@uniform.must
def interval_is_filled(uniform):
    x = uniform(5, 8, (50, 200))
    assert x.shape == (50, 200), f"The shape is {x.shape}, expected (50, 200)."
    assert x.dtype == torch.float32, f"The dtype is {x.dtype}, expected float32."
    low, high = x.min().item(), x.max().item()
    text = f"uniform(5, 8, ...) reaches from {low:.2f} to {high:.2f}. "
    assert (x != x.floor()).any(), (
        "All numbers are whole: ``randint`` draws integers, ``rand`` draws all between."
    )
    assert high < 8.01, text + "The width of the interval is high - low, not high."
    assert low > 4.99, text + "The numbers begin at 0: ``low`` has to be added."
    even = abs(x.mean().item() - 6.5) < 0.05 and abs(x.std().item() - 0.866) < 0.05
    assert even, text + "It is not filled evenly."
    again = uniform(5, 8, (50, 200))
    assert not torch.equal(x, again), "Two calls gave the same numbers."


@uniform.broken
def too_wide(low, high, shape):
    """The width of the interval is high - low, not high."""
    return torch.rand(shape) * high + low


@uniform.mistake
def from_zero(low, high, shape):
    """The numbers begin at 0: ``low`` has to be added."""
    return (high - low) * torch.rand(shape)


@uniform.mistake
def integers(low, high, shape):
    """All numbers are whole: ``randint`` draws integers, ``rand`` draws all between."""
    return torch.randint(low, high, shape).float()


@exercise(
    "A sample and its label have to move to the same place.",
    "``torch.randperm(n)`` is one order of n positions; both tensors can be indexed "
    "with it.",
)
def shuffled_pairs(x, y):
    """
    Samples and labels in a new random order, the same one for both.

    :param x: [n, d]; it stays as it is
    :param y: [n]; it stays as it is
    :returns: a tuple: x and y in the new order
    """
    order = torch.randperm(len(x))
    return x[order], y[order]


@shuffled_pairs.must
def pairs_stay_together(shuffled_pairs):
    y = torch.arange(50)
    x = torch.stack([y, -y], dim=1)
    new_x, new_y = shuffled_pairs(x, y)
    assert y.tolist() == list(range(50)), "y itself has changed; it has to stay."
    assert x[:, 0].equal(y), (
        "x itself has changed: the order has to be in a new tensor, not in x."
    )
    assert new_x.shape == x.shape, f"The shape of x is {new_x.shape} now."
    assert not new_x.equal(x), "x is in its old order."
    assert new_x[:, 0].unique().numel() == 50, (
        "Some samples came twice, others never: ``randint`` may draw a position again."
    )
    assert new_x[:, 0].equal(new_y), (
        "x and y got different orders, so that samples have lost their labels."
    )
    assert new_x.sum() == 0, "A sample is not whole: its row was taken apart."
    assert not shuffled_pairs(x, y)[1].equal(new_y), (
        "Each call gives the same order: a seed inside the function makes it so."
    )


@shuffled_pairs.mistake
def two_orders(x, y):
    """x and y got different orders, so that samples have lost their labels."""
    return x[torch.randperm(len(x))], y[torch.randperm(len(y))]


@shuffled_pairs.mistake
def drawn_again(x, y):
    """Some samples came twice, others never: ``randint`` may draw a position again."""
    order = torch.randint(len(x), (len(x),))
    return x[order], y[order]


@shuffled_pairs.mistake
def in_place(x, y):
    """x itself has changed: the order has to be in a new tensor, not in x."""
    order = torch.randperm(len(x))
    x[:] = x[order]
    return x, y[order]


@shuffled_pairs.mistake
def same_each_time(x, y):
    """Each call gives the same order: a seed inside the function makes it so."""
    torch.manual_seed(1)
    order = torch.randperm(len(x))
    return x[order], y[order]
