"""
Exercises of lesson 33: regularization

``python check.py 33`` checks them whenever you save this file.
"""

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "A weight that is closer to 0 than the amount has to end at exactly 0.",
    "Shorten ``w.abs()`` by the amount, ``clamp`` it at 0, give it its sign back, and "
    "write it into w under ``no_grad``.",
)
def shrink_step(parameters, amount):
    """
    Moves every weight towards 0 by an amount and no further, after a step of SGD.

    With the amount lr * strength this is an L1 penalty that reaches exact zeros.

    :param parameters: a list of tensors that require gradients; changed in place
    :param amount: a float above 0
    :returns: how many weights are exactly 0 afterwards, an int
    """
    zeros = 0
    with torch.no_grad():
        for w in parameters:
            w.copy_(w.sign() * (w.abs() - amount).clamp(min=0))
            zeros += (w == 0).sum().item()
    return zeros


@shrink_step.inputs
def shrink_step_inputs():
    shapes = [(random_int(2, 4),), (2, random_int(1, 2))][: random_int(1, 2)]
    weights = [torch.randn(shape).requires_grad_() for shape in shapes]
    return weights, random_int(2, 8) / 10


@shrink_step.must
def softshrink_does_the_same(shrink_step):
    w = torch.randn(1000, requires_grad=True)
    right = F.softshrink(w.detach(), 0.5)
    zeros = shrink_step([w], 0.5)
    assert torch.allclose(w.detach(), right), "F.softshrink gives other weights."
    near = (right == 0).sum().item()
    assert zeros == near, f"{near} weights are 0 afterwards; it says {zeros}."
    assert w.requires_grad, "The weights no longer require gradients."


@shrink_step.mistake
def across_zero(parameters, amount):
    """
    Weights near 0 jumped across it, so none is exactly 0. A weight has to stop there.
    """
    with torch.no_grad():
        for w in parameters:
            w -= amount * w.sign()
    return sum((w == 0).sum().item() for w in parameters)


@shrink_step.mistake
def as_l2(parameters, amount):
    """
    A factor is what L2 does: the pull gets weaker near 0, and no weight reaches it. L1
    pulls with the same force all the way.
    """
    with torch.no_grad():
        for w in parameters:
            w *= 1 - amount
    return sum((w == 0).sum().item() for w in parameters)


@shrink_step.mistake
def negative_to_zero(parameters, amount):
    """All negative weights became 0. They have to move up, by the same amount."""
    with torch.no_grad():
        for w in parameters:
            w.copy_((w - amount).clamp(min=0))
    return sum((w == 0).sum().item() for w in parameters)


@shrink_step.mistake
def new_tensors(parameters, amount):
    """
    ``w = ...`` gives the name w to a new tensor. The network keeps the old one: write
    into it.
    """
    zeros = 0
    for w in parameters:
        w = w.sign() * (w.abs() - amount).clamp(min=0)
        zeros += (w == 0).sum().item()
    return zeros


@shrink_step.mistake
def with_autograd(parameters, amount):
    """
    Autograd records what happens to a parameter, and it forbids a change in place. This
    is no part of the loss: do it under ``no_grad``.
    """
    for w in parameters:
        w.copy_(w.sign() * (w.abs() - amount).clamp(min=0))
    return sum((w == 0).sum().item() for w in parameters)
