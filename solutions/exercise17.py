"""
Exercises of lesson 17: gradients of common functions

``python check.py 17`` checks them whenever you save this file.
"""

import math

import torch

from solutions import exercise, random_int


@exercise(
    "The number at index i belongs to x^i. What becomes of a x^i, and of the constant?",
    "``enumerate`` gives index and number together. A constant alone has the slope "
    "[0].",
    without="torch",
)
def polynomial_slope(coefficients):
    """
    The coefficients of the derivative of a polynomial, without torch.

    :param coefficients: a list of ints, that of x^0 first: [5, 0, 2] is 5 + 2 x^2
    :returns: a list in the same order, one shorter; [0] for a constant
    """
    slopes = [i * a for i, a in enumerate(coefficients)]
    return slopes[1:] or [0]


@polynomial_slope.inputs
def polynomial_slope_inputs():
    return ([random_int(-5, 5) for _ in range(random_int(1, 4))],)


@polynomial_slope.must
def autograd_agrees(polynomial_slope):
    for coefficients in [7, -3, 2, 5], [4, 1], [9]:
        slopes = polynomial_slope(coefficients)
        x = torch.tensor([-2.0, 0.5, 3.0], requires_grad=True)
        y = sum(a * x**i for i, a in enumerate(coefficients)).sum()
        gradient = torch.autograd.grad(y, x)[0] if len(coefficients) > 1 else 0 * x
        mine = sum(a * x.detach() ** i for i, a in enumerate(slopes))
        told = f"For {coefficients} autograd has another slope than {slopes}."
        assert slopes, told
        assert len(slopes) == max(len(coefficients) - 1, 1), told
        assert torch.allclose(mine + 0 * x, gradient), told


@polynomial_slope.mistake
def counted_from_1(coefficients):
    """
    The first number belongs to x^0, not to x^1: the derivative of a x^i has the factor
    i of its index.
    """
    slopes = [(i + 1) * a for i, a in enumerate(coefficients)]
    return slopes[1:] or [0]


@polynomial_slope.mistake
def powers_kept(coefficients):
    """The derivative of a x^i is i a x^(i - 1): each number moves one place down."""
    return [i * a for i, a in enumerate(coefficients)]


@polynomial_slope.mistake
def highest_first(coefficients):
    """``numpy.polyfit`` has the highest power first, but here x^0 comes first."""
    n = len(coefficients)
    return [(n - 1 - i) * a for i, a in enumerate(coefficients)][: n - 1] or [0]


@polynomial_slope.mistake
def nothing_left(coefficients):
    """Nothing is left of a constant, but its slope is a number: [0]."""
    return [i * a for i, a in enumerate(coefficients)][1:]


@exercise(
    "Try f = x and g = 1. The quotient is x, and its slope 1. Which sign comes out?",
    "In the numerator the derivative of the upper function comes first.",
)
def quotient_slope(f, df, g, dg, x):
    """
    The derivative of f / g at x, by the quotient rule.

    :param f: a function that takes and returns a tensor, as the next three
    :param df: the derivative of f
    :param g: the function that f is divided by
    :param dg: the derivative of g
    :param x: a tensor of any shape
    :returns: the derivative at each x
    """
    return (df(x) * g(x) - f(x) * dg(x)) / g(x) ** 2


def times_3(x):
    return 3 * x


def three(x):
    return torch.full_like(x, 3)


def square_plus_1(x):
    return x**2 + 1


def double(x):
    return 2 * x


PAIRS = [(torch.sin, torch.cos), (torch.exp, torch.exp), (times_3, three)]
POSITIVE = [(torch.exp, torch.exp), (square_plus_1, double)]


@quotient_slope.inputs
def quotient_slope_inputs():
    f, df = PAIRS[random_int(0, 2)]
    g, dg = POSITIVE[random_int(0, 1)]
    return f, df, g, dg, torch.randn(random_int(1, 3))


@quotient_slope.must
def quotient_slope_is_autograds(quotient_slope):
    x = torch.randn(5, requires_grad=True)
    for f, df in PAIRS:
        for g, dg in POSITIVE:
            gradient = torch.autograd.grad((f(x) / g(x)).sum(), x)[0]
            mine = quotient_slope(f, df, g, dg, x.detach())
            assert torch.allclose(mine, gradient, atol=1e-4), (
                f"Autograd has another slope of {f.__name__} / {g.__name__}."
            )


@quotient_slope.broken
def turned(f, df, g, dg, x):
    """
    The order in the numerator matters: this is the derivative with the other sign.
    """
    return (f(x) * dg(x) - df(x) * g(x)) / g(x) ** 2


@quotient_slope.mistake
def quotient_of_slopes(f, df, g, dg, x):
    """
    The derivative of a quotient is not the quotient of the derivatives. Both functions
    change at the same time.
    """
    return df(x) / dg(x)


