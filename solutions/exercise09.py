"""
Exercises of lesson 9: reshaping

``python check.py 9`` checks them whenever you save this file.
"""

import math

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "How many numbers lie between an element and its neighbour in the last dimension?",
    "One step along a dimension jumps over all elements of the dimensions after it.",
    without="torch",
)
def strides_of(shape):
    """
    The strides of a contiguous tensor: how far apart neighbours lie in memory.

    :param shape: a list of ints
    :returns: a list of ints, one a dimension
    """
    return [math.prod(shape[i + 1 :]) for i in range(len(shape))]


@strides_of.inputs
def strides_of_inputs():
    return ([random_int(1, 5) for _ in range(random_int(1, 4))],)


@strides_of.must
def torch_has_the_same(strides_of):
    for shape in [7], [2, 3], [4, 3, 28, 32]:
        strides, mine = list(torch.empty(shape).stride()), list(strides_of(shape))
        assert mine == strides, (
            f"A tensor {shape} has the strides {strides}, not {mine}."
        )


@strides_of.mistake
def own_size_too(shape):
    """
    The last stride is 1. A stride is the product of the sizes after its dimension,
    without its own.
    """
    return [math.prod(shape[i:]) for i in range(len(shape))]


@strides_of.mistake
def from_the_left(shape):
    """
    The last dimension is the one whose neighbours lie side by side, not the first.
    """
    return [math.prod(shape[:i]) for i in range(len(shape))]


@strides_of.mistake
def in_bytes(shape):
    """PyTorch counts strides in elements, NumPy in bytes."""
    return [4 * stride for stride in strides_of(shape)]


@exercise(
    "``view`` only cuts the same row of numbers another way. Which call reorders them?",
    "``permute`` takes the old positions in their new order. The position of c was 1.",
)
def channels_last(images):
    """
    Images as plotting libraries want them: the channels in the last dimension.

    :param images: [b, c, h, w]
    :returns: [b, h, w, c]
    """
    return images.permute(0, 2, 3, 1)


@channels_last.inputs
def channels_last_inputs():
    b, c, h, w = random_int(1, 2), random_int(1, 3), random_int(1, 3), random_int(1, 3)
    return (torch.randint(10, (b, c, h, w)),)


@channels_last.must
def pixels_keep_their_place(channels_last):
    images = torch.arange(2 * 3 * 4 * 5).view(2, 3, 4, 5)
    out = channels_last(images)
    for row in range(4):
        for column in range(5):
            assert out[1, row, column].equal(images[1, :, row, column]), (
                f"The colours of the pixel [{row}, {column}] are not together."
            )


@channels_last.broken
def viewed(images):
    """
    ``view`` keeps the order in memory and cuts it anew, so that pixels get mixed up. A
    new order of dimensions needs ``permute``.
    """
    b, c, h, w = images.shape
    return images.view(b, h, w, c)


@channels_last.mistake
def swapped(images):
    """
    ``transpose(1, 3)`` exchanges c and w, which gives [b, w, h, c]: the images lie on
    their side.
    """
    return images.transpose(1, 3)


@channels_last.mistake
def other_way_round(images):
    """
    ``permute`` asks for each new dimension which old one it was. This gives [b, w, c,
    h].
    """
    return images.permute(0, 3, 1, 2)


@exercise(
    "Split h into [h / size, size] and w into [w / size, size] first. That is six "
    "dimensions.",
    "``permute`` the six to [b, rows of patches, columns of patches, c, size, size], "
    "and merge.",
    without="for while unfold",
)
def patches(images, size):
    """
    Cut images into square patches, without a loop and without ``unfold``.

    The patches follow row by row; a patch has all of its first channel, then the next.

    :param images: [b, c, h, w]
    :param size: a divisor of h and of w
    :returns: [b, n, c * size * size] with n = (h / size) * (w / size)
    """
    b, c, h, w = images.shape
    x = images.view(b, c, h // size, size, w // size, size)
    x = x.permute(0, 2, 4, 1, 3, 5)
    return x.reshape(b, -1, c * size * size)


@patches.inputs
def patches_inputs():
    b, c, size = random_int(1, 2), random_int(1, 2), random_int(1, 2)
    h, w = size * random_int(1, 3), size * random_int(1, 3)
    return torch.randint(10, (b, c, h, w)), size


@patches.must
def unfold_gives_the_same(patches):
    images = torch.arange(2.0 * 3 * 4 * 6).view(2, 3, 4, 6)
    expected = F.unfold(images, 2, stride=2).transpose(1, 2)
    assert patches(images, 2).equal(expected), "F.unfold gives other patches."


@patches.mistake
def only_viewed(images, size):
    """
    The shape fits, but each patch is a piece of a row. Split h and w in two first, then
    ``permute``.
    """
    b, c, _, _ = images.shape
    return images.reshape(b, -1, c * size * size)


@patches.mistake
def split_the_other_way(images, size):
    """
    [size, h / size] takes rows from all over the image. Rows of one patch are
    neighbours: [h / size, size].
    """
    b, c, h, w = images.shape
    x = images.view(b, c, size, h // size, size, w // size)
    return x.permute(0, 3, 5, 1, 2, 4).reshape(b, -1, c * size * size)


@patches.mistake
def colours_of_a_pixel(images, size):
    """
    A patch holds all of its first channel, then the next: c stands before the rows.
    """
    b, c, h, w = images.shape
    x = images.view(b, c, h // size, size, w // size, size)
    return x.permute(0, 2, 4, 3, 5, 1).reshape(b, -1, c * size * size)


@patches.mistake
def column_by_column(images, size):
    """The patches follow column by column here, and row by row in the task."""
    b, c, h, w = images.shape
    x = images.view(b, c, h // size, size, w // size, size)
    return x.permute(0, 4, 2, 1, 3, 5).reshape(b, -1, c * size * size)
