"""
Exercises of lesson 31: underfitting and overfitting

``python check.py 31`` checks them whenever you save this file.
"""

import numpy as np
import torch

from solutions import exercise, random_int


def fit(x, y, degree):
    """The coefficients [degree + 1] of the least squared error."""
    powers = torch.vander(x, N=degree + 1)  # [b] => [b, degree + 1]
    return torch.linalg.lstsq(powers, y.unsqueeze(1)).solution.squeeze(1)


def polynomial(x, w):
    """The values [b] of the polynomial with the coefficients w."""
    return torch.vander(x, N=len(w)) @ w


@exercise(
    "Which points fit a polynomial, and which points judge it?",
    "Fit each degree to x and y. Compare its values at x_new with y_new: the lowest "
    "mean squared error wins.",
)
def choose_degree(x, y, x_new, y_new, degrees):
    """
    The degree whose polynomial, fitted to the points x and y, is best on new points.

    ``fit`` and ``polynomial`` above are those of the lesson.

    :param x: [n], and y: [n]: the points to fit to
    :param x_new: [m], and y_new: [m]: the new points
    :param degrees: the degrees to choose from, a list of ints
    :returns: the degree with the lowest mean squared error on the new points, an int
    """
    errors = []
    for degree in degrees:
        w = fit(x, y, degree)
        errors.append((polynomial(x_new, w) - y_new).square().mean().item())
    return degrees[errors.index(min(errors))]


def noisy_sine(n):
    x = torch.linspace(-1, 1, n, dtype=torch.float64)
    return x, torch.sin(3 * x) + 0.3 * torch.randn_like(x)


@choose_degree.inputs
def choose_degree_inputs():
    x, y = noisy_sine(random_int(7, 9))
    x_new, y_new = noisy_sine(random_int(4, 6))
    return x, y, x_new, y_new, torch.randperm(7)[:4].sort().values.tolist()


@choose_degree.must
def numpy_chooses_the_same(choose_degree):
    for _ in range(20):
        x, y, x_new, y_new, degrees = choose_degree_inputs()
        errors = {}
        for degree in degrees:
            curve = np.poly1d(np.polyfit(x.numpy(), y.numpy(), degree))
            errors[degree] = np.square(curve(x_new.numpy()) - y_new.numpy()).mean()
        best = min(errors, key=errors.get)
        mine = choose_degree(x, y, x_new, y_new, degrees)
        assert mine == best, f"numpy.polyfit finds degree {best}, not {mine}."


@choose_degree.mistake
def by_training_error(x, y, x_new, y_new, degrees):
    """
    The error on the points of the fit falls with every degree. It always chooses the
    largest.
    """
    return choose_degree(x, y, x, y, degrees)


@choose_degree.mistake
def fitted_to_all(x, y, x_new, y_new, degrees):
    """
    The new points were part of the fit. They cannot judge it then: a flexible curve
    passes near them, too.
    """
    x, y = torch.cat([x, x_new]), torch.cat([y, y_new])
    return choose_degree(x, y, x_new, y_new, degrees)


@choose_degree.mistake
def place_in_the_list(x, y, x_new, y_new, degrees):
    """That is the place of the degree in the list, counted from 0."""
    return degrees.index(choose_degree(x, y, x_new, y_new, degrees))


@choose_degree.mistake
def errors_cancel(x, y, x_new, y_new, degrees):
    """
    Differences above and below the curve cancel in the mean. Square them before you
    take it.
    """
    errors = []
    for degree in degrees:
        w = fit(x, y, degree)
        errors.append((polynomial(x_new, w) - y_new).mean().abs().item())
    return degrees[errors.index(min(errors))]
