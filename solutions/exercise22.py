"""
Exercises of lesson 22: a function with four minima

``python check.py 22`` checks them whenever you save this file.
"""

import torch

from solutions import exercise, random_int


@exercise(
    "Adam divides its mean of the gradients by the root of its mean of their squares. "
    "What is left of a number that is divided by its own size?",
    "The size is gone after one step, and the sign is left. A step goes against it.",
    without="optim",
)
def first_adam_step(gradient, lr):
    """
    What the first step of ``torch.optim.Adam`` adds to a parameter.

    Its eps is too small to matter, except that a gradient of 0 gives no step.

    :param gradient: of any shape, each number 0 or at least 0.01 in size
    :returns: the step, in the shape of the gradient
    """
    return -lr * gradient.sign()


@first_adam_step.inputs
def first_adam_step_inputs():
    gradient = torch.randint(-5, 6, (random_int(2, 4),)) * 10 ** random_int(-2, 2)
    return gradient.float(), random_int(1, 9) / 10


@first_adam_step.must
def step_is_that_of_adam(first_adam_step):
    p = torch.zeros(2, 2, requires_grad=True)
    p.grad = torch.tensor([[300.0, -0.02], [0.0, -7.0]])
    gradient = p.grad.clone()
    torch.optim.Adam([p], lr=0.3).step()
    assert torch.allclose(first_adam_step(gradient, 0.3), p.detach(), atol=1e-5), (
        f"For the gradients {gradient.tolist()} Adam moves by {p.tolist()}."
    )


@first_adam_step.mistake
def step_of_sgd(gradient, lr):
    """
    That is the step of SGD. Adam divides by the size of the gradient, so only its sign
    is left at first.
    """
    return -lr * gradient


@first_adam_step.mistake
def up_the_slope(gradient, lr):
    """The size is right, but this step climbs. A descent goes against the gradient."""
    return lr * gradient.sign()


@first_adam_step.mistake
def averages_not_corrected(gradient, lr):
    """
    Both averages begin at 0 and are too small at first. Adam corrects this, and without
    it the step is 3.16 times as long.
    """
    mean, square = 0.1 * gradient, 0.001 * gradient**2
    return -lr * mean / (square.sqrt() + 1e-8)


@first_adam_step.mistake
def divided_by_the_length(gradient, lr):
    """
    Adam treats each coordinate apart. It does not divide by the length of the whole
    gradient.
    """
    return -lr * gradient / (torch.linalg.vector_norm(gradient) + 1e-8)


@exercise(
    "After the first step p is another tensor. Is it a leaf, and who fills its "
    "``.grad``?",
    "Change p in place, under ``torch.no_grad()``, and clear its gradient in each step."
    " ``clone`` keeps start as it is.",
    without="optim",
)
def descend_to(f, start, lr, steps):
    """
    Gradient descent with ``backward``, from a start that stays as it is.

    :param f: takes a tensor [n], returns a tensor of shape []
    :param start: [n]
    :returns: the last place, [n]
    """
    p = start.clone().requires_grad_()
    for _ in range(steps):
        f(p).backward()
        with torch.no_grad():
            p -= lr * p.grad
        p.grad = None
    return p.detach()


def bowl(p):
    return (p**2).sum() + p[0] * p[1] / 2


@descend_to.inputs
def descend_to_inputs():
    start = torch.randint(-3, 4, (random_int(2, 3),)).float()
    start[0] = random_int(1, 3)
    return bowl, start, random_int(1, 3) / 10, random_int(2, 4)


@descend_to.must
def end_is_that_of_sgd(descend_to):
    start = torch.tensor([1.0, -2.0])
    p = start.clone().requires_grad_()
    optimizer = torch.optim.SGD([p], lr=0.2)
    for _ in range(5):
        optimizer.zero_grad()
        bowl(p).backward()
        optimizer.step()
    end = descend_to(bowl, start, 0.2, 5)
    assert start.tolist() == [1, -2], "start itself has changed: work on a clone."
    assert torch.allclose(end.detach(), p.detach(), atol=1e-5), (
        f"optim.SGD ends at {p.tolist()}, not at {end.tolist()}."
    )


@descend_to.broken
def new_tensor(f, start, lr, steps):
    """
    The new p is computed, so it is no leaf, and ``backward`` fills only the ``.grad``
    of leaves. Change p in place under ``no_grad``.
    """
    p = start.clone().requires_grad_()
    for _ in range(steps):
        f(p).backward()
        p = p - lr * p.grad
    return p.detach()


@descend_to.mistake
def gradients_collected(f, start, lr, steps):
    """
    ``backward`` adds to ``.grad``: from the second step on it holds a sum of gradients.
    """
    p = start.clone().requires_grad_()
    for _ in range(steps):
        f(p).backward()
        with torch.no_grad():
            p -= lr * p.grad
    return p.detach()


@descend_to.mistake
def moved_the_start(f, start, lr, steps):
    """The end is right, but start moved along: ``requires_grad_`` makes no copy."""
    p = start.requires_grad_()
    for _ in range(steps):
        f(p).backward()
        with torch.no_grad():
            p -= lr * p.grad
        p.grad = None
    return p.detach()


