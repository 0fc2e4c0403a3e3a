"""
Exercises of lesson 0: words that every lesson uses

``python check.py 0`` checks them whenever you save this file.
"""

import math

import torch

from solutions import exercise, random_int


@exercise(
    "How many batches does one epoch have, if the last one may be smaller?",
    "Divide the samples by the batch size and round up. Then count all epochs.",
    without="torch DataLoader",
)
def count_steps(samples, batch_size, epochs):
    """
    How many steps a training takes, one step a batch.

    The last batch of an epoch may be smaller than the others.

    :returns: an int
    """
    return math.ceil(samples / batch_size) * epochs


@count_steps.inputs
def count_steps_inputs():
    return random_int(1, 20), random_int(1, 9), random_int(1, 4)


@count_steps.must
def loader_takes_as_many(count_steps):
    for samples, batch_size in (10, 5), (11, 5), (3, 5):
        loader = torch.utils.data.DataLoader(range(samples), batch_size)
        steps = sum(1 for epoch in range(3) for batch in loader)
        mine = count_steps(samples, batch_size, 3)
        assert mine == steps, (
            f"{samples} samples, batches of {batch_size}, 3 epochs: a DataLoader gives "
            f"{steps} batches, not {mine}."
        )


@count_steps.mistake
def rounded_once(samples, batch_size, epochs):
    """
    A batch does not reach into the next epoch. Round up for one epoch, then multiply.
    """
    return math.ceil(samples * epochs / batch_size)


@count_steps.mistake
def last_batch_dropped(samples, batch_size, epochs):
    """
    The samples that are left at the end of an epoch make a smaller batch: it counts.
    """
    return samples // batch_size * epochs


@count_steps.mistake
def epochs_forgotten(samples, batch_size, epochs):
    """That is one epoch. Each epoch goes through all samples again."""
    return math.ceil(samples / batch_size)


@exercise(
    "Which sign has the third power of a negative number? A norm is never negative.",
    "Take the absolute value of each number first, for every p.",
    without="linalg norm",
)
def vector_norm(x, p):
    """
    The p-norm of a vector: the p-th root of the sum of all abs(x_i)^p.

    The norm for p = infinity is the largest absolute value.

    :param x: [n]
    :param p: 1, 2, 3 or ``math.inf``
    :returns: a tensor of shape []
    """
    if p == math.inf:
        return x.abs().max()
    return (x.abs() ** p).sum() ** (1 / p)


@vector_norm.inputs
def vector_norm_inputs():
    return torch.randn(random_int(2, 4)), [1, 2, 3, math.inf][random_int(0, 3)]


@vector_norm.must
def linalg_gives_the_same(vector_norm):
    x = torch.tensor([3.0, -4.0, 1.0])
    for p in 1, 2, 3, math.inf:
        mine, right = vector_norm(x, p).item(), torch.linalg.vector_norm(x, p).item()
        assert abs(mine - right) < 1e-4, (
            f"torch.linalg.vector_norm gives {right:.4f} for p = {p}, not {mine:.4f}."
        )


@vector_norm.broken
def signs_kept(x, p):
    """
    Negative numbers cancel positive ones where p is odd, and a root of a negative sum
    is NaN. A norm adds absolute values.
    """
    if p == math.inf:
        return x.max()
    return (x**p).sum() ** (1 / p)


@vector_norm.mistake
def no_root(x, p):
    """The root is missing: the norm of 2 x has to be twice the norm of x."""
    if p == math.inf:
        return x.abs().max()
    return (x.abs() ** p).sum()


@vector_norm.mistake
def sign_dropped_last(x, p):
    """Numbers have cancelled before the sign was dropped. Each one is made positive."""
    if p == math.inf:
        return x.max().abs()
    return (x**p).sum().abs() ** (1 / p)


@exercise(
    "One step: compute the loss, clear the gradient, ``backward``, change the weight.",
    "Make w a tensor with ``requires_grad``, and change it in place under "
    "``torch.no_grad()``.",
)
def train_one_weight(x, y, w, lr, steps):
    """
    Minimise the mean of (w x - y)^2 over w by gradient descent, with autograd.

    :param x: [n]
    :param y: [n]
    :param w: the weight at the start, a float
    :param lr: the learning rate, a float
    :param steps: how many steps, an int
    :returns: the weight at the end, a float
    """
    w = torch.tensor(w, requires_grad=True)
    for _ in range(steps):
        loss = ((w * x - y) ** 2).mean()
        w.grad = None
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
    return w.item()


@train_one_weight.inputs
def train_one_weight_inputs():
    n = random_int(2, 4)
    return (
        torch.randn(n),
        torch.randn(n),
        float(random_int(-2, 2)),
        0.1,
        random_int(1, 4),
    )


@train_one_weight.must
def least_squares_is_reached(train_one_weight):
    x, y = torch.tensor([1.0, 2.0, -1.0]), torch.tensor([2.0, 3.0, -4.0])
    first = train_one_weight(x, y, 0.0, 0.1, 1)
    assert abs(first - 0.8) < 1e-5, (
        f"One step of 0.1 against the gradient -8 ends at {first:.3f}, not at 0.8."
    )
    mine, best = train_one_weight(x, y, 0.0, 0.1, 200), ((x @ y) / (x @ x)).item()
    assert abs(mine - best) < 1e-3, (
        f"200 steps end at {mine:.3f}; the least squares solution is {best:.3f}."
    )


@train_one_weight.mistake
def gradient_not_cleared(x, y, w, lr, steps):
    """
    From the second step on ``.grad`` holds the sum of all gradients so far. Clear it
    before ``backward``.
    """
    w = torch.tensor(w, requires_grad=True)
    for _ in range(steps):
        ((w * x - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= lr * w.grad
    return w.item()


@train_one_weight.mistake
def uphill(x, y, w, lr, steps):
    """The gradient points to where the loss grows: subtract it."""
    return train_one_weight(x, y, w, -lr, steps)


@train_one_weight.mistake
def summed(x, y, w, lr, steps):
    """That is the gradient of the sum: n times the gradient of the mean."""
    return train_one_weight(x, y, w, lr * len(x), steps)


@train_one_weight.mistake
def new_tensor(x, y, w, lr, steps):
    """
    ``w = w - ...`` makes a new tensor, which is no leaf: ``backward`` gives it no
    ``.grad``. Change w in place under ``torch.no_grad()``.
    """
    w = torch.tensor(w, requires_grad=True)
    for _ in range(steps):
        ((w * x - y) ** 2).mean().backward()
        w = w - lr * w.grad
    return w.item()
