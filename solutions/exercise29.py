"""
Exercises of lesson 29: MNIST with a three-layer network

``python check.py 29`` checks them whenever you save this file.
"""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from solutions import exercise, random_int


@exercise(
    "How many samples are left after all full batches? And if none is left?",
    "``or`` gives its second side where the first is 0.",
    without="torch",
)
def last_batch(samples, batch_size):
    """
    The number of samples in the last batch of an epoch.

    :param samples: at least 1, an int
    :param batch_size: samples in a full batch, an int
    :returns: an int
    """
    return samples % batch_size or batch_size


@last_batch.inputs
def last_batch_inputs():
    batch_size = random_int(2, 9)
    return batch_size * random_int(1, 5) + random_int(0, 1) * random_int(
        -1, 8
    ), batch_size


@last_batch.must
def loader_has_that_batch(last_batch):
    for samples, batch_size in (10, 3), (12, 3), (2, 5), (60, 7):
        batches = list(DataLoader(range(samples), batch_size=batch_size))
        right, mine = len(batches[-1]), last_batch(samples, batch_size)
        assert mine == right, (
            f"{samples} samples in batches of {batch_size}: the last has {right}, "
            f"not {mine}."
        )


@last_batch.mistake
def empty_batch(samples, batch_size):
    """Where the division leaves nothing, the last batch is full, not empty."""
    return samples % batch_size


@last_batch.mistake
def full_batches(samples, batch_size):
    """That is the number of full batches, not what is in the last one."""
    return samples // batch_size


@last_batch.mistake
def always_full(samples, batch_size):
    """Samples may be left after the full batches. They are the last batch."""
    return batch_size


@exercise(
    "Two batches have 9 and 1 samples. What does the mean of their two means say?",
    "Add up the losses of all samples (``reduction='sum'``), and divide once. "
    "``net.eval()`` turns dropout off, and ``net.training`` tells the mode before.",
)
def mean_loss(net, batches):
    """
    The mean cross entropy over all samples, in evaluation mode.

    :param net: a module, which is in its old mode afterwards
    :param batches: a list of pairs x [b, d], y [b], where b differs
    :returns: the loss, a float
    """
    mode = net.training
    net.eval()
    total, samples = 0.0, 0
    with torch.no_grad():
        for x, y in batches:
            total += F.cross_entropy(net(x), y, reduction="sum").item()
            samples += len(y)
    net.train(mode)
    return total / samples


@mean_loss.inputs
def mean_loss_inputs():
    net = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5))
    with torch.no_grad():
        net[0].weight *= 4
    sizes = [random_int(2, 3), 1]
    return net, [(torch.randn(b, 3), torch.randint(3, (b,))) for b in sizes]


@mean_loss.must
def all_samples_at_once(mean_loss):
    net = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 4))
    x, y = 3 * torch.randn(10, 3), torch.randint(4, (10,))
    net.eval()
    right = F.cross_entropy(net(x), y).item()
    for mode in True, False:
        net.train(mode)
        loss = mean_loss(net, [(x[:9], y[:9]), (x[9:], y[9:])])
        assert abs(loss - right) < 1e-4, (
            f"10 samples at once have the mean loss {right:.4f}. In batches of 9 and 1 "
            f"you found {loss:.4f}."
        )
        assert net.training == mode, (
            "The number is right, but the network came back in the wrong mode. Where a "
            "training goes on, its dropout would be off."
        )


@mean_loss.broken
def mean_of_means(net, batches):
    """
    A smaller batch counted as much as a full one. Sum over the samples, then divide by
    their number. Dropout was on, too.
    """
    losses = []
    with torch.no_grad():
        for x, y in batches:
            losses.append(F.cross_entropy(net(x), y).item())
    return sum(losses) / len(losses)


@mean_loss.mistake
def dropout_on(net, batches):
    """
    The sum is divided right, but dropout was on: call ``eval`` before you measure.
    """
    total = 0.0
    for x, y in batches:
        total += F.cross_entropy(net(x), y, reduction="sum").item()
    return total / sum(len(y) for _, y in batches)


@mean_loss.mistake
def batches_alike(net, batches):
    """
    Dropout is off now, but each batch counts alike, whatever its size. Each sample has
    to.
    """
    mode = net.training
    net.eval()
    loss = mean_of_means(net, batches)
    net.train(mode)
    return loss


@mean_loss.mistake
def means_by_samples(net, batches):
    """
    A sum of means was divided by the number of samples. A mean of b samples has to be
    multiplied by b first.
    """
    mode = net.training
    net.eval()
    total = sum(F.cross_entropy(net(x), y).item() for x, y in batches)
    net.train(mode)
    return total / sum(len(y) for _, y in batches)


@mean_loss.mistake
def stays_in_eval(net, batches):
    """Where a training goes on, its dropout would be off."""
    net.eval()
    return mean_loss(net, batches)


@exercise(
    "Each sample belongs to one cell, with the row y and the column of its prediction. "
    "Which single number could say so?",
    "y k + prediction is the place of the cell in a flat table. ``bincount`` counts "
    "how often each place comes, and ``minlength`` tells it the size.",
    without="for while",
)
def confusion_matrix(predictions, y, k):
    """
    How often each class was taken for each other, without a loop.

    :param predictions: the predicted class of each sample, [n]
    :param y: the label of each sample, [n]
    :param k: the number of classes
    :returns: counts, int64 [k, k]; row i holds the samples with the label i
    """
    places = y * k + predictions
    return torch.bincount(places, minlength=k * k).view(k, k)


@confusion_matrix.inputs
def confusion_matrix_inputs():
    k, n = random_int(2, 3), random_int(4, 8)
    return torch.randint(k, (n,)), torch.randint(k, (n,)), k


@confusion_matrix.must
def a_loop_counts_cells(confusion_matrix):
    predictions, y = torch.randint(4, (50,)), torch.randint(3, (50,))
    right = torch.zeros(4, 4, dtype=torch.int64)
    for i in range(50):
        right[y[i], predictions[i]] += 1
    table = confusion_matrix(predictions, y, 4)
    assert table.shape == (4, 4), f"Of 4 classes the table is {list(table.shape)}."
    assert table.sum() == 50, f"50 samples are in the table {table.sum()} times."
    assert torch.equal(table, right), "A loop over the samples counts other cells."


@confusion_matrix.mistake
def counted_once(predictions, y, k):
    """
    ``m[y, p] += 1`` adds 1 only once to a cell, however often it comes: all sums begin
    with the old number.
    """
    table = torch.zeros(k, k, dtype=torch.int64)
    table[y, predictions] += 1
    return table


@confusion_matrix.mistake
def labels_as_columns(predictions, y, k):
    """The rows are the labels and the columns the predictions: this is transposed."""
    return confusion_matrix(y, predictions, k)


@confusion_matrix.mistake
def shares(predictions, y, k):
    """These are shares of the samples with a label. Counts are asked for."""
    table = confusion_matrix(predictions, y, k)
    return table / table.sum(dim=1, keepdim=True)


@confusion_matrix.mistake
def last_cells_missing(predictions, y, k):
    """
    ``bincount`` ends with the largest place that occurs. ``minlength`` keeps the table
    whole.
    """
    return torch.bincount(y * k + predictions).view(k, k)