@descend_to.mistake
def in_place_on_a_leaf(f, start, lr, steps):
    """
    Autograd records no change in place of a leaf. Under ``no_grad`` it does not record,
    and allows it.
    """
    p = start.clone().requires_grad_()
    for _ in range(steps):
        f(p).backward()
        p -= lr * p.grad
        p.grad = None
    return p.detach()


@exercise(
    "Move all starts at once, with ``f(p).sum()`` and Adam. Which of the ends are the "
    "same minimum?",
    "A top or a saddle has no slope, so a search that starts there stays. Push each "
    "start a little (0.01) in a random direction first.",
)
def all_minima(f, starts):
    """
    The different minima that are reached from many starts, none of them twice.

    Two minima are at least 0.1 apart, and a start may lie exactly on a top.

    :param f: takes points [..., 2], returns the height of each [...]
    :param starts: [n, 2], between -6 and 6
    :returns: the minima to 0.001, [m, 2], sorted by their first coordinate
    """
    p = (starts + 0.01 * torch.randn_like(starts)).requires_grad_()
    optimizer = torch.optim.Adam([p], lr=0.1)
    for _ in range(500):
        optimizer.zero_grad()
        f(p).sum().backward()
        optimizer.step()
    found = []
    for end in p.detach():
        if all((end - other).abs().max() > 0.05 for other in found):
            found.append(end)
    return torch.stack(sorted(found, key=lambda end: end[0].item()))


def himmelblau(p):
    x, y = p[..., 0], p[..., 1]
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def two_hollows(p):
    """Minima at (-1, 0) and (1, 0), and a saddle exactly at (0, 0)."""
    x, y = p[..., 0], p[..., 1]
    return (x**2 - 1) ** 2 + y**2


MINIMA = [[-3.7793, -3.2832], [-2.8051, 3.1313], [3.0, 2.0], [3.5844, -1.8481]]
STARTS = torch.cartesian_prod(torch.arange(4.0, -5, -4), torch.arange(4.0, -5, -4))


@all_minima.must
def no_saddle_and_none_twice(all_minima):
    starts = torch.tensor([[0.0, 0.0], [2.0, 1.0], [-2.0, 1.0], [3.0, 0.0]])
    found = all_minima(two_hollows, starts)
    assert found.dim() == 2, f"The result is {list(found.shape)}, expected [m, 2]."
    assert found.abs().amin(dim=0)[0] > 0.1, (
        "(0, 0) of (x^2 - 1)^2 + y^2 has no slope, and a search that starts there "
        "stays there. But it is a saddle."
    )
    assert len(found) == 2, (
        f"(x^2 - 1)^2 + y^2 has two minima, but {len(found)} were found. Ends that lie "
        "close together are one minimum, even if their last digits differ."
    )
    right = torch.tensor([[-1.0, 0.0], [1.0, 0.0]])
    assert torch.allclose(found[found[:, 0].argsort()], right, atol=1e-3), (
        f"(x^2 - 1)^2 + y^2 has its minima at (-1, 0) and (1, 0), not {found.tolist()}."
    )


@all_minima.must
def himmelblau_has_four(all_minima):
    found, right = all_minima(himmelblau, STARTS), torch.tensor(MINIMA)
    assert len(found) == 4, f"Himmelblau's function has 4 minima, not {len(found)}."
    assert torch.allclose(found[found[:, 0].argsort()], right, atol=1e-3), (
        f"The minima are at {right.tolist()}, not {found.tolist()}."
    )
    assert (found[1:, 0] > found[:-1, 0]).all(), (
        "The minima are right, but they come in the order of the starts: sort them."
    )


@all_minima.mistake
def each_end_counts(f, starts):
    """
    Ends that lie close together are one minimum, even if their last digits differ.
    """
    p = (starts + 0.01 * torch.randn_like(starts)).requires_grad_()
    optimizer = torch.optim.Adam([p], lr=0.1)
    for _ in range(500):
        optimizer.zero_grad()
        f(p).sum().backward()
        optimizer.step()
    return p.detach().unique(dim=0)


@all_minima.mistake
def stays_on_the_saddle(f, starts):
    """
    (0, 0) of (x^2 - 1)^2 + y^2 has no slope, and a search that starts there stays
    there.
    """
    p = starts.clone().requires_grad_()
    optimizer = torch.optim.Adam([p], lr=0.1)
    for _ in range(500):
        optimizer.zero_grad()
        f(p).sum().backward()
        optimizer.step()
    return (p.detach() * 1000).round().unique(dim=0) / 1000


@all_minima.mistake
def in_the_order_of_the_starts(f, starts):
    """The minima are right, but they come in the order of the starts: sort them."""
    minima = all_minima(f, starts)
    near = torch.cdist(starts, minima).argmin(dim=1)
    order = []
    for i in near.tolist() + list(range(len(minima))):
        if i not in order:
            order.append(i)
    return minima[order]
