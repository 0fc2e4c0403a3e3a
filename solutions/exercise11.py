"""
Exercises of lesson 11: merging and splitting

``python check.py 11`` checks them whenever you save this file.
"""

import torch
from torch.nn.utils.rnn import pad_sequence

from solutions import exercise, random_int


@exercise(
    "Try ``stack`` and ``cat`` with three tensors [2, 5]: which one adds a dimension?",
    "After ``stack`` there is one dimension more. There -1 comes after the last one.",
    without="torch",
)
def merged_shape(shape, count, dim, new):
    """
    The shape of ``count`` equal tensors, merged by ``stack`` or by ``cat``.

    :param shape: the shape of each tensor, a list of ints
    :param dim: the dimension that is given to ``stack`` or ``cat``, may be negative
    :param new: True for ``stack``, False for ``cat``
    :returns: a list of ints
    """
    merged = list(shape)
    if new:
        position = dim if dim >= 0 else dim + len(shape) + 1
        merged.insert(position, count)
    else:
        merged[dim] *= count
    return merged


@merged_shape.inputs
def merged_shape_inputs():
    shape = [random_int(1, 5) for _ in range(random_int(1, 3))]
    new = random_int(0, 1) == 1
    dims = len(shape) + new
    return shape, random_int(2, 4), random_int(-dims, dims - 1), new


@merged_shape.must
def torch_merges_so(merged_shape):
    x = torch.zeros(2, 5)
    for merge, new in (torch.cat, False), (torch.stack, True):
        for dim in range(-2 - new, 2 + new):
            shape = list(merge([x, x, x], dim=dim).shape)
            mine = list(merged_shape([2, 5], 3, dim, new))
            assert mine == shape, (
                f"{merge.__name__} of three [2, 5] in dimension {dim} is {shape}, not "
                f"{mine}."
            )


@merged_shape.mistake
def inserted_before_the_last(shape, count, dim, new):
    """
    A list's ``insert(-1, ...)`` puts it before the last. For ``stack`` -1 is the new
    last dimension.
    """
    merged = list(shape)
    if new:
        merged.insert(dim, count)
    else:
        merged[dim] *= count
    return merged


@merged_shape.mistake
def count_added(shape, count, dim, new):
    """``cat`` puts the tensors end to end: the size grows count times, not by count."""
    if new:
        return merged_shape(shape, count, dim, new)
    merged = list(shape)
    merged[dim] += count
    return merged


@merged_shape.mistake
def exchanged(shape, count, dim, new):
    """It is the other way round: ``stack`` makes a new dimension, ``cat`` does not."""
    return merged_shape(shape, count, dim if dim < len(shape) else -1, not new)


@exercise(
    "Of which dtype is ``torch.tensor([])``? Look at the dtype of what you return.",
    "Collect the tensors in two Python lists, and call ``cat`` once for each list.",
)
def collected(batches):
    """
    All batches of a loader as one tensor of samples and one of labels.

    :param batches: a list of pairs x [n, d], y [n]; the last one may be smaller
    :returns: a tuple: all x as [N, d], all y as [N], each of its own dtype
    """
    x = torch.cat([samples for samples, labels in batches])
    y = torch.cat([labels for samples, labels in batches])
    return x, y


@collected.inputs
def collected_inputs():
    n, last, d = random_int(1, 3), random_int(1, 3), random_int(1, 3)
    batches = []
    for size in [n] * random_int(1, 2) + [min(n, last)]:
        batches.append((torch.randint(10, (size, d)) / 10, torch.randint(5, (size,))))
    return (batches,)


@collected.must
def nothing_is_lost(collected):
    x, y = torch.randn(7, 2), torch.arange(7)
    mine = collected(list(zip(x.split(3), y.split(3), strict=True)))
    assert mine[1].dtype == y.dtype, f"The labels are {mine[1].dtype} now."
    assert mine[0].equal(x), "Seven samples, split in threes, did not come back."
    assert mine[1].equal(y), "Seven labels, split in threes, did not come back."


@collected.broken
def from_an_empty_tensor(batches):
    """
    ``torch.tensor([])`` is float32, and ``cat`` takes the type that holds both: the
    labels became floats.
    """
    x, y = torch.tensor([]), torch.tensor([])
    for samples, labels in batches:
        x = torch.cat([x, samples])
        y = torch.cat([y, labels])
    return x, y


@collected.mistake
def stacked(batches):
    """
    ``stack`` makes a dimension of batches, and needs all of one size. ``cat`` joins
    along one that is there.
    """
    x = torch.stack([samples for samples, labels in batches])
    y = torch.stack([labels for samples, labels in batches])
    return x, y


@collected.mistake
def last_one_only(batches):
    """
    Each round of the loop threw away what was there before: the last batch is left.
    """
    for samples, labels in batches:
        x, y = samples, labels
    return x, y


@exercise(
    "How long is the longest sequence? Begin with a tensor that is full of ``fill``.",
    "Write each sequence over the beginning of its row; ``torch.full`` makes the rest.",
    without="pad_sequence pad",
)
def padded(sequences, fill):
    """
    Sequences of different lengths as the rows of one tensor, filled up behind.

    :param sequences: a list of b int64 tensors [t_i]
    :param fill: an int, the value where a row has no number of its own
    :returns: a tuple: int64 [b, t], t being the largest t_i, and the lengths, int64 [b]
    """
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    rows = torch.full((len(sequences), int(lengths.max())), fill)
    for i, sequence in enumerate(sequences):
        rows[i, : len(sequence)] = sequence
    return rows, lengths


@padded.inputs
def padded_inputs():
    sequences = []
    for _ in range(random_int(1, 3)):
        sequences.append(torch.randint(1, 10, (random_int(1, 4),)))
    return sequences, [0, -1, 99][random_int(0, 2)]


@padded.must
def pad_sequence_gives_the_same(padded):
    sequences = [torch.tensor([1, 2]), torch.tensor([3, 4, 5]), torch.tensor([6])]
    expected = pad_sequence(sequences, batch_first=True, padding_value=7)
    rows, lengths = padded(sequences, 7)
    assert rows.dtype == torch.int64, f"The dtype is {rows.dtype}, expected int64."
    assert rows.equal(expected), "pad_sequence gives other rows."
    assert lengths.tolist() == [2, 3, 1], f"The lengths are {lengths.tolist()}."


@padded.mistake
def filled_with_zeros(sequences, fill):
    """The rest is 0 here, which may be a symbol of its own: ``fill`` belongs there."""
    return padded(sequences, 0)


@padded.mistake
def filled_in_front(sequences, fill):
    """The sequences end at the right border here. They begin at the left one."""
    rows, lengths = padded(sequences, fill)
    for i, sequence in enumerate(sequences):
        rows[i] = fill
        rows[i, rows.shape[1] - len(sequence) :] = sequence
    return rows, lengths


@padded.mistake
def time_first(sequences, fill):
    """This is [t, b]: each sequence became a column. Each one is a row in the task."""
    rows, lengths = padded(sequences, fill)
    return rows.t(), lengths


@padded.mistake
def as_floats(sequences, fill):
    """
    ``torch.zeros`` and ``torch.ones`` are float32. Positions in an embedding have to be
    int64.
    """
    rows, lengths = padded(sequences, fill)
    return rows.float(), lengths


@padded.mistake
def longest_for_all(sequences, fill):
    """The lengths are those before the padding, not the t that all rows have now."""
    rows, lengths = padded(sequences, fill)
    return rows, torch.full_like(lengths, rows.shape[1])
