"""
Exercises of lesson 24: from a score to a class

``python check.py 24`` checks them whenever you save this file.
"""

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "Which score has the probability one half? On the boundary z has this value.",
    "Solve w1 x1 + w2 x2 + b = 0 for x2.",
)
def boundary_height(w, b, x1):
    """
    The x2 at which the model of two inputs gives the probability 1/2.

    The score is z = w1 x1 + w2 x2 + b, and the probability is sigmoid(z).

    :param w: the weights, a list of two floats, neither is 0
    :param b: the bias, a float
    :param x1: the first input, a float
    :returns: the second input, a float
    """
    return -(w[0] * x1 + b) / w[1]


@boundary_height.inputs
def boundary_height_inputs():
    w = [float(random_int(1, 4)), float([-2, -1, 2, 4][random_int(0, 3)])]
    return w, float(random_int(-3, 3)), float(random_int(-3, 3))


@boundary_height.must
def probability_is_one_half(boundary_height):
    for w, b, x1 in ([2.0, -4.0], 1.0, 3.0), ([1.0, 3.0], -2.0, 0.0):
        x2 = boundary_height(w, b, x1)
        p = torch.tensor(w[0] * x1 + w[1] * x2 + b).sigmoid().item()
        assert abs(p - 0.5) < 1e-5, (
            f"w = {w}, b = {b}: at ({x1}, {x2}) the probability is {p:.3f}."
        )


@boundary_height.mistake
def half_as_score(w, b, x1):
    """The probability is 1/2 where the score is 0. A score of 1/2 gives 0.62."""
    return (0.5 - w[0] * x1 - b) / w[1]


@boundary_height.mistake
def bias_only(w, b, x1):
    """That is the boundary at x1 = 0. The first input moves the score as well."""
    return -b / w[1]


@boundary_height.mistake
def slope_turned(w, b, x1):
    """All terms but w2 x2 change sides, so each of them changes its sign."""
    return (w[0] * x1 - b) / w[1]


@boundary_height.mistake
def weights_swapped(w, b, x1):
    """w1 belongs to x1, and x2 has the weight w2, by which it is divided."""
    return -(w[1] * x1 + b) / w[0]


@exercise(
    "The sigmoid of 200 is 1 in float32. What is the logarithm of 1 - p then?",
    "ln(1 - p) = -softplus(z), and ln p = z - softplus(z). ``F.softplus`` is safe. "
    "What is left if you put them in?",
    without="binary_cross_entropy binary_cross_entropy_with_logits BCEWithLogitsLoss",
)
def binary_loss(z, t):
    """
    The mean cross entropy of two classes, from scores of any size.

    It is the mean of -t ln p - (1 - t) ln(1 - p), where p = sigmoid(z). The functions
    with "binary_cross_entropy" in their name do not count.

    :param z: scores, from -200 to 200, [n]
    :param t: targets, 0.0 or 1.0, [n]
    :returns: the loss, a tensor of shape []
    """
    return (F.softplus(z) - t * z).mean()


@binary_loss.inputs
def binary_loss_inputs():
    n = random_int(1, 3)
    z = torch.randint(-3, 4, (n,)).float()
    z[0] *= [1, 1, 50][random_int(0, 2)]
    return z, torch.randint(2, (n,)).float()


@binary_loss.must
def binary_loss_is_pytorchs(binary_loss):
    z = torch.tensor([200.0, -200, 3, -1, 0, 200, -200], requires_grad=True)
    t = torch.tensor([0.0, 1, 0, 1, 1, 1, 0])
    right = F.binary_cross_entropy_with_logits(z, t)
    loss = binary_loss(z, t)
    told = f"The loss of z = {z.tolist()} with t = {t.tolist()} is {loss:.4f}, "
    assert torch.isclose(loss, right), f"{told}expected {right:.4f}."
    gradient = torch.autograd.grad(loss, z)[0]
    assert torch.allclose(gradient, torch.autograd.grad(right, z)[0], atol=1e-6), (
        f"{told}as expected, but its gradient is {gradient.tolist()}."
    )


@binary_loss.broken
def logarithm_of_0(z, t):
    """
    The formula is right on paper. But a large score makes p exactly 0 or 1, and then a
    logarithm is infinite. Compute it from z.
    """
    p = torch.sigmoid(z)
    return (-t * torch.log(p) - (1 - t) * torch.log(1 - p)).mean()


