"""What lessons 10 to 14 teach of PyTorch, asserted apart from the lessons' own text."""

import math
from itertools import pairwise, product

import pytest
import torch
from torch import nn
from torch.nn import functional as F

# --- lesson 10: broadcasting --------------------------------------------------------


def test_broadcasting_follows_the_rule():
    """From the last dimension: equal, or 1, or missing; for all shapes up to 3-d."""
    shapes = [shape for rank in range(4) for shape in product(range(4), repeat=rank)]
    clashes = 0
    for a, b in product(shapes, repeat=2):
        rank = max(len(a), len(b))
        full_a, full_b = ((1,) * (rank - len(s)) + s for s in (a, b))
        pairs = list(zip(full_a, full_b, strict=True))
        if all(m == n or 1 in (m, n) for m, n in pairs):
            expected = tuple(n if m == 1 else m for m, n in pairs)
            assert (torch.zeros(a) + torch.zeros(b)).shape == expected
        else:
            clashes += 1
            with pytest.raises(RuntimeError, match="must match the size of tensor b"):
                torch.zeros(a) + torch.zeros(b)
    assert 0 < clashes < len(shapes) ** 2


def test_expand_copies_nothing_and_repeat_does():
    x = torch.arange(32.0).view(32, 1, 1)
    expanded, repeated = x.expand(4, 32, 14, 14), x.repeat(4, 1, 14, 14)
    assert expanded.stride() == (0, 1, 0, 0)
    assert expanded.data_ptr() == x.data_ptr() != repeated.data_ptr()
    assert expanded.untyped_storage().nbytes() == 32 * 4
    assert repeated.untyped_storage().nbytes() == 4 * 32 * 14 * 14 * 4
    assert expanded.equal(repeated)
    with pytest.raises(RuntimeError, match="more than one element"):
        expanded.add_(1)


def test_an_operation_in_place_does_not_enlarge_its_tensor():
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        torch.zeros(3).add_(torch.zeros(4, 3))


def test_n_minus_n_1_is_silently_n_n(recwarn):
    y = torch.tensor([1.0, 2.0, 3.0, 4.0])
    difference = y - y.view(4, 1)
    assert difference.shape == (4, 4)
    assert difference.square().mean() == 2.5
    assert len(recwarn) == 0
    with pytest.warns(UserWarning, match="target size"):
        F.mse_loss(y.view(4, 1), y)


def test_the_silent_bug_teaches_the_mean():
    """The best fit of a line under the loss [n] - [n, 1] is the constant mean."""
    x = torch.tensor([[0.0], [1.0], [2.0], [3.0]], dtype=torch.float64)
    y = 2 * x[:, 0] + 1
    wb = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    for _ in range(500):
        loss = (y - (x * wb[0] + wb[1])).square().mean()
        (gradient,) = torch.autograd.grad(loss, wb)
        with torch.no_grad():
            wb -= 0.1 * gradient
    assert torch.allclose(wb, torch.tensor([0.0, 4.0], dtype=torch.float64), atol=1e-6)


# --- lesson 11: merging and splitting -----------------------------------------------


@pytest.mark.parametrize("dim", range(3))
def test_cat_wants_all_other_sizes_equal(dim):
    """The notes say "different"."""
    for changed in range(3):
        shape = [4, 3, 2]
        shape[changed] += 1
        if changed == dim:
            joined = torch.cat([torch.zeros(4, 3, 2), torch.zeros(shape)], dim)
            assert joined.shape[dim] == [4, 3, 2][dim] * 2 + 1
        else:
            with pytest.raises(RuntimeError, match="must match except in dimension"):
                torch.cat([torch.zeros(4, 3, 2), torch.zeros(shape)], dim)


def test_cat_does_not_broadcast_nor_insert_dimensions():
    for shape in (1, 1, 2), (3, 2):
        with pytest.raises(RuntimeError, match=r"must (match|have)"):
            torch.cat([torch.zeros(4, 3, 2), torch.zeros(shape)])


