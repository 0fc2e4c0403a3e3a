"""
Exercises of lesson 5: a first look at MNIST

``python check.py 5`` checks them whenever you save this file.
"""

import torch
from torch import nn
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "Each row holds the scores of one sample. Along which dimension do classes lie?",
    "The best class of a sample is the ``argmax`` over dimension 1.",
)
def accuracy_of(out, y):
    """
    The share of samples whose largest score is the score of the right class.

    :param out: a score for each sample and class, [b, k]
    :param y: the right classes, int64 [b]
    :returns: a float from 0 to 1
    """
    return (out.argmax(dim=1) == y).float().mean().item()


@accuracy_of.inputs
def accuracy_of_inputs():
    b, k = random_int(2, 5), random_int(2, 4)
    return torch.randn(b, k), torch.randint(k, (b,))


@accuracy_of.must
def loop_counts_the_same(accuracy_of):
    out, y = torch.randn(7, 3), torch.randint(3, (7,))
    hits = 0
    for scores, label in zip(out.tolist(), y.tolist(), strict=True):
        if scores.index(max(scores)) == label:
            hits += 1
    mine = accuracy_of(out, y)
    assert abs(mine - hits / 7) < 1e-6, f"A loop counts {hits} of 7, not {mine:.3f}."


@accuracy_of.broken
def best_sample(out, y):
    """
    ``argmax(dim=0)`` is the best sample for each class. The best class of each sample
    is wanted, and classes are dimension 1.
    """
    return (out.argmax(dim=0) == y).float().mean().item()


@accuracy_of.mistake
def divided_by_scores(out, y):
    """``numel`` counts all b * k scores. The accuracy is a share of the b samples."""
    return (out.argmax(dim=1) == y).sum().item() / out.numel()


@accuracy_of.mistake
def hits_counted(out, y):
    """That is the number of hits. The share is this number divided by the samples."""
    return float((out.argmax(dim=1) == y).sum())


@exercise(
    "The five calls of a step: ``net(x)``, the loss, ``zero_grad``, ``backward``, "
    "``step``.",
    "The target of each sample is a row of zeros with a 1 at its class; ``mse_loss`` "
    "needs it as floats.",
)
def train_epoch_mse(net, optimizer, batches):
    """
    One epoch with the mean squared error between scores and one-hot targets.

    :param net: gives [b, k] for an x of [b, d]; it is trained
    :param optimizer: has the parameters of ``net``
    :param batches: a list of pairs x [b, d], y int64 [b]
    :returns: a list of floats: the loss of each batch, before its step
    """
    losses = []
    for x, y in batches:
        out = net(x)
        loss = F.mse_loss(out, F.one_hot(y, out.shape[1]).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@train_epoch_mse.inputs
def train_epoch_mse_inputs():
    net = nn.Linear(2, 3)
    batches = []
    for _ in range(random_int(2, 3)):
        batches.append((torch.randn(2, 2), torch.randint(3, (2,))))
    return net, torch.optim.SGD(net.parameters(), lr=0.5), batches


@train_epoch_mse.must
def step_is_the_formula(train_epoch_mse):
    net = nn.Linear(2, 3, bias=False)
    before, x = net.weight.detach().clone(), torch.randn(4, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    target = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]])
    losses = train_epoch_mse(net, optimizer, [(x, torch.tensor([0, 2, 1, 0]))] * 2)
    weight = before
    for _ in range(2):
        weight = weight - 0.5 * 2 / 12 * (x @ weight.t() - target).t() @ x
    assert torch.allclose(net.weight, weight, atol=1e-5), (
        "After two batches the weights of a linear layer are not where the formula of "
        "its gradient puts them."
    )
    loss = ((x @ before.t() - target) ** 2).mean().item()
    assert type(losses[0]) is float, f"The list holds {type(losses[0])}, not floats."
    assert abs(losses[0] - loss) < 1e-5, (
        f"The loss before the first step is {loss:.4f}, not {losses[0]:.4f}."
    )


@train_epoch_mse.mistake
def gradients_summed(net, optimizer, batches):
    """
    Gradients of the batches before were added to this one: ``zero_grad`` belongs to
    every step.
    """
    losses = []
    for x, y in batches:
        out = net(x)
        loss = F.mse_loss(out, F.one_hot(y, out.shape[1]).float())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@train_epoch_mse.mistake
def graphs_kept(net, optimizer, batches):
    """
    The list holds tensors, and each keeps its whole graph in memory. ``item()`` gives
    the number alone.
    """
    losses = []
    for x, y in batches:
        out = net(x)
        loss = F.mse_loss(out, F.one_hot(y, out.shape[1]).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return losses


@train_epoch_mse.mistake
def class_numbers(net, optimizer, batches):
    """
    The target is the number of the class here: class 2 would be twice class 1. A
    one-hot row has a 1 at the class.
    """
    losses = []
    for x, y in batches:
        loss = ((net(x) - y[:, None]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@train_epoch_mse.mistake
def no_step(net, optimizer, batches):
    """``backward`` only computes gradients. Nothing is learned before ``step``."""
    losses = []
    for x, y in batches:
        out = net(x)
        loss = F.mse_loss(out, F.one_hot(y, out.shape[1]).float())
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
    return losses
