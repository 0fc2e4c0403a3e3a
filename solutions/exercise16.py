"""
Exercises of lesson 16: what a gradient is

``python check.py 16`` checks them whenever you save this file.
"""

import torch

from solutions import exercise, random_int


@exercise(
    "The rate along a unit vector is a dot product. How long is the direction here?",
    "Divide the direction by its length (``torch.linalg.vector_norm``) first.",
)
def slope_along(gradient, direction):
    """
    How fast a function grows along a direction, for each unit of the way.

    :param gradient: the gradient of the function, [n]
    :param direction: [n], of any length but 0
    :returns: the directional derivative, a float
    """
    unit = direction / torch.linalg.vector_norm(direction)
    return torch.dot(gradient, unit).item()


@slope_along.inputs
def slope_along_inputs():
    n = random_int(2, 3)
    direction = torch.randint(-4, 5, (n,)).float()
    direction[0] = random_int(2, 4)
    return torch.randint(-4, 5, (n,)).float(), direction


@slope_along.must
def slope_is_a_difference_quotient(slope_along):
    g, d = torch.tensor([1.0, 4.0, -2.0]), torch.tensor([2.0, 1.0, -2.0])  # d: length 3
    way = 0.5  # so far along d / 3, on the plane f(p) = g p, which starts at 0
    height = sum(slope * step / 3 * way for slope, step in [(1, 2), (4, 1), (-2, -2)])
    slope = slope_along(g, d)
    assert abs(slope - height / way) < 1e-5, (
        f"On a plane the difference quotient is {height / way:.3f}, not {slope:.3f}."
    )
    assert abs(slope_along(g, 2 * d) - slope) < 1e-5, (
        "A direction that is twice as long has another rate, but it is the same way."
    )


@slope_along.mistake
def longer_is_steeper(gradient, direction):
    """
    A direction of length 2 gave twice the rate. Make a unit vector of it: only where it
    points counts.
    """
    return torch.dot(gradient, direction).item()


@slope_along.mistake
def steepest(gradient, direction):
    """
    That is the length of the gradient, the rate in the steepest direction. Along others
    it is smaller.
    """
    return torch.linalg.vector_norm(gradient).item()


@slope_along.mistake
def cosine(gradient, direction):
    """
    That is the cosine of the angle. The length of the gradient belongs into the rate.
    """
    return torch.cosine_similarity(gradient, direction, dim=0).item()


@exercise(
    "What does v hold when the second step begins? What should it hold?",
    "v is 0 once, before the loop. In the loop it is only updated.",
)
def rolling(gradient, start, lr, momentum, steps):
    """
    Gradient descent with momentum, as ``torch.optim.SGD`` does it.

    Each step is v = momentum v + gradient, and then x = x - lr v.

    :param gradient: a function, the derivative at a place x
    :param start: the first place, a float
    :returns: start and the place after each step, a list of floats
    """
    x, v = start, 0.0
    path = [x]
    for _ in range(steps):
        v = momentum * v + gradient(x)
        x = x - lr * v
        path.append(x)
    return path


@rolling.inputs
def rolling_inputs():
    slope = random_int(1, 4)

    def gradient(x):
        return slope * x - 1

    numbers = float(random_int(-3, 3)), random_int(1, 4) / 10, random_int(1, 9) / 10
    return gradient, *numbers, random_int(2, 4)


def path_of_sgd(start, lr, momentum, steps):
    """The path of PyTorch's optimizer on x^4 / 4 - x."""
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=lr, momentum=momentum)
    path = [start]
    for _ in range(steps):
        optimizer.zero_grad()
        (x**4 / 4 - x).backward()
        optimizer.step()
        path.append(x.item())
    return path


@rolling.must
def path_is_that_of_sgd(rolling):
    for momentum in 0.0, 0.5, 0.9:
        expected = path_of_sgd(1.5, 0.1, momentum, 6)
        path = rolling(lambda x: x**3 - 1, 1.5, 0.1, momentum, 6)
        assert len(path) == 7, f"6 steps pass 7 places, the start included: {path}."
        error = (torch.tensor(path) - torch.tensor(expected)).abs().max()
        assert error < 1e-5, f"optim.SGD with momentum {momentum} passes {expected}."


@rolling.broken
def forgetful(gradient, start, lr, momentum, steps):
    """
    v is set to 0 in each step, so it forgets the steps before: this is plain descent.
    """
    x = start
    path = [x]
    for _ in range(steps):
        v = 0.0
        v = momentum * v + gradient(x)
        x = x - lr * v
        path.append(x)
    return path