@pytest.mark.parametrize("dim", [0, 1, 2, -1])
def test_stack_is_unsqueeze_and_cat(dim):
    a, b = torch.arange(12).view(2, 2, 3)
    new = [x.unsqueeze(dim) for x in (a, b)]
    assert torch.stack([a, b], dim).equal(torch.cat(new, dim))
    assert torch.stack([a, b], dim).select(dim, 1).equal(b)


def test_stack_wants_one_shape():
    with pytest.raises(RuntimeError, match="expects each tensor to be equal size"):
        torch.stack([torch.zeros(4, 3), torch.zeros(5, 3)])


def test_split_lengths_have_to_add_up():
    x = torch.arange(30).view(5, 6)
    assert [len(piece) for piece in x.split(2)] == [2, 2, 1]
    assert [piece.shape for piece in x.split([2, 3])] == [(2, 6), (3, 6)]
    with pytest.raises(RuntimeError, match="to sum exactly to 5"):
        x.split([2, 2])
    with pytest.raises(ValueError, match="too many values"):
        _, _ = x.split(2)


def test_chunk_rounds_the_size_up_and_may_make_fewer():
    fewer = 0
    for size, n in product(range(1, 13), repeat=2):
        x = torch.arange(size)
        assert [len(c) for c in x.chunk(n)] == [len(c) for c in x.split(-(-size // n))]
        assert len(x.tensor_split(n)) == n
        fewer += n <= size and len(x.chunk(n)) < n
    assert fewer
    assert [len(c) for c in torch.arange(5).chunk(4)] == [2, 2, 1]


def test_pieces_are_views_and_joined_tensors_copies():
    x = torch.arange(6)
    for pieces in x.split(2), x.chunk(2), x.unbind():
        assert pieces[0].data_ptr() == x.data_ptr()
    assert torch.cat([x]).data_ptr() != x.data_ptr() != torch.stack([x]).data_ptr()
    assert torch.cat(x.split([1, 2, 3])).equal(x)


def test_cat_promotes_integers():
    assert torch.cat([torch.tensor([1]), torch.tensor([0.5])]).dtype == torch.float32


# --- lesson 12: mathematics ---------------------------------------------------------


def test_mm_of_the_notes_raises_today():
    threes, ones = torch.full([2, 2], 3), torch.ones(2, 2)
    assert threes.dtype == torch.int64
    for product_of in torch.mm, torch.matmul:
        with pytest.raises(RuntimeError, match="same dtype"):
            product_of(threes, ones)
    assert (threes + ones).dtype == torch.float32
    assert torch.mm(torch.full([2, 2], 3.0), ones).equal(torch.full([2, 2], 6.0))


def test_mm_is_for_two_dimensions_and_matmul_broadcasts():
    with pytest.raises(RuntimeError, match="must be a matrix"):
        torch.mm(torch.ones(5, 2, 2), torch.ones(5, 2, 2))
    a = torch.arange(4 * 3 * 2 * 5.0).view(4, 3, 2, 5)
    b = torch.arange(4 * 5 * 6.0).view(4, 1, 5, 6)
    c = a @ b
    assert c.shape == (4, 3, 2, 6)
    for i, j in product(range(4), range(3)):
        assert c[i, j].equal(a[i, j] @ b[i, 0])
    assert (torch.ones(4, 3, 28, 64) @ torch.ones(4, 1, 64, 32)).shape == (4, 3, 28, 32)


def test_division_of_integers():
    x = torch.tensor([7, -7])
    assert (x / 2).tolist() == [3.5, -3.5]
    assert (x // 2).tolist() == [3, -4]
    assert torch.div(x, 2, rounding_mode="trunc").tolist() == [3, -3]
    assert (x % 2).tolist() == [1, 1]
    assert (x % -2).tolist() == [-1, -1]  # the sign of the divisor
    assert torch.fmod(x, 2).tolist() == [1, -1]


def test_round_goes_from_the_middle_to_the_even_neighbour():
    x = torch.arange(-9.5, 10)
    assert x.round().tolist() == [round(value) for value in x.tolist()]
    assert (x.round() % 2 == 0).all()
    assert x.floor().tolist() == [math.floor(value) for value in x.tolist()]
    assert x.ceil().tolist() == [math.ceil(value) for value in x.tolist()]
    assert x.trunc().tolist() == [math.trunc(value) for value in x.tolist()]
    assert (x.trunc() + x.frac()).equal(x)


def test_where_functions_end():
    assert torch.tensor(0.0).log() == -torch.inf
    assert torch.tensor(-1.0).log().isnan()
    assert torch.tensor(-4.0).sqrt().isnan()
    assert torch.tensor(0.0).rsqrt() == torch.inf
    assert torch.tensor([88.0, 89.0]).exp().isinf().tolist() == [False, True]
    assert (torch.tensor(0.0) * torch.tensor(0.0).log()).isnan()
    assert torch.xlogy(torch.tensor(0.0), torch.tensor(0.0)) == 0


def test_clipping_by_norm_keeps_the_direction_and_clamping_does_not():
    gradient = torch.tensor([30.0, 40.0])
    parameter = nn.Parameter(torch.zeros(2))
    parameter.grad = gradient.clone()
    assert nn.utils.clip_grad_norm_([parameter], max_norm=10) == 50
    assert torch.allclose(parameter.grad, torch.tensor([6.0, 8.0]))
    assert F.cosine_similarity(gradient.clamp(-10, 10), gradient, dim=0) < 0.995
    nn.utils.clip_grad_norm_([parameter], max_norm=100)  # a short one is left alone
    assert torch.allclose(parameter.grad, torch.tensor([6.0, 8.0]))


# --- lesson 13: statistics ----------------------------------------------------------


def test_dtype_float_is_float64():
    assert torch.tensor([1, 2], dtype=float).dtype == torch.float64
    assert torch.tensor([1.0]).dtype == torch.float32


@pytest.mark.parametrize("dim", range(3))
def test_norms_along_a_dimension(dim):
    c = torch.arange(1, 9, dtype=float).view(2, 2, 2)
    one = torch.linalg.vector_norm(c, 1, dim=dim)
    two = torch.linalg.vector_norm(c, 2, dim=dim)
    for i, j in product(range(2), repeat=2):
        index = [i, j]
        index.insert(dim, slice(None))
        numbers = c[tuple(index)].tolist()
        assert one[i, j].item() == sum(numbers)
        assert two[i, j].item() == pytest.approx(math.hypot(*numbers))


def test_norm_of_a_matrix_is_not_that_of_its_numbers():
    m = torch.diag(torch.tensor([3.0, 4.0]))
    assert torch.linalg.vector_norm(m, 2) == pytest.approx(5)
    assert torch.linalg.norm(m, 2) == pytest.approx(4)


def test_kthvalue_8_of_10_is_the_third_largest():
    torch.manual_seed(0)
    x = torch.rand(50, 10)
    third = x.kthvalue(8, dim=1).values
    assert third.equal(x.topk(3, dim=1).values[:, 2])
    assert third.equal(x.sort(dim=1).values[:, 7])
    smallest = x.topk(3, dim=1, largest=False).values
    assert all((a < b).all() for a, b in pairwise(smallest.unbind(dim=1)))


def test_median_is_the_lower_of_two():
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert x.median() == 2
    assert x.quantile(0.5) == 2.5


def test_argmax_counts_through_the_flattened_tensor():
    x = torch.zeros(4, 10)
    x[2, 8] = 1
    assert x.argmax() == 28
    assert [i.item() for i in torch.unravel_index(x.argmax(), x.shape)] == [2, 8]
    assert x.argmax(dim=1).tolist() == [0, 0, 8, 0]
    assert x.max(dim=1, keepdim=True).values.shape == (4, 1)


def test_forgetting_keepdim_is_silent_for_a_square():
    x = torch.tensor([[1.0, 3.0], [4.0, 4.0]])
    assert (x / x.sum(dim=1, keepdim=True)).sum(dim=1).tolist() == [1, 1]
    assert (x / x.sum(dim=1)).sum(dim=1).tolist() != [1, 1]


def test_mean_of_integers_raises_and_their_sum_does_not_overflow():
    x = torch.full([10], 200, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="could not infer output dtype"):
        x.mean()
    assert x.sum() == 2000
    assert x.sum().dtype == torch.int64


def test_eq_gives_bool_and_equal_one_answer():
    a, b = torch.tensor([1, 2, 3]), torch.tensor([1, 2, 4])
    assert torch.eq(a, b).dtype == torch.bool
    assert torch.eq(a, b).tolist() == [True, True, False]
    assert torch.equal(a, b) is False
    assert torch.eq(torch.ones(1), torch.ones(2)).tolist() == [True, True]
    assert torch.equal(torch.ones(1), torch.ones(2)) is False
    tenth = torch.tensor([0.1], dtype=float)
    assert not torch.equal(tenth + 0.2, 3 * tenth - 1e-16)
    assert torch.allclose(tenth + 0.2, 3 * tenth - 1e-16)
    nan = torch.tensor([torch.nan])
    assert not torch.equal(nan, nan)


# --- lesson 14: where, gather, scatter ----------------------------------------------


def test_where_takes_the_third_where_the_condition_is_false():
    x = torch.tensor([0.9, 0.5, 0.2])
    assert torch.where(x > 0.5, 0.0, 1.0).tolist() == [0, 1, 1]


def test_where_does_not_hide_nan_from_the_gradient():
    x = torch.tensor([4.0, -1.0], requires_grad=True)
    y = torch.where(x > 0, x.sqrt(), 0.0)
    assert y.tolist() == [2, 0]
    assert torch.autograd.grad(y.sum(), x)[0].isnan().tolist() == [False, True]
    y = torch.where(x > 0, torch.where(x > 0, x, 1.0).sqrt(), 0.0)
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [0.25, 0]


@pytest.mark.parametrize("dim", range(3))
def test_gather_is_its_formula(dim):
    """The index takes the place of one coordinate; the others stay."""
    torch.manual_seed(0)
    x = torch.rand(3, 4, 5)
    shape = [2, 3, 4]
    shape[dim] = 7
    index = torch.randint(x.shape[dim], shape)
    out = x.gather(dim, index)
    assert out.shape == index.shape
    for place in product(*map(range, shape)):
        source = list(place)
        source[dim] = index[place].item()
        assert out[place] == x[tuple(source)]


def test_gather_neither_broadcasts_nor_forgives():
    x = torch.zeros(3, 4)
    with pytest.raises(RuntimeError, match="same number of dimensions"):
        x.gather(1, torch.tensor([0, 1]))
    with pytest.raises(RuntimeError, match="out of bounds"):
        x.gather(1, torch.tensor([[4]]))


@pytest.mark.parametrize("dim", [0, 1])
def test_scatter_is_the_inverse_of_gather(dim):
    torch.manual_seed(0)
    x = torch.rand(6, 6)
    order = x.argsort(dim)
    assert torch.zeros(6, 6).scatter_(dim, order, x.gather(dim, order)).equal(x)


def test_scatter_makes_one_hot_rows():
    y = torch.tensor([2, 0, 3, 3])
    rows = torch.zeros(4, 5).scatter_(1, y.unsqueeze(1), 1.0)
    assert rows.equal(F.one_hot(y, 5).float())
    assert torch.zeros(5).scatter_add_(0, y, torch.ones(4)).tolist() == [1, 0, 1, 2, 0]


def test_global_labels_of_the_best_predictions():
    torch.manual_seed(0)
    scores = torch.rand(4, 10)
    best = scores.topk(3, dim=1).indices
    labels = torch.arange(10) + 100
    assert labels.expand(4, 10).gather(1, best).equal(best + 100)
    assert labels[best].equal(best + 100)
