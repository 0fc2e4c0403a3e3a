"""
Exercises of lesson 58: a critic that measures a distance

``python check.py 58`` checks them whenever you save this file.
"""

import torch
from torch import nn

from solutions import exercise, random_int


@exercise(
    "Only the last line of the lesson's penalty has to change, and the mixture comes "
    "from the given shares. What is the excess of a slope over 1?",
    "Each point has its own slope, the norm along the features. ``relu`` or ``clamp`` "
    "turns a negative excess into 0, before the square and the mean.",
)
def one_sided_penalty(critic, x, y, share):
    """
    The gradient penalty that only punishes slopes above 1, at points between x and y.

    It is the mean of (slope - 1)^2, in which a slope below 1 counts as 1. It has to
    have a gradient for the weights of the critic.

    :param critic: a function [b, d] => [b, 1]
    :param x: real samples, [b, d]
    :param y: generated samples, [b, d]
    :param share: how much of x is in each mixture, the rest is y, [b, 1]
    :returns: a tensor of shape []
    """
    m = (share * x + (1 - share) * y).requires_grad_()
    gradient = torch.autograd.grad(critic(m).sum(), m, create_graph=True)[0]  # [b, d]
    return ((gradient.norm(dim=1) - 1).relu() ** 2).mean()


@one_sided_penalty.inputs
def one_sided_penalty_inputs():
    b, d = random_int(2, 4), random_int(1, 3)
    critic = nn.Sequential(nn.Linear(d, 4), nn.Tanh(), nn.Linear(4, 1))
    with torch.no_grad():
        critic[2].weight.mul_(5)  # so that some slopes are above 1
    return critic, torch.randn(b, d), torch.randn(b, d), torch.rand(b, 1)


@one_sided_penalty.must
def linear_critic_has_a_formula(one_sided_penalty):
    critic = nn.Linear(2, 1)
    x, y, share = torch.randn(4, 2), torch.randn(4, 2), torch.rand(4, 1)
    for weight, expected in ([0.6, 0.3], 0.0), ([3.0, 4.0], 16.0):
        with torch.no_grad():
            critic.weight.copy_(torch.tensor([weight]))
        penalty = one_sided_penalty(critic, x, y, share).detach()
        assert torch.isclose(penalty, torch.tensor(expected), atol=1e-5), (
            f"The linear critic with the weights {weight} has the penalty "
            f"{penalty:.4f}, not {expected}."
        )
    penalty = one_sided_penalty(critic, x, y, share)
    assert penalty.requires_grad, (
        "The penalty has no gradient for the weights: the first gradient was computed "
        "without a graph of its own."
    )
    gradient = torch.autograd.grad(penalty, critic.weight)[0]
    expected = 2 * (5 - 1) * torch.tensor([[3.0, 4.0]]) / 5
    assert torch.allclose(gradient, expected, atol=1e-4), (
        f"The weights [3, 4] have the gradient {gradient.tolist()}, "
        f"not {expected.tolist()}."
    )


def bowl(x):
    """The function |x|^2, with the slope 2 |x|."""
    return (x**2).sum(dim=1, keepdim=True)


@one_sided_penalty.must
def slopes_differ_in_a_bowl(one_sided_penalty):
    x, y = torch.tensor([[0.0], [4.0]]), torch.tensor([[0.0], [0.0]])
    share = torch.tensor([[0.5], [0.25]])  # the points are 0 and 1, the slopes 0 and 2
    penalty = one_sided_penalty(bowl, x, y, share)
    assert torch.isclose(penalty, torch.tensor(0.5)), (
        f"Two points have the slopes 0 and 2. The penalty is {penalty:.2f}, not 0.50."
    )


@one_sided_penalty.mistake
def without_graph(critic, x, y, share):
    """The penalty has no gradient for the weights"""
    m = (share * x + (1 - share) * y).requires_grad_()
    gradient = torch.autograd.grad(critic(m).sum(), m)[0]
    return ((gradient.norm(dim=1) - 1).relu() ** 2).mean()


@one_sided_penalty.mistake
def two_sided(critic, x, y, share):
    """This also punishes slopes below 1, as the lesson's penalty does."""
    m = (share * x + (1 - share) * y).requires_grad_()
    gradient = torch.autograd.grad(critic(m).sum(), m, create_graph=True)[0]
    return ((gradient.norm(dim=1) - 1) ** 2).mean()


@one_sided_penalty.mistake
def norm_of_the_batch(critic, x, y, share):
    """``norm()`` without ``dim`` is one norm of all points. Each has its own slope."""
    m = (share * x + (1 - share) * y).requires_grad_()
    gradient = torch.autograd.grad(critic(m).sum(), m, create_graph=True)[0]
    return (gradient.norm() - 1).relu() ** 2


@one_sided_penalty.mistake
def mean_slope(critic, x, y, share):
    """
    The mean slope is limited here. A slope above 1 then hides behind one below 1: the
    mean comes last.
    """
    m = (share * x + (1 - share) * y).requires_grad_()
    gradient = torch.autograd.grad(critic(m).sum(), m, create_graph=True)[0]
    return (gradient.norm(dim=1).mean() - 1).relu() ** 2


@one_sided_penalty.mistake
def share_of_y(critic, x, y, share):
    """The shares are those of x. Here they are given to y."""
    return one_sided_penalty(critic, y, x, share)


@one_sided_penalty.mistake
def at_generated_points(critic, x, y, share):
    """The slope is limited at y alone. The points are mixtures of x and y."""
    return one_sided_penalty(critic, y, y, share)
