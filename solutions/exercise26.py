"""
Exercises of lesson 26: a classifier from raw tensors

``python check.py 26`` checks them whenever you save this file.
"""

import math

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "Which probability does softmax give to the label if all logits are equal?",
    "The loss is minus the natural logarithm of this probability.",
    without="torch",
)
def loss_knowing_nothing(classes):
    """
    The cross entropy of a network whose logits are all equal.

    A training that stays at this number learns nothing.

    :param classes: the number of classes, an int
    :returns: the loss, a float
    """
    return math.log(classes)


@loss_knowing_nothing.inputs
def loss_knowing_nothing_inputs():
    return ([2, 3, 5, 10, 100, 1000][random_int(0, 5)],)


@loss_knowing_nothing.must
def loss_of_equal_logits(loss_knowing_nothing):
    for classes in 2, 10, 1000:
        right = F.cross_entropy(torch.full((1, classes), 3.0), torch.tensor([1])).item()
        loss = loss_knowing_nothing(classes)
        assert abs(loss - right) < 1e-4, (
            f"{classes} equal logits have the loss {right:.4f}, not {loss:.4f}."
        )


@loss_knowing_nothing.mistake
def the_probability(classes):
    """That is the probability of each class. The loss is minus its logarithm."""
    return 1 / classes


@loss_knowing_nothing.mistake
def in_bits(classes):
    """PyTorch's losses use the natural logarithm. This one has the base 2."""
    return math.log2(classes)


@loss_knowing_nothing.mistake
def log_of_the_probability(classes):
    """The logarithm of a probability is negative. The loss is minus it."""
    return math.log(1 / classes)


@exercise(
    "Send numbers of standard deviation 1 through ten layers with ReLU. How large is "
    "what comes out?",
    "A sum over n inputs has n times the variance, and a ReLU keeps half of the mean "
    "square. So the weights need the variance 2 / n.",
)
def start_weights(sizes):
    """
    First weights for layers with ReLU, so that numbers keep their size on the way.

    :param sizes: the number of inputs and of units in each layer, a list of ints
    :returns: a list of normally distributed weights, each [out, in]
    """
    weights = []
    for i in range(len(sizes) - 1):
        w = torch.randn(sizes[i + 1], sizes[i])
        weights.append(w * math.sqrt(2 / sizes[i]))
    return weights


@start_weights.must
def deviations_follow_the_inputs(start_weights):
    sizes = [100, 900, 400]
    weights = start_weights(sizes)
    shapes = [list(w.shape) for w in weights]
    assert shapes == [[900, 100], [400, 900]], (
        f"The sizes {sizes} need weights [900, 100] and [400, 900], not {shapes}."
    )
    first, second = (w.std().item() for w in weights)
    told = f"The weight [900, 100] has the standard deviation {first:.4f}. "
    assert abs(first - 1) > 0.05, (
        f"{told}With plain ``randn`` a layer of n inputs multiplies their size by "
        "about the root of n / 2."
    )
    assert abs(first - 0.1) > 0.005, (
        f"{told}A ReLU cuts half of it off: with the variance 1 / in ten layers leave "
        "a thirtieth."
    )
    assert abs(first - 0.02) > 0.001, (
        f"{told}The variance is 2 / in: the factor of ``randn`` is its root."
    )
    assert abs(first - 0.0471) > 0.002, (
        f"{told}Each sum runs over the inputs of a layer, so their number counts, not "
        "that of the outputs."
    )
    assert abs(first - 0.1414) < 0.005, f"{told}Expected is 0.1414."
    assert abs(second - 0.0471) < 0.002, (
        f"The weight [400, 900] has the deviation {second:.4f}, expected is 0.0471."
    )


@start_weights.must
def ten_layers_keep_the_size(start_weights):
    x = torch.randn(100, 200)
    for w in start_weights([200] * 11):
        x = F.relu(x @ w.t())
    size = (x**2).mean().sqrt().item()
    assert 0.5 < size < 2, f"Ten layers of 200 units turned the size 1 into {size:.3g}."


@start_weights.broken
def plain_randn(sizes):
    """
    With plain ``randn`` a layer of n inputs multiplies their size by about the root of
    n / 2.
    """
    weights = []
    for i in range(len(sizes) - 1):
        weights.append(torch.randn(sizes[i + 1], sizes[i]))
    return weights


@start_weights.mistake
def relu_not_counted(sizes):
    """
    A ReLU cuts half of it off: with the variance 1 / in ten layers leave a thirtieth.
    """
    return [w / math.sqrt(w.shape[1]) for w in plain_randn(sizes)]


@start_weights.mistake
def variance_as_factor(sizes):
    """The variance is 2 / in: the factor of ``randn`` is its root."""
    return [w * 2 / w.shape[1] for w in plain_randn(sizes)]


@start_weights.mistake
def outputs_counted(sizes):
    """
    Each sum runs over the inputs of a layer, so their number counts, not that of the
    outputs.
    """
    return [w * math.sqrt(2 / w.shape[0]) for w in plain_randn(sizes)]


