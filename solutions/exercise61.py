"""
Exercises of lesson 61: from noise to data by small steps

``python check.py 61`` checks them whenever you save this file.
"""

import random

import torch

from solutions import exercise, random_int


def growing(x, t):
    """Away from zero, and slower with the time."""
    return x * (2 - t)


def turning(x, t):
    """Around zero, and faster with the time."""
    return 3 * t * torch.stack([-x[:, 1], x[:, 0]], dim=1)


@exercise(
    "A step has two parts: half a step of Euler's method, only to ask there, then the "
    "whole step from where it began.",
    "Step i begins at the time i / steps. Its middle has the time (i + 1/2) / steps.",
)
def midpoint_flow(velocity, x, steps):
    """
    Carry the points x from t = 0 to t = 1 by the midpoint method.

    Each step goes with the velocity at its own middle, not with the one at its
    beginning. Half a step of Euler's method leads to this middle.

    :param velocity: a function of the points [b, 2] and the time, a float => [b, 2]
    :param x: the points at t = 0, [b, 2]; they stay as they are
    :param steps: how many steps there are, an int
    :returns: the points at t = 1, [b, 2]
    """
    for i in range(steps):
        middle = x + velocity(x, i / steps) / (2 * steps)
        x = x + velocity(middle, (i + 0.5) / steps) / steps
    return x


@midpoint_flow.inputs
def midpoint_flow_inputs():
    velocity = random.choice([growing, turning])
    return velocity, torch.randn(random_int(1, 3), 2), random_int(1, 4)


@midpoint_flow.must
def known_paths_are_followed(midpoint_flow):
    def rising(x, t):
        return torch.full_like(x, 2 * t)  # x + t^2, which this method meets exactly

    x = torch.randn(3, 2)
    before = x.clone()
    for steps in 1, 3:
        end = midpoint_flow(rising, x, steps)
        assert torch.allclose(end, before + 1, atol=1e-5), (
            f"With the velocity 2t all numbers grow by 1. In {steps} steps the first "
            f"grew by {(end - before)[0, 0]:.3f}."
        )
        assert torch.equal(x, before), "The points x were changed."

    def exponential(x, t):
        return x  # x e^t, and the method has 1 + h + h^2/2 for each step

    for steps in 1, 2, 10:
        end = midpoint_flow(exponential, x, steps)
        factor = (1 + 1 / steps + 0.5 / steps**2) ** steps
        assert torch.allclose(end, factor * x, rtol=1e-4), (
            f"With the velocity x, {steps} steps multiply x by {factor:.4f}."
        )


@midpoint_flow.mistake
def euler(velocity, x, steps):
    """
    That is Euler's method: each step goes with the velocity of its beginning. Ask again
    in the middle.
    """
    for i in range(steps):
        x = x + velocity(x, i / steps) / steps
    return x


@midpoint_flow.mistake
def old_time(velocity, x, steps):
    """
    The velocity of the middle was asked for with the time of the beginning. Half a step
    later it is another one.
    """
    for i in range(steps):
        middle = x + velocity(x, i / steps) / (2 * steps)
        x = x + velocity(middle, i / steps) / steps
    return x


@midpoint_flow.mistake
def old_place(velocity, x, steps):
    """
    The time is that of the middle, but the point is still that of the beginning. It
    moves in half a step, too.
    """
    for i in range(steps):
        x = x + velocity(x, (i + 0.5) / steps) / steps
    return x


@midpoint_flow.mistake
def from_the_middle(velocity, x, steps):
    """
    The whole step began in the middle, so that each step is one and a half. The middle
    only tells the velocity.
    """
    for i in range(steps):
        x = x + velocity(x, i / steps) / (2 * steps)
        x = x + velocity(x, (i + 0.5) / steps) / steps
    return x


@midpoint_flow.mistake
def the_last_is_missing(velocity, x, steps):
    """The last step is missing: the points end before t = 1."""
    for i in range(steps - 1):
        middle = x + velocity(x, i / steps) / (2 * steps)
        x = x + velocity(middle, (i + 0.5) / steps) / steps
    return x


@midpoint_flow.mistake
def times_up_to_1(velocity, x, steps):
    """
    ``linspace(0, 1, steps)`` ends with 1. The last step begins earlier, at 1 - 1 /
    steps.
    """
    for t in torch.linspace(0, 1, steps).tolist():
        middle = x + velocity(x, t) / (2 * steps)
        x = x + velocity(middle, t + 0.5 / steps) / steps
    return x


@midpoint_flow.mistake
def noise_overwritten(velocity, x, steps):
    """``+=`` writes into the points that were given. ``x = x + ...`` makes new ones."""
    for i in range(steps):
        middle = x + velocity(x, i / steps) / (2 * steps)
        x += velocity(middle, (i + 0.5) / steps) / steps
    return x
