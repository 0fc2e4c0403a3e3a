"""What lessons 6 to 9 teach of PyTorch, asserted apart from the lessons' own text."""

import math
from itertools import permutations, product

import numpy as np
import pytest
import torch

DTYPES = {
    torch.uint8: 1,
    torch.int8: 1,
    torch.int16: 2,
    torch.int32: 4,
    torch.int64: 8,
    torch.float16: 2,
    torch.bfloat16: 2,
    torch.float32: 4,
    torch.float64: 8,
    torch.bool: 1,
}


@pytest.fixture
def filled():
    """Memory that nothing was written to is NaN while this fixture holds."""
    torch.set_deterministic_debug_mode("error")
    yield
    torch.set_deterministic_debug_mode("default")


def draws_random_numbers(function) -> bool:
    before = torch.get_rng_state()
    function()
    return not torch.equal(before, torch.get_rng_state())


def shares_memory(a, b) -> bool:
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


# --- lesson 6: data types -----------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_numel_counts_elements_not_bytes(dtype):
    t = torch.zeros(2, 3, 5, dtype=dtype)
    assert t.numel() == math.prod(t.shape) == 30
    assert t.element_size() == dtype.itemsize == DTYPES[dtype]
    assert t.numel() * t.element_size() == t.untyped_storage().nbytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_type_says_tensor_for_every_dtype(dtype):
    t = torch.zeros(2, dtype=dtype)
    assert type(t) is torch.Tensor
    assert t.dtype is dtype
    assert isinstance(t, torch.FloatTensor) == (dtype is torch.float32)


def test_a_type_name_and_isinstance_depend_on_the_device():
    t = torch.zeros(2, device="meta")
    assert t.dtype is torch.float32
    assert t.type() != torch.zeros(2).type()
    assert not isinstance(t, torch.FloatTensor)


def test_float_tensor_is_uninitialised_and_not_random(filled):
    assert torch.FloatTensor(1000).isnan().all()
    assert not draws_random_numbers(lambda: torch.FloatTensor(1000))
    assert draws_random_numbers(lambda: torch.rand(1000))


def test_there_is_no_string_tensor():
    with pytest.raises(TypeError, match="invalid data type 'str'"):
        torch.tensor("seven")


def test_numpy_shares_memory_and_tensor_copies():
    array = np.ones(2)
    shared, copied = torch.from_numpy(array), torch.tensor(array)
    array[0] = 5
    assert shared.tolist() == [5, 1]
    assert copied.tolist() == [1, 1]
    assert shared.dtype is torch.float64
    shared[1] = 7
    assert array.tolist() == [5, 7]


def test_numbers_that_do_not_fit():
    assert (torch.tensor([255], dtype=torch.uint8) + 1).item() == 0
    assert torch.tensor(70_000.0).half().isinf()
    assert torch.finfo(torch.float16).max == 65_504
    assert torch.tensor(2.0**24) + 1 == 2**24


# --- lesson 7: creating tensors -----------------------------------------------------


def test_rand_never_gives_one():
    """Its results are multiples of 2^-24, of which the largest below 1 is 1 - 2^-24."""
    torch.manual_seed(0)
    x = torch.rand(10_000_000)
    assert (x >= 0).all()
    assert (x < 1).all()
    assert x.max() > 1 - 2**-20
    assert ((x * 2**24).frac() == 0).all()


def test_full_takes_its_dtype_from_the_value():
    for shape in [], [1], [2, 3]:
        t = torch.full(shape, 7)
        assert list(t.shape) == shape
        assert t.dtype is torch.int64
        assert (t == 7).all()
        assert torch.full(shape, 7.0).dtype is torch.float32


def test_logspace_ends_at_a_power_and_not_at_zero():
    x = torch.logspace(0, -1, steps=10, dtype=torch.float64)
    assert len(x) == 10
    assert x[0] == 1
    assert x[-1].item() == pytest.approx(0.1)
    expected = [10 ** (-i / 9) for i in range(10)]
    assert x.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("make", [torch.Tensor, torch.FloatTensor, torch.empty])
def test_a_shape_alone_leaves_memory_uninitialised(make, filled):
    t = make(2, 3)
    assert list(t.shape) == [2, 3]
    assert t.isnan().all()
    assert not draws_random_numbers(lambda: make(2, 3))


def test_tensor_takes_data_and_capital_tensor_a_shape():
    assert torch.Tensor(2, 3).shape == (2, 3)
    assert torch.Tensor([2, 3]).tolist() == [2, 3]
    with pytest.raises(TypeError):
        torch.tensor(2, 3)


def test_the_notes_tiny_number_is_half_of_an_address():
    """4.59e-41, which the notes print, is the integer 32767 read as a float."""
    tiny = torch.tensor([32767], dtype=torch.int32).view(torch.float32).item()
    assert tiny == pytest.approx(4.59e-41, abs=1e-43)