@binary_loss.mistake
def clamped(z, t):
    """
    ``clamp`` hides the trouble: it caps the loss near 16, and the gradient there is 0.
    So the worst points are never corrected.
    """
    p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)
    return (-t * torch.log(p) - (1 - t) * torch.log(1 - p)).mean()


@binary_loss.mistake
def first_class_only(z, t):
    """
    Where t is 0 this is 0: the term (1 - t) ln(1 - p) is missing. Then p = 1 everywhere
    would be best.
    """
    return (t * F.softplus(-z)).mean()


@binary_loss.mistake
def loss_of_all(z, t):
    """This is the sum over all points. It grows with n: take the mean."""
    return len(z) * binary_loss(z, t)


@exercise(
    "The derivative for the score is p - t. How does z depend on w, and how on b?",
    "Both gradients are means over the points: one of (p - t) x, one of p - t. Compute "
    "both before you change anything.",
    without="autograd grad backward optim",
)
def fit_line(x, y, lr, steps):
    """
    Train a logistic regression by hand, without autograd.

    w and b begin at 0. The loss is the mean cross entropy, and each step uses all
    points.

    :param x: points, [n, d]
    :param y: their classes, 0.0 or 1.0, [n]
    :returns: w [d] and b [], two tensors
    """
    w, b = torch.zeros(x.shape[1]), torch.zeros(())
    for _ in range(steps):
        dz = torch.sigmoid(x @ w + b) - y  # [n, d] @ [d] => [n]
        w -= lr * x.t() @ dz / len(x)  # [d, n] @ [n] => [d]
        b -= lr * dz.mean()
    return w, b


@fit_line.inputs
def fit_line_inputs():
    n = random_int(3, 4)
    y = torch.randint(2, (n,)).float()
    y[0] = 1 - y[1]
    x = torch.randint(-2, 4, (n, 2)).float()
    return x, y, float(random_int(1, 3)), random_int(2, 4)


@fit_line.must
def clouds_are_told_apart(fit_line):
    y = torch.arange(200.0) % 2
    x = torch.randn(200, 2) + 3 * y[:, None]
    w, b = fit_line(x, y, 0.5, 200)
    right = ((x @ w + b > 0) == (y == 1)).float().mean().item()
    assert right > 0.9, f"Of two clouds {right:.2f} of the points are right."


@fit_line.must
def steps_are_autograds(fit_line):
    x, y = torch.randn(6, 2), torch.tensor([0.0, 1, 1, 0, 1, 1])
    w, b = torch.zeros(2, requires_grad=True), torch.zeros((), requires_grad=True)
    for steps in 1, 2:
        loss = F.binary_cross_entropy_with_logits(x @ w + b, y)
        dw, db = torch.autograd.grad(loss, (w, b))
        with torch.no_grad():
            w -= 0.5 * dw
            b -= 0.5 * db
        mine = fit_line(x, y, 0.5, steps)
        error = max((mine[0] - w).abs().max().item(), (mine[1] - b).abs().item())
        assert error < 1e-4, (
            f"After {steps} steps autograd is at w = {w.tolist()}, b = {b.item():.4f}."
        )


@fit_line.mistake
def summed_gradients(x, y, lr, steps):
    """
    The gradient of a sum grows with n: with 400 points the steps are 400 times as long.
    """
    return fit_line(x, y, lr * len(x), steps)


@fit_line.mistake
def bias_stays_0(x, y, lr, steps):
    """
    Without b the boundary always goes through the origin, wherever the points are.
    """
    w, b = torch.zeros(x.shape[1]), torch.zeros(())
    for _ in range(steps):
        dz = torch.sigmoid(x @ w + b) - y
        w -= lr * x.t() @ dz / len(x)
    return w, b


@fit_line.mistake
def gradient_of_mse(x, y, lr, steps):
    """
    The factor p (1 - p) belongs to the squared error. For cross entropy it cancels, and
    p - t is left.
    """
    w, b = torch.zeros(x.shape[1]), torch.zeros(())
    for _ in range(steps):
        p = torch.sigmoid(x @ w + b)
        dz = (p - y) * p * (1 - p)
        w -= lr * x.t() @ dz / len(x)
        b -= lr * dz.mean()
    return w, b


@fit_line.mistake
def bias_after_w(x, y, lr, steps):
    """w had moved already when the gradient of b was computed. Compute both first."""
    w, b = torch.zeros(x.shape[1]), torch.zeros(())
    for _ in range(steps):
        w = w - lr * x.t() @ (torch.sigmoid(x @ w + b) - y) / len(x)
        b = b - lr * (torch.sigmoid(x @ w + b) - y).mean()
    return w, b
