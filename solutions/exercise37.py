"""
Exercises of lesson 37: convolution

``python check.py 37`` checks them whenever you save this file.
"""

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "``F.unfold(x, k, stride=..., padding=...)`` gives [b, c * k * k, places]: each "
    "column is the part of the image under the kernel at one place.",
    "Flatten each kernel to a row, [c_out, c * k * k], and multiply it from the left. "
    "The rows of the map are (h + 2 * padding - k) // stride + 1.",
    without="conv2d Conv2d for while",
)
def convolve_by_matrix(x, weight, bias, stride, padding):
    """
    A convolution by ``F.unfold`` and one matrix product, without ``conv2d`` or a loop.

    :param x: [b, c, h, w]
    :param weight: [c_out, c, k, k]
    :param bias: [c_out]
    :returns: [b, c_out, rows, columns], as ``F.conv2d`` gives it
    """
    b, _, h, _ = x.shape
    c_out, _, k, _ = weight.shape
    patches = F.unfold(x, k, stride=stride, padding=padding)  # [b, c * k * k, places]
    out = weight.flatten(1) @ patches + bias[:, None]  # [b, c_out, places]
    return out.view(b, c_out, (h + 2 * padding - k) // stride + 1, -1)


@convolve_by_matrix.inputs
def convolve_by_matrix_inputs():
    c, c_out, k = random_int(1, 2), random_int(1, 3), random_int(1, 3)
    x = torch.randint(4, (random_int(1, 2), c, random_int(3, 5), random_int(3, 5)))
    weight, bias = torch.randint(-2, 3, (c_out, c, k, k)), torch.randint(5, (c_out,))
    return x.float(), weight.float(), bias.float(), random_int(1, 2), random_int(0, 1)


@convolve_by_matrix.must
def conv2d_gives_the_same(convolve_by_matrix):
    for stride in 1, 2:
        for padding in 0, 1, 2:
            x, weight = torch.randn(2, 3, 6, 8), torch.randn(4, 3, 3, 3)
            bias = torch.randn(4)
            right = F.conv2d(x, weight, bias, stride, padding)
            mine = convolve_by_matrix(x, weight, bias, stride, padding)
            where = f"with stride {stride} and padding {padding}"
            assert mine.shape == right.shape, (
                f"The shape {where} is {list(mine.shape)}, not {list(right.shape)}."
            )
            assert torch.allclose(mine, right, atol=1e-4), (
                f"F.conv2d gives other numbers {where}."
            )


@convolve_by_matrix.mistake
def kernels_cut_across(x, weight, bias, stride, padding):
    """
    [c * k * k, c_out] by ``view`` or ``reshape`` keeps the order of the numbers: a row
    then mixes kernels. Flatten each kernel, [c_out, c * k * k].
    """
    c_out, c, k, _ = weight.shape
    mixed = weight.reshape(c * k * k, c_out).T.reshape(c_out, c, k, k)
    return convolve_by_matrix(x, mixed, bias, stride, padding)


@convolve_by_matrix.mistake
def square_maps_only(x, weight, bias, stride, padding):
    """
    The root of the number of places is right for square images only. Compute the rows
    from h.
    """
    k, c_out = weight.shape[2], weight.shape[0]
    patches = F.unfold(x, k, stride=stride, padding=padding)
    out = weight.flatten(1) @ patches + bias[:, None]
    side = int(patches.shape[2] ** 0.5)
    return out.view(len(x), c_out, side, side)


@convolve_by_matrix.mistake
def bias_by_place(x, weight, bias, stride, padding):
    """
    Shapes meet from the right: [c_out] meets the places. Each kernel has one bias, so
    it needs a 1 behind it.
    """
    k, h, c_out = weight.shape[2], x.shape[2], weight.shape[0]
    patches = F.unfold(x, k, stride=stride, padding=padding)
    out = weight.flatten(1) @ patches + bias
    return out.view(len(x), c_out, (h + 2 * padding - k) // stride + 1, -1)


@convolve_by_matrix.mistake
def padded_on_one_side(x, weight, bias, stride, padding):
    """The padding is on both sides: it makes the image 2 * padding rows higher."""
    k, h, c_out = weight.shape[2], x.shape[2], weight.shape[0]
    patches = F.unfold(x, k, stride=stride, padding=padding)
    out = weight.flatten(1) @ patches + bias[:, None]
    return out.view(len(x), c_out, (h + padding - k) // stride + 1, -1)
