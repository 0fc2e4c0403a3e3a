"""
The mathematics of lessons 16 to 25, without the lessons: each formula is written here
once more, and compared with autograd or with differences in float64.
"""

import math

import pytest
import torch
from torch import optim
from torch.nn import functional as F

CLOSE = {"rtol": 0, "atol": 1e-6}


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(1)


def randn(*shape, grad=False):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=grad)


def equal(actual, expected, **tolerance):
    torch.testing.assert_close(actual, expected, **(tolerance or CLOSE))


# --- lesson 16 ----------------------------------------------------------------------


@pytest.mark.parametrize("place", [(1.0, 0.5), (-2.0, 0.3), (0.7, -1.9)])
def test_directional_derivative_is_largest_along_the_gradient(place):
    def f(p):
        return torch.sin(p[..., 0]) * p[..., 1] ** 2 + p[..., 0]

    p = torch.tensor(place, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(f(p), p)
    angles = torch.linspace(0, 2 * math.pi, 361, dtype=torch.float64)[:360]
    u = torch.stack([angles.cos(), angles.sin()], dim=1)  # [360, 2]
    rates = (f(p.detach() + 1e-5 * u) - f(p.detach() - 1e-5 * u)) / 2e-5
    equal(rates, u @ gradient)
    along = u[rates.argmax()] @ gradient / gradient.norm()
    assert along > math.cos(math.radians(0.51))
    assert rates.max() <= gradient.norm() + 1e-6


# --- lesson 17 ----------------------------------------------------------------------

DERIVATIVES = {
    "constant": (lambda x: 3 + 0 * x, lambda x: 0 * x),
    "linear": (lambda x: 3 * x, lambda x: 3 + 0 * x),
    "quadratic": (lambda x: 3 * x**2, lambda x: 6 * x),
    "power": (lambda x: x**2.5, lambda x: 2.5 * x**1.5),
    "root": (torch.sqrt, lambda x: 1 / (2 * x.sqrt())),
    "reciprocal": (lambda x: 1 / x, lambda x: -(x**-2)),
    "exponential": (torch.exp, torch.exp),
    "exponential to 3": (lambda x: 3**x, lambda x: 3**x * math.log(3)),
    "logarithm": (torch.log, lambda x: 1 / x),
    "logarithm to 2": (torch.log2, lambda x: 1 / (math.log(2) * x)),
    "sine": (torch.sin, torch.cos),
    "cosine": (torch.cos, lambda x: -x.sin()),
    "quotient": (
        lambda x: x.sin() / x**2,
        lambda x: (x.cos() * x**2 - x.sin() * 2 * x) / x**4,
    ),
    "product": (lambda x: x.sin() * x**2, lambda x: x.cos() * x**2 + x.sin() * 2 * x),
    "chain": (lambda x: (x**2).sin(), lambda x: (x**2).cos() * 2 * x),
    # lesson 18
    "sigmoid": (torch.sigmoid, lambda x: x.sigmoid() * (1 - x.sigmoid())),
    "tanh": (torch.tanh, lambda x: 1 - x.tanh() ** 2),
    "ReLU": (F.relu, lambda x: torch.heaviside(x, x)),
    "LeakyReLU": (
        F.leaky_relu,
        lambda x: 0.01 + 0.99 * torch.heaviside(x, x),
    ),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivative(name):
    f, derivative = DERIVATIVES[name]
    defined_below_zero = name in {"sigmoid", "tanh", "ReLU", "LeakyReLU"}
    x = torch.linspace(-3 if defined_below_zero else 0.4, 3, 28, dtype=torch.float64)
    assert (x != 0).all()
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(f(x).sum(), x)
    equal(derivative(x), gradient)
    x = x.detach()
    equal(derivative(x), (f(x + 1e-5) - f(x - 1e-5)) / 2e-5)


# --- lesson 18 ----------------------------------------------------------------------


def test_mse_is_the_mean_of_the_squares():
    o, t = randn(7, grad=True), randn(7)
    loss = F.mse_loss(o, t)
    equal(loss, sum((a - b) ** 2 for a, b in zip(o, t, strict=True)) / 7)
    (gradient,) = torch.autograd.grad(loss, o)
    equal(2 / 7 * (o - t), gradient)


def test_softmax_jacobian():
    a = randn(5)
    p = a.exp() / a.exp().sum()
    by_hand = torch.empty(5, 5, dtype=torch.float64)
    for i in range(5):
        for j in range(5):
            by_hand[i, j] = p[i] * (int(i == j) - p[j])
    equal(by_hand, torch.autograd.functional.jacobian(lambda a: a.softmax(0), a))
    equal(by_hand.sum(dim=0), torch.zeros(5, dtype=torch.float64))


def test_grad_accumulates_until_it_is_cleared():
    a = randn(3, grad=True)
    p = a.softmax(dim=0)
    rows = torch.diag(p) - p[:, None] * p
    p[1].backward(retain_graph=True)
    equal(a.grad, rows[1].detach())
    p[2].backward(retain_graph=True)
    equal(a.grad, (rows[1] + rows[2]).detach())
    a.grad = None
    p[2].backward()
    equal(a.grad, rows[2].detach())
    with pytest.raises(RuntimeError, match="second time"):
        p[2].backward()


# --- lessons 19 to 21 ---------------------------------------------------------------


@pytest.mark.parametrize(("b", "k"), [(1, 1), (1, 2), (16, 3)])
def test_perceptron(b, k):
    x, t, w = randn(b, 10), torch.rand(b, k).double(), randn(k, 10, grad=True)
    o = 1 / (1 + torch.exp(-(x @ w.t())))
    by_hand = torch.zeros(k, 10, dtype=torch.float64)
    for n in range(b):
        for i in range(k):
            error = o[n, i] - t[n, i]
            by_hand[i] += (error * o[n, i] * (1 - o[n, i]) * x[n]).detach()
    (half_sum,) = torch.autograd.grad(((o - t) ** 2).sum() / 2, w, retain_graph=True)
    equal(by_hand, half_sum)
    (mean,) = torch.autograd.grad(F.mse_loss(o, t), w)
    equal(by_hand * 2 / (b * k), mean)


def test_chain_rule():
    x, w, v = (randn(1, grad=True) for _ in range(3))
    z = w * x
    h = z.tanh()
    loss = (v * h) ** 2
    chain = [(loss, h), (h, z), (z, w)]
    grads = [torch.autograd.grad(a, b, retain_graph=True)[0] for a, b in chain]
    (whole,) = torch.autograd.grad(loss, w)
    equal(torch.cat(grads).prod().view(1), whole)
    equal(2 * v * h * v * (1 - h**2) * x, whole)


def mlp(x, w1, b1, w2, b2):
    h = torch.sigmoid(x @ w1 + b1)
    return h, torch.sigmoid(h @ w2 + b2)


def mlp_gradients(x, t, w1, b1, w2, b2):
    """By hand, with weights [in, out]; of half the sum of squares."""
    h, o = mlp(x, w1, b1, w2, b2)
    delta2 = (o - t) * o * (1 - o)
    delta1 = h * (1 - h) * (delta2 @ w2.t())
    return x.t() @ delta1, delta1.sum(0), h.t() @ delta2, delta2.sum(0)


def test_back_propagation():
    x, t = randn(6, 4), torch.rand(6, 2).double()
    parameters = [randn(*size, grad=True) for size in [(4, 5), (5,), (5, 2), (2,)]]
    loss = ((mlp(x, *parameters)[1] - t) ** 2).sum() / 2
    by_hand = mlp_gradients(x, t, *parameters)
    for dp, grad in zip(by_hand, torch.autograd.grad(loss, parameters), strict=True):
        equal(dp, grad)


@pytest.mark.parametrize("seed", range(3))
def test_xor_is_learned_by_handwritten_back_propagation(seed):
    torch.manual_seed(seed)
    x = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]).double()
    t = (x[:, :1] != x[:, 1:]).double()
    parameters = [randn(2, 4), randn(4) * 0, randn(4, 1), randn(1) * 0]
    for _ in range(1500):
        for p, dp in zip(parameters, mlp_gradients(x, t, *parameters), strict=True):
            p -= 2 * dp
    assert (mlp(x, *parameters)[1].round() == t).all()