@rolling.mistake
def averaged(gradient, start, lr, momentum, steps):
    """
    With the factor 1 - momentum v is a mean of the gradients. PyTorch adds the whole
    gradient, so that steps are longer.
    """
    return rolling(lambda x: (1 - momentum) * gradient(x), start, lr, momentum, steps)


@rolling.mistake
def old_velocity(gradient, start, lr, momentum, steps):
    """
    x moved by the v of the step before: the first step goes nowhere. Update v first.
    """
    return [start, *rolling(gradient, start, lr, momentum, steps - 1)]


@rolling.mistake
def without_start(gradient, start, lr, momentum, steps):
    """The first place is missing: the path begins with start."""
    return rolling(gradient, start, lr, momentum, steps)[1:]


@exercise(
    "First look at the gradient. Where it is 0, the Hessian decides: look at its "
    "eigenvalues.",
    "``torch.autograd.functional`` has ``jacobian`` and ``hessian``, and "
    "``torch.linalg.eigvalsh`` gives the eigenvalues, sorted.",
)
def kind_of_point(f, p):
    """
    Tell a minimum, a maximum and a saddle apart.

    No eigenvalue of the Hessian is 0 here. A gradient below 1e-4 counts as 0.

    :param f: takes a tensor [n], returns a tensor of shape []
    :param p: a point, float64, [n]
    :returns: "minimum", "maximum", "saddle", or "none" where f has a slope
    """
    if torch.autograd.functional.jacobian(f, p).abs().max() > 1e-4:
        return "none"
    eigenvalues = torch.linalg.eigvalsh(torch.autograd.functional.hessian(f, p))
    if (eigenvalues > 0).all():
        return "minimum"
    return "maximum" if (eigenvalues < 0).all() else "saddle"


def quadratic(eigenvalues, center):
    """A function with these eigenvalues in random directions, flat at its center."""
    n = len(eigenvalues)
    axes = torch.linalg.qr(torch.randn(n, n, dtype=torch.float64))[0]

    def f(p):
        along = axes.t() @ (p - center)
        return (eigenvalues * along**2).sum() / 2

    return f


@kind_of_point.inputs
def kind_of_point_inputs():
    n = random_int(2, 3)
    sizes = torch.randint(1, 6, (n,)).double()
    signs = [torch.ones(n), -torch.ones(n), 2 * torch.randint(2, (n,)) - 1]
    center = torch.randint(-2, 3, (n,)).double()
    f = quadratic(sizes * signs[random_int(0, 2)].double(), center)
    return f, center + (random_int(0, 3) == 0)


@kind_of_point.must
def kinds_are_found(kind_of_point):
    p = torch.zeros(2, dtype=torch.float64)
    a = torch.tensor([5.0, 0.1], dtype=torch.float64)
    kinds = {(1, 1): "minimum", (-1, -1): "maximum", (1, -1): "saddle"}
    for signs, kind in kinds.items():
        told = kind_of_point(quadratic(a * torch.tensor(signs), p), p)
        assert told == kind, f"Eigenvalues of the signs {signs}: {kind}, not {told}."
    told = kind_of_point(lambda p: p[0] * p[1], p)
    assert told == "saddle", f"x y at (0, 0) is a saddle, not a {told}."
    told = kind_of_point(lambda p: p[0] * p[1], p + 1)
    assert told == "none", "x y has a slope at (1, 1), whatever its Hessian is."


@kind_of_point.mistake
def slope_not_looked_at(f, p):
    """Where f has a slope, the Hessian decides nothing: look at the gradient first."""
    eigenvalues = torch.linalg.eigvalsh(torch.autograd.functional.hessian(f, p))
    if (eigenvalues > 0).all():
        return "minimum"
    return "maximum" if (eigenvalues < 0).all() else "saddle"


@kind_of_point.mistake
def by_the_diagonal(f, p):
    """
    The diagonal of the Hessian curves along the axes alone, and x y has zeros there.
    The signs of the eigenvalues decide.
    """
    if torch.autograd.functional.jacobian(f, p).abs().max() > 1e-4:
        return "none"
    diagonal = torch.autograd.functional.hessian(f, p).diagonal()
    if (diagonal > 0).all():
        return "minimum"
    return "maximum" if (diagonal < 0).all() else "saddle"


@kind_of_point.mistake
def by_the_determinant(f, p):
    """
    The determinant is the product of the eigenvalues, and two negative ones make it
    positive as well. Look at each of them.
    """
    if torch.autograd.functional.jacobian(f, p).abs().max() > 1e-4:
        return "none"
    positive = torch.linalg.det(torch.autograd.functional.hessian(f, p)) > 0
    return "minimum" if positive else "saddle"
