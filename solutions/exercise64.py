"""
Exercises of lesson 64: training on several processes

``python check.py 64`` checks them whenever you save this file.
"""

import torch
from torch.nn import functional as F

from solutions import exercise, random_int


@exercise(
    "Each gradient is a mean over its own samples. What is the sum over these samples?",
    "Multiply each gradient by its count, add them up, and divide by the number of all "
    "samples. The counts need a shape that meets the rows.",
)
def joint_gradient(gradients, counts):
    """
    The gradient of the whole batch, from the gradients of parts of unequal size.

    The loss is a mean over samples: in each part, and in the whole batch.

    :param gradients: the gradient of each process, [processes, n]
    :param counts: the number of samples of each process, int64, [processes]
    :returns: the gradient of the mean over all samples, [n]
    """
    return (gradients * counts[:, None]).sum(dim=0) / counts.sum()


@joint_gradient.inputs
def joint_gradient_inputs():
    processes, n = random_int(2, 3), random_int(1, 3)
    gradients = torch.randint(-4, 5, (processes, n)).float()
    return gradients, torch.randint(1, 5, (processes,))


@joint_gradient.must
def autograd_gives_the_same(joint_gradient):
    x, y = torch.randn(7, 3), torch.randn(7)
    w, counts = torch.randn(3, requires_grad=True), [4, 2, 1]
    gradients, start = [], 0
    for count in counts:
        part = slice(start, start + count)
        loss = F.mse_loss(x[part] @ w, y[part])
        gradients.append(torch.autograd.grad(loss, w)[0])
        start += count
    whole = torch.autograd.grad(F.mse_loss(x @ w, y), w)[0]
    found = joint_gradient(torch.stack(gradients), torch.tensor(counts))
    assert torch.allclose(found, whole, atol=1e-5), (
        f"Autograd gives {whole.tolist()} for the whole batch of 7 samples, not "
        f"{found.tolist()}."
    )


@joint_gradient.broken
def parts_count_alike(gradients, counts):
    """
    Here a part of one sample counts as much as a part of four. The plain mean is right
    only if all parts have the same size.
    """
    return gradients.mean(dim=0)


@joint_gradient.mistake
def not_averaged(gradients, counts):
    """
    Each process has a mean over its samples. The sum of these means grows with the
    number of processes.
    """
    return gradients.sum(dim=0)


@joint_gradient.mistake
def sum_over_samples(gradients, counts):
    """This is the gradient of the sum over all samples. The loss is their mean."""
    return (gradients * counts[:, None]).sum(dim=0)


@joint_gradient.mistake
def divided_by_processes(gradients, counts):
    """
    The weighted gradients are summed over all samples, so divide by the number of
    samples. The number of processes is smaller.
    """
    return (gradients * counts[:, None]).mean(dim=0)


@joint_gradient.mistake
def counts_along_the_row(gradients, counts):
    """
    [processes, n] times [processes] meets from the right: the counts fall on the n
    numbers of a gradient, or the shapes do not fit.
    """
    return (gradients * counts).sum(dim=0) / counts.sum()


@joint_gradient.mistake
def divided_by_own_count(gradients, counts):
    """
    Each gradient is a mean already, so a second division by its count makes it too
    small. A larger part has to count more.
    """
    return (gradients / counts[:, None]).sum(dim=0)