# --- lesson 22 ----------------------------------------------------------------------


def himmelblau(x, y):
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def test_gradient_of_himmelblau():
    x, y = randn(50, grad=True), randn(50, grad=True)
    u, v = x**2 + y - 11, x + y**2 - 7
    dx, dy = torch.autograd.grad(himmelblau(x, y).sum(), (x, y))
    equal(4 * x * u + 2 * v, dx)
    equal(2 * u + 4 * y * v, dy)


def test_four_starts_reach_the_four_minima_of_himmelblau():
    x = torch.tensor([0.0, -4, -4, 4], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0.0, 4, 0, 0], dtype=torch.float64, requires_grad=True)
    optimizer = optim.Adam([x, y], lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        himmelblau(x, y).sum().backward()
        optimizer.step()
    assert (himmelblau(x, y) < 1e-6).all()
    ends = {(round(a, 2), round(b, 2)) for a, b in torch.stack([x, y], 1).tolist()}
    assert ends == {(3, 2), (-2.81, 3.13), (-3.78, -3.28), (3.58, -1.85)}


# --- lessons 24 and 25 --------------------------------------------------------------


def test_accuracy_has_a_zero_slope_almost_everywhere():
    x, label = randn(200), torch.arange(200) % 2 == 1
    x = x + label
    b = torch.linspace(-3, 3, 5000, dtype=torch.float64)

    def accuracy(b):
        return ((x + b[:, None] > 0) == label).double().mean(dim=1)

    def nonzero(h):
        return (accuracy(b + h) != accuracy(b - h)).double().mean().item()

    assert nonzero(1e-2) > 0.1
    assert nonzero(1e-4) < 200 * 3e-4 / 6
    assert nonzero(1e-7) < 1e-3
    assert len(accuracy(b).unique()) > 10


def test_logistic_regression_gradients():
    x, t, w = randn(30, 2), (torch.arange(30) % 2).double(), randn(2, grad=True)
    p = torch.sigmoid(x @ w)
    (gradient,) = torch.autograd.grad(
        F.binary_cross_entropy(p, t), w, retain_graph=True
    )
    equal((p - t) @ x / 30, gradient)
    (gradient,) = torch.autograd.grad(F.mse_loss(p, t), w)
    equal(2 * (p - t) * p * (1 - p) @ x / 30, gradient)


def test_cross_entropy_is_entropy_plus_divergence():
    p, q = randn(2, 6).softmax(dim=1)
    entropy = -(p * p.log()).sum()
    divergence = F.kl_div(q.log(), p, reduction="sum")
    equal(F.cross_entropy(q.log(), p), entropy + divergence)
    assert divergence > 0
    equal(F.cross_entropy(p.log(), p), entropy)


def test_cross_entropy_is_softmax_log_and_nll():
    logits, y = randn(8, 10), torch.arange(8)
    p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    equal(F.cross_entropy(logits, y), -p[torch.arange(8), y].log().mean())
    equal(F.cross_entropy(logits, y), F.nll_loss(p.log(), y))


def test_cross_entropy_gradient():
    logits, y = randn(8, 10, grad=True), torch.arange(8)
    (gradient,) = torch.autograd.grad(F.cross_entropy(logits, y), logits)
    equal((logits.softmax(dim=1) - F.one_hot(y, 10)) / 8, gradient)


def test_cross_entropy_stays_finite_where_log_of_softmax_does_not():
    logits = torch.tensor([[1000.0, 0.0]], requires_grad=True)
    y = torch.tensor([1])
    separate = F.nll_loss(logits.softmax(dim=1).log(), y)
    assert separate.isinf()
    assert torch.autograd.grad(separate, logits)[0].isnan().any()
    together = F.cross_entropy(logits, y)
    assert together.item() == 1000
    assert torch.autograd.grad(together, logits)[0].tolist() == [[1, -1]]


def test_squared_error_is_flat_at_a_confident_wrong_answer():
    z = torch.tensor(-10.0, dtype=torch.float64, requires_grad=True)
    (squared,) = torch.autograd.grad((z.sigmoid() - 1) ** 2, z)
    (entropy,) = torch.autograd.grad(-F.logsigmoid(z), z)
    assert abs(squared) < 1e-4
    assert entropy < -0.999