@exercise(
    "w1 [hidden, d], b1, w2 [k, hidden], b2, a forward function, and the loop of "
    "lesson 26 with ``F.cross_entropy``. k is the largest label plus 1.",
    "Start the weights as in ``start_weights``. A step changes each parameter in place "
    "under ``no_grad`` and clears its gradient. Return the forward function.",
    without="nn optim",
)
def train_raw(x, y, hidden, lr, steps):
    """
    Train two layers with a ReLU between them, without ``nn`` and ``optim``.

    :param x: points, [n, d]
    :param y: their labels, 0 to k - 1, [n]
    :param hidden: the number of hidden units
    :returns: a function that gives the logits [m, k] of any points [m, d]
    """
    k = y.max().item() + 1
    w1, w2 = start_weights([x.shape[1], hidden, k])
    b1, b2 = torch.zeros(hidden), torch.zeros(k)
    parameters = [w1, b1, w2, b2]
    for p in parameters:
        p.requires_grad_()

    def forward(x):
        h = F.relu(x @ w1.t() + b1)  # [n, d] @ [d, hidden] => [n, hidden]
        return h @ w2.t() + b2  # => [n, k]

    for _ in range(steps):
        F.cross_entropy(forward(x), y).backward()
        with torch.no_grad():
            for p in parameters:
                p -= lr * p.grad
                p.grad = None
    return forward


def spiral(n):
    """Points on three arms of a spiral, and the arm of each."""
    y = torch.arange(n) % 3
    way = torch.linspace(0.1, 1, n)
    angle = 3 * way + 2 * math.pi / 3 * y
    return 3 * torch.stack([way * angle.cos(), way * angle.sin()], dim=1), y


@train_raw.must
def spiral_is_learned(train_raw):
    x, y = spiral(100)
    predict = train_raw(x, y, 40, 1.0, 150)
    new_x, new_y = spiral(91)
    with torch.no_grad():
        out, middle = predict(new_x), predict(torch.zeros(1, 2))
        line = predict(torch.tensor([[1.0, 2.0], [2.0, -1.0], [3.0, 1.0]]))
    assert out.shape == (91, 3), (
        f"91 new points of 3 classes get the logits {list(out.shape)}. The function "
        "that you return works on the points that it is given."
    )
    assert out.min() < 0, (
        "No logit is ever negative. A ReLU belongs between the layers, not on the "
        "logits."
    )
    assert out.std(dim=0).max() > 1e-4, (
        "All points get the same logits. With weights of 0 all hidden units are 0, and "
        "nothing moves them apart."
    )
    assert (line[0] + line[1] - line[2] - middle[0]).abs().max() > 1e-3, (
        "The logits are a linear function of the points. Two layers without a ReLU "
        "between them are one layer, and its borders are straight."
    )
    right = (out.argmax(dim=1) == new_y).float().mean().item()
    assert right > 0.95, (
        f"Of new points on a spiral of three arms {right:.2f} are right."
    )


def training(x, y, parameters, forward, lr, steps):
    """A loop for the mistakes, on tensors without gradients."""
    for p in parameters:
        p.requires_grad_()
    for _ in range(steps):
        gradients = torch.autograd.grad(F.cross_entropy(forward(x), y), parameters)
        with torch.no_grad():
            for p, g in zip(parameters, gradients, strict=True):
                p -= lr * g
    return forward


@train_raw.mistake
def relu_on_logits(x, y, hidden, lr, steps):
    """
    No logit is ever negative. A ReLU belongs between the layers, not on the logits.
    """
    w1, w2 = start_weights([x.shape[1], hidden, 3])
    b1, b2 = torch.zeros(hidden), torch.zeros(3)

    def forward(x):
        return F.relu(F.relu(x @ w1.t() + b1) @ w2.t() + b2)

    return training(x, y, [w1, b1, w2, b2], forward, lr, steps)


@train_raw.mistake
def all_zero(x, y, hidden, lr, steps):
    """With weights of 0 all hidden units are 0, and nothing moves them apart."""
    w1, w2 = torch.zeros(hidden, x.shape[1]), torch.zeros(3, hidden)
    b1, b2 = torch.zeros(hidden), torch.zeros(3)

    def forward(x):
        return F.relu(x @ w1.t() + b1) @ w2.t() + b2

    return training(x, y, [w1, b1, w2, b2], forward, lr, steps)


@train_raw.mistake
def no_activation(x, y, hidden, lr, steps):
    """
    Two layers without a ReLU between them are one layer, and its borders are straight.
    """
    w1, w2 = start_weights([x.shape[1], hidden, 3])
    b1, b2 = torch.zeros(hidden), torch.zeros(3)

    def forward(x):
        return (x @ w1.t() + b1) @ w2.t() + b2

    return training(x, y, [w1, b1, w2, b2], forward, lr, steps)


@train_raw.mistake
def old_points_only(x, y, hidden, lr, steps):
    """The function that you return works on the points that it is given."""
    forward = train_raw(x, y, hidden, lr, steps)
    return lambda points: forward(x)
