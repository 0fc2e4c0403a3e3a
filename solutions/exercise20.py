"""
Exercises of lesson 20: the chain rule

``python check.py 20`` checks them whenever you save this file.
"""

import math

import torch

from solutions import exercise, random_int


@exercise(
    "What does the chain rule do along one path? What happens where paths meet?",
    "``math.prod`` multiplies the numbers of a list. A path without a step has 1.",
    without="torch",
)
def through_paths(paths):
    """
    The derivative of the last node of a graph with respect to its first.

    :param paths: a list of paths from the first node to the last; each is a list of the
        local derivatives of its steps, floats
    :returns: the derivative, a float
    """
    return float(sum(math.prod(path) for path in paths))


@through_paths.inputs
def through_paths_inputs():
    paths = []
    for _ in range(random_int(1, 3)):
        paths.append([float(random_int(-3, 3)) for _ in range(random_int(1, 3))])
    return (paths,)


@through_paths.must
def autograd_goes_all_paths(through_paths):
    x = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    y = x + torch.tanh(2 * x) + 3 * (x * 4) * 5
    slope = through_paths([[1.0], [2.0, 1 - math.tanh(1.4) ** 2], [4.0, 3.0, 5.0]])
    gradient = torch.autograd.grad(y, x)[0].item()
    assert abs(slope - gradient) < 1e-6, (
        f"x + tanh(2 x) + 60 x: autograd gives {gradient:.4f}, not {slope:.4f}."
    )


@through_paths.mistake
def all_multiplied(paths):
    """Along a path derivatives multiply. Different paths add."""
    return float(math.prod(math.prod(path) for path in paths))


@through_paths.mistake
def product_of_sums(paths):
    """It is the other way round: multiply along a path, add over the paths."""
    return float(math.prod(sum(path) for path in paths))


@through_paths.mistake
def all_added(paths):
    """The steps of a path multiply: each scales what comes out of the step before."""
    return float(sum(sum(path) for path in paths))


@through_paths.mistake
def first_path_only(paths):
    """Each path carries a part of the change. All of them add."""
    return float(math.prod(paths[0]))


@exercise(
    "Follow the loss back: y, then w2 and b2 and h, then z, then w1, b1 and x.",
    "The slope of tanh is one minus the square of what came out of it.",
    without="torch autograd",
)
def scalar_gradients(x, w1, b1, w2, b2, t):
    """
    All gradients of a network of two units, by hand and without torch.

    z = w1 x + b1, h = tanh(z), y = w2 h + b2, and the loss is (y - t)^2.

    :param x: the input, a float, as all others
    :returns: the derivatives for w1, b1, w2, b2 and x, a list of floats
    """
    z = w1 * x + b1
    h = math.tanh(z)
    y = w2 * h + b2
    dy = 2 * (y - t)
    dz = dy * w2 * (1 - h**2)
    return [dz * x, dz, dy * h, dy, dz * w1]


@scalar_gradients.inputs
def scalar_gradients_inputs():
    return tuple(round(number, 1) for number in torch.randn(6).tolist())


@scalar_gradients.must
def scalar_gradients_are_autograds(scalar_gradients):
    numbers = torch.tensor([0.5, 1.0, -0.3, 2.0, 0.1, 3.0], dtype=torch.float64)
    numbers.requires_grad_()
    x, w1, b1, w2, b2, t = numbers
    loss = (w2 * torch.tanh(w1 * x + b1) + b2 - t) ** 2
    gradient = torch.autograd.grad(loss, numbers)[0][[1, 2, 3, 4, 0]].tolist()
    mine = scalar_gradients(*numbers.tolist())
    for i, name in enumerate(["w1", "b1", "w2", "b2", "x"]):
        assert abs(mine[i] - gradient[i]) < 1e-5, (
            f"The derivative for {name} is {mine[i]:.4f}, autograd's {gradient[i]:.4f}."
        )


@scalar_gradients.broken
def of_what_went_in(x, w1, b1, w2, b2, t):
    """The slope of tanh is 1 - h^2: take what came out, not the z that went in."""
    z = w1 * x + b1
    h = math.tanh(z)
    y = w2 * h + b2
    dy = 2 * (y - t)
    dz = dy * w2 * (1 - z**2)
    return [dz * x, dz, dy * h, dy, dz * w1]


@scalar_gradients.mistake
def weight_skipped(x, w1, b1, w2, b2, t):
    """h reaches the loss through w2, so w2 is a factor on the way back to z."""
    h = math.tanh(w1 * x + b1)
    dy = 2 * (w2 * h + b2 - t)
    dz = dy * (1 - h**2)
    return [dz * x, dz, dy * h, dy, dz * w1]


