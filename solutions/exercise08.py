"""
Exercises of lesson 8: indexing and slicing

``python check.py 8`` checks them whenever you save this file.
"""

import torch

from solutions import exercise, random_int


@exercise(
    "An index that is written first belongs to the first dimension, which is b.",
    "``...`` stands for all dimensions that are not written. A range has a third "
    "number, the step.",
)
def quarter(images):
    """
    Every other row and every other column of each image, without a copy.

    :param images: [b, c, h, w]
    :returns: [b, c, h / 2, w / 2], rounded up, in the memory of ``images``
    """
    return images[..., ::2, ::2]


@quarter.inputs
def quarter_inputs():
    return (
        torch.randint(
            10, (random_int(1, 3), random_int(1, 3), random_int(3, 6), random_int(3, 6))
        ),
    )


@quarter.must
def quarter_is_a_view(quarter):
    images = torch.arange(1.0, 1 + 2 * 3 * 4 * 6).view(2, 3, 4, 6)
    rows = quarter(images)[1, 2].tolist()
    expected = []
    for row in 0, 2:
        expected.append([images[1, 2, row, column].item() for column in (0, 2, 4)])
    assert rows == expected, f"The last image holds {rows}, expected {expected}."
    images[:] = 0
    quarter(images)[:] = 1
    assert images.any(), (
        "The numbers are right, but they are a copy: what is written into the result "
        "does not reach images. A list of positions copies, a range does not."
    )


@quarter.mistake
def first_two_dimensions(images):
    """``[::2, ::2]`` takes every other image and channel: it counts from the left."""
    return images[::2, ::2]


@quarter.mistake
def from_row_1(images):
    """This begins with row 1 and column 1. A range without a start begins at 0."""
    return images[..., 1::2, 1::2]


@quarter.mistake
def copied(images):
    """The numbers are right, but they are a copy"""
    return images[..., ::2, ::2].clone()


@exercise(
    "What is left untouched is one range of rows and one range of columns. Which?",
    "Make a mask that is True everywhere, set its inner part to False, and assign to "
    "``images[..., mask]``.",
)
def clear_border(images):
    """
    Set the outermost rows and columns of all images to 0, in ``images`` itself.

    :param images: [b, c, h, w]; it is changed, and nothing is returned
    """
    mask = torch.ones(images.shape[-2:], dtype=torch.bool)
    mask[1:-1, 1:-1] = False
    images[..., mask] = 0


@clear_border.inputs
def clear_border_inputs():
    return (
        torch.randint(
            1,
            10,
            (random_int(1, 2), random_int(1, 2), random_int(3, 6), random_int(3, 6)),
        ),
    )


@clear_border.must
def border_is_cleared(clear_border):
    images = torch.ones(2, 1, 4, 5)
    clear_border(images)
    assert images.sum() == 2 * 2 * 3, "Of 4 rows and 5 columns, 2 and 3 are not border."


@clear_border.broken
def zeros_in_a_copy(images):
    """
    ``images[..., [0, -1], :]`` copies, since a list is an index: the zeros are written
    into the copy. An assignment reaches ``images`` if it has one pair of brackets.
    """
    images[..., [0, -1], :][:] = 0
    images[..., :, [0, -1]][:] = 0


@clear_border.mistake
def corners(images):
    """``[0, -1], [0, -1]`` are read in pairs: these are two corners of each image."""
    images[..., [0, -1], [0, -1]] = 0


@clear_border.mistake
def inner_part(images):
    """The inner part became 0, and the border is left: it is the other way round."""
    images[..., 1:-1, 1:-1] = 0


@clear_border.mistake
def first_row_and_column(images):
    """The last row and column are still there: their position is -1."""
    images[..., 0, :] = 0
    images[..., :, 0] = 0


@exercise(
    "Which rows does image i need? ``top[i]``, ``top[i] + 1``, ... For all images at "
    "once that is a [b, size] tensor, from a sum that broadcasts.",
    "Three index tensors are read together. Let them broadcast: the image [b, 1, 1], "
    "the row [b, size, 1], the column [b, 1, size].",
    without="for while",
)
def windows(images, top, left, size):
    """
    A square window of each image, at its own place, without a loop.

    :param images: [b, h, w]
    :param top: the first row of each window, [b]
    :param left: the first column of each window, [b]
    :param size: rows and columns of a window
    :returns: [b, size, size]
    """
    steps = torch.arange(size)
    image = torch.arange(len(images))[:, None, None]  # [b, 1, 1]
    row = (top[:, None] + steps)[:, :, None]  # [b, size, 1]
    column = (left[:, None] + steps)[:, None, :]  # [b, 1, size]
    return images[image, row, column]  # => [b, size, size]


@windows.inputs
def windows_inputs():
    b, h, w = random_int(1, 3), random_int(4, 7), random_int(4, 7)
    side = random_int(2, 3)
    top = torch.randint(h - side + 1, (b,))
    left = torch.randint(w - side + 1, (b,))
    return torch.randint(10, (b, h, w)), top, left, side


@windows.must
def windows_are_slices(windows):
    images = torch.arange(2 * 5 * 6).view(2, 5, 6)
    out = windows(images, torch.tensor([0, 3]), torch.tensor([4, 1]), 2)
    slices = torch.stack([images[0, 0:2, 4:6], images[1, 3:5, 1:3]])
    assert torch.equal(out, slices), "Slices of two images give other windows."


@windows.mistake
def diagonals(images, top, left, size):
    """
    Lists of positions are read in pairs, row with column: that is the diagonal of each
    window. For all rows with all columns let [b, size, 1] meet [b, 1, size].
    """
    steps = torch.arange(size)
    image = torch.arange(len(images))[:, None]
    return images[image, top[:, None] + steps, left[:, None] + steps]


@windows.mistake
def one_place_for_all(images, top, left, size):
    """All windows are cut at the place of the first; each image has its own."""
    return images[:, top[0] : top[0] + size, left[0] : left[0] + size]


@windows.mistake
def transposed(images, top, left, size):
    """The windows are transposed: rows are [b, size, 1], columns [b, 1, size]."""
    steps = torch.arange(size)
    image = torch.arange(len(images))[:, None, None]
    row = (top[:, None] + steps)[:, None, :]
    column = (left[:, None] + steps)[:, :, None]
    return images[image, row, column]