@quotient_slope.mistake
def not_squared(f, df, g, dg, x):
    """Below the line stands the square of g."""
    return (df(x) * g(x) - f(x) * dg(x)) / g(x)


@quotient_slope.mistake
def product_rule(f, df, g, dg, x):
    """A plus stands in the rule of the product; that of the quotient has a minus."""
    return (df(x) * g(x) + f(x) * dg(x)) / g(x) ** 2


@exercise(
    "Each operation returns a new pair. Its value is easy. For its slope take the rule "
    "of this lesson: what are f, g, f' and g' here?",
    "In ``self * other``, f is ``self.value`` and f' is ``self.slope``. The sine needs "
    "the chain rule: the slope of what is inside is a factor.",
    without="torch autograd",
)
class Dual:
    """
    A number that carries its derivative along (a dual number), without torch.

    ``x = Dual(2.0, 1.0)`` is the variable x at 2, and ``Dual(3.0, 0.0)`` is a constant.
    Then ``(x * x).value`` is 4.0, and so is ``(x * x).slope``. Each method returns a
    new Dual.
    """

    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def __add__(self, other):
        return type(self)(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        slope = self.slope * other.value + self.value * other.slope
        return type(self)(self.value * other.value, slope)

    def __truediv__(self, other):
        numerator = self.slope * other.value - self.value * other.slope
        return type(self)(self.value / other.value, numerator / other.value**2)

    def sin(self):
        """The sine; ``math.sin`` and ``math.cos`` take plain numbers."""
        return type(self)(math.sin(self.value), math.cos(self.value) * self.slope)


@Dual.must
def dual_stays_as_it_is(Dual):
    a, b = Dual(3.0, 2.0), Dual(4.0, 5.0)
    for new in a + b, a * b, a / b, a.sin():
        assert (a.value, a.slope) == (3, 2), (
            "Dual(3.0, 2.0) itself has changed. An operation makes a new number."
        )
        assert hasattr(new, "slope"), f"An operation returned {new}, which is no Dual."


@Dual.must
def values_are_right(Dual):
    a, b = Dual(3.0, 2.0), Dual(4.0, 5.0)
    values = [(a + b).value, (a * b).value, (a / b).value, a.sin().value]
    for mine, right in zip(values, [7, 12, 0.75, math.sin(3)], strict=True):
        assert abs(mine - right) < 1e-9, f"A value of 3 and 4 is {mine}, not {right}."


@Dual.must
def slopes_follow_the_rules(Dual):
    a, b = Dual(3.0, 2.0), Dual(4.0, 5.0)
    told = "3 with the slope 2, 4 with the slope 5: the slope of the {{}} is {{}}. "
    slope = (a + b).slope
    assert slope == 7, told.format("sum", slope) + "Slopes add: 2 + 5."
    slope = (a * b).slope
    assert slope == 23, told.format("product", slope) + (
        "The derivative of a product is f' g + f g', not f' g'."
    )
    slope = (a / b).slope
    assert abs(slope + 7 / 16) < 1e-9, told.format("quotient", slope) + (
        "The rule is (f' g - f g') / g^2, and the order in the numerator matters."
    )
    slope = a.sin().slope
    assert abs(slope - 2 * math.cos(3)) < 1e-9, told.format("sine", slope) + (
        "By the chain rule the slope of what is inside is a factor of the sine's slope."
    )


@Dual.must
def slopes_are_autograds(Dual):
    def f(x, one):
        return (x * x + x.sin()) / (x * x * x + one) + (x * x).sin()

    for number in -0.5, 1.3, 2.0:
        x = torch.tensor(number, dtype=torch.float64, requires_grad=True)
        gradient = torch.autograd.grad(f(x, 1), x)[0].item()
        slope = f(Dual(number, 1.0), Dual(1.0, 0.0)).slope
        assert abs(slope - gradient) < 1e-9, (
            f"(x x + sin x) / (x x x + 1) + sin(x x) at {number}: autograd disagrees."
        )


@Dual.mistake
class ProductOfSlopes(Dual.solution):
    """The derivative of a product is f' g + f g', not f' g'."""

    def __mul__(self, other):
        return type(self)(self.value * other.value, self.slope * other.slope)


@Dual.mistake
class TurnedQuotient(Dual.solution):
    """The rule is (f' g - f g') / g^2, and the order in the numerator matters."""

    def __truediv__(self, other):
        numerator = self.value * other.slope - self.slope * other.value
        return type(self)(self.value / other.value, numerator / other.value**2)


@Dual.mistake
class InnerSlopeMissing(Dual.solution):
    """By the chain rule the slope of what is inside is a factor of the sine's slope."""

    def sin(self):
        return type(self)(math.sin(self.value), math.cos(self.value))


@Dual.mistake
class ChangedInPlace(Dual.solution):
    """Dual(3.0, 2.0) itself has changed. An operation makes a new number."""

    def __add__(self, other):
        self.value, self.slope = self.value + other.value, self.slope + other.slope
        return self