@scalar_gradients.mistake
def two_forgotten(x, w1, b1, w2, b2, t):
    """The square has the derivative 2 (y - t). Here the 2 is missing everywhere."""
    return [slope / 2 for slope in scalar_gradients(x, w1, b1, w2, b2, t)]


@scalar_gradients.mistake
def target_first(x, w1, b1, w2, b2, t):
    """
    (t - y)^2 is the same loss, but its inner derivative is -1. All signs are turned.
    """
    return [-slope for slope in scalar_gradients(x, w1, b1, w2, b2, t)]


@exercise(
    "Each result remembers the nodes it came from, each with its local derivative. "
    "``backward`` sets its own gradient to 1 and hands it on.",
    "A node may hand on its gradient only after all nodes that use it did. So list "
    "every node after its parents (depth first), and go through this list in reverse.",
    without="torch autograd",
)
class Scalar:
    """
    A number that can go back through its graph, as autograd does, without torch.

    ``x = Scalar(3.0)``, ``y = x * x + x`` and ``y.backward()`` set ``x.grad`` to 7.0.
    Before this, ``grad`` is 0.0.
    """

    def __init__(self, value, parents=()):
        """:param parents: pairs of a Scalar and the derivative with respect to it"""
        self.value, self.grad, self.parents = value, 0.0, parents

    def __add__(self, other):
        return type(self)(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        parents = [(self, other.value), (other, self.value)]
        return type(self)(self.value * other.value, parents)

    def tanh(self):
        y = math.tanh(self.value)
        return type(self)(y, [(self, 1 - y**2)])

    def backward(self):
        """Add to the ``grad`` of each node the derivative of this one."""
        order = []

        def visit(node):
            if node not in order:
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad


def plain(a, b):
    return a * b + b.tanh() * a


def used_twice(a, b):
    return a * a + b * a


def diamond(a, b):
    c = a * b
    d = c + c * a
    return (d * c + d.tanh()) * d


def deep(a, b):
    for _ in range(12):
        a = a + (a * b).tanh()
    return a * b


def grads(answer, f):
    """The value, and both gradients, of f at (0.5, -1.5)."""
    a, b = answer(0.5), answer(-1.5)
    out = f(a, b)
    out.backward()
    value = out.value if hasattr(out, "value") else out.item()
    return [float(number) for number in (value, a.grad, b.grad)]


def leaf(number):
    return torch.tensor(number, dtype=torch.float64, requires_grad=True)


def is_close(numbers, others):
    return all(abs(a - b) < 1e-6 for a, b in zip(numbers, others, strict=True))


@Scalar.must
def gradients_begin_with_1(Scalar):
    a = Scalar(2.0)
    a.backward()
    assert a.grad == 1, (
        f"The derivative of a number for itself is 1, not {a.grad}. All others are "
        "multiples of it."
    )


@Scalar.must
def a_node_used_twice(Scalar):
    mine, right = grads(Scalar, used_twice), grads(leaf, used_twice)
    assert is_close(mine, right), (
        f"a a + b a at (0.5, -1.5): value and gradients are {mine}, expected {right}. "
        "a is used three times. Where paths meet, gradients add, and none replaces "
        "another."
    )


@Scalar.must
def graphs_are_those_of_autograd(Scalar):
    for f in plain, diamond, deep:
        mine, right = grads(Scalar, f), grads(leaf, f)
        assert is_close(mine, right), (
            f"A graph of many nodes ({f.__name__}): value and gradients are {mine}, "
            f"expected {right}. A node has to hand on its gradient once, after all "
            "nodes that use it."
        )


@Scalar.mistake
class Replaced(Scalar.solution):
    """Where paths meet, gradients add, and none replaces another."""

    def backward(self):
        order = []

        def visit(node):
            if node not in order:
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node.parents:
                parent.grad = slope * node.grad


@Scalar.mistake
class EveryTime(Scalar.solution):
    """A node has to hand on its gradient once, after all nodes that use it."""

    def backward(self):
        self.grad = 1.0
        self.hand_on()

    def hand_on(self):
        for parent, slope in self.parents:
            parent.grad += slope * self.grad
            parent.hand_on()


@Scalar.mistake
class NothingToHandOn(Scalar.solution):
    """All others are multiples of it."""

    def backward(self):
        for parent, slope in self.parents:
            parent.grad += slope * self.grad
            type(self).backward(parent)