def test_ends_of_ranges():
    torch.manual_seed(0)
    assert torch.arange(0, 10).tolist() == list(range(10))
    assert len(torch.arange(1, 1.3, 0.1)) == 4
    assert torch.linspace(0, 10, steps=11).tolist() == list(range(11))
    assert torch.randint(1, 10, [10_000]).unique().tolist() == list(range(1, 10))


def test_normal_takes_a_deviation_for_each_element():
    torch.manual_seed(0)
    std = torch.tensor([0.0, 1.0, 10.0])
    x = torch.normal(torch.full([100_000, 3], 5.0), std.expand(100_000, 3))
    assert (x[:, 0] == 5).all()
    assert x.std(dim=0).tolist() == pytest.approx([0, 1, 10], rel=0.02)


# --- lesson 8: indexing and slicing -------------------------------------------------


def test_index_select_picks_the_listed_positions():
    """In any order and with repetition, along each dimension: it is no cut to k."""
    x = torch.arange(24).view(2, 3, 4)
    for dim, size in enumerate(x.shape):
        for positions in product(range(size), repeat=3):
            picked = x.index_select(dim, torch.tensor(positions))
            parts = [x.select(dim, i) for i in positions]
            assert picked.equal(torch.stack(parts, dim))
    first = x.index_select(2, torch.arange(2))
    assert first.equal(x[..., :2])
    assert not first.equal(x.index_select(2, torch.tensor([3, 1])))


@pytest.mark.parametrize(
    ("take", "view"),
    [
        (lambda x: x[1], True),
        (lambda x: x[0, 1], True),
        (lambda x: x[:, 1:], True),
        (lambda x: x[..., ::2], True),
        (lambda x: x[None], True),
        (lambda x: x[[1]], False),
        (lambda x: x[x > 3], False),
        (lambda x: x.index_select(0, torch.tensor([1])), False),
        (lambda x: x.masked_select(x > 3), False),
        (lambda x: x.take(torch.tensor([5])), False),
        (lambda x: x.flip(0), False),
    ],
)
def test_what_is_a_view_and_what_a_copy(take, view):
    x = torch.arange(12).view(3, 4)
    take(x).fill_(-1)
    assert (x == -1).any() == view


def test_lists_of_positions_are_read_in_pairs():
    x = torch.arange(12).view(3, 4)
    assert x[[0, 2], [3, 1]].tolist() == [3, 9]
    assert x[[0, 2]][:, [3, 1]].tolist() == [[3, 1], [11, 9]]


def test_a_number_beside_a_list_is_applied_first():
    """Lists with a slice between them go to the front; NumPy counts a number too."""
    x = torch.zeros(4, 3, 5, 6)
    assert x[:, [0, 1], :, [2, 3]].shape == (2, 4, 5)
    assert x[0, :, [2, 3]].shape == (3, 2, 6)
    assert x.numpy()[0, :, [2, 3]].shape == (2, 3, 6)


# --- lesson 9: changing dimensions --------------------------------------------------


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


def test_a_transposed_tensor_has_no_flat_view():
    x = torch.arange(12).view(3, 4).t()
    assert not x.is_contiguous()
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        x.view(12)
    assert x.contiguous().view(12).tolist() == [i + 4 * j for i, j in np.ndindex(4, 3)]


def test_only_size_one_can_be_expanded():
    for n, m in product(range(1, 6), repeat=2):
        x = torch.arange(n).view(n, 1)
        if n in (1, m):
            assert shares_memory(x, x.expand(m, 7))
        else:
            with pytest.raises(RuntimeError, match="must match the existing size"):
                x.expand(m, 7)


def test_repeat_multiplies_sizes():
    bias = torch.zeros(1, 32, 1, 1)
    assert bias.repeat(4, 32, 1, 1).shape == (4, 1024, 1, 1)
    assert bias.repeat(4, 1, 14, 14).shape == bias.expand(4, 32, 14, 14).shape


def test_t_takes_two_dimensions_at_most():
    for rank in range(5):
        x = torch.zeros([2, 3, 4, 5][:rank])
        if rank <= 2:
            assert x.t().shape == x.shape[::-1]
        else:
            with pytest.raises(RuntimeError, match=f"but self is {rank}D"):
                x.t()


def test_unsqueeze_and_squeeze():
    x = torch.zeros(4, 2)
    for position in range(3):
        shape = [4, 2]
        shape.insert(position, 1)
        assert list(x.unsqueeze(position).shape) == shape
        assert list(x.unsqueeze(position - 3).shape) == shape
        assert x.unsqueeze(position).squeeze(position).shape == x.shape
    assert x.squeeze(0).shape == x.squeeze().shape == x.shape


def test_strides_say_where_an_element_lies():
    memory = torch.arange(24)
    for order in permutations(range(3)):
        x = memory.view(2, 3, 4).permute(order)
        for index in np.ndindex(*x.shape):
            place = sum(i * s for i, s in zip(index, x.stride(), strict=True))
            assert x[index] == memory[place]
