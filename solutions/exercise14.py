"""
Exercises of lesson 14: where and gather

``python check.py 14`` checks them whenever you save this file.
"""

import torch

from solutions import exercise, random_int


@exercise(
    "The result has the shape of the index. Each number comes from its own row.",
    "Loop over the rows and columns of ``index``: the number there is a column.",
    without="torch gather",
)
def gathered(table, index):
    """
    What ``table.gather(1, index)`` gives, with lists and from its definition.

    :param table: a list of b lists of k numbers
    :param index: a list of b lists of m positions, each from 0 to k - 1
    :returns: a list of b lists of m numbers
    """
    rows = []
    for row, positions in zip(table, index, strict=True):
        rows.append([row[position] for position in positions])
    return rows


@gathered.inputs
def gathered_inputs():
    b, k, m = random_int(1, 3), random_int(2, 3), random_int(1, 3)
    table = torch.randint(10, (b, k)).tolist()
    return table, torch.randint(k, (b, m)).tolist()


@gathered.must
def gather_gives_the_same(gathered):
    table, index = torch.randint(99, (4, 5)), torch.randint(5, (4, 3))
    expected = table.gather(1, index).tolist()
    mine = gathered(table.tolist(), index.tolist())
    assert mine == expected, f"gather gives {expected}, not {mine}."


@gathered.mistake
def along_dimension_0(table, index):
    """
    That is ``gather(0, index)``: the number in the index says a row. With dimension 1
    it says a column.
    """
    rows = []
    for positions in index:
        rows.append([table[i][j] for j, i in enumerate(positions)])
    return rows


@gathered.mistake
def whole_rows(table, index):
    """
    ``table[index]`` of a tensor takes whole rows. ``gather`` takes one number for each
    position.
    """
    return [[table[i] for i in positions] for positions in index]


@gathered.mistake
def always_the_first_row(table, index):
    """
    Each row of the index looks into the same row of the table, not into the first.
    """
    return [[table[0][i] for i in positions] for positions in index]


@gathered.mistake
def scattered(table, index):
    """That is ``scatter``: it writes to the positions. ``gather`` reads from them."""
    rows = [[0] * len(row) for row in table]
    for i, positions in enumerate(index):
        for j, position in enumerate(positions):
            rows[i][position] = table[i][j]
    return rows


@exercise(
    "``where`` computes both sides everywhere. Which slope has the root at 0 and -1?",
    "Use ``where`` twice: put a harmless number into the root where x is not positive.",
)
def safe_sqrt(x):
    """
    The square root, 0 below 0, with a gradient that is always finite.

    :param x: float32 of any shape
    :returns: the root where x is positive, else 0; the gradient at those others is 0
    """
    positive = x > 0
    inside = torch.where(positive, x, 1.0)
    return torch.where(positive, inside.sqrt(), 0.0)


@safe_sqrt.inputs
def safe_sqrt_inputs():
    return (torch.randint(-2, 10, (random_int(1, 5),)).float(),)


@safe_sqrt.must
def gradient_is_finite(safe_sqrt):
    x = torch.tensor([-1.0, 0.0, 4.0], requires_grad=True)
    gradient = torch.autograd.grad(safe_sqrt(x).sum(), x)[0].tolist()
    assert gradient == [0.0, 0.0, 0.25], (
        f"The gradient at -1, 0 and 4 is {gradient}. ``where`` computes both sides, "
        "and backward 0 times infinity is NaN: change what goes into the root."
    )


@safe_sqrt.broken
def masked_afterwards(x):
    """
    ``where`` computes both sides, and backward 0 times infinity is NaN: change what
    goes into the root.
    """
    return torch.where(x > 0, x.sqrt(), 0.0)


@safe_sqrt.mistake
def absolute(x):
    """Negative numbers got the root of their absolute value; the task wants 0 there."""
    return x.abs().sqrt()


@safe_sqrt.mistake
def never_quite_0(x):
    """A small number inside makes the gradient finite, but the root of 0 wrong."""
    return (x.clamp(min=0) + 1e-6).sqrt()


@safe_sqrt.mistake
def root_of_negatives(x):
    """The root of a negative number is NaN."""
    return x.sqrt()


@exercise(
    "``topk`` gives k positions a sample. Compare them with its label, made [b, 1].",
    "A sample counts once: ask whether ``any`` of its k comparisons is true.",
    without="for while",
)
def top_k_accuracy(logits, y, k):
    """
    The share of samples whose right class is among the k best, without a loop.

    :param logits: a score for each sample and class, [b, c]
    :param y: the right classes, int64 [b]
    :param k: an int from 1 to c
    :returns: a float from 0 to 1
    """
    best = logits.topk(k, dim=1).indices  # [b, c] => [b, k]
    return (best == y[:, None]).any(dim=1).float().mean().item()


@top_k_accuracy.inputs
def top_k_accuracy_inputs():
    b, c = random_int(2, 4), random_int(2, 4)
    return torch.randn(b, c), torch.randint(c, (b,)), random_int(1, c)


@top_k_accuracy.must
def loop_counts_the_same(top_k_accuracy):
    logits, y = torch.randn(40, 6), torch.randint(6, (40,))
    for k in 1, 3, 6:
        hits = 0
        for scores, label in zip(logits.tolist(), y.tolist(), strict=True):
            hits += scores[label] in sorted(scores)[-k:]
        mine = top_k_accuracy(logits, y, k)
        assert abs(mine - hits / 40) < 1e-6, (
            f"For k = {k} a loop counts {hits} of 40, not {mine:.3f}."
        )


@top_k_accuracy.mistake
def mean_over_places(logits, y, k):
    """
    That mean is over k places a sample, so that k = c gives 1 / c. A sample counts
    once.
    """
    best = logits.topk(k, dim=1).indices
    return (best == y[:, None]).float().mean().item()


@top_k_accuracy.mistake
def best_samples(logits, y, k):
    """
    Dimension 0 compares samples: these are the k best samples of a class. Classes are
    dimension 1.
    """
    best = logits.topk(k, dim=0).indices
    return (best == y).any(dim=0).float().mean().item()


@top_k_accuracy.mistake
def scores_compared(logits, y, k):
    """``topk`` gives values and positions. A label is compared with positions."""
    best = logits.topk(k, dim=1).values
    return (best == y[:, None]).any(dim=1).float().mean().item()


@top_k_accuracy.mistake
def label_not_widened(logits, y, k):
    """[b, k] meets [b] from the right, k with b. The labels have to be [b, 1]."""
    best = logits.topk(k, dim=1).indices
    return (best == y).any(dim=1).float().mean().item()
