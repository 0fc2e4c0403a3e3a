"""
Exercises of lesson 18: gradients of activations and losses

``python check.py 18`` checks them whenever you save this file.
"""

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "By the chain rule: one over what is in the logarithm, times its derivative.",
    "e^x / (1 + e^x), divided by e^x above and below, is a function of lesson 18.",
    without="backward grad autograd softplus",
)
def softplus_slope(x):
    """
    The derivative of softplus, ln(1 + e^x), as a formula and for any x.

    :param x: float64 of any shape, from -1000 to 1000
    :returns: the derivative at each x
    """
    return torch.sigmoid(x)


@softplus_slope.inputs
def softplus_slope_inputs():
    x = 3 * torch.randn(random_int(1, 5), dtype=torch.float64)
    x[0] = [0.0, 1000.0, -1000.0][random_int(0, 2)]
    return (x,)


@softplus_slope.must
def softplus_slope_is_autograds(softplus_slope):
    x = torch.linspace(-1000, 1000, 2001, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(F.softplus(x).sum(), x)
    assert torch.allclose(softplus_slope(x.detach()), gradient), "Autograd disagrees."


@softplus_slope.mistake
def exp_over_exp(x):
    """
    The formula is right on paper. In float64 e^1000 is infinite, and infinity divided
    by infinity is NaN. Divide by e^x above and below first.
    """
    return x.exp() / (1 + x.exp())


@softplus_slope.mistake
def sign_turned(x):
    """That falls from 1 to 0; softplus gets steeper as x grows. Look at the sign."""
    return 1 / (1 + x.exp())


@softplus_slope.mistake
def times_x(x):
    """One over what is in the logarithm, and then times the derivative of that: e^x."""
    return 1 / (1 + torch.exp(x)) * x


@exercise(
    "The Jacobian J_ij is p_i (1 - p_i) where i is j, and -p_i p_j elsewhere. What is "
    "the sum over i of g_i J_ij?",
    "The sum is g_j p_j - p_j S, where S is the sum over i of g_i p_i: a number a row.",
    without="backward grad autograd",
)
def softmax_backward(p, g):
    """
    What softmax hands back to its logits.

    :param p: what softmax gave, [b, k]; each row sums to 1
    :param g: the gradient of the loss for p, [b, k]
    :returns: the gradient of the loss for the logits, [b, k]
    """
    return p * (g - (p * g).sum(dim=1, keepdim=True))


@softmax_backward.inputs
def softmax_backward_inputs():
    shape = random_int(1, 4), random_int(2, 4)
    return torch.randn(shape).softmax(dim=1), torch.randn(shape)


@softmax_backward.must
def softmax_backward_is_autograds(softmax_backward):
    a, g = torch.randn(5, 3, requires_grad=True), torch.randn(5, 3)
    p = a.softmax(dim=1)
    (gradient,) = torch.autograd.grad(p, a, g)
    mine = softmax_backward(p.detach(), g)
    assert torch.allclose(mine, gradient, atol=1e-6), "Autograd disagrees."


@softmax_backward.broken
def diagonal_only(p, g):
    """
    This is the diagonal of the Jacobian alone. A logit also changes the probabilities
    of the other classes: the terms -p_i p_j are missing.
    """
    return p * (1 - p) * g


@softmax_backward.mistake
def sum_over_all(p, g):
    """The sum goes over the classes of one sample; here it goes over all samples."""
    return p * (g - (p * g).sum())


@softmax_backward.mistake
def sum_of_g(p, g):
    """The sum has to be over p g, not over g: each gradient weighs as its p does."""
    return p * (g - g.sum(dim=1, keepdim=True))


@exercise(
    "Change one element by +step and by -step, with all others held still, in a loop "
    "over ``range(x.numel())``.",
    "Work on ``x.clone()``, flattened by ``view(-1)``, so that x itself stays; put the "
    "element back before the next one.",
    without="backward grad autograd jacobian",
)
def numeric_gradient(f, x, step=1e-5):
    """
    The gradient of any function by central differences, to check a formula with.

    :param f: takes a tensor like x and returns a number, as a tensor of shape []
    :param x: float64 of any shape; it stays as it is
    :returns: the gradient of f at x, in the shape of x
    """
    moved = x.clone()
    flat, gradient = moved.view(-1), torch.zeros_like(x)
    for i in range(x.numel()):
        flat[i] += step
        above = f(moved)
        flat[i] -= 2 * step
        below = f(moved)
        flat[i] = x.reshape(-1)[i]
        gradient.view(-1)[i] = (above - below) / (2 * step)
    return gradient


@numeric_gradient.inputs
def numeric_gradient_inputs():
    shape = [(3,), (2, 2), (1, 2, 3)][random_int(0, 2)]
    weight = torch.randn(shape, dtype=torch.float64)

    def f(x):
        return (weight * x.sin()).sum() + x.prod()

    return f, torch.randn(shape, dtype=torch.float64)


@numeric_gradient.must
def both_sides_are_used(numeric_gradient):
    x = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    error = (numeric_gradient(lambda x: x.exp().sum(), x) - x.exp()).abs().max().item()
    assert error < 1e-8, (
        f"It is off by {error:.0e} on e^x. A difference to one side is off by about "
        "the step; one to both sides, divided by 2 step, by its square."
    )


@numeric_gradient.mistake
def divided_by_one_step(f, x, step=1e-5):
    """Two steps lie between the two values: divide by 2 step."""
    return 2 * numeric_gradient(f, x, step)


@numeric_gradient.mistake
def x_left_moved(f, x, step=1e-5):
    """
    Each element has to go back to where it was before the next one is moved, and x has
    to stay: work on a clone.
    """
    gradient = torch.zeros_like(x)
    for i in range(x.numel()):
        x.view(-1)[i] += step
        above = f(x)
        x.view(-1)[i] -= 2 * step
        gradient.view(-1)[i] = (above - f(x)) / (2 * step)
    return gradient


@numeric_gradient.mistake
def all_moved_together(f, x, step=1e-5):
    """All elements are moved together: that is the sum of the gradient."""
    return (f(x + step) - f(x - step)) / (2 * step)


@numeric_gradient.mistake
def one_sided(f, x, step=1e-5):
    """A difference to one side is off by about the step;"""
    gradient = torch.zeros_like(x)
    for i in range(x.numel()):
        moved = x.clone()
        moved.view(-1)[i] += step
        gradient.view(-1)[i] = (f(moved) - f(x)) / step
    return gradient
