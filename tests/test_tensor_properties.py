"""What a lesson shows by one case holds in general."""

from itertools import permutations, product

import numpy as np
import pytest
import torch
from lesson_runner import LESSONS, run_lesson
from torch.nn import functional as F


def randn(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def equal(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-6)


def gradient(y, x):
    return torch.autograd.grad(y, x)[0]


def shares_memory(a, b) -> bool:
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


# --- the lessons' own functions, called where the lesson ran ------------------------


def lesson10(lesson):
    """``broadcast_shape`` agrees with PyTorch for all shapes up to three dimensions."""
    shapes = [shape for rank in range(4) for shape in product(range(4), repeat=rank)]
    clashes = 0
    for a, b in product(shapes, repeat=2):
        try:
            expected = list((torch.zeros(a) + torch.zeros(b)).shape)
        except RuntimeError:
            expected, clashes = None, clashes + 1
        assert lesson.broadcast_shape(a, b) == expected, (a, b)
    assert 0 < clashes < len(shapes) ** 2


def lesson14(lesson):
    """``gather`` agrees with PyTorch's along both dimensions, for any index."""
    for dim, rows, columns in product(range(2), (1, 2, 3), (1, 2, 4)):
        x = torch.rand(3, 4)
        index = torch.randint(x.shape[dim], (rows, columns))
        assert lesson.gather(x, dim, index).equal(x.gather(dim, index))


def lesson17(lesson):
    """Every formula is the derivative on the whole range, not only at three places."""
    x = torch.linspace(0.4, 3, 28, dtype=torch.float64)
    functions, formulas = lesson.functions, lesson.derivatives(x)
    assert list(functions(x)) == list(formulas)
    for name, formula in formulas.items():
        difference = functions(x + 1e-5)[name] - functions(x - 1e-5)[name]
        equal(formula, difference / 2e-5)


def lesson19(lesson):
    for b, d, k in product((1, 2, 16), (1, 10), (1, 3)):
        x, t, w = randn(b, d), randn(b, k), randn(k, d).requires_grad_()
        loss = 0.5 * ((torch.sigmoid(x @ w.t()) - t) ** 2).sum()
        equal(lesson.gradient_by_hand(x, w.detach(), t), gradient(loss, w))


def lesson21(lesson):
    for b, i, j, k in product((1, 6), (1, 4), (1, 5), (1, 2)):
        x, t = randn(b, i), randn(b, k)
        parameters = lesson.new_parameters(i, j, k)
        _, by_hand = lesson.gradients_by_hand(x, t, parameters)
        leaves = [p.clone().requires_grad_() for p in parameters]
        loss = 0.5 * ((lesson.forward(x, leaves)[1] - t) ** 2).sum()
        for mine, its in zip(by_hand, torch.autograd.grad(loss, leaves), strict=True):
            equal(mine, its)


def lesson22(lesson):
    p = (3 * randn(50, 2)).requires_grad_()
    by_hand = lesson.gradient_by_hand(p.detach())
    equal(by_hand, gradient(lesson.himmelblau(p).sum(), p))


def lesson25(lesson):
    for _ in range(20):
        p, q = randn(2, 6).softmax(dim=1)
        assert lesson.kl(p, q) > 0
        assert abs(lesson.kl(p, p)) < 1e-12
        parts = lesson.entropy(p) + lesson.kl(p, q)
        assert lesson.cross_entropy(p, q) == pytest.approx(parts)
        assert F.cross_entropy(q.log(), p).item() == pytest.approx(parts)
    z = torch.linspace(-10, 10, 41, dtype=torch.float64, requires_grad=True)
    p = z.sigmoid()
    equal(lesson.squared_error_slope(p.detach()), gradient(((p - 1) ** 2).sum(), z))
    equal(lesson.cross_entropy_slope(z.sigmoid()), gradient(-F.logsigmoid(z).sum(), z))


def lesson37(lesson):
    for h, w, kh, kw in product((3, 5), (4, 6), (1, 3), (1, 2)):
        image, kernel = torch.randn(h, w), torch.randn(kh, kw)
        expected = F.conv2d(image[None, None], kernel[None, None])[0, 0]
        equal(lesson.convolve(image, kernel), expected)


PROPERTIES = "lesson10 lesson14 lesson17 lesson19 lesson21 lesson22 lesson25 lesson37"


@pytest.mark.parametrize("name", PROPERTIES.split())
def test_functions_of(name, tmp_path):
    path = next(path for path in LESSONS if path.stem.startswith(f"{name}_"))
    run = run_lesson(path, tmp_path, judge=f"test_tensor_properties:{name}")
    assert run.status == 0, run.error


# --- PyTorch, over all cases of a small size ----------------------------------------


def test_view_never_copies_and_reshape_may():
    """For every order of the dimensions of a [2, 3, 4] tensor, and all its slices."""
    copies = 0
    for order, start in product(permutations(range(3)), (0, 1)):
        x = torch.arange(24).view(2, 3, 4).permute(order)[start:]
        for shape in [-1], [len(x), -1], [-1, x.shape[-1]]:
            reshaped = x.reshape(shape)
            assert reshaped.flatten().tolist() == [i.item() for i in x.flatten()]
            if shares_memory(x, reshaped):
                assert shares_memory(x, x.view(shape))
            else:
                copies += 1
                assert not x.is_contiguous()
                with pytest.raises(RuntimeError, match=r"Use \.reshape"):
                    x.view(shape)
    assert copies > 0


def test_strides_say_where_an_element_lies():
    memory = torch.arange(24)
    for order in permutations(range(3)):
        x = memory.view(2, 3, 4).permute(order)
        for index in np.ndindex(*x.shape):
            place = sum(i * s for i, s in zip(index, x.stride(), strict=True))
            assert x[index] == memory[place]


def test_only_size_one_can_be_expanded():
    for n, m in product(range(1, 6), repeat=2):
        x = torch.arange(n).view(n, 1)
        if n in (1, m):
            assert shares_memory(x, x.expand(m, 7))
        else:
            with pytest.raises(RuntimeError, match="must match the existing size"):
                x.expand(m, 7)


def test_chunk_rounds_the_size_up_and_may_make_fewer():
    fewer = 0
    for size, n in product(range(1, 13), repeat=2):
        x = torch.arange(size)
        assert [len(c) for c in x.chunk(n)] == [len(c) for c in x.split(-(-size // n))]
        assert len(x.tensor_split(n)) == n
        fewer += n <= size and len(x.chunk(n)) < n
    assert fewer


def test_kthvalue_counts_from_the_smallest():
    x = torch.rand(50, 10)
    for k in range(1, 11):
        assert x.kthvalue(k, dim=1).values.equal(x.sort(dim=1).values[:, k - 1])
        assert x.kthvalue(k, dim=1).values.equal(x.topk(11 - k, dim=1).values[:, -1])


@pytest.mark.parametrize("seed", range(3))
def test_the_silent_bug_of_shapes_teaches_the_mean(seed):
    """The best fit of a line under the loss [n] - [n, 1] is the constant mean."""
    torch.manual_seed(seed)
    x = randn(8, 1)
    y = 2 * x[:, 0] + randn(1)
    wb = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    for _ in range(2000):
        loss = (y - (x * wb[0] + wb[1])).square().mean()
        wb.data -= 0.1 * gradient(loss, wb)
    equal(wb.detach(), torch.stack([torch.zeros_like(y[0]), y.mean()]))
