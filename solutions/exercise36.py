"""
Exercises of lesson 36: stochastic gradients

``python check.py 36`` checks them whenever you save this file.
"""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector

from solutions import exercise, random_int


@exercise(
    "``backward`` adds to ``.grad``. By what has each sample's error to be divided?",
    "The last batch may be smaller. Give ``mse_loss`` the sum as its reduction, and "
    "divide that by the number of all samples.",
)
def full_gradient(net, x, y, batch_size):
    """
    The gradient of ``F.mse_loss(net(x), y)``, without all samples at once.

    This is called gradient accumulation: a memory for a small batch is enough for the
    step of a large one. The network may have gradients of an earlier step.

    :param net: a network with one output
    :param x: [n, d]
    :param y: [n, 1]
    :param batch_size: how many samples the network may be given at once
    :returns: the gradients of all parameters as one vector, by ``parameters_to_vector``
    """
    net.zero_grad()
    for i in torch.arange(len(x)).split(batch_size):
        loss = F.mse_loss(net(x[i]), y[i], reduction="sum") / len(x)
        loss.backward()
    return parameters_to_vector([p.grad for p in net.parameters()])


@full_gradient.inputs
def full_gradient_inputs():
    n, d = random_int(3, 7), random_int(1, 2)
    net = nn.Linear(d, 1)
    net(torch.ones(1, d)).sum().backward()  # leaves a gradient of 1
    return net, torch.randn(n, d), torch.randn(n, 1), random_int(2, 3)


@full_gradient.must
def full_gradient_is_autograds(full_gradient):
    net, sizes = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)), []
    net.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    for n in 6, 7:
        x, y = torch.randn(n, 3), torch.randn(n, 1)
        right = torch.autograd.grad(F.mse_loss(net(x), y), list(net.parameters()))
        sizes.clear()
        mine = full_gradient(net, x, y, 3)
        assert torch.allclose(mine, parameters_to_vector(right), atol=1e-6), (
            f"Autograd gives another gradient for {n} samples at once."
        )
        assert max(sizes) <= 3, (
            f"The batch size was 3, and {max(sizes)} samples came at once. "
            "The network is given more samples than fit into the memory."
        )


@full_gradient.mistake
def mean_of_means(net, x, y, batch_size):
    """
    The last batch can be smaller. In a mean of the batches' means, its samples weigh
    more than the others.
    """
    net.zero_grad()
    batches = torch.arange(len(x)).split(batch_size)
    for i in batches:
        (F.mse_loss(net(x[i]), y[i]) / len(batches)).backward()
    return parameters_to_vector([p.grad for p in net.parameters()])


@full_gradient.mistake
def sum_of_means(net, x, y, batch_size):
    """The batches' means are added: this grows with the number of batches."""
    net.zero_grad()
    for i in torch.arange(len(x)).split(batch_size):
        F.mse_loss(net(x[i]), y[i]).backward()
    return parameters_to_vector([p.grad for p in net.parameters()])


@full_gradient.mistake
def last_batch_only(net, x, y, batch_size):
    """Each batch clears the gradient of those before it: only the last one is left."""
    for i in torch.arange(len(x)).split(batch_size):
        net.zero_grad()
        (F.mse_loss(net(x[i]), y[i], reduction="sum") / len(x)).backward()
    return parameters_to_vector([p.grad for p in net.parameters()])


@full_gradient.mistake
def old_gradient_added(net, x, y, batch_size):
    """The gradient of an earlier step is still there, and yours is added to it."""
    for i in torch.arange(len(x)).split(batch_size):
        (F.mse_loss(net(x[i]), y[i], reduction="sum") / len(x)).backward()
    return parameters_to_vector([p.grad for p in net.parameters()])


@full_gradient.mistake
def all_at_once(net, x, y, batch_size):
    """The network is given more samples than fit into the memory."""
    net.zero_grad()
    F.mse_loss(net(x), y).backward()
    return parameters_to_vector([p.grad for p in net.parameters()])
