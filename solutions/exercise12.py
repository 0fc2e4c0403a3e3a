"""
Exercises of lesson 12: mathematics

``python check.py 12`` checks them whenever you save this file.
"""

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "What does ``torch.round`` make of 0.5, 1.5, 2.5, 3.5? Look at the even numbers.",
    "Compare x - floor(x) with 0.5. Where it is equal, add 1 only if floor(x) is odd.",
    without="round trunc ceil rint",
)
def rounded(x):
    """
    What ``torch.round`` gives, from ``floor`` alone.

    :param x: float32 of any shape
    :returns: the whole number that is nearest to each x, float32
    """
    low = x.floor()
    rest = x - low
    up = (rest > 0.5) | ((rest == 0.5) & (low % 2 == 1))
    return low + up


@rounded.inputs
def rounded_inputs():
    return (torch.randint(-14, 15, (random_int(1, 5),)) / 4,)


@rounded.must
def round_gives_the_same(rounded):
    x = torch.arange(-40, 41) / 8
    wrong = (rounded(x) != x.round()).sum().item()
    assert wrong == 0, f"torch.round disagrees at {wrong} of 81 numbers."


@rounded.mistake
def halves_up(x):
    """
    4.5 became 5. A half goes to the neighbour that is even, so that sums do not drift.
    """
    return (x + 0.5).floor()


@rounded.mistake
def halves_away_from_zero(x):
    """
    Halves go away from zero here, as at school. ``torch.round`` takes the even one.
    """
    return x.sign() * (x.abs() + 0.5).floor()


@rounded.mistake
def never_up(x):
    """``floor`` alone goes down, also from 3.75, which is nearer to 4."""
    return x.floor()


@rounded.mistake
def halves_to_odd(x):
    """Halves go to the odd neighbour here: add 1 where the floor is odd, not even."""
    low = x.floor()
    return low + ((x - low > 0.5) | ((x - low == 0.5) & (low % 2 == 0)))


@exercise(
    "Write the shapes beside each other: [..., in] @ [out, in]. Which sizes agree?",
    "A weight is [out, in]. The product needs it as [in, out].",
    without="linear Linear",
)
def linear_layer(x, w, b):
    """
    What ``nn.Linear`` computes.

    :param x: [..., in], any number of dimensions in front
    :param w: the weight, [out, in]
    :param b: the bias, [out]
    :returns: [..., out]
    """
    return x @ w.t() + b


@linear_layer.inputs
def linear_layer_inputs():
    d_in, d_out = random_int(1, 3), random_int(1, 3)
    front = [random_int(1, 2) for _ in range(random_int(0, 2))]
    x, w = torch.randint(-3, 4, (*front, d_in)), torch.randint(-3, 4, (d_out, d_in))
    return x.float(), w.float(), torch.randint(-3, 4, (d_out,)).float()


@linear_layer.must
def functional_gives_the_same(linear_layer):
    x, w, b = torch.randn(2, 4, 3), torch.randn(5, 3), torch.randn(5)
    assert torch.allclose(linear_layer(x, w, b), F.linear(x, w, b), atol=1e-5), (
        "F.linear gives another result."
    )


@linear_layer.broken
def not_transposed(x, w, b):
    """
    A weight is [out, in]: one row an output. Where in and out are equal, a forgotten
    transpose raises no error.
    """
    return x @ w + b


@linear_layer.mistake
def cut_anew(x, w, b):
    """``view`` cuts the same row of numbers anew. Rows become columns by ``t()``."""
    return x @ w.reshape(w.shape[1], w.shape[0]) + b


@linear_layer.mistake
def without_bias(x, w, b):
    """The bias is missing: x = 0 has to give b."""
    return x @ w.t()


@linear_layer.mistake
def number_by_number(x, w, b):
    """``*`` multiplies number by number. A product of matrices also sums: ``@``."""
    return x * w + b


@exercise(
    "m^8 needs three products: m^2, then m^4 from it, then m^8. Which does m^10 need?",
    "While n is above 0: if n is odd, multiply the result by m. Then square m, and "
    "halve n.",
    without="linalg",
)
def matrix_power(m, n):
    """
    The product of n matrices m, also for an n of a billion, by squaring.

    :param m: [k, k]
    :param n: an int from 0 on; the power 0 is the identity
    :returns: [k, k], of the dtype of m
    """
    result = torch.eye(len(m), dtype=m.dtype)
    while n > 0:
        if n % 2 == 1:
            result = result @ m
        m = m @ m
        n //= 2
    return result


@matrix_power.inputs
def matrix_power_inputs():
    k, n = random_int(2, 3), random_int(0, 6)
    dtype = [torch.float32, torch.float64][random_int(0, 1)]
    return torch.randint(-2, 3, (k, k)).to(dtype), n


@matrix_power.must
def billion_products_are_quick(matrix_power):
    m = torch.tensor([[1.0, 2.0], [0.0, -1.0]], dtype=torch.float64)
    assert matrix_power(m, 0).equal(torch.eye(2).double()), "m^0 is not the identity."
    assert matrix_power(m, 3).equal(m @ m @ m), "m^3 is not m @ m @ m."
    angle = torch.tensor(1e-9, dtype=torch.float64)
    c, s = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([c, -s]), torch.stack([s, c])])
    out, expected = matrix_power(turn, 10**9), torch.linalg.matrix_power(turn, 10**9)
    assert torch.allclose(out, expected, atol=1e-6), (
        "A billion turns of 1e-9 are one turn of 1: torch.linalg has another result."
    )


@matrix_power.mistake
def number_to_the_power(m, n):
    """``**`` raises each number. The power of a matrix is m @ m @ ..."""
    return m**n


@matrix_power.mistake
def one_too_many(m, n):
    """That is one factor too many: the power 0 is the identity, the power 1 is m."""
    return matrix_power(m, n) @ m


@matrix_power.mistake
def never_0(m, n):
    """The power 0 is the identity, as x^0 is 1. Begin with it instead of m."""
    return matrix_power(m, max(n, 1))


@matrix_power.mistake
def ones_to_begin_with(m, n):
    """What leaves a matrix as it is is the identity, ``eye``, not a matrix of ones."""
    return torch.ones_like(m) @ matrix_power(m, n)


@matrix_power.mistake
def float32_identity(m, n):
    """
    ``eye`` is float32 unless told otherwise, and ``@`` needs one dtype on both sides.
    """
    result = torch.eye(len(m))
    for _ in range(n):
        result = result @ m
    return result
