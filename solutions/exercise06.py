"""
Exercises of lesson 6: data types

``python check.py 6`` checks them whenever you save this file.
"""

import torch

from solutions import exercise, random_int


@exercise(
    "How many elements does a tensor have, and how many bytes does one of them take?",
    "``numel`` and ``element_size`` say it for one tensor; add up the products.",
)
def bytes_of(tensors):
    """
    How many bytes the numbers of all tensors take together.

    :param tensors: a list of tensors of any shape and dtype, no two share memory
    :returns: an int
    """
    return sum(t.numel() * t.element_size() for t in tensors)


@bytes_of.inputs
def bytes_of_inputs():
    types = [torch.bool, torch.uint8, torch.bfloat16, torch.float32, torch.int64]
    tensors = []
    for _ in range(random_int(1, 3)):
        shape = random_int(1, 2), random_int(1, 3)
        tensors.append(torch.zeros(shape, dtype=types[random_int(0, 4)]))
    return (tensors,)


@bytes_of.must
def storage_is_as_large(bytes_of):
    for dtype in torch.bool, torch.float16, torch.float32, torch.complex128:
        x = torch.empty(3, 5, dtype=dtype)
        size, mine = x.untyped_storage().nbytes(), bytes_of([x])
        assert mine == size, f"[3, 5] of {dtype} takes {size} bytes, not {mine}."


@bytes_of.mistake
def elements(tensors):
    """``numel`` counts elements. An int64 takes 8 bytes, a float32 4, a bool 1."""
    return sum(t.numel() for t in tensors)


@bytes_of.mistake
def four_each(tensors):
    """Only float32 and int32 take 4 bytes. ``element_size`` says it for each dtype."""
    return sum(4 * t.numel() for t in tensors)


@bytes_of.mistake
def first_dimension(tensors):
    """``len`` is the size of the first dimension alone, not the number of elements."""
    return sum(len(t) * t.element_size() for t in tensors)


@exercise(
    "Which is the largest number that uint8 holds? What is 200 + 100 there?",
    "Convert the image to float32 before anything is added.",
)
def grey_image(image):
    """
    The mean of red, green and blue at each pixel.

    :param image: uint8 [3, h, w]
    :returns: float32 [h, w]
    """
    return image.float().mean(dim=0)


@grey_image.inputs
def grey_image_inputs():
    shape = 3, random_int(1, 2), random_int(1, 3)
    return (torch.randint(256, shape, dtype=torch.uint8),)


@grey_image.must
def pixels_are_means(grey_image):
    image = torch.tensor([[[200, 1]], [[100, 1]], [[7, 0]]], dtype=torch.uint8)
    mine = grey_image(image).tolist()
    expected = [[307 / 3, 2 / 3]]
    assert torch.tensor(mine).allclose(torch.tensor(expected)), (
        f"The means of 200, 100, 7 and of 1, 1, 0 are {expected}, not {mine}."
    )


@grey_image.broken
def wrapped_at_256(image):
    """
    200 + 100 is 44 in uint8: sums begin again at 0 where they reach 256. Convert before
    you add, not after.
    """
    total = image[0] + image[1] + image[2]
    return total.float() / 3


@grey_image.mistake
def whole_image(image):
    """
    That is one number for the whole image. Each pixel has a mean over its colours.
    """
    return image.float().mean()


@grey_image.mistake
def mean_of_integers(image):
    """``mean`` refuses integers, since its result would not be one. Convert first."""
    return image.mean(dim=0)


@grey_image.mistake
def fraction_dropped(image):
    """``//`` drops what is left after the division: the mean of 1, 1, 0 became 0."""
    return (image.sum(dim=0) // 3).float()


@exercise(
    "A dtype holds all numbers if it holds the smallest and the largest of them.",
    "``torch.iinfo(dtype)`` has ``min`` and ``max``. Try the dtypes in a loop, the "
    "smallest first.",
)
def packed(x):
    """
    The same whole numbers in the smallest dtype that holds them all.

    :param x: int64 of any shape
    :returns: x as the first of uint8, int8, int16, int32, int64 that holds each number
    """
    for dtype in (torch.uint8, torch.int8, torch.int16, torch.int32):
        limits = torch.iinfo(dtype)
        if limits.min <= x.min() and x.max() <= limits.max:
            return x.to(dtype)
    return x


@packed.inputs
def packed_inputs():
    edges = [-(2**31) - 1, -32769, -32768, -129, -128, -1, 0, 127, 128, 255, 256]
    edges += [32767, 32768, 2**31 - 1, 2**31]
    return (torch.tensor([edges[random_int(0, 14)] for _ in range(random_int(1, 3))]),)


@packed.must
def nothing_is_lost(packed):
    for numbers in [0, 255], [-128, 127], [-1, 128], [0, 256], [2**31], [-(2**31)]:
        x = torch.tensor(numbers)
        out = packed(x)
        assert out.tolist() == numbers, f"{numbers} became {out.tolist()}."
        for dtype in torch.uint8, torch.int8, torch.int16, torch.int32:
            if dtype.itemsize < out.element_size():
                fits = x.to(dtype).tolist() == numbers
                assert not fits, f"{numbers} would fit into {dtype}, too."


@packed.mistake
def largest_only(x):
    """Only the largest number was looked at. A negative one does not fit into uint8."""
    for dtype in (torch.uint8, torch.int8, torch.int16, torch.int32):
        if x.max() <= torch.iinfo(dtype).max:
            return x.to(dtype)
    return x


@packed.mistake
def limits_left_out(x):
    """The limits can be stored, too: uint8 holds 0 and 255 themselves."""
    for dtype in (torch.uint8, torch.int8, torch.int16, torch.int32):
        limits = torch.iinfo(dtype)
        if limits.min < x.min() and x.max() < limits.max:
            return x.to(dtype)
    return x


@packed.mistake
def by_absolute_value(x):
    """
    A signed dtype reaches one further below zero than above: int8 holds -128, but not
    128.
    """
    for dtype in (torch.uint8, torch.int8, torch.int16, torch.int32):
        limits = torch.iinfo(dtype)
        if x.abs().max() <= limits.max and (x.min() >= 0 or limits.min < 0):
            return x.to(dtype)
    return x
