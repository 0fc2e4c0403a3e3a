"""
Exercises of lesson 39: pooling and sampling

``python check.py 39`` checks them whenever you save this file.
"""

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "Print the blocks for k = 2 and a width of 4: which pixels are in the first one?",
    "Split h into [h / k, k] and w into [w / k, k], each where it stands. The maximum "
    "goes over the two dimensions of size k.",
    without="max_pool2d MaxPool2d for while",
)
def block_maxima(x, k):
    """
    The largest number of each k x k block, as ``F.max_pool2d(x, k)`` gives it.

    It takes a reshape and a maximum, without a loop.

    :param x: [b, c, h, w]; k divides h and w
    :returns: [b, c, h / k, w / k]
    """
    b, c, h, w = x.shape
    blocks = x.reshape(b, c, h // k, k, w // k, k)
    return blocks.amax(dim=(3, 5))


@block_maxima.inputs
def block_maxima_inputs():
    b, c, k = random_int(1, 2), random_int(1, 2), random_int(2, 3)
    h, w = k * random_int(1, 2), k * random_int(1, 2)
    return torch.randperm(b * c * h * w).view(b, c, h, w), k


@block_maxima.must
def max_pool2d_gives_the_same(block_maxima):
    for k in 1, 2, 3:
        x = torch.randn(2, 3, 2 * k, 4 * k)
        right, mine = F.max_pool2d(x, k), block_maxima(x, k)
        assert mine.shape == right.shape, (
            f"With k = {k}, {list(x.shape)} became {list(mine.shape)}."
        )
        assert torch.equal(mine, right), f"F.max_pool2d gives others for k = {k}."


@block_maxima.broken
def blocks_of_one_row(x, k):
    """
    The memory goes row by row: these are k * k pixels of a row, or of rows that are
    full. A block has pixels of k rows.
    """
    b, c, h, w = x.shape
    blocks = x.reshape(b, c, h // k, w // k, k, k)
    return blocks.amax(dim=(4, 5))


@block_maxima.mistake
def over_the_blocks(x, k):
    """
    The maximum goes over the blocks, for each place in them. It has to go over the
    places, for each block.
    """
    b, c, h, w = x.shape
    return x.reshape(b, c, h // k, k, w // k, k).amax(dim=(2, 4))


@block_maxima.mistake
def last_dimensions(x, k):
    """
    Dimension 4 counts the blocks of a row. The places in a block are dimensions 3 and
    5.
    """
    b, c, h, w = x.shape
    return x.reshape(b, c, h // k, k, w // k, k).amax(dim=(4, 5))


@block_maxima.mistake
def one_pixel_of_each(x, k):
    """A step of k takes the first pixel of each block, whatever the others are."""
    return x[:, :, ::k, ::k]
